//! One chunk of an import: a verdict per row, and everything that follows from it, in one transaction.
//!
//! The rows come parsed, normalised and hashed. Their counts, the place in the file and the rows themselves commit
//! together, so whoever goes on after a crash neither repeats nor leaves out a row.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::domain::delimited::Position;
use crate::domain::id::{Id, ImportId, LeadId, ListId};
use crate::domain::identity::{Identity, MatchRule, Verdict, sufficient};
use crate::domain::lead::{Lead, LeadField};
use crate::domain::list::List;
use crate::domain::time::Time;
use crate::store::identity::IdentityKey;
use crate::store::record::Blob;
use crate::store::records::import::{
    BeforeImage, DuplicateHandling, Import, ImportPlan, ImportState, MAX_ERRORS, RejectedRow, RowError, UpdatePolicy,
};
use crate::store::suppressions::InUse;
use crate::store::tables::{ImportBefore, ImportRejects, ImportRuns, Imports, Leads, Lists, Originals};
use crate::store::transactions::imports::{import, origin_of, progress_json};
use crate::store::transactions::lead_rows::{Judge, Tell, insert_lead, note_possible_duplicate, replace_lead};
use crate::store::transactions::leads::{differences, stamped};
use crate::store::transactions::lists::open_list;
use crate::store::{Fact, Lane, Reads, Refusal, Reject, Subject, Transaction, Tx, WorkspaceScope};

/// How often progress is told (design 2: at most four a second).
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Rows between two looks at the clock.
const STRIDE: usize = 16;

/// The reason of a row that the user left out.
pub const DROPPED_BY_USER: &str = "dropped_by_user";
/// The reason of a row whose person, domain, company or number is to be left alone.
pub const SUPPRESSED: &str = "suppressed";

/// A row as the Importer hands it over.
#[derive(Debug, Clone)]
pub struct ParsedRow {
    /// The line it starts in, from 1.
    pub line: u64,
    /// Behind the row: where the next one is read from.
    pub end: Position,
    /// As it is stored when it is new: list, origin, tags, times, score and version included.
    pub lead: Lead,
    pub identity: Identity,
    pub keys: Vec<IdentityKey>,
    /// Cells that could not be used; `row` and `line` are those of the row.
    pub errors: Vec<RowError>,
    /// What a user should look at in the row, though nothing of it is lost.
    pub notes: Vec<RowError>,
    /// Codes of what a user may want to know.
    pub warnings: Vec<&'static str>,
    /// Where its cells are in [`ParsedRows::ends`].
    pub cells: std::ops::Range<usize>,
    /// The user left it out.
    pub is_dropped: bool,
}

/// Rows that follow each other in a file.
#[derive(Debug, Default)]
pub struct ParsedRows {
    /// The number of the first one, from 0.
    pub first_row: u64,
    pub rows: Vec<ParsedRow>,
    /// All cells as they stand in the file, one behind the other.
    pub text: String,
    /// Where each cell ends in `text`.
    pub ends: Vec<usize>,
    /// Compressed blocks of original rows, each with the number of its first row; ascending.
    pub originals: Vec<(u64, Blob)>,
}

impl ParsedRows {
    /// The cells of the row at `index`.
    pub fn cells(&self, index: usize) -> Vec<&str> {
        let Some(row) = self.rows.get(index) else { return Vec::new() };
        let cell = |place: usize| {
            let start = if place == 0 { 0 } else { self.ends[place - 1] };
            self.text.get(start..self.ends[place]).unwrap_or_default()
        };
        row.cells.clone().map(cell).collect()
    }
}

/// Writes rows of `rows` from index `from` on, as many as the time allows.
pub struct ImportChunk {
    pub scope: WorkspaceScope,
    pub import: ImportId,
    pub at: Time,
    pub rows: Arc<ParsedRows>,
    pub from: usize,
    /// The id of the row at index 0, if it is new; the others count on from it.
    pub first_id: LeadId,
    pub rows_per_second: u32,
}

/// How far a chunk came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkDone {
    /// Rows written by this transaction.
    pub rows: usize,
    /// Rows of the file that are in a bucket now.
    pub processed: u64,
}

impl Transaction for ImportChunk {
    type Out = ChunkDone;
    const NAME: &'static str = "imports.chunk";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<ChunkDone, Refusal> {
        let row = import(tx, &self.scope, self.import)?;
        if row.state != ImportState::Processing {
            return Err(Reject::Conflict(format!("the import is {}", row.state.name())).into());
        }
        if row.processed() != self.rows.first_row + self.from as u64 {
            return Err(Reject::Conflict("the import has moved on".to_owned()).into());
        }
        let list = open_list(tx, &self.scope, row.list)?;
        let suppressions = InUse::load(tx, &self.scope)?;
        let mut writing = Writing::new(self, row, list, suppressions);
        let mut done = 0;
        for index in self.from..self.rows.rows.len() {
            if done > 0 && done % STRIDE == 0 && tx.time_is_up() {
                break;
            }
            writing.row(tx, index)?;
            done += 1;
        }
        writing.conclude(tx, done)
    }
}

/// The state of one chunk while its rows are written.
struct Writing<'c> {
    chunk: &'c ImportChunk,
    row: Import,
    list: List,
    judge: Judge,
    suppressions: InUse,
    created: Vec<u64>,
    updated: Vec<u64>,
    /// Rows created here whose lead is still what the row says.
    fresh: HashSet<usize>,
}

impl<'c> Writing<'c> {
    fn new(chunk: &'c ImportChunk, row: Import, list: List, suppressions: InUse) -> Self {
        let judge = Judge::new(chunk.scope, row.list, list.dedupe_scope);
        let rows = chunk.rows.rows.len() - chunk.from;
        Self {
            chunk,
            row,
            list,
            judge,
            suppressions,
            created: Vec::with_capacity(rows),
            updated: Vec::new(),
            fresh: HashSet::with_capacity(rows),
        }
    }

    fn id_of(&self, index: usize) -> LeadId {
        LeadId::from_u64(self.chunk.first_id.as_u64() + index as u64)
    }

    fn row(&mut self, tx: &mut Tx<'_>, index: usize) -> Result<(), Refusal> {
        let chunk = self.chunk;
        let parsed = &chunk.rows.rows[index];
        if parsed.is_dropped {
            self.row.results.skipped += 1;
            self.row.reasons.note(DROPPED_BY_USER);
            return Ok(());
        }
        self.note_cells(parsed);
        if let Err(reason) = sufficient(&parsed.identity, self.list.identity) {
            return self.reject(tx, index, reason.code(), &reason.to_string());
        }
        if self.suppressions.find(tx, &chunk.scope, &parsed.lead)?.is_some() {
            self.row.results.skipped += 1;
            self.row.reasons.note(SUPPRESSED);
            return Ok(());
        }
        let verdict = match self.row.plan.duplicates {
            DuplicateHandling::Create => Verdict::New,
            DuplicateHandling::Skip | DuplicateHandling::Update => {
                let (fresh, first) = (&self.fresh, chunk.first_id.as_u64());
                let of_fresh = |id: LeadId| -> Option<&'c Identity> {
                    let index = usize::try_from(id.as_u64().checked_sub(first)?).ok()?;
                    fresh.contains(&index).then(|| &chunk.rows.rows[index].identity)
                };
                self.judge.judge(tx, &parsed.identity, &parsed.keys, &of_fresh)?
            }
        };
        match verdict {
            Verdict::New => {
                let id = self.id_of(index);
                insert_lead(tx, &chunk.scope, id, &parsed.lead, &parsed.keys, Tell::Caller)?;
                self.created.push(id.as_u64());
                self.fresh.insert(index);
                self.row.results.created += 1;
                Ok(())
            }
            Verdict::Same { lead, rule, possible_duplicates } => {
                self.row.duplicates += 1;
                if !possible_duplicates.is_empty() {
                    self.row.possible_duplicates += 1;
                }
                for other in possible_duplicates {
                    note_possible_duplicate(tx, &chunk.scope, lead, other, "an imported row has keys of both")?;
                }
                match self.row.plan.duplicates {
                    DuplicateHandling::Update => self.update(tx, index, lead, rule),
                    DuplicateHandling::Skip | DuplicateHandling::Create => {
                        self.row.results.skipped += 1;
                        self.row.reasons.note(reason_of(rule));
                        Ok(())
                    }
                }
            }
        }
    }

    fn note_cells(&mut self, parsed: &ParsedRow) {
        for warning in &parsed.warnings {
            self.row.warnings.note(warning);
        }
        self.row.cell_errors += parsed.errors.len() as u64;
        let room = MAX_ERRORS.saturating_sub(self.row.errors.len());
        self.row.errors.extend(parsed.errors.iter().chain(&parsed.notes).take(room).cloned());
    }

    fn reject(&mut self, tx: &mut Tx<'_>, index: usize, code: &str, reason: &str) -> Result<(), Refusal> {
        let rows = &self.chunk.rows;
        let parsed = &rows.rows[index];
        let number = rows.first_row + index as u64;
        let mut reasons = vec![reason.to_owned()];
        reasons.extend(parsed.errors.iter().map(|error| match &error.column {
            Some(column) => format!("{column}: {}", error.error),
            None => error.error.clone(),
        }));
        let cells = rows.cells(index).into_iter().map(str::to_owned).collect();
        let rejected = RejectedRow { line: parsed.line, reasons, cells };
        tx.put::<ImportRejects>(&self.chunk.scope, (self.chunk.import, number), &rejected)?;
        self.row.results.rejected += 1;
        self.row.reasons.note(code);
        if self.row.errors.len() < MAX_ERRORS {
            self.row.errors.push(RowError {
                row: number + 1,
                line: parsed.line,
                column: None,
                field: None,
                code: code.to_owned(),
                error: reason.to_owned(),
            });
        }
        Ok(())
    }

    fn update(&mut self, tx: &mut Tx<'_>, index: usize, id: LeadId, rule: MatchRule) -> Result<(), Refusal> {
        let chunk = self.chunk;
        let Some(before) = tx.get::<Leads>(&chunk.scope, (id,))? else {
            return Err(Reject::Conflict("a matched lead is gone".to_owned()).into());
        };
        if before.list != self.row.list && is_archived(tx, &chunk.scope, before.list)? {
            self.row.results.skipped += 1;
            self.row.reasons.note("list_archived");
            return Ok(());
        }
        let after = merged(&before, &chunk.rows.rows[index].lead, &self.row.plan);
        self.row.results.updated += 1;
        if differences(&before, &after).is_none() {
            self.row.reasons.note("unchanged");
            return Ok(());
        }
        self.row.reasons.note(reason_of(rule));
        if before.list != self.row.list {
            self.row.reasons.note("updated_in_another_list");
        }
        let after = stamped(tx, &before, after, &origin_of(&self.row, chunk.at));
        self.keep_image(tx, id, &before, after.version)?;
        replace_lead(tx, &chunk.scope, id, &before, &after, Tell::Each(Lane::Bulk))?;
        self.judge.forget(id);
        if let Some(place) = id.as_u64().checked_sub(chunk.first_id.as_u64()) {
            self.fresh.remove(&usize::try_from(place).unwrap_or(usize::MAX));
        }
        self.updated.push(id.as_u64());
        Ok(())
    }

    /// Keeps what undo needs: the lead before this import first touched it, and the version it was left with.
    fn keep_image(&self, tx: &mut Tx<'_>, id: LeadId, before: &Lead, version_after: u64) -> Result<(), Refusal> {
        let key = (self.chunk.import, id);
        let own = before.origin.is_some_and(|origin| origin.import == self.chunk.import);
        let image = match tx.get::<ImportBefore>(&self.chunk.scope, key)? {
            Some(image) if image.version_after == before.version => BeforeImage { version_after, ..image },
            // Somebody changed the lead between two rows of this import: undo leaves it alone.
            Some(_) => return Ok(()),
            None if own && before.version > 1 => return Ok(()),
            None => BeforeImage { lead: (!own).then(|| before.clone()), version_after, at: self.chunk.at },
        };
        Ok(tx.put::<ImportBefore>(&self.chunk.scope, key, &image)?)
    }

    fn conclude(mut self, tx: &mut Tx<'_>, done: usize) -> Result<ChunkDone, Refusal> {
        let (chunk, scope) = (self.chunk, &self.chunk.scope);
        let rows = &chunk.rows;
        if let Some(last) = (chunk.from + done).checked_sub(1).and_then(|last| rows.rows.get(last)) {
            self.row.offset = last.end.offset;
            self.row.line = last.end.line;
        }
        let first_row = rows.first_row + chunk.from as u64;
        let written = first_row..first_row + done as u64;
        for (first, block) in rows.originals.iter().filter(|(first, _)| written.contains(first)) {
            tx.put::<Originals>(scope, (chunk.import, *first), block)?;
        }
        if let (Some(first), Some(last)) = (self.created.first(), self.created.last()) {
            let (first, last) = (LeadId::from_u64(*first), LeadId::from_u64(*last));
            tx.put::<ImportRuns>(scope, (chunk.import, first), &last)?;
            // A lead that a later row changed is told of already, and its document stands in the index before the run comes.
            let all_new = self.fresh.len() == self.created.len();
            tx.touched_range(scope, Lane::Bulk, first, last, all_new)?;
        }
        let origin = origin_of(&self.row, chunk.at);
        let ids: Vec<u64> = self.created.iter().chain(&self.updated).copied().collect();
        if !ids.is_empty() {
            let fact = Fact::new("import.rows_written", Subject::import(chunk.import))
                .ids(ids)
                .change(None, Some(&json!({ "created": self.created.len(), "updated": self.updated.len() })));
            tx.event(scope, &origin, fact)?;
        }
        self.row.rows_per_second = chunk.rows_per_second;
        if chunk.at.since(self.row.told_at) >= TELL_EVERY {
            self.row.told_at = chunk.at;
            let fact = Fact::new("import.progressed", Subject::import(chunk.import));
            tx.event(scope, &origin, fact.change(None, Some(&progress_json(&self.row))))?;
        }
        tx.put::<Imports>(scope, (chunk.import,), &self.row)?;
        Ok(ChunkDone { rows: done, processed: self.row.processed() })
    }
}

fn is_archived(reads: &impl Reads, scope: &WorkspaceScope, list: ListId) -> Result<bool, Refusal> {
    Ok(reads.get::<Lists>(scope, (list,))?.is_none_or(|list| list.archived_at.is_some()))
}

/// The name of a rule in the reasons of an import.
pub fn reason_of(rule: MatchRule) -> &'static str {
    match rule {
        MatchRule::LinkedIn => "duplicate_linkedin",
        MatchRule::Email => "duplicate_email",
        MatchRule::NameAndCompany => "duplicate_name_and_company",
        MatchRule::SharedKey => "duplicate_shared_key_and_name",
    }
}

/// `before` with what the row has, as the plan says per field.
pub fn merged(before: &Lead, row: &Lead, plan: &ImportPlan) -> Lead {
    let policy = |name: &str| {
        plan.on_update.iter().find(|(field, _)| field == name).map_or(UpdatePolicy::default(), |(_, policy)| *policy)
    };
    let replaces = |name: &str, has: bool| match policy(name) {
        UpdatePolicy::Keep => false,
        UpdatePolicy::Fill => !has,
        UpdatePolicy::Overwrite => true,
    };
    let mut after = before.clone();
    for field in LeadField::ALL {
        if let Some(value) = row.field(field)
            && replaces(field.name(), before.field(field).is_some())
        {
            after.set_field(field, Some(value.to_owned()));
        }
    }
    after.forget_outdated(before);
    for (name, value) in &row.custom_fields {
        if replaces(&format!("customFields.{name}"), before.custom_field(name).is_some()) {
            after.set_custom_field(name, Some(value.clone()));
        }
    }
    for tag in &row.tags {
        if !after.tags.contains(tag) {
            after.tags.push(tag.clone());
        }
    }
    after
}
