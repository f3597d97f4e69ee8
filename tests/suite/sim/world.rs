//! The simulated house: store on the in-memory engine, index in memory, workers driven by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use galena::actors::indexer::feed::{Fed, Feed};
use galena::deps::{Deps, Random, SeededRandom, Simulation};
use galena::domain::id::{Id, LeadId, ListId, WorkspaceId};
use galena::search::SearchIndex;
use galena::store::engine::{CommitFault, Engine, MemoryEngine};
use galena::store::tables::TABLE_NAMES;
use galena::store::transactions::identity::FlushIdentity;
use galena::store::transactions::outbox::{SetCheckpoint, TrimOutbox};
use galena::store::{
    Checkpoint, IdentityHasher, Origin, Store, StoreOptions, SubmitError, SystemScope, Transaction, Urgency,
    WorkspaceScope, outbox,
};

use super::imports::ImportDesk;

/// What the clients of the house were told and may rely on.
#[derive(Debug, Default)]
pub struct Promised {
    /// Leads that are there, with the e-mail and title last acknowledged.
    pub leads: BTreeMap<(WorkspaceId, LeadId), (String, Option<String>)>,
    /// Lists that are there.
    pub lists: BTreeMap<(WorkspaceId, ListId), ListState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListState {
    Open,
    Archived,
    Deleted,
}

pub struct World {
    pub seed: u64,
    pub random: SeededRandom,
    pub simulation: Simulation,
    pub engine: Arc<MemoryEngine>,
    pub store: Store,
    pub index: SearchIndex,
    pub feed: Feed,
    pub promised: Promised,
    pub imports: ImportDesk,
    pub crashes: u64,
    /// The last acts, told when something is wrong.
    pub trail: Vec<String>,
}

const TRAIL: usize = 40;

impl World {
    pub fn new(seed: u64) -> Self {
        let simulation = Simulation::from_seed(seed);
        let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
        let store = open(&engine, &simulation.deps);
        let index = SearchIndex::in_ram().expect("an index in memory");
        let feed = Feed::resume(store.clone(), index.clone(), 15 << 20).expect("a feed");
        let imports = ImportDesk::new(&store);
        Self {
            seed,
            random: SeededRandom::new(seed ^ 0x5eed),
            simulation,
            engine,
            store,
            index,
            feed,
            promised: Promised::default(),
            imports,
            crashes: 0,
            trail: Vec::new(),
        }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.random.u64() % bound.max(1)
    }

    pub fn scope(&mut self) -> WorkspaceScope {
        let workspace = 1 + self.below(2);
        scope(WorkspaceId::from_u64(workspace))
    }

    pub fn origin(&self) -> Origin {
        Origin::system(self.simulation.deps.clock.now())
    }

    pub fn note(&mut self, act: String) {
        if self.trail.len() == TRAIL {
            self.trail.remove(0);
        }
        self.trail.push(act);
    }

    /// Submits and, as callers do, runs an act of unknown outcome again.
    pub fn submit<T: Transaction + Clone>(&mut self, transaction: T, urgency: Urgency) -> Result<T::Out, SubmitError> {
        loop {
            let answer = self.store.submit(transaction.clone(), urgency).now_or_never().expect("served in place");
            match answer {
                Ok(committed) => return Ok(committed.out),
                Err(SubmitError::OutcomeUnknown(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub fn step(&mut self, step: u64) {
        match self.below(1_000) {
            0..3 => self.crash(),
            3..8 => {
                let fault = if self.below(2) == 0 { CommitFault::Lost } else { CommitFault::Kept };
                self.note(format!("{step}: the next commit fails ({fault:?})"));
                self.engine.fail_next_commit(fault);
            }
            8..150 => self.feed_some(),
            150..200 => self.flush_identity(),
            200..220 => self.trim(),
            220..300 => {
                let ms = self.below(3_000);
                self.simulation.clock.advance(Duration::from_millis(ms));
            }
            _ => self.act(step),
        }
        if step.is_multiple_of(500) {
            self.audit();
        }
        if step.is_multiple_of(2_500) {
            self.audit_by_check();
        }
    }

    /// Everything that was not committed is gone, as after `kill -9`.
    pub fn crash(&mut self) {
        self.crashes += 1;
        self.note("crash".to_owned());
        self.engine = Arc::new(self.engine.durable_copy());
        self.store = open(&self.engine, &self.simulation.deps);
        self.imports.restart(&self.store);
        self.reopen_feed();
    }

    fn reopen_feed(&mut self) {
        // The index keeps what was committed; the uncommitted rest goes with its writer.
        let placeholder = SearchIndex::in_ram().expect("an index in memory");
        let other = Feed::resume(self.store.clone(), placeholder, 15 << 20).expect("a feed");
        drop(std::mem::replace(&mut self.feed, other));
        self.feed = Feed::resume(self.store.clone(), self.index.clone(), 15 << 20).expect("a feed");
    }

    fn feed_some(&mut self) {
        self.feed.step().expect("the feed goes on");
    }

    pub fn flush_identity(&mut self) {
        let most = 1 + self.below(200) as usize;
        let flush = FlushIdentity { store: self.store.clone(), most };
        drop(self.store.submit(flush, Urgency::Bulk).now_or_never().expect("served in place"));
    }

    fn trim(&mut self) {
        let (live, bulk) = self.feed.visible();
        let set = SetCheckpoint { consumer: outbox::SEARCH, reached: Checkpoint { live, bulk } };
        drop(self.submit(set, Urgency::Bulk));
        drop(self.submit(TrimOutbox { most: 1_000, max_entries: 5_000_000 }, Urgency::Bulk));
    }

    /// Finishes all work that is open and looks at everything once more.
    pub fn finish(&mut self) {
        self.crash();
        self.audit_by_check();
        self.finish_imports();
        self.feed.rest().ok();
        while !self.store.identity_is_flushed() {
            self.flush_identity();
        }
        while self.feed.step().expect("the feed goes on") != Fed::CaughtUp {
            self.simulation.clock.advance(Duration::from_secs(3));
        }
        self.audit();
        self.audit_index();
        self.audit_by_check();
    }
}

pub fn scope(workspace: WorkspaceId) -> WorkspaceScope {
    SystemScope::for_the_house().within(workspace)
}

fn open(engine: &Arc<MemoryEngine>, deps: &Deps) -> Store {
    let engine: Arc<dyn Engine> = engine.clone();
    let (store, core) = Store::open(engine, deps.clone(), IdentityHasher::new([9; 32]), StoreOptions::default())
        .expect("the store opens");
    store.serve_inline(core);
    store
}
