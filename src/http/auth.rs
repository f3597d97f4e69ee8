//! Who is calling: an API key, a browser's session, or somebody on the box itself.
//!
//! The layer [`authenticate`] finds out once per request and counts it against the caller's limit. A handler takes
//! [`Auth`] and gets at the workspace only by saying which right it needs, so that no route can forget to ask.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, Method, header, request::Parts};
use axum::middleware::Next;
use axum::response::Response;

use super::codes::Code;
use super::context::RequestContext;
use super::cookie::session_token;
use super::problem::Problem;
use super::refusals::unauthenticated;
use super::session;
use crate::app::App;
use crate::domain::id::WorkspaceId;
use crate::store::access::{self, Principal, Right, SignedIn};
use crate::store::crypt::{Token, TokenHash, TokenKind};
use crate::store::{Missing, Origin, WorkspaceScope};

const CSRF: &str = "x-csrf-token";
const WORKSPACE: &str = "x-workspace";

/// What the layer found out.
#[derive(Clone)]
enum Found {
    Caller(Principal),
    Nobody(Problem),
}

/// Somebody who is known. What may be done is asked with [`Auth::need`].
pub struct Auth {
    principal: Principal,
    origin: Origin,
}

/// Somebody who may do what the handler does.
#[derive(Debug, Clone)]
pub struct Caller {
    pub scope: WorkspaceScope,
    /// For the events of a transaction.
    pub origin: Origin,
    pub principal: Principal,
}

impl Auth {
    /// # Errors
    /// `FORBIDDEN` when key or role do not give this right.
    pub fn need(self, right: Right) -> Result<Caller, Problem> {
        if !self.principal.may(right) {
            return Err(Problem::new(Code::Forbidden).detail(format!("this needs the right to {}", word(right))));
        }
        Ok(Caller { scope: self.principal.scope, origin: self.origin, principal: self.principal })
    }
}

fn word(right: Right) -> &'static str {
    match right {
        Right::Read => "read",
        Right::Write => "change lists and leads",
        Right::Enrich => "spend credits",
        Right::Admin => "administer the workspace",
        Right::Own => "own the workspace",
    }
}

impl FromRequestParts<Arc<App>> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let context = context_of(parts)?;
        match parts.extensions.get::<Found>() {
            Some(Found::Caller(principal)) => {
                let origin = context.origin(&app.deps, principal.actor);
                Ok(Self { principal: principal.clone(), origin })
            }
            Some(Found::Nobody(problem)) => Err(problem.clone()),
            None => Err(Problem::internal("a route with a caller stands outside of the layer that finds it out")),
        }
    }
}

impl FromRequestParts<Arc<App>> for RequestContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &Arc<App>) -> Result<Self, Problem> {
        context_of(parts).cloned()
    }
}

fn context_of(parts: &Parts) -> Result<&RequestContext, Problem> {
    let missing = || Problem::internal("a route stands outside of the layer that observes");
    parts.extensions.get::<RequestContext>().ok_or_else(missing)
}

/// The layer: finds the caller, counts the request, and leaves both for the handler and the answer.
pub(in crate::http) async fn authenticate(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    use axum::response::IntoResponse;

    let proof = match Proof::of(&request) {
        Ok(proof) => proof,
        Err(problem) => {
            request.extensions_mut().insert(Found::Nobody(problem));
            return next.run(request).await;
        }
    };
    let counted_as = proof.counted_as();
    let mut spent = None;
    let found = match find(&app, proof, request.method(), request.headers()).await {
        Ok(principal) => {
            // Only who is known has a bucket: guessed keys must not fill memory.
            match counted_as.map(|token| app.rates.spend(token.as_bytes(), app.deps.clock.monotonic())) {
                Some(Ok(left)) => spent = left,
                Some(Err(problem)) => return problem.into_response(),
                None => {}
            }
            Found::Caller(principal)
        }
        Err(problem) => Found::Nobody(problem),
    };
    request.extensions_mut().insert(found);
    let mut response = next.run(request).await;
    if let Some(spent) = spent {
        spent.note_on(response.headers_mut());
    }
    response
}

/// What a request shows of its caller.
enum Proof {
    Key(TokenHash),
    Session(TokenHash),
    OnTheBox,
}

impl Proof {
    fn of(request: &Request) -> Result<Self, Problem> {
        let headers = request.headers();
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let text = given.to_str().unwrap_or_default();
            let key = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let token = key.and_then(|(_, token)| Token::parse(TokenKind::ApiKey, token));
            return token.map(|token| Self::Key(token.hash())).ok_or_else(|| unauthenticated("this is no API key"));
        }
        let context = request.extensions().get::<RequestContext>();
        if let Some(token) = session_token(headers, context.is_some_and(|context| context.is_https)) {
            return Ok(Self::Session(token.hash()));
        }
        let is_local = context.is_some_and(|context| context.is_local);
        if is_local { Ok(Self::OnTheBox) } else { Err(unauthenticated("the request names nobody")) }
    }

    /// Somebody on the box is not limited.
    fn counted_as(&self) -> Option<TokenHash> {
        match self {
            Self::Key(hash) | Self::Session(hash) => Some(*hash),
            Self::OnTheBox => None,
        }
    }
}

async fn find(app: &Arc<App>, proof: Proof, method: &Method, headers: &HeaderMap) -> Result<Principal, Problem> {
    let wanted = wanted_workspace(headers)?;
    match proof {
        Proof::Key(hash) => {
            let found = app.store.read(move |view| access::by_key(view, *hash.as_bytes())).await;
            let principal = found.map_err(Problem::from)?.ok_or_else(|| unauthenticated("the key opens nothing"))?;
            match wanted {
                Some(wanted) if wanted != principal.scope.workspace() => Err(Missing::Workspace.into()),
                _ => Ok(principal),
            }
        }
        Proof::Session(hash) => {
            let signed_in = signed_in(app, hash).await?;
            if !method.is_safe() {
                check_csrf(&signed_in, headers)?;
            }
            session::keep_alive(app, hash, &signed_in).await;
            signed_in.principal(wanted).ok_or_else(|| Missing::Workspace.into())
        }
        Proof::OnTheBox => {
            let found = app.store.read(move |view| access::on_the_box(view, wanted)).await.map_err(Problem::from)?;
            found.ok_or_else(|| match wanted {
                Some(_) => Missing::Workspace.into(),
                None => unauthenticated("nothing is set up yet: run galena init"),
            })
        }
    }
}

/// The browser behind a session token.
///
/// # Errors
/// `UNAUTHENTICATED` when the session is over.
pub(in crate::http) async fn signed_in(app: &App, hash: TokenHash) -> Result<SignedIn, Problem> {
    let now = app.deps.clock.now();
    let found = app.store.read(move |view| access::by_session(view, *hash.as_bytes(), now)).await;
    found.map_err(Problem::from)?.ok_or_else(|| unauthenticated("the session is over"))
}

/// # Errors
/// `CSRF_FAILED` when the page did not send the token that goes with the session.
pub(in crate::http) fn check_csrf(signed_in: &SignedIn, headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CSRF).and_then(|value| value.to_str().ok());
    let token = given.and_then(|text| Token::parse(TokenKind::Csrf, text));
    let right = token.is_some_and(|token| token.hash() == TokenHash::from_bytes(signed_in.session.csrf_hash));
    if right { Ok(()) } else { Err(Problem::new(Code::CsrfFailed)) }
}

/// An id that cannot be one is a workspace that is not there.
fn wanted_workspace(headers: &HeaderMap) -> Result<Option<WorkspaceId>, Problem> {
    let Some(given) = headers.get(WORKSPACE) else { return Ok(None) };
    let id = given.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| Missing::Workspace.into())
}
