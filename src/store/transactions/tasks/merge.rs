//! What a merge of lists makes of one lead, and when a list of it is done.
//!
//! A list is walked until a pass over it meets no lead that was not met before, so that one which was added while the
//! merge ran is not lost with the list. Then the list is deleted, unless a lead stays that the target does not take.

use super::acts::{Done, Place};
use crate::domain::id::{LeadId, ListId, TaskId};
use crate::domain::identity::{Identity, sufficient};
use crate::domain::lead::{Lead, LeadField};
use crate::store::records::task::{Did, Left, Merge, MergeDuplicates, Task, TaskLead};
use crate::store::tables::{Leads, TaskLeads};
use crate::store::transactions::lead_rows::{Tell, replace_lead};
use crate::store::transactions::leads::{differences, stamped};
use crate::store::transactions::lists::{DeleteList, open_list};
use crate::store::{Lane, Origin, Reads, Refusal, StoreError, Transaction, Tx, WorkspaceScope};

/// Whether an earlier pass left the lead where it is.
pub(super) fn was_met(tx: &Tx<'_>, scope: &WorkspaceScope, task: TaskId, id: LeadId) -> Result<bool, StoreError> {
    Ok(tx.get::<TaskLeads>(scope, (task, id))?.is_some_and(|record| record.did == Did::Nothing))
}

pub(super) fn merge_lead(place: Place<'_, '_>, task: TaskId, merge: &Merge) -> Result<Done, Refusal> {
    let after = Lead { list: merge.into, ..place.lead.clone() };
    if merge.duplicates == MergeDuplicates::Keep {
        let target = open_list(place.tx, place.scope, merge.into)?;
        return match sufficient(&Identity::of(&after), target.identity) {
            Ok(()) => place.replace(after),
            Err(_) => Ok(Done::Left(Left::Identity, None)),
        };
    }
    match place.refused_by_target(&after)? {
        None => place.replace(after),
        Some((Left::Duplicate, Some(same))) if merge.duplicates == MergeDuplicates::Merge => {
            fill(place, task, same)?;
            Ok(Done::Left(Left::Merged, Some(same)))
        }
        Some((why, other)) => Ok(Done::Left(why, other)),
    }
}

/// Gives `same` what it lacks and the lead of `place` has.
fn fill(place: Place<'_, '_>, task: TaskId, same: LeadId) -> Result<(), Refusal> {
    let Place { tx, scope, origin, lead, .. } = place;
    let Some(before) = tx.get::<Leads>(scope, (same,))? else { return Ok(()) };
    let after = filled(&before, &lead);
    if differences(&before, &after).is_none() {
        return Ok(());
    }
    let after = stamped(tx, &before, after, origin);
    replace_lead(tx, scope, same, &before, &after, Tell::Each(Lane::Bulk))?;
    remember(
        tx,
        scope,
        task,
        same,
        TaskLead { did: Did::Changed, before: Some(before), version: after.version, ..TaskLead::default() },
    )?;
    Ok(())
}

fn filled(lead: &Lead, other: &Lead) -> Lead {
    let mut after = lead.clone();
    for field in LeadField::ALL {
        if lead.field(field).is_none() {
            after.set_field(field, other.field(field).map(str::to_owned));
        }
    }
    after.forget_outdated(lead);
    if lead.email.is_none() {
        after.email_status = other.email_status;
    }
    // What is known of the other holds here too where both now have what it speaks of.
    for (fact, value) in other.enriched.iter() {
        if after.enriched.get(fact).is_none()
            && fact.about().iter().all(|field| after.field(*field) == other.field(*field))
        {
            after.enriched.set(fact, value.to_owned());
        }
    }
    for (name, value) in &other.custom_fields {
        if lead.custom_field(name).is_none() {
            after.set_custom_field(name, Some(value.clone()));
        }
    }
    for tag in &other.tags {
        if !after.tags.contains(tag) {
            after.tags.push(tag.clone());
        }
    }
    after
}

/// Writes what a task did to a lead. Of a lead that it changes twice the first state is kept.
pub(super) fn remember(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    task: TaskId,
    id: LeadId,
    record: TaskLead,
) -> Result<(), StoreError> {
    let record = match tx.get::<TaskLeads>(scope, (task, id))? {
        Some(first) if first.did == Did::Changed && record.did == Did::Changed => {
            TaskLead { version: record.version, ..first }
        }
        _ => record,
    };
    tx.put::<TaskLeads>(scope, (task, id), &record)
}

/// At the end of a pass over a list: whether the merge is done with it.
pub(super) fn end_of_pass(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    task: &mut Task,
    list: ListId,
) -> Result<bool, Refusal> {
    if task.met > 0 {
        return Ok(false);
    }
    if task.stay == 0 {
        DeleteList { scope: *scope, origin: origin.clone(), id: list, expected: None }.apply(tx)?;
        task.deleted_lists.push(list);
    }
    task.stay = 0;
    Ok(true)
}
