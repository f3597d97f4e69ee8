//! TaskRunner: carries out acts on many leads, slice by slice, every workspace in its turn.
//!
//! Owns: nothing but whose turn it is; tasks and their cursors are rows. Receives: `Look`, a wake-up and a timer.
//! Sends: `tasks.slice`, `tasks.fail` and `tasks.forget` to the store, as bulk work.
//! Fails by: a slice that cannot be committed; it is tried again, and the task fails at the third time in a row.
//! Restarts with: the tasks that have not ended, each from its cursor.

use std::time::Duration;

use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn};
use crate::domain::id::{Id, TaskId, WorkspaceId};
use crate::store::transactions::tasks::{FailTask, ForgetTasks, SLICE_LEADS, TaskSlice, next_open_task};
use crate::store::{Origin, Store, SubmitError, SystemScope, Urgency, WorkspaceScope};

/// How often an idle runner looks, in case a wake-up was lost with its sender.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const WAIT: Duration = Duration::from_millis(250);
const FORGET_EVERY: Duration = Duration::from_secs(3_600);
/// Failures of one task in a row after which it is given up.
const GIVE_UP_AT: u32 = 3;

/// Does the work, one slice at a time; knows no actor, so that anything can drive it.
pub struct TaskWorker {
    store: Store,
    house: SystemScope,
    last: Option<(WorkspaceId, TaskId)>,
    /// The task whose last slices failed, and how many of them.
    failing: Option<(TaskId, u32)>,
    forget_at: Duration,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// There may be more to do at once.
    More,
    /// The store is busy: later.
    Wait,
    /// No task is open.
    Idle,
}

impl TaskWorker {
    pub fn new(store: Store, house: SystemScope) -> Self {
        Self { store, house, last: None, failing: None, forget_at: Duration::ZERO }
    }

    /// Does a slice of the next open task.
    ///
    /// # Errors
    /// When the store cannot be read, or has stopped.
    pub async fn step(&mut self) -> Result<Stepped, SubmitError> {
        match self.do_next().await {
            // Whether it was committed stands in the row of the task.
            Err(SubmitError::Overloaded | SubmitError::OutcomeUnknown(_)) => Ok(Stepped::Wait),
            stepped => stepped,
        }
    }

    async fn do_next(&mut self) -> Result<Stepped, SubmitError> {
        if self.store.identity_is_full() {
            return Ok(Stepped::Wait);
        }
        // One row of a table that is nearly always empty: not worth a thread of the pool.
        let next = self.store.view().and_then(|view| next_open_task(&view, self.house, self.last));
        let Some((scope, id)) = next.map_err(|error| SubmitError::Failed(error.to_string()))? else {
            return self.forget().await;
        };
        self.last = Some((scope.workspace(), id));
        let deps = self.store.deps();
        let first_copy = deps.ids.next_block(SLICE_LEADS).next().unwrap_or(Id::from_u64(0));
        let slice = TaskSlice { scope, at: deps.clock.now(), id, first_copy };
        match self.store.submit(slice, Urgency::Bulk).await {
            Ok(_) => {
                self.failing = None;
                Ok(Stepped::More)
            }
            Err(SubmitError::Rejected(reject)) => self.give_up(scope, id, reject.to_string()).await,
            Err(error @ (SubmitError::Panicked(_) | SubmitError::Failed(_))) => self.failed(scope, id, &error).await,
            Err(error) => Err(error),
        }
    }

    async fn failed(&mut self, scope: WorkspaceScope, id: TaskId, error: &SubmitError) -> Result<Stepped, SubmitError> {
        tracing::warn!(%error, task = %id, "a slice of a task failed");
        let before = self.failing.filter(|(task, _)| *task == id).map_or(0, |(_, count)| count);
        self.failing = Some((id, before + 1));
        if before + 1 < GIVE_UP_AT {
            return Ok(Stepped::Wait);
        }
        self.give_up(scope, id, "it could not be carried out; the log of the server says why".to_owned()).await
    }

    async fn give_up(&mut self, scope: WorkspaceScope, id: TaskId, reason: String) -> Result<Stepped, SubmitError> {
        let origin = Origin::system(self.store.deps().clock.now());
        self.store.submit(FailTask { scope, origin, id, reason }, Urgency::Bulk).await?;
        self.failing = None;
        Ok(Stepped::More)
    }

    /// Now and then, when nothing else is to do: what is too old to be undone goes.
    async fn forget(&mut self) -> Result<Stepped, SubmitError> {
        let clock = &self.store.deps().clock;
        if clock.monotonic() < self.forget_at {
            return Ok(Stepped::Idle);
        }
        let forget = ForgetTasks { house: self.house, at: clock.now(), most: ForgetTasks::MOST };
        let next = clock.monotonic() + FORGET_EVERY;
        let more = self.store.submit(forget, Urgency::Bulk).await?.out;
        if more {
            return Ok(Stepped::More);
        }
        self.forget_at = next;
        Ok(Stepped::Idle)
    }
}

pub struct TaskRunner {
    store: Store,
    house: SystemScope,
    /// Away while it works.
    worker: Option<TaskWorker>,
    /// Somebody rang while it worked.
    rung: bool,
}

/// Time to see whether there is something to do.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl TaskRunner {
    pub fn new(store: Store, house: SystemScope) -> Self {
        Self { store, house, worker: None, rung: false }
    }

    fn stepped(&mut self, stepped: Result<Stepped, SubmitError>, turn: &mut Turn<Self>) {
        let rung = std::mem::take(&mut self.rung);
        match stepped {
            Ok(Stepped::More) if !turn.is_stopping() => turn.notify(Look),
            Ok(Stepped::Idle) if rung && !turn.is_stopping() => turn.notify(Look),
            Ok(Stepped::More | Stepped::Idle) => turn.alarm(LOOK_EVERY, Look),
            Ok(Stepped::Wait) => turn.alarm(WAIT, Look),
            Err(SubmitError::Stopped) => {}
            Err(error) => turn.stop_with_error(RoleError::restart(error)),
        }
    }
}

impl Role for TaskRunner {
    const NAME: &'static str = "task_runner";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.worker = Some(TaskWorker::new(self.store.clone(), self.house));
        self.rung = false;
        turn.alarm(Duration::ZERO, Look);
        Ok(())
    }
}

impl Handle<Look> for TaskRunner {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        if turn.is_stopping() {
            return Outcome::now(());
        }
        let Some(mut worker) = self.worker.take() else {
            self.rung = true;
            return Outcome::now(());
        };
        let work = async move {
            let stepped = worker.step().await;
            (worker, stepped)
        };
        drop(turn.run(work, |role, (worker, stepped), turn| {
            role.worker = Some(worker);
            role.stepped(stepped, turn);
        }));
        Outcome::now(())
    }
}
