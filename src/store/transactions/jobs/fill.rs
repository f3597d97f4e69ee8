//! Turning a selection into items, a slice at a time: a job for a million leads is many small transactions.

use std::ops::ControlFlow;

use super::rows::OpenJob;
use crate::deps::IdBlock;
use crate::domain::enrichment::{ItemState, SkipReason, lead_status_queued};
use crate::domain::id::{ItemId, JobId, LeadId};
use crate::domain::lead::Lead;
use crate::store::jobs::{self, SelectionError};
use crate::store::orders::{OrderDay, is_taken};
use crate::store::records::item::{Item, ItemPlace, OrderMark};
use crate::store::records::job::Selection;
use crate::store::tables::{ItemQueue, Items, JobSelections, LeadItems, Orders};
use crate::store::{Origin, Reads, Refusal, Reject, Transaction, Tx, WorkspaceScope};

/// Makes items of the next leads of the selection.
#[derive(Debug, Clone)]
pub struct FillJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    /// One id for each item of the slice; their number bounds it.
    pub items: IdBlock<ItemId>,
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    pub items: u64,
    /// The whole selection has become items.
    pub done: bool,
}

impl Transaction for FillJob {
    type Out = Filled;
    const NAME: &'static str = "jobs.fill";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Filled, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
        if job.row.fill.done || job.row.status.is_over() {
            return Ok(Filled { items: 0, done: true });
        }
        let selection = tx.get::<JobSelections>(&self.scope, (self.job,))?.unwrap_or_default();
        let items = fill_slice(tx, &mut job, &selection, &mut self.items.clone())?;
        let done = job.row.fill.done;
        job.close(tx)?;
        Ok(Filled { items, done })
    }
}

/// The next slice; how many items it made.
pub(super) fn fill_slice(
    tx: &mut Tx<'_>,
    job: &mut OpenJob<'_>,
    selection: &Selection,
    ids: &mut IdBlock<ItemId>,
) -> Result<u64, Refusal> {
    // The rows to look at are read first: a scan and writes do not mix.
    let most = ids.len();
    let mut slice: Vec<(LeadId, Lead)> = Vec::new();
    let mut reached = job.row.fill.after;
    let mut looked_at = 0_usize;
    let whole = jobs::each_selected(tx, job.scope, selection, job.row.fill.after, &mut |id, lead| {
        if slice.len() >= most || looked_at >= most.saturating_mul(4) {
            return ControlFlow::Break(());
        }
        looked_at += 1;
        reached = Some(id);
        slice.extend(lead.map(|lead| (id, lead)));
        ControlFlow::Continue(())
    })
    .map_err(|error| match error {
        SelectionError::Store(error) => Refusal::Store(error),
        SelectionError::Filter(reason) => Reject::Invalid { field: "filter".to_owned(), reason }.into(),
    })?;
    let day = OrderDay::of(job.scope, &job.row.steps, &job.row.write, job.now());
    let mut made = 0;
    let mut complete = whole;
    let mut last = job.row.fill.after;
    for (id, lead) in slice {
        if job.row.fill.taken >= job.row.options.most() {
            job.row.fill = crate::store::records::job::Fill { done: true, after: last, taken: job.row.fill.taken };
            return Ok(made);
        }
        if made > 0 && tx.time_is_up() {
            complete = false;
            reached = last;
            break;
        }
        let Some(item_id) = ids.next() else { break };
        let is_ordered = !job.row.options.refresh && !lead.is_looked_up();
        let order = day.as_ref().filter(|_| is_ordered).map(|day| day.key(id, &lead));
        let mut skip = jobs::skip_of(tx, job.scope, id, &lead, &job.row, job.now())?;
        if let (None, Some(key)) = (skip, order) {
            skip = is_taken(tx, job.scope, key, job.row.individual)?.then_some(SkipReason::OrderedToday);
        }
        if let (None, Some(key)) = (skip, order) {
            tx.put::<Orders>(job.scope, (key,), &OrderMark { job: job.id, item: item_id, at: job.now() })?;
        }
        add_item(tx, job, item_id, id, lead, skip)?;
        last = Some(id);
        made += 1;
    }
    job.row.fill.after = reached;
    job.row.fill.done = complete || job.row.fill.taken >= job.row.options.most();
    Ok(made)
}

fn add_item(
    tx: &mut Tx<'_>,
    job: &mut OpenJob<'_>,
    id: ItemId,
    lead_id: LeadId,
    lead: Lead,
    skip: Option<SkipReason>,
) -> Result<(), Refusal> {
    let now = job.now();
    let state = skip.map_or(ItemState::Queued, ItemState::Skipped);
    let mut item = Item { lead: lead_id, state, before: lead.enrichment_status, due: now, ..Item::default() };
    item.segment = lead.country.clone().unwrap_or_default();
    if skip.is_some() {
        item.finished_at = Some(now);
    } else {
        item.due = job.row.options.start_at.unwrap_or(now).max(now);
        job.row.fill.taken += 1;
        tx.put::<ItemQueue>(job.scope, (job.id, item.due, id), &())?;
        let status = lead_status_queued(lead.enrichment_status);
        let after = Lead { enrichment_status: status, ..lead.clone() };
        job.write_lead(tx, lead_id, &lead, after)?;
    }
    job.row.counts.enter(state);
    tx.put::<Items>(job.scope, (job.id, id), &item)?;
    tx.put::<LeadItems>(job.scope, (lead_id, id), &ItemPlace { job: job.id })?;
    Ok(())
}
