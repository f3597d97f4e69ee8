//! Taking a task back, lead by lead: one that nobody has touched since becomes what it was, any other is kept and listed.
//!
//! What was taken back is forgotten with it, so that an undo which was cancelled can be ordered again and goes on.

use super::acts::{Done, shut};
use crate::domain::id::{LeadId, TaskId};
use crate::domain::identity::{Identity, Verdict};
use crate::domain::lead::Lead;
use crate::domain::list::DedupeScope;
use crate::store::records::task::{Act, Did, Left, TaskLead};
use crate::store::tables::{Leads, TaskLeads, Tasks};
use crate::store::transactions::jobs::forget_lead;
use crate::store::transactions::lead_rows::{
    RESTORE_WINDOW, Tell, insert_lead, judge, note_possible_duplicate, remove_lead, replace_lead,
};
use crate::store::transactions::leads::stamped;
use crate::store::transactions::lists::{DeleteList, RestoreList};
use crate::store::{Counter, Lane, Origin, Reads, Refusal, Transaction, Tx, WorkspaceScope};

pub(super) struct Undo<'a, 't> {
    pub tx: &'a mut Tx<'t>,
    pub scope: &'a WorkspaceScope,
    pub origin: &'a Origin,
    /// The task that is taken back.
    pub of: TaskId,
}

impl Undo<'_, '_> {
    /// `None` for a lead that the task has left alone.
    pub fn lead(&mut self, id: LeadId) -> Result<Option<Done>, Refusal> {
        let Some(record) = self.tx.get::<TaskLeads>(self.scope, (self.of, id))? else { return Ok(None) };
        let now = self.tx.get::<Leads>(self.scope, (id,))?;
        let left = match (record.did, now, record.before) {
            (Did::Nothing, _, _) | (Did::Changed | Did::Removed, _, None) => return Ok(None),
            (Did::Made | Did::Changed, None, _) => Some(Left::NotFound),
            (Did::Made | Did::Changed, Some(now), _) if now.version != record.version => Some(Left::Edited),
            (Did::Made, Some(now), _) => self.remove(id, &now)?,
            (Did::Changed, Some(now), Some(before)) => self.put_back(id, &now, before)?,
            (Did::Removed, None, Some(before)) => self.bring_back(id, before)?,
            (Did::Removed, Some(_), Some(_)) => Some(Left::Edited),
        };
        if let Some(why) = left {
            return Ok(Some(Done::Left(why, None)));
        }
        self.tx.remove::<TaskLeads>(self.scope, (self.of, id))?;
        Ok(Some(Done::Did(id, TaskLead::default())))
    }

    fn remove(&mut self, id: LeadId, now: &Lead) -> Result<Option<Left>, Refusal> {
        let why = shut(self.tx, self.scope, now)?;
        if why.is_none() {
            remove_lead(self.tx, self.scope, id, now, Lane::Bulk)?;
            forget_lead(self.tx, self.scope, id)?;
        }
        Ok(why)
    }

    fn put_back(&mut self, id: LeadId, now: &Lead, before: Lead) -> Result<Option<Left>, Refusal> {
        if let Some(why) = shut(self.tx, self.scope, now)?.or(shut(self.tx, self.scope, &before)?) {
            return Ok(Some(why));
        }
        let after = stamped(self.tx, now, before, self.origin);
        if now.list != after.list {
            self.note_same(id, &after)?;
        }
        replace_lead(self.tx, self.scope, id, now, &after, Tell::Each(Lane::Bulk))?;
        Ok(None)
    }

    fn bring_back(&mut self, id: LeadId, before: Lead) -> Result<Option<Left>, Refusal> {
        if let Some(why) = shut(self.tx, self.scope, &before)? {
            return Ok(Some(why));
        }
        let after = stamped(self.tx, &before, before.clone(), self.origin);
        self.note_same(id, &after)?;
        let keys = self.tx.hasher().keys(self.scope.workspace(), &after);
        insert_lead(self.tx, self.scope, id, &after, &keys, Tell::Each(Lane::Bulk))?;
        Ok(None)
    }

    /// The same person may have come again meanwhile: both stay, and it is said.
    fn note_same(&mut self, id: LeadId, lead: &Lead) -> Result<(), Refusal> {
        let identity = Identity::of(lead);
        let keys = self.tx.hasher().keys_of(self.scope.workspace(), &identity);
        if let Verdict::Same { lead: same, .. } =
            judge(self.tx, self.scope, lead.list, DedupeScope::List, &identity, &keys)?
            && same != id
        {
            note_possible_duplicate(self.tx, self.scope, id, same, "it was added again before the undo")?;
        }
        Ok(())
    }

    /// Before the first lead: the lists that a merge has deleted are there again.
    pub fn restore_lists(&mut self) -> Result<(), Refusal> {
        let Some(task) = self.tx.get::<Tasks>(self.scope, (self.of,))? else { return Ok(()) };
        for id in task.deleted_lists {
            let (scope, origin) = (*self.scope, self.origin.clone());
            match (RestoreList { scope, origin, id, window: RESTORE_WINDOW }).apply(self.tx) {
                // Somebody has restored it already, or its time is over: its leads say so one by one.
                Ok(_) | Err(Refusal::Reject(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// After the last lead: a list that the task made goes when nothing is left in it.
    pub fn remove_made_list(&mut self, act: &Act) -> Result<(), Refusal> {
        let made = match act {
            Act::Merge(merge) if merge.made_target => merge.into,
            Act::Duplicate(duplicate) => duplicate.to,
            _ => return Ok(()),
        };
        if self.tx.counter(self.scope, Counter::ListLeads(made))? != 0 {
            return Ok(());
        }
        let (scope, origin) = (*self.scope, self.origin.clone());
        match (DeleteList { scope, origin, id: made, expected: None }).apply(self.tx) {
            Ok(()) | Err(Refusal::Reject(_)) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}
