//! The first owner of an install, through the one-time link that `galena serve` prints.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, location};
use super::body::JsonBody;
use super::codes::Code;
use super::context::RequestContext;
use super::cookie::check_same_site;
use super::password;
use super::problem::{FieldError, Problem};
use super::session::{self, SessionView, Verified};
use crate::app::App;
use crate::app::set_up::{self, FirstOwner};
use crate::domain::email::Email;
use crate::domain::id::WorkspaceId;
use crate::store::crypt::{Secret, Token, TokenHash, TokenKind};
use crate::store::tables::SetupTokens;
use crate::store::transactions::users::by_email;
use crate::store::{Actor, Missing, Reads};

const LONGEST_NAME: usize = 255;

/// Whether the first owner is still to come.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Setup)]
#[serde(rename_all = "camelCase")]
pub struct SetupView {
    needed: bool,
    password_min_chars: usize,
    /// Whether the way between browser and server is encrypted
    encrypted: bool,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = NewSetup)]
#[serde(rename_all = "camelCase")]
pub struct NewSetup {
    /// The token of the link; not needed on the box itself
    token: Option<String>,
    email: String,
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// Name of the first workspace: `Main` when not given
    workspace_name: Option<String>,
}

/// What was made, with the owner signed in.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetupDone {
    workspace_id: WorkspaceId,
    /// An owner key, shown this once
    api_key: String,
    session: SessionView,
}

/// Whether this install is set up
#[utoipa::path(get, path = "/setup", tag = "session", responses((status = 200, body = SetupView)))]
pub async fn show(State(app): State<Arc<App>>, context: RequestContext) -> Result<impl IntoResponse, Problem> {
    Ok(Answer::ok(SetupView {
        needed: set_up::is_needed(&app).await?,
        password_min_chars: app.config.limits.password_min_chars,
        encrypted: context.is_https,
    }))
}

/// Make the first workspace and its owner; works once
#[utoipa::path(post, path = "/setup", tag = "session", request_body = NewSetup,
    responses((status = 201, body = SetupDone, description = "Set up and signed in")))]
pub async fn create(
    State(app): State<Arc<App>>,
    context: RequestContext,
    headers: HeaderMap,
    JsonBody(given): JsonBody<NewSetup>,
) -> Result<impl IntoResponse, Problem> {
    check_same_site(&app, &headers)?;
    if !set_up::is_needed(&app).await? {
        return Err(set_up_already());
    }
    let token = check_link(&app, &context, given.token.as_deref()).await?;
    let workspace_name = given.workspace_name.unwrap_or_else(|| "Main".to_owned());
    check(&app, &given.email, &given.password, &workspace_name)?;
    let origin = context.origin(&app.deps, Actor::System);
    let first =
        FirstOwner { email: given.email.clone(), password: given.password, workspace_name, token, sandbox: false };
    let made = {
        let _turn = app.password_desk.turn().await?;
        set_up::set_up(&app, first, origin).await?
    };
    let email = Email::parse(&given.email).map(Email::into_string).unwrap_or(given.email);
    let owner = app.store.read(move |view| by_email(view, &email)).await.map_err(Problem::from)?;
    let owner = owner.and_then(|(user, row)| row.password_hash.map(|verified| (user, verified)));
    let (user, verified) = owner.ok_or_else(|| Problem::internal("the owner that was just made is not there"))?;
    let who = Verified { user, verified, rehashed: None };
    let (cookie, session) = session::begin(&app, &context, &headers, who).await?;
    let done = SetupDone { workspace_id: made.workspace, api_key: made.key.expose().to_owned(), session };
    Ok((cookie, Answer::created(location(&format!("/workspaces/{}", made.workspace)), done)))
}

/// The token of the link is looked at before anything costs work; the transaction uses it up.
async fn check_link(app: &App, context: &RequestContext, given: Option<&str>) -> Result<Option<TokenHash>, Problem> {
    if given.is_none() && context.is_local {
        return Ok(None);
    }
    let missing = || Problem::from(Missing::SetupToken);
    let hash = given.and_then(|text| Token::parse(TokenKind::Setup, text)).ok_or_else(missing)?.hash();
    let now = app.deps.clock.now();
    let stored = app.store.read(move |view| view.get_install::<SetupTokens>((*hash.as_bytes(),))).await?;
    stored.filter(|token| token.expires_at > now).map(|_| Some(hash)).ok_or_else(missing)
}

fn check(app: &App, email: &str, password: &Secret, workspace_name: &str) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if Email::parse(email).is_err() {
        errors.push(FieldError::at("/email", "is no e-mail address"));
    }
    errors.extend(password::fault(app, "/password", password, email));
    let chars = workspace_name.chars().count();
    if workspace_name.trim().is_empty() || chars > LONGEST_NAME {
        errors.push(FieldError::at("/workspaceName", format!("must have 1 to {LONGEST_NAME} characters")));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::all_invalid(errors)) }
}

fn set_up_already() -> Problem {
    Problem::new(Code::Conflict).detail("this install is set up already")
}
