//! The engine on redb: one file, one writer, snapshots that never wait.
//!
//! Every commit is durable (two fsyncs) and stores redb's allocator state (*quick repair*), so that opening after a
//! crash takes milliseconds and not a walk over the whole file. After a commit that failed nobody knows whether it is
//! on disk: the engine then refuses everything until `reopen`.

mod errors;
mod open;
mod snapshot;
mod write;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use ::redb::{Database, Durability, ReadableDatabase, TableDefinition, WriteTransaction};

use self::errors::Failure;
use self::snapshot::RedbSnapshot;
use self::write::RedbWriteTx;
use super::lock::DirectoryLock;
use super::probe::Probe;
use super::readers::Readers;
use super::{Engine, EngineError, EngineStats, Snapshot, TableId, WriteFailure, WriteTx};

/// How a table looks to redb: bytes to bytes, ordered as `memcmp` orders them.
type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// How to open a store file.
#[derive(Debug, Clone, Copy)]
pub struct RedbOptions {
    /// Memory for pages, bytes.
    pub cache_bytes: usize,
    /// The names of the tables; `TableId(n)` is the `n`-th. Missing ones are created, unknown ones are left alone.
    pub tables: &'static [&'static str],
    /// Verify every checksum before trusting the file. For after a restore: it reads everything.
    pub check_on_open: bool,
}

impl RedbOptions {
    /// The usual cache of 96 MiB and no check.
    pub fn new(tables: &'static [&'static str]) -> Self {
        Self { cache_bytes: 96 << 20, tables, check_on_open: false }
    }
}

/// A store file that is open. Dropping it closes the file; `close` also tells whether that worked.
pub struct RedbEngine {
    path: PathBuf,
    options: RedbOptions,
    probe: Option<Probe>,
    /// Held by the writer for its whole transaction, and by whoever needs the file to himself.
    writer: Mutex<()>,
    /// `None` after `close`, and after a `reopen` that failed. Locked only for moments, except by `check_integrity`.
    database: RwLock<Option<Database>>,
    /// Set by a commit that failed, cleared by `reopen`.
    failed: AtomicBool,
    readers: Readers,
    /// Last, so that the directory is free only when the file is closed.
    _lock: DirectoryLock,
}

impl RedbEngine {
    /// Opens the store file at `path`, creating it when it is not there, and locks its directory.
    ///
    /// `InUse` names the process that has it; `Damaged` and `Unsupported` mean the file was not touched.
    pub fn open(path: &Path, options: RedbOptions) -> Result<Self, EngineError> {
        Self::open_probed(path, options, None)
    }

    /// Like `open` in a directory the caller has locked already; the lock is kept until the engine is dropped.
    pub fn open_under(lock: DirectoryLock, path: &Path, options: RedbOptions) -> Result<Self, EngineError> {
        Self::open_locked(lock, path, options, None)
    }

    /// Like `open`, with the i/o of the file watched and broken by `probe`. For tests.
    #[doc(hidden)]
    pub fn open_probed(path: &Path, options: RedbOptions, probe: Option<Probe>) -> Result<Self, EngineError> {
        let lock = DirectoryLock::acquire(open::directory_of(path))?;
        Self::open_locked(lock, path, options, probe)
    }

    fn open_locked(
        lock: DirectoryLock,
        path: &Path,
        options: RedbOptions,
        probe: Option<Probe>,
    ) -> Result<Self, EngineError> {
        let database = open::open(path, &options, probe.as_ref())?;
        Ok(Self {
            path: path.to_owned(),
            options,
            probe,
            writer: Mutex::new(()),
            database: RwLock::new(Some(database)),
            failed: AtomicBool::new(false),
            readers: Readers::default(),
            _lock: lock,
        })
    }

    /// Waits for the writer, then closes the file and tells whether all went well. Everything after gives `Closed`.
    pub fn close(&self) -> Result<(), EngineError> {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match self.database.write().unwrap_or_else(PoisonError::into_inner).take() {
            Some(database) => database.close().map_err(|error| self.failure(error)),
            None => Ok(()),
        }
    }

    fn failure(&self, error: impl Failure) -> EngineError {
        error.at(&self.path)
    }

    /// Runs `act` on the open database, unless a commit failed before.
    fn with_database<T>(&self, act: impl FnOnce(&Database) -> Result<T, EngineError>) -> Result<T, EngineError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(EngineError::MustReopen);
        }
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        act(database.as_ref().ok_or(EngineError::Closed)?)
    }

    /// Commits; any error or panic in there leaves the outcome unknown, except redb's word that it rolled back.
    fn commit(&self, transaction: WriteTransaction) -> Result<(), WriteFailure> {
        let unknown = |error| {
            self.failed.store(true, Ordering::Release);
            Err(WriteFailure::OutcomeUnknown(error))
        };
        match catch_unwind(AssertUnwindSafe(|| transaction.commit())) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(::redb::CommitError::TransactionPoisoned)) => Err(WriteFailure::Aborted(EngineError::Io(
                "an operation of the transaction failed half way".to_owned(),
            ))),
            Ok(Err(error)) => unknown(self.failure(error)),
            Err(panic) => unknown(EngineError::Io(format!("the commit panicked: {}", panic_text(&*panic)))),
        }
    }

    /// Takes the transaction back. When even that fails the file is as it was, but this handle is not fit for more.
    fn abort(&self, transaction: WriteTransaction) {
        if !matches!(catch_unwind(AssertUnwindSafe(|| transaction.abort())), Ok(Ok(()))) {
            self.failed.store(true, Ordering::Release);
        }
    }

    fn table_count(&self) -> usize {
        self.options.tables.len()
    }
}

impl Engine for RedbEngine {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, EngineError> {
        let reading = self.readers.enter();
        let transaction = self.with_database(|database| database.begin_read().map_err(|error| self.failure(error)))?;
        Ok(Arc::new(RedbSnapshot::new(transaction, self.options.tables, self.path.clone(), reading)))
    }

    fn write(&self, body: &mut dyn FnMut(&mut dyn WriteTx) -> Result<(), EngineError>) -> Result<(), WriteFailure> {
        let turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = self
            .with_database(|database| database.begin_write().map_err(|error| self.failure(error)))
            .map_err(WriteFailure::Aborted)?;
        transaction.set_quick_repair(true);
        if let Err(error) = transaction.set_durability(Durability::Immediate) {
            return Err(WriteFailure::Aborted(EngineError::Io(error.to_string())));
        }

        // The panic is caught here and not left to redb, which would skip its abort while unwinding and leak pages.
        let mut tx = RedbWriteTx::new(&transaction, self.options.tables, &self.path);
        let ended = catch_unwind(AssertUnwindSafe(|| body(&mut tx)));
        drop(tx);
        match ended {
            Ok(Ok(())) => self.commit(transaction),
            Ok(Err(error)) => {
                self.abort(transaction);
                Err(WriteFailure::Aborted(error))
            }
            Err(panic) => {
                self.abort(transaction);
                drop(turn);
                resume_unwind(panic)
            }
        }
    }

    fn reopen(&self) -> Result<(), EngineError> {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // What closing has to say about a file that failed is known already; what counts is whether it opens again.
        drop(database.take());
        *database = Some(open::open(&self.path, &self.options, self.probe.as_ref())?);
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    fn check_integrity(&self) -> Result<bool, EngineError> {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.failed.load(Ordering::Acquire) {
            return Err(EngineError::MustReopen);
        }
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_mut().ok_or(EngineError::Closed)?;
        database.check_integrity().map_err(|error| self.failure(error))
    }

    fn stats(&self) -> Result<EngineStats, EngineError> {
        let file_bytes = std::fs::metadata(&self.path).map_err(|error| EngineError::Io(error.to_string()))?.len();
        let transaction = self.with_database(|database| database.begin_read().map_err(|error| self.failure(error)))?;
        let reading = self.readers.enter();
        let snapshot = RedbSnapshot::new(transaction, self.options.tables, self.path.clone(), reading);
        let mut stats = EngineStats { file_bytes, ..EngineStats::default() };
        for number in 0..self.table_count() {
            let table = snapshot.table_stats(TableId(number as u8))?;
            stats.stored_bytes += table.stored_bytes();
            stats.fragmented_bytes += table.fragmented_bytes();
        }
        Ok(stats)
    }

    fn oldest_snapshot(&self) -> Option<Duration> {
        self.readers.oldest()
    }
}

/// What a panic said, as far as it was text.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
