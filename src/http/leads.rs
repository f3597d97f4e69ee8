//! Leads: add, page through, change, move, delete. Acts on many of them are in `bulk`, searching in `search`.

mod add;
mod details;
mod given;
mod listing;
mod shape;

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::add::{AddOptions, BatchResult, LeadBatch};
pub(in crate::http) use self::details::Details;
pub(in crate::http) use self::given::GivenLead;
use self::listing::LeadQuery;
pub(in crate::http) use self::listing::row;
pub use self::shape::LeadView;
use super::answer::{Answer, Page, location};
use super::auth::{Auth, Caller};
use super::body::{JsonBody, Posted};
use super::conditional::IfMatch;
use super::path::PathId;
use super::problem::{FieldError, Problem};
use super::query::Query;
use crate::app::App;
use crate::domain::id::{LeadId, ListId, UserId};
use crate::domain::phone::Region;
use crate::store::access::Right;
use crate::store::tables::Memberships;
use crate::store::transactions::leads::{DeleteLead, MoveLead, UpdateLead, live_lead};
use crate::store::{Reads, Refusal, Urgency, WorkspaceScope};

/// Where a lead is.
pub fn place_of(id: LeadId) -> String {
    location(&format!("/leads/{id}"))
}

/// Add one lead, or up to 500 with a result for each
///
/// One object is one lead: 201, 200 where `duplicateHandling=update` changed the one that was there, 409 where it is there
/// already. An array, or an object with `leads`, is a batch: 200 with a result per row; a text that its field cannot hold
/// leaves the field empty and is told in the result.
#[utoipa::path(post, path = "/leads/lists/{id}/leads", tag = "leads", request_body = LeadBatch,
    params(("id" = ListId, Path), AddOptions,
        ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = LeadView), (status = 200, body = BatchResult)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(list): PathId<ListId>,
    Query(options): Query<AddOptions>,
    Posted { body, key }: Posted<Value>,
) -> Result<axum::response::Response, Problem> {
    let caller = auth.need(Right::Write)?;
    match add::read(body, options)? {
        add::Wanted::One(object, options) => {
            Ok(add::one(&app, &caller, list, &object, options, &key).await?.into_response())
        }
        add::Wanted::Many(rows, options) => {
            Ok(add::many(&app, &caller, list, &rows, options, &key).await?.into_response())
        }
    }
}

/// Page through the leads of a list
///
/// Oldest first. With `q`, `filter` or `sort` the page comes from the search index, newest first where `sort` says nothing.
#[utoipa::path(get, path = "/leads/lists/{id}/leads", tag = "leads", params(("id" = ListId, Path), LeadQuery),
    responses((status = 200, body = Page<LeadView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(list): PathId<ListId>,
    Query(query): Query<LeadQuery>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(listing::page(&app, &caller, list, query).await?))
}

/// One lead with its original row and where its values came from
#[utoipa::path(get, path = "/leads/{id}", tag = "leads", params(("id" = LeadId, Path)),
    responses((status = 200, body = LeadView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<LeadId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    let (view, version) = shown(&app, caller.scope, id).await?;
    Ok(Answer::ok(view).version(version))
}

/// Change a lead; fields that are left out stay as they are, `null` clears one
#[utoipa::path(patch, path = "/leads/{id}", tag = "leads", request_body = Object,
    params(("id" = LeadId, Path), ("If-Match" = Option<String>, Header, description = "Only this version")),
    responses((status = 200, body = LeadView)))]
pub async fn update(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<LeadId>,
    IfMatch(expected): IfMatch,
    JsonBody(object): JsonBody<Map<String, Value>>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let scope = caller.scope;
    let before = app.store.read(move |view| live_lead(view, &scope, id)).await.map_err(Problem::from)?;
    // A national phone number is of the country that the lead is in, unless the change names another.
    let region = before.country.as_deref().and_then(Region::from_country);
    let changes = GivenLead::read(&object, "", region).into_changes()?;
    check_owner(&app, &caller, changes.owner, "/owner").await?;
    let update = UpdateLead { scope, origin: caller.origin, id, expected, changes };
    let committed = app.store.submit(update, Urgency::Interactive).await?;
    let (view, version) = shown(&app, scope, id).await?;
    Ok(Answer::ok(view).version(version).seq(committed.seq))
}

/// Delete a lead
#[utoipa::path(delete, path = "/leads/{id}", tag = "leads",
    params(("id" = LeadId, Path), ("If-Match" = Option<String>, Header, description = "Only this version")),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<LeadId>,
    IfMatch(expected): IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let delete = DeleteLead { scope: caller.scope, origin: caller.origin, id, expected };
    let committed = app.store.submit(delete, Urgency::Interactive).await?;
    Ok(Answer::nothing().seq(committed.seq))
}

/// Where to.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MoveTo {
    #[serde(alias = "targetListId")]
    list_id: ListId,
}

/// Move a lead to another list
#[utoipa::path(post, path = "/leads/{id}/move", tag = "leads", request_body = MoveTo,
    params(("id" = LeadId, Path), ("If-Match" = Option<String>, Header, description = "Only this version")),
    responses((status = 200, body = LeadView)))]
pub async fn relocate(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<LeadId>,
    IfMatch(expected): IfMatch,
    JsonBody(to): JsonBody<MoveTo>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let relocate = MoveLead { scope: caller.scope, origin: caller.origin, id, to: to.list_id, expected };
    let committed = app.store.submit(relocate, Urgency::Interactive).await?;
    let (view, version) = shown(&app, caller.scope, id).await?;
    Ok(Answer::ok(view).version(version).seq(committed.seq))
}

/// A lead as it is now, with its version.
pub(in crate::http) async fn shown(app: &App, scope: WorkspaceScope, id: LeadId) -> Result<(LeadView, u64), Problem> {
    let read = app.store.read(move |view| {
        let lead = live_lead(view, &scope, id)?;
        let (version, details) = (lead.version, Details::of(view, &scope, id, &lead)?);
        Ok::<_, Refusal>((LeadView::new(id, lead, Some(details)), version))
    });
    read.await.map_err(Problem::from)
}

/// An owner is a member of the workspace.
///
/// # Errors
/// `VALIDATION_FAILED` at `pointer` when it is somebody else.
pub(in crate::http) async fn check_owner(
    app: &App,
    caller: &Caller,
    owner: Option<Option<UserId>>,
    pointer: &str,
) -> Result<(), Problem> {
    let Some(owner) = owner.flatten() else { return Ok(()) };
    let workspace = caller.scope.workspace();
    let found = app.store.read(move |view| view.get_install::<Memberships>((owner, workspace)));
    match found.await? {
        Some(_) => Ok(()),
        None => Err(Problem::invalid(FieldError::at(pointer, "is no member of this workspace"))),
    }
}
