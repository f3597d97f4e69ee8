//! What a person asks of a job: pause, resume, cancel, retry.

use std::sync::Arc;

use serde_json::json;

use super::rows::{OpenJob, not_allowed};
use crate::domain::enrichment::{ItemState, PauseReason, WaitReason};
use crate::domain::id::{AttemptId, ItemId, JobId};
use crate::store::records::job::{Job, Sweep, SweepKind};
use crate::store::tables::{ItemQueue, Items};
use crate::store::{Origin, Reads, Refusal, Transaction, Tx, WorkspaceScope};

/// Told once the change is durable and before the caller is answered: so that, when the caller hears of a stop, no new
/// call can start.
pub type StopHook = Arc<dyn Fn(JobId) + Send + Sync>;

/// Pauses a job. Calls in flight end and are recorded; nothing new is leased.
#[derive(Clone)]
pub struct PauseJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    pub stopped: StopHook,
}

impl Transaction for PauseJob {
    type Out = Job;
    const NAME: &'static str = "jobs.pause";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Job, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
        let paused = job.row.status.pause(PauseReason::User).map_err(not_allowed)?;
        if paused != job.row.status {
            job.pause(tx, paused)?;
        }
        let (hook, id) = (Arc::clone(&self.stopped), self.job);
        tx.after_commit(move || hook(id));
        job.close(tx)
    }
}

/// Lets a paused job go on.
#[derive(Clone)]
pub struct ResumeJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    /// Told that calls may start again.
    pub resumed: StopHook,
}

impl Transaction for ResumeJob {
    type Out = Job;
    const NAME: &'static str = "jobs.resume";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Job, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
        let resumed = job.row.status.resume(job.row.started_at.is_some()).map_err(not_allowed)?;
        if resumed != job.row.status {
            job.row.status = resumed;
            job.tell(tx, "job.resumed", None)?;
        }
        let (hook, id) = (Arc::clone(&self.resumed), self.job);
        tx.after_commit(move || hook(id));
        job.close(tx)
    }
}

/// Cancels a job. What was found stays; what is queued is cancelled in slices afterwards; calls in flight end, are
/// recorded and charged if they found something.
#[derive(Clone)]
pub struct CancelJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    pub stopped: StopHook,
}

impl Transaction for CancelJob {
    type Out = Job;
    const NAME: &'static str = "jobs.cancel";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Job, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
        job.row.status = job.row.status.cancel().map_err(not_allowed)?;
        job.row.completed_at = Some(self.origin.at);
        job.row.fill.done = true;
        job.row.sweep = Some(Sweep { kind: SweepKind::Cancel, after: None });
        let after = json!({ "processed": job.row.counts.processed(), "inFlight": job.row.counts.running });
        job.tell(tx, "job.cancelled", Some(&after))?;
        let (hook, id) = (Arc::clone(&self.stopped), self.job);
        tx.after_commit(move || hook(id));
        job.close(tx)
    }
}

/// A provider says that it is done with a call: it is asked again at once. What is not waited for changes nothing.
#[derive(Debug, Clone)]
pub struct RingItem {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    pub item: ItemId,
    pub attempt: AttemptId,
}

impl Transaction for RingItem {
    /// Whether anybody waits for it.
    type Out = bool;
    const NAME: &'static str = "jobs.ring";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let Some(mut item) = tx.get::<Items>(&self.scope, (self.job, self.item))? else { return Ok(false) };
        let waits = item.state == ItemState::Waiting(WaitReason::Provider) && item.attempt == Some(self.attempt);
        if !waits || item.due <= self.origin.at {
            return Ok(false);
        }
        tx.remove::<ItemQueue>(&self.scope, (self.job, item.due, self.item))?;
        item.due = self.origin.at;
        tx.put::<ItemQueue>(&self.scope, (self.job, item.due, self.item), &())?;
        tx.put::<Items>(&self.scope, (self.job, self.item), &item)?;
        Ok(true)
    }
}

/// Queues the failed leads of a job again.
#[derive(Clone)]
pub struct RetryJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    /// Told that calls may start again.
    pub resumed: StopHook,
}

impl Transaction for RetryJob {
    /// The job and how many leads are tried again.
    type Out = (Job, u64);
    const NAME: &'static str = "jobs.retry";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(Job, u64), Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
        let status = job.row.status.retry().map_err(not_allowed)?;
        let failed = job.row.counts.failed;
        if failed > 0 {
            job.row.status = status;
            job.row.completed_at = None;
            job.row.sweep = Some(Sweep { kind: SweepKind::Retry, after: None });
            job.tell(tx, "job.retried", Some(&json!({ "leads": failed })))?;
            let (hook, id) = (Arc::clone(&self.resumed), self.job);
            tx.after_commit(move || hook(id));
        }
        Ok((job.close(tx)?, failed))
    }
}
