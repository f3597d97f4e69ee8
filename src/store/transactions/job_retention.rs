//! Removing jobs that have had their time, and before that the raw answers of their calls, which have a shorter one. In
//! portions: a transaction goes on where the last one stopped, and says so in its row.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::domain::id::{AttemptId, ItemId, JobId, LeadId};
use crate::domain::time::Time;
use crate::store::counter::Counter;
use crate::store::engine::Order;
use crate::store::records::item::Item;
use crate::store::records::job::Job;
use crate::store::records::job_trim::{JobTrim, TrimWalk};
use crate::store::tables::{
    ActiveJobs, Attempts, DeadLetters, ItemQueue, Items, JobFunnels, JobSelections, JobTrims, Jobs, LeadItems, Leases,
    RawAnswers,
};
use crate::store::transactions::lists::is_over;
use crate::store::transactions::retention::Keeping;
use crate::store::{Fact, Origin, Reads, Refusal, StoreError, Subject, Transaction, Tx, WorkspaceScope};

/// Items between two looks at the clock.
const STRIDE: usize = 16;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// When a job ended; `None` while anything of it is open.
pub fn ended_at(job: &Job) -> Option<Time> {
    let is_over = job.status.is_over() && job.fill.done && job.sweep.is_none() && job.counts.open() == 0;
    is_over.then_some(job.updated_at)
}

/// Whether the job goes as a whole.
pub fn has_had_its_time(job: &Job, keeping: &Keeping, now: Time) -> bool {
    ended_at(job).is_some_and(|end| is_over(end, keeping.jobs, now))
}

/// Whether a walk over the items of the job would find raw answers that have had their time, or goes on. A job that ran
/// for a day at most is walked through once, one that ran longer daily.
pub fn is_walk_due(job: &Job, trim: &JobTrim, keeping: &Keeping, now: Time) -> bool {
    if trim.walk.is_some() {
        return true;
    }
    let end = ended_at(job);
    let last_goes = end.map(|end| end.plus(keeping.raw_answers));
    if trim.walked_at.is_some_and(|walked| last_goes.is_some_and(|last| walked >= last)) {
        return false;
    }
    if let Some(last) = last_goes.filter(|_| end.is_some_and(|end| end.since(job.created_at) <= DAY)) {
        return last <= now;
    }
    let due = trim.walked_at.map_or(job.created_at.plus(keeping.raw_answers), |walked| walked.plus(DAY));
    due <= now
}

/// Goes over items of a job and takes away raw answers that have had their time.
#[derive(Debug, Clone)]
pub struct TrimJob {
    pub scope: WorkspaceScope,
    pub now: Time,
    pub keeping: Keeping,
    pub job: JobId,
    /// The most items looked at.
    pub most: usize,
}

impl Transaction for TrimJob {
    /// Items looked at, and one for the end of the walk; nothing when no walk is due.
    type Out = u64;
    const NAME: &'static str = "retention.trim_job";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Refusal> {
        let Some(job) = tx.get::<Jobs>(&self.scope, (self.job,))? else { return Ok(0) };
        let mut trim = tx.get::<JobTrims>(&self.scope, (self.job,))?.unwrap_or_default();
        if trim.removing || !is_walk_due(&job, &trim, &self.keeping, self.now) {
            return Ok(0);
        }
        let mut walk = trim.walk.unwrap_or(TrimWalk { at: self.now, after: None });
        let items = items_after(tx, &self.scope, self.job, walk.after, self.most)?;
        let mut seen = 0;
        for stride in items.chunks(STRIDE) {
            if seen > 0 && tx.time_is_up() {
                break;
            }
            for (id, item) in stride {
                self.trim(tx, walk.at, item)?;
                walk.after = Some(*id);
            }
            seen += stride.len();
        }
        let at_the_end = seen == items.len() && items.len() < self.most;
        trim.walk = (!at_the_end).then_some(walk);
        if at_the_end {
            trim.walked_at = Some(walk.at);
        }
        tx.put::<JobTrims>(&self.scope, (self.job,), &trim)?;
        Ok(seen as u64 + u64::from(at_the_end))
    }
}

impl TrimJob {
    fn trim(&self, tx: &mut Tx<'_>, at: Time, item: &Item) -> Result<(), StoreError> {
        let mut answers = Vec::new();
        tx.scan::<RawAnswers>(&self.scope, &(item.lead,), Order::Ascending, &mut |key, _| {
            answers.push(key);
            ControlFlow::Continue(())
        })?;
        for answer in answers {
            let attempt = tx.get::<Attempts>(&self.scope, answer)?;
            if attempt.is_none_or(|attempt| is_over(attempt.started_at, self.keeping.raw_answers, at)) {
                tx.remove::<RawAnswers>(&self.scope, answer)?;
            }
        }
        Ok(())
    }
}

/// Removes a job that has had its time: first its row, so that nobody finds half a job, then in portions what belongs to
/// it. Lines of the ledger stay.
#[derive(Debug, Clone)]
pub struct RemoveJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub keeping: Keeping,
    pub job: JobId,
    /// The most items removed.
    pub most: usize,
}

impl Transaction for RemoveJob {
    /// Rows of jobs and items removed; nothing when the job stays, or is gone.
    type Out = u64;
    const NAME: &'static str = "retention.remove_job";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Refusal> {
        let scope = &self.scope;
        if let Some(job) = tx.get::<Jobs>(scope, (self.job,))? {
            if !has_had_its_time(&job, &self.keeping, self.origin.at) {
                return Ok(0);
            }
            return self.remove_row(tx, &job);
        }
        let trim = tx.get::<JobTrims>(scope, (self.job,))?;
        if trim.is_none_or(|trim| !trim.removing) {
            return Ok(0);
        }
        let items = items_after(tx, scope, self.job, None, self.most)?;
        let mut removed = 0;
        for stride in items.chunks(STRIDE) {
            if removed > 0 && tx.time_is_up() {
                return Ok(removed);
            }
            for (id, item) in stride {
                self.remove_item(tx, *id, item)?;
            }
            removed += stride.len() as u64;
        }
        if items.len() < self.most {
            tx.remove::<JobTrims>(scope, (self.job,))?;
            removed += 1;
        }
        Ok(removed)
    }
}

impl RemoveJob {
    fn remove_row(&self, tx: &mut Tx<'_>, job: &Job) -> Result<u64, Refusal> {
        let scope = &self.scope;
        tx.remove::<Jobs>(scope, (self.job,))?;
        tx.remove::<JobSelections>(scope, (self.job,))?;
        tx.remove::<JobFunnels>(scope, (self.job,))?;
        tx.remove_install::<ActiveJobs>((scope.workspace(), self.job))?;
        tx.put::<JobTrims>(scope, (self.job,), &JobTrim { removing: true, ..JobTrim::default() })?;
        tx.add(scope, Counter::UsedByRemovedJobs, i64::try_from(job.credits_used).unwrap_or(i64::MAX));
        tx.event(scope, &self.origin, Fact::new("job.removed", Subject::job(self.job)))?;
        Ok(1)
    }

    fn remove_item(&self, tx: &mut Tx<'_>, id: ItemId, item: &Item) -> Result<(), StoreError> {
        let scope = &self.scope;
        for attempt in attempts_of(tx, scope, item.lead, self.job)? {
            tx.remove::<Attempts>(scope, (item.lead, attempt))?;
            tx.remove::<RawAnswers>(scope, (item.lead, attempt))?;
        }
        tx.remove::<DeadLetters>(scope, (id,))?;
        tx.remove::<ItemQueue>(scope, (self.job, item.due, id))?;
        tx.remove::<Leases>(scope, (self.job, id))?;
        tx.remove::<LeadItems>(scope, (item.lead, id))?;
        tx.remove::<Items>(scope, (self.job, id))?;
        Ok(())
    }
}

fn attempts_of(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    lead: LeadId,
    job: JobId,
) -> Result<Vec<AttemptId>, StoreError> {
    let mut found = Vec::new();
    reads.scan::<Attempts>(scope, &(lead,), Order::Ascending, &mut |(_, id), attempt| {
        if attempt.job == job {
            found.push(id);
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn items_after(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    job: JobId,
    after: Option<ItemId>,
    most: usize,
) -> Result<Vec<(ItemId, Item)>, StoreError> {
    let mut items = Vec::new();
    let from = (job, after.unwrap_or_default());
    reads.scan_after::<Items>(scope, &(job,), &from, Order::Ascending, &mut |(_, id), item| {
        items.push((id, item));
        if items.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::JobStatus;
    use crate::store::records::job::Fill;

    fn keeping() -> Keeping {
        Keeping {
            idempotency: DAY,
            events: DAY,
            deleted_lists: DAY,
            import_originals: DAY,
            before_images: DAY,
            uploads: DAY,
            jobs: 365 * DAY,
            dead_letters: 90 * DAY,
            raw_answers: 30 * DAY,
            lookups: Duration::from_secs(24 * 3_600),
            outbox_max_entries: 1,
        }
    }

    fn day(days: u32) -> Time {
        Time(0).plus(days * DAY)
    }

    /// The days on which a walk is due when one is made each time.
    fn walks(job: &Job, days: u32) -> Vec<u32> {
        let mut trim = JobTrim::default();
        (0..days)
            .filter(|at| {
                let due = is_walk_due(job, &trim, &keeping(), day(*at));
                if due {
                    trim.walked_at = Some(day(*at));
                }
                due
            })
            .collect()
    }

    fn job(created: u32, ended: Option<u32>) -> Job {
        let status = if ended.is_some() { JobStatus::Completed } else { JobStatus::Processing };
        let fill = Fill { done: true, ..Fill::default() };
        let updated_at = day(ended.unwrap_or(created));
        Job { status, fill, created_at: day(created), updated_at, ..Job::default() }
    }

    #[test]
    fn a_short_job_is_walked_through_once() {
        assert_eq!(walks(&job(5, Some(6)), 300), [36]);
    }

    #[test]
    fn a_long_job_is_walked_through_daily_until_nothing_is_left() {
        let long = walks(&job(0, Some(10)), 300);
        assert_eq!((long.first(), long.last(), long.len()), (Some(&30), Some(&40), 11));
        assert_eq!(walks(&job(0, None), 33), [30, 31, 32], "what still runs, too");
    }

    #[test]
    fn only_what_is_over_goes() {
        assert!(has_had_its_time(&job(0, Some(1)), &keeping(), day(366)));
        assert!(!has_had_its_time(&job(0, Some(1)), &keeping(), day(365)));
        assert!(!has_had_its_time(&job(0, None), &keeping(), day(4_000)));
    }
}
