//! Waterfalls: list, read, write, take away; in JSON, or as the TOML file that people exchange.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::enrichment::Template;
use crate::domain::time::Time;
use crate::http::answer::{Answer, Page, location};
use crate::http::auth::{Auth, Caller};
use crate::http::conditional::IfMatch;
use crate::http::path::PathText;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::Query;
use crate::store::access::Right;
use crate::store::templates::Usable;
use crate::store::transactions::templates::{DeleteTemplate, PutTemplate};
use crate::store::{Missing, Urgency};

const TOML: &str = "application/toml";
const LONGEST_SLUG: usize = 63;

/// A template as it can be used.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = EnrichmentTemplate)]
#[serde(rename_all = "camelCase")]
pub struct TemplateView {
    /// Its slug, such as `standard`
    id: String,
    version: u32,
    /// `workspace`, `parent` (the workspace above offers it) or `shipped`
    owner: &'static str,
    /// Workspaces below may use it
    offered: bool,
    updated_at: Option<Time>,
    #[serde(flatten)]
    template: Template,
}

impl From<Usable> for TemplateView {
    fn from(usable: Usable) -> Self {
        Self {
            id: usable.reference.slug,
            version: usable.reference.version,
            owner: usable.owner.name(),
            offered: usable.head.offered,
            updated_at: Some(usable.head.updated_at).filter(|at| at.0 > 0),
            template: usable.template,
        }
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PutQuery {
    /// Slug of a new template; made of its name when left out
    id: Option<String>,
    /// Workspaces below may use it
    offered: Option<bool>,
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionQuery {
    /// An earlier version
    version: Option<u32>,
}

/// The templates that can be used: the workspace's own, those the workspace above offers, the shipped ones
#[utoipa::path(get, path = "/enrichment/templates", tag = "templates",
    responses((status = 200, body = Page<TemplateView>)))]
pub async fn index(State(app): State<Arc<App>>, auth: Auth) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let planning = app.planning.clone();
    let all = app.store.read(move |view| planning.templates(view, &scope)).await?;
    let data: Vec<TemplateView> = all.into_iter().map(TemplateView::from).collect();
    let total = Some(data.len() as u64);
    Ok(Answer::ok(Page { data, next_cursor: None, total, stale: None }))
}

/// One template; with `Accept: application/toml` as a file
#[utoipa::path(get, path = "/enrichment/templates/{id}", tag = "templates",
    params(("id" = String, Path, description = "Slug of the template"), VersionQuery),
    responses((status = 200, body = TemplateView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathText(slug): PathText,
    Query(query): Query<VersionQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let planning = app.planning.clone();
    let read = app.store.read(move |view| planning.template(view, &scope, &slug, query.version));
    let found = read.await?.ok_or(Missing::Template)?;
    if wants_toml(&headers) {
        let text = found.template.to_toml().map_err(Problem::internal)?;
        return Ok(([(header::CONTENT_TYPE, TOML)], text).into_response());
    }
    let version = u64::from(found.reference.version);
    Ok(Answer::ok(TemplateView::from(found)).version(version).into_response())
}

/// Make a template
///
/// The body is JSON, or the TOML file with `Content-Type: application/toml`.
#[utoipa::path(post, path = "/enrichment/templates", tag = "templates", request_body = Template, params(PutQuery),
    responses((status = 201, body = TemplateView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<PutQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let template = read(&headers, &body)?;
    let slug = query.id.unwrap_or_else(|| slug_of(&template.name));
    let (view, seq) = put(&app, caller, slug, template, query.offered, true, None).await?;
    Ok(Answer::created(location(&format!("/enrichment/templates/{}", view.id)), view).seq(seq))
}

/// Write the next version of a template; one with a new slug is made
#[utoipa::path(put, path = "/enrichment/templates/{id}", tag = "templates", request_body = Template,
    params(("id" = String, Path, description = "Slug of the template"), PutQuery),
    responses((status = 200, body = TemplateView)))]
pub async fn update(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathText(slug): PathText,
    Query(query): Query<PutQuery>,
    IfMatch(expected): IfMatch,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Admin)?;
    let template = read(&headers, &body)?;
    let (view, seq) = put(&app, caller, slug, template, query.offered, false, expected).await?;
    let version = u64::from(view.version);
    Ok(Answer::ok(view).version(version).seq(seq))
}

/// Take a template of the workspace away; a shipped one of the same slug is used again
#[utoipa::path(delete, path = "/enrichment/templates/{id}", tag = "templates",
    params(("id" = String, Path, description = "Slug of the template")), responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathText(slug): PathText,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, .. } = auth.need(Right::Admin)?;
    let committed = app.store.submit(DeleteTemplate { scope, origin, slug }, Urgency::Interactive).await?;
    Ok(Answer::nothing().seq(committed.seq))
}

async fn put(
    app: &App,
    caller: Caller,
    slug: String,
    template: Template,
    offered: Option<bool>,
    create: bool,
    expected: Option<u64>,
) -> Result<(TemplateView, u64), Problem> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if slug.is_empty() || slug.len() > LONGEST_SLUG || !slug.bytes().all(plain) {
        let detail = format!("must be 1 to {LONGEST_SLUG} of a-z, 0-9, - and _");
        return Err(Problem::invalid(FieldError::parameter("id", detail)));
    }
    let Caller { scope, origin, .. } = caller;
    let write = PutTemplate { scope, origin, slug: slug.clone(), template, offered, create, expected };
    let committed = app.store.submit(write, Urgency::Interactive).await?;
    let planning = app.planning.clone();
    let read = app.store.read(move |view| planning.template(view, &scope, &slug, None));
    let written = read.await?.ok_or(Missing::Template)?;
    Ok((written.into(), committed.seq))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Template, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let text = std::str::from_utf8(body)
        .map_err(|_| Problem::invalid(FieldError::at("", "the body must be text in UTF-8")))?;
    let template = if kind.contains("toml") {
        Template::from_toml(text)
            .map_err(|error| Problem::invalid(FieldError::at(pointer(&error.place), error.to_string())))?
    } else {
        serde_json::from_str::<Template>(text)
            .map_err(|error| Problem::invalid(FieldError::at("", error.to_string())))?
    };
    template.check().map_err(|error| Problem::invalid(FieldError::at(pointer(&error.place), error.message)))?;
    Ok(template)
}

/// A place in a file is no pointer.
fn pointer(place: &str) -> String {
    if place.starts_with('/') { place.to_owned() } else { String::new() }
}

fn wants_toml(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("toml"))
}

/// `Careful, two sources` -> `careful-two-sources`.
fn slug_of(name: &str) -> String {
    let words = deunicode::deunicode(name).to_lowercase();
    let parts = words.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let slug = parts.collect::<Vec<_>>().join("-");
    slug.chars().take(LONGEST_SLUG).collect()
}
