//! Lists: make, page through, change, archive, delete, restore.

mod listing;
mod shape;

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;

use self::listing::ListQuery;
pub use self::shape::{ListPatch, ListView, NewList};
use super::answer::{Answer, Page, location};
use super::auth::{Auth, Caller};
use super::body::{JsonBody, Posted};
use super::codes::Code;
use super::conditional::IfMatch;
use super::path::PathId;
use super::problem::Problem;
use super::query::Query;
use crate::app::App;
use crate::domain::id::ListId;
use crate::store::access::Right;
use crate::store::transactions::lists::{CreateList, DeleteList, ListChanges, RestoreList, UpdateList, live_list};
use crate::store::transactions::once::OnceOut;
use crate::store::{Missing, Urgency, WorkspaceScope};

/// Where a list is.
pub fn place_of(id: ListId) -> String {
    location(&format!("/leads/lists/{id}"))
}

/// Page through the lists
#[utoipa::path(get, path = "/leads/lists", tag = "lists", params(ListQuery),
    responses((status = 200, body = Page<ListView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<ListQuery>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(listing::page(&app, &caller, query).await?))
}

/// Make a list
#[utoipa::path(post, path = "/leads/lists", tag = "lists", request_body = NewList,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = ListView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key }: Posted<NewList>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let list = body.into_list(&caller)?;
    let create = CreateList { scope: caller.scope, origin: caller.origin.clone(), id: app.deps.ids.next(), list };
    let create = key.once(&caller, 201, create, |id| Some(place_of(*id)));
    let committed = app.store.submit(create, Urgency::Interactive).await?;
    match committed.out {
        OnceOut::Done(id) => {
            let (view, version) = shown(&app, caller.scope, id).await?;
            Ok(Answer::created(place_of(id), view).version(version).seq(committed.seq))
        }
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let answer = match shown(&app, caller.scope, id.ok_or(Missing::List)?).await {
                Ok((view, version)) => Answer::replayed(status, location, Some(view)).version(version),
                // Deleted meanwhile: it was made all the same.
                Err(problem) if problem.code == Code::ListNotFound => Answer::replayed(status, location, None),
                Err(problem) => return Err(problem),
            };
            Ok(answer)
        }
    }
}

/// One list with its counts
#[utoipa::path(get, path = "/leads/lists/{id}", tag = "lists", params(("id" = ListId, Path)),
    responses((status = 200, body = ListView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ListId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    let (view, version) = shown(&app, caller.scope, id).await?;
    Ok(Answer::ok(view).version(version))
}

/// Change a list; fields that are left out stay as they are
#[utoipa::path(patch, path = "/leads/lists/{id}", tag = "lists", request_body = ListPatch,
    params(("id" = ListId, Path), ("If-Match" = Option<String>, Header, description = "Only this version")),
    responses((status = 200, body = ListView)))]
pub async fn update(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ListId>,
    if_match: IfMatch,
    JsonBody(patch): JsonBody<ListPatch>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    change(&app, caller, id, if_match, patch.into_changes()?).await
}

/// Delete a list with its leads; it can be restored for a while
#[utoipa::path(delete, path = "/leads/lists/{id}", tag = "lists",
    params(("id" = ListId, Path), ("If-Match" = Option<String>, Header, description = "Only this version")),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ListId>,
    IfMatch(expected): IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let delete = DeleteList { scope: caller.scope, origin: caller.origin, id, expected };
    let committed = app.store.submit(delete, Urgency::Interactive).await?;
    Ok(Answer::nothing().seq(committed.seq))
}

/// Bring a deleted list back
#[utoipa::path(post, path = "/leads/lists/{id}/restore", tag = "lists", params(("id" = ListId, Path)),
    responses((status = 200, body = ListView)))]
pub async fn restore(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ListId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let window = app.config.retention.deleted_lists.0;
    let restore = RestoreList { scope: caller.scope, origin: caller.origin, id, window };
    let committed = app.store.submit(restore, Urgency::Interactive).await?;
    let (view, version) = shown(&app, caller.scope, id).await?;
    Ok(Answer::ok(view).version(version).seq(committed.seq))
}

/// Put a list aside: it is kept, not shown by default, and takes no new leads
#[utoipa::path(post, path = "/leads/lists/{id}/archive", tag = "lists", params(("id" = ListId, Path)),
    responses((status = 200, body = ListView)))]
pub async fn archive(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ListId>,
    if_match: IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    change(&app, caller, id, if_match, ListChanges { archived: Some(true), ..ListChanges::default() }).await
}

/// Take an archived list back into use
#[utoipa::path(post, path = "/leads/lists/{id}/unarchive", tag = "lists", params(("id" = ListId, Path)),
    responses((status = 200, body = ListView)))]
pub async fn unarchive(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ListId>,
    if_match: IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    change(&app, caller, id, if_match, ListChanges { archived: Some(false), ..ListChanges::default() }).await
}

async fn change(
    app: &App,
    caller: Caller,
    id: ListId,
    IfMatch(expected): IfMatch,
    changes: ListChanges,
) -> Result<Answer<ListView>, Problem> {
    let update = UpdateList { scope: caller.scope, origin: caller.origin, id, expected, changes };
    let committed = app.store.submit(update, Urgency::Interactive).await?;
    let (view, version) = shown(app, caller.scope, id).await?;
    Ok(Answer::ok(view).version(version).seq(committed.seq))
}

/// A list as it is now, with its version.
async fn shown(app: &App, scope: WorkspaceScope, id: ListId) -> Result<(ListView, u64), Problem> {
    app.store
        .read(move |view| {
            let list = live_list(view, &scope, id)?;
            let version = list.version;
            Ok((ListView::of(view, &scope, id, list)?, version))
        })
        .await
}
