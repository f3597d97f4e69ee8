//! Companies: what is known of each, once for all its people.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page};
use super::auth::Auth;
use super::leads::{LeadView, row};
use super::path::PathId;
use super::problem::Problem;
use super::query::{Limit, Query};
use crate::app::App;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::id::{CompanyId, Id, LeadId};
use crate::domain::text::fold;
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::policy::is_sandbox;
use crate::store::records::company::Company;
use crate::store::tables::{Companies, CompanyDomains, CompanyLeads};
use crate::store::transactions::leads::live_lead;
use crate::store::{Missing, Reads, Refusal, Reject, StoreError, View, WorkspaceScope};

/// Rows that one page of a search looks at.
const MOST_LOOKED_AT: usize = 20_000;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Company)]
#[serde(rename_all = "camelCase")]
pub struct CompanyView {
    id: CompanyId,
    /// The registrable domain that stands for it
    domain: String,
    name: Option<String>,
    /// Values by field: `industry`, `companySize`, `revenueRange`, …
    #[schema(value_type = Object)]
    fields: BTreeMap<String, serde_json::Value>,
    /// By field: where the value came from
    provenance: BTreeMap<String, CompanySource>,
    /// When somebody last said something of it; `null` where only the domain is known
    enriched_at: Option<Time>,
    created_at: Time,
    /// What is known was played: the workspace is a sandbox
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sandbox: bool,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompanySource {
    provider: String,
    /// `company.enrich`, …
    operation: &'static str,
    at: Time,
    /// 0 to 1
    confidence: f64,
}

impl CompanyView {
    fn new(id: CompanyId, company: Company, sandbox: bool) -> Self {
        let name = company.value("companyName").map(|value| value.value.clone());
        let mut fields = BTreeMap::new();
        let mut provenance = BTreeMap::new();
        for value in company.values {
            let is_list = EnrichedField::from_name(&value.field).is_some_and(EnrichedField::is_list);
            let list = if is_list { serde_json::from_str(&value.value).ok() } else { None };
            fields.insert(value.field.clone(), list.unwrap_or(serde_json::Value::String(value.value)));
            let source = CompanySource {
                provider: value.provider,
                operation: value.operation.name(),
                at: value.at,
                confidence: value.confidence.as_fraction(),
            };
            provenance.insert(value.field, source);
        }
        let Company { domain, enriched_at, created_at, .. } = company;
        Self { id, domain, name, fields, provenance, enriched_at, created_at, sandbox }
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CompanyQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// The beginning of a domain or of a name. A page of a search may hold fewer rows than `limit` and still have a next
    /// one
    q: Option<String>,
}

/// Page through the companies, by domain
#[utoipa::path(get, path = "/companies", tag = "leads", params(CompanyQuery),
    responses((status = 200, body = Page<CompanyView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<CompanyQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let wanted = query.q.map(|text| fold(text.trim())).filter(|text| !text.is_empty());
    let listing = format!("companies {wanted:?}");
    let after: Option<String> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let limit = query.limit.0;
    let (data, last) = app.store.read(move |view| page(view, &scope, wanted.as_deref(), after, limit)).await?;
    let next_cursor = last.map(|domain| app.cursors.write(&scope, &listing, &domain)).transpose()?;
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// A page, and the last domain looked at where there may be more.
fn page(
    view: &View,
    scope: &WorkspaceScope,
    wanted: Option<&str>,
    after: Option<String>,
    limit: usize,
) -> Result<(Vec<CompanyView>, Option<String>), StoreError> {
    let is_sandbox = is_sandbox(view, scope)?;
    let (mut found, mut looked_at, mut failure) = (Vec::new(), 0, None);
    let mut place: Option<String> = None;
    let mut more = false;
    let mut take = |(domain,): (String,), id: CompanyId| {
        if found.len() == limit || looked_at == MOST_LOOKED_AT {
            more = true;
            return ControlFlow::Break(());
        }
        looked_at += 1;
        match view.get::<Companies>(scope, (id,)) {
            Ok(Some(company)) if wanted.is_none_or(|text| begins(&company, text)) => {
                found.push(CompanyView::new(id, company, is_sandbox));
            }
            Ok(_) => {}
            Err(error) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
        }
        place = Some(domain);
        ControlFlow::Continue(())
    };
    match after {
        None => view.scan::<CompanyDomains>(scope, &(), Order::Ascending, &mut take)?,
        Some(after) => view.scan_after::<CompanyDomains>(scope, &(), &(after,), Order::Ascending, &mut take)?,
    }
    failure.map_or(Ok((found, place.filter(|_| more))), Err)
}

fn begins(company: &Company, text: &str) -> bool {
    company.domain.starts_with(text)
        || company.value("companyName").is_some_and(|name| fold(&name.value).starts_with(text))
}

fn company(view: &View, scope: &WorkspaceScope, id: CompanyId) -> Result<Company, Refusal> {
    Ok(view.get::<Companies>(scope, (id,))?.ok_or(Reject::NotFound(Missing::Company))?)
}

/// One company
#[utoipa::path(get, path = "/companies/{id}", tag = "leads", params(("id" = CompanyId, Path)),
    responses((status = 200, body = CompanyView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<CompanyId>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let read = app.store.read(move |view| {
        Ok::<_, Refusal>(CompanyView::new(id, company(view, &scope, id)?, is_sandbox(view, &scope)?))
    });
    Ok(Answer::ok(read.await.map_err(Problem::from)?))
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
}

/// Page through the leads of a company, the oldest first
#[utoipa::path(get, path = "/companies/{id}/leads", tag = "leads", params(("id" = CompanyId, Path), PeopleQuery),
    responses((status = 200, body = Page<LeadView>)))]
pub async fn leads(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<CompanyId>,
    Query(query): Query<PeopleQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let listing = format!("leads of {id}");
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let limit = query.limit.0;
    let read = app.store.read(move |view| people(view, &scope, id, after.map(LeadId::from_u64), limit));
    let (data, last) = read.await.map_err(Problem::from)?;
    let next_cursor = last.map(|id| app.cursors.write(&scope, &listing, &id.as_u64())).transpose()?;
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// A page, and the last lead where more follow. Leads of deleted lists are left out.
fn people(
    view: &View,
    scope: &WorkspaceScope,
    id: CompanyId,
    after: Option<LeadId>,
    limit: usize,
) -> Result<(Vec<LeadView>, Option<LeadId>), Refusal> {
    company(view, scope, id)?;
    let mut found: Vec<LeadView> = Vec::new();
    let (mut last, mut more, mut failure) = (None, false, None);
    let from = (id, after.unwrap_or_default());
    view.scan_after::<CompanyLeads>(scope, &(id,), &from, Order::Ascending, &mut |(_, lead), ()| {
        let shown = match live_lead(view, scope, lead) {
            Ok(record) => row(view, scope, lead, record, false).map(Some).map_err(Refusal::from),
            Err(Refusal::Reject(_)) => Ok(None),
            Err(error) => Err(error),
        };
        match shown {
            Ok(None) => ControlFlow::Continue(()),
            Ok(Some(_)) if found.len() == limit => {
                more = true;
                ControlFlow::Break(())
            }
            Ok(Some(view)) => {
                found.push(view);
                last = Some(lead);
                ControlFlow::Continue(())
            }
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failure.map_or(Ok((found, last.filter(|_| more))), Err)
}
