//! What every engine must do, whatever lies below it.

use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use galena::store::engine::{Engine, EngineError, KeyRange, Order, Read, TableId, WriteFailure, WriteTx};

use crate::engine_under_test::{A, B, UnderTest, get, keys, memory, put, redb, scan, write};

macro_rules! on_every_engine {
    ($($test:ident)*) => {
        mod on_redb { $( #[test] fn $test() { super::$test(super::redb()); } )* }
        mod on_memory { $( #[test] fn $test() { super::$test(super::memory()); } )* }
    };
}

on_every_engine! {
    a_write_is_read_back
    empty_keys_and_values_are_keys_and_values
    scans_respect_order_and_bounds
    empty_and_inverted_ranges_hold_nothing
    prefixes_of_0xff_have_no_end
    a_scan_stops_when_told
    a_scan_may_read_other_tables
    a_transaction_sees_its_own_writes
    a_snapshot_stays_as_it_was
    a_transaction_is_invisible_until_it_commits
    undo_takes_back_every_kind_of_write
    marks_nest
    a_mark_can_be_used_twice
    an_error_writes_nothing
    a_panic_writes_nothing_and_passes_on
    a_panic_within_a_scan_writes_nothing
    tables_are_apart
    an_unknown_table_is_an_error
    large_values_come_back_whole
    get_many_keeps_order_and_repeats
    writers_wait_for_each_other
    reopening_keeps_what_was_committed
    the_oldest_snapshot_is_known
    integrity_and_figures_are_at_hand
}

fn fill(engine: &dyn Engine, keys: &[&[u8]]) {
    write(engine, |tx| keys.iter().try_for_each(|key| tx.insert(A, key, b"v")));
}

fn range(start: Bound<&[u8]>, end: Bound<&[u8]>) -> KeyRange {
    KeyRange { start: start.map(<[u8]>::to_vec), end: end.map(<[u8]>::to_vec) }
}

fn a_write_is_read_back(test: UnderTest) {
    write(&*test.engine, |tx| {
        tx.insert(A, b"a", b"1")?;
        tx.insert(A, b"b", b"2")?;
        tx.insert(A, b"a", b"3")?;
        assert!(tx.remove(A, b"b")?);
        assert!(!tx.remove(A, b"b")?);
        Ok(())
    });
    assert_eq!(get(&*test.engine, b"a").as_deref(), Some(&b"3"[..]));
    assert_eq!(get(&*test.engine, b"b"), None);
    assert_eq!(test.engine.snapshot().expect("a snapshot").len(A).expect("counted"), 1);
}

fn empty_keys_and_values_are_keys_and_values(test: UnderTest) {
    write(&*test.engine, |tx| tx.insert(A, b"", b""));
    assert_eq!(get(&*test.engine, b"").as_deref(), Some(&b""[..]));
    let snapshot = test.engine.snapshot().expect("a snapshot");
    assert_eq!(keys(&*snapshot, &KeyRange::all(), Order::Ascending), [b""]);
}

fn scans_respect_order_and_bounds(test: UnderTest) {
    use Bound::{Excluded, Included, Unbounded};
    fill(&*test.engine, &[b"a", b"b", b"b\0", b"c", b"d"]);
    let cases: [(KeyRange, &[&[u8]]); 7] = [
        (KeyRange::all(), &[b"a", b"b", b"b\0", b"c", b"d"]),
        (range(Included(b"b"), Included(b"c")), &[b"b", b"b\0", b"c"]),
        (range(Excluded(b"b"), Excluded(b"c")), &[b"b\0"]),
        (range(Unbounded, Excluded(b"b")), &[b"a"]),
        (range(Excluded(b"c"), Unbounded), &[b"d"]),
        (KeyRange::prefix(b"b"), &[b"b", b"b\0"]),
        (KeyRange::prefix_after(b"b", b"b"), &[b"b\0"]),
    ];
    let check = |reader: &dyn Read| {
        for (range, expected) in &cases {
            assert_eq!(keys(reader, range, Order::Ascending), *expected, "{range:?}");
            let mut backwards = keys(reader, range, Order::Descending);
            backwards.reverse();
            assert_eq!(backwards, *expected, "{range:?} descending");
        }
    };
    check(&*test.engine.snapshot().expect("a snapshot"));
    write(&*test.engine, |tx| {
        check(tx);
        Ok(())
    });
}

fn empty_and_inverted_ranges_hold_nothing(test: UnderTest) {
    use Bound::{Excluded, Included, Unbounded};
    fill(&*test.engine, &[b"a", b"b", b"c"]);
    let ranges = [
        range(Included(b"c"), Included(b"a")),
        range(Excluded(b"b"), Excluded(b"b")),
        range(Included(b"b"), Excluded(b"b")),
        range(Excluded(b"b"), Included(b"b")),
        range(Excluded(b"c"), Excluded(b"a")),
        range(Unbounded, Excluded(b"")),
        KeyRange::prefix(b"x"),
        KeyRange::prefix_after(b"a", b"b"),
        KeyRange::prefix_before(b"b", b"a"),
    ];
    let snapshot = test.engine.snapshot().expect("a snapshot");
    for range in &ranges {
        for order in [Order::Ascending, Order::Descending] {
            assert!(keys(&*snapshot, range, order).is_empty(), "{range:?} {order:?}");
            write(&*test.engine, |tx| {
                assert!(keys(tx, range, order).is_empty(), "{range:?} {order:?} while writing");
                Ok(())
            });
        }
    }
    assert!(scan(&*snapshot, B, &KeyRange::all(), Order::Descending).is_empty(), "a table never written");
}

fn prefixes_of_0xff_have_no_end(test: UnderTest) {
    fill(&*test.engine, &[b"\xfe\xff", b"\xff", b"\xff\x00", b"\xff\xff", b"\xff\xff\xff"]);
    let snapshot = test.engine.snapshot().expect("a snapshot");
    let of = |prefix: &[u8]| keys(&*snapshot, &KeyRange::prefix(prefix), Order::Ascending);
    assert_eq!(of(b"\xff\xff"), [&b"\xff\xff"[..], b"\xff\xff\xff"]);
    assert_eq!(of(b"\xff").len(), 4);
    assert_eq!(of(b"\xfe\xff"), [b"\xfe\xff"]);
    assert_eq!(of(b"").len(), 5);
}

fn a_scan_stops_when_told(test: UnderTest) {
    fill(&*test.engine, &[b"a", b"b", b"c"]);
    let snapshot = test.engine.snapshot().expect("a snapshot");
    let mut seen = 0;
    let visited = snapshot.scan(A, &KeyRange::all(), Order::Descending, &mut |key, _| {
        seen += 1;
        if key == b"b" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    visited.expect("scanned");
    assert_eq!(seen, 2);
}

fn a_scan_may_read_other_tables(test: UnderTest) {
    fill(&*test.engine, &[b"a", b"b"]);
    write(&*test.engine, |tx| tx.insert(B, b"a", b"joined"));
    let join = |reader: &dyn Read| {
        let mut found = Vec::new();
        let visited = reader.scan(A, &KeyRange::all(), Order::Ascending, &mut |key, _| {
            found.push(reader.get(B, key).expect("read within a scan"));
            ControlFlow::Continue(())
        });
        visited.expect("scanned");
        assert_eq!(found, [Some(b"joined".to_vec()), None]);
    };
    join(&*test.engine.snapshot().expect("a snapshot"));
    write(&*test.engine, |tx| {
        join(tx);
        Ok(())
    });
}

fn a_transaction_sees_its_own_writes(test: UnderTest) {
    fill(&*test.engine, &[b"a", b"c"]);
    write(&*test.engine, |tx| {
        tx.insert(A, b"b", b"new")?;
        tx.remove(A, b"c")?;
        assert_eq!(tx.get(A, b"b")?.as_deref(), Some(&b"new"[..]));
        assert_eq!(tx.get(A, b"c")?, None);
        assert_eq!(keys(tx, &KeyRange::all(), Order::Ascending), [b"a", b"b"]);
        assert_eq!(tx.len(A)?, 2);
        assert_eq!(tx.get_many(A, &[b"b", b"c"])?, [Some(b"new".to_vec()), None]);
        Ok(())
    });
}

fn a_snapshot_stays_as_it_was(test: UnderTest) {
    fill(&*test.engine, &[b"a", b"b"]);
    let before = test.engine.snapshot().expect("a snapshot");
    for round in 0..20u8 {
        write(&*test.engine, |tx| {
            tx.remove(A, b"a")?;
            tx.insert(A, b"b", &[round])?;
            tx.insert(A, &[b'c', round], &[0; 500])
        });
    }
    assert_eq!(keys(&*before, &KeyRange::all(), Order::Ascending), [b"a", b"b"]);
    assert_eq!(before.get(A, b"b").expect("read").as_deref(), Some(&b"v"[..]));
    assert_eq!(before.len(A).expect("counted"), 2);
    assert_eq!(get(&*test.engine, b"b"), Some(vec![19]));
}

fn a_transaction_is_invisible_until_it_commits(test: UnderTest) {
    let engine = &*test.engine;
    write(engine, |tx| {
        tx.insert(A, b"a", b"1")?;
        assert_eq!(get(engine, b"a"), None, "another reader, meanwhile");
        Ok(())
    });
    assert!(get(engine, b"a").is_some());
}

fn undo_takes_back_every_kind_of_write(test: UnderTest) {
    fill(&*test.engine, &[b"kept", b"changed", b"removed"]);
    write(&*test.engine, |tx| {
        tx.insert(A, b"before the mark", b"stays")?;
        let mark = tx.mark();
        tx.insert(A, b"changed", b"1")?;
        tx.insert(A, b"changed", b"2")?;
        tx.insert(A, b"new", b"1")?;
        tx.remove(A, b"new")?;
        tx.insert(A, b"new too", b"1")?;
        tx.remove(A, b"removed")?;
        tx.remove(A, b"never there")?;
        tx.insert(B, b"other table", b"1")?;
        tx.undo_to(mark)
    });
    let snapshot = test.engine.snapshot().expect("a snapshot");
    let all = scan(&*snapshot, A, &KeyRange::all(), Order::Ascending);
    let expected: [(&[u8], &[u8]); 4] =
        [(b"before the mark", b"stays"), (b"changed", b"v"), (b"kept", b"v"), (b"removed", b"v")];
    assert_eq!(all, expected.map(|(key, value)| (key.to_vec(), value.to_vec())));
    assert_eq!(snapshot.len(B).expect("counted"), 0);
}

fn marks_nest(test: UnderTest) {
    write(&*test.engine, |tx| {
        let outer = tx.mark();
        tx.insert(A, b"1", b"")?;
        let middle = tx.mark();
        tx.insert(A, b"2", b"")?;
        let inner = tx.mark();
        tx.insert(A, b"3", b"")?;
        tx.undo_to(inner)?;
        assert_eq!(keys(tx, &KeyRange::all(), Order::Ascending), [b"1", b"2"]);
        tx.undo_to(middle)?;
        assert_eq!(keys(tx, &KeyRange::all(), Order::Ascending), [b"1"]);
        tx.insert(A, b"4", b"")?;
        tx.undo_to(outer)?;
        assert_eq!(tx.len(A)?, 0);
        tx.insert(A, b"5", b"")
    });
    let snapshot = test.engine.snapshot().expect("a snapshot");
    assert_eq!(keys(&*snapshot, &KeyRange::all(), Order::Ascending), [b"5"]);
}

fn a_mark_can_be_used_twice(test: UnderTest) {
    write(&*test.engine, |tx| {
        let mark = tx.mark();
        for _ in 0..2 {
            tx.insert(A, b"a", b"")?;
            tx.undo_to(mark)?;
            assert_eq!(tx.len(A)?, 0);
        }
        tx.undo_to(mark)
    });
}

fn an_error_writes_nothing(test: UnderTest) {
    fill(&*test.engine, &[b"a"]);
    let failure = test.engine.write(&mut |tx| {
        tx.insert(A, b"b", b"")?;
        tx.remove(A, b"a")?;
        Err(EngineError::Io("made up".to_owned()))
    });
    assert!(matches!(failure, Err(WriteFailure::Aborted(EngineError::Io(text))) if text == "made up"));
    let snapshot = test.engine.snapshot().expect("a snapshot");
    assert_eq!(keys(&*snapshot, &KeyRange::all(), Order::Ascending), [b"a"]);
    put(&*test.engine, b"c", b"").expect("the next one commits");
}

fn a_panic_writes_nothing_and_passes_on(test: UnderTest) {
    fill(&*test.engine, &[b"a"]);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        test.engine.write(&mut |tx: &mut dyn WriteTx| {
            tx.insert(A, b"b", b"")?;
            tx.remove(A, b"a")?;
            std::panic::panic_any("on purpose");
        })
    }));
    assert_eq!(panic.expect_err("it passes on").downcast_ref(), Some(&"on purpose"));
    let snapshot = test.engine.snapshot().expect("a snapshot");
    assert_eq!(keys(&*snapshot, &KeyRange::all(), Order::Ascending), [b"a"]);
    drop(snapshot);
    put(&*test.engine, b"c", b"").expect("the next one commits");
    assert!(test.engine.check_integrity().expect("checked"), "no page was leaked");
}

fn a_panic_within_a_scan_writes_nothing(test: UnderTest) {
    fill(&*test.engine, &[b"a"]);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        test.engine.write(&mut |tx: &mut dyn WriteTx| {
            tx.insert(A, b"b", b"")?;
            tx.scan(A, &KeyRange::all(), Order::Ascending, &mut |_, _| std::panic::panic_any("on purpose"))
        })
    }));
    assert!(panic.is_err());
    put(&*test.engine, b"c", b"").expect("the next one commits");
    assert_eq!(get(&*test.engine, b"b"), None);
}

fn tables_are_apart(test: UnderTest) {
    write(&*test.engine, |tx| {
        tx.insert(A, b"k", b"a")?;
        tx.insert(B, b"k", b"b")?;
        tx.remove(A, b"k").map(drop)
    });
    let snapshot = test.engine.snapshot().expect("a snapshot");
    assert_eq!(snapshot.get(A, b"k").expect("read"), None);
    assert_eq!(snapshot.get(B, b"k").expect("read").as_deref(), Some(&b"b"[..]));
    assert_eq!(snapshot.get(TableId(2), b"k").expect("read"), None);
}

fn an_unknown_table_is_an_error(test: UnderTest) {
    let unknown = TableId(3);
    let snapshot = test.engine.snapshot().expect("a snapshot");
    assert!(matches!(snapshot.get(unknown, b""), Err(EngineError::NoSuchTable(3))));
    let failure = test.engine.write(&mut |tx| tx.insert(unknown, b"", b""));
    assert!(matches!(failure, Err(WriteFailure::Aborted(EngineError::NoSuchTable(3)))));
}

fn large_values_come_back_whole(test: UnderTest) {
    let large: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    let long_key = vec![b'k'; 10_000];
    write(&*test.engine, |tx| {
        tx.insert(A, b"large", &large)?;
        let mark = tx.mark();
        tx.insert(A, b"large", b"small")?;
        tx.undo_to(mark)?;
        tx.insert(A, &long_key, b"short")
    });
    assert!(get(&*test.engine, b"large").is_some_and(|value| value == large));
    assert_eq!(get(&*test.engine, &long_key).as_deref(), Some(&b"short"[..]));
}

fn get_many_keeps_order_and_repeats(test: UnderTest) {
    write(&*test.engine, |tx| {
        tx.insert(A, b"a", b"1")?;
        tx.insert(A, b"b", b"2")
    });
    let snapshot = test.engine.snapshot().expect("a snapshot");
    let found = snapshot.get_many(A, &[b"b", b"x", b"a", b"b"]).expect("read");
    assert_eq!(found, [Some(b"2".to_vec()), None, Some(b"1".to_vec()), Some(b"2".to_vec())]);
    assert!(snapshot.get_many(A, &[]).expect("read").is_empty());
}

fn writers_wait_for_each_other(test: UnderTest) {
    let engine: Arc<dyn Engine> = Arc::from(test.engine);
    let counters: Vec<_> = (0..4)
        .map(|_| {
            let engine = Arc::clone(&engine);
            thread::spawn(move || {
                for _ in 0..25 {
                    write(&*engine, |tx| {
                        let count = tx.get(A, b"count")?.map_or(0, |value| value[0]);
                        tx.insert(A, b"count", &[count + 1])
                    });
                }
            })
        })
        .collect();
    for counter in counters {
        counter.join().expect("no thread failed");
    }
    assert_eq!(get(&*engine, b"count"), Some(vec![100]));
}

fn reopening_keeps_what_was_committed(test: UnderTest) {
    fill(&*test.engine, &[b"a"]);
    for round in 0..3u8 {
        test.engine.reopen().expect("reopened");
        assert!(get(&*test.engine, b"a").is_some());
        put(&*test.engine, &[round], b"").expect("committed");
    }
    assert_eq!(test.engine.snapshot().expect("a snapshot").len(A).expect("counted"), 4);
}

fn the_oldest_snapshot_is_known(test: UnderTest) {
    assert_eq!(test.engine.oldest_snapshot(), None);
    let first = test.engine.snapshot().expect("a snapshot");
    thread::sleep(Duration::from_millis(20));
    let second = test.engine.snapshot().expect("a snapshot");
    assert!(test.engine.oldest_snapshot().expect("two are alive") >= Duration::from_millis(20));
    let (closed, wait) = mpsc::channel();
    thread::spawn(move || {
        drop(first);
        closed.send(()).expect("the test waits");
    });
    wait.recv().expect("closed on another thread");
    assert!(test.engine.oldest_snapshot().is_some(), "the second is still alive");
    drop(second);
    assert_eq!(test.engine.oldest_snapshot(), None);
}

fn integrity_and_figures_are_at_hand(test: UnderTest) {
    let before = test.engine.stats().expect("figures");
    write(&*test.engine, |tx| (0..1000u32).try_for_each(|n| tx.insert(A, &n.to_be_bytes(), &[1; 100])));
    let after = test.engine.stats().expect("figures");
    let added = after.stored_bytes - before.stored_bytes;
    assert!((104_000..120_000).contains(&added), "{added}");
    assert!(after.file_bytes >= after.stored_bytes);
    assert_eq!(test.engine.oldest_snapshot(), None, "the figures keep no snapshot");
    assert!(test.engine.check_integrity().expect("checked"));
}
