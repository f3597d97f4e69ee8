//! What goes with a lead: all that was found out about it.
//!
//! What stays is no value: that a provider was asked, when, with the names of the fields it was told (who was told has to be
//! told of the erasure, too), what it cost, and how the lead counted in its jobs.

use std::ops::ControlFlow;

use crate::domain::id::{AttemptId, LeadId};
use crate::store::engine::Order;
use crate::store::records::attempt::Attempt;
use crate::store::tables::{Attempts, KnownAnswers, LeadAnswers, RawAnswers, Values};
use crate::store::{Reads, StoreError, Tx, WorkspaceScope};

/// Removes every value that was found for a lead, alternatives included, the answers they were read from, the known
/// answers that were got for it, and what providers said in their own words of the calls. Receipts, lines of the ledger
/// and counts stay. A call in flight is ended by its job, which finds no lead and writes nothing of the answer.
///
/// # Errors
/// When rows cannot be read or written.
pub fn forget_lead(tx: &mut Tx<'_>, scope: &WorkspaceScope, lead: LeadId) -> Result<(), StoreError> {
    let mut known = Vec::new();
    tx.scan::<LeadAnswers>(scope, &(lead,), Order::Ascending, &mut |key, ()| {
        known.push(key);
        ControlFlow::Continue(())
    })?;
    for (lead, key) in known {
        tx.remove::<LeadAnswers>(scope, (lead, key))?;
        tx.remove::<KnownAnswers>(scope, (key,))?;
    }
    forget_look_up(tx, scope, lead)
}

/// The same for somebody who was only asked about: the known answers stay, sealed, as long as all of them, so that the
/// same question is not bought twice.
///
/// # Errors
/// When rows cannot be read or written.
pub fn forget_look_up(tx: &mut Tx<'_>, scope: &WorkspaceScope, lead: LeadId) -> Result<(), StoreError> {
    let mut values = Vec::new();
    tx.scan::<Values>(scope, &(lead,), Order::Ascending, &mut |key, _| {
        values.push(key);
        ControlFlow::Continue(())
    })?;
    for key in values {
        tx.remove::<Values>(scope, key)?;
    }
    let mut answers = Vec::new();
    tx.scan::<RawAnswers>(scope, &(lead,), Order::Ascending, &mut |key, _| {
        answers.push(key);
        ControlFlow::Continue(())
    })?;
    for key in answers {
        tx.remove::<RawAnswers>(scope, key)?;
    }
    forget_words(tx, scope, lead)
}

/// Removes what providers said in their own words of the calls for a lead: a refusal may repeat what was told.
///
/// # Errors
/// When rows cannot be read or written.
pub(super) fn forget_words(tx: &mut Tx<'_>, scope: &WorkspaceScope, lead: LeadId) -> Result<(), StoreError> {
    let mut attempts: Vec<((LeadId, AttemptId), Attempt)> = Vec::new();
    tx.scan::<Attempts>(scope, &(lead,), Order::Ascending, &mut |key, attempt| {
        if attempt.detail.is_some() {
            attempts.push((key, attempt));
        }
        ControlFlow::Continue(())
    })?;
    for (key, attempt) in attempts {
        tx.put::<Attempts>(scope, key, &Attempt { detail: None, ..attempt })?;
    }
    Ok(())
}
