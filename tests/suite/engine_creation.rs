//! Creating a store and being cut short, at every single access to the file.

use galena::store::engine::probe::{Operation, Probe};
use galena::store::engine::{Engine, EngineError, RedbEngine, RedbOptions};

use crate::engine_under_test::{StoreFile, TABLES, get, put};

#[test]
fn a_crash_at_any_point_of_creating_leaves_a_directory_that_opens() {
    let mut points = 0;
    loop {
        let file = StoreFile::new();
        let probe = Probe::default();
        probe.crash_after(points);
        let created = RedbEngine::open_probed(&file.path, RedbOptions::new(TABLES), Some(probe.clone()));
        let finished = created.is_ok();
        assert!(finished || probe.has_crashed(), "failed without a crash after {points} changes");
        drop(created);

        let engine = file.try_open().unwrap_or_else(|error| panic!("crashed after {points} changes: {error}"));
        put(&engine, b"a", b"1").expect("committed");
        assert_eq!(get(&engine, b"a").as_deref(), Some(&b"1"[..]));
        assert!(engine.check_integrity().expect("checked"), "crashed after {points} changes");
        let left: Vec<_> = file.directory.path().read_dir().expect("listed").flatten().map(|e| e.file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("creating")), "{left:?}");
        if finished {
            break;
        }
        points += 1;
    }
    assert!(points > 10, "creating makes more than {points} changes: the probe does not see them");
}

#[test]
fn a_file_left_half_built_is_replaced() {
    let file = StoreFile::new();
    let building = file.path.with_extension("redb.creating");
    std::fs::write(&building, b"half").expect("written");
    file.open();
    assert!(!building.exists());
    assert!(file.path.exists());
}

#[test]
fn an_error_while_creating_is_told_and_the_next_try_works() {
    for operation in [Operation::Write, Operation::SetLen, Operation::Sync, Operation::Rename] {
        let file = StoreFile::new();
        let probe = Probe::default();
        probe.fail_once(operation, 0);
        let failed = RedbEngine::open_probed(&file.path, RedbOptions::new(TABLES), Some(probe.clone()));
        assert!(matches!(failed, Err(EngineError::Io(_))), "{operation:?}");
        assert!(!probe.is_armed());
        RedbEngine::open_probed(&file.path, RedbOptions::new(TABLES), Some(probe)).expect("the second try works");
    }
}

#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().expect("a directory");
    let data = parent.path().join("new/data");
    let path = data.join("store.redb");
    let engine = RedbEngine::open(&path, RedbOptions::new(TABLES)).expect("the directory is made");
    let mode = |path: &std::path::Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&data.join("galena.lock")), 0o600);
    drop(engine);
}

#[test]
fn tables_added_later_are_there_and_old_ones_stay() {
    let file = StoreFile::new();
    let engine = file.open();
    put(&engine, b"a", b"1").expect("committed");
    drop(engine);

    let more: &'static [&'static str] = &["first", "second", "third", "fourth"];
    let engine = RedbEngine::open(&file.path, RedbOptions::new(more)).expect("opens with one more");
    assert!(get(&engine, b"a").is_some());
    let fourth = galena::store::engine::TableId(3);
    assert_eq!(engine.snapshot().expect("a snapshot").get(fourth, b"x").expect("an empty table"), None);
    drop(engine);
    assert!(get(&file.open(), b"a").is_some(), "and with one fewer again");
}
