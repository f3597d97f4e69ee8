//! Enrichment: order it, watch it, stop it; one lead at once.

mod after_import;
mod conflicts;
pub mod dead_letters;
pub mod lookup;
mod order;
pub mod rest;
mod shape;
pub mod single;
pub mod templates;
pub mod verify;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

pub use self::after_import::enrich_imported;
pub use self::order::{EnrichBody, EnrichLeadBody, EnrichOptions};
pub(in crate::http) use self::order::{Order, Prepared, prepare};
use self::order::{replayed, too_dear};
pub(in crate::http) use self::shape::credits;
pub use self::shape::{
    AttemptView, EnrichedLead, EstimateView, ItemView, JobView, LeadEnrichmentView, Money, ValueView,
};
use super::answer::{Answer, Page, location};
use super::auth::{Auth, Caller};
use super::body::{JsonBody, Posted};
use super::idempotency::IdempotencyKey;
use super::leads::Details;
use super::path::PathId;
use super::plan_rate::order_within_plan;
use super::problem::{FieldError, Problem};
use super::query::{Limit, Query};
use crate::actors::provider_gate::GateKey;
use crate::app::App;
use crate::domain::enrichment::{ItemState, PriceSource};
use crate::domain::id::{Id, ItemId, JobId, LeadId, ListId};
use crate::domain::lead::EmailStatus;
use crate::store::access::Right;
use crate::store::jobs::{attempts_of, items_page, page, values_of};
use crate::store::policy::is_sandbox;
use crate::store::records::job::Job;
use crate::store::tables::JobFunnels;
use crate::store::transactions::jobs::{
    CancelJob, CreateJob, LEASE_ITEMS, PauseJob, ResumeJob, RetryJob, StopHook, job,
};
use crate::store::transactions::leads::live_lead;
use crate::store::transactions::once::OnceOut;
use crate::store::{Reads, Refusal, Reject, SubmitError, Transaction, Urgency, WorkspaceScope};

/// Calls that `GET /leads/{id}/enrichment` shows.
const SHOWN_ATTEMPTS: usize = 100;

/// Where a job is.
pub fn place_of(id: JobId) -> String {
    location(&format!("/leads/enrich/{id}"))
}

/// What an enrichment would take
#[utoipa::path(post, path = "/leads/enrich/estimate", tag = "enrichment", request_body = EnrichBody,
    responses((status = 200, body = EstimateView)))]
pub async fn estimate(
    State(app): State<Arc<App>>,
    auth: Auth,
    JsonBody(body): JsonBody<EnrichBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    let (selection, options) = body.read()?;
    let order = Order { selection, options, ..Order::default() };
    let prepared = prepare(&app, (caller.scope, caller.origin.at), order).await?;
    Ok(Answer::ok(EstimateView::new(&prepared)))
}

/// Enrich leads
///
/// Answers 202 with the job. 402 when the credits do not cover the typical estimate, unless the order is `partial` or has a
/// `spendLimit`; 403 (`POLICY_FORBIDS`) when it would ask a provider and the terms are not accepted
/// (`POST /settings/terms`).
#[utoipa::path(post, path = "/leads/enrich", tag = "enrichment", request_body = EnrichBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = JobView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key }: Posted<EnrichBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    order_within_plan(&app, caller.scope).await?;
    let (selection, options) = body.read()?;
    let made = make(&app, &caller, &key, Order { selection, options, ..Order::default() }).await?;
    let view = shown(&app, caller.scope, made.id).await?;
    Ok(match made.seq {
        Some(seq) => Answer::accepted(place_of(made.id), view).seq(seq),
        None => Answer::replayed(202, Some(place_of(made.id)), Some(view)),
    })
}

struct Made {
    id: JobId,
    /// `None` when the same request had made it before.
    seq: Option<u64>,
}

async fn make(app: &App, caller: &Caller, key: &IdempotencyKey, order: Order) -> Result<Made, Problem> {
    let prepared = prepare(app, (caller.scope, caller.origin.at), order).await?.allowed()?;
    let id = app.deps.ids.next();
    let create = CreateJob {
        scope: caller.scope,
        origin: caller.origin.clone(),
        id,
        new: prepared.new.clone(),
        items: app.deps.ids.next_block(u32::try_from(LEASE_ITEMS).unwrap_or(u32::MAX)),
    };
    let create = key.once(caller, 202, Numbered(create), |made| Some(place_of(made.0)));
    let committed = match app.store.submit(create, Urgency::Interactive).await {
        Ok(committed) => committed,
        Err(error) => return Err(refused(&prepared, error)),
    };
    app.wakes.scheduler.wake();
    Ok(match committed.out {
        OnceOut::Done((id, _)) => Made { id, seq: Some(committed.seq) },
        OnceOut::Replayed { location, .. } => Made { id: replayed(location.as_deref())?, seq: None },
    })
}

/// Answers the id beside the job: the location of an idempotent answer needs it.
#[derive(Clone)]
struct Numbered(CreateJob);

impl Transaction for Numbered {
    type Out = (JobId, Job);
    const NAME: &'static str = CreateJob::NAME;

    fn apply(&self, tx: &mut crate::store::Tx<'_>) -> Result<Self::Out, Refusal> {
        Ok((self.0.id, self.0.apply(tx)?))
    }
}

fn refused(prepared: &Prepared, error: SubmitError) -> Problem {
    match error {
        SubmitError::Rejected(Reject::InsufficientCredits { needed, available }) => {
            too_dear(prepared, needed, available)
        }
        other => other.into(),
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// `pending`, `processing`, `paused`, `completed`, `failed` or `cancelled`
    status: Option<String>,
    /// Jobs of this list
    #[param(value_type = Option<ListId>)]
    list_id: Option<ListId>,
}

/// Page through the jobs, the newest first
#[utoipa::path(get, path = "/leads/enrich", tag = "enrichment", params(JobQuery),
    responses((status = 200, body = Page<JobView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<JobQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let listing = format!("jobs {:?}", (&query.status, query.list_id));
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let limit = query.limit.0;
    let wanted = move |job: &Job| {
        query.status.as_deref().is_none_or(|status| status == job.status.name())
            && query.list_id.is_none_or(|list| job.list == Some(list))
    };
    let read = app.store.read(move |view| page(view, &scope, after.map(JobId::from_u64), &wanted, limit + 1));
    let mut jobs = read.await?;
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let last = jobs.last().map(|(id, _)| id.as_u64()).filter(|_| more);
    let next_cursor = last.map(|id| app.cursors.write(&scope, &listing, &id)).transpose()?;
    let data = jobs.into_iter().map(|(id, job)| view_of(&app, id, job)).collect();
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// How far a job is
#[utoipa::path(get, path = "/leads/enrich/{jobId}", tag = "enrichment", params(("jobId" = JobId, Path)),
    responses((status = 200, body = JobView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

async fn shown(app: &App, scope: WorkspaceScope, id: JobId) -> Result<JobView, Problem> {
    let read = app.store.read(move |view| {
        let funnel = view.get::<JobFunnels>(&scope, (id,))?.unwrap_or_default();
        Ok::<_, Refusal>((job(view, &scope, id)?, funnel, is_sandbox(view, &scope)?))
    });
    let (row, funnel, is_sandbox) = read.await.map_err(Problem::from)?;
    let waiting_for = if row.status.is_running() { limits_of(app, scope, is_sandbox, &row) } else { Vec::new() };
    Ok(view_of(app, id, row).in_full(&funnel, waiting_for))
}

/// Which of its providers let nobody through for a while, and until when.
fn limits_of(app: &App, scope: WorkspaceScope, is_sandbox: bool, row: &Job) -> Vec<String> {
    let mut waits: Vec<String> = Vec::new();
    for step in row.steps.iter().filter(|step| step.external) {
        let gate = match step.source {
            _ if is_sandbox => GateKey::of_sandbox(&step.provider, scope.workspace()),
            PriceSource::WorkspaceKey => GateKey::of_workspace(&step.provider, scope.workspace()),
            PriceSource::InstallKey | PriceSource::BuiltIn => GateKey::of_install(&step.provider),
        };
        let Some((until, reason)) = app.gates.limited_until(&gate) else { continue };
        let why = reason.name();
        let text = match until {
            Some(until) => format!("{} {why} until {until}", step.provider),
            None => format!("{} {why}", step.provider),
        };
        if !waits.contains(&text) {
            waits.push(text);
        }
    }
    waits
}

fn view_of(app: &App, id: JobId, row: Job) -> JobView {
    JobView::new(id, row, app.deps.clock.now(), app.agenda.calls_in_flight(id))
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ItemQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// Only items in this state: `queued`, `running`, `waiting`, `found`, `partial`, `not_found`, `failed`, `skipped`,
    /// `cancelled`
    status: Option<String>,
}

/// Page through the leads of a job
#[utoipa::path(get, path = "/leads/enrich/{jobId}/items", tag = "enrichment",
    params(("jobId" = JobId, Path), ItemQuery), responses((status = 200, body = Page<ItemView>)))]
pub async fn items(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
    Query(query): Query<ItemQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    if query.status.as_deref().is_some_and(|state| !ItemState::NAMES.contains(&state)) {
        return Err(Problem::invalid(FieldError::parameter("status", "expected the name of a state of items")));
    }
    let listing = format!("items {id} {:?}", query.status);
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let (limit, state) = (query.limit.0, query.status);
    let read = app.store.read(move |view| {
        let row = job(view, &scope, id)?;
        let after = after.map(ItemId::from_u64);
        let items = items_page(view, &scope, id, after, state.as_deref(), limit + 1)?;
        Ok::<_, Refusal>((row.counts.of_name(state.as_deref()), items))
    });
    let (total, mut items) = read.await.map_err(Problem::from)?;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().map(|(id, _)| id.as_u64()).filter(|_| more);
    let next_cursor = last.map(|id| app.cursors.write(&scope, &listing, &id)).transpose()?;
    let data = items.into_iter().map(|(id, item)| ItemView::new(id, item)).collect();
    Ok(Answer::ok(Page { data, next_cursor, total: Some(total), stale: None }))
}

/// Pause a job: once this is answered no new call starts
#[utoipa::path(post, path = "/leads/enrich/{jobId}/pause", tag = "enrichment", params(("jobId" = JobId, Path)),
    responses((status = 200, body = JobView)))]
pub async fn pause(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    let pause = PauseJob { scope: caller.scope, origin: caller.origin, job: id, stopped: stop(&app) };
    let committed = app.store.submit(pause, Urgency::Interactive).await?;
    app.wakes.scheduler.wake();
    last_calls(&app, id).await;
    Ok(Answer::ok(view_of(&app, id, committed.out)).seq(committed.seq))
}

/// Let a paused job go on
#[utoipa::path(post, path = "/leads/enrich/{jobId}/resume", tag = "enrichment", params(("jobId" = JobId, Path)),
    responses((status = 200, body = JobView)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    let resume = ResumeJob { scope: caller.scope, origin: caller.origin, job: id, resumed: go_on(&app) };
    let committed = app.store.submit(resume, Urgency::Interactive).await?;
    app.wakes.scheduler.wake();
    Ok(Answer::ok(view_of(&app, id, committed.out)).seq(committed.seq))
}

/// Cancel a job: once this is answered no new call starts; what was found stays
#[utoipa::path(post, path = "/leads/enrich/{jobId}/cancel", tag = "enrichment", params(("jobId" = JobId, Path)),
    responses((status = 200, body = JobView)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    let cancel = CancelJob { scope: caller.scope, origin: caller.origin, job: id, stopped: stop(&app) };
    let committed = app.store.submit(cancel, Urgency::Interactive).await?;
    app.wakes.scheduler.wake();
    last_calls(&app, id).await;
    Ok(Answer::ok(view_of(&app, id, committed.out)).seq(committed.seq))
}

/// Try the failed leads of a job again
#[utoipa::path(post, path = "/leads/enrich/{jobId}/retry", tag = "enrichment", params(("jobId" = JobId, Path)),
    responses((status = 202, body = JobView)))]
pub async fn retry(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<JobId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    let retry = RetryJob { scope: caller.scope, origin: caller.origin, job: id, resumed: go_on(&app) };
    let committed = app.store.submit(retry, Urgency::Interactive).await?;
    app.wakes.scheduler.wake();
    let (row, _leads) = committed.out;
    Ok(Answer::accepted(place_of(id), view_of(&app, id, row)).seq(committed.seq))
}

/// The longest that a stop waits for calls that are under way.
const LAST_CALLS: Duration = Duration::from_millis(250);
const LOOK_AT_CALLS: Duration = Duration::from_millis(5);

/// Calls that had begun when a stop came get a moment: whoever hears of the stop then sees no request arrive any more,
/// be it one that was on its way.
async fn last_calls(app: &App, job: JobId) {
    let clock = &app.deps.clock;
    let until = clock.monotonic() + LAST_CALLS;
    while app.agenda.calls_in_flight(job) > 0 && clock.monotonic() < until {
        clock.sleep(LOOK_AT_CALLS).await;
    }
}

fn stop(app: &App) -> StopHook {
    let agenda = app.agenda.clone();
    Arc::new(move |job| agenda.stop(job))
}

fn go_on(app: &App) -> StopHook {
    let agenda = app.agenda.clone();
    Arc::new(move |job| agenda.resume(job))
}

/// Everything that was found for a lead, with its sources and the calls made
#[utoipa::path(get, path = "/leads/{id}/enrichment", tag = "enrichment", params(("id" = LeadId, Path)),
    responses((status = 200, body = LeadEnrichmentView)))]
pub async fn of_lead(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<LeadId>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let read = app.store.read(move |view| {
        let lead = live_lead(view, &scope, id)?;
        let details = Details::of(view, &scope, id, &lead)?;
        let values = values_of(view, &scope, id)?;
        let attempts = attempts_of(view, &scope, id, SHOWN_ATTEMPTS)?;
        let current = |field: &str| details.provenance.get(field)?.get("value")?.as_str().map(str::to_owned);
        Ok::<_, Refusal>(LeadEnrichmentView {
            lead_id: id,
            enrichment_status: lead.enrichment_status.name(),
            email_status: lead.email_status.map(EmailStatus::name),
            enriched_at: lead.enriched_at,
            enrichment_job_id: lead.enrichment_job,
            enriched: details.enriched.clone(),
            provenance: details.provenance.clone(),
            conflicts: conflicts::conflicts(&lead, &values, &current),
            alternatives: conflicts::alternatives(&values, &current),
            values: values.into_iter().map(|(field, _, value)| ValueView::new(field, value)).collect(),
            attempts: attempts.into_iter().map(|(id, attempt)| AttemptView::new(id, attempt)).collect(),
        })
    });
    Ok(Answer::ok(read.await.map_err(Problem::from)?))
}
