//! The outbox as its consumers read it, and how it is trimmed.

use std::ops::ControlFlow;

use crate::domain::id::{Id, LeadId};
use crate::domain::lead::Lead;
use crate::store::engine::Order;
use crate::store::identity::{IdentityChange, IdentityMemory};
use crate::store::identity_keys::IdentityHasher;
use crate::store::read::{Reads, StoreError};
use crate::store::records::outbox::{Checkpoint, Lane, OutboxEntry};
use crate::store::scope::WorkspaceScope;
use crate::store::tables::{Consumers, Leads, Outbox};

/// The consumer whose view is the identity index.
pub const IDENTITY: &str = "identity";
/// The consumer whose view is the search index; its own checkpoint lies in the index, this one is for trimming.
pub const SEARCH: &str = "search";
/// How far the outbox was trimmed: not a consumer, kept beside them.
pub const TRIMMED: &str = "trimmed";
/// Everybody who reads the outbox. Trimming waits for the slowest.
pub const CONSUMERS: [&str; 2] = [IDENTITY, SEARCH];

pub fn checkpoint(reads: &impl Reads, consumer: &str) -> Result<Checkpoint, StoreError> {
    Ok(reads.get_install::<Consumers>((consumer.to_owned(),))?.unwrap_or_default())
}

/// The next entries of a lane behind `after`, at most `most`, oldest first.
pub fn pending(reads: &impl Reads, lane: Lane, after: u64, most: usize) -> Result<Vec<(u64, OutboxEntry)>, StoreError> {
    let mut entries = Vec::new();
    if most == 0 {
        return Ok(entries);
    }
    reads.scan_install_after::<Outbox>(&(lane as u8,), &(lane as u8, after), &mut |(_, seq), entry| {
        entries.push((seq, entry));
        if entries.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(entries)
}

/// The last seq in a lane; `None` when the lane is empty.
pub fn last(reads: &impl Reads, lane: Lane) -> Result<Option<u64>, StoreError> {
    let mut last = None;
    reads.scan_install::<Outbox>(&(lane as u8,), Order::Descending, &mut |(_, seq), _| {
        last = Some(seq);
        ControlFlow::Break(())
    })?;
    Ok(last)
}

/// The leads an entry names, as they are now; `None` for one that is gone (only single-lead entries name such).
pub fn leads_of(
    reads: &impl Reads,
    entry: &OutboxEntry,
    visit: &mut dyn FnMut(WorkspaceScope, LeadId, Option<Lead>),
) -> Result<(), StoreError> {
    let scope = WorkspaceScope::of(entry.workspace);
    if entry.first == entry.last {
        let id = LeadId::from_u64(entry.first);
        visit(scope, id, reads.get::<Leads>(&scope, (id,))?);
        return Ok(());
    }
    let (first, last) = (LeadId::from_u64(entry.first), LeadId::from_u64(entry.last));
    reads.scan_between::<Leads>(&scope, &(first,), &(last,), &mut |(id,), lead| {
        visit(scope, id, Some(lead));
        ControlFlow::Continue(())
    })
}

/// At most `most` of the leads that are there in a run.
pub fn some_leads_of(
    reads: &impl Reads,
    run: &OutboxEntry,
    most: usize,
    visit: &mut dyn FnMut(WorkspaceScope, LeadId, Lead),
) -> Result<(), StoreError> {
    let scope = WorkspaceScope::of(run.workspace);
    let (first, last) = (LeadId::from_u64(run.first), LeadId::from_u64(run.last));
    let mut left = most;
    if left == 0 {
        return Ok(());
    }
    reads.scan_between::<Leads>(&scope, &(first,), &(last,), &mut |(id,), lead| {
        visit(scope, id, lead);
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// Every lead of every workspace, in key order, until `visit` says false: for views that are built anew.
pub fn all_leads(
    reads: &impl Reads,
    visit: &mut dyn FnMut(WorkspaceScope, LeadId, Lead) -> bool,
) -> Result<(), StoreError> {
    reads.scan_all::<Leads>(&mut |workspace, (id,), lead| {
        if visit(WorkspaceScope::of(workspace), id, lead) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
}

/// Hashes again what lies behind the `identity` checkpoint: after a start, and after an unknown outcome.
pub(in crate::store) fn rebuild_identity(
    reads: &impl Reads,
    hasher: &IdentityHasher,
    memory: &IdentityMemory,
) -> Result<(), StoreError> {
    const BATCH: usize = 1_000;
    memory.clear();
    let reached = checkpoint(reads, IDENTITY)?;
    for lane in Lane::BOTH {
        let mut after = reached.of(lane);
        loop {
            let entries = pending(reads, lane, after, BATCH)?;
            let Some((last, _)) = entries.last() else { break };
            after = *last;
            for (_, entry) in &entries {
                leads_of(reads, entry, &mut |scope, id, lead| {
                    let Some(lead) = lead else { return };
                    for key in hasher.keys(scope.workspace(), &lead) {
                        memory.apply(IdentityChange { key, list: lead.list, lead: id, present: true });
                    }
                })?;
            }
        }
    }
    Ok(())
}
