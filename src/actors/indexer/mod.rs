//! Indexer: keeps the search index in step with the store.
//!
//! Owns: the tantivy writer and how far it has come ([`feed::Feed`]). Receives: `Feed`, a wake-up and a timer.
//! Sends: `outbox.checkpoint` to the store now and then, so that the outbox can be trimmed.
//! Fails by: an index error; it reopens and replays from the checkpoint, the third time it builds a new generation.
//! Restarts with: the checkpoint in the index.

mod current;
pub mod feed;

use std::time::Duration;

pub use self::current::{CurrentIndex, Visible};
use self::feed::{Fed, Feed, FeedError, fill};
use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn};
use crate::search::{Generations, OpenCheck, Opened, RebuildReason, SearchIndex};
use crate::store::transactions::outbox::SetCheckpoint;
use crate::store::{Checkpoint, Store, Urgency, outbox};

const LOOK_EVERY: Duration = Duration::from_millis(250);
const REST_AFTER: Duration = Duration::from_secs(30);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);
/// Restarts in a row after which the index is built anew.
const REBUILD_AT: u32 = 3;

/// What an Indexer works with.
#[derive(Clone)]
pub struct IndexerParts {
    pub store: Store,
    pub generations: Generations,
    pub current: CurrentIndex,
    pub memory_bytes: usize,
}

pub struct Indexer {
    parts: IndexerParts,
    feed: Option<Feed>,
    failures: u32,
    idle_since: Option<Duration>,
    checkpoint_at: Duration,
    checkpoint: (u64, u64),
}

/// Time to look at the outbox.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl Indexer {
    pub fn new(parts: IndexerParts) -> Self {
        Self { parts, feed: None, failures: 0, idle_since: None, checkpoint_at: Duration::ZERO, checkpoint: (0, 0) }
    }

    fn open(&self) -> Result<Feed, FeedError> {
        let index = if self.failures >= REBUILD_AT {
            self.build_anew("it failed three times in a row")?
        } else {
            // Every byte is checked, at a second for some million leads: a damaged segment gives wrong answers or a panic.
            match SearchIndex::open(&self.parts.generations, OpenCheck::Checksums)? {
                Opened::Ready(index) if self.is_not_ahead(&index)? => index,
                Opened::Ready(_) => self.build_anew("it is ahead of the store, as after a restore")?,
                Opened::NeedsRebuild(RebuildReason::Missing) => self.build_anew("there is none yet")?,
                Opened::NeedsRebuild(reason) => self.build_anew(&reason.to_string())?,
            }
        };
        let feed = Feed::resume(self.parts.store.clone(), index.clone(), self.parts.memory_bytes)?;
        self.parts.current.publish(index, feed.visible());
        Ok(feed)
    }

    /// An index that has seen more than the store holds, or less than the outbox still tells, cannot be replayed.
    fn is_not_ahead(&self, index: &SearchIndex) -> Result<bool, FeedError> {
        let view = self.parts.store.view()?;
        let Some(reached) = index.checkpoint()? else { return Ok(false) };
        let high_water = crate::store::meta::high_water(&view)?.seq;
        let trimmed = outbox::checkpoint(&view, outbox::TRIMMED)?;
        Ok(reached.live <= high_water
            && reached.bulk <= high_water
            && reached.live >= trimmed.live
            && reached.bulk >= trimmed.bulk)
    }

    fn build_anew(&self, why: &str) -> Result<SearchIndex, FeedError> {
        tracing::info!(why, "building the search index");
        let generations = &self.parts.generations;
        let index = SearchIndex::create(generations)?;
        // Searches find what is there already and say that it is not all.
        self.parts.current.publish_partial(index.clone());
        fill(&self.parts.store, &index, self.parts.memory_bytes)?;
        generations.publish(index.generation()).map_err(crate::search::SearchError::from)?;
        if let Err(error) = generations.remove_all_but(index.generation()) {
            tracing::warn!(%error, "old generations of the index could not be removed");
        }
        Ok(index)
    }

    fn look(&mut self, turn: &mut Turn<Self>) -> Result<(), FeedError> {
        let Some(feed) = &mut self.feed else { return Ok(()) };
        let now = self.parts.store.deps().clock.monotonic();
        let fed = feed.step()?;
        self.failures = 0;
        self.parts.current.seen(feed.visible());
        match fed {
            Fed::More => {
                self.idle_since = None;
                turn.notify(Look);
            }
            Fed::CommitIn(due) => {
                self.idle_since = None;
                turn.alarm(due.max(Duration::from_millis(5)), Look);
            }
            Fed::CaughtUp => {
                let since = *self.idle_since.get_or_insert(now);
                if now.saturating_sub(since) >= REST_AFTER {
                    feed.rest()?;
                }
                turn.alarm(LOOK_EVERY, Look);
            }
        }
        if now.saturating_sub(self.checkpoint_at) >= CHECKPOINT_EVERY && self.checkpoint != feed.visible() {
            self.checkpoint_at = now;
            self.checkpoint = feed.visible();
            let (live, bulk) = self.checkpoint;
            let store = self.parts.store.clone();
            let set = SetCheckpoint { consumer: outbox::SEARCH, reached: Checkpoint { live, bulk } };
            drop(turn.run(async move { store.submit(set, Urgency::Bulk).await }, |_, set, _| {
                if let Err(error) = set {
                    tracing::debug!(%error, "the checkpoint of the index was not noted; later");
                }
            }));
        }
        Ok(())
    }
}

impl Role for Indexer {
    const NAME: &'static str = "indexer";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        // The lock of the index goes with the writer.
        self.feed = None;
        self.parts.current.withdraw();
        self.feed = Some(self.open().map_err(|error| {
            self.failures += 1;
            RoleError::restart(error)
        })?);
        turn.notify(Look);
        Ok(())
    }

    fn stopping(&mut self) -> Result<(), RoleError> {
        match self.feed.take() {
            Some(mut feed) => feed.commit().and_then(|()| feed.rest()).map_err(RoleError::restart),
            None => Ok(()),
        }
    }
}

impl Handle<Look> for Indexer {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        if let Err(error) = self.look(turn) {
            self.failures += 1;
            turn.stop_with_error(RoleError::restart(error));
        }
        Outcome::now(())
    }
}
