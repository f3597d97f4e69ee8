//! Leasing items for work, and giving back those that were not called.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::advance::{Begun, advance, told};
use super::rows::{ItemLines, LeadWrite, OpenJob};
use crate::deps::IdBlock;
use crate::domain::enrichment::{ItemState, JobStatus, PauseReason, Tally};
use crate::domain::id::{AttemptId, HoldId, Id, ItemId, JobId, LeadId, LineId};
use crate::domain::lead::Lead;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::ledger;
use crate::store::lookups::workable;
use crate::store::meta;
use crate::store::records::item::Item;
use crate::store::records::job::Job;
use crate::store::records::ledger::{Line, LineKind};
use crate::store::tables::{ItemQueue, Items};
use crate::store::{Origin, Reads, Refusal, Transaction, Tx, WorkspaceScope};

/// The most items of one lease.
pub const LEASE_ITEMS: usize = 64;

/// Leases what is due, holds what it may cost at most and writes the intent of each first call.
#[derive(Debug, Clone)]
pub struct LeaseItems {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    pub boot: u64,
    pub most: usize,
    pub hold: HoldId,
    pub line: LineId,
    /// One for each item.
    pub attempts: IdBlock<AttemptId>,
    /// For each item: some end although nobody was asked.
    pub lines: ItemLines,
    /// What holds for a workspace that has decided nothing.
    pub defaults: Arc<WorkspaceSettings>,
}

/// One item to work on.
#[derive(Debug, Clone)]
pub struct LeasedItem {
    pub item: ItemId,
    pub begun: Begun,
    pub ticket: Option<String>,
    /// What the steps before have come to.
    pub tally: Tally,
    pub lead_id: LeadId,
    pub lead: Lead,
    /// Somebody is called whatever is known.
    pub calls_again: bool,
    /// What its provider works on.
    pub question: Option<[u8; 32]>,
}

#[derive(Debug, Clone)]
pub struct Leased {
    pub items: Vec<LeasedItem>,
    pub job: Job,
    /// When the next item is due; `None` when none waits. Where nothing could be leased although something is due
    /// (credits are short while providers work), what is due already is left out.
    pub next_due: Option<Time>,
}

impl Transaction for LeaseItems {
    type Out = Leased;
    const NAME: &'static str = "jobs.lease";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Leased, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?.under(&self.defaults);
        if !job.row.status.is_running() || meta::boot(tx)? != self.boot {
            return Ok(Leased { items: Vec::new(), job: job.row, next_due: None });
        }
        let mut due = self.due(tx)?;
        if job.row.held > 0 {
            // What providers work on is covered already: it is looked after even when nothing more can be held.
            let begun = self.begun(tx)?;
            due.retain(|id| !begun.contains(id));
            due.splice(0..0, begun);
            due.truncate(self.most);
        }
        let mut budget = Budget::of(tx, &job)?;
        let worst = job.row.worst_price();
        let mut attempts = self.attempts.clone();
        let mut lines = self.lines.clone();
        let mut fresh_held = 0;
        let mut taken: Vec<(ItemId, Item, Begun, Lead)> = Vec::new();
        let mut short = None;
        for id in due {
            let Some(mut item) = tx.get::<Items>(&self.scope, (self.job, id))? else { continue };
            let lead = match workable(tx, &self.scope, item.lead) {
                Ok(lead) => lead,
                Err(Refusal::Reject(_)) => {
                    item.owed = item.charged;
                    job.settle(tx, id, &mut item, &mut lines)?;
                    job.end_attempt(tx, &mut item, "lead_gone")?;
                    job.end_gone(tx, id, &mut item)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            // What somebody works on is held already.
            let need = worst.saturating_sub(item.charged + item.held);
            if let Err(reason) = budget.take(need) {
                short = Some(reason);
                break;
            }
            let Some(fresh) = attempts.next() else { break };
            job.lease(tx, id, &mut item, self.boot)?;
            let begun = match item.attempt {
                // A provider that works on it is asked again under the id it knows.
                Some(attempt) => Some(again(tx, &job, &item, &lead, attempt)?),
                None => {
                    let from = item.step as usize;
                    advance(tx, &job, id, &mut item, &lead, from, fresh)?
                }
            };
            let Some(begun) = begun else {
                budget.give_back(need);
                let end = item.tally.end(job.row.asked);
                job.settle(tx, id, &mut item, &mut lines)?;
                job.end(tx, id, &mut item, end, LeadWrite::Here)?;
                continue;
            };
            if need > 0 {
                fresh_held += need;
                item.held += need;
                item.hold = Some(self.hold);
            }
            job.put(tx, id, &item)?;
            taken.push((id, item, begun, lead));
        }
        if fresh_held > 0 {
            let line = Line {
                at: self.origin.at,
                kind: LineKind::Hold,
                amount: fresh_held,
                hold: Some(self.hold),
                job: Some(self.job),
                reason: format!("{} leads at most", taken.len()),
                ..Line::default()
            };
            ledger::post(tx, &self.scope, self.line, line)?;
            job.row.held += fresh_held;
        }
        if !taken.is_empty() && job.row.started_at.is_none() {
            job.row.started_at = Some(self.origin.at);
            job.row.status = job.row.status.start().map_err(super::rows::not_allowed)?;
            job.tell(tx, "job.started", None)?;
        }
        job.row.status = if taken.is_empty() { job.row.status } else { JobStatus::Processing };
        if let Some(reason) = short
            && taken.is_empty()
            && job.row.counts.running == 0
            && job.row.held == 0
        {
            let paused = job.row.status.pause(reason).map_err(super::rows::not_allowed)?;
            job.pause(tx, paused)?;
        }
        let next_due = match taken.is_empty() {
            true => next_due_after(tx, &self.scope, self.job, self.origin.at)?,
            false => next_due(tx, &self.scope, self.job)?,
        };
        let items = taken
            .into_iter()
            .map(|(item, row, begun, lead)| LeasedItem {
                item,
                begun,
                ticket: row.ticket,
                tally: row.tally,
                lead_id: row.lead,
                lead,
                calls_again: row.calls_again,
                question: row.question,
            })
            .collect();
        Ok(Leased { items, job: job.close(tx)?, next_due })
    }
}

impl LeaseItems {
    /// Due items that hold credits while a provider works on them.
    fn begun(&self, tx: &Tx<'_>) -> Result<Vec<ItemId>, Refusal> {
        let mut latest = Vec::new();
        let now = (self.job, self.origin.at.plus(std::time::Duration::from_millis(1)), ItemId::from_u64(0));
        tx.scan_after::<ItemQueue>(&self.scope, &(self.job,), &now, Order::Descending, &mut |(_, _, id), ()| {
            latest.push(id);
            if latest.len() < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut begun = Vec::new();
        for id in latest {
            if tx.get::<Items>(&self.scope, (self.job, id))?.is_some_and(|item| item.held > 0) {
                begun.push(id);
            }
        }
        Ok(begun)
    }

    fn due(&self, tx: &Tx<'_>) -> Result<Vec<ItemId>, Refusal> {
        let mut due = Vec::new();
        tx.scan::<ItemQueue>(&self.scope, &(self.job,), Order::Ascending, &mut |(_, at, id), ()| {
            if at > self.origin.at || due.len() >= self.most {
                return ControlFlow::Break(());
            }
            due.push(id);
            ControlFlow::Continue(())
        })?;
        Ok(due)
    }
}

/// Entries of the queue that are looked at for what providers work on: they are among the last that became due.
const LOOKED_AT: usize = 512;

/// When the first item in the queue is due.
pub(super) fn next_due(reads: &impl Reads, scope: &WorkspaceScope, job: JobId) -> Result<Option<Time>, Refusal> {
    let mut first = None;
    reads.scan::<ItemQueue>(scope, &(job,), Order::Ascending, &mut |(_, at, _), ()| {
        first = Some(at);
        ControlFlow::Break(())
    })?;
    Ok(first)
}

/// When the first item in the queue is due that is not due at `at` yet.
fn next_due_after(reads: &impl Reads, scope: &WorkspaceScope, job: JobId, at: Time) -> Result<Option<Time>, Refusal> {
    let mut first = None;
    let from = (job, at.plus(std::time::Duration::from_millis(1)), ItemId::from_u64(0));
    reads.scan_after::<ItemQueue>(scope, &(job,), &from, Order::Ascending, &mut |(_, at, _), ()| {
        first = Some(at);
        ControlFlow::Break(())
    })?;
    Ok(first)
}

/// What may still be held.
struct Budget {
    available: u64,
    limit: Option<u64>,
}

impl Budget {
    fn of(tx: &Tx<'_>, job: &OpenJob<'_>) -> Result<Self, Refusal> {
        let spent = job.row.credits_used + job.row.held;
        Ok(Self {
            available: ledger::account(tx, job.scope)?.remaining,
            limit: job.row.options.spend_limit.map(|limit| limit.saturating_sub(spent)),
        })
    }

    fn give_back(&mut self, amount: u64) {
        self.available += amount;
        self.limit = self.limit.map(|limit| limit + amount);
    }

    fn take(&mut self, amount: u64) -> Result<(), PauseReason> {
        if amount > self.limit.unwrap_or(u64::MAX) {
            return Err(PauseReason::SpendLimit);
        }
        self.available = self.available.checked_sub(amount).ok_or(PauseReason::InsufficientCredits)?;
        self.limit = self.limit.map(|limit| limit - amount);
        Ok(())
    }
}

/// The call of an item whose provider works on it.
fn again(tx: &Tx<'_>, job: &OpenJob<'_>, item: &Item, lead: &Lead, attempt: AttemptId) -> Result<Begun, Refusal> {
    let step = item.step as usize;
    let inputs = match job.row.steps.get(step) {
        Some(asked) => told(tx, job, item, asked, lead)?.unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(Begun { attempt, step, inputs })
}

/// Gives back leased items that were not called because a stop came first. Nothing is charged for them.
#[derive(Debug, Clone)]
pub struct ReturnItems {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    pub boot: u64,
    pub items: Vec<ItemId>,
    pub lines: ItemLines,
}

impl Transaction for ReturnItems {
    type Out = Job;
    const NAME: &'static str = "jobs.return";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Job, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
        let mut lines = self.lines.clone();
        for id in &self.items {
            let Some(mut item) = tx.get::<Items>(&self.scope, (self.job, *id))? else { continue };
            if item.state != ItemState::Running || item.boot != self.boot {
                continue;
            }
            job.settle(tx, *id, &mut item, &mut lines)?;
            if item.ticket.is_none() {
                job.end_attempt(tx, &mut item, "not_called")?;
            }
            if job.row.status.is_over() {
                let end =
                    if item.tally == Default::default() { ItemState::Cancelled } else { item.tally.end(job.row.asked) };
                job.end(tx, *id, &mut item, end, LeadWrite::Here)?;
            } else {
                let now = job.now();
                job.enqueue(tx, *id, &mut item, ItemState::Queued, now)?;
            }
        }
        job.close(tx)
    }
}
