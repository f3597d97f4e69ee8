//! Scheduler: knows which jobs have something to do, and does the upkeep that is not a call.
//!
//! Owns: the [`Agenda`], filled from the job rows. Receives: `Look`, a wake-up and an alarm.
//! Sends: `jobs.fill` and `jobs.sweep` to the store as bulk work, a wake-up to the Enricher.
//! Fails by: a store that cannot be read; the rows stay as they are.
//! Restarts with: the table of active jobs.

mod admission;
mod agenda;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

pub use self::admission::{PlanShare, PlanShares};
pub use self::agenda::{Agenda, CallGuard, Offer, Pick};

use self::admission::{Candidate, admitted};
use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn, WakePort};
use crate::domain::id::{JobId, WorkspaceId};
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::records::job::Job;
use crate::store::tables::{ActiveJobs, ItemQueue, Jobs, Settings, Workspaces};
use crate::store::transactions::jobs::{FillJob, ItemLines, SweepJob};
use crate::store::{Origin, Reads, Store, StoreError, SubmitError, SystemScope, Urgency, View, WorkspaceScope};

/// Items that one transaction of upkeep makes or looks at, at most.
const SLICE: u32 = 2_000;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the Scheduler works with.
#[derive(Clone)]
pub struct SchedulerParts {
    pub store: Store,
    pub agenda: Agenda,
    pub system: SystemScope,
    /// Jobs that run at the same time, over all workspaces.
    pub max_jobs: usize,
    /// What the plans of workspaces give them of the queue.
    pub plans: PlanShares,
    /// What holds for a workspace that has decided nothing.
    pub defaults: Arc<WorkspaceSettings>,
    pub enricher: WakePort,
}

/// How a look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// There is more upkeep to do at once.
    pub more: bool,
    pub jobs: usize,
}

/// Why a look did not end well. The rows are as they were; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

struct Active {
    scope: WorkspaceScope,
    id: JobId,
    job: Job,
    due: Option<Time>,
    share: PlanShare,
}

/// The work itself, for the actor and for the simulation.
#[derive(Clone)]
pub struct SchedulerWork {
    parts: SchedulerParts,
}

impl SchedulerWork {
    pub fn new(parts: SchedulerParts) -> Self {
        Self { parts }
    }

    /// Looks at the active jobs once: tells the agenda what is due, and does one slice of upkeep for each job that needs
    /// some. Reads rows on the calling thread.
    ///
    /// # Errors
    /// See [`SchedulerError`].
    pub async fn look(&self) -> Result<Looked, SchedulerError> {
        if !self.parts.agenda.is_open() {
            return Ok(Looked { more: false, jobs: 0 });
        }
        let active = self.active()?;
        self.tell_agenda(&active);
        let mut more = false;
        for one in &active {
            more |= self.upkeep(one).await?;
        }
        if more {
            self.tell_agenda(&self.active()?);
        }
        Ok(Looked { more, jobs: active.len() })
    }

    fn active(&self) -> Result<Vec<Active>, SchedulerError> {
        let view = self.parts.store.view()?;
        let mut places = Vec::new();
        view.scan_install::<ActiveJobs>(&(), Order::Ascending, &mut |place, ()| {
            places.push(place);
            ControlFlow::Continue(())
        })?;
        let mut active = Vec::with_capacity(places.len());
        let mut shares: HashMap<WorkspaceId, PlanShare> = HashMap::new();
        for (workspace, id) in places {
            let share = match shares.get(&workspace) {
                Some(share) => *share,
                None => {
                    let row = view.get_install::<Workspaces>((workspace,))?;
                    let share = row.map(|row| self.parts.plans.share(&row.plan)).unwrap_or_default();
                    *shares.entry(workspace).or_insert(share)
                }
            };
            let scope = self.parts.system.within(workspace);
            if let Some(job) = view.get::<Jobs>(&scope, (id,))? {
                let mut due = first_due(&view, &scope, id)?;
                if job.options.off_peak {
                    let own = view.get::<Settings>(&scope, ())?.unwrap_or_default().over(&self.parts.defaults);
                    let opens = own.off_peak.opens_at(self.parts.store.deps().clock.now(), &own.zone);
                    due = due.map(|due| due.max(opens));
                }
                active.push(Active { scope, id, job, due, share });
            }
        }
        Ok(active)
    }

    fn tell_agenda(&self, active: &[Active]) {
        let runnable = active.iter().filter(|one| one.job.status.is_running());
        let candidates: Vec<Candidate> = runnable
            .map(|one| Candidate {
                job: one.id,
                workspace: one.scope.workspace(),
                share: one.share,
                is_single: one.job.individual || one.job.total() <= 1,
                has_begun: one.job.started_at.is_some(),
            })
            .collect();
        let admitted: HashSet<JobId> = admitted(&candidates, self.parts.max_jobs).into_iter().collect();
        let offers: Vec<Offer> = active
            .iter()
            .filter(|one| admitted.contains(&one.id))
            .map(|one| Offer {
                job: one.id,
                scope: one.scope,
                priority: one.job.options.priority,
                individual: one.job.individual,
                due: one.due,
                weight: one.share.weight,
            })
            .collect();
        self.parts.agenda.offer(&offers);
        let active: HashSet<JobId> = active.iter().map(|one| one.id).collect();
        self.parts.agenda.forget_stops_but(&active);
        self.parts.enricher.wake();
    }

    /// One slice for one job; true when it had something to do.
    async fn upkeep(&self, one: &Active) -> Result<bool, SchedulerError> {
        let store = &self.parts.store;
        let origin = Origin::system(store.deps().clock.now());
        if one.job.sweep.is_some() {
            let lines = ItemLines::new(store.deps().ids.next_block(2 * SLICE));
            let sweep = SweepJob { scope: one.scope, origin, job: one.id, most: SLICE as usize, lines };
            store.submit(sweep, Urgency::Bulk).await?;
            return Ok(true);
        }
        if one.job.fill.done || one.job.status.is_over() {
            return Ok(false);
        }
        let items = store.deps().ids.next_block(SLICE);
        store.submit(FillJob { scope: one.scope, origin, job: one.id, items }, Urgency::Bulk).await?;
        Ok(true)
    }
}

fn first_due(view: &View, scope: &WorkspaceScope, job: JobId) -> Result<Option<Time>, StoreError> {
    let mut first = None;
    view.scan::<ItemQueue>(scope, &(job,), Order::Ascending, &mut |(_, due, _), ()| {
        first = Some(due);
        ControlFlow::Break(())
    })?;
    Ok(first)
}

pub struct Scheduler {
    work: SchedulerWork,
    looking: bool,
    /// Somebody rang while it was looking.
    again: bool,
}

/// Time to look at the active jobs.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl Scheduler {
    pub fn new(parts: SchedulerParts) -> Self {
        Self { work: SchedulerWork::new(parts), looking: false, again: false }
    }

    fn looked(&mut self, looked: Result<Looked, SchedulerError>, turn: &mut Turn<Self>) {
        self.looking = false;
        match looked {
            Ok(Looked { more: false, .. }) if !self.again => {}
            Ok(_) => turn.notify(Look),
            Err(SchedulerError::Store(error)) => turn.stop_with_error(RoleError::restart(error)),
            Err(SchedulerError::Submit(error)) => tracing::warn!(%error, "upkeep of jobs waits"),
        }
        self.again = false;
    }
}

impl Role for Scheduler {
    const NAME: &'static str = "scheduler";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.looking = false;
        turn.notify(Look);
        Ok(())
    }
}

impl Handle<Look> for Scheduler {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.alarm(LOOK_EVERY, Look);
        if self.looking {
            self.again = true;
        } else if !turn.is_stopping() {
            self.looking = true;
            let work = self.work.clone();
            // On this actor's own thread: a look reads rows.
            drop(turn.run_here(async move { work.look().await }, |role, looked, turn| role.looked(looked, turn)));
        }
        Outcome::now(())
    }
}
