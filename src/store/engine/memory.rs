//! The engine in memory: for tests and for the simulation, which runs millions of transactions on it.
//!
//! Same behaviour as the engine on disk, snapshot by snapshot, including a commit whose outcome is unknown. Tables are
//! persistent maps: a snapshot is a reference, a transaction copies only the nodes it touches.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use imbl::OrdMap;

use super::readers::{Readers, Reading};
use super::undo::UndoLog;
use super::{
    Engine, EngineError, EngineStats, KeyRange, Mark, Order, Read, Snapshot, TableId, Visit, WriteFailure, WriteTx,
};

type Table = OrdMap<Arc<[u8]>, Arc<[u8]>>;
type Tables = Vec<Table>;

/// How a commit goes wrong. The caller sees the same error for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing of it took effect.
    Lost,
    /// It took effect, only the answer was lost.
    Kept,
}

struct State {
    committed: Arc<Tables>,
    fault: Option<CommitFault>,
    must_reopen: bool,
    commits: u64,
}

/// Tables in memory.
pub struct MemoryEngine {
    writer: Mutex<()>,
    state: Mutex<State>,
    readers: Readers,
}

impl MemoryEngine {
    /// An empty engine; `TableId(n)` for `n` below the number of names. The names are those of the engine on disk.
    pub fn new(tables: &[&str]) -> Self {
        Self::with_tables(Arc::new(vec![Table::new(); tables.len()]))
    }

    fn with_tables(committed: Arc<Tables>) -> Self {
        Self {
            writer: Mutex::new(()),
            state: Mutex::new(State { committed, fault: None, must_reopen: false, commits: 0 }),
            readers: Readers::default(),
        }
    }

    /// What a restart after a crash at this moment would find: a new engine with what is committed, and nothing else.
    pub fn durable_copy(&self) -> Self {
        Self::with_tables(Arc::clone(&self.state().committed))
    }

    /// Makes the next commit end as `OutcomeUnknown`; after it everything fails until `reopen`.
    pub fn fail_next_commit(&self, fault: CommitFault) {
        self.state().fault = Some(fault);
    }

    /// How many commits took effect.
    pub fn commits(&self) -> u64 {
        self.state().commits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committed(&self) -> Result<Arc<Tables>, EngineError> {
        let state = self.state();
        if state.must_reopen {
            return Err(EngineError::MustReopen);
        }
        Ok(Arc::clone(&state.committed))
    }

    fn commit(&self, tables: Tables) -> Result<(), WriteFailure> {
        let mut state = self.state();
        let fault = state.fault.take();
        if fault != Some(CommitFault::Lost) {
            state.committed = Arc::new(tables);
            state.commits += 1;
        }
        if fault.is_some() {
            state.must_reopen = true;
            return Err(WriteFailure::OutcomeUnknown(EngineError::Io("the commit was made to fail".to_owned())));
        }
        Ok(())
    }
}

impl Engine for MemoryEngine {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, EngineError> {
        Ok(Arc::new(MemorySnapshot { tables: self.committed()?, _reading: self.readers.enter() }))
    }

    fn write(&self, body: &mut dyn FnMut(&mut dyn WriteTx) -> Result<(), EngineError>) -> Result<(), WriteFailure> {
        let turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let committed = self.committed().map_err(WriteFailure::Aborted)?;
        let mut tx = MemoryWriteTx { tables: Tables::clone(&committed), undo: UndoLog::default() };
        drop(committed);
        match catch_unwind(AssertUnwindSafe(|| body(&mut tx))) {
            Ok(Ok(())) => self.commit(tx.tables),
            Ok(Err(error)) => Err(WriteFailure::Aborted(error)),
            Err(panic) => {
                drop(turn);
                resume_unwind(panic)
            }
        }
    }

    fn reopen(&self) -> Result<(), EngineError> {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.state().must_reopen = false;
        Ok(())
    }

    fn check_integrity(&self) -> Result<bool, EngineError> {
        self.committed().map(|_| true)
    }

    fn stats(&self) -> Result<EngineStats, EngineError> {
        let stored = self
            .committed()?
            .iter()
            .flat_map(|table| table.iter())
            .map(|(key, value)| (key.len() + value.len()) as u64)
            .sum();
        Ok(EngineStats { file_bytes: stored, stored_bytes: stored, fragmented_bytes: 0 })
    }

    fn oldest_snapshot(&self) -> Option<Duration> {
        self.readers.oldest()
    }
}

struct MemorySnapshot {
    tables: Arc<Tables>,
    _reading: Reading,
}

struct MemoryWriteTx {
    tables: Tables,
    undo: UndoLog,
}

fn table(tables: &Tables, id: TableId) -> Result<&Table, EngineError> {
    tables.get(usize::from(id.0)).ok_or(EngineError::NoSuchTable(id.0))
}

fn table_mut(tables: &mut Tables, id: TableId) -> Result<&mut Table, EngineError> {
    tables.get_mut(usize::from(id.0)).ok_or(EngineError::NoSuchTable(id.0))
}

fn get(tables: &Tables, id: TableId, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
    Ok(table(tables, id)?.get(key).map(|value| value.to_vec()))
}

fn scan(tables: &Tables, id: TableId, range: &KeyRange, order: Order, visit: Visit<'_>) -> Result<(), EngineError> {
    let table = table(tables, id)?;
    if range.is_empty() {
        return Ok(());
    }
    let mut pairs = table.range::<_, [u8]>(range.as_slices());
    loop {
        let next = match order {
            Order::Ascending => pairs.next(),
            Order::Descending => pairs.next_back(),
        };
        let Some((key, value)) = next else { return Ok(()) };
        if visit(key, value).is_break() {
            return Ok(());
        }
    }
}

macro_rules! reads {
    ($reader:ty) => {
        impl Read for $reader {
            fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
                get(&self.tables, table, key)
            }

            fn scan(
                &self,
                table: TableId,
                range: &KeyRange,
                order: Order,
                visit: Visit<'_>,
            ) -> Result<(), EngineError> {
                scan(&self.tables, table, range, order, visit)
            }

            fn len(&self, id: TableId) -> Result<u64, EngineError> {
                Ok(table(&self.tables, id)?.len() as u64)
            }
        }
    };
}

reads!(MemorySnapshot);
reads!(MemoryWriteTx);

impl Snapshot for MemorySnapshot {}

impl WriteTx for MemoryWriteTx {
    fn insert(&mut self, id: TableId, key: &[u8], value: &[u8]) -> Result<(), EngineError> {
        let old = table_mut(&mut self.tables, id)?.insert(key.into(), value.into());
        self.undo.record(id, key, old.as_deref());
        Ok(())
    }

    fn remove(&mut self, id: TableId, key: &[u8]) -> Result<bool, EngineError> {
        let Some(old) = table_mut(&mut self.tables, id)?.remove(key) else { return Ok(false) };
        self.undo.record(id, key, Some(&old));
        Ok(true)
    }

    fn mark(&mut self) -> Mark {
        self.undo.mark()
    }

    fn undo_to(&mut self, mark: Mark) -> Result<(), EngineError> {
        while let Some(step) = self.undo.pop(mark) {
            let table = table_mut(&mut self.tables, step.table)?;
            match step.old {
                Some(old) => table.insert(step.key.into(), old.into()),
                None => table.remove(&*step.key),
            };
        }
        Ok(())
    }
}
