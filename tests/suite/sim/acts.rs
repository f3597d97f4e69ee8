//! What clients do, and what they may then rely on.

use galena::domain::id::{LeadId, ListId};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::list::List;
use galena::store::transactions::leads::{AddLeads, Added, DeleteLead, LeadChanges, MoveLead, OnDuplicate, UpdateLead};
use galena::store::transactions::lists::{CreateList, DeleteList, ListChanges, RestoreList, UpdateList};
use galena::store::{Reject, SubmitError, Urgency, WorkspaceScope};

use super::world::{ListState, World};

impl World {
    pub fn act(&mut self, step: u64) {
        let scope = self.scope();
        match self.below(130) {
            100..104 => self.start_import(scope, step),
            104..126 => self.drive_import(step),
            126..128 => self.cancel_import(step),
            128..130 => self.undo_import(step),
            0..6 => self.create_list(scope, step),
            6..50 => self.add_leads(scope, step),
            50..75 => self.edit_lead(scope, step),
            75..85 => self.delete_lead(scope, step),
            85..92 => self.move_lead(scope, step),
            92..95 => self.archive_list(scope, step),
            95..97 => self.delete_list(scope, step),
            _ => self.restore_list(scope, step),
        }
    }

    pub fn any_list(&mut self, scope: WorkspaceScope, wanted: ListState) -> Option<ListId> {
        let lists: Vec<ListId> = self
            .promised
            .lists
            .iter()
            .filter(|((workspace, _), state)| *workspace == scope.workspace() && **state == wanted)
            .map(|((_, list), _)| *list)
            .collect();
        let at = self.below(lists.len() as u64) as usize;
        lists.get(at).copied()
    }

    fn any_lead(&mut self, scope: WorkspaceScope) -> Option<LeadId> {
        let count = self.promised.leads.len() as u64;
        let at = self.below(count) as usize;
        let ((workspace, lead), _) = self.promised.leads.iter().nth(at)?;
        (*workspace == scope.workspace()).then_some(*lead)
    }

    fn create_list(&mut self, scope: WorkspaceScope, step: u64) {
        let number = self.below(60);
        let id: ListId = self.simulation.deps.ids.next();
        let list = List { name: format!("List {number}"), ..List::default() };
        let create = CreateList { scope, origin: self.origin(), id, list };
        match self.submit(create, Urgency::Interactive) {
            Ok(_) => drop(self.promised.lists.insert((scope.workspace(), id), ListState::Open)),
            Err(SubmitError::Rejected(Reject::DuplicateListName { .. })) => {}
            Err(error) => panic!("step {step}: {error}"),
        }
        self.note(format!("{step}: create list {id}"));
    }

    /// Leads from a small world of people, so that many are duplicates.
    fn add_leads(&mut self, scope: WorkspaceScope, step: u64) {
        let Some(list) = self.any_list(scope, ListState::Open) else { return };
        let count = 1 + self.below(5);
        let rows: Vec<(LeadId, Lead)> = (0..count)
            .map(|_| {
                let person = self.below(3_000);
                let lead =
                    Lead { email: Some(format!("person{person}@acme{}.example", person % 40)), ..Lead::default() };
                (self.simulation.deps.ids.next(), lead)
            })
            .collect();
        let add = AddLeads { scope, origin: self.origin(), list, rows: rows.clone(), on_duplicate: OnDuplicate::Skip };
        match self.submit(add, Urgency::Interactive) {
            Ok(added) => {
                for ((id, row), added) in rows.into_iter().zip(added) {
                    // Skipped with the id of the row itself: it was run a second time after an unknown outcome.
                    let is_new = match added {
                        Added::Created { id: created, .. } => created == id,
                        Added::Skipped { id: existing } => existing == id,
                        Added::Updated { .. } | Added::Rejected { .. } => panic!("step {step}: {added:?}"),
                    };
                    if is_new {
                        let email = row.email.expect("every row has one");
                        self.promised.leads.insert((scope.workspace(), id), (email, None));
                    }
                }
            }
            Err(error) => panic!("step {step}: {error}"),
        }
        self.note(format!("{step}: add {count} leads to {list}"));
    }

    /// Whether a refusal is what the state of the lead's list explains.
    fn is_explained(error: &SubmitError) -> bool {
        matches!(
            error,
            SubmitError::Rejected(
                Reject::NotFound(_) | Reject::ListArchived | Reject::DuplicateLead { .. } | Reject::Invalid { .. }
            )
        )
    }

    fn edit_lead(&mut self, scope: WorkspaceScope, step: u64) {
        let Some(id) = self.any_lead(scope) else { return };
        let title = format!("Title {}", self.below(1_000));
        let changes =
            LeadChanges { fields: vec![(LeadField::JobTitle, Some(title.clone()))], ..LeadChanges::default() };
        let update = UpdateLead { scope, origin: self.origin(), id, expected: None, changes };
        match self.submit(update, Urgency::Interactive) {
            Ok(_) => {
                if let Some((_, known)) = self.promised.leads.get_mut(&(scope.workspace(), id)) {
                    *known = Some(title);
                }
            }
            Err(error) => assert!(Self::is_explained(&error), "step {step}: {error}"),
        }
        self.note(format!("{step}: edit {id}"));
    }

    fn delete_lead(&mut self, scope: WorkspaceScope, step: u64) {
        let Some(id) = self.any_lead(scope) else { return };
        let delete = DeleteLead { scope, origin: self.origin(), id, expected: None };
        let commits = self.store.figures().reopened.load(std::sync::atomic::Ordering::Relaxed);
        match self.submit(delete, Urgency::Interactive) {
            Ok(()) => drop(self.promised.leads.remove(&(scope.workspace(), id))),
            Err(error) => {
                assert!(Self::is_explained(&error), "step {step}: {error}");
                // Run again after an unknown outcome, the deletion may find its own effect.
                let reopened = self.store.figures().reopened.load(std::sync::atomic::Ordering::Relaxed);
                if reopened > commits && matches!(error, SubmitError::Rejected(Reject::NotFound(_))) {
                    self.promised.leads.remove(&(scope.workspace(), id));
                }
            }
        }
        self.note(format!("{step}: delete {id}"));
    }

    fn move_lead(&mut self, scope: WorkspaceScope, step: u64) {
        let (Some(id), Some(to)) = (self.any_lead(scope), self.any_list(scope, ListState::Open)) else { return };
        let moved = MoveLead { scope, origin: self.origin(), id, to, expected: None };
        if let Err(error) = self.submit(moved, Urgency::Interactive) {
            assert!(Self::is_explained(&error), "step {step}: {error}");
        }
        self.note(format!("{step}: move {id} to {to}"));
    }

    fn archive_list(&mut self, scope: WorkspaceScope, step: u64) {
        let (from, to) = if self.below(2) == 0 {
            (ListState::Open, ListState::Archived)
        } else {
            (ListState::Archived, ListState::Open)
        };
        let Some(id) = self.any_list(scope, from) else { return };
        let changes = ListChanges { archived: Some(to == ListState::Archived), ..ListChanges::default() };
        let update = UpdateList { scope, origin: self.origin(), id, expected: None, changes };
        if let Err(error) = self.submit(update, Urgency::Interactive) {
            panic!("step {step}: {error}");
        }
        self.promised.lists.insert((scope.workspace(), id), to);
        self.note(format!("{step}: {id} is now {to:?}"));
    }

    fn delete_list(&mut self, scope: WorkspaceScope, step: u64) {
        let Some(id) = self.any_list(scope, ListState::Open) else { return };
        let delete = DeleteList { scope, origin: self.origin(), id, expected: None };
        match self.submit(delete, Urgency::Interactive) {
            // Run again after an unknown outcome, the deletion finds its own effect.
            Ok(()) | Err(SubmitError::Rejected(Reject::NotFound(_))) => {}
            Err(error) => panic!("step {step}: {error}"),
        }
        self.promised.lists.insert((scope.workspace(), id), ListState::Deleted);
        self.note(format!("{step}: delete list {id}"));
    }

    fn restore_list(&mut self, scope: WorkspaceScope, step: u64) {
        let Some(id) = self.any_list(scope, ListState::Deleted) else { return };
        let window = std::time::Duration::from_secs(30 * 24 * 3_600);
        let restore = RestoreList { scope, origin: self.origin(), id, window };
        match self.submit(restore, Urgency::Interactive) {
            Ok(_) | Err(SubmitError::Rejected(Reject::Conflict(_))) => {}
            Err(error) => panic!("step {step}: {error}"),
        }
        self.promised.lists.insert((scope.workspace(), id), ListState::Open);
        self.note(format!("{step}: restore list {id}"));
    }
}
