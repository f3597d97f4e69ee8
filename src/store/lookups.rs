//! Who is worked on without being a lead of a list: identities and addresses that somebody only asks about.
//!
//! They go through the same jobs as leads, under ids of the same kind, but no list, search, export or statistic sees them,
//! and they are gone with what was found after `retention.lookups`.

use crate::domain::id::{JobId, LeadId};
use crate::domain::lead::Lead;
use crate::store::records::lookup::Lookup;
use crate::store::tables::{JobSelections, Leads, Lookups};
use crate::store::transactions::leads::live_lead;
use crate::store::{Missing, Reads, Refusal, Reject, StoreError, WorkspaceScope};

/// The lead that an item of a job is about, wherever it stands.
///
/// # Errors
/// When rows cannot be read.
pub fn worked_on(reads: &impl Reads, scope: &WorkspaceScope, id: LeadId) -> Result<Option<Lead>, StoreError> {
    match reads.get::<Leads>(scope, (id,))? {
        Some(lead) => Ok(Some(lead)),
        None => Ok(reads.get::<Lookups>(scope, (id,))?.map(|row| row.lead)),
    }
}

/// The same, but nothing of a deleted list.
///
/// # Errors
/// `NotFound`, or when rows cannot be read.
pub fn workable(reads: &impl Reads, scope: &WorkspaceScope, id: LeadId) -> Result<Lead, Refusal> {
    match live_lead(reads, scope, id) {
        Err(Refusal::Reject(missing)) => match reads.get::<Lookups>(scope, (id,))? {
            Some(row) => Ok(row.lead),
            None => Err(missing.into()),
        },
        found => found,
    }
}

/// Those that a job is about, in the order they were given.
///
/// # Errors
/// `NotFound` when it is no job of this kind, or they are forgotten; or when rows cannot be read.
pub fn of_job(reads: &impl Reads, scope: &WorkspaceScope, id: JobId) -> Result<Vec<(LeadId, Lookup)>, Refusal> {
    let missing = || Refusal::from(Reject::NotFound(Missing::Job));
    let selection = reads.get::<JobSelections>(scope, (id,))?.ok_or_else(missing)?;
    let mut found = Vec::with_capacity(selection.ids.len());
    for lead in selection.ids {
        let row = reads.get::<Lookups>(scope, (lead,))?.ok_or_else(missing)?;
        found.push((lead, row));
    }
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}
