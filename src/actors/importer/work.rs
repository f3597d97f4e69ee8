//! One import, driven step by step: chunks are read and parsed ahead while the writer takes the one before.
//!
//! Everything that matters is in the row: a run that is dropped at any point and begun again goes on behind the last
//! committed chunk.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::hands::{Hands, HandsFailed, Task};
use super::parse::{CHUNK_BYTES, RowRules, read_chunk};
use super::problem::FileProblem;
use super::records::Records;
use super::spool::Spool;
use crate::domain::id::{ImportId, LeadId};
use crate::store::records::import::{Import, ImportProblem};
use crate::store::transactions::import_rows::{ImportChunk, ParsedRows};
use crate::store::transactions::import_undo::UndoSlice;
use crate::store::transactions::imports::{BeginImport, FailImport, FinishImport, edits_of, import};
use crate::store::{Refusal, Reject, Store, StoreError, SubmitError, Urgency, WorkspaceScope};

/// Chunks read ahead of the writer.
const AHEAD: usize = 3;
/// Memory of a parsed row beside its cells, and how many times its cells are held.
const ROW_BYTES: usize = 1_536;
const CELL_COPIES: usize = 4;
/// How long to wait when the identity index is full or the writer overloaded.
const HELD_FOR: Duration = Duration::from_millis(20);
/// Failures in a row after which an import is given up.
const MAX_FAILURES: u32 = 5;
const UNDO_SLICE: usize = 5_000;

/// What every import works with. Cheap to clone.
#[derive(Clone)]
pub struct ImportWorker {
    pub store: Store,
    pub spool: Arc<dyn Spool>,
    pub hands: Hands,
    /// Rows of one chunk at most.
    pub chunk_rows: usize,
    memory: Arc<Semaphore>,
    /// KiB that all chunks of all imports may hold.
    memory_kib: usize,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Rows were written, or leads undone.
    Went,
    /// The store asks to wait a moment.
    Held,
    /// Nothing is left to do.
    Ended,
}

/// Why a run cannot go on. Its row says what is left to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the store has stopped")]
    Stopped,
    #[error(transparent)]
    Submit(SubmitError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Hands(#[from] HandsFailed),
    #[error("the import is gone")]
    Gone,
}

/// How a step that did not work out is answered.
enum Trouble {
    /// The file is at fault: the import fails.
    File(ImportProblem),
    /// The row says something else by now: look again.
    Moved,
    Held,
    Run(RunError),
}

impl From<FileProblem> for Trouble {
    fn from(problem: FileProblem) -> Self {
        Self::File(problem.into())
    }
}

impl From<HandsFailed> for Trouble {
    fn from(failed: HandsFailed) -> Self {
        Self::Run(failed.into())
    }
}

impl From<SubmitError> for Trouble {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Overloaded => Self::Held,
            SubmitError::Stopped => Self::Run(RunError::Stopped),
            SubmitError::Rejected(Reject::Conflict(_)) => Self::Moved,
            SubmitError::Rejected(Reject::NotFound(crate::store::Missing::List)) => {
                Self::File(problem("LIST_NOT_FOUND", "the list was deleted during the import"))
            }
            SubmitError::Rejected(Reject::ListArchived) => {
                Self::File(problem("LIST_ARCHIVED", "the list was archived during the import"))
            }
            SubmitError::Rejected(Reject::NotFound(_)) => Self::Run(RunError::Gone),
            other => Self::Run(RunError::Submit(other)),
        }
    }
}

fn problem(code: &str, detail: &str) -> ImportProblem {
    ImportProblem { code: code.to_owned(), detail: detail.to_owned(), line: None, column: None }
}

impl ImportWorker {
    /// `memory_bytes` is what the chunks of all imports together may hold.
    pub fn new(store: Store, spool: Arc<dyn Spool>, hands: Hands, chunk_rows: usize, memory_bytes: usize) -> Self {
        let memory_kib = (memory_bytes >> 10).clamp(1, Semaphore::MAX_PERMITS);
        let memory = Arc::new(Semaphore::new(memory_kib));
        Self { store, spool, hands, chunk_rows: chunk_rows.max(1), memory, memory_kib }
    }

    /// Takes an import (or its undo) in hand where it stands.
    pub fn run(&self, scope: WorkspaceScope, id: ImportId) -> ImportRun {
        ImportRun { worker: self.clone(), scope, id, stage: Stage::Look, failures: 0 }
    }

    fn now(&self) -> crate::domain::time::Time {
        self.store.deps().clock.now()
    }
}

/// One import in hand.
pub struct ImportRun {
    worker: ImportWorker,
    scope: WorkspaceScope,
    id: ImportId,
    stage: Stage,
    failures: u32,
}

enum Stage {
    /// The row is to be read.
    Look,
    Rows(Box<Reading>),
    Undo,
}

/// A file being read.
struct Reading {
    rules: Arc<RowRules>,
    /// `None` while a thread has it, and at the end of the file.
    records: Option<Records>,
    /// The number of the next row to be read.
    next_row: u64,
    ahead: VecDeque<Ahead>,
    current: Option<Current>,
    began: Duration,
    rows_done: u64,
}

struct Ahead {
    parsed: Task<ParsedRows>,
    memory: OwnedSemaphorePermit,
}

/// A chunk that is being written.
struct Current {
    rows: Arc<ParsedRows>,
    from: usize,
    first_id: LeadId,
    _memory: OwnedSemaphorePermit,
}

impl ImportRun {
    /// Goes on until nothing is left to do.
    ///
    /// # Errors
    /// The store has stopped or keeps failing; a later run goes on.
    pub async fn to_the_end(mut self) -> Result<(), RunError> {
        let clock = Arc::clone(&self.worker.store.deps().clock);
        loop {
            match self.step().await? {
                Step::Went => {}
                Step::Held => clock.sleep(HELD_FOR).await,
                Step::Ended => return Ok(()),
            }
        }
    }

    /// Does the next piece of work: at most one transaction over rows.
    ///
    /// # Errors
    /// As [`ImportRun::to_the_end`].
    pub async fn step(&mut self) -> Result<Step, RunError> {
        let went = match &mut self.stage {
            Stage::Look => self.look().await,
            Stage::Rows(_) => self.rows().await,
            Stage::Undo => self.undo().await,
        };
        match went {
            Ok(step) => {
                self.failures = 0;
                Ok(step)
            }
            Err(Trouble::Held) => Ok(Step::Held),
            Err(Trouble::Moved) => {
                self.stage = Stage::Look;
                self.failed(RunError::Submit(SubmitError::Failed("the import keeps moving".to_owned())))
            }
            Err(Trouble::File(problem)) => self.fail(problem).await,
            Err(Trouble::Run(RunError::Gone)) => Ok(Step::Ended),
            Err(Trouble::Run(RunError::Stopped)) => Err(RunError::Stopped),
            Err(Trouble::Run(error)) => {
                tracing::warn!(import = %self.id, %error, "a step of an import failed; it is tried again");
                self.stage = Stage::Look;
                // What panics every time would panic for ever.
                let is_ours = matches!(error, RunError::Hands(_) | RunError::Submit(SubmitError::Panicked(_)));
                if is_ours && self.failures + 1 >= MAX_FAILURES {
                    return self.fail(problem("INTERNAL", "a row could not be worked on; see the log")).await;
                }
                self.failed(error)
            }
        }
    }

    fn failed(&mut self, error: RunError) -> Result<Step, RunError> {
        self.failures += 1;
        if self.failures < MAX_FAILURES { Ok(Step::Held) } else { Err(error) }
    }

    async fn fail(&mut self, problem: ImportProblem) -> Result<Step, RunError> {
        let store = &self.worker.store;
        let fail = FailImport { scope: self.scope, id: self.id, at: self.worker.now(), problem };
        match store.submit(fail, Urgency::Bulk).await {
            Ok(_) => Ok(Step::Ended),
            Err(SubmitError::Overloaded) => Ok(Step::Held),
            Err(SubmitError::Stopped) => Err(RunError::Stopped),
            Err(error) => Err(RunError::Submit(error)),
        }
    }

    async fn look(&mut self) -> Result<Step, Trouble> {
        let (store, scope, id) = (&self.worker.store, self.scope, self.id);
        let view = store.view().map_err(|error| Trouble::Run(error.into()))?;
        let row = match import(&view, &scope, id) {
            Ok(row) => row,
            Err(Refusal::Reject(_)) => return Err(Trouble::Run(RunError::Gone)),
            Err(Refusal::Store(error)) => return Err(Trouble::Run(error.into())),
        };
        drop(view);
        if row.state.is_open() {
            let begin = BeginImport { scope, id, at: self.worker.now() };
            let row = store.submit(begin, Urgency::Bulk).await?.out;
            if row.state.is_open() {
                let reading = self.open(&row).await?;
                self.stage = Stage::Rows(Box::new(reading));
                return Ok(Step::Went);
            }
        } else if row.needs_work() {
            self.stage = Stage::Undo;
            return Ok(Step::Went);
        }
        Ok(Step::Ended)
    }

    async fn open(&self, row: &Import) -> Result<Reading, Trouble> {
        let ImportWorker { store, spool, hands, .. } = &self.worker;
        let hasher = store.hasher().clone();
        let edits = store.view().and_then(|view| edits_of(&view, &self.scope, self.id));
        let edits = edits.map_err(|error| Trouble::Run(error.into()))?;
        let rules = RowRules::new(self.scope.workspace(), self.id, row, hasher, *store.weights(), edits)?;
        let (spool, upload, at) = (Arc::clone(spool), row.upload, row.position());
        let plan = row.plan.clone();
        let opened = hands.run(move || Records::of(&*spool, upload, &plan, at));
        Ok(Reading {
            rules: Arc::new(rules),
            records: Some(opened.await??),
            next_row: row.processed(),
            ahead: VecDeque::new(),
            current: None,
            began: store.deps().clock.monotonic(),
            rows_done: 0,
        })
    }

    async fn rows(&mut self) -> Result<Step, Trouble> {
        let Stage::Rows(reading) = &mut self.stage else { return Ok(Step::Went) };
        let worker = &self.worker;
        reading.read_ahead(worker).await?;
        if worker.store.identity_is_full() {
            return Ok(Step::Held);
        }
        if reading.current.is_none() {
            reading.take_next(worker).await?;
        }
        let Some(current) = &mut reading.current else {
            let finish = FinishImport { scope: self.scope, id: self.id, at: worker.now() };
            worker.store.submit(finish, Urgency::Bulk).await?;
            return Ok(Step::Ended);
        };
        let spent = worker.store.deps().clock.monotonic().saturating_sub(reading.began).as_secs_f64();
        let rate = if spent > 0.0 { reading.rows_done as f64 / spent } else { 0.0 };
        let chunk = ImportChunk {
            scope: self.scope,
            import: self.id,
            at: worker.now(),
            rows: Arc::clone(&current.rows),
            from: current.from,
            first_id: current.first_id,
            rows_per_second: rate as u32,
        };
        let done = worker.store.submit(chunk, Urgency::Bulk).await?.out;
        reading.rows_done += done.rows as u64;
        current.from += done.rows;
        if current.from >= current.rows.rows.len() {
            reading.current = None;
        }
        Ok(Step::Went)
    }

    async fn undo(&mut self) -> Result<Step, Trouble> {
        let slice = UndoSlice { scope: self.scope, id: self.id, at: self.worker.now(), most: UNDO_SLICE };
        let row = self.worker.store.submit(slice, Urgency::Bulk).await?.out;
        Ok(if row.needs_work() { Step::Went } else { Step::Ended })
    }
}

impl Reading {
    /// Reads chunks and gives them out to be parsed, as far as memory allows; at least one.
    async fn read_ahead(&mut self, worker: &ImportWorker) -> Result<(), Trouble> {
        while self.ahead.len() < AHEAD && self.records.is_some() {
            let Some(mut memory) = self.memory(worker).await else { return Ok(()) };
            let Some(mut records) = self.records.take() else { return Ok(()) };
            let (first_row, most) = (self.next_row, worker.chunk_rows);
            let reading = worker.hands.run(move || {
                let chunk = read_chunk(&mut records, first_row, most);
                (records, chunk)
            });
            let (records, chunk) = reading.await?;
            let chunk = chunk?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.records = Some(records);
            self.next_row += chunk.len() as u64;
            let needs = kib(chunk.len(), chunk.bytes());
            let unused = memory.num_permits().saturating_sub(needs);
            drop(memory.split(unused));
            let (rules, at) = (Arc::clone(&self.rules), worker.now());
            let parsed = worker.hands.start(move || rules.parse(chunk, at));
            self.ahead.push_back(Ahead { parsed, memory });
        }
        Ok(())
    }

    /// Room for a chunk. Waits for it only when this import has nothing else to do, so that two imports cannot wait for
    /// each other.
    async fn memory(&self, worker: &ImportWorker) -> Option<OwnedSemaphorePermit> {
        let most = kib(worker.chunk_rows, CHUNK_BYTES).min(worker.memory_kib);
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let memory = Arc::clone(&worker.memory);
        if self.ahead.is_empty() && self.current.is_none() {
            memory.acquire_many_owned(most).await.ok()
        } else {
            memory.try_acquire_many_owned(most).ok()
        }
    }

    async fn take_next(&mut self, worker: &ImportWorker) -> Result<(), Trouble> {
        let Some(Ahead { parsed, memory }) = self.ahead.pop_front() else { return Ok(()) };
        let rows = Arc::new(parsed.wait().await?);
        let count = u32::try_from(rows.rows.len()).unwrap_or(u32::MAX);
        let first_id = worker.store.deps().ids.next_block::<LeadId>(count).next().unwrap_or_default();
        self.current = Some(Current { rows, from: 0, first_id, _memory: memory });
        Ok(())
    }
}

/// What a chunk holds in memory.
fn kib(rows: usize, cell_bytes: usize) -> usize {
    (rows * ROW_BYTES + cell_bytes * CELL_COPIES) / 1_024 + 1
}
