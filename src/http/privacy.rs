//! What left the box about a lead: read from the attempts, which are written before each call.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page};
use super::auth::Auth;
use super::problem::Problem;
use super::query::{Limit, Query};
use crate::app::App;
use crate::domain::enrichment::Input;
use crate::domain::id::{AttemptId, Id, ItemId, JobId, LeadId};
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::policy::is_sandbox;
use crate::store::records::attempt::Attempt;
use crate::store::tables::{Attempts, Leads};
use crate::store::{Missing, Reads, StoreError, View, WorkspaceScope};

/// One call of an external provider.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = OutboundCall)]
#[serde(rename_all = "camelCase")]
pub struct OutboundView {
    id: AttemptId,
    /// When it was announced, just before it was made
    at: Time,
    provider: String,
    operation: &'static str,
    /// Names of the inputs that the provider was told
    fields: Vec<String>,
    /// Whether one of them is about a person
    personal: bool,
    /// `found`, `not_found`, …; `lost`: the process ended before the answer came, and it may have been sent; null while it
    /// is in flight
    outcome: Option<String>,
    in_flight: bool,
    ended_at: Option<Time>,
    job_id: JobId,
    item_id: ItemId,
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct OutboundQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// The lead; also one that is deleted
    #[param(value_type = LeadId)]
    lead_id: LeadId,
}

/// What was told to whom about a lead, newest first; kept when the lead is deleted
#[utoipa::path(get, path = "/privacy/outbound", tag = "privacy", params(OutboundQuery),
    responses((status = 200, body = Page<OutboundView>)))]
pub async fn outbound(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<OutboundQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let lead = query.lead_id;
    let listing = format!("outbound {lead}");
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let limit = query.limit.0;
    let read = move |view: &View| page(view, &scope, lead, after.map(AttemptId::from_u64), limit);
    let mut calls = app.store.read(read).await?.ok_or(Missing::Lead)?;
    let more = calls.len() > limit;
    calls.truncate(limit);
    let last = calls.last().map(|(id, _)| id.as_u64()).filter(|_| more);
    let next_cursor = last.map(|id| app.cursors.write(&scope, &listing, &id)).transpose()?;
    let data = calls.into_iter().map(|(id, attempt)| shown(id, attempt)).collect();
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// Whether anything went out: not what a stop came before, what was known already, or what the house itself refused.
fn was_sent(attempt: &Attempt) -> bool {
    let outcome = attempt.outcome.as_deref().unwrap_or_default();
    let refused =
        matches!(outcome, "not_called" | "forbidden") || (outcome == "invalid_input" && attempt.fields.is_empty());
    attempt.external && !attempt.cached && !refused
}

/// A page and one row more where there is one; `None` when there is neither lead nor call. In a sandbox nothing leaves.
fn page(
    view: &View,
    scope: &WorkspaceScope,
    lead: LeadId,
    after: Option<AttemptId>,
    limit: usize,
) -> Result<Option<Vec<(AttemptId, Attempt)>>, StoreError> {
    let mut known = view.has::<Leads>(scope, (lead,))?;
    let sandbox = is_sandbox(view, scope)?;
    let mut calls = Vec::new();
    let mut take = |(_, id): (LeadId, AttemptId), attempt: Attempt| {
        known = true;
        if !sandbox && was_sent(&attempt) {
            calls.push((id, attempt));
        }
        if calls.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    match after {
        None => view.scan::<Attempts>(scope, &(lead,), Order::Descending, &mut take)?,
        Some(after) => view.scan_after::<Attempts>(scope, &(lead,), &(lead, after), Order::Descending, &mut take)?,
    }
    Ok(known.then_some(calls))
}

fn shown(id: AttemptId, attempt: Attempt) -> OutboundView {
    let personal = attempt.fields.iter().any(|name| Input::from_name(name).is_none_or(Input::is_personal));
    OutboundView {
        id,
        at: attempt.started_at,
        provider: attempt.provider,
        operation: attempt.operation.name(),
        personal,
        fields: attempt.fields,
        in_flight: attempt.ended_at.is_none(),
        outcome: attempt.outcome,
        ended_at: attempt.ended_at,
        job_id: attempt.job,
        item_id: attempt.item,
    }
}
