//! Leads against their lists, the identity index and the counters, in one pass over the leads.

use std::collections::{BTreeMap, HashMap};

use super::companies;
use super::ranges::LeadRanges;
use super::report::{Code, Report};
use super::scan::each;
use crate::domain::id::{Id, LeadId, ListId, WorkspaceId};
use crate::domain::lead::{EnrichmentStatus, Lead};
use crate::store::records::outbox::Lane;
use crate::store::tables::{
    CompanyLeads, Counters, Identity, InstallTable, Leads, ListLeads, Lists, Outbox, TenantTable,
};
use crate::store::transactions::lists::name_key;
use crate::store::{Counter, IdentityHasher, Reads, StoreError, View, WorkspaceScope, outbox, tables};

/// What the rows of a list say.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    known: bool,
    leads: i64,
    enriched: i64,
}

/// One per list, not one per lead.
type Tallies = HashMap<(WorkspaceId, ListId), Tally>;

pub(super) fn compare(view: &View, hasher: &IdentityHasher, report: &mut Report) -> Result<(), StoreError> {
    let mut tallies = lists(view, report)?;
    let mut pass = Pass {
        view,
        hasher,
        replayed: LeadRanges::behind(view, &outbox::checkpoint(view, outbox::IDENTITY)?)?,
        placed: 0,
        linked: 0,
        keys: 0,
        report,
    };
    each::<Leads>(view, |workspace, (id,), lead| pass.lead(workspace, id, &lead, &mut tallies))?;
    let Pass { placed, linked, keys, replayed, .. } = pass;
    report.pending(
        "IDENTITY_REPLAY",
        replayed.entries(),
        "outbox entries whose identity keys are hashed again at a start",
    );
    let entries = view.raw().len(<Identity as TenantTable>::ID)?;
    report.count("identityKeys", entries);
    report.count("staleIdentityKeys", entries.saturating_sub(keys));
    if view.raw().len(<ListLeads as TenantTable>::ID)? != placed {
        list_leads(view, report)?;
    }
    companies::compare(view, linked, report)?;
    counters(view, &tallies, report)
}

struct Pass<'c> {
    view: &'c View,
    hasher: &'c IdentityHasher,
    /// Leads whose keys a start hashes again.
    replayed: LeadRanges,
    /// Rows of `list_leads` that were met.
    placed: u64,
    /// Leads that name a company.
    linked: u64,
    /// Rows of `identity` that were met.
    keys: u64,
    report: &'c mut Report,
}

impl Pass<'_> {
    fn lead(
        &mut self,
        workspace: WorkspaceId,
        id: LeadId,
        lead: &Lead,
        tallies: &mut Tallies,
    ) -> Result<(), StoreError> {
        let scope = WorkspaceScope::of(workspace);
        self.report.count("leads", 1);
        let tally = tallies.entry((workspace, lead.list)).or_default();
        tally.leads += 1;
        tally.enriched += i64::from(lead.enrichment_status == EnrichmentStatus::Enriched);
        if !tally.known {
            self.report.found(Code::LeadWithoutList, Leads::NAME, id, format!("its list {} is not there", lead.list));
        }
        if let Some(company) = lead.company {
            self.linked += 1;
            if !self.view.has::<CompanyLeads>(&scope, (company, id))? {
                let detail = format!("not among the leads of {company}");
                self.report.found(Code::CompanyLinkWrong, CompanyLeads::NAME, id, detail);
            }
        }
        if self.view.has::<ListLeads>(&scope, (lead.list, id))? {
            self.placed += 1;
        } else {
            self.report.found(Code::ListLeadMissing, ListLeads::NAME, id, format!("not among those of {}", lead.list));
        }
        let mut keys = self.hasher.keys(workspace, lead);
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            if self.view.has::<Identity>(&scope, (key.kind, key.hash, lead.list, id))? {
                self.keys += 1;
            } else if !self.replayed.covers(workspace, id) {
                let detail = format!("a key of kind {} is neither in the index nor in the outbox", key.kind);
                self.report.found(Code::IdentityMissing, Identity::NAME, id, detail);
            }
        }
        Ok(())
    }
}

/// Lists and the names that are taken.
fn lists(view: &View, report: &mut Report) -> Result<Tallies, StoreError> {
    let mut tallies = Tallies::new();
    each::<Lists>(view, |workspace, (id,), list| {
        tallies.insert((workspace, id), Tally { known: true, ..Tally::default() });
        let scope = WorkspaceScope::of(workspace);
        if list.deleted_at.is_some() {
            report.count("deletedLists", 1);
            return Ok(());
        }
        report.count("lists", 1);
        if view.get::<tables::ListNames>(&scope, (name_key(&list.name),))? != Some(id) {
            report.found(Code::ListNameMissing, Lists::NAME, id, "its name does not lead to it");
        }
        Ok(())
    })?;
    each::<tables::ListNames>(view, |workspace, (name,), id| {
        let list = view.get::<Lists>(&WorkspaceScope::of(workspace), (id,))?;
        if list.is_none_or(|list| list.deleted_at.is_some() || name_key(&list.name) != name) {
            report.found(
                Code::ListNameOrphan,
                tables::ListNames::NAME,
                id,
                "a name of this list that it does not have",
            );
        }
        Ok(())
    })?;
    Ok(tallies)
}

/// Names the rows without a lead; called when their number says that there are some.
fn list_leads(view: &View, report: &mut Report) -> Result<(), StoreError> {
    each::<ListLeads>(view, |workspace, (list, id), ()| {
        let lead = view.get::<Leads>(&WorkspaceScope::of(workspace), (id,))?;
        if lead.is_none_or(|lead| lead.list != list) {
            report.found(Code::ListLeadOrphan, ListLeads::NAME, id, format!("named by {list} but not in it"));
        }
        Ok(())
    })
}

/// Every counter row against the rows it counts, and the other way round.
fn counters(view: &View, tallies: &Tallies, report: &mut Report) -> Result<(), StoreError> {
    let mut right: BTreeMap<(WorkspaceId, u8, u64), i64> = BTreeMap::new();
    for ((workspace, list), tally) in tallies {
        for (counter, value) in [
            (Counter::ListLeads(*list), tally.leads),
            (Counter::ListEnriched(*list), tally.enriched),
            (Counter::Leads, tally.leads),
        ] {
            let (kind, subject) = counter.key();
            *right.entry((*workspace, kind, subject)).or_default() += value;
        }
    }
    each::<Counters>(view, |workspace, (kind, subject), stored| {
        let counted = [Counter::LIST_LEADS, Counter::LIST_ENRICHED, Counter::LEADS].contains(&kind);
        let rows = right.remove(&(workspace, kind, subject)).unwrap_or(0);
        if counted && stored != rows {
            wrong(report, kind, subject, stored, rows);
        }
        Ok(())
    })?;
    for ((_, kind, subject), rows) in right.into_iter().filter(|(_, rows)| *rows != 0) {
        wrong(report, kind, subject, 0, rows);
    }
    report.count("outboxEntries", view.raw().len(<Outbox as InstallTable>::ID)?);
    for lane in Lane::BOTH {
        let waiting = outbox::last(view, lane)?.is_some();
        report.count("outboxLanesInUse", u64::from(waiting));
    }
    Ok(())
}

fn wrong(report: &mut Report, kind: u8, subject: u64, stored: i64, rows: i64) {
    let key = match kind {
        Counter::LIST_LEADS => format!("leads of {}", ListId::from_u64(subject)),
        Counter::LIST_ENRICHED => format!("enriched leads of {}", ListId::from_u64(subject)),
        _ => "leads of the workspace".to_owned(),
    };
    report.found(Code::CounterWrong, Counters::NAME, key, format!("the counter says {stored}, the rows say {rows}"));
}
