//! Reading jobs: what a selection names, what of it is passed over.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{PointSet, SkipReason, SkipRule};
use crate::domain::filter::Filter;
use crate::domain::id::{AttemptId, Id, ItemId, JobId, LeadId, WorkspaceId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::lookups::worked_on;
use crate::store::records::attempt::Attempt;
use crate::store::records::item::{DeadLetter, Item};
use crate::store::records::job::{Job, Selection};
use crate::store::records::value::FieldValue;
use crate::store::tables::{Attempts, DeadLetters, ImportBefore, Items, Jobs, ListLeads, Values};
use crate::store::transactions::lists::live_list;
use crate::store::{Reads, Refusal, StoreError, WorkspaceScope};

/// Why a selection cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Filter(String),
}

/// Visits the leads of a selection behind `after`, by rising id, until `visit` breaks. `None` stands for a lead that the
/// filter or `except` leaves out, or that is gone: so that a walk in slices gets on. Answers whether it reached the end.
///
/// # Errors
/// See [`SelectionError`].
pub fn each_selected(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    selection: &Selection,
    after: Option<LeadId>,
    visit: &mut dyn FnMut(LeadId, Option<Lead>) -> ControlFlow<()>,
) -> Result<bool, SelectionError> {
    let filter = match &selection.filter {
        None => None,
        Some(text) => {
            let json = serde_json::from_str(text).map_err(|error| SelectionError::Filter(error.to_string()))?;
            Some(Filter::parse(&json).map_err(|error| SelectionError::Filter(error.to_string()))?)
        }
    };
    let wanted = |id: LeadId, lead: &Lead| {
        selection.except.binary_search(&id).is_err()
            && selection.after.is_none_or(|after| id > after)
            && selection.list.is_none_or(|list| list == lead.list)
            && filter.as_ref().is_none_or(|filter| filter.matches(id, lead))
    };
    let mut look = |id: LeadId| -> Result<ControlFlow<()>, StoreError> {
        let mut lead = worked_on(reads, scope, id)?.filter(|lead| wanted(id, lead));
        if let (Some(import), Some(found)) = (selection.import, &lead) {
            let is_made = found.origin.is_some_and(|origin| origin.import == import);
            if !is_made && !reads.has::<ImportBefore>(scope, (import, id))? {
                lead = None;
            }
        }
        Ok(visit(id, lead))
    };
    if !selection.ids.is_empty() {
        for id in selection.ids.iter().filter(|id| after.is_none_or(|after| **id > after)) {
            if look(*id)?.is_break() {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let Some(list) = selection.list else { return Ok(true) };
    match live_list(reads, scope, list) {
        Ok(_) => {}
        // Deleted since: nothing is left to select.
        Err(Refusal::Reject(_)) => return Ok(true),
        Err(Refusal::Store(error)) => return Err(error.into()),
    }
    let (mut whole, mut failure) = (true, None);
    let from = (list, after.max(selection.after).unwrap_or_default());
    reads.scan_after::<ListLeads>(scope, &(list,), &from, Order::Ascending, &mut |(_, id), ()| {
        if selection.until.is_some_and(|until| id > until) {
            return ControlFlow::Break(());
        }
        match look(id) {
            Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
            Ok(ControlFlow::Break(())) => {
                whole = false;
                ControlFlow::Break(())
            }
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failure.map_or(Ok(whole), |error| Err(error.into()))
}

/// Why a lead of a job is passed over, if it is.
pub fn skip_of(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: &Lead,
    job: &Job,
    now: Time,
) -> Result<Option<SkipReason>, StoreError> {
    skipped(reads, scope, id, lead, job.asked, &job.options.skip, now)
}

pub(super) fn skipped(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: &Lead,
    asked: PointSet,
    rule: &SkipRule,
    now: Time,
) -> Result<Option<SkipReason>, StoreError> {
    if rule.is_idle() || lead.enriched_at.is_none() {
        return Ok(None);
    }
    let mut oldest: Option<Time> = None;
    for point in asked.iter() {
        let has_subject = point.looks_at().iter().any(|field| lead.field(*field).is_some());
        if point.is_check() && !(has_subject && point.always_has_an_answer()) {
            continue;
        }
        let Some(value) = current_value(reads, scope, id, lead, point.field())?.filter(|value| value.accepted) else {
            return Ok(None);
        };
        oldest = Some(oldest.map_or(value.at, |oldest| oldest.min(value.at)));
    }
    Ok(rule.skips(oldest, now))
}

/// The value of a field that counts today: the newest accepted one that still speaks of what the lead has, else the
/// newest of the others that does.
pub fn current_value(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: &Lead,
    field: &str,
) -> Result<Option<FieldValue>, StoreError> {
    let mut best: Option<FieldValue> = None;
    reads.scan::<Values>(scope, &(id, field.to_owned()), Order::Descending, &mut |_, value| {
        let is_known =
            EnrichedField::from_name(field).is_none_or(|fact| lead.enriched_field(fact) == Some(&value.value));
        if !is_known || !value.is_about(lead) {
            return ControlFlow::Continue(());
        }
        if value.accepted {
            best = Some(value);
            return ControlFlow::Break(());
        }
        best.get_or_insert(value);
        ControlFlow::Continue(())
    })?;
    Ok(best)
}

/// The jobs of a workspace, newest first, behind `after`.
pub fn page(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    after: Option<JobId>,
    wanted: &dyn Fn(&Job) -> bool,
    most: usize,
) -> Result<Vec<(JobId, Job)>, StoreError> {
    let mut jobs = Vec::new();
    let mut visit = |(id,): (JobId,), job: Job| {
        if wanted(&job) {
            jobs.push((id, job));
        }
        if jobs.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    match after {
        Some(after) => reads.scan_after::<Jobs>(scope, &(), &(after,), Order::Descending, &mut visit)?,
        None => reads.scan::<Jobs>(scope, &(), Order::Descending, &mut visit)?,
    }
    Ok(jobs)
}

/// The items of a job in the order of its leads, behind `after`; `state` keeps those whose state has that name.
pub fn items_page(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    job: JobId,
    after: Option<ItemId>,
    state: Option<&str>,
    most: usize,
) -> Result<Vec<(ItemId, Item)>, StoreError> {
    let mut items = Vec::new();
    let from = (job, after.unwrap_or_default());
    reads.scan_after::<Items>(scope, &(job,), &from, Order::Ascending, &mut |(_, id), item| {
        if state.is_none_or(|state| state == item.state.name()) {
            items.push((id, item));
        }
        if items.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(items)
}

/// Leads that jobs gave up, the newest first, behind `after`.
pub fn dead_letters(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    after: Option<ItemId>,
    wanted: &dyn Fn(&DeadLetter) -> bool,
    most: usize,
) -> Result<Vec<(ItemId, DeadLetter)>, StoreError> {
    let mut letters = Vec::new();
    let mut visit = |(id,): (ItemId,), letter: DeadLetter| {
        if wanted(&letter) {
            letters.push((id, letter));
        }
        if letters.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    match after {
        Some(after) => reads.scan_after::<DeadLetters>(scope, &(), &(after,), Order::Descending, &mut visit)?,
        None => reads.scan::<DeadLetters>(scope, &(), Order::Descending, &mut visit)?,
    }
    Ok(letters)
}

/// How many leads were given up, by class of the failure.
pub fn dead_letter_counts(reads: &impl Reads, scope: &WorkspaceScope) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut counts = BTreeMap::new();
    reads.scan::<DeadLetters>(scope, &(), Order::Ascending, &mut |_, letter| {
        let class = letter.failure.map_or_else(|| "unknown".to_owned(), |failure| failure.class);
        *counts.entry(class).or_default() += 1;
        ControlFlow::Continue(())
    })?;
    Ok(counts)
}

/// Every value that was ever found for a lead, field by field, oldest first.
pub fn values_of(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    lead: LeadId,
) -> Result<Vec<(String, AttemptId, FieldValue)>, StoreError> {
    let mut values = Vec::new();
    reads.scan::<Values>(scope, &(lead,), Order::Ascending, &mut |(_, field, attempt), value| {
        values.push((field, attempt, value));
        ControlFlow::Continue(())
    })?;
    Ok(values)
}

/// The calls made for a lead, newest first, at most `most`.
pub fn attempts_of(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    lead: LeadId,
    most: usize,
) -> Result<Vec<(AttemptId, Attempt)>, StoreError> {
    let mut attempts = Vec::new();
    reads.scan::<Attempts>(scope, &(lead,), Order::Descending, &mut |(_, id), attempt| {
        attempts.push((id, attempt));
        if attempts.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(attempts)
}

/// What a raw answer is sealed for: it opens nowhere else.
pub fn raw_answer_context(workspace: WorkspaceId, lead: LeadId, attempt: AttemptId) -> Vec<u8> {
    let mut context = b"raw_answers".to_vec();
    for id in [workspace.as_u64(), lead.as_u64(), attempt.as_u64()] {
        context.extend_from_slice(&id.to_be_bytes());
    }
    context
}
