//! What must hold for the rows of jobs at any committed moment: for `check`, for tests, for the auditor of the simulation.

use std::ops::ControlFlow;

use crate::domain::enrichment::{ItemState, JobCounts};
use crate::domain::id::{Id, ItemId, JobId};
use crate::domain::time::Time;
use crate::store::counter::Counter;
use crate::store::engine::Order;
use crate::store::ledger;
use crate::store::tables::{ActiveJobs, ItemQueue, Items, Jobs, Leases, Lines};
use crate::store::{Reads, StoreError, WorkspaceScope};

/// What does not agree, in words; empty when all does.
///
/// # Errors
/// When rows cannot be read.
pub fn audit(reads: &impl Reads, scope: &WorkspaceScope) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    let (mut held, mut used) = (0, 0);
    let mut jobs = Vec::new();
    reads.scan::<Jobs>(scope, &(), Order::Ascending, &mut |(id,), job| {
        jobs.push((id, job));
        ControlFlow::Continue(())
    })?;
    for (id, job) in jobs {
        let seen = items(reads, scope, id, &mut wrong)?;
        if seen.counts != job.counts {
            wrong.push(format!("{id}: counts {:?} but items {:?}", job.counts, seen.counts));
        }
        if seen.held != job.held || seen.charged != job.credits_used {
            wrong.push(format!(
                "{id}: holds {} and charged {}, its items {} and {}",
                job.held, job.credits_used, seen.held, seen.charged
            ));
        }
        if job.credits_used > job.counts.total().saturating_mul(job.worst_price()) {
            wrong.push(format!("{id}: charged {} which is above its worst price", job.credits_used));
        }
        let open = job.counts.open() > 0 || job.sweep.is_some() || !job.fill.done || !job.status.is_over();
        if open != reads.get_install::<ActiveJobs>((scope.workspace(), id))?.is_some() {
            wrong.push(format!(
                "{id}: {} and {} open items, but the table of active jobs disagrees",
                job.status.name(),
                job.counts.open()
            ));
        }
        held += job.held;
        used += job.credits_used;
    }
    let (kind, subject) = Counter::UsedByRemovedJobs.key();
    used += u64::try_from(reads.stored_counter(scope, kind, subject)?).unwrap_or(0);
    let account = ledger::account(reads, scope)?;
    if !ledger::balances(&account) {
        wrong.push(format!("the account does not balance: {account:?}"));
    }
    if account.held != held || account.used != used {
        wrong.push(format!("the account holds {} and used {}, the jobs {held} and {used}", account.held, account.used));
    }
    let mut by_lines = crate::store::records::ledger::Account::default();
    reads.scan::<Lines>(scope, &(), Order::Ascending, &mut |(id,), line| {
        if ledger::apply(&mut by_lines, line.kind, line.amount).is_err() {
            wrong.push(format!("{id}: the account did not have what the line takes"));
        }
        ControlFlow::Continue(())
    })?;
    if by_lines != account {
        wrong.push(format!("the lines add up to {by_lines:?}, the account says {account:?}"));
    }
    Ok(wrong)
}

#[derive(Default)]
struct Seen {
    counts: JobCounts,
    held: u64,
    charged: u64,
}

fn items(reads: &impl Reads, scope: &WorkspaceScope, job: JobId, wrong: &mut Vec<String>) -> Result<Seen, StoreError> {
    let mut seen = Seen::default();
    let mut places: Vec<(ItemId, ItemState, Time)> = Vec::new();
    reads.scan::<Items>(scope, &(job,), Order::Ascending, &mut |(_, id), item| {
        seen.counts.enter(item.state);
        seen.held += item.held;
        seen.charged += item.charged;
        // While a provider works on it what it may cost stays held.
        let may_hold = match item.state {
            ItemState::Running => true,
            ItemState::Queued | ItemState::Waiting(_) => item.ticket.is_some(),
            _ => false,
        };
        if item.held > 0 && !may_hold {
            wrong.push(format!("{id}: {} and still holds {}", item.state.name(), item.held));
        }
        places.push((id, item.state, item.due));
        ControlFlow::Continue(())
    })?;
    for (id, state, due) in places {
        let queued = reads.has::<ItemQueue>(scope, (job, due, id))?;
        let leased = reads.has::<Leases>(scope, (job, id))?;
        let should = (matches!(state, ItemState::Queued | ItemState::Waiting(_)), state == ItemState::Running);
        if (queued, leased) != should {
            wrong.push(format!("{id} (number {}): {}, queued {queued}, leased {leased}", id.as_u64(), state.name()));
        }
    }
    Ok(seen)
}
