//! The rows of a job and its items, written together. Every transaction of this family changes an item only through these.

use std::cell::OnceCell;

use serde_json::json;

use super::companies::CompanyDesk;
use super::measures::Measures;
use crate::deps::IdBlock;
use crate::domain::enrichment::{ItemState, JobStatus, SkipReason, lead_status_after};
use crate::domain::id::{AttemptId, ItemId, JobId, LeadId, LineId};
use crate::domain::lead::{EnrichmentStatus, Lead};
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Time;
use crate::store::ledger;
use crate::store::lookups::worked_on;
use crate::store::policy::Standing;
use crate::store::records::item::{DeadLetter, Item, Lease};
use crate::store::records::job::Job;
use crate::store::records::ledger::{Line, LineKind};
use crate::store::records::lookup::Lookup;
use crate::store::tables::{ActiveJobs, Attempts, DeadLetters, ItemQueue, Items, Jobs, Leases, Lookups};
use crate::store::transactions::lead_rows::{Tell, replace_lead};
use crate::store::transactions::leads::stamped;
use crate::store::usage::Used;
use crate::store::{Fact, Lane, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Tx, WorkspaceScope};

/// A job that is there.
pub fn job(reads: &impl Reads, scope: &WorkspaceScope, id: JobId) -> Result<Job, Refusal> {
    Ok(reads.get::<Jobs>(scope, (id,))?.ok_or(Reject::NotFound(Missing::Job))?)
}

/// The ids of the ledger lines that items may need: two each.
#[derive(Debug, Clone)]
pub struct ItemLines {
    block: IdBlock<LineId>,
}

impl ItemLines {
    /// `block` has two ids for every item.
    pub fn new(block: IdBlock<LineId>) -> Self {
        Self { block }
    }

    fn next(&mut self) -> Result<LineId, Refusal> {
        let spent = || Reject::Conflict("too few ids for the lines of the ledger".to_owned());
        Ok(self.block.next().ok_or_else(spent)?)
    }
}

/// A job while a transaction changes it: the row is written once, by [`OpenJob::close`].
pub(super) struct OpenJob<'s> {
    pub scope: &'s WorkspaceScope,
    pub origin: &'s Origin,
    pub id: JobId,
    pub row: Job,
    /// What this transaction measures; written once, by [`OpenJob::close`].
    pub measures: Measures,
    /// What it uses, written with them.
    pub used: Used,
    /// What holds for a workspace that has decided nothing; only where calls are begun.
    pub defaults: Option<&'s WorkspaceSettings>,
    /// Only where answers are written.
    pub companies: Option<CompanyDesk>,
    /// What holds for this one, once it was asked for.
    standing: OnceCell<Standing>,
}

impl<'s> OpenJob<'s> {
    pub fn open(tx: &Tx<'_>, scope: &'s WorkspaceScope, origin: &'s Origin, id: JobId) -> Result<Self, Refusal> {
        Ok(Self::new(scope, origin, id, job(tx, scope, id)?))
    }

    pub fn new(scope: &'s WorkspaceScope, origin: &'s Origin, id: JobId, row: Job) -> Self {
        let (measures, used) = (Measures::default(), Used::default());
        Self { scope, origin, id, row, measures, used, defaults: None, companies: None, standing: OnceCell::new() }
    }

    /// With what its calls are judged by.
    #[must_use]
    pub fn under(self, defaults: &'s WorkspaceSettings) -> Self {
        Self { defaults: Some(defaults), ..self }
    }

    /// What calls for the workspace are judged by; `None` where no call is begun.
    pub fn standing(&self, reads: &impl Reads) -> Result<Option<&Standing>, StoreError> {
        let Some(defaults) = self.defaults else { return Ok(None) };
        if self.standing.get().is_none() {
            let loaded = Standing::load(reads, self.scope, defaults)?;
            return Ok(Some(self.standing.get_or_init(|| loaded)));
        }
        Ok(self.standing.get())
    }

    pub fn now(&self) -> Time {
        self.origin.at
    }

    /// Ends the job when nothing is left to do, and writes its row.
    pub fn close(mut self, tx: &mut Tx<'_>) -> Result<Job, Refusal> {
        self.used.write(tx, self.scope, self.now());
        let tidy = self.row.fill.done && self.row.sweep.is_none();
        if tidy && self.row.counts.open() == 0 && !self.row.status.is_over() {
            self.row.status = self.row.status.complete().map_err(not_allowed)?;
            self.row.completed_at = Some(self.now());
            let counts = self.row.counts;
            let after = json!({
                "status": self.row.status.name(),
                "found": counts.found,
                "partial": counts.partial,
                "notFound": counts.not_found,
                "failed": counts.failed,
                "skipped": counts.skipped,
            });
            self.tell(tx, "job.completed", Some(&after))?;
        }
        let place = (self.scope.workspace(), self.id);
        if self.row.status.is_over() && tidy && self.row.counts.open() == 0 {
            tx.remove_install::<ActiveJobs>(place)?;
        } else {
            tx.put_install::<ActiveJobs>(place, &())?;
        }
        self.row.updated_at = self.now();
        std::mem::take(&mut self.measures).write(tx, self.scope, (self.id, self.now()), &self.row.steps)?;
        tx.put::<Jobs>(self.scope, (self.id,), &self.row)?;
        Ok(self.row)
    }

    pub fn tell(
        &self,
        tx: &mut Tx<'_>,
        kind: &'static str,
        after: Option<&serde_json::Value>,
    ) -> Result<(), StoreError> {
        let mut fact = Fact::new(kind, Subject::job(self.id)).change(None, after);
        if let Some(list) = self.row.list {
            fact = fact.also(Subject::list(list));
        }
        tx.event(self.scope, self.origin, fact)?;
        Ok(())
    }

    pub fn pause(&mut self, tx: &mut Tx<'_>, status: JobStatus) -> Result<(), StoreError> {
        self.row.status = status;
        let reason = match status {
            JobStatus::Paused(reason) => reason.name(),
            _ => "",
        };
        self.tell(tx, "job.paused", Some(&json!({ "reason": reason, "leadsLeft": self.row.left() })))
    }

    /// Moves the item to `state` in the counts of the job. The queue and the lease follow.
    pub fn shift(&mut self, tx: &mut Tx<'_>, id: ItemId, item: &mut Item, state: ItemState) -> Result<(), Refusal> {
        if !item.state.may_become(state) {
            let text = format!("an item that is {} cannot become {}", item.state.name(), state.name());
            return Err(Reject::Conflict(text).into());
        }
        match item.state {
            ItemState::Queued | ItemState::Waiting(_) => {
                tx.remove::<ItemQueue>(self.scope, (self.id, item.due, id))?;
            }
            ItemState::Running => {
                tx.remove::<Leases>(self.scope, (self.id, id))?;
                item.boot = 0;
            }
            _ => {}
        }
        self.row.counts.shift(item.state, state);
        item.state = state;
        Ok(())
    }

    /// Leases a queued item for `boot`.
    pub fn lease(&mut self, tx: &mut Tx<'_>, id: ItemId, item: &mut Item, boot: u64) -> Result<(), Refusal> {
        self.shift(tx, id, item, ItemState::Running)?;
        item.boot = boot;
        item.started_at.get_or_insert(self.now());
        tx.put::<Leases>(self.scope, (self.id, id), &Lease { boot })?;
        Ok(())
    }

    /// Puts an item (back) into the queue, due at `due`.
    pub fn enqueue(
        &mut self,
        tx: &mut Tx<'_>,
        id: ItemId,
        item: &mut Item,
        state: ItemState,
        due: Time,
    ) -> Result<(), Refusal> {
        self.shift(tx, id, item, state)?;
        item.due = due;
        tx.put::<ItemQueue>(self.scope, (self.id, due, id), &())?;
        self.put(tx, id, item)
    }

    pub fn put(&self, tx: &mut Tx<'_>, id: ItemId, item: &Item) -> Result<(), Refusal> {
        Ok(tx.put::<Items>(self.scope, (self.id, id), item)?)
    }

    /// Ends an item; its lead gets the status that goes with it, unless `lead` says that the caller writes it.
    pub fn end(
        &mut self,
        tx: &mut Tx<'_>,
        id: ItemId,
        item: &mut Item,
        state: ItemState,
        lead: LeadWrite,
    ) -> Result<(), Refusal> {
        self.shift(tx, id, item, state)?;
        item.finished_at = Some(self.now());
        item.attempt = None;
        item.ticket = None;
        item.candidates.clear();
        self.measures.ended(item, state, self.row.worst_price());
        self.used.ended(state);
        if state == ItemState::Failed {
            let (failure, detail) = (item.failure.clone(), item.error.clone());
            let letter = DeadLetter { job: self.id, lead: item.lead, at: self.now(), failure, detail };
            tx.put::<DeadLetters>(self.scope, (id,), &letter)?;
        }
        self.put(tx, id, item)?;
        if lead == LeadWrite::Here
            && let Some(before) = worked_on(tx, self.scope, item.lead)?
        {
            let after = Lead { enrichment_status: status_after(item, &before, state), ..before.clone() };
            self.write_lead(tx, item.lead, &before, after)?;
        }
        Ok(())
    }

    /// Writes a lead when it differs.
    pub fn write_lead(&self, tx: &mut Tx<'_>, id: LeadId, before: &Lead, after: Lead) -> Result<(), Refusal> {
        if *before != after {
            let after = stamped(tx, before, after, self.origin);
            if after.is_looked_up() {
                let row = tx.get::<Lookups>(self.scope, (id,))?;
                if let Some(row) = row {
                    tx.put::<Lookups>(self.scope, (id,), &Lookup { lead: after, ..row })?;
                }
                return Ok(());
            }
            replace_lead(tx, self.scope, id, before, &after, Tell::Each(self.lane()))?;
        }
        Ok(())
    }

    /// Somebody waits for a single lead; a batch does not hold up edits.
    fn lane(&self) -> Lane {
        if self.row.individual { Lane::Live } else { Lane::Bulk }
    }

    /// Charges what the item owes and gives the rest of its hold back. What is charged never exceeds the hold.
    pub fn settle(
        &mut self,
        tx: &mut Tx<'_>,
        id: ItemId,
        item: &mut Item,
        lines: &mut ItemLines,
    ) -> Result<(), Refusal> {
        let (hold, held) = (item.hold.take(), std::mem::take(&mut item.held));
        let charge = item.owed.saturating_sub(item.charged).min(held);
        for (kind, amount) in [(LineKind::Settle, charge), (LineKind::Release, held - charge)] {
            if amount == 0 {
                continue;
            }
            let reason = match kind {
                LineKind::Settle => format!("a lead enriched, level {}", self.row.options.level.name()),
                _ => "not needed".to_owned(),
            };
            let line = Line {
                at: self.now(),
                kind,
                amount,
                hold,
                job: Some(self.id),
                item: Some(id),
                reason,
                ..Line::default()
            };
            ledger::post(tx, self.scope, lines.next()?, line)?;
        }
        item.charged += charge;
        self.row.held = self.row.held.saturating_sub(held);
        self.row.credits_used += charge;
        Ok(())
    }

    /// Notes on the open attempt of an item how it ended without a result of its own.
    pub fn end_attempt(&self, tx: &mut Tx<'_>, item: &mut Item, outcome: &str) -> Result<(), Refusal> {
        let Some(id) = item.attempt.take() else { return Ok(()) };
        item.ticket = None;
        end_attempt(tx, self.scope, item.lead, id, self.now(), outcome)
    }

    /// A lead that was deleted after the job was made.
    pub fn end_gone(&mut self, tx: &mut Tx<'_>, id: ItemId, item: &mut Item) -> Result<(), Refusal> {
        self.end(tx, id, item, ItemState::Skipped(SkipReason::LeadGone), LeadWrite::ByCaller)
    }
}

/// The status of a lead whose item ended in `state`. Another job may have said something of the lead meanwhile.
pub(super) fn status_after(item: &Item, lead: &Lead, state: ItemState) -> EnrichmentStatus {
    let known = match lead.enrichment_status {
        EnrichmentStatus::Pending => item.before,
        said => said,
    };
    lead_status_after(known, state)
}

/// Who writes the lead of an item that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeadWrite {
    Here,
    ByCaller,
}

pub(super) fn end_attempt(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    lead: LeadId,
    id: AttemptId,
    at: Time,
    outcome: &str,
) -> Result<(), Refusal> {
    if let Some(mut attempt) = tx.get::<Attempts>(scope, (lead, id))? {
        attempt.ended_at = Some(at);
        attempt.outcome = Some(outcome.to_owned());
        tx.put::<Attempts>(scope, (lead, id), &attempt)?;
    }
    Ok(())
}

pub(super) fn not_allowed(error: crate::domain::enrichment::NotAllowed) -> Refusal {
    Reject::JobState { state: error.state, asked: error.asked }.into()
}
