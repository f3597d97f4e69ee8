//! A disk that fails: nobody is told a lie, and after a reopen the write is there once or not at all.

use galena::store::engine::probe::{Operation, Probe};
use galena::store::engine::{CommitFault, Engine, EngineError, MemoryEngine, RedbEngine, RedbOptions, WriteFailure};

use crate::engine_under_test::{A, StoreFile, TABLES, get, put};

fn probed(file: &StoreFile) -> (RedbEngine, Probe) {
    let probe = Probe::default();
    let engine = RedbEngine::open_probed(&file.path, RedbOptions::new(TABLES), Some(probe.clone())).expect("opened");
    (engine, probe)
}

/// Adds one to a counter; so that doing it twice would show.
fn count(engine: &dyn Engine) -> Result<(), WriteFailure> {
    engine.write(&mut |tx| {
        let count = tx.get(A, b"count")?.map_or(0, |value| value[0]);
        tx.insert(A, b"count", &[count + 1])
    })
}

fn counted(engine: &dyn Engine) -> u8 {
    get(engine, b"count").map_or(0, |value| value[0])
}

fn stays_shut_until_reopened(engine: &dyn Engine) {
    assert!(matches!(engine.snapshot().err(), Some(EngineError::MustReopen)));
    assert!(matches!(put(engine, b"x", b""), Err(WriteFailure::Aborted(EngineError::MustReopen))));
    assert!(matches!(engine.check_integrity(), Err(EngineError::MustReopen)));
    assert!(engine.stats().is_err());
    engine.reopen().expect("reopened");
}

#[test]
fn a_commit_that_fails_leaves_its_write_once_or_not_at_all() {
    let mut failures = 0;
    for operation in [Operation::Sync, Operation::Write] {
        for skip in 0..100 {
            let file = StoreFile::new();
            let (engine, probe) = probed(&file);
            count(&engine).expect("the first commit");
            probe.fail_once(operation, skip);
            let ended = count(&engine);
            if probe.is_armed() {
                ended.expect("a commit makes fewer accesses than that");
                break;
            }
            failures += 1;
            assert!(
                matches!(ended, Err(WriteFailure::OutcomeUnknown(EngineError::Io(_)))),
                "{operation:?} {skip}: {ended:?}"
            );
            stays_shut_until_reopened(&engine);
            assert!((1..=2).contains(&counted(&engine)), "{operation:?} {skip}");
            assert_eq!(get(&engine, b"x"), None);
            count(&engine).expect("and it works again");
            assert!((2..=3).contains(&counted(&engine)), "{operation:?} {skip}");
            assert!(engine.check_integrity().expect("checked"));
        }
    }
    assert!(failures >= 4, "only {failures} places to fail: the probe does not see the commit");
}

#[test]
fn killed_at_any_point_of_a_commit_the_file_holds_the_state_before_or_after() {
    let (mut before, mut after) = (0, 0);
    for point in 0.. {
        let file = StoreFile::new();
        let (engine, probe) = probed(&file);
        count(&engine).expect("the first commit");
        probe.crash_after(point);
        let ended = count(&engine);
        let crashed = probe.has_crashed() && ended.is_err();
        drop(engine);
        let engine = file.open();
        match (crashed, counted(&engine)) {
            (true, 1) => before += 1,
            (_, 2) => after += 1,
            other => panic!("after {point} changes: {other:?}"),
        }
        assert!(engine.check_integrity().expect("checked"));
        if !crashed {
            break;
        }
    }
    assert!(before > 2 && after >= 1, "{before} before, {after} after");
}

#[test]
fn a_read_that_fails_within_a_transaction_writes_nothing() {
    let file = StoreFile::new();
    let engine = file.open();
    engine
        .write(&mut |tx| (0..3000u32).try_for_each(|n| tx.insert(A, &n.to_be_bytes(), &[1; 400])))
        .expect("committed");
    drop(engine);
    let probe = Probe::default();
    let small_cache = RedbOptions { cache_bytes: 64 << 10, ..RedbOptions::new(TABLES) };
    let engine = RedbEngine::open_probed(&file.path, small_cache, Some(probe.clone())).expect("opened");
    probe.fail_once(Operation::Read, 2);
    let ended = engine.write(&mut |tx| (0..3000u32).try_for_each(|n| tx.insert(A, &n.to_be_bytes(), b"changed")));
    assert!(!probe.is_armed(), "so small a cache has to read");
    assert!(matches!(ended, Err(WriteFailure::Aborted(EngineError::Io(_)))), "{ended:?}");
    engine.reopen().expect("reopened");
    assert_eq!(get(&engine, &0u32.to_be_bytes()), Some(vec![1; 400]));
    assert!(engine.check_integrity().expect("checked"));
}

#[test]
fn a_reopen_that_fails_can_be_tried_again() {
    let file = StoreFile::new();
    let (engine, probe) = probed(&file);
    put(&engine, b"a", b"1").expect("committed");
    probe.fail_once(Operation::Read, 0);
    assert!(engine.reopen().is_err());
    assert!(matches!(engine.snapshot(), Err(EngineError::Closed)));
    engine.reopen().expect("the second try works");
    assert!(get(&engine, b"a").is_some());
}

#[test]
fn the_memory_engine_fails_both_ways() {
    for (fault, expected) in [(CommitFault::Lost, 1), (CommitFault::Kept, 2)] {
        let engine = MemoryEngine::new(TABLES);
        count(&engine).expect("committed");
        engine.fail_next_commit(fault);
        assert!(matches!(count(&engine), Err(WriteFailure::OutcomeUnknown(_))));
        stays_shut_until_reopened(&engine);
        assert_eq!(counted(&engine), expected, "{fault:?}");
        count(&engine).expect("and it works again");
        assert_eq!(counted(&engine), expected + 1);
    }
}

#[test]
fn a_crash_of_the_memory_engine_keeps_what_was_committed_and_nothing_else() {
    let engine = MemoryEngine::new(TABLES);
    count(&engine).expect("committed");
    let mut after_crash = None;
    engine
        .write(&mut |tx| {
            tx.insert(A, b"count", &[9])?;
            after_crash = Some(engine.durable_copy());
            Ok(())
        })
        .expect("committed");
    let after_crash = after_crash.expect("the body ran");
    assert_eq!(counted(&after_crash), 1);
    count(&after_crash).expect("committed");
    assert_eq!((counted(&after_crash), counted(&engine)), (2, 9), "the two are apart");
}
