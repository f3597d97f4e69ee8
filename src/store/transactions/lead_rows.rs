//! The rows of one lead, written together: the lead, its place in its list, counters, identity keys, outbox. Every
//! transaction that makes, changes or removes a lead does it through these three functions.

use std::time::Duration;

use crate::domain::id::{LeadId, ListId};
use crate::domain::identity::{Identity, Verdict, verdict};
use crate::domain::lead::{EnrichmentStatus, Lead};
use crate::domain::list::DedupeScope;
use crate::domain::time::Time;
use crate::store::identity::{IdentityChange, IdentityKey};
use crate::store::record::Blob;
use crate::store::tables::{Leads, ListLeads, Lists, PossibleDuplicates};
use crate::store::{Counter, Lane, Reads, StoreError, Tx, WorkspaceScope};

/// Who tells the derived views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// One outbox entry for this lead.
    Each(Lane),
    /// The caller writes one entry for the whole run.
    Caller,
}

pub fn insert_lead(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: &Lead,
    keys: &[IdentityKey],
    tell: Tell,
) -> Result<(), StoreError> {
    tx.put::<Leads>(scope, (id,), lead)?;
    tx.put::<ListLeads>(scope, (lead.list, id), &())?;
    tx.add(scope, Counter::ListLeads(lead.list), 1);
    tx.add(scope, Counter::Leads, 1);
    if lead.enrichment_status == EnrichmentStatus::Enriched {
        tx.add(scope, Counter::ListEnriched(lead.list), 1);
    }
    for key in keys {
        tx.identity(IdentityChange { key: *key, list: lead.list, lead: id, present: true });
    }
    match tell {
        Tell::Each(lane) => tx.touched(scope, lane, id),
        Tell::Caller => Ok(()),
    }
}

pub fn replace_lead(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    id: LeadId,
    before: &Lead,
    after: &Lead,
    tell: Tell,
) -> Result<(), StoreError> {
    tx.put::<Leads>(scope, (id,), after)?;
    if before.list != after.list {
        tx.remove::<ListLeads>(scope, (before.list, id))?;
        tx.put::<ListLeads>(scope, (after.list, id), &())?;
        tx.add(scope, Counter::ListLeads(before.list), -1);
        tx.add(scope, Counter::ListLeads(after.list), 1);
    }
    let enriched = |lead: &Lead| lead.enrichment_status == EnrichmentStatus::Enriched;
    if enriched(before) && (!enriched(after) || before.list != after.list) {
        tx.add(scope, Counter::ListEnriched(before.list), -1);
    }
    if enriched(after) && (!enriched(before) || before.list != after.list) {
        tx.add(scope, Counter::ListEnriched(after.list), 1);
    }
    let (was, is) = (Identity::of(before), Identity::of(after));
    if before.list != after.list || was != is {
        let (was, is) = (tx.hasher().keys_of(scope.workspace(), &was), tx.hasher().keys_of(scope.workspace(), &is));
        for key in was.iter().filter(|key| before.list != after.list || !is.contains(key)) {
            tx.identity(IdentityChange { key: *key, list: before.list, lead: id, present: false });
        }
        for key in is.iter().filter(|key| before.list != after.list || !was.contains(key)) {
            tx.identity(IdentityChange { key: *key, list: after.list, lead: id, present: true });
        }
    }
    match tell {
        Tell::Each(lane) => tx.touched(scope, lane, id),
        Tell::Caller => Ok(()),
    }
}

/// Removes a lead and what hangs on it.
pub fn remove_lead(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: &Lead,
    lane: Lane,
) -> Result<(), StoreError> {
    tx.remove::<Leads>(scope, (id,))?;
    tx.remove::<ListLeads>(scope, (lead.list, id))?;
    tx.add(scope, Counter::ListLeads(lead.list), -1);
    tx.add(scope, Counter::Leads, -1);
    if lead.enrichment_status == EnrichmentStatus::Enriched {
        tx.add(scope, Counter::ListEnriched(lead.list), -1);
    }
    for key in tx.hasher().keys(scope.workspace(), lead) {
        tx.identity(IdentityChange { key, list: lead.list, lead: id, present: false });
    }
    tx.touched(scope, lane, id)
}

/// What the match rule says of a row against the leads of its list or workspace, as they are inside this transaction.
pub fn judge(
    tx: &Tx<'_>,
    scope: &WorkspaceScope,
    list: ListId,
    dedupe: DedupeScope,
    row: &Identity,
    keys: &[IdentityKey],
) -> Result<Verdict, StoreError> {
    let within = match dedupe {
        DedupeScope::List => Some(list),
        DedupeScope::Workspace => None,
    };
    let mut known: Vec<(LeadId, Identity)> = Vec::new();
    for key in keys {
        for (id, indexed_in) in tx.candidates(scope, key.kind, key.hash, within)? {
            if known.iter().any(|(seen, _)| *seen == id) {
                continue;
            }
            // The index may be behind the row: the row decides.
            let Some(lead) = tx.get::<Leads>(scope, (id,))? else { continue };
            if lead.list != indexed_in || (dedupe == DedupeScope::Workspace && !is_live(tx, scope, lead.list)?) {
                continue;
            }
            known.push((id, Identity::of(&lead)));
        }
    }
    Ok(verdict(row, known.into_iter()))
}

fn is_live(reads: &impl Reads, scope: &WorkspaceScope, list: ListId) -> Result<bool, StoreError> {
    Ok(reads.get::<Lists>(scope, (list,))?.is_some_and(|list| list.deleted_at.is_none()))
}

/// Remembers that two leads may be the same person; nothing is merged.
pub fn note_possible_duplicate(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    one: LeadId,
    other: LeadId,
    why: &str,
) -> Result<(), StoreError> {
    let pair = if one < other { (one, other) } else { (other, one) };
    tx.put::<PossibleDuplicates>(scope, pair, &Blob(why.as_bytes().to_vec()))
}

/// How long a deleted list can be restored, and undo images are kept.
pub const RESTORE_WINDOW: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Whether a row made at `at` is still inside the window at `now`.
pub fn within_window(at: Time, now: Time) -> bool {
    now.since(at) < RESTORE_WINDOW
}
