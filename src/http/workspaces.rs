//! Workspaces: those that the caller can get at, and new ones.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page, location};
use super::auth::Auth;
use super::body::Posted;
use super::path::PathId;
use super::problem::{FieldError, Problem};
use super::query::Query;
use super::short_listing::PageQuery;
use crate::app::App;
use crate::app::set_up::{new_key, new_sandbox, new_workspace};
use crate::domain::id::WorkspaceId;
use crate::domain::phone::Region;
use crate::domain::time::Time;
use crate::store::access::{Principal, Right};
use crate::store::engine::Order;
use crate::store::records::access::{KeyScope, Role, Workspace};
use crate::store::tables::{ApiKeys, Memberships, Users, Workspaces};
use crate::store::transactions::access::{CreateWorkspace, NewWorkspace};
use crate::store::transactions::once::OnceOut;
use crate::store::transactions::users::memberships;
use crate::store::{Missing, Reads, StoreError, Urgency, View};

const LONGEST_NAME: usize = 255;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Workspace)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceView {
    id: WorkspaceId,
    name: String,
    /// Slug of a plan in `plans.toml`
    plan: String,
    /// Country of phone numbers without a country code
    region: Option<String>,
    /// Of the user who asks
    role: Option<Role>,
    /// External providers are answered by the simulator; decided when the workspace is made
    sandbox: bool,
    created_at: Time,
    /// An owner key of the new workspace, where asked for; only in the answer that made it
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl WorkspaceView {
    fn of(id: WorkspaceId, workspace: Workspace, role: Option<Role>) -> Self {
        Self {
            id,
            name: workspace.name,
            plan: workspace.plan,
            region: workspace.region,
            role,
            sandbox: workspace.sandbox,
            created_at: workspace.created_at,
            api_key: None,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = NewWorkspace)]
#[serde(rename_all = "camelCase")]
pub struct NewWorkspaceBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// ISO 3166 alpha-2
    region: Option<String>,
    /// Makes an owner key, too
    #[serde(default)]
    create_key: bool,
    /// For good: external providers are answered by the simulator, credits are play credits
    #[serde(default)]
    sandbox: bool,
}

fn place_of(id: WorkspaceId) -> String {
    location(&format!("/workspaces/{id}"))
}

/// Page through the workspaces that you can get at
#[utoipa::path(get, path = "/workspaces", tag = "people", params(PageQuery),
    responses((status = 200, body = Page<WorkspaceView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    let principal = caller.principal;
    let rows = app.store.read(move |view| reachable(view, &principal)).await?;
    let rows = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(Answer::ok(query.page(&app, &caller.scope, "workspaces", rows)?))
}

/// Make a workspace; who makes it owns it
#[utoipa::path(post, path = "/workspaces", tag = "people", request_body = NewWorkspaceBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = WorkspaceView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key: claim }: Posted<NewWorkspaceBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Own)?;
    let (name, region) = check(body.name, body.region)?;
    let workspace = if body.sandbox { new_sandbox(&app, name)? } else { new_workspace(&app, name)? };
    let workspace = NewWorkspace { region: region.or(workspace.region), ..workspace };
    let principal = caller.principal.clone();
    let owner = app.store.read(move |view| owner_of_new(view, &principal)).await?;
    let (secret, key) = body.create_key.then(|| new_key(&app, "owner", vec![KeyScope::Owner])).unzip();
    let create = CreateWorkspace { origin: caller.origin.clone(), workspace, owner, key };
    let create = claim.once(&caller, 201, create, |id| Some(place_of(*id)));
    let committed = app.store.submit(create, Urgency::Interactive).await?;
    let role = caller.principal.user().map(|_| Role::Owner);
    match committed.out {
        OnceOut::Done(id) => {
            let view = shown(&app, id, role).await?;
            let view = WorkspaceView { api_key: secret.map(|secret| secret.expose().to_owned()), ..view };
            Ok(Answer::created(place_of(id), view).seq(committed.seq))
        }
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let view = shown(&app, id.ok_or(Missing::Workspace)?, role).await?;
            Ok(Answer::replayed(status, location, Some(view)))
        }
    }
}

/// One workspace that you can get at
#[utoipa::path(get, path = "/workspaces/{id}", tag = "people", params(("id" = WorkspaceId, Path)),
    responses((status = 200, body = WorkspaceView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<WorkspaceId>,
) -> Result<impl IntoResponse, Problem> {
    let principal = auth.need(Right::Read)?.principal;
    let rows = app.store.read(move |view| reachable(view, &principal)).await?;
    let found = rows.into_iter().find(|row| row.id == id);
    Ok(Answer::ok(found.ok_or(Missing::Workspace)?))
}

/// A user's memberships, a key's own workspace, everything for somebody on the box.
fn reachable(view: &View, principal: &Principal) -> Result<Vec<WorkspaceView>, StoreError> {
    let mut found = Vec::new();
    if principal.is_on_the_box() {
        view.scan_install::<Workspaces>(&(), Order::Ascending, &mut |(id,), workspace| {
            found.push(WorkspaceView::of(id, workspace, None));
            ControlFlow::Continue(())
        })?;
        return Ok(found);
    }
    let places = match principal.user() {
        Some(user) => memberships(view, user)?.into_iter().map(|(id, place)| (id, Some(place.role))).collect(),
        None => vec![(principal.scope.workspace(), None)],
    };
    for (id, role) in places {
        found.extend(view.get_install::<Workspaces>((id,))?.map(|workspace| WorkspaceView::of(id, workspace, role)));
    }
    Ok(found)
}

/// The user who asks, or who made the key that asks and still owns its workspace.
fn owner_of_new(view: &View, principal: &Principal) -> Result<Option<crate::domain::id::UserId>, StoreError> {
    let workspace = principal.scope.workspace();
    let Some(key) = principal.key() else { return Ok(principal.user()) };
    let maker = view.get_install::<ApiKeys>((workspace, key))?.and_then(|key| key.created_by);
    let Some(maker) = maker else { return Ok(None) };
    let is_in = view.get_install::<Users>((maker,))?.is_some_and(|user| user.disabled_at.is_none());
    let owns = view.get_install::<Memberships>((maker, workspace))?.is_some_and(|place| place.role == Role::Owner);
    Ok((is_in && owns).then_some(maker))
}

async fn shown(app: &App, id: WorkspaceId, role: Option<Role>) -> Result<WorkspaceView, Problem> {
    let workspace = app.store.read(move |view| view.get_install::<Workspaces>((id,))).await?;
    workspace.map(|workspace| WorkspaceView::of(id, workspace, role)).ok_or_else(|| Missing::Workspace.into())
}

fn check(name: String, region: Option<String>) -> Result<(String, Option<String>), Problem> {
    let mut errors = Vec::new();
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
        errors.push(FieldError::at("/name", format!("must have 1 to {LONGEST_NAME} characters")));
    }
    let known = region.as_deref().map(Region::from_code);
    if known == Some(None) {
        errors.push(FieldError::at("/region", "must be a country of ISO 3166 in two letters"));
    }
    if !errors.is_empty() {
        return Err(Problem::all_invalid(errors));
    }
    Ok((name, known.flatten().map(|region| region.code().to_owned())))
}
