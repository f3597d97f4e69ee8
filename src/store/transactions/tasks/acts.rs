//! What updating, deleting, moving and copying make of one lead.

use crate::domain::id::{LeadId, ListId};
use crate::domain::identity::{Identity, Verdict, sufficient};
use crate::domain::lead::{Lead, LeadField};
use crate::domain::list::DedupeScope;
use crate::store::records::task::{Act, Did, Left, TaskChanges, TaskLead};
use crate::store::transactions::lead_rows::{Tell, insert_lead, judge, remove_lead, replace_lead};
use crate::store::transactions::leads::{differences, stamped};
use crate::store::transactions::lists::open_list;
use crate::store::{Lane, Origin, Refusal, Reject, Tx, WorkspaceScope};

/// What an act wants a lead to be, before anybody looks at the rows around it.
pub(super) enum Fate {
    /// As it is already.
    Stays,
    Becomes(Box<Lead>),
    Goes,
}

/// What became of a lead.
#[allow(clippy::large_enum_variant)] // Made once for a lead and mostly the large one.
pub(super) enum Done {
    /// Done to the lead of this id: for a copy that of the new one.
    Did(LeadId, TaskLead),
    /// Left alone, and the lead that is the reason.
    Left(Left, Option<LeadId>),
}

pub(super) fn wanted(act: &Act, lead: &Lead) -> Fate {
    let after = match act {
        Act::Update(changes) => changed(lead, changes),
        Act::Move(to) => Lead { list: *to, ..lead.clone() },
        Act::Delete => return Fate::Goes,
        Act::Undo(_) | Act::Merge(_) | Act::Duplicate(_) => return Fate::Becomes(Box::new(lead.clone())),
    };
    if differences(lead, &after).is_none() { Fate::Stays } else { Fate::Becomes(Box::new(after)) }
}

fn changed(lead: &Lead, changes: &TaskChanges) -> Lead {
    let mut after = lead.clone();
    for (name, value) in &changes.fields {
        if let Some(field) = LeadField::from_name(name) {
            after.set_field(field, value.clone());
        }
    }
    after.forget_outdated(lead);
    for (name, value) in &changes.custom_fields {
        after.set_custom_field(name, value.clone());
    }
    if let Some(tags) = &changes.tags {
        after.tags.clone_from(tags);
    }
    after.tags.retain(|tag| !changes.remove_tags.contains(tag));
    for tag in &changes.add_tags {
        if !after.tags.contains(tag) {
            after.tags.push(tag.clone());
        }
    }
    if let Some(new) = changes.owner {
        after.owner = new.owner;
    }
    if let Some(new) = changes.is_qualified {
        after.is_qualified = new.flag;
    }
    after
}

/// The lead a task works on, with what every act needs.
pub(super) struct Place<'a, 't> {
    pub tx: &'a mut Tx<'t>,
    pub scope: &'a WorkspaceScope,
    pub origin: &'a Origin,
    pub id: LeadId,
    pub lead: Lead,
}

impl Place<'_, '_> {
    /// Updates, deletes or moves.
    pub fn act(self, act: &Act) -> Result<Done, Refusal> {
        if let Some(why) = shut(self.tx, self.scope, &self.lead)? {
            return Ok(Done::Left(why, None));
        }
        match wanted(act, &self.lead) {
            Fate::Stays => Ok(Done::Left(Left::Unchanged, None)),
            Fate::Goes => {
                remove_lead(self.tx, self.scope, self.id, &self.lead, Lane::Bulk)?;
                Ok(Done::Did(self.id, TaskLead { did: Did::Removed, before: Some(self.lead), ..TaskLead::default() }))
            }
            Fate::Becomes(after) if after.list == self.lead.list => {
                let list = open_list(self.tx, self.scope, after.list)?;
                if sufficient(&Identity::of(&after), list.identity).is_err() {
                    return Ok(Done::Left(Left::Identity, None));
                }
                self.replace(*after)
            }
            Fate::Becomes(after) => match self.refused_by_target(&after)? {
                Some((why, other)) => Ok(Done::Left(why, other)),
                None => self.replace(*after),
            },
        }
    }

    /// Why the list in which `after` would be does not take it.
    pub fn refused_by_target(&self, after: &Lead) -> Result<Option<(Left, Option<LeadId>)>, Refusal> {
        let target = open_list(self.tx, self.scope, after.list)?;
        let identity = Identity::of(after);
        if sufficient(&identity, target.identity).is_err() {
            return Ok(Some((Left::Identity, None)));
        }
        let keys = self.tx.hasher().keys_of(self.scope.workspace(), &identity);
        Ok(match judge(self.tx, self.scope, after.list, DedupeScope::List, &identity, &keys)? {
            Verdict::New => None,
            Verdict::Same { lead, .. } => Some((Left::Duplicate, Some(lead))),
        })
    }

    pub fn replace(self, after: Lead) -> Result<Done, Refusal> {
        let after = stamped(self.tx, &self.lead, after, self.origin);
        replace_lead(self.tx, self.scope, self.id, &self.lead, &after, Tell::Each(Lane::Bulk))?;
        let version = after.version;
        Ok(Done::Did(self.id, TaskLead { did: Did::Changed, before: Some(self.lead), version, ..TaskLead::default() }))
    }

    /// Copies the lead into another list under a new id.
    pub fn copy(self, copy: LeadId, to: ListId) -> Result<Done, Refusal> {
        let at = self.origin.at;
        let lead = Lead { list: to, created_at: at, updated_at: at, version: 1, ..self.lead };
        let keys = self.tx.hasher().keys(self.scope.workspace(), &lead);
        insert_lead(self.tx, self.scope, copy, &lead, &keys, Tell::Each(Lane::Bulk))?;
        Ok(Done::Did(copy, TaskLead { did: Did::Made, version: 1, other: Some(self.id), ..TaskLead::default() }))
    }
}

/// Why the list of a lead takes no changes.
pub(super) fn shut(tx: &Tx<'_>, scope: &WorkspaceScope, lead: &Lead) -> Result<Option<Left>, Refusal> {
    match open_list(tx, scope, lead.list) {
        Ok(_) => Ok(None),
        Err(Refusal::Reject(Reject::ListArchived)) => Ok(Some(Left::ListArchived)),
        Err(Refusal::Reject(_)) => Ok(Some(Left::ListDeleted)),
        Err(failure) => Err(failure),
    }
}
