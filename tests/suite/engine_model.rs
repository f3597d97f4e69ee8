//! Random histories on every engine against a plain map: writes, marks, undo, aborts, reopens.

use std::collections::BTreeMap;

use galena::store::engine::{Engine, EngineError, KeyRange, Mark, Order, Read, WriteFailure, WriteTx};
use proptest::prelude::*;

use crate::engine_under_test::{A, UnderTest, memory, redb, scan, write};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Clone)]
enum Step {
    Insert(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Mark,
    /// To the mark so many before the newest.
    Undo(usize),
    Scan(Vec<u8>),
}

#[derive(Debug, Clone, Copy)]
enum End {
    Commit,
    Abort,
    CommitAndReopen,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(b'k'), Just(0xff)], 0..4)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    (any::<u8>(), prop_oneof![9 => 0..20usize, 1 => 3000..9000usize]).prop_map(|(byte, len)| vec![byte; len])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (key(), value()).prop_map(|(key, value)| Step::Insert(key, value)),
        3 => key().prop_map(Step::Remove),
        2 => Just(Step::Mark),
        2 => (0..3usize).prop_map(Step::Undo),
        1 => key().prop_map(Step::Scan),
    ]
}

fn history() -> impl Strategy<Value = Vec<(Vec<Step>, End)>> {
    let end = prop_oneof![6 => Just(End::Commit), 3 => Just(End::Abort), 1 => Just(End::CommitAndReopen)];
    proptest::collection::vec((proptest::collection::vec(step(), 0..30), end), 1..8)
}

fn apply(tx: &mut dyn WriteTx, model: &mut Model, marks: &mut Vec<(Mark, Model)>, step: &Step) {
    match step {
        Step::Insert(key, value) => {
            tx.insert(A, key, value).expect("inserted");
            model.insert(key.clone(), value.clone());
        }
        Step::Remove(key) => {
            assert_eq!(tx.remove(A, key).expect("removed"), model.remove(key).is_some());
        }
        Step::Mark => marks.push((tx.mark(), model.clone())),
        Step::Undo(back) => {
            if let Some(place) = marks.len().checked_sub(1 + back) {
                marks.truncate(place + 1);
                let (mark, then) = &marks[place];
                tx.undo_to(*mark).expect("undone");
                *model = then.clone();
            }
        }
        Step::Scan(prefix) => {
            let expected: Vec<_> =
                model.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect();
            assert_eq!(scan(tx, A, &KeyRange::prefix(prefix), Order::Ascending), expected);
        }
    }
}

fn agree(reader: &(impl Read + ?Sized), model: &Model) {
    let mut expected: Vec<_> = model.clone().into_iter().collect();
    assert_eq!(scan(reader, A, &KeyRange::all(), Order::Ascending), expected);
    expected.reverse();
    assert_eq!(scan(reader, A, &KeyRange::all(), Order::Descending), expected);
    assert_eq!(reader.len(A).expect("counted"), model.len() as u64);
}

fn run(test: &UnderTest, history: &[(Vec<Step>, End)]) {
    let engine: &dyn Engine = &*test.engine;
    let mut committed = Model::new();
    for (steps, end) in history {
        let before = engine.snapshot().expect("a snapshot");
        let mut model = committed.clone();
        let mut body = |tx: &mut dyn WriteTx| {
            let mut marks = Vec::new();
            for step in steps {
                apply(tx, &mut model, &mut marks, step);
            }
            agree(tx, &model);
            Ok(())
        };
        match end {
            End::Commit | End::CommitAndReopen => write(engine, &mut body),
            End::Abort => {
                let failure = engine.write(&mut |tx| body(tx).and(Err(EngineError::Closed)));
                assert!(matches!(failure, Err(WriteFailure::Aborted(EngineError::Closed))));
            }
        }
        agree(&*before, &committed);
        drop(before);
        if !matches!(end, End::Abort) {
            committed = model;
        }
        if matches!(end, End::CommitAndReopen) {
            engine.reopen().expect("reopened");
        }
        agree(&*engine.snapshot().expect("a snapshot"), &committed);
    }
    assert!(engine.check_integrity().expect("checked"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn memory_behaves_like_a_map(history in history()) {
        run(&memory(), &history);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn redb_behaves_like_a_map(history in history()) {
        run(&redb(), &history);
    }
}
