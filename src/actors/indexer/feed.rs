//! From the outbox to the search index, step by step. Blocking; the Indexer actor and the simulation drive it.
//!
//! 1. Take what is pending in the `live` lane, collapse repeated ids, read the rows as they are now, replace their documents.
//! 2. Nothing live: take a slice of the `bulk` lane. Leads that were all new are added without looking for an older document.
//! 3. Commit live work after 200 ms, bulk work after 50,000 documents, 2 s, or 150 ms without more, with the seqs reached
//!    as the payload.
//!
//! A commit works off everything handed over before, so bulk work between two commits is kept to what takes about a
//! second at the rate it has had lately, and to a quarter of that while somebody edits leads: his writes stand behind it.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::id::{Id, LeadId};
use crate::search::{Batch, Checkpoint, LeadDocument, SearchError, SearchIndex, SearchWriter};
use crate::store::records::outbox::OutboxEntry;
use crate::store::{Lane, Store, StoreError, View, meta, outbox};

const LIVE_ENTRIES: usize = 2_000;
/// Documents of one bulk step: short enough that an edit never waits long behind it.
const BULK_DOCUMENTS: usize = 4_000;
/// Documents after which an index that is being filled shows them; a multiple of a step.
const SHOWN_EVERY: usize = 25 * BULK_DOCUMENTS;
const LIVE_COMMIT_AFTER: Duration = Duration::from_millis(200);
const BULK_COMMIT_AFTER: Duration = Duration::from_secs(2);
/// Nothing came for so long: an import has ended, and somebody may wait for it.
const BULK_COMMIT_IDLE: Duration = Duration::from_millis(150);
const BULK_COMMIT_DOCUMENTS: usize = 50_000;
/// Live work that stands among bulk work: the commit is dear in any case.
const LIVE_AMONG_BULK_AFTER: Duration = Duration::from_millis(50);
/// How much work there may be between two commits, as the time it takes.
const BULK_WORTH: Duration = Duration::from_millis(1_200);
const BULK_WORTH_WHILE_EDITED: Duration = Duration::from_millis(200);
/// So long after a live write another one is expected.
const EDITED_FOR: Duration = Duration::from_secs(5);
/// However slow the box is, so many documents are worth a commit.
const LEAST_COMMIT_DOCUMENTS: usize = 500;
/// Documents a second before anything was measured: of a box that does nothing else.
const FIRST_RATE: f64 = 40_000.0;

/// Why the feed cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The outbox was trimmed beyond what this index has seen: it has to be built anew.
    #[error("the index fell behind the outbox")]
    PassedOver,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// There is more to take.
    More,
    /// Everything taken, a commit is due after this long.
    CommitIn(Duration),
    /// Everything is in the index and visible.
    CaughtUp,
}

/// The part of a bulk entry that was not taken yet.
#[derive(Debug, Clone, Copy)]
struct Started {
    seq: u64,
    next: u64,
}

pub struct Feed {
    store: Store,
    index: SearchIndex,
    writer: SearchWriter,
    /// How far the documents handed to the writer reach.
    live: u64,
    bulk: u64,
    started: Option<Started>,
    /// Entries up to here were there before this feed began: a commit may have taken an entry in part, so their leads may
    /// be in the index already.
    inherited: u64,
    /// Leads whose documents came through the live lane while bulk entries were pending.
    ahead: HashSet<u64>,
    dirty_live: Option<Duration>,
    dirty_bulk: Option<Duration>,
    /// When bulk work was last taken.
    bulk_taken: Duration,
    bulk_documents: usize,
    /// Documents a second that have become visible lately.
    rate: f64,
    edited_until: Duration,
    committed: (u64, u64),
}

impl Feed {
    /// Goes on from the checkpoint of `index`.
    ///
    /// # Errors
    /// When another writer has the index or its files cannot be read.
    pub fn resume(store: Store, index: SearchIndex, memory_bytes: usize) -> Result<Self, FeedError> {
        let writer = index.writer(memory_bytes)?;
        let (live, bulk) = index.checkpoint()?.map_or((0, 0), |reached| (reached.live, reached.bulk));
        let inherited = meta::high_water(&store.view()?)?.seq;
        Ok(Self {
            store,
            index,
            writer,
            live,
            bulk,
            started: None,
            inherited,
            ahead: HashSet::new(),
            dirty_live: None,
            dirty_bulk: None,
            bulk_taken: Duration::ZERO,
            bulk_documents: 0,
            rate: FIRST_RATE,
            edited_until: Duration::ZERO,
            committed: (live, bulk),
        })
    }

    /// How far searches see: every change of the lane up to this seq.
    pub fn visible(&self) -> (u64, u64) {
        self.committed
    }

    /// Takes the next portion.
    ///
    /// # Errors
    /// When rows or index cannot be read or written. The feed is then to be dropped and resumed from the checkpoint.
    pub fn step(&mut self) -> Result<Fed, FeedError> {
        let now = self.store.deps().clock.monotonic();
        let view = self.store.view()?;
        let trimmed = outbox::checkpoint(&view, outbox::TRIMMED)?;
        if trimmed.live > self.live || trimmed.bulk > self.bulk {
            return Err(FeedError::PassedOver);
        }
        let mut more = self.take_live(&view, now)?;
        if !more {
            more = self.take_bulk(&view, now)?;
        }
        let due = self.commit_due_in(now);
        match due {
            Some(due) if due.is_zero() => {
                // What is merged after the last commit of an import holds up nobody.
                let goes_on = now.saturating_sub(self.bulk_taken) < BULK_COMMIT_IDLE;
                self.writer.set_under_load(self.bulk_documents > 0 && goes_on);
                self.commit()?;
                Ok(if more { Fed::More } else { Fed::CaughtUp })
            }
            _ if more => Ok(Fed::More),
            Some(due) => Ok(Fed::CommitIn(due)),
            None => {
                // Seqs that no entry carries (events) are passed too, or a reader would wait for them.
                self.committed = (self.live, self.bulk);
                Ok(Fed::CaughtUp)
            }
        }
    }

    fn take_live(&mut self, view: &View, now: Duration) -> Result<bool, FeedError> {
        let entries = outbox::pending(view, Lane::Live, self.live, LIVE_ENTRIES)?;
        let Some((last, _)) = entries.last().copied() else {
            self.live = self.live.max(meta::high_water(view)?.seq);
            return Ok(false);
        };
        let mut seen = HashSet::with_capacity(entries.len());
        let mut batch = Batch::with_capacity(entries.len());
        // Newest first, so that of repeated ids one look is enough.
        for (_, entry) in entries.iter().rev() {
            if entry.first == entry.last && !seen.insert(entry.first) {
                continue;
            }
            outbox::leads_of(view, entry, &mut |scope, id, lead| {
                self.ahead.insert(id.as_u64());
                match lead {
                    Some(lead) => batch.upsert(LeadDocument::new(scope.workspace(), id, &lead)),
                    None => batch.delete(id),
                }
            })?;
        }
        self.writer.apply(batch)?;
        self.live = last;
        self.dirty_live.get_or_insert(now);
        self.edited_until = now + EDITED_FOR;
        Ok(true)
    }

    fn take_bulk(&mut self, view: &View, now: Duration) -> Result<bool, FeedError> {
        let entries = outbox::pending(view, Lane::Bulk, self.bulk, 64)?;
        if entries.is_empty() {
            self.bulk = self.bulk.max(meta::high_water(view)?.seq);
            self.ahead.clear();
            return Ok(false);
        }
        self.bulk_taken = now;
        let mut room = BULK_DOCUMENTS.min(self.commit_documents(now));
        for (seq, entry) in entries {
            let taken = self.take_bulk_entry(view, seq, &entry, room)?;
            self.dirty_bulk.get_or_insert(now);
            self.bulk_documents += taken;
            room = room.saturating_sub(taken.max(1));
            if self.started.is_some() {
                break;
            }
            self.bulk = seq;
            if room == 0 {
                break;
            }
        }
        Ok(true)
    }

    /// Takes at most `room` leads of an entry; `started` remembers where to go on.
    fn take_bulk_entry(&mut self, view: &View, seq: u64, entry: &OutboxEntry, room: usize) -> Result<usize, FeedError> {
        let from = match self.started.take() {
            Some(started) if started.seq == seq => started.next,
            _ => entry.first,
        };
        let certainly_new = entry.all_new && seq > self.inherited;
        let mut batch = Batch::with_capacity(room);
        if entry.first == entry.last {
            outbox::leads_of(view, entry, &mut |scope, id, lead| match lead {
                Some(lead) => batch.upsert(LeadDocument::new(scope.workspace(), id, &lead)),
                None => batch.delete(id),
            })?;
            self.writer.apply(batch)?;
            return Ok(1);
        }
        let part = OutboxEntry { first: from, ..*entry };
        let mut next = None;
        outbox::some_leads_of(view, &part, room, &mut |scope, id, lead| {
            let document = LeadDocument::new(scope.workspace(), id, &lead);
            if certainly_new && !self.ahead.contains(&id.as_u64()) {
                batch.add_new(document);
            } else {
                batch.upsert(document);
            }
            next = id.as_u64().checked_add(1);
        })?;
        let taken = batch.len();
        self.writer.apply(batch)?;
        if taken == room
            && let Some(next) = next
            && next <= entry.last
        {
            self.started = Some(Started { seq, next });
        }
        Ok(taken)
    }

    /// After how many bulk documents a commit is due.
    fn commit_documents(&self, now: Duration) -> usize {
        let worth = if now < self.edited_until { BULK_WORTH_WHILE_EDITED } else { BULK_WORTH };
        let documents = self.rate * worth.as_secs_f64();
        // A float beyond the range becomes its end.
        (documents as usize).clamp(LEAST_COMMIT_DOCUMENTS, BULK_COMMIT_DOCUMENTS)
    }

    fn commit_due_in(&self, now: Duration) -> Option<Duration> {
        let left = |since: Duration, after: Duration| after.saturating_sub(now.saturating_sub(since));
        let live_after = if self.bulk_documents > 0 { LIVE_AMONG_BULK_AFTER } else { LIVE_COMMIT_AFTER };
        let live = self.dirty_live.map(|since| left(since, live_after));
        let bulk = self.dirty_bulk.map(|since| match self.bulk_documents >= self.commit_documents(now) {
            true => Duration::ZERO,
            false => left(since, BULK_COMMIT_AFTER).min(left(self.bulk_taken, BULK_COMMIT_IDLE)),
        });
        match (live, bulk) {
            (Some(live), Some(bulk)) => Some(live.min(bulk)),
            (one, other) => one.or(other),
        }
    }

    /// Learns from a commit how fast the box is. Small ones say little: their cost is that of any commit.
    fn learn_rate(&mut self, now: Duration) {
        if let Some(since) = self.dirty_bulk
            && self.bulk_documents >= LEAST_COMMIT_DOCUMENTS
        {
            let took = now.saturating_sub(since).as_secs_f64().max(0.001);
            self.rate = 0.5 * self.rate + 0.5 * self.bulk_documents as f64 / took;
        }
    }

    /// Makes everything taken so far visible.
    ///
    /// # Errors
    /// As [`Feed::step`].
    pub fn commit(&mut self) -> Result<(), FeedError> {
        self.writer.commit(&Checkpoint::new(self.live, self.bulk, self.index.generation()))?;
        self.index.reload()?;
        let now = self.store.deps().clock.monotonic();
        self.learn_rate(now);
        self.dirty_live = None;
        self.dirty_bulk = self.started.map(|_| now);
        self.bulk_documents = 0;
        self.committed = (self.live, self.bulk);
        Ok(())
    }

    /// Gives the index thread and its memory back while there is nothing to do.
    ///
    /// # Errors
    /// When running merges fail.
    pub fn rest(&mut self) -> Result<(), FeedError> {
        self.writer.close_idle()?;
        Ok(())
    }
}

/// Fills an empty index from the tables, as of one snapshot; returns the seq it reaches. What is in it shows from time to
/// time; before the end it says that it has reached nothing.
///
/// # Errors
/// When rows or index cannot be read or written.
pub fn fill(store: &Store, index: &SearchIndex, memory_bytes: usize) -> Result<u64, FeedError> {
    let view = store.view()?;
    let reached = meta::high_water(&view)?.seq;
    let mut writer = index.writer(memory_bytes)?;
    let mut failed = None;
    let mut batch = Batch::new();
    let mut taken = 0;
    outbox::all_leads(&view, &mut |scope, id: LeadId, lead| {
        batch.add_new(LeadDocument::new(scope.workspace(), id, &lead));
        if batch.len() >= BULK_DOCUMENTS {
            taken += batch.len();
            let show = taken.is_multiple_of(SHOWN_EVERY);
            failed = show_some(index, &mut writer, std::mem::take(&mut batch), show).err();
        }
        failed.is_none()
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    writer.apply(batch)?;
    writer.commit(&Checkpoint::new(reached, reached, index.generation()))?;
    index.reload()?;
    Ok(reached)
}

fn show_some(index: &SearchIndex, writer: &mut SearchWriter, batch: Batch, show: bool) -> Result<(), SearchError> {
    writer.apply(batch)?;
    if show {
        writer.commit(&Checkpoint::new(0, 0, index.generation()))?;
        index.reload()?;
    }
    Ok(())
}
