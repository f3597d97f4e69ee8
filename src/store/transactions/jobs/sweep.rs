//! Going through all items of a job in slices: after a cancel, or to try the failed ones again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::json;

use super::control::StopHook;
use super::rows::{ItemLines, LeadWrite, OpenJob};
use crate::domain::enrichment::{ItemState, Tally, lead_status_queued};
use crate::domain::id::{ItemId, JobId};
use crate::domain::lead::Lead;
use crate::store::engine::Order;
use crate::store::lookups::worked_on;
use crate::store::records::item::Item;
use crate::store::records::job::{Sweep, SweepKind};
use crate::store::tables::{DeadLetters, Items};
use crate::store::{Origin, Reads, Refusal, Transaction, Tx, WorkspaceScope};

/// The next slice of the sweep of a job.
#[derive(Debug, Clone)]
pub struct SweepJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    /// Items looked at, at most.
    pub most: usize,
    /// For each of them.
    pub lines: ItemLines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    pub changed: u64,
    pub done: bool,
}

impl Transaction for SweepJob {
    type Out = Swept;
    const NAME: &'static str = "jobs.sweep";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Swept, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
        let Some(sweep) = job.row.sweep else { return Ok(Swept { changed: 0, done: true }) };
        let mut slice: Vec<(ItemId, Item)> = Vec::new();
        let mut whole = true;
        let after = (self.job, sweep.after.unwrap_or_default());
        tx.scan_after::<Items>(&self.scope, &(self.job,), &after, Order::Ascending, &mut |(_, id), item| {
            if slice.len() >= self.most {
                whole = false;
                return ControlFlow::Break(());
            }
            slice.push((id, item));
            ControlFlow::Continue(())
        })?;
        let (mut reached, mut changed, mut lines) = (sweep.after, 0, self.lines.clone());
        for (place, (id, mut item)) in slice.into_iter().enumerate() {
            if place > 0 && tx.time_is_up() {
                whole = false;
                break;
            }
            changed += u64::from(match sweep.kind {
                SweepKind::Cancel => cancel(tx, &mut job, id, &mut item, &mut lines)?,
                SweepKind::Retry => retry(tx, &mut job, id, &mut item)?,
            });
            reached = Some(id);
        }
        job.row.sweep = (!whole).then_some(Sweep { after: reached, ..sweep });
        job.close(tx)?;
        Ok(Swept { changed, done: whole })
    }
}

/// What is in work ends by itself.
fn cancel(
    tx: &mut Tx<'_>,
    job: &mut OpenJob<'_>,
    id: ItemId,
    item: &mut Item,
    lines: &mut ItemLines,
) -> Result<bool, Refusal> {
    if !matches!(item.state, ItemState::Queued | ItemState::Waiting(_)) {
        return Ok(false);
    }
    job.settle(tx, id, item, lines)?;
    job.end_attempt(tx, item, "cancelled")?;
    job.end(tx, id, item, ItemState::Cancelled, LeadWrite::Here)?;
    Ok(true)
}

/// Tries leads again that jobs gave up. The jobs they belong to go on.
#[derive(Clone)]
pub struct ReplayDeadLetters {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub letters: Vec<(JobId, ItemId)>,
    /// Told that calls of the job may start again.
    pub resumed: StopHook,
}

impl Transaction for ReplayDeadLetters {
    /// Leads that are tried again.
    type Out = u64;
    const NAME: &'static str = "jobs.replay";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Refusal> {
        let mut by_job: BTreeMap<JobId, Vec<ItemId>> = BTreeMap::new();
        for (job, item) in &self.letters {
            by_job.entry(*job).or_default().push(*item);
        }
        let mut replayed = 0;
        for (id, items) in by_job {
            let mut job = match OpenJob::open(tx, &self.scope, &self.origin, id) {
                Ok(job) => job,
                // Gone since: its leads are not tried again.
                Err(Refusal::Reject(_)) => continue,
                Err(error) => return Err(error),
            };
            let Ok(status) = job.row.status.retry() else { continue };
            let mut leads = 0_u64;
            for item_id in items {
                let Some(mut item) = tx.get::<Items>(&self.scope, (id, item_id))? else { continue };
                leads += u64::from(retry(tx, &mut job, item_id, &mut item)?);
            }
            if leads > 0 {
                job.row.status = status;
                job.row.completed_at = None;
                job.tell(tx, "job.retried", Some(&json!({ "leads": leads })))?;
                let hook = Arc::clone(&self.resumed);
                tx.after_commit(move || hook(id));
                replayed += leads;
                job.close(tx)?;
            }
        }
        Ok(replayed)
    }
}

/// From the first step again, but for the data points that are settled.
fn retry(tx: &mut Tx<'_>, job: &mut OpenJob<'_>, id: ItemId, item: &mut Item) -> Result<bool, Refusal> {
    if item.state != ItemState::Failed {
        return Ok(false);
    }
    item.tally = Tally { accepted: item.tally.accepted, ..Tally::default() };
    item.step = 0;
    item.tries = 0;
    item.waits = 0;
    item.finished_at = None;
    item.error = None;
    item.failure = None;
    item.calls_again = true;
    tx.remove::<DeadLetters>(job.scope, (id,))?;
    let now = job.now();
    job.enqueue(tx, id, item, ItemState::Queued, now)?;
    if let Some(before) = worked_on(tx, job.scope, item.lead)? {
        let after = Lead { enrichment_status: lead_status_queued(before.enrichment_status), ..before.clone() };
        job.write_lead(tx, item.lead, &before, after)?;
    }
    Ok(true)
}
