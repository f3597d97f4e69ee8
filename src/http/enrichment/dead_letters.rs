//! Leads that jobs gave up: read why, and try them again by the kind of failure.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::id::{Id, ItemId, JobId, LeadId};
use crate::domain::time::Time;
use crate::http::answer::{Answer, Page};
use crate::http::auth::{Auth, Caller};
use crate::http::body::JsonBody;
use crate::http::problem::Problem;
use crate::http::query::{Limit, Query};
use crate::store::access::Right;
use crate::store::jobs::{dead_letter_counts, dead_letters};
use crate::store::records::item::DeadLetter;
use crate::store::transactions::jobs::ReplayDeadLetters;
use crate::store::{Refusal, Urgency};

/// Tried again in one transaction.
const SLICE: usize = 1_000;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = DeadLetter)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterView {
    item_id: ItemId,
    job_id: JobId,
    lead_id: LeadId,
    at: Time,
    /// `broken`, `auth_failed`, `out_of_quota`, `rate_limited`, `closed`, …
    class: Option<String>,
    provider: Option<String>,
    operation: Option<&'static str>,
    detail: Option<String>,
}

impl DeadLetterView {
    fn new(item_id: ItemId, letter: DeadLetter) -> Self {
        let (provider, operation, class) = match letter.failure {
            Some(failure) => (Some(failure.provider), Some(failure.operation.name()), Some(failure.class)),
            None => (None, None, None),
        };
        let DeadLetter { job, lead, at, detail, .. } = letter;
        Self { item_id, job_id: job, lead_id: lead, at, class, provider, operation, detail }
    }
}

/// A page of them, with how many there are of each class.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DeadLetters {
    #[serde(flatten)]
    #[schema(inline)]
    page: Page<DeadLetterView>,
    classes: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DeadLetterQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// Only of this class
    class: Option<String>,
    /// Only of this provider
    provider: Option<String>,
    /// Only of this job
    #[param(value_type = Option<JobId>)]
    job_id: Option<JobId>,
}

/// Which of them to try again; all that fit every part that is given.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replay {
    class: Option<String>,
    provider: Option<String>,
    job_id: Option<JobId>,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct Replayed {
    /// Leads that are tried again
    leads: u64,
}

/// Leads that jobs gave up, the newest first
#[utoipa::path(get, path = "/enrichment/dead-letters", tag = "enrichment", params(DeadLetterQuery),
    responses((status = 200, body = DeadLetters)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<DeadLetterQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let listing = format!("dead letters {:?}", (&query.class, &query.provider, query.job_id));
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let limit = query.limit.0;
    let wanted = fits(query.class, query.provider, query.job_id);
    let read = app.store.read(move |view| {
        let letters = dead_letters(view, &scope, after.map(ItemId::from_u64), &wanted, limit + 1)?;
        Ok::<_, Refusal>((letters, dead_letter_counts(view, &scope)?))
    });
    let (mut letters, classes) = read.await.map_err(Problem::from)?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let last = letters.last().map(|(id, _)| id.as_u64()).filter(|_| more);
    let next_cursor = last.map(|id| app.cursors.write(&scope, &listing, &id)).transpose()?;
    let data = letters.into_iter().map(|(id, letter)| DeadLetterView::new(id, letter)).collect();
    let page = Page { data, next_cursor, total: None, stale: None };
    Ok(Answer::ok(DeadLetters { page, classes }))
}

/// Try leads again that jobs gave up; somebody is called whatever is known
#[utoipa::path(post, path = "/enrichment/dead-letters/replay", tag = "enrichment", request_body = Replay,
    responses((status = 202, body = Replayed)))]
pub async fn replay(
    State(app): State<Arc<App>>,
    auth: Auth,
    JsonBody(body): JsonBody<Replay>,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, .. } = auth.need(Right::Enrich)?;
    let (mut leads, mut after) = (0, None);
    loop {
        let wanted = fits(body.class.clone(), body.provider.clone(), body.job_id);
        let read = app.store.read(move |view| dead_letters(view, &scope, after, &wanted, SLICE));
        let slice = read.await?;
        let Some((last, _)) = slice.last() else { break };
        after = Some(*last);
        let letters = slice.into_iter().map(|(item, letter)| (letter.job, item)).collect();
        let resumed = super::go_on(&app);
        let again = ReplayDeadLetters { scope, origin: origin.clone(), letters, resumed };
        leads += app.store.submit(again, Urgency::Interactive).await?.out;
    }
    app.wakes.scheduler.wake();
    Ok(Answer::accepted(super::super::answer::location("/enrichment/dead-letters"), Replayed { leads }))
}

fn fits(
    class: Option<String>,
    provider: Option<String>,
    job: Option<JobId>,
) -> impl Fn(&DeadLetter) -> bool + Send + 'static {
    move |letter| {
        let failure = letter.failure.as_ref();
        let of_class = class.as_ref().is_none_or(|class| failure.is_some_and(|failure| failure.class == *class));
        let of = provider.as_ref().is_none_or(|slug| failure.is_some_and(|failure| failure.provider == *slug));
        of_class && of && job.is_none_or(|job| letter.job == job)
    }
}
