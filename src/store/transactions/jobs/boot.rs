//! Taking up work after a start: a new boot, and the leases of earlier ones are void.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::rows::{ItemLines, LeadWrite, OpenJob};
use crate::domain::enrichment::ItemState;
use crate::domain::id::{ItemId, JobId, WorkspaceId};
use crate::store::tables::{Items, Leases};
use crate::store::{Origin, Reads, Refusal, SystemScope, Transaction, Tx, meta};

/// Begins a boot; answers its number. Whoever works from now on names it in every lease.
#[derive(Debug, Clone)]
pub struct StartBoot;

impl Transaction for StartBoot {
    type Out = u64;
    const NAME: &'static str = "jobs.start_boot";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Refusal> {
        let boot = meta::boot(tx)? + 1;
        meta::put_boot(tx, boot)?;
        Ok(boot)
    }
}

/// How often the process may end while a lead is in work before its step counts as failed. Most were not even called
/// then, so it is far more than what a provider gets.
const MAX_LOST: u32 = 100;

/// Takes back the leases of earlier boots. Whether their calls were made is not known. It is counted, so that a lead on
/// which the process dies is not tried for ever.
#[derive(Debug, Clone)]
pub struct VoidLeases {
    pub system: SystemScope,
    pub origin: Origin,
    pub boot: u64,
    /// Leases looked at, at most; `lines` has two ids for each.
    pub most: usize,
    pub lines: ItemLines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voided {
    pub items: u64,
    pub done: bool,
}

impl Transaction for VoidLeases {
    type Out = Voided;
    const NAME: &'static str = "jobs.void_leases";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Voided, Refusal> {
        let mut void: BTreeMap<(WorkspaceId, JobId), Vec<ItemId>> = BTreeMap::new();
        let (mut count, mut whole) = (0_usize, true);
        tx.scan_all::<Leases>(&mut |workspace, (job, item), lease| {
            if lease.boot == self.boot {
                return ControlFlow::Continue(());
            }
            if count >= self.most {
                whole = false;
                return ControlFlow::Break(());
            }
            count += 1;
            void.entry((workspace, job)).or_default().push(item);
            ControlFlow::Continue(())
        })?;
        let mut lines = self.lines.clone();
        let mut items = 0;
        for ((workspace, job), ids) in void {
            let scope = self.system.within(workspace);
            let mut job = OpenJob::open(tx, &scope, &self.origin, job)?;
            for id in ids {
                void_item(tx, &mut job, id, &mut lines)?;
                items += 1;
            }
            job.close(tx)?;
        }
        Ok(Voided { items, done: whole })
    }
}

fn void_item(tx: &mut Tx<'_>, job: &mut OpenJob<'_>, id: ItemId, lines: &mut ItemLines) -> Result<(), Refusal> {
    let Some(mut item) = tx.get::<Items>(job.scope, (job.id, id))?.filter(|item| item.state == ItemState::Running)
    else {
        tx.remove::<Leases>(job.scope, (job.id, id))?;
        return Ok(());
    };
    job.settle(tx, id, &mut item, lines)?;
    if item.ticket.is_none() {
        job.end_attempt(tx, &mut item, "lost")?;
        item.attempts += 1;
        item.lost += 1;
    }
    if job.row.status.is_over() {
        return job.end(tx, id, &mut item, ItemState::Cancelled, LeadWrite::Here);
    }
    if item.lost >= MAX_LOST {
        item.tally.failed = true;
        (item.tries, item.lost) = (0, 0);
        item.step += 1;
    }
    let now = job.now();
    job.enqueue(tx, id, &mut item, ItemState::Queued, now)
}
