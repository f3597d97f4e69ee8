//! The truth, the queue and the ledger: rows in an ordered key-value engine.
//!
//! [`Store`] is the handle everybody holds. Changes are named [`Transaction`]s given to [`Store::submit`]; reads go to a
//! [`View`] of one committed state. Tenant rows are reached only with a [`WorkspaceScope`].

pub mod access;
pub mod check;
pub mod counter;
pub mod crypt;
pub mod directory;
pub mod engine;
pub mod estimate;
pub mod identity;
mod identity_filter;
mod identity_keys;
pub mod job_audit;
pub mod jobs;
pub mod key;
pub mod ledger;
pub mod lookups;
pub mod meta;
pub mod orders;
pub mod originals;
pub mod outbox;
pub mod policy;
mod read;
mod readers;
pub mod record;
pub mod records;
pub mod reject;
mod scope;
pub mod suppressions;
pub mod tables;
pub mod templates;
mod transaction;
pub mod transactions;
mod tx;
pub mod usage;
mod writer;

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub use self::counter::Counter;
use self::engine::{Engine, EngineStats};
use self::identity::Slice;
pub use self::identity_keys::IdentityHasher;
pub use self::read::{Reads, StoreError, View, Visit};
use self::readers::Readers;
pub use self::records::event::{Actor, Origin, Subject};
pub use self::records::outbox::{Checkpoint, Lane};
pub use self::reject::{Missing, Reject};
pub use self::scope::{SystemScope, WorkspaceScope};
use self::transaction::Pending;
pub use self::transaction::{Committed, Refusal, SubmitError, Transaction, Urgency};
pub use self::tx::{Fact, Tx};
use self::writer::{Figures, Queues, Shared};
pub use self::writer::{Served, WriterBroken, WriterCore, WriterPace};
use crate::deps::Deps;
use crate::domain::id::{LeadId, ListId};
use crate::domain::quality::QualityWeights;

/// How much may wait at once, and the settings transactions decide by.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// Interactive transactions between admission and answer.
    pub interactive: usize,
    /// Bulk transactions between admission and answer.
    pub bulk: usize,
    /// Reads on the blocking pool.
    pub reads: usize,
    /// How long admission waits before it answers `Overloaded`.
    pub patience: Duration,
    /// Above this many bytes of identity changes in memory, bulk work waits for the flush.
    pub identity_bytes: usize,
    pub weights: QualityWeights,
    pub pace: WriterPace,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            interactive: 2_048,
            bulk: 16,
            reads: 16,
            patience: Duration::from_secs(5),
            identity_bytes: 64 << 20,
            weights: QualityWeights::default(),
            pace: WriterPace::default(),
        }
    }
}

/// Starts the writer when there is work: wakes its actor, or serves at once where all runs on one thread.
type Wake = Box<dyn Fn() + Send + Sync>;

/// The handle of the store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    wake: Arc<OnceLock<Wake>>,
    interactive: Arc<Semaphore>,
    bulk: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    readers: Readers,
    options: StoreOptions,
}

impl Store {
    /// Puts the layout mark and the wrapped data key into a new store.
    ///
    /// # Errors
    /// When the engine cannot write.
    pub fn prepare(engine: &dyn Engine, wrapped_data_key: &[u8]) -> Result<(), StoreError> {
        engine.write(&mut |raw| meta::put_new(raw, wrapped_data_key)).map_err(|failure| match failure {
            engine::WriteFailure::Aborted(error) | engine::WriteFailure::OutcomeUnknown(error) => error.into(),
        })
    }

    /// Opens the store over a prepared engine: goes on from the high-water marks and hashes again what the identity table
    /// does not have yet. The returned core is the writer; nothing commits until it is served.
    ///
    /// # Errors
    /// When rows cannot be read or are damaged.
    pub fn open(
        engine: Arc<dyn Engine>,
        deps: Deps,
        hasher: IdentityHasher,
        options: StoreOptions,
    ) -> Result<(Self, WriterCore), StoreError> {
        let view = View::new(engine.snapshot()?);
        let high_water = meta::high_water(&view)?;
        deps.ids.raise_floor(high_water.id);
        let identity = identity::IdentityMemory::default();
        if !holds_identities(&view)? {
            identity.table().begin();
            identity.table().learned();
        }
        outbox::rebuild_identity(&view, &hasher, &identity)?;
        let shared = Arc::new(Shared {
            engine,
            deps,
            identity,
            hasher,
            weights: options.weights,
            pace: options.pace,
            committed: watch::Sender::new(high_water.seq),
            queues: Queues::default(),
            figures: Figures::default(),
        });
        let store = Self {
            shared: Arc::clone(&shared),
            wake: Arc::new(OnceLock::new()),
            interactive: Arc::new(Semaphore::new(options.interactive)),
            bulk: Arc::new(Semaphore::new(options.bulk)),
            reads: Arc::new(Semaphore::new(options.reads)),
            readers: Readers::default(),
            options,
        };
        Ok((store, WriterCore::new(shared, high_water.seq)))
    }

    /// Says how the writer is woken. Only the first call counts.
    pub fn on_work(&self, wake: impl Fn() + Send + Sync + 'static) {
        drop(self.wake.set(Box::new(wake)));
    }

    /// Serves the writer in place, on the submitting thread: for the simulation and for offline commands.
    pub fn serve_inline(&self, core: WriterCore) {
        let core = std::sync::Mutex::new(core);
        self.on_work(move || {
            // A hook that submits while the core is being served finds the lock taken; the serving loop picks its work up.
            if let Ok(mut core) = core.try_lock()
                && let Err(broken) = core.serve_all()
            {
                tracing::error!(%broken, "the store stopped");
            }
        });
    }

    /// Runs a transaction durably. Once it is admitted, dropping the future does not take it back.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit<T: Transaction>(
        &self,
        transaction: T,
        urgency: Urgency,
    ) -> Result<Committed<T::Out>, SubmitError> {
        let permit = self.admit(urgency).await?;
        let (member, answer) = Pending::queued(transaction, Box::new(permit) as Box<dyn Any + Send>);
        self.shared.queues.push(urgency, member);
        let Some(wake) = self.wake.get() else { return Err(SubmitError::Stopped) };
        wake();
        answer.await.unwrap_or(Err(SubmitError::Stopped))
    }

    async fn admit(&self, urgency: Urgency) -> Result<OwnedSemaphorePermit, SubmitError> {
        let permits = match urgency {
            Urgency::Interactive => &self.interactive,
            Urgency::Bulk => &self.bulk,
        };
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(permit);
        }
        let waiting = Arc::clone(permits).acquire_owned();
        tokio::select! {
            permit = waiting => permit.map_err(|_closed| SubmitError::Stopped),
            () = self.shared.deps.clock.sleep(self.options.patience) => Err(SubmitError::Overloaded),
        }
    }

    /// No further transaction is admitted; those admitted are still served.
    pub fn close_admission(&self) {
        self.interactive.close();
        self.bulk.close();
    }

    /// Whether nothing waits for the writer.
    pub fn is_idle(&self) -> bool {
        self.shared.queues.is_empty()
    }

    /// A view of the last committed state. Reading it blocks the thread: inside async code use [`Store::read`].
    ///
    /// # Errors
    /// When the engine has no snapshot to give.
    pub fn view(&self) -> Result<View, StoreError> {
        let reading = self.readers.begin(self.shared.deps.clock.monotonic());
        Ok(View::counted(self.shared.engine.snapshot()?, reading))
    }

    /// How long the oldest view has been held: above a minute it keeps the file from shrinking.
    pub fn oldest_reader(&self) -> Duration {
        self.readers.oldest(self.shared.deps.clock.monotonic())
    }

    /// Runs `body` with a fresh view on the blocking pool, at most `StoreOptions::reads` at a time; where there is none, as
    /// in simulated time, on the calling thread.
    ///
    /// # Errors
    /// Those of `body`, and [`StoreError`] when no view can be had or `body` panicked.
    pub async fn read<R, E, F>(&self, body: F) -> Result<R, E>
    where
        F: FnOnce(&View) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let closed = || StoreError::Engine(engine::EngineError::Closed);
        let permit = Arc::clone(&self.reads).acquire_owned().await.map_err(|_| closed())?;
        let store = self.clone();
        // The simulation runs on one thread, without a runtime: there is nobody to keep waiting.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return body(&store.view()?) };
        let reading = runtime.spawn_blocking(move || {
            let _permit = permit;
            body(&store.view()?)
        });
        reading.await.unwrap_or_else(|_panicked| Err(closed().into()))
    }

    /// The leads that may carry one of a lead's keys, as a read outside the writer sees it.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn candidates(
        &self,
        view: &View,
        scope: &WorkspaceScope,
        kind: u8,
        hash: u64,
        list: Option<ListId>,
    ) -> Result<Vec<(LeadId, ListId)>, StoreError> {
        tx::candidates(view, &self.shared.identity, scope, kind, hash, list)
    }

    /// Follows the last committed seq.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.shared.committed.subscribe()
    }

    pub fn deps(&self) -> &Deps {
        &self.shared.deps
    }

    pub fn hasher(&self) -> &IdentityHasher {
        &self.shared.hasher
    }

    /// How leads are scored.
    pub fn weights(&self) -> &QualityWeights {
        &self.shared.weights
    }

    /// Whether bulk work should wait until DedupIndex has written more of the identity index.
    pub fn identity_is_full(&self) -> bool {
        self.shared.identity.bytes() > self.options.identity_bytes
    }

    /// Whether `learn_identity_table` has something to do.
    pub fn identity_table_is_due(&self) -> bool {
        self.shared.identity.table().is_due()
    }

    /// Reads the keys of the identity table, so that a look-up of what is not in it costs no page. One at a time; the
    /// view is to be newer than the call of `identity_table_is_due`.
    ///
    /// # Errors
    /// When the table cannot be read: look-ups go on as before.
    pub fn learn_identity_table(&self, system: SystemScope) -> Result<(), StoreError> {
        let (table, SystemScope { .. }) = (self.shared.identity.table(), system);
        self.shared.identity.begin_learning();
        let learned = self.view().and_then(|view| {
            view.scan_all::<tables::Identity>(&mut |workspace, (kind, hash, _, _), ()| {
                table.learn(&identity::IdentityKey { workspace, kind, hash });
                std::ops::ControlFlow::Continue(())
            })
        });
        match learned {
            Ok(()) => table.learned(),
            Err(_) => table.give_up(),
        }
        learned
    }

    pub fn identity_bytes(&self) -> usize {
        self.shared.identity.bytes()
    }

    pub fn identity_is_flushed(&self) -> bool {
        self.shared.identity.is_empty()
    }

    /// For `transactions::identity` only.
    pub(in crate::store) fn identity_slice(&self, last_seq: u64, most: usize) -> Option<Slice> {
        self.shared.identity.next_slice(last_seq, most)
    }

    /// For `transactions::identity` only.
    pub(in crate::store) fn identity_written(&self, written: usize) {
        self.shared.identity.written(written);
    }

    pub fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// # Errors
    /// When the engine cannot tell.
    pub fn stats(&self) -> Result<EngineStats, StoreError> {
        Ok(self.shared.engine.stats()?)
    }

    /// Verifies every checksum of the store file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn check_integrity(&self) -> Result<bool, StoreError> {
        Ok(self.shared.engine.check_integrity()?)
    }
}

fn holds_identities(view: &View) -> Result<bool, StoreError> {
    let mut holds = false;
    view.scan_all::<tables::Identity>(&mut |_, _, ()| {
        holds = true;
        std::ops::ControlFlow::Break(())
    })?;
    Ok(holds)
}
