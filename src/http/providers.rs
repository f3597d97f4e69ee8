//! Providers as a workspace sees them, and its own keys for them. A key goes in and never comes out: what is shown of it is
//! its end and when it was set.

pub mod choices;
mod live;
mod measured;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page};
use super::auth::{Auth, Caller};
use super::body::JsonBody;
use super::codes::Code;
use super::problem::{FieldError, Problem};
use crate::actors::provider_gate::{GateKey, GateState};
use crate::app::App;
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::crypt::Secret;
use crate::store::engine::Order;
use crate::store::policy::is_sandbox;
use crate::store::records::credential::Credential;
use crate::store::tables::Credentials;
use crate::store::transactions::credentials::{DeleteCredential, PutCredential, seal};
use crate::store::{Missing, Reads, StoreError, Urgency, WorkspaceScope};

const LONGEST_SLUG: usize = 63;
const LONGEST_KEY: usize = 10_000;
/// Characters of a key that are shown, and the length from which on they do not help to guess the rest.
const HINT: usize = 4;
const LONG_ENOUGH: usize = 16;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Provider)]
#[serde(rename_all = "camelCase")]
pub struct ProviderView {
    /// Its slug, such as `apify`
    id: String,
    /// Works in this server, without a key
    built_in: bool,
    /// Nobody calls it without a key
    needs_key: bool,
    /// What it can do: `email.verify`, …; empty for one whose manifest is not here
    operations: Vec<&'static str>,
    /// Whether it may be called at all (`PATCH /providers/{id}`, else `providers.NAME.enabled` of the configuration)
    enabled: bool,
    credential: Option<CredentialView>,
    /// How it is at this moment, with the key that this workspace uses
    live: live::LiveView,
    /// What its calls came to on this install, by operation and country of the lead; in a sandbox, those that were played
    statistics: Vec<measured::OperationView>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderCredential)]
#[serde(rename_all = "camelCase")]
pub struct CredentialView {
    /// `workspace`: its own key; `install`: the one of the configuration
    owner: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_at: Option<Time>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = NewProviderCredential)]
pub struct NewCredential {
    /// The provider's key
    #[serde(alias = "apiKey")]
    #[schema(value_type = String, format = Password)]
    secret: Secret,
}

/// The slug in a path. What cannot be one is no provider.
pub struct Slug(pub(super) String);

impl FromRequestParts<Arc<App>> for Slug {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let missing = || Problem::from(Missing::Provider);
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| missing())?;
        let slug = params.iter().next().map(|(_, value)| value.to_owned()).ok_or_else(missing)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
        let is_slug = (1..=LONGEST_SLUG).contains(&slug.len()) && slug.bytes().all(plain);
        if is_slug { Ok(Self(slug)) } else { Err(missing()) }
    }
}

/// The built-in providers, those of the configuration, and those that the workspace has a key for
#[utoipa::path(get, path = "/providers", tag = "providers", responses((status = 200, body = Page<ProviderView>)))]
pub async fn index(State(app): State<Arc<App>>, auth: Auth) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let mut own = credentials(&app, scope).await?;
    let gates = app.gates.states();
    let mut figures = measured::all(&app, scope).await?;
    let is_sandbox = app.store.read(move |view| is_sandbox(view, &scope)).await?;
    let mut slugs: Vec<String> = app.config.providers.keys().chain(own.keys()).cloned().collect();
    slugs.extend(app.providers.offers().map(|(provider, _)| provider.slug().to_owned()));
    slugs.sort_unstable();
    slugs.dedup();
    let data: Vec<_> = slugs
        .into_iter()
        .map(|slug| {
            let key = own.remove(&slug);
            let of_slug = figures.remove(&slug).unwrap_or_default();
            shown(&app, (scope, is_sandbox), &gates, slug, key, of_slug)
        })
        .collect();
    let total = Some(data.len() as u64);
    Ok(Answer::ok(Page { data, next_cursor: None, total, stale: None }))
}

/// Set the workspace's own key for a provider; it is sealed and never shown again
#[utoipa::path(put, path = "/providers/{id}/credential", tag = "providers", request_body = NewCredential,
    params(("id" = String, Path, description = "Slug of the provider")),
    responses((status = 200, body = ProviderView)))]
pub async fn put_credential(
    State(app): State<Arc<App>>,
    auth: Auth,
    Slug(provider): Slug,
    JsonBody(body): JsonBody<NewCredential>,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, .. } = auth.need(Right::Admin)?;
    if app.providers.get(&provider).is_some_and(|provider| !provider.needs_key()) {
        return Err(Problem::new(Code::Conflict).detail("this provider works without a key"));
    }
    let secret = Secret::new(body.secret.expose().trim());
    if secret.is_empty() || secret.expose().len() > LONGEST_KEY {
        return Err(Problem::invalid(FieldError::at("/secret", format!("must have 1 to {LONGEST_KEY} bytes"))));
    }
    let sealed = seal(&app.sealer, &*app.deps.random, &scope, &provider, &secret).map_err(Problem::internal)?;
    let put = PutCredential { scope, origin, provider: provider.clone(), sealed, hint: hint(&secret) };
    let committed = app.store.submit(put, Urgency::Interactive).await?;
    let stored = credentials(&app, scope).await?.remove(&provider);
    app.gates.credential_changed(&GateKey::of_workspace(&provider, scope.workspace()));
    let gates = app.gates.states();
    let of_slug = measured::all(&app, scope).await?.remove(&provider).unwrap_or_default();
    let is_sandbox = app.store.read(move |view| is_sandbox(view, &scope)).await?;
    Ok(Answer::ok(shown(&app, (scope, is_sandbox), &gates, provider, stored, of_slug)).seq(committed.seq))
}

/// Forget the workspace's own key for a provider
#[utoipa::path(delete, path = "/providers/{id}/credential", tag = "providers",
    params(("id" = String, Path, description = "Slug of the provider")), responses((status = 204)))]
pub async fn delete_credential(
    State(app): State<Arc<App>>,
    auth: Auth,
    Slug(provider): Slug,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, .. } = auth.need(Right::Admin)?;
    let key = GateKey::of_workspace(&provider, scope.workspace());
    let delete = DeleteCredential { scope, origin, provider };
    let committed = app.store.submit(delete, Urgency::Interactive).await?;
    app.gates.credential_changed(&key);
    Ok(Answer::nothing().seq(committed.seq))
}

async fn credentials(app: &App, scope: WorkspaceScope) -> Result<BTreeMap<String, Credential>, StoreError> {
    let read = app.store.read(move |view| {
        let mut found = BTreeMap::new();
        view.scan::<Credentials>(&scope, &(), Order::Ascending, &mut |(slug,), credential| {
            found.insert(slug, credential);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    });
    read.await
}

fn shown(
    app: &App,
    (scope, is_sandbox): (WorkspaceScope, bool),
    gates: &[GateState],
    id: String,
    own: Option<Credential>,
    figures: measured::Figures,
) -> ProviderView {
    let gate = match own {
        _ if is_sandbox => GateKey::of_sandbox(&id, scope.workspace()),
        Some(_) => GateKey::of_workspace(&id, scope.workspace()),
        None => GateKey::of_install(&id),
    };
    let live = live::shown(gates.iter().find(|state| state.key == gate), figures.live());
    let configured = app.config.providers.get(&id);
    let of_install = configured.filter(|provider| provider.api_key.is_some() || provider.api_key_file.is_some());
    let install = of_install.map(|_| CredentialView { owner: "install", hint: None, set_at: None });
    let own = own.map(|own| CredentialView { owner: "workspace", hint: Some(own.hint), set_at: Some(own.set_at) });
    let offers = app.providers.offers().filter(|(provider, _)| provider.slug() == id);
    let operations = offers.map(|(_, offer)| offer.operation.name()).collect();
    let provider = app.providers.get(&id);
    let built_in = provider.as_ref().is_some_and(|provider| provider.region().is_none());
    let needs_key = provider.is_none_or(|provider| provider.needs_key());
    let enabled = app.choices.is_on(&id);
    ProviderView {
        id,
        built_in,
        needs_key,
        operations,
        enabled,
        credential: own.or(install),
        live,
        statistics: figures.operations(),
    }
}

/// `...7f3k`, or nothing of a short key.
fn hint(secret: &Secret) -> String {
    let chars = secret.expose().chars().count();
    let end: String = secret.expose().chars().skip(chars.saturating_sub(HINT)).collect();
    if chars >= LONG_ENOUGH { format!("...{end}") } else { "...".to_owned() }
}
