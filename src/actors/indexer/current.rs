//! The index that searches use now, and how far it sees.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::deps::Clock;
use crate::search::SearchIndex;

/// How far searches see, per outbox lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visible {
    pub live: u64,
    pub bulk: u64,
}

#[derive(Clone)]
struct Shown {
    index: SearchIndex,
    /// False while it is being filled from the tables: searches find what is in it so far.
    is_complete: bool,
}

/// Shared by the Indexer, who publishes, and searches. Cheap to clone.
#[derive(Clone)]
pub struct CurrentIndex {
    index: Arc<RwLock<Option<Shown>>>,
    visible: Arc<watch::Sender<Visible>>,
}

impl Default for CurrentIndex {
    fn default() -> Self {
        Self { index: Arc::default(), visible: Arc::new(watch::Sender::new(Visible::default())) }
    }
}

impl CurrentIndex {
    /// The index, which may still be filled; `None` while one is being opened.
    pub fn get(&self) -> Option<SearchIndex> {
        self.shown().map(|shown| shown.index)
    }

    /// The index, if it holds every lead but for what [`Self::visible`] tells.
    pub fn complete(&self) -> Option<SearchIndex> {
        self.shown().filter(|shown| shown.is_complete).map(|shown| shown.index)
    }

    fn shown(&self) -> Option<Shown> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn visible(&self) -> Visible {
        *self.visible.borrow()
    }

    /// Waits until every live change up to `seq` is visible, and every bulk one where `also_bulk`; false when `patience`
    /// was over before.
    pub async fn wait_for(&self, clock: &dyn Clock, seq: u64, also_bulk: bool, patience: Duration) -> bool {
        let mut visible = self.visible.subscribe();
        let reached = visible.wait_for(|seen| seen.live >= seq && (!also_bulk || seen.bulk >= seq));
        tokio::select! {
            reached = reached => reached.is_ok(),
            () = clock.sleep(patience) => false,
        }
    }

    pub fn publish(&self, index: SearchIndex, visible: (u64, u64)) {
        self.show(index, true);
        self.seen(visible);
    }

    /// Shows an index that is being filled.
    pub fn publish_partial(&self, index: SearchIndex) {
        self.seen((0, 0));
        self.show(index, false);
    }

    fn show(&self, index: SearchIndex, is_complete: bool) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Some(Shown { index, is_complete });
    }

    pub fn withdraw(&self) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn seen(&self, (live, bulk): (u64, u64)) {
        self.visible.send_if_modified(|seen| {
            let now = Visible { live, bulk };
            let changed = *seen != now;
            *seen = now;
            changed
        });
    }
}
