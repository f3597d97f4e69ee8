//! Asking about somebody who is no stored lead.
//!
//! Who is asked about goes through a job like a lead, but is in no list: no search, export or statistic sees them. What was
//! given and found stays for `retention.lookups`, so that a slow answer can be fetched; then it is gone. Receipts and the
//! record of what went out stay as those of every job; they hold no values.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::single::{WaitQuery, ended};
use super::{EnrichLeadBody, EnrichOptions, Made, Money, Order, credits, make};
use crate::app::App;
use crate::domain::enrichment::{JobOptions, JobStatus, Priority};
use crate::domain::id::{JobId, LeadId};
use crate::domain::identity::{Identity, sufficient};
use crate::domain::lead::{EmailStatus, LeadField};
use crate::domain::list::IdentityDemand;
use crate::domain::phone::Region;
use crate::domain::time::Time;
use crate::http::answer::{Answer, location};
use crate::http::auth::{Auth, Caller};
use crate::http::body::Posted;
use crate::http::codes::Code;
use crate::http::idempotency::IdempotencyKey;
use crate::http::leads::{Details, GivenLead};
use crate::http::path::PathId;
use crate::http::plan_rate::order_within_plan;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::Query;
use crate::store::access::Right;
use crate::store::jobs::items_page;
use crate::store::lookups::of_job;
use crate::store::records::job::Selection;
use crate::store::records::lookup::{Asked, Lookup};
use crate::store::tables::Workspaces;
use crate::store::transactions::jobs::job;
use crate::store::transactions::lookups::{AddLookups, DropLookups};
use crate::store::{Missing, Reads, Refusal, Reject, Urgency, View, WorkspaceScope};

/// Whom to ask about: the fields of a lead (`email`, `linkedInUrl`, `fullName` with `companyName` or `website`, …), beside
/// how to ask.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LookupBody {
    /// Slugs of the providers that may be asked; all when left out
    sources: Option<Vec<String>>,
    options: Option<EnrichOptions>,
    /// The country of phone numbers without one
    region: Option<String>,
    #[serde(flatten)]
    #[schema(inline)]
    fields: Map<String, Value>,
}

/// What was found about somebody.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Lookup)]
#[serde(rename_all = "camelCase")]
pub struct LookupView {
    job_id: JobId,
    /// Of the job: `pending`, `processing`, `paused`, `completed`, `cancelled`
    status: &'static str,
    /// Whom `GET /privacy/outbound?leadId=` knows as this
    lead_id: LeadId,
    /// `pending`, `enriched`, `partial`, `not_found`, `failed` or `skipped`
    enrichment_status: &'static str,
    email_status: Option<&'static str>,
    /// The fields as they were given, with what was found
    #[schema(value_type = Object)]
    fields: Map<String, Value>,
    /// In the form of PRD-11, appendix B
    #[schema(value_type = Object)]
    enriched: Map<String, Value>,
    /// By field: the value that counts and its source
    #[schema(value_type = Object)]
    provenance: Map<String, Value>,
    credits_used: f64,
    cost: Money,
    /// Nothing of it can be fetched from then on
    forgotten_at: Time,
}

/// Enrich somebody who is no stored lead
///
/// 200 with what was found when it is done in time, else 202 with where it will be. 502 when every provider failed; that
/// costs nothing.
#[utoipa::path(post, path = "/enrichment", tag = "enrichment", request_body = LookupBody,
    params(WaitQuery, ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 200, body = LookupView), (status = 202, body = LookupView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<WaitQuery>,
    Posted { body, key }: Posted<LookupBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    order_within_plan(&app, caller.scope).await?;
    let LookupBody { sources, options, region, fields } = body;
    let region = region_of(&app, caller.scope, region).await?;
    let lead = GivenLead::read(&fields, "", region).without_wrong("")?.into_lead("api");
    sufficient(&Identity::of(&lead), IdentityDemand::Any)
        .map_err(|reason| Problem::invalid(FieldError::at("", reason.to_string())))?;
    let (_, options) = EnrichLeadBody { sources, options }.read(LeadId::default())?;
    let row = Lookup { lead, ..Lookup::default() };
    let made = ask(&app, &caller, &key, vec![row], options).await?;
    answered(&app, &caller, &made, &query, "/enrichment", shown).await
}

/// What was found about somebody who is no stored lead
#[utoipa::path(get, path = "/enrichment/{jobId}", tag = "enrichment", params(("jobId" = JobId, Path)),
    responses((status = 200, body = LookupView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// The country of numbers without one: the one named, else that of the workspace.
pub(super) async fn region_of(
    app: &App,
    scope: WorkspaceScope,
    given: Option<String>,
) -> Result<Option<Region>, Problem> {
    if let Some(text) = given {
        let known = Region::from_country(&text);
        return known.map(Some).ok_or_else(|| Problem::invalid(FieldError::at("/region", "is no country")));
    }
    let read = app.store.read(move |view| view.get_install::<Workspaces>((scope.workspace(),)));
    Ok(read.await?.and_then(|row| row.region).as_deref().and_then(Region::from_code))
}

/// Makes a job for those who are asked about; nobody stays behind when it is refused.
pub(super) async fn ask(
    app: &App,
    caller: &Caller,
    key: &IdempotencyKey,
    rows: Vec<Lookup>,
    options: JobOptions,
) -> Result<Made, Problem> {
    let rows: Vec<(LeadId, Lookup)> = rows.into_iter().map(|row| (app.deps.ids.next(), row)).collect();
    let ids: Vec<LeadId> = rows.iter().map(|(id, _)| *id).collect();
    let (scope, at) = (caller.scope, caller.origin.at);
    app.store.submit(AddLookups { scope, at, rows }, Urgency::Interactive).await?;
    let selection = Selection { ids: ids.clone(), ..Selection::default() };
    let options = JobOptions { priority: Priority::High, ..options };
    let made = make(app, caller, key, Order { selection, options, individual: true, rest_of: None }).await;
    // A request that was served before has its own; what a crash leaves here the Janitor takes away.
    if !made.as_ref().is_ok_and(|made| made.seq.is_some()) {
        app.store.submit(DropLookups { scope, ids }, Urgency::Interactive).await?;
    }
    made
}

/// What `shown` says when the job is over in time, else where the rest will be.
pub(super) async fn answered<T: Serialize>(
    app: &App,
    caller: &Caller,
    made: &Made,
    query: &WaitQuery,
    place: &str,
    shown: impl AsyncFn(&App, WorkspaceScope, JobId) -> Result<T, Problem>,
) -> Result<Answer<T>, Problem> {
    let over = ended(app, caller.scope, made.id, query.seconds()).await?.status.is_over();
    let view = shown(app, caller.scope, made.id).await?;
    let place = || location(&format!("{place}/{}", made.id));
    let answer = if over { Answer::ok(view) } else { Answer::accepted(place(), view) };
    Ok(match made.seq {
        Some(seq) => answer.seq(seq),
        None => answer,
    })
}

async fn shown(app: &App, scope: WorkspaceScope, id: JobId) -> Result<LookupView, Problem> {
    let keeps = app.config.retention.lookups.0;
    let read = app.store.read(move |view| {
        let view = view_of(view, &scope, id, keeps)?;
        Ok::<_, Refusal>(view)
    });
    read.await.map_err(Problem::from)?
}

fn view_of(
    view: &View,
    scope: &WorkspaceScope,
    id: JobId,
    keeps: std::time::Duration,
) -> Result<Result<LookupView, Problem>, Refusal> {
    let row = job(view, scope, id)?;
    let Some((lead_id, Lookup { lead, at, asked: Asked::Identity, .. })) = of_job(view, scope, id)?.into_iter().next()
    else {
        return Err(Reject::NotFound(Missing::Job).into());
    };
    if row.status == JobStatus::Completed && row.counts.failed > 0 {
        let error = items_page(view, scope, id, None, None, 1)?.pop().and_then(|(_, item)| item.error);
        let problem = Problem::new(Code::EnrichmentFailed).member("jobId", id.to_string());
        return Ok(Err(match error {
            Some(error) => problem.detail(error),
            None => problem,
        }));
    }
    let Details { enriched, provenance, .. } = Details::of(view, scope, lead_id, &lead)?;
    let mut fields: Map<String, Value> = LeadField::ALL
        .into_iter()
        .filter_map(|field| lead.field(field).map(|value| (field.name().to_owned(), Value::from(value))))
        .collect();
    if !lead.custom_fields.is_empty() {
        let custom = lead.custom_fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        fields.insert("customFields".to_owned(), Value::Object(custom.collect()));
    }
    Ok(Ok(LookupView {
        job_id: id,
        status: row.status.name(),
        lead_id,
        enrichment_status: lead.enrichment_status.name(),
        email_status: lead.email_status.map(EmailStatus::name),
        fields,
        enriched,
        provenance,
        credits_used: credits(row.credits_used),
        cost: Money::millionths(row.cost),
        forgotten_at: at.plus(keeps),
    }))
}
