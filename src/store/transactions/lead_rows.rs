//! The rows of one lead, written together: the lead, its place in its list, counters, identity keys, outbox. Every
//! transaction that makes, changes or removes a lead does it through these three functions.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::id::{LeadId, ListId};
use crate::domain::identity::{Identity, Verdict, verdict};
use crate::domain::lead::{EnrichmentStatus, Lead};
use crate::domain::list::DedupeScope;
use crate::domain::time::Time;
use crate::store::identity::{IdentityChange, IdentityKey};
use crate::store::record::Blob;
use crate::store::tables::{CompanyLeads, Leads, ListLeads, Lists, PossibleDuplicates};
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
    if let Some(company) = lead.company {
        tx.put::<CompanyLeads>(scope, (company, id), &())?;
    }
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
    if before.company != after.company {
        if let Some(company) = before.company {
            tx.remove::<CompanyLeads>(scope, (company, id))?;
        }
        if let Some(company) = after.company {
            tx.put::<CompanyLeads>(scope, (company, id), &())?;
        }
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
    if let Some(company) = lead.company {
        tx.remove::<CompanyLeads>(scope, (company, id))?;
    }
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
    Judge::new(*scope, list, dedupe).judge(tx, row, keys, &|_| None)
}

/// Judges many rows of one transaction, and reads no lead twice for it.
pub struct Judge {
    scope: WorkspaceScope,
    list: ListId,
    dedupe: DedupeScope,
    /// Leads that were read, with the list they are in; `None` for one that is gone.
    known: HashMap<LeadId, Option<(ListId, Identity)>>,
    live: HashMap<ListId, bool>,
}

impl Judge {
    pub fn new(scope: WorkspaceScope, list: ListId, dedupe: DedupeScope) -> Self {
        Self { scope, list, dedupe, known: HashMap::new(), live: HashMap::new() }
    }

    /// The verdict for a row. `fresh` knows leads that the transaction itself wrote into the list and has at hand; the
    /// others are read.
    pub fn judge<'r>(
        &mut self,
        tx: &Tx<'_>,
        row: &Identity,
        keys: &[IdentityKey],
        fresh: &dyn Fn(LeadId) -> Option<&'r Identity>,
    ) -> Result<Verdict, StoreError> {
        let within = match self.dedupe {
            DedupeScope::List => Some(self.list),
            DedupeScope::Workspace => None,
        };
        let mut hits: Vec<(LeadId, ListId)> = Vec::new();
        for key in keys {
            tx.each_candidate(&self.scope, key.kind, key.hash, within, &mut |lead, list| {
                if !hits.contains(&(lead, list)) {
                    hits.push((lead, list));
                }
            })?;
        }
        if hits.is_empty() {
            return Ok(Verdict::New);
        }
        for (id, _) in &hits {
            if fresh(*id).is_none() {
                self.read(tx, *id)?;
            }
        }
        let known = &self.known;
        let confirmed = hits.iter().filter_map(|(id, indexed_in)| match fresh(*id) {
            Some(identity) => Some((*id, identity)),
            // The index may be behind the row: the row decides.
            None => match known.get(id) {
                Some(Some((list, identity))) if list == indexed_in => Some((*id, identity)),
                _ => None,
            },
        });
        Ok(verdict(row, confirmed))
    }

    /// To be called when the transaction changes a lead.
    pub fn forget(&mut self, id: LeadId) {
        self.known.remove(&id);
    }

    fn read(&mut self, tx: &Tx<'_>, id: LeadId) -> Result<(), StoreError> {
        if self.known.contains_key(&id) {
            return Ok(());
        }
        let mut found = tx.get::<Leads>(&self.scope, (id,))?;
        if self.dedupe == DedupeScope::Workspace
            && let Some(lead) = &found
            && !self.is_live(tx, lead.list)?
        {
            found = None;
        }
        self.known.insert(id, found.map(|lead| (lead.list, Identity::of(&lead))));
        Ok(())
    }

    fn is_live(&mut self, reads: &impl Reads, list: ListId) -> Result<bool, StoreError> {
        if let Some(live) = self.live.get(&list) {
            return Ok(*live);
        }
        let live = reads.get::<Lists>(&self.scope, (list,))?.is_some_and(|list| list.deleted_at.is_none());
        self.live.insert(list, live);
        Ok(live)
    }
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
