//! A whole import as a rehearsal: the same reading, rules and verdicts against the store as it is, and nothing written.
//!
//! What the import would write is remembered as identities, so memory grows with the file here: about half a kilobyte a
//! row that would be new.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::intake::Inspected;
use super::parse::{RowRules, read_chunk};
use super::problem::FileProblem;
use super::records::Records;
use super::spool::Spool;
use crate::domain::id::{Id, ImportId, LeadId, ListId, UploadId};
use crate::domain::identity::{Identity, Verdict, sufficient, verdict};
use crate::domain::lead::Lead;
use crate::domain::list::{DedupeScope, List};
use crate::domain::time::Time;
use crate::store::identity::IdentityKey;
use crate::store::records::import::{Buckets, DuplicateHandling, Import, RowError, Tally};
use crate::store::suppressions::InUse;
use crate::store::tables::{Leads, Lists};
use crate::store::transactions::import_rows::{DROPPED_BY_USER, ParsedRow, SUPPRESSED, merged, reason_of};
use crate::store::transactions::leads::differences;
use crate::store::{Reads, Store, StoreError, View, WorkspaceScope};

/// How many errors a rehearsal tells.
pub const MAX_ERRORS: usize = 1_000;
/// How many leads are shown before and after.
pub const MAX_SAMPLES: usize = 20;
const CHUNK_ROWS: usize = 5_000;
/// Ids of leads that would be made: behind every real one.
const FIRST_IMAGINED: u64 = 1 << 63;

/// What an import would come to.
#[derive(Debug, Default)]
pub struct DryRun {
    pub results: Buckets,
    pub duplicates: u64,
    pub possible_duplicates: u64,
    pub reasons: Tally,
    pub warnings: Tally,
    pub cell_errors: u64,
    pub errors: Vec<RowError>,
    pub samples: Vec<Sample>,
}

/// A lead that would be changed, its changed fields as they are and as they would be.
#[derive(Debug)]
pub struct Sample {
    /// 1 for the first record below the header.
    pub row: u64,
    /// `None` for a lead that an earlier row of the file would make.
    pub lead: Option<LeadId>,
    pub before: Value,
    pub after: Value,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum DryRunError {
    #[error(transparent)]
    File(#[from] FileProblem),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Into which list: one that is there, or one that would be made.
pub struct Target {
    pub id: ListId,
    pub list: List,
}

/// Rehearses. Reads the whole file: not on an async thread.
///
/// # Errors
/// The file or the store cannot be read.
pub fn dry_run(
    store: &Store,
    spool: &dyn Spool,
    scope: WorkspaceScope,
    upload: UploadId,
    inspected: &Inspected,
    target: Target,
) -> Result<DryRun, DryRunError> {
    let import = Import { list: target.id, plan: inspected.plan.clone(), ..Import::default() };
    let hasher = store.hasher().clone();
    let edits = inspected.edits.clone();
    let rules = RowRules::new(scope.workspace(), ImportId::default(), &import, hasher, *store.weights(), edits)?;
    let mut records = Records::of(spool, upload, &import.plan, import.plan.data())?;
    let mut rehearsal = Rehearsal {
        store,
        scope,
        target,
        import: &import,
        suppressions: InUse::load(&store.view()?, &scope)?,
        imagined: HashMap::new(),
        by_key: HashMap::new(),
        next: FIRST_IMAGINED,
        run: DryRun::default(),
    };
    let mut first_row = 0;
    loop {
        let raw = read_chunk(&mut records, first_row, CHUNK_ROWS)?;
        if raw.is_empty() {
            return Ok(rehearsal.run);
        }
        let parsed = rules.parse(raw, Time::default());
        let view = store.view()?;
        for (index, row) in parsed.rows.iter().enumerate() {
            rehearsal.row(&view, first_row + index as u64, row)?;
        }
        first_row += parsed.rows.len() as u64;
    }
}

/// A lead as the import would leave it.
struct Imagined {
    list: ListId,
    identity: Arc<Identity>,
    /// Only where rows may update leads.
    lead: Option<Lead>,
}

struct Rehearsal<'r> {
    store: &'r Store,
    scope: WorkspaceScope,
    target: Target,
    import: &'r Import,
    suppressions: InUse,
    imagined: HashMap<LeadId, Imagined>,
    by_key: HashMap<(u8, u64), Vec<LeadId>>,
    next: u64,
    run: DryRun,
}

impl Rehearsal<'_> {
    fn row(&mut self, view: &View, number: u64, row: &ParsedRow) -> Result<(), StoreError> {
        if row.is_dropped {
            self.run.results.skipped += 1;
            self.run.reasons.note(DROPPED_BY_USER);
            return Ok(());
        }
        row.warnings.iter().for_each(|warning| self.run.warnings.note(warning));
        self.run.cell_errors += row.errors.len() as u64;
        let room = MAX_ERRORS.saturating_sub(self.run.errors.len());
        self.run.errors.extend(row.errors.iter().chain(&row.notes).take(room).cloned());
        if let Err(reason) = sufficient(&row.identity, self.target.list.identity) {
            self.run.results.rejected += 1;
            self.run.reasons.note(reason.code());
            if self.run.errors.len() < MAX_ERRORS {
                let (code, error) = (reason.code().to_owned(), reason.to_string());
                let error = RowError { row: number + 1, line: row.line, column: None, field: None, code, error };
                self.run.errors.push(error);
            }
            return Ok(());
        }
        if self.suppressions.find(view, &self.scope, &row.lead)?.is_some() {
            self.run.results.skipped += 1;
            self.run.reasons.note(SUPPRESSED);
            return Ok(());
        }
        let handling = self.import.plan.duplicates;
        let verdict = if handling == DuplicateHandling::Create { Verdict::New } else { self.verdict(view, row)? };
        match verdict {
            Verdict::New => {
                let id = LeadId::from_u64(self.next);
                self.next += 1;
                self.run.results.created += 1;
                let lead = (handling == DuplicateHandling::Update).then(|| row.lead.clone());
                self.imagine(id, self.target.id, row.identity.clone(), &row.keys, lead);
            }
            Verdict::Same { lead, rule, possible_duplicates } => {
                self.run.duplicates += 1;
                self.run.possible_duplicates += u64::from(!possible_duplicates.is_empty());
                if handling == DuplicateHandling::Update {
                    return self.update(view, number, row, lead, reason_of(rule));
                }
                self.run.results.skipped += 1;
                self.run.reasons.note(reason_of(rule));
            }
        }
        Ok(())
    }

    fn verdict(&self, view: &View, row: &ParsedRow) -> Result<Verdict, StoreError> {
        let within = match self.target.list.dedupe_scope {
            DedupeScope::List => Some(self.target.id),
            DedupeScope::Workspace => None,
        };
        let mut known: Vec<(LeadId, Arc<Identity>)> = Vec::new();
        for key in &row.keys {
            for (id, indexed_in) in self.store.candidates(view, &self.scope, key.kind, key.hash, within)? {
                if known.iter().any(|(seen, _)| *seen == id) || self.imagined.contains_key(&id) {
                    continue;
                }
                let Some(lead) = view.get::<Leads>(&self.scope, (id,))? else { continue };
                if lead.list == indexed_in && self.is_live(view, lead.list)? {
                    known.push((id, Arc::new(Identity::of(&lead))));
                }
            }
            for id in self.by_key.get(&(key.kind, key.hash)).into_iter().flatten() {
                if let Some(imagined) = self.imagined.get(id)
                    && within.is_none_or(|list| list == imagined.list)
                    && !known.iter().any(|(seen, _)| seen == id)
                {
                    known.push((*id, Arc::clone(&imagined.identity)));
                }
            }
        }
        Ok(verdict(&row.identity, known.iter().map(|(id, identity)| (*id, &**identity))))
    }

    fn is_live(&self, view: &View, list: ListId) -> Result<bool, StoreError> {
        if list == self.target.id {
            return Ok(true);
        }
        Ok(view.get::<Lists>(&self.scope, (list,))?.is_some_and(|list| list.deleted_at.is_none()))
    }

    fn update(
        &mut self,
        view: &View,
        number: u64,
        row: &ParsedRow,
        id: LeadId,
        reason: &str,
    ) -> Result<(), StoreError> {
        let imagined = self.imagined.get(&id).and_then(|imagined| imagined.lead.clone());
        let before = match imagined {
            Some(lead) => Some(lead),
            None => view.get::<Leads>(&self.scope, (id,))?,
        };
        let Some(before) = before else { return Ok(()) };
        let archived = before.list != self.target.id
            && view.get::<Lists>(&self.scope, (before.list,))?.is_none_or(|list| list.archived_at.is_some());
        if archived {
            self.run.results.skipped += 1;
            self.run.reasons.note("list_archived");
            return Ok(());
        }
        self.run.results.updated += 1;
        let after = merged(&before, &row.lead, &self.import.plan);
        let Some((was, is)) = differences(&before, &after) else {
            self.run.reasons.note("unchanged");
            return Ok(());
        };
        self.run.reasons.note(reason);
        if before.list != self.target.id {
            self.run.reasons.note("updated_in_another_list");
        }
        if self.run.samples.len() < MAX_SAMPLES {
            let lead = (id.as_u64() < FIRST_IMAGINED).then_some(id);
            self.run.samples.push(Sample { row: number + 1, lead, before: was, after: is });
        }
        let identity = Identity::of(&after);
        let keys = self.store.hasher().keys_of(self.scope.workspace(), &identity);
        self.imagine(id, after.list, identity, &keys, Some(after));
        Ok(())
    }

    fn imagine(&mut self, id: LeadId, list: ListId, identity: Identity, keys: &[IdentityKey], lead: Option<Lead>) {
        for key in keys {
            let places = self.by_key.entry((key.kind, key.hash)).or_default();
            if !places.contains(&id) {
                places.push(id);
            }
        }
        self.imagined.insert(id, Imagined { list, identity: Arc::new(identity), lead });
    }
}
