//! What an answer changes on the lead.

use std::cell::Cell;

use super::companies::CompanySaid;
use super::rows::{OpenJob, status_after};
use crate::domain::enrichment::{
    Confidence, Input, ItemState, Outcome, PointSet, WriteContext, WriteRule, WriteRules, take_over,
};
use crate::domain::id::{JobId, LeadId};
use crate::domain::identity::{Identity, Verdict};
use crate::domain::lead::{EmailStatus, Lead, LeadField};
use crate::domain::time::Time;
use crate::store::jobs::current_value;
use crate::store::records::item::Item;
use crate::store::records::value::FieldValue;
use crate::store::transactions::lead_rows::{judge, note_possible_duplicate};
use crate::store::transactions::lists::live_list;
use crate::store::{Reads, Refusal, StoreError, Tx, WorkspaceScope};

/// A lead as it was and as it becomes; written once.
pub(super) struct LeadEdit {
    id: LeadId,
    before: Lead,
    pub after: Lead,
    /// Accepted answers that tell of its company.
    pub said: Vec<CompanySaid>,
}

impl LeadEdit {
    pub fn new(id: LeadId, before: Lead) -> Self {
        Self { id, after: before.clone(), before, said: Vec::new() }
    }

    /// Takes what an outcome brings, if it brings anything, but for the data points that it was not good enough for.
    pub fn take(
        &mut self,
        tx: &Tx<'_>,
        job: &OpenJob<'_>,
        outcome: &Outcome,
        withheld: PointSet,
    ) -> Result<(), Refusal> {
        let (Outcome::Found(found) | Outcome::Partial(found)) = outcome else { return Ok(()) };
        let failed = Cell::new(None);
        let before = self.after.clone();
        let current = |field: LeadField| match how_sure(tx, job.scope, self.id, &before, field) {
            Ok(sure) => sure,
            Err(error) => {
                failed.set(Some(error));
                CERTAIN
            }
        };
        let always = WriteRules::all(WriteRule::Always);
        let rules = if job.row.options.overwrite_existing { &always } else { &job.row.write };
        take_over(&mut self.after, found, &WriteContext { rules, withheld, current: &current });
        failed.take().map_or(Ok(()), |error| Err(error.into()))
    }

    /// Whether it is at another company than before, or at one that was not known.
    pub fn changes_domain(&self) -> bool {
        Input::CompanyDomain.of(&self.after) != Input::CompanyDomain.of(&self.before)
    }

    /// The item has ended.
    pub fn end(&mut self, item: &Item, end: ItemState, job: JobId, at: Time) {
        self.after.enrichment_status = status_after(item, &self.before, end);
        if matches!(end, ItemState::Found | ItemState::Partial) {
            self.after.enriched_at = Some(at);
        }
        if !matches!(end, ItemState::Skipped(_) | ItemState::Cancelled) {
            self.after.enrichment_job = Some(job);
        }
    }

    /// Writes it and gives it back as it is now. A found value never turns one lead into another: where it makes this
    /// lead look like one that is there, the two are noted as possible duplicates.
    pub fn write(self, tx: &mut Tx<'_>, job: &OpenJob<'_>) -> Result<Lead, Refusal> {
        let identity = Identity::of(&self.after);
        if identity != Identity::of(&self.before) && !self.after.is_looked_up() {
            let list = live_list(tx, job.scope, self.after.list)?;
            let keys = tx.hasher().keys_of(job.scope.workspace(), &identity);
            let verdict = judge(tx, job.scope, self.after.list, list.dedupe_scope, &identity, &keys)?;
            if let Verdict::Same { lead, possible_duplicates, .. } = verdict {
                for other in possible_duplicates.into_iter().chain([lead]).filter(|other| *other != self.id) {
                    note_possible_duplicate(tx, job.scope, self.id, other, "a value found by enrichment")?;
                }
            }
        }
        let after = self.after.clone();
        job.write_lead(tx, self.id, &self.before, self.after)?;
        Ok(after)
    }
}

/// What a person or a file gave.
const CERTAIN: Confidence = Confidence::from_hundredths(100);

/// How sure the value is that a lead has in a field.
fn how_sure(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: &Lead,
    field: LeadField,
) -> Result<Confidence, StoreError> {
    if field == LeadField::Email && lead.email_status == Some(EmailStatus::Invalid) {
        return Ok(Confidence::default());
    }
    let found = current_value(reads, scope, id, lead, field.name())?;
    let is_there = |value: &FieldValue| value.accepted && lead.field(field) == Some(value.value.as_str());
    Ok(found.filter(is_there).map_or(CERTAIN, |value| value.confidence))
}
