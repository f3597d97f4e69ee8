//! Writes the index. A commit always says how far it reaches, and nothing that tantivy gets wrong can be called.
//!
//! Left out on purpose: a commit without a checkpoint (it would lose the one before), undoing uncommitted work, the
//! stamp of the last commit (stale), and emptying the index (build a new generation instead). After any error the
//! writer is dead: drop it, open another and replay from the checkpoint of the last commit.

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergePolicy, UserOperation};
use tantivy::schema::Term;
use tantivy::{Index, IndexWriter, TantivyDocument};

use super::document::LeadDocument;
use super::error::SearchError;
use super::schema::{SCHEMA, schema_hash};
use crate::domain::id::{Id, LeadId};

/// What the index threads together may hold before they write segments.
pub const DEFAULT_MEMORY_BYTES: usize = 48 << 20;

/// Workers that fill segments. Each writes one of its own at a commit; two, so that the second core is not idle once the
/// rows of an import are durable (100,000 rows searchable after 2.9 s instead of 3.9).
const MOST_WORKERS: usize = 2;

/// What tantivy asks for at the least for each.
const LEAST_WORKER_BYTES: usize = 16 << 20;

/// Segments that are merged at a time, and how many there may be while much is coming in: merges then take the time of
/// those who wait for their import.
const MERGED_SEGMENTS: usize = 8;
const MERGED_SEGMENTS_UNDER_LOAD: usize = 24;

/// Segments with more deleted documents than this share are merged; upserts leave one behind each.
const DELETED_SHARE_BEFORE_MERGE: f32 = 0.25;

/// How far an index reaches; the payload of every commit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Checkpoint {
    /// The last `seq` of the outbox lane that is in the index.
    pub live: u64,
    pub bulk: u64,
    pub schema_hash: String,
    pub generation: u64,
}

impl Checkpoint {
    /// A checkpoint of an index that this build writes.
    pub fn new(live: u64, bulk: u64, generation: u64) -> Self {
        Self { live, bulk, schema_hash: schema_hash(), generation }
    }
}

/// Changes in the order they are to be made.
#[derive(Debug, Default)]
pub struct Batch {
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Upsert(LeadDocument),
    Add(LeadDocument),
    Delete(LeadId),
}

impl Batch {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(changes: usize) -> Self {
        Self { changes: Vec::with_capacity(changes) }
    }

    /// Replaces whatever the index holds of the lead.
    pub fn upsert(&mut self, document: LeadDocument) {
        self.changes.push(Change::Upsert(document));
    }

    /// Adds a lead that is certainly not in the index yet. Cheaper than [`Self::upsert`]: a delete is looked up in
    /// every segment at the next commit. A lead added twice is found twice.
    pub fn add_new(&mut self, document: LeadDocument) {
        self.changes.push(Change::Add(document));
    }

    pub fn delete(&mut self, lead: LeadId) {
        self.changes.push(Change::Delete(lead));
    }

    pub fn len(&self) -> usize {
        self.changes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// The one writer of an index. Opens tantivy's writer (a thread and its memory) with the first change and can let go
/// of it when idle. All methods block.
pub struct SearchWriter {
    index: Index,
    memory_bytes: usize,
    is_under_load: bool,
    state: State,
}

enum State {
    Closed,
    Open { writer: Box<IndexWriter>, uncommitted: bool },
    Failed(String),
}

impl SearchWriter {
    /// Takes the lock of the index at once, so that a second writer fails here and not later.
    pub(super) fn open(index: Index, memory_bytes: usize) -> Result<Self, SearchError> {
        let mut writer = Self { index, memory_bytes, is_under_load: false, state: State::Closed };
        writer.opened()?;
        Ok(writer)
    }

    /// Hands changes to the index thread; they are searchable after [`Self::commit`] and a reload.
    pub fn apply(&mut self, batch: Batch) -> Result<(), SearchError> {
        if batch.is_empty() {
            return Ok(());
        }
        let (writer, uncommitted) = self.opened()?;
        *uncommitted = true;
        let outcome = batch.changes.into_iter().try_for_each(|change| {
            match change {
                Change::Upsert(document) => writer
                    .run(vec![UserOperation::Delete(lead_term(document.lead)), UserOperation::Add(document.fields)]),
                Change::Add(document) => writer.add_document(document.fields),
                Change::Delete(lead) => writer.run(vec![UserOperation::<TantivyDocument>::Delete(lead_term(lead))]),
            }
            .map(drop)
        });
        outcome.map_err(|error| self.fail(&error))
    }

    /// Makes everything applied so far durable together with `checkpoint`.
    pub fn commit(&mut self, checkpoint: &Checkpoint) -> Result<(), SearchError> {
        let payload = serde_json::to_string(checkpoint).map_err(|error| SearchError::Index(error.to_string()))?;
        let (writer, uncommitted) = self.opened()?;
        let outcome = writer.prepare_commit().and_then(|mut prepared| {
            prepared.set_payload(&payload);
            prepared.commit()
        });
        match outcome {
            Ok(_) => {
                *uncommitted = false;
                Ok(())
            }
            Err(error) => Err(self.fail(&error)),
        }
    }

    /// Whether much is coming in: then segments are merged later.
    pub fn set_under_load(&mut self, is_under_load: bool) {
        if let State::Open { writer, .. } = &self.state
            && self.is_under_load != is_under_load
        {
            writer.set_merge_policy(merge_policy(is_under_load));
            self.is_under_load = is_under_load;
        }
    }

    /// Frees the index thread, its memory and the lock if nothing waits for a commit; running merges are finished
    /// first. Tells whether it is closed now. The next change opens it again.
    pub fn close_idle(&mut self) -> Result<bool, SearchError> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open { writer, uncommitted: false } => {
                writer.wait_merging_threads()?;
                Ok(true)
            }
            State::Closed => Ok(true),
            busy_or_failed => {
                self.state = busy_or_failed;
                Ok(false)
            }
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    fn opened(&mut self) -> Result<(&mut IndexWriter, &mut bool), SearchError> {
        if matches!(self.state, State::Closed) {
            self.state = State::Open { writer: Box::new(self.open_engine()?), uncommitted: false };
            self.is_under_load = false;
        }
        match &mut self.state {
            State::Open { writer, uncommitted } => Ok((writer, uncommitted)),
            State::Failed(reason) => Err(SearchError::MustReopen(reason.clone())),
            State::Closed => Err(SearchError::MustReopen("closed".to_owned())),
        }
    }

    fn open_engine(&self) -> Result<IndexWriter, SearchError> {
        // As many as the memory is enough for: together they never hold more than they are given.
        let workers = (self.memory_bytes / LEAST_WORKER_BYTES).clamp(1, MOST_WORKERS);
        let options = IndexWriterOptions::builder()
            .num_worker_threads(workers)
            .memory_budget_per_thread(self.memory_bytes / workers)
            .num_merge_threads(1)
            .build();
        let writer = self.index.writer_with_options(options)?;
        writer.set_merge_policy(merge_policy(false));
        // A new writer counts on from the stamp of the last commit itself, so its first delete would carry that very
        // stamp. A merge of older segments then takes it as done for segments that had deletes in that commit, and the
        // document stays beside its replacement. An empty run uses the stamp up.
        writer.run(Vec::<UserOperation<TantivyDocument>>::new())?;
        Ok(writer)
    }

    /// Drops the dead writer, which frees the lock, and remembers why.
    fn fail(&mut self, error: &tantivy::TantivyError) -> SearchError {
        let reason = error.to_string();
        self.state = State::Failed(reason.clone());
        SearchError::MustReopen(reason)
    }
}

fn merge_policy(is_under_load: bool) -> Box<dyn MergePolicy> {
    let mut merging = LogMergePolicy::default();
    merging.set_del_docs_ratio_before_merge(DELETED_SHARE_BEFORE_MERGE);
    merging.set_min_num_segments(if is_under_load { MERGED_SEGMENTS_UNDER_LOAD } else { MERGED_SEGMENTS });
    Box::new(merging)
}

fn lead_term(lead: LeadId) -> Term {
    Term::from_field_u64(SCHEMA.1.lead, lead.as_u64())
}
