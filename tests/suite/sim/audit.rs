//! The auditor: what clients were told is there, and the rows agree with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use galena::domain::id::{LeadId, ListId, WorkspaceId};
use galena::search::{ListScope, SearchRequest, SearchScope};
use galena::store::check::{Check, IndexAtHand};
use galena::store::engine::Order;
use galena::store::tables::{Leads, ListLeads, Lists};
use galena::store::{Counter, Reads, SystemScope, View};

use super::world::{ListState, World, scope};

impl World {
    pub fn audit(&mut self) {
        let view = self.store.view().expect("a view");
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.audit_promises(&view);
            audit_rows(&view);
            self.audit_identities(&view);
            self.audit_imports(&view);
        }));
        if let Err(panic) = found {
            eprintln!("seed {}; the last acts:\n{}", self.seed, self.trail.join("\n"));
            std::panic::resume_unwind(panic);
        }
    }

    fn audit_promises(&self, view: &View) {
        for ((workspace, id), (email, title)) in &self.promised.leads {
            let lead = view.get::<Leads>(&scope(*workspace), (*id,)).expect("readable");
            let lead = lead.unwrap_or_else(|| panic!("acknowledged lead {id} is gone"));
            assert_eq!(lead.email.as_deref(), Some(email.as_str()), "{id}");
            assert_eq!(lead.job_title.as_deref(), title.as_deref(), "{id}");
        }
        for ((workspace, id), state) in &self.promised.lists {
            let list = view.get::<Lists>(&scope(*workspace), (*id,)).expect("readable");
            let list = list.unwrap_or_else(|| panic!("acknowledged list {id} is gone"));
            let found = match (list.deleted_at, list.archived_at) {
                (Some(_), _) => ListState::Deleted,
                (None, Some(_)) => ListState::Archived,
                (None, None) => ListState::Open,
            };
            assert_eq!(found, *state, "{id}");
        }
    }

    /// No list has two leads with the same address, because nobody asked for that.
    fn audit_identities(&self, view: &View) {
        let mut seen: BTreeSet<(WorkspaceId, ListId, String)> = BTreeSet::new();
        view.scan_all::<Leads>(&mut |workspace, (id,), lead| {
            let email = lead.email.clone().unwrap_or_default();
            assert!(seen.insert((workspace, lead.list, email)), "{id} is a second lead of one identity");
            ControlFlow::Continue(())
        })
        .expect("readable");
    }

    /// What `galena check` says at this moment: work on its way is pending, nothing is wrong.
    pub fn audit_by_check(&self) {
        let index = IndexAtHand::Open(self.index.clone());
        let (system, store) = (SystemScope::for_the_house(), self.store.clone());
        let report = Check { system, store, index, directory: None, alone: false }.run().expect("a check");
        assert!(report.ok, "seed {}: {report:#?}", self.seed);
    }

    /// The index finds exactly the leads that are there.
    pub fn audit_index(&self) {
        let view = self.store.view().expect("a view");
        for workspace in [1, 2].map(galena::domain::id::Id::from_u64) {
            let mut stored = BTreeSet::new();
            view.scan::<Leads>(&scope(workspace), &(), Order::Ascending, &mut |(id,), _| {
                stored.insert(id);
                ControlFlow::Continue(())
            })
            .expect("readable");
            let mut indexed: BTreeSet<LeadId> = BTreeSet::new();
            let mut request = SearchRequest { limit: 500, ..SearchRequest::text("") };
            loop {
                let page = self
                    .index
                    .search(&SearchScope::new(&scope(workspace), ListScope::All), &request)
                    .expect("searchable");
                assert_eq!(page.total as usize, stored.len(), "seed {}", self.seed);
                for id in page.ids {
                    assert!(indexed.insert(id), "{id} is in the index twice");
                }
                match page.next_cursor {
                    Some(cursor) => request.after = Some(cursor),
                    None => break,
                }
            }
            assert_eq!(indexed, stored, "seed {}", self.seed);
        }
    }
}

/// Places in lists and counters agree with the leads.
fn audit_rows(view: &View) {
    let mut per_list: BTreeMap<(WorkspaceId, ListId), i64> = BTreeMap::new();
    let mut per_workspace: BTreeMap<WorkspaceId, i64> = BTreeMap::new();
    let mut places = BTreeSet::new();
    view.scan_all::<Leads>(&mut |workspace, (id,), lead| {
        *per_list.entry((workspace, lead.list)).or_default() += 1;
        *per_workspace.entry(workspace).or_default() += 1;
        places.insert((workspace, lead.list, id));
        ControlFlow::Continue(())
    })
    .expect("readable");
    let mut found = BTreeSet::new();
    view.scan_all::<ListLeads>(&mut |workspace, (list, lead), ()| {
        found.insert((workspace, list, lead));
        ControlFlow::Continue(())
    })
    .expect("readable");
    assert_eq!(places, found, "places in lists");
    view.scan_all::<Lists>(&mut |workspace, (list,), _| {
        let (kind, subject) = Counter::ListLeads(list).key();
        let stored = view.stored_counter(&scope(workspace), kind, subject).expect("readable");
        assert_eq!(stored, per_list.get(&(workspace, list)).copied().unwrap_or(0), "counter of {list}");
        ControlFlow::Continue(())
    })
    .expect("readable");
    for (workspace, count) in per_workspace {
        let (kind, subject) = Counter::Leads.key();
        assert_eq!(view.stored_counter(&scope(workspace), kind, subject).expect("readable"), count);
    }
}
