//! Acts on many leads, and on whole lists: each a task that can be watched, stopped and taken back.
//!
//! `GET /leads/bulk/{taskId}` says how far it is, `POST .../cancel` stops it, `POST .../undo` takes it back by another task.

pub mod lists;
mod shape;

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use self::shape::BulkWanted;
pub use self::shape::{BulkBody, ForeseenView, LeftView, PageQuery, TaskView};
use super::answer::{Answer, Page, location};
use super::auth::{Auth, Caller};
use super::body::Posted;
use super::idempotency::IdempotencyKey;
use super::path::PathId;
use super::problem::Problem;
use super::query::Query;
use crate::app::App;
use crate::domain::id::{Id, LeadId, TaskId};
use crate::domain::list::List;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::records::task::{Act, Did, Selection, TaskLead, TaskOrder};
use crate::store::tables::{TaskLeads, TaskOrders, Tasks};
use crate::store::transactions::lists::open_list;
use crate::store::transactions::once::OnceOut;
use crate::store::transactions::tasks::{CancelTask, CreateTask, Foreseer, task_of};
use crate::store::{Missing, Reads, Refusal, StoreError, Urgency, WorkspaceScope};

/// Leads that a dry run looks at with one view of the store.
const FORESEE_AT_ONCE: usize = 10_000;

/// Where a task is.
pub fn place_of(id: TaskId) -> String {
    location(&format!("/leads/bulk/{id}"))
}

/// Change, move or delete many leads, or take such an act back
///
/// Answers 202 with the task. With `dryRun` it answers 200 with the counts and changes nothing.
#[utoipa::path(post, path = "/leads/bulk", tag = "bulk", request_body = BulkBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = TaskView), (status = 200, body = ForeseenView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key }: Posted<BulkBody>,
) -> Result<Response, Problem> {
    let caller = auth.need(Right::Write)?;
    let BulkWanted { act, selection, dry_run } = body.read()?;
    if let Act::Update(changes) = &act {
        let owner = changes.owner.map(|new| new.owner);
        super::leads::check_owner(&app, &caller, owner, "/changes/owner").await?;
    }
    if dry_run {
        return Ok(Answer::ok(foresee(&app, &caller, act, selection).await?).into_response());
    }
    Ok(start(&app, &caller, &key, act, selection, None).await?.into_response())
}

/// Page through the tasks, the newest first
#[utoipa::path(get, path = "/leads/bulk", tag = "bulk", params(PageQuery),
    responses((status = 200, body = Page<TaskView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let limit = query.limit.0;
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, "tasks", &text)).transpose()?;
    let read = app.store.read(move |view| {
        let mut tasks = Vec::with_capacity(limit + 1);
        let mut take = |(id,): (TaskId,), task| {
            tasks.push((id, task));
            if tasks.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match after.map(TaskId::from_u64) {
            None => view.scan::<Tasks>(&scope, &(), Order::Descending, &mut take)?,
            Some(after) => view.scan_after::<Tasks>(&scope, &(), &(after,), Order::Descending, &mut take)?,
        }
        let more = tasks.len() > limit;
        tasks.truncate(limit);
        let next = tasks.last().map(|(id, _)| *id).filter(|_| more);
        let mut data = Vec::with_capacity(tasks.len());
        for (id, task) in tasks {
            if let Some(order) = view.get::<TaskOrders>(&scope, (id,))? {
                data.push(TaskView::new(id, task, &order));
            }
        }
        Ok::<_, StoreError>((data, next))
    });
    let (data, next) = read.await?;
    let next_cursor = next.map(|id| app.cursors.write(&scope, "tasks", &id.as_u64())).transpose()?;
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// How far a task is
#[utoipa::path(get, path = "/leads/bulk/{taskId}", tag = "bulk", params(("taskId" = TaskId, Path)),
    responses((status = 200, body = TaskView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<TaskId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// Page through the leads that a task left alone, with the reason of each
#[utoipa::path(get, path = "/leads/bulk/{taskId}/skipped", tag = "bulk",
    params(("taskId" = TaskId, Path), PageQuery),
    responses((status = 200, body = Page<LeftView>)))]
pub async fn skipped(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<TaskId>,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let (limit, listing) = (query.limit.0, format!("leads left by {id}"));
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let read = app.store.read(move |view| {
        task_of(view, &scope, id)?;
        let mut left = Vec::with_capacity(limit + 1);
        let mut take = |(_, lead): (TaskId, LeadId), record: TaskLead| {
            if record.did == Did::Nothing {
                left.push(LeftView::new(lead, &record));
            }
            if left.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match after.map(LeadId::from_u64) {
            None => view.scan::<TaskLeads>(&scope, &(id,), Order::Ascending, &mut take)?,
            Some(after) => view.scan_after::<TaskLeads>(&scope, &(id,), &(id, after), Order::Ascending, &mut take)?,
        }
        let more = left.len() > limit;
        left.truncate(limit);
        let next = left.last().map(LeftView::lead).filter(|_| more);
        Ok::<_, Refusal>((left, next))
    });
    let (data, next) = read.await.map_err(Problem::from)?;
    let next_cursor = next.map(|lead| app.cursors.write(&scope, &listing, &lead.as_u64())).transpose()?;
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// Stop a task; what it has done stands, and can be taken back
#[utoipa::path(post, path = "/leads/bulk/{taskId}/cancel", tag = "bulk", params(("taskId" = TaskId, Path)),
    responses((status = 200, body = TaskView)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<TaskId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let cancel = CancelTask { scope: caller.scope, origin: caller.origin, id };
    let committed = app.store.submit(cancel, Urgency::Interactive).await?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?).seq(committed.seq))
}

/// Take a task back: leads that nobody has changed since become what they were, the others are kept and listed
#[utoipa::path(post, path = "/leads/bulk/{taskId}/undo", tag = "bulk",
    params(("taskId" = TaskId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = TaskView)))]
pub async fn undo(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<TaskId>,
    Posted { body: _, key }: Posted<serde_json::Value>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    start(&app, &caller, &key, Act::Undo(id), None, None).await
}

/// Makes the task and rings for its worker.
async fn start(
    app: &App,
    caller: &Caller,
    key: &IdempotencyKey,
    act: Act,
    selection: Option<Selection>,
    new_list: Option<List>,
) -> Result<Answer<TaskView>, Problem> {
    let (scope, origin) = (caller.scope, caller.origin.clone());
    let create = CreateTask { scope, origin, id: app.deps.ids.next(), act, selection, new_list };
    let create = key.once(caller, 202, create, |id| Some(place_of(*id)));
    let committed = app.store.submit(create, Urgency::Interactive).await?;
    app.wakes.task_runner.wake();
    match committed.out {
        OnceOut::Done(id) => Ok(Answer::accepted(place_of(id), shown(app, scope, id).await?).seq(committed.seq)),
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let view = shown(app, scope, id.ok_or(Missing::Task)?).await?;
            Ok(Answer::replayed(status, location, Some(view)))
        }
    }
}

async fn shown(app: &App, scope: WorkspaceScope, id: TaskId) -> Result<TaskView, Problem> {
    let read = app.store.read(move |view| task_of(view, &scope, id));
    let (task, order) = read.await.map_err(Problem::from)?;
    Ok(TaskView::new(id, task, &order))
}

/// Counts what an act would do, with a fresh view for every few thousand leads.
async fn foresee(app: &App, caller: &Caller, act: Act, selection: Option<Selection>) -> Result<ForeseenView, Problem> {
    let (scope, id) = (caller.scope, app.deps.ids.next());
    let order = TaskOrder { act, selection, actor: caller.origin.actor, source: None, request_id: None };
    let lists = match (&order.act, &order.selection) {
        (Act::Move(to), Some(Selection::List(selection))) => vec![*to, selection.list],
        (Act::Move(to), _) => vec![*to],
        (_, Some(Selection::List(selection))) => vec![selection.list],
        _ => Vec::new(),
    };
    let check =
        move |view: &crate::store::View| lists.iter().try_for_each(|list| open_list(view, &scope, *list).map(drop));
    app.store.read(check).await.map_err(Problem::from)?;
    let mut foreseer = Foreseer::new(id, order);
    loop {
        let read = app.store.read(move |view| {
            let more = foreseer.step(view, &scope, FORESEE_AT_ONCE)?;
            Ok::<_, Refusal>((foreseer, more))
        });
        let (next, more) = read.await.map_err(Problem::from)?;
        foreseer = next;
        if !more {
            return Ok(ForeseenView::new(foreseer.so_far));
        }
    }
}
