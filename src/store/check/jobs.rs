//! Jobs against their items, items against queue and leases, and the credits they hold against the ledger.

use super::ledger::OpenHolds;
use super::report::{Code, Report};
use super::scan::{each, each_install};
use crate::domain::enrichment::{ItemState, JobCounts};
use crate::domain::id::{ItemId, JobId, WorkspaceId};
use crate::store::counter::Counter;
use crate::store::ledger::account;
use crate::store::records::item::Item;
use crate::store::records::job::Job;
use crate::store::tables::{ActiveJobs, ItemQueue, Items, JobTrims, Jobs, LeadItems, Leases, Lines, TenantTable};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

pub(super) fn compare(view: &View, holds: OpenHolds, report: &mut Report) -> Result<(), StoreError> {
    let mut pass = Pass { view, holds, job: None, queued: 0, leased: 0, report };
    each::<Items>(view, |workspace, (job, id), item| pass.item(workspace, job, id, &item))?;
    pass.close()?;
    let Pass { holds, queued, leased, .. } = pass;
    for ((_, hold), left) in holds {
        report.found(
            Code::HoldUnmatched,
            Lines::NAME,
            hold,
            format!("{left} are held under it, and no item is in work"),
        );
    }
    report.pending("LEASES", leased, "leads whose provider call is in flight, or is given back at a start");
    if view.raw().len(<ItemQueue as TenantTable>::ID)? != queued {
        each::<ItemQueue>(view, |workspace, (job, due, id), ()| {
            let item = view.get::<Items>(&WorkspaceScope::of(workspace), (job, id))?;
            if item.is_none_or(|item| !waits(item.state) || item.due != due) {
                report.found(
                    Code::OpenWorkOrphan,
                    ItemQueue::NAME,
                    id,
                    format!("queued for {job}, but it does not wait"),
                );
            }
            Ok(())
        })?;
    }
    if view.raw().len(<Leases as TenantTable>::ID)? != leased {
        each::<Leases>(view, |workspace, (job, id), _| {
            let item = view.get::<Items>(&WorkspaceScope::of(workspace), (job, id))?;
            if item.is_none_or(|item| item.state != ItemState::Running) {
                report.found(Code::OpenWorkOrphan, Leases::NAME, id, format!("leased for {job}, but not in work"));
            }
            Ok(())
        })?;
    }
    jobs(view, report)
}

fn waits(state: ItemState) -> bool {
    matches!(state, ItemState::Queued | ItemState::Waiting(_))
}

struct Pass<'c> {
    view: &'c View,
    holds: OpenHolds,
    /// The job whose items are being met, and what they add up to.
    job: Option<(WorkspaceId, JobId, Sum)>,
    queued: u64,
    leased: u64,
    report: &'c mut Report,
}

#[derive(Default)]
struct Sum {
    counts: JobCounts,
    held: u64,
    charged: u64,
}

impl Pass<'_> {
    fn item(&mut self, workspace: WorkspaceId, job: JobId, id: ItemId, item: &Item) -> Result<(), StoreError> {
        if self.job.as_ref().is_none_or(|(at, known, _)| (*at, *known) != (workspace, job)) {
            self.close()?;
            self.job = Some((workspace, job, Sum::default()));
        }
        let scope = WorkspaceScope::of(workspace);
        if let Some((_, _, sum)) = &mut self.job {
            sum.counts.enter(item.state);
            sum.held = sum.held.saturating_add(item.held);
            sum.charged = sum.charged.saturating_add(item.charged);
        }
        self.report.count("items", 1);
        let queued = self.view.has::<ItemQueue>(&scope, (job, item.due, id))?;
        let leased = self.view.has::<Leases>(&scope, (job, id))?;
        self.queued += u64::from(queued);
        self.leased += u64::from(leased);
        if (queued, leased) != (waits(item.state), item.state == ItemState::Running) {
            let detail = format!("{}, queued: {queued}, leased: {leased}", item.state.name());
            self.report.found(Code::OpenWorkMissing, Items::NAME, id, detail);
        }
        if self.view.get::<LeadItems>(&scope, (item.lead, id))?.is_none_or(|place| place.job != job) {
            self.report.found(Code::ItemUnplaced, LeadItems::NAME, id, format!("{} does not lead to it", item.lead));
        }
        self.take_hold(workspace, id, item);
        Ok(())
    }

    fn take_hold(&mut self, workspace: WorkspaceId, id: ItemId, item: &Item) {
        if item.held == 0 {
            return;
        }
        // While a provider works on it what it may cost stays held.
        if item.state != ItemState::Running && !(waits(item.state) && item.ticket.is_some()) {
            let detail = format!("{} and still holds {}", item.state.name(), item.held);
            self.report.found(Code::HoldUnmatched, Items::NAME, id, detail);
        }
        let place = (workspace, item.hold.unwrap_or_default());
        match self.holds.get(&place).copied().and_then(|left| left.checked_sub(item.held)) {
            Some(0) => drop(self.holds.remove(&place)),
            Some(left) => drop(self.holds.insert(place, left)),
            None => {
                let detail = format!("holds {}, which the ledger does not know", item.held);
                self.report.found(Code::HoldUnmatched, Items::NAME, id, detail);
            }
        }
    }

    fn is_being_removed(&self, workspace: WorkspaceId, id: JobId) -> Result<bool, StoreError> {
        Ok(self.view.get::<JobTrims>(&WorkspaceScope::of(workspace), (id,))?.is_some_and(|trim| trim.removing))
    }

    /// The items of a job are all met.
    fn close(&mut self) -> Result<(), StoreError> {
        let Some((workspace, id, sum)) = self.job.take() else { return Ok(()) };
        match self.view.get::<Jobs>(&WorkspaceScope::of(workspace), (id,))? {
            Some(job) => compare_sums(id, &job, &sum, self.report),
            None if self.is_being_removed(workspace, id)? => {
                self.report.pending("JOB_REMOVALS", 1, "jobs past their retention, removed in portions");
            }
            None => self.report.found(Code::JobWrong, Items::NAME, id, "items of a job that is not there"),
        }
        Ok(())
    }
}

fn compare_sums(id: JobId, job: &Job, sum: &Sum, report: &mut Report) {
    if job.counts != sum.counts {
        report.found(Code::JobWrong, Jobs::NAME, id, format!("counts {:?}, its items {:?}", job.counts, sum.counts));
    }
    if (job.held, job.credits_used) != (sum.held, sum.charged) {
        let detail =
            format!("holds {} and charged {}, its items {} and {}", job.held, job.credits_used, sum.held, sum.charged);
        report.found(Code::JobWrong, Jobs::NAME, id, detail);
    }
    if job.credits_used > job.counts.total().saturating_mul(job.worst_price()) {
        report.found(Code::JobWrong, Jobs::NAME, id, format!("charged {}, above its worst price", job.credits_used));
    }
}

/// Jobs with nothing to do are not active and the others are; what all of them took is what the account says.
fn jobs(view: &View, report: &mut Report) -> Result<(), StoreError> {
    let mut taken = std::collections::BTreeMap::<WorkspaceId, (u64, u64)>::new();
    each::<Jobs>(view, |workspace, (id,), job| {
        report.count("jobs", 1);
        let sums = taken.entry(workspace).or_default();
        *sums = (sums.0.saturating_add(job.held), sums.1.saturating_add(job.credits_used));
        let open = is_open(&job);
        report.pending("JOBS", u64::from(open), "enrichment jobs that go on at a start, or wait to be resumed");
        if open && view.get_install::<ActiveJobs>((workspace, id))?.is_none() {
            report.found(Code::OpenWorkMissing, Jobs::NAME, id, "not at its end, but no start would go on with it");
        }
        Ok(())
    })?;
    each_install::<ActiveJobs>(view, |(workspace, id), ()| {
        let job = view.get::<Jobs>(&WorkspaceScope::of(workspace), (id,))?;
        if job.is_none_or(|job| !is_open(&job)) {
            report.found(Code::OpenWorkOrphan, "active_jobs", id, "named as active, but there is nothing to do for it");
        }
        Ok(())
    })?;
    for (workspace, (held, used)) in taken {
        let scope = WorkspaceScope::of(workspace);
        let account = account(view, &scope)?;
        let (kind, subject) = Counter::UsedByRemovedJobs.key();
        let removed = u64::try_from(view.stored_counter(&scope, kind, subject)?).unwrap_or(0);
        let used = used.saturating_add(removed);
        if (account.held, account.used) != (held, used) {
            let detail = format!("holds {} and used {}, its jobs {held} and {used}", account.held, account.used);
            report.found(Code::JobWrong, "ledger_accounts", workspace, detail);
        }
    }
    Ok(())
}

fn is_open(job: &Job) -> bool {
    job.counts.open() > 0 || job.sweep.is_some() || !job.fill.done || !job.status.is_over()
}
