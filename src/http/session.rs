//! A browser's session: sign in, who am I, sign out, another password.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::auth::{Auth, check_csrf, signed_in};
use super::body::JsonBody;
use super::context::RequestContext;
use super::cookie::{check_same_site, session_token, set_cookie};
use super::password::{self, Compared};
use super::problem::{FieldError, Problem};
use super::refusals::unauthenticated;
use crate::app::App;
use crate::domain::id::{KeyId, UserId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::access::{Principal, Right, SignedIn};
use crate::store::crypt::{Secret, Token, TokenHash, TokenKind};
use crate::store::records::access::{KeyScope, Role, Session};
use crate::store::tables::{ApiKeys, Users, Workspaces};
use crate::store::transactions::sessions::{RenewSession, SignIn, SignOut};
use crate::store::transactions::users::{ChangeOwnPassword, by_email};
use crate::store::{Actor, Missing, Reads, Reject, StoreError, SubmitError, Urgency, View};

/// Who is calling, and what they may do where.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    user: Option<SessionUser>,
    key: Option<SessionKey>,
    /// Where requests without X-Workspace work
    workspace: Option<WorkspaceId>,
    /// What may be done there: `read`, `write`, `enrich`, `admin`, `own`
    rights: Vec<&'static str>,
    workspaces: Vec<SessionWorkspace>,
    /// To be sent as X-CSRF-Token with everything that changes something; only for browsers
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    /// Whether the way between browser and server is encrypted
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SessionUser {
    id: UserId,
    email: String,
    name: Option<String>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SessionKey {
    id: KeyId,
    name: String,
    scopes: Vec<KeyScope>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SessionWorkspace {
    id: WorkspaceId,
    name: String,
    /// Of a user; a key has scopes instead
    role: Option<Role>,
    /// Whether external providers are answered by the simulator
    sandbox: bool,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = SignIn)]
pub struct Credentials {
    email: String,
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChange {
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
    #[schema(value_type = String, format = Password)]
    new_password: Secret,
}

/// Sign in
#[utoipa::path(post, path = "/session", tag = "session", request_body = Credentials,
    responses((status = 201, body = SessionView, description = "Signed in; the answer sets the session cookie")))]
pub async fn create(
    State(app): State<Arc<App>>,
    context: RequestContext,
    headers: HeaderMap,
    JsonBody(given): JsonBody<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    check_same_site(&app, &headers)?;
    let attempt = app.logins.attempt(&given.email, context.address, app.deps.clock.monotonic())?;
    let wrong = || unauthenticated("e-mail address or password is wrong");
    let found = app.store.read(move |view| by_email(view, &given.email)).await.map_err(Problem::from)?;
    let found = found.filter(|(_, user)| user.disabled_at.is_none());
    let (user, stored) = found.map(|(id, user)| (id, user.password_hash)).unzip();
    let stored = stored.flatten();
    let compared = password::compare(&app, given.password, stored.clone()).await?;
    let (Some(user), Some(verified), Compared::Right { rehashed }) = (user, stored, compared) else {
        metrics::counter!("galena_sign_ins_total", "outcome" => "refused").increment(1);
        tracing::info!(address = ?context.address, "a sign-in was refused");
        return Err(wrong());
    };
    attempt.succeeded();
    metrics::counter!("galena_sign_ins_total", "outcome" => "done").increment(1);
    sign_in(&app, &context, &headers, Verified { user, verified, rehashed }).await
}

/// Somebody whose password has just fitted.
pub(in crate::http) struct Verified {
    pub user: UserId,
    /// The stored hash that it fitted.
    pub verified: String,
    pub rehashed: Option<String>,
}

/// Makes a session, in the place of the one that the browser had: 201 with its cookie.
pub(in crate::http) async fn sign_in(
    app: &App,
    context: &RequestContext,
    headers: &HeaderMap,
    who: Verified,
) -> Result<impl IntoResponse + use<>, Problem> {
    let (cookie, view) = begin(app, context, headers, who).await?;
    Ok((cookie, Answer::created(super::answer::location("/session"), view)))
}

type Cookie = [(axum::http::HeaderName, axum::http::HeaderValue); 1];

pub(in crate::http) async fn begin(
    app: &App,
    context: &RequestContext,
    headers: &HeaderMap,
    who: Verified,
) -> Result<(Cookie, SessionView), Problem> {
    let origin = context.origin(&app.deps, Actor::User(who.user));
    let token = Token::generate(TokenKind::Session, &*app.deps.random);
    let csrf = Token::derived(TokenKind::Csrf, &token);
    let session = Session {
        user: who.user,
        created_at: origin.at,
        expires_at: end_of(app, origin.at, origin.at),
        csrf_hash: *csrf.hash().as_bytes(),
    };
    let sign_in = SignIn {
        origin,
        token_hash: *token.hash().as_bytes(),
        session,
        verified: who.verified,
        rehashed: who.rehashed,
        replaces: session_token(headers, context.is_https).map(|token| *token.hash().as_bytes()),
    };
    match app.store.submit(sign_in, Urgency::Interactive).await {
        Err(SubmitError::Rejected(Reject::NotFound(Missing::User))) => {
            return Err(unauthenticated("e-mail address or password is wrong"));
        }
        submitted => submitted?,
    };
    let signed_in = signed_in(app, token.hash()).await?;
    let cookie = set_cookie(context, Some(&token), app.config.limits.session_max.0.as_secs())?;
    Ok((cookie, of_browser(app, context, &token, signed_in).await?))
}

/// Who is calling
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    context: RequestContext,
    headers: HeaderMap,
    auth: Result<Auth, Problem>,
) -> Result<impl IntoResponse, Problem> {
    let with_key = headers.contains_key(axum::http::header::AUTHORIZATION);
    if let Some(token) = session_token(&headers, context.is_https).filter(|_| !with_key) {
        let signed_in = signed_in(&app, token.hash()).await?;
        return Ok(Answer::ok(of_browser(&app, &context, &token, signed_in).await?));
    }
    let principal = auth?.need(Right::Read).map(|caller| caller.principal)?;
    let encrypted = context.is_https;
    Ok(Answer::ok(app.store.read(move |view| of_principal(view, &principal, encrypted)).await.map_err(Problem::from)?))
}

/// Sign out
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    context: RequestContext,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if let Some(token) = session_token(&headers, context.is_https)
        // A session that is over is signed out already.
        && let Ok(signed_in) = signed_in(&app, token.hash()).await
    {
        check_csrf(&signed_in, &headers)?;
        let origin = context.origin(&app.deps, Actor::User(signed_in.user));
        app.store.submit(SignOut { origin, token_hash: *token.hash().as_bytes() }, Urgency::Interactive).await?;
    }
    Ok((set_cookie(&context, None, 0)?, Answer::nothing()))
}

/// Set another password of one's own; every other browser is signed out
#[utoipa::path(put, path = "/session/password", tag = "session", request_body = PasswordChange,
    responses((status = 200, body = SessionView, description = "The answer sets a new session cookie")))]
pub async fn change_password(
    State(app): State<Arc<App>>,
    context: RequestContext,
    headers: HeaderMap,
    JsonBody(change): JsonBody<PasswordChange>,
) -> Result<impl IntoResponse, Problem> {
    let nobody = || unauthenticated("only somebody who has signed in has a password");
    let token = session_token(&headers, context.is_https).ok_or_else(nobody)?;
    let session = signed_in(&app, token.hash()).await?;
    check_csrf(&session, &headers)?;
    let id = session.user;
    let user = app.store.read(move |view| view.get_install::<Users>((id,))).await?.ok_or_else(nobody)?;
    if let Some(fault) = password::fault(&app, "/newPassword", &change.new_password, &user.email) {
        return Err(Problem::invalid(fault));
    }
    let attempt = app.logins.attempt(&user.email, context.address, app.deps.clock.monotonic())?;
    let stored = user.password_hash.ok_or_else(nobody)?;
    match password::compare(&app, change.current_password, Some(stored.clone())).await? {
        Compared::Right { .. } => attempt.succeeded(),
        Compared::Wrong => return Err(Problem::invalid(FieldError::at("/currentPassword", "is not the password"))),
    }
    let password_hash = password::hash(&app, change.new_password).await?;
    let origin = context.origin(&app.deps, Actor::User(id));
    let change = ChangeOwnPassword { origin, user: id, expected: stored, password_hash: password_hash.clone() };
    app.store.submit(change, Urgency::Interactive).await?;
    let who = Verified { user: id, verified: password_hash, rehashed: None };
    let (cookie, view) = begin(&app, &context, &headers, who).await?;
    Ok((cookie, Answer::ok(view)))
}

/// When a session ends that was begun at `begun` and used at `now`.
fn end_of(app: &App, begun: Time, now: Time) -> Time {
    let limits = &app.config.limits;
    now.plus(limits.session_idle.0).min(begun.plus(limits.session_max.0))
}

/// A session that is used goes on. Not every request writes: only when a tenth of the idle time was won.
pub(in crate::http) async fn keep_alive(app: &App, hash: TokenHash, signed_in: &SignedIn) {
    let session = &signed_in.session;
    let expires_at = end_of(app, session.created_at, app.deps.clock.now());
    if expires_at.since(session.expires_at) < app.config.limits.session_idle.0 / 10 || expires_at <= session.expires_at
    {
        return;
    }
    let renew = RenewSession { token_hash: *hash.as_bytes(), expires_at };
    if let Err(error) = app.store.submit(renew, Urgency::Interactive).await {
        tracing::warn!(%error, "a session was not prolonged; its next request tries again");
    }
}

async fn of_browser(
    app: &App,
    context: &RequestContext,
    token: &Token,
    signed_in: SignedIn,
) -> Result<SessionView, Problem> {
    let csrf = Token::derived(TokenKind::Csrf, token);
    let encrypted = context.is_https;
    let view = move |view: &View| {
        let principal = signed_in.principal(None);
        let mut workspaces = Vec::with_capacity(signed_in.workspaces.len());
        for (id, role) in &signed_in.workspaces {
            if let Some(workspace) = view.get_install::<Workspaces>((*id,))? {
                let sandbox = workspace.sandbox;
                workspaces.push(SessionWorkspace { id: *id, name: workspace.name, role: Some(*role), sandbox });
            }
        }
        let user = view.get_install::<Users>((signed_in.user,))?;
        Ok::<_, StoreError>(SessionView {
            user: user.map(|user| SessionUser { id: signed_in.user, email: user.email, name: user.name }),
            key: None,
            workspace: principal.as_ref().map(|principal| principal.scope.workspace()),
            rights: principal.as_ref().map(rights).unwrap_or_default(),
            workspaces,
            csrf_token: Some(csrf.expose().to_owned()),
            encrypted,
            expires_at: Some(signed_in.session.expires_at),
        })
    };
    app.store.read(view).await.map_err(Problem::from)
}

fn of_principal(view: &View, principal: &Principal, encrypted: bool) -> Result<SessionView, StoreError> {
    let id = principal.scope.workspace();
    let workspace = view.get_install::<Workspaces>((id,))?;
    let key = match principal.key() {
        Some(key) => view.get_install::<ApiKeys>((id, key))?.map(|row| (key, row)),
        None => None,
    };
    Ok(SessionView {
        user: None,
        key: key.map(|(id, key)| SessionKey { id, name: key.name, scopes: key.scopes }),
        workspace: Some(id),
        rights: rights(principal),
        workspaces: workspace
            .map(|row| SessionWorkspace { id, name: row.name, role: None, sandbox: row.sandbox })
            .into_iter()
            .collect(),
        csrf_token: None,
        encrypted,
        expires_at: None,
    })
}

fn rights(principal: &Principal) -> Vec<&'static str> {
    let all = [
        (Right::Read, "read"),
        (Right::Write, "write"),
        (Right::Enrich, "enrich"),
        (Right::Admin, "admin"),
        (Right::Own, "own"),
    ];
    all.into_iter().filter(|(right, _)| principal.may(*right)).map(|(_, word)| word).collect()
}
