//! Checking addresses and numbers that belong to no stored lead, up to 500 at once.
//!
//! They go through the checks of the template that the workspace uses, or those of everybody who can answer where it has
//! none: the built-in ones and the verifiers it has keys for.
//! What is kept of them, and how long, is as in [`super::lookup`].

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::lookup::{answered, ask, region_of};
use super::single::WaitQuery;
use super::{EnrichLeadBody, EnrichOptions, Money, credits};
use crate::app::App;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{DataPoint, ItemState, JobOptions, Level};
use crate::domain::id::{JobId, LeadId};
use crate::domain::lead::{Lead, LeadField};
use crate::domain::phone::Region;
use crate::domain::row::clean_value;
use crate::domain::time::Time;
use crate::http::answer::Answer;
use crate::http::auth::Auth;
use crate::http::body::Posted;
use crate::http::path::PathId;
use crate::http::plan_rate::order_within_plan;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::Query;
use crate::store::access::Right;
use crate::store::jobs::{current_value, items_page};
use crate::store::lookups::of_job;
use crate::store::records::lookup::{Asked, Lookup};
use crate::store::transactions::jobs::job;
use crate::store::{Missing, Refusal, Reject, StoreError, View, WorkspaceScope};

/// Entries of one request.
const MOST: usize = 500;

/// Addresses and numbers, 500 at most, both counted.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyBody {
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    phones: Vec<String>,
    /// The country of numbers without one; that of the workspace when left out
    region: Option<String>,
    /// Slugs of the providers that may be asked; all when left out
    sources: Option<Vec<String>>,
    options: Option<EnrichOptions>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    job_id: JobId,
    /// Of the job: `pending`, `processing`, `paused`, `completed`, `cancelled`
    status: &'static str,
    /// One for each address, in their order
    emails: Vec<EmailVerdict>,
    /// One for each number, in their order
    phones: Vec<PhoneVerdict>,
    credits_used: f64,
    cost: Money,
    /// Nothing of it can be fetched from then on
    forgotten_at: Time,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailVerdict {
    /// As it was given
    email: String,
    /// Its normal form; `null` where it is no address
    address: Option<String>,
    /// `valid`, `invalid`, `catch-all`, `unknown`, or `pending` while nobody has answered
    status: &'static str,
    /// `business`, `free`, `role` or `disposable`
    email_type: Option<String>,
    suggested_email: Option<String>,
    #[serde(flatten)]
    #[schema(inline)]
    source: Source,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneVerdict {
    /// As it was given
    phone: String,
    /// E.164; `null` where it is no number
    number: Option<String>,
    /// `valid`, `invalid`, `unknown`, or `pending` while nobody has answered
    status: &'static str,
    line_type: Option<String>,
    country: Option<String>,
    region: Option<String>,
    #[serde(flatten)]
    #[schema(inline)]
    source: Source,
}

/// Who says so.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    provider: Option<String>,
    at: Option<Time>,
    /// 0 to 1
    confidence: Option<f64>,
    /// Why there is no verdict
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Check addresses and numbers
///
/// 200 with a verdict for each when all are done in time, else 202 with those that are and where the rest will be.
#[utoipa::path(post, path = "/verify", tag = "enrichment", request_body = VerifyBody,
    params(WaitQuery, ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 200, body = Verified), (status = 202, body = Verified)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<WaitQuery>,
    Posted { body, key }: Posted<VerifyBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    order_within_plan(&app, caller.scope).await?;
    let count = body.emails.len() + body.phones.len();
    if !(1..=MOST).contains(&count) {
        let detail = format!("1 to {MOST} emails and phones together, not {count}; more are imported as a list");
        return Err(Problem::invalid(FieldError::at("", detail)));
    }
    let region = region_of(&app, caller.scope, body.region).await?;
    let (_, given) = EnrichLeadBody { sources: body.sources, options: body.options }.read(LeadId::default())?;
    let mut fields = Vec::new();
    for (entries, point) in [(&body.emails, DataPoint::EmailStatus), (&body.phones, DataPoint::PhoneStatus)] {
        if !entries.is_empty() {
            fields.push(point);
        }
    }
    let emails = body.emails.into_iter().map(|text| row(text, Asked::Email, region));
    let rows: Vec<Lookup> = emails.chain(body.phones.into_iter().map(|text| row(text, Asked::Phone, region))).collect();
    let level = if given.names_level { given.level } else { Level::Basic };
    let options = JobOptions { fields, level, ..given };
    let made = ask(&app, &caller, &key, rows, options).await?;
    answered(&app, &caller, &made, &query, "/verify", shown).await
}

/// The verdicts on addresses and numbers
#[utoipa::path(get, path = "/verify/{jobId}", tag = "enrichment", params(("jobId" = JobId, Path)),
    responses((status = 200, body = Verified)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// What cannot be an address or a number has neither.
fn row(text: String, asked: Asked, region: Option<Region>) -> Lookup {
    let field = if asked == Asked::Email { LeadField::Email } else { LeadField::Phone };
    let mut lead = Lead { source: Some("api".to_owned()), ..Lead::default() };
    let trimmed = text.trim();
    if !trimmed.is_empty() {
        lead.set_field(field, clean_value(field, trimmed, &|| region).ok());
    }
    Lookup { lead, given: Some(text), asked, ..Lookup::default() }
}

async fn shown(app: &App, scope: WorkspaceScope, id: JobId) -> Result<Verified, Problem> {
    let keeps = app.config.retention.lookups.0;
    let read = app.store.read(move |view| view_of(view, &scope, id, keeps));
    read.await.map_err(Problem::from)
}

fn view_of(view: &View, scope: &WorkspaceScope, id: JobId, keeps: std::time::Duration) -> Result<Verified, Refusal> {
    let row = job(view, scope, id)?;
    let rows = of_job(view, scope, id)?;
    let items = items_page(view, scope, id, None, None, MOST)?;
    let item = |lead: LeadId| items.iter().find(|(_, item)| item.lead == lead).map(|(_, item)| item);
    let at = rows.first().map(|(_, row)| row.at).unwrap_or_default();
    let (mut emails, mut phones) = (Vec::new(), Vec::new());
    for (lead_id, Lookup { lead, given, asked, .. }) in rows {
        let item = item(lead_id);
        let is_open = item.is_none_or(|item| !item.state.is_terminal());
        let failed = item.filter(|item| matches!(item.state, ItemState::Failed)).and_then(|item| item.error.clone());
        let given = given.unwrap_or_default();
        match asked {
            Asked::Identity => return Err(Reject::NotFound(Missing::Job).into()),
            Asked::Email => {
                let (status, source) = verdict(view, scope, lead_id, &lead, "emailStatus", (is_open, failed))?;
                let status = if lead.email.is_none() { "invalid" } else { status };
                emails.push(EmailVerdict {
                    email: given,
                    address: lead.email.clone(),
                    status,
                    email_type: lead.enriched_field(EnrichedField::EmailType).map(str::to_owned),
                    suggested_email: lead.enriched_field(EnrichedField::SuggestedEmail).map(str::to_owned),
                    source: source.of_syntax(lead.email.is_none(), "is no e-mail address"),
                });
            }
            Asked::Phone => {
                let (status, source) = verdict(view, scope, lead_id, &lead, "phoneStatus", (is_open, failed))?;
                let status = if lead.phone.is_none() { "invalid" } else { status };
                phones.push(PhoneVerdict {
                    phone: given,
                    number: lead.phone.clone(),
                    status,
                    line_type: lead.enriched_field(EnrichedField::PhoneType).map(str::to_owned),
                    country: lead.enriched_field(EnrichedField::PhoneCountry).map(str::to_owned),
                    region: lead.enriched_field(EnrichedField::PhoneRegion).map(str::to_owned),
                    source: source.of_syntax(lead.phone.is_none(), "is no phone number"),
                });
            }
        }
    }
    Ok(Verified {
        job_id: id,
        status: row.status.name(),
        emails,
        phones,
        credits_used: credits(row.credits_used),
        cost: Money::millionths(row.cost),
        forgotten_at: at.plus(keeps),
    })
}

impl Source {
    /// What is no value of its kind was refused by its form.
    fn of_syntax(self, is_none: bool, detail: &str) -> Self {
        if is_none { Self { detail: Some(detail.to_owned()), ..Self::default() } } else { self }
    }
}

/// What is said of the value, and by whom; `open`: whether somebody is still asked, and why nobody answered.
fn verdict(
    view: &View,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: &Lead,
    field: &str,
    open: (bool, Option<String>),
) -> Result<(&'static str, Source), StoreError> {
    let (is_open, failed) = open;
    let none = if is_open { "pending" } else { "unknown" };
    let Some(value) = current_value(view, scope, id, lead, field)? else {
        return Ok((none, Source { detail: failed, ..Source::default() }));
    };
    let known = ["valid", "invalid", "catch-all", "unknown"];
    let status = known.into_iter().find(|status| *status == value.value).unwrap_or("unknown");
    let source = Source {
        provider: Some(value.provider),
        at: Some(value.at),
        confidence: Some(value.confidence.as_fraction()),
        detail: failed,
    };
    Ok((status, source))
}
