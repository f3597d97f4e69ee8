//! API keys of a workspace. The secret is shown once, when the key is made.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page, location};
use super::auth::Auth;
use super::body::Posted;
use super::codes::Code;
use super::path::PathId;
use super::problem::{FieldError, Problem};
use super::query::Query;
use super::short_listing::PageQuery;
use crate::app::App;
use crate::app::set_up::new_key;
use crate::domain::id::{KeyId, UserId};
use crate::domain::time::Time;
use crate::store::access::{Principal, Right};
use crate::store::engine::Order;
use crate::store::records::access::{ApiKey, KeyScope};
use crate::store::tables::ApiKeys;
use crate::store::transactions::access::{CreateKey, RevokeKey};
use crate::store::transactions::once::OnceOut;
use crate::store::{Missing, Reads, StoreError, Urgency, WorkspaceScope};

const LONGEST_NAME: usize = 255;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ApiKey)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    id: KeyId,
    name: String,
    scopes: Vec<KeyScope>,
    /// Beginning and end of the secret, to tell keys apart
    shown: String,
    created_by: Option<UserId>,
    created_at: Time,
    revoked_at: Option<Time>,
    /// The secret itself, only in the answer that made it
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl KeyView {
    fn of(id: KeyId, key: ApiKey) -> Self {
        Self {
            id,
            name: key.name,
            scopes: key.scopes,
            shown: key.shown,
            created_by: key.created_by,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
            key: None,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = NewApiKey)]
#[serde(rename_all = "camelCase")]
pub struct NewKeyBody {
    /// What the key is for
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Everything that you may do yourself, when not given
    scopes: Option<Vec<KeyScope>>,
}

fn place_of(id: KeyId) -> String {
    location(&format!("/api-keys/{id}"))
}

/// Page through the API keys, revoked ones included, without their secrets
#[utoipa::path(get, path = "/api-keys", tag = "people", params(PageQuery),
    responses((status = 200, body = Page<KeyView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Admin)?.scope;
    let read = app.store.read(move |view| {
        let mut rows = Vec::new();
        view.scan_install::<ApiKeys>(&(scope.workspace(),), Order::Ascending, &mut |(_, id), key| {
            rows.push((id, KeyView::of(id, key)));
            ControlFlow::Continue(())
        })?;
        Ok::<_, StoreError>(rows)
    });
    Ok(Answer::ok(query.page(&app, &scope, "api-keys", read.await?)?))
}

/// Make an API key; its secret is shown in this answer and never again
#[utoipa::path(post, path = "/api-keys", tag = "people", request_body = NewKeyBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = KeyView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key: claim }: Posted<NewKeyBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let chars = body.name.chars().count();
    if body.name.trim().is_empty() || chars > LONGEST_NAME {
        let detail = format!("must have 1 to {LONGEST_NAME} characters");
        return Err(Problem::invalid(FieldError::at("/name", detail)));
    }
    let scopes = scopes(&caller.principal, body.scopes)?;
    let (secret, key) = new_key(&app, &body.name, scopes);
    let created_by = caller.principal.user();
    let create = CreateKey { scope: caller.scope, origin: caller.origin.clone(), key, created_by };
    let create = claim.once(&caller, 201, create, |id| Some(place_of(*id)));
    let committed = app.store.submit(create, Urgency::Interactive).await?;
    match committed.out {
        OnceOut::Done(id) => {
            let view = shown(&app, caller.scope, id).await?;
            let view = KeyView { key: Some(secret.expose().to_owned()), ..view };
            Ok(Answer::created(place_of(id), view).seq(committed.seq))
        }
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let view = shown(&app, caller.scope, id.ok_or(Missing::Key)?).await?;
            Ok(Answer::replayed(status, location, Some(view)))
        }
    }
}

/// One API key, without its secret
#[utoipa::path(get, path = "/api-keys/{id}", tag = "people", params(("id" = KeyId, Path)),
    responses((status = 200, body = KeyView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<KeyId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// Revoke an API key: it opens nothing from the next request on
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "people", params(("id" = KeyId, Path)),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<KeyId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let revoke = RevokeKey { scope: caller.scope, origin: caller.origin, id };
    let committed = app.store.submit(revoke, Urgency::Interactive).await?;
    Ok(Answer::nothing().seq(committed.seq))
}

async fn shown(app: &App, scope: WorkspaceScope, id: KeyId) -> Result<KeyView, Problem> {
    let key = app.store.read(move |view| view.get_install::<ApiKeys>((scope.workspace(), id))).await?;
    key.map(|key| KeyView::of(id, key)).ok_or_else(|| Missing::Key.into())
}

fn right_of(scope: KeyScope) -> Right {
    match scope {
        KeyScope::Owner => Right::Own,
        KeyScope::Read => Right::Read,
        KeyScope::Write => Right::Write,
        KeyScope::Enrich => Right::Enrich,
        KeyScope::Admin => Right::Admin,
    }
}

/// Nobody makes a key that may do more than they may themselves.
fn scopes(principal: &Principal, wanted: Option<Vec<KeyScope>>) -> Result<Vec<KeyScope>, Problem> {
    let Some(mut wanted) = wanted else {
        if principal.may(Right::Own) {
            return Ok(vec![KeyScope::Owner]);
        }
        let all = [KeyScope::Read, KeyScope::Write, KeyScope::Enrich, KeyScope::Admin];
        return Ok(all.into_iter().filter(|scope| principal.may(right_of(*scope))).collect());
    };
    if wanted.is_empty() {
        return Err(Problem::invalid(FieldError::at("/scopes", "at least one, or leave it out")));
    }
    if wanted.iter().any(|scope| !principal.may(right_of(*scope))) {
        return Err(Problem::new(Code::Forbidden).detail("a key cannot be allowed more than who makes it"));
    }
    wanted.sort_unstable_by_key(|scope| *scope as u8);
    wanted.dedup();
    Ok(wanted)
}
