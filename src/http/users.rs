//! The members of a workspace.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page, location};
use super::auth::{Auth, Caller};
use super::body::{JsonBody, Posted, nullable};
use super::password;
use super::path::PathId;
use super::problem::{FieldError, Problem};
use super::query::Query;
use super::short_listing::PageQuery;
use crate::app::App;
use crate::domain::email::Email;
use crate::domain::id::UserId;
use crate::domain::time::Time;
use crate::store::access::{Principal, Right};
use crate::store::crypt::Secret;
use crate::store::records::access::{Membership, Role, User};
use crate::store::transactions::once::OnceOut;
use crate::store::transactions::users::{self, AddUser, Authority, ChangeUser, NewUser, RemoveUser, UserChanges};
use crate::store::{Missing, Refusal, Urgency, WorkspaceScope};

const LONGEST_NAME: usize = 255;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = User)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    id: UserId,
    email: String,
    name: Option<String>,
    /// In this workspace
    role: Role,
    /// Cannot sign in
    disabled: bool,
    created_at: Time,
    /// A member of this workspace since
    member_since: Time,
}

impl UserView {
    fn of(id: UserId, user: User, membership: &Membership) -> Self {
        Self {
            id,
            email: user.email,
            name: user.name,
            role: membership.role,
            disabled: user.disabled_at.is_some(),
            created_at: user.created_at,
            member_since: membership.since,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = NewUser)]
#[serde(rename_all = "camelCase")]
pub struct NewUserBody {
    email: String,
    name: Option<String>,
    /// `member` when not given
    role: Option<Role>,
    /// Left out for somebody who has an account already, in a workspace that you administer
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
}

/// What to change; a field that is left out stays.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserPatch {
    role: Option<Role>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    disabled: Option<bool>,
    /// Another password; signs the user out everywhere
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
}

fn authority(principal: &Principal) -> Authority {
    if principal.is_on_the_box() {
        Authority::Box
    } else if principal.may(Right::Own) {
        Authority::Owner(principal.user())
    } else {
        Authority::Admin(principal.user())
    }
}

fn place_of(id: UserId) -> String {
    location(&format!("/users/{id}"))
}

/// Page through the users of the workspace
#[utoipa::path(get, path = "/users", tag = "people", params(PageQuery), responses((status = 200, body = Page<UserView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Admin)?.scope;
    let members = app.store.read(move |view| users::members(view, &scope)).await.map_err(Problem::from)?;
    let rows = members.into_iter().map(|(id, user, place)| (id, UserView::of(id, user, &place))).collect();
    Ok(Answer::ok(query.page(&app, &scope, "users", rows)?))
}

/// Add a user to the workspace
#[utoipa::path(post, path = "/users", tag = "people", request_body = NewUserBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = UserView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key }: Posted<NewUserBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let mut errors = Vec::new();
    let email = Email::parse(&body.email).map(Email::into_string);
    if email.is_err() {
        errors.push(FieldError::at("/email", "is no e-mail address"));
    }
    errors.extend(name_fault(body.name.as_deref()));
    errors.extend(body.password.as_ref().and_then(|new| password::fault(&app, "/password", new, &body.email)));
    let (Ok(email), true) = (email, errors.is_empty()) else { return Err(Problem::all_invalid(errors)) };
    let password_hash = match body.password {
        Some(password) => Some(password::hash(&app, password).await?),
        None => None,
    };
    let role = body.role.unwrap_or(Role::Member);
    let user = NewUser { id: app.deps.ids.next(), email, name: body.name, password_hash, role };
    let authority = authority(&caller.principal);
    let add = AddUser { scope: caller.scope, origin: caller.origin.clone(), authority, user };
    let committed =
        app.store.submit(key.once(&caller, 201, add, |id| Some(place_of(*id))), Urgency::Interactive).await?;
    match committed.out {
        OnceOut::Done(id) => Ok(Answer::created(place_of(id), shown(&app, caller.scope, id).await?).seq(committed.seq)),
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let view = shown(&app, caller.scope, id.ok_or(Missing::User)?).await?;
            Ok(Answer::replayed(status, location, Some(view)))
        }
    }
}

/// One user of the workspace
#[utoipa::path(get, path = "/users/{id}", tag = "people", params(("id" = UserId, Path)),
    responses((status = 200, body = UserView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<UserId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// Change a user: role here, name, whether they can sign in, password
#[utoipa::path(patch, path = "/users/{id}", tag = "people", request_body = UserPatch, params(("id" = UserId, Path)),
    responses((status = 200, body = UserView)))]
pub async fn update(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<UserId>,
    JsonBody(patch): JsonBody<UserPatch>,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, principal } = auth.need(Right::Admin)?;
    // Before anything is hashed for somebody who is not there.
    let member = shown(&app, scope, id).await?;
    let mut errors: Vec<_> = name_fault(patch.name.as_ref().and_then(|name| name.as_deref())).into_iter().collect();
    errors.extend(patch.password.as_ref().and_then(|new| password::fault(&app, "/password", new, &member.email)));
    if !errors.is_empty() {
        return Err(Problem::all_invalid(errors));
    }
    let password_hash = match patch.password {
        Some(password) => Some(password::hash(&app, password).await?),
        None => None,
    };
    let changes = UserChanges { role: patch.role, name: patch.name, disabled: patch.disabled, password_hash };
    let change = ChangeUser { scope, origin, authority: authority(&principal), id, changes };
    let committed = app.store.submit(change, Urgency::Interactive).await?;
    Ok(Answer::ok(shown(&app, scope, id).await?).seq(committed.seq))
}

/// Take a user out of the workspace
#[utoipa::path(delete, path = "/users/{id}", tag = "people", params(("id" = UserId, Path)),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<UserId>,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, principal } = auth.need(Right::Admin)?;
    let remove = RemoveUser { scope, origin, authority: authority(&principal), id };
    let committed = app.store.submit(remove, Urgency::Interactive).await?;
    Ok(Answer::nothing().seq(committed.seq))
}

async fn shown(app: &App, scope: WorkspaceScope, id: UserId) -> Result<UserView, Problem> {
    let read = app.store.read(move |view| {
        let (user, membership) = users::member(view, &scope, id)?;
        Ok::<_, Refusal>(UserView::of(id, user, &membership))
    });
    read.await.map_err(Problem::from)
}

fn name_fault(name: Option<&str>) -> Option<FieldError> {
    let is_too_long = name.is_some_and(|name| name.chars().count() > LONGEST_NAME);
    is_too_long.then(|| FieldError::at("/name", format!("must have at most {LONGEST_NAME} characters")))
}
