//! Tasks: making, cancelling, failing and forgetting them. `slice` does a piece of one, `acts`, `merge` and `undo` say
//! what happens to one lead, `walk` which lead comes next.

mod acts;
mod forget;
mod merge;
mod slice;
mod undo;
mod walk;

pub use forget::ForgetTasks;
pub use slice::{Progressed, SLICE_LEADS, TaskSlice};
pub use walk::{Foreseen, Foreseer};

use serde_json::json;

use crate::domain::filter::Filter;
use crate::domain::id::{ListId, TaskId, WorkspaceId};
use crate::domain::list::List;
use crate::store::engine::Order;
use crate::store::records::task::{Act, Selection, Task, TaskOrder, TaskState};
use crate::store::tables::{Leads, OpenTasks, TaskOrders, Tasks};
use crate::store::transactions::lead_rows::within_window;
use crate::store::transactions::lists::{create_list, live_list, open_list};
use crate::store::{
    Counter, Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, SystemScope, Transaction, Tx,
    WorkspaceScope,
};

/// The most ids of one selection.
pub const MAX_SELECTED: usize = 10_000;

/// A task with its order.
pub fn task_of(reads: &impl Reads, scope: &WorkspaceScope, id: TaskId) -> Result<(Task, TaskOrder), Refusal> {
    let missing = || Refusal::from(Reject::NotFound(Missing::Task));
    let task = reads.get::<Tasks>(scope, (id,))?.ok_or_else(missing)?;
    let order = reads.get::<TaskOrders>(scope, (id,))?.ok_or_else(missing)?;
    Ok((task, order))
}

/// The next task that has not ended behind `after`, in any workspace: round and round, so that nobody starves.
pub fn next_open_task(
    reads: &impl Reads,
    house: SystemScope,
    after: Option<(WorkspaceId, TaskId)>,
) -> Result<Option<(WorkspaceScope, TaskId)>, StoreError> {
    let mut found = None;
    let mut take = |key: (WorkspaceId, TaskId), (): ()| {
        found = Some(key);
        std::ops::ControlFlow::Break(())
    };
    if let Some(after) = after {
        reads.scan_install_after::<OpenTasks>(&(), &after, &mut take)?;
    }
    if found.is_none() {
        reads.scan_install::<OpenTasks>(&(), Order::Ascending, &mut |key, ()| {
            found = Some(key);
            std::ops::ControlFlow::Break(())
        })?;
    }
    Ok(found.map(|(workspace, task)| (house.within(workspace), task)))
}

/// Makes a task; its worker finds it by its row.
#[derive(Debug, Clone)]
pub struct CreateTask {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: TaskId,
    pub act: Act,
    /// `None` where the act says itself which leads.
    pub selection: Option<Selection>,
    /// The list that a merge or a duplicate makes first, under the id that the act names.
    pub new_list: Option<List>,
}

impl Transaction for CreateTask {
    type Out = TaskId;
    const NAME: &'static str = "tasks.create";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<TaskId, Refusal> {
        let total = match (&self.act, &self.selection) {
            (Act::Undo(of), _) => self.check_undo(tx, *of)?,
            (Act::Merge(merge), _) => {
                self.make_list(tx, merge.into)?;
                open_list(tx, &self.scope, merge.into)?;
                merge.sources.iter().try_fold(0, |total, list| {
                    open_list(tx, &self.scope, *list)?;
                    Ok::<_, Refusal>(total + leads_in(tx, &self.scope, *list)?)
                })?
            }
            (Act::Duplicate(duplicate), _) => {
                live_list(tx, &self.scope, duplicate.from)?;
                self.make_list(tx, duplicate.to)?;
                leads_in(tx, &self.scope, duplicate.from)?
            }
            (Act::Update(_) | Act::Delete | Act::Move(_), selection) => {
                if let Act::Move(to) = &self.act {
                    open_list(tx, &self.scope, *to)?;
                }
                self.check_selection(tx, selection.as_ref())?
            }
        };
        let task = Task { created_at: self.origin.at, total, ..Task::default() };
        let order = TaskOrder {
            act: self.act.clone(),
            selection: self.selection.clone(),
            actor: self.origin.actor,
            source: self.origin.source.clone(),
            request_id: self.origin.request_id.clone(),
        };
        tx.put::<Tasks>(&self.scope, (self.id,), &task)?;
        tx.put::<TaskOrders>(&self.scope, (self.id,), &order)?;
        tx.put_install::<OpenTasks>((self.scope.workspace(), self.id), &())?;
        let after = json!({ "kind": self.act.name(), "total": total });
        tx.event(&self.scope, &self.origin, self.fact("task.created").change(None, Some(&after)))?;
        Ok(self.id)
    }
}

impl CreateTask {
    fn fact(&self, kind: &'static str) -> Fact {
        let fact = Fact::new(kind, Subject::task(self.id));
        lists_of(&self.act, self.selection.as_ref()).into_iter().map(Subject::list).fold(fact, Fact::also)
    }

    fn make_list(&self, tx: &mut Tx<'_>, id: ListId) -> Result<(), Refusal> {
        match &self.new_list {
            Some(list) => create_list(tx, &self.scope, &self.origin, id, list.clone()),
            None => Ok(()),
        }
    }

    /// How many leads the selection may mean.
    fn check_selection(&self, tx: &Tx<'_>, selection: Option<&Selection>) -> Result<u64, Refusal> {
        match selection {
            Some(Selection::List(selection)) => {
                open_list(tx, &self.scope, selection.list)?;
                leads_in(tx, &self.scope, selection.list)
            }
            Some(Selection::Ids(ids)) => {
                // None of them is here: a selection of another workspace, or of leads long gone.
                for id in ids {
                    if let Some(lead) = tx.get::<Leads>(&self.scope, (*id,))?
                        && live_list(tx, &self.scope, lead.list).is_ok()
                    {
                        return Ok(ids.len() as u64);
                    }
                }
                Err(Reject::NotFound(Missing::Lead).into())
            }
            None => Err(invalid("selection", "says no leads")),
        }
    }

    fn check_undo(&self, tx: &mut Tx<'_>, of: TaskId) -> Result<u64, Refusal> {
        let (mut task, order) = task_of(tx, &self.scope, of)?;
        if matches!(order.act, Act::Undo(_)) {
            return Err(Reject::Conflict("an undo cannot be undone".to_owned()).into());
        }
        let Some(ended_at) = task.ended_at.filter(|_| task.state.has_ended()) else {
            return Err(Reject::Conflict("the task has not ended: cancel it first".to_owned()).into());
        };
        if !within_window(ended_at, self.origin.at) {
            return Err(Reject::RestoreWindowOver.into());
        }
        if let Some(earlier) = task.undone_by
            && let Some(earlier) = tx.get::<Tasks>(&self.scope, (earlier,))?
            && !matches!(earlier.state, TaskState::Cancelled | TaskState::Failed)
        {
            return Err(Reject::Conflict("the task is undone already".to_owned()).into());
        }
        task.undone_by = Some(self.id);
        tx.put::<Tasks>(&self.scope, (of,), &task)?;
        Ok(task.changed)
    }
}

/// The lists that a task is about, each of whose timelines tells of it.
fn lists_of(act: &Act, selection: Option<&Selection>) -> Vec<ListId> {
    let mut lists = match act {
        Act::Move(to) => vec![*to],
        Act::Merge(merge) => merge.sources.iter().copied().chain([merge.into]).collect(),
        Act::Duplicate(duplicate) => vec![duplicate.from, duplicate.to],
        Act::Update(_) | Act::Delete | Act::Undo(_) => Vec::new(),
    };
    if let Some(Selection::List(selection)) = selection
        && !lists.contains(&selection.list)
    {
        lists.push(selection.list);
    }
    lists
}

fn leads_in(tx: &Tx<'_>, scope: &WorkspaceScope, list: ListId) -> Result<u64, Refusal> {
    Ok(u64::try_from(tx.counter(scope, Counter::ListLeads(list))?).unwrap_or(0))
}

fn invalid(field: &str, reason: impl Into<String>) -> Refusal {
    Reject::Invalid { field: field.to_owned(), reason: reason.into() }.into()
}

/// The filter of a selection as it was stored.
fn stored_filter(text: &str) -> Result<Filter, Refusal> {
    let json = serde_json::from_str(text).map_err(|_| invalid("filter", "is no JSON"))?;
    Filter::parse(&json).map_err(|error| invalid("filter", error.to_string()))
}

/// Stops a task. What it has done stands, and can be undone.
#[derive(Debug, Clone)]
pub struct CancelTask {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: TaskId,
}

impl Transaction for CancelTask {
    type Out = ();
    const NAME: &'static str = "tasks.cancel";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let (task, _) = task_of(tx, &self.scope, self.id)?;
        match task.state {
            TaskState::Cancelled => Ok(()),
            TaskState::Completed | TaskState::Failed => {
                Err(Reject::Conflict(format!("the task is {}", task.state.name())).into())
            }
            TaskState::Pending | TaskState::Processing => {
                end(tx, &self.scope, &self.origin, self.id, task, TaskState::Cancelled)
            }
        }
    }
}

/// Ends a task that cannot go on; `reason` is told to its caller.
#[derive(Debug, Clone)]
pub struct FailTask {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: TaskId,
    pub reason: String,
}

impl Transaction for FailTask {
    type Out = ();
    const NAME: &'static str = "tasks.fail";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let Some(task) = tx.get::<Tasks>(&self.scope, (self.id,))?.filter(|task| !task.state.has_ended()) else {
            tx.remove_install::<OpenTasks>((self.scope.workspace(), self.id))?;
            return Ok(());
        };
        let task = Task { failure: Some(self.reason.clone()), ..task };
        end(tx, &self.scope, &self.origin, self.id, task, TaskState::Failed)
    }
}

/// Writes the end of a task with its event.
fn end(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    id: TaskId,
    task: Task,
    state: TaskState,
) -> Result<(), Refusal> {
    let task = Task { state, ended_at: Some(origin.at), ..task };
    tx.put::<Tasks>(scope, (id,), &task)?;
    tx.remove_install::<OpenTasks>((scope.workspace(), id))?;
    let kind = match state {
        TaskState::Cancelled => "task.cancelled",
        TaskState::Failed => "task.failed",
        TaskState::Pending | TaskState::Processing | TaskState::Completed => "task.completed",
    };
    let order = tx.get::<TaskOrders>(scope, (id,))?;
    let lists = order.map(|order| lists_of(&order.act, order.selection.as_ref())).unwrap_or_default();
    let fact = lists.into_iter().map(Subject::list).fold(Fact::new(kind, Subject::task(id)), Fact::also);
    let after = json!({ "matched": task.matched, "changed": task.changed, "skipped": task.left_in_all() });
    tx.event(scope, origin, fact.change(None, Some(&after)))?;
    Ok(())
}
