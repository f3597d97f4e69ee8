//! The engines every conformance test runs on, and short words for what tests do to them.

use std::ops::ControlFlow;
use std::path::PathBuf;

use galena::store::engine::{
    Engine, EngineError, KeyRange, MemoryEngine, Order, Read, RedbEngine, RedbOptions, TableId, WriteFailure, WriteTx,
};

pub const TABLES: &[&str] = &["first", "second", "third"];
pub const A: TableId = TableId(0);
pub const B: TableId = TableId(1);

pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A store file in its own directory, gone with it.
pub struct StoreFile {
    pub directory: tempfile::TempDir,
    pub path: PathBuf,
}

impl StoreFile {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("store.redb");
        Self { directory, path }
    }

    pub fn open(&self) -> RedbEngine {
        self.try_open().expect("the store opens")
    }

    pub fn try_open(&self) -> Result<RedbEngine, EngineError> {
        RedbEngine::open(&self.path, RedbOptions::new(TABLES))
    }
}

/// An engine with the three tables, and what has to live as long as it.
pub struct UnderTest {
    pub engine: Box<dyn Engine>,
    _file: Option<StoreFile>,
}

pub fn redb() -> UnderTest {
    let file = StoreFile::new();
    UnderTest { engine: Box::new(file.open()), _file: Some(file) }
}

pub fn memory() -> UnderTest {
    UnderTest { engine: Box::new(MemoryEngine::new(TABLES)), _file: None }
}

/// One committed transaction.
pub fn write(engine: &dyn Engine, mut body: impl FnMut(&mut dyn WriteTx) -> Result<(), EngineError>) {
    engine.write(&mut body).expect("committed");
}

pub fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) -> Result<(), WriteFailure> {
    engine.write(&mut |tx| tx.insert(A, key, value))
}

pub fn get(engine: &dyn Engine, key: &[u8]) -> Option<Vec<u8>> {
    engine.snapshot().expect("a snapshot").get(A, key).expect("read")
}

pub fn scan(reader: &(impl Read + ?Sized), table: TableId, range: &KeyRange, order: Order) -> Pairs {
    let mut pairs = Pairs::new();
    let visited = reader.scan(table, range, order, &mut |key, value| {
        pairs.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    });
    visited.expect("scanned");
    pairs
}

pub fn keys(reader: &(impl Read + ?Sized), range: &KeyRange, order: Order) -> Vec<Vec<u8>> {
    scan(reader, A, range, order).into_iter().map(|(key, _)| key).collect()
}
