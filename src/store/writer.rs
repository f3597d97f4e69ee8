//! The writer: the one place that commits.
//!
//! Transactions wait in two queues. A group takes what is waiting in the interactive queue (at most 256, at most 20 ms of
//! work), runs it in one engine transaction, commits once and answers everybody. Between groups one bulk transaction runs
//! in a group of its own; it looks at [`Tx::time_is_up`](crate::store::Tx::time_is_up) between rows so that nobody waits long
//! behind it. Answered means durable.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking::Parked;

use crate::deps::Deps;
use crate::domain::quality::QualityWeights;
use crate::store::engine::{Engine, EngineError, WriteFailure, WriteTx};
use crate::store::identity::IdentityMemory;
use crate::store::identity_keys::IdentityHasher;
use crate::store::meta;
use crate::store::transaction::{Ended, Fared, GroupEnd, Member, Urgency};
use crate::store::tx::{Group, Tx};
use crate::store::{StoreError, outbox};

/// How much the writer does at once.
#[derive(Debug, Clone, Copy)]
pub struct WriterPace {
    /// The most transactions of one group.
    pub group_members: usize,
    /// The longest a group runs before it commits.
    pub group_time: Duration,
    /// How long a bulk transaction writes when an interactive one waits. With its commit this keeps waits below 150 ms.
    pub bulk_contended: Duration,
    /// The same when nobody waits.
    pub bulk_alone: Duration,
}

impl Default for WriterPace {
    fn default() -> Self {
        Self {
            group_members: 256,
            group_time: Duration::from_millis(20),
            bulk_contended: Duration::from_millis(50),
            bulk_alone: Duration::from_millis(400),
        }
    }
}

/// What the writer, the readers and the submitters share.
pub(in crate::store) struct Shared {
    pub engine: Arc<dyn Engine>,
    pub deps: Deps,
    pub identity: IdentityMemory,
    pub hasher: IdentityHasher,
    pub weights: QualityWeights,
    pub pace: WriterPace,
    /// The last committed seq.
    pub committed: tokio::sync::watch::Sender<u64>,
    pub queues: Queues,
    pub figures: Figures,
}

/// Counts for metrics, never reset.
#[derive(Debug, Default)]
pub struct Figures {
    pub groups: AtomicU64,
    pub transactions: AtomicU64,
    pub reopened: AtomicU64,
    /// The longest an interactive transaction waited from admission to its answer, in microseconds.
    pub longest_wait_us: AtomicU64,
}

/// The two queues. Their length is bounded by the permits that submitters hold.
#[derive(Default)]
pub(in crate::store) struct Queues {
    interactive: Parked<VecDeque<Box<dyn Member>>>,
    bulk: Parked<VecDeque<Box<dyn Member>>>,
    waiting: AtomicUsize,
}

impl Queues {
    pub fn push(&self, urgency: Urgency, member: Box<dyn Member>) {
        match urgency {
            Urgency::Interactive => {
                self.waiting.fetch_add(1, Ordering::Relaxed);
                self.interactive.lock().push_back(member);
            }
            Urgency::Bulk => self.bulk.lock().push_back(member),
        }
    }

    fn take_interactive(&self, most: usize) -> VecDeque<Box<dyn Member>> {
        let mut queue = self.interactive.lock();
        let count = queue.len().min(most);
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        queue.drain(..count).collect()
    }

    fn put_back(&self, members: VecDeque<Box<dyn Member>>) {
        self.waiting.fetch_add(members.len(), Ordering::Relaxed);
        let mut queue = self.interactive.lock();
        for member in members.into_iter().rev() {
            queue.push_front(member);
        }
    }

    fn take_bulk(&self) -> Option<Box<dyn Member>> {
        self.bulk.lock().pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.interactive.lock().is_empty() && self.bulk.lock().is_empty()
    }
}

mod parking {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// A mutex whose poison is of no interest: the queue behind it is whole at every step.
    #[derive(Default)]
    pub struct Parked<T>(Mutex<T>);

    impl<T> Parked<T> {
        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

/// Why the writer cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be written any more: {detail}")]
pub struct WriterBroken {
    pub detail: String,
}

/// Whether there may be more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    Nothing,
    Something,
}

/// The state of the one writer. Owned by the StoreWriter actor, or behind a lock where everything runs on one thread.
pub struct WriterCore {
    shared: Arc<Shared>,
    seq: u64,
}

impl WriterCore {
    pub(in crate::store) fn new(shared: Arc<Shared>, seq: u64) -> Self {
        Self { shared, seq }
    }

    /// Serves one group of interactive transactions and, after it, one bulk transaction.
    ///
    /// # Errors
    /// When the store file cannot be reopened after a failed commit: the process has to stop.
    pub fn serve(&mut self) -> Result<Served, WriterBroken> {
        let mut served = Served::Nothing;
        let members = self.shared.queues.take_interactive(self.shared.pace.group_members);
        if !members.is_empty() {
            self.commit(members, Urgency::Interactive)?;
            served = Served::Something;
        }
        if let Some(member) = self.shared.queues.take_bulk() {
            self.commit(VecDeque::from([member]), Urgency::Bulk)?;
            served = Served::Something;
        }
        Ok(served)
    }

    /// Serves until both queues are empty.
    ///
    /// # Errors
    /// As [`WriterCore::serve`].
    pub fn serve_all(&mut self) -> Result<(), WriterBroken> {
        while self.serve()? == Served::Something {}
        Ok(())
    }

    fn commit(&mut self, mut waiting: VecDeque<Box<dyn Member>>, urgency: Urgency) -> Result<(), WriterBroken> {
        let shared = Arc::clone(&self.shared);
        let queues = &shared.queues;
        let budget = |spent: Duration| {
            let contended = queues.waiting.load(Ordering::Relaxed) > 0;
            spent >= if contended { shared.pace.bulk_contended } else { shared.pace.bulk_alone }
        };
        let mut group =
            Group::new(self.seq, &shared.identity, &shared.hasher, &shared.weights, &*shared.deps.clock, &budget);
        let started = shared.deps.clock.monotonic();
        let mut done: Vec<Box<dyn Member>> = Vec::with_capacity(waiting.len());
        let highest_id = shared.deps.ids.highest();

        let result = shared.engine.write(&mut |raw| {
            while let Some(mut member) = waiting.pop_front() {
                let fared = run_member(raw, &mut group, &mut *member);
                done.push(member);
                fared?;
                let spent = shared.deps.clock.monotonic().saturating_sub(started);
                if urgency == Urgency::Interactive && spent >= shared.pace.group_time {
                    break;
                }
            }
            group.fold_counters(raw).map_err(into_engine)?;
            meta::put_high_water(raw, group.seq, highest_id.max(shared.deps.ids.highest()))
        });
        if !waiting.is_empty() {
            queues.put_back(waiting);
        }
        shared.figures.groups.fetch_add(1, Ordering::Relaxed);
        shared.figures.transactions.fetch_add(done.len() as u64, Ordering::Relaxed);
        metrics::histogram!("galena_store_group_seconds")
            .record(shared.deps.clock.monotonic().saturating_sub(started).as_secs_f64());

        let mut reopen = false;
        let end = match result {
            Ok(()) => {
                self.seq = group.seq;
                group.into_after_commit().into_iter().for_each(|hook| hook());
                shared.committed.send_replace(self.seq);
                GroupEnd::Committed(self.seq)
            }
            // The engine may latch an i/o error: it is opened again as after a failed commit.
            Err(WriteFailure::Aborted(error)) if needs_reopening(&error) => {
                group.abandon();
                tracing::error!(%error, "a group of writes failed; reopening the store");
                reopen = true;
                GroupEnd::Failed(error.to_string())
            }
            Err(WriteFailure::Aborted(error)) => {
                group.abandon();
                tracing::error!(%error, "a group of writes failed; nothing of it was written");
                GroupEnd::Failed(error.to_string())
            }
            Err(WriteFailure::OutcomeUnknown(error)) => {
                group.abandon();
                tracing::error!(%error, "a commit failed; reopening the store");
                reopen = true;
                GroupEnd::Unknown(error.to_string())
            }
        };
        let broken = if reopen { self.reopen().err() } else { None };
        let end = Ended(end);
        done.into_iter().for_each(|member| member.settle(&end));
        broken.map_or(Ok(()), Err)
    }

    /// Opens the store file again and builds anew what memory derives from it.
    fn reopen(&mut self) -> Result<(), WriterBroken> {
        self.shared.figures.reopened.fetch_add(1, Ordering::Relaxed);
        let broken = |error: StoreError| WriterBroken { detail: error.to_string() };
        self.shared.engine.reopen().map_err(|error| broken(error.into()))?;
        let view = crate::store::View::new(self.shared.engine.snapshot().map_err(|error| broken(error.into()))?);
        let high_water = meta::high_water(&view).map_err(broken)?;
        self.seq = high_water.seq;
        self.shared.deps.ids.raise_floor(high_water.id);
        outbox::rebuild_identity(&view, &self.shared.hasher, &self.shared.identity).map_err(broken)?;
        self.shared.committed.send_replace(self.seq);
        Ok(())
    }
}

fn needs_reopening(error: &EngineError) -> bool {
    matches!(error, EngineError::Io(_) | EngineError::MustReopen | EngineError::Closed)
}

fn into_engine(error: StoreError) -> EngineError {
    match error {
        StoreError::Engine(error) => error,
        damaged => EngineError::Damaged { path: "the store".to_owned(), detail: damaged.to_string() },
    }
}

fn run_member(raw: &mut dyn WriteTx, group: &mut Group<'_>, member: &mut dyn Member) -> Result<(), EngineError> {
    let mark = group.mark(raw);
    match member.run(&mut Tx::new(raw, group)).0 {
        Fared::Applied => Ok(()),
        Fared::Refused => group.undo(raw, &mark),
        Fared::Fatal(error) => Err(into_engine(error)),
    }
}
