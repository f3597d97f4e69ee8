//! One lead, now: somebody waits for it, for the whole result or step by step.
//!
//! With `Accept: text/event-stream` every call is told when it begins and when it ends, as `event: step` with an attempt,
//! and at last `event: end` with what the plain answer would hold. What takes longer than `wait` goes on as a job.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{AttemptView, EnrichLeadBody, EnrichedLead, Made, Order, SHOWN_ATTEMPTS, make, place_of, view_of};
use crate::app::App;
use crate::domain::enrichment::JobOptions;
use crate::domain::enrichment::Priority;
use crate::domain::id::{AttemptId, JobId, LeadId};
use crate::http::answer::Answer;
use crate::http::auth::Auth;
use crate::http::body::Posted;
use crate::http::codes::Code;
use crate::http::events::stream_of;
use crate::http::path::PathId;
use crate::http::plan_rate::order_within_plan;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::store::access::Right;
use crate::store::jobs::{attempts_of, items_page};
use crate::store::records::job::Job;
use crate::store::transactions::jobs::job;
use crate::store::transactions::leads::live_lead;
use crate::store::{Refusal, WorkspaceScope};

const LONGEST_WAIT: u64 = 30;
const USUAL_WAIT: u64 = 10;
/// Frames on their way to a client.
const FRAMES: usize = 16;
/// Who does not take a frame for so long is cut off.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// Seconds to wait for the result, at most 30 (default 10; 0 answers at once)
    wait: Option<u64>,
}

impl WaitQuery {
    pub(super) fn seconds(&self) -> u64 {
        self.wait.unwrap_or(USUAL_WAIT).min(LONGEST_WAIT)
    }
}

/// Enrich one lead now
///
/// 200 with the lead when it is done in time, else 202 with the job. 502 when every provider failed; that costs nothing.
/// With `Accept: text/event-stream` the steps come as they happen: `event: step` with an `Attempt` when a call begins and
/// when it ends, then `event: end` with `job`, `lead` and, where every provider failed, `error`.
#[utoipa::path(post, path = "/leads/{id}/enrich", tag = "enrichment", request_body = EnrichLeadBody,
    params(("id" = LeadId, Path), WaitQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 200, body = EnrichedLead), (status = 202, body = EnrichedLead)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    headers: HeaderMap,
    PathId(lead): PathId<LeadId>,
    Query(query): Query<WaitQuery>,
    Posted { body, key }: Posted<EnrichLeadBody>,
) -> Result<Response, Problem> {
    let caller = auth.need(Right::Enrich)?;
    let scope = caller.scope;
    order_within_plan(&app, scope).await?;
    app.store.read(move |view| live_lead(view, &scope, lead)).await.map_err(Problem::from)?;
    let permit = if wants_steps(&headers) { Some(app.event_streams.enter()?) } else { None };
    let (selection, options) = body.read(lead)?;
    let options = JobOptions { priority: Priority::High, ..options };
    let made = make(&app, &caller, &key, Order { selection, options, individual: true, rest_of: None }).await?;
    if let Some(permit) = permit {
        let (frames, receiver) = mpsc::channel(FRAMES);
        let steps = Steps { app, scope, lead, job: made.id, frames, told: HashMap::new() };
        let seconds = query.seconds();
        tokio::spawn(async move {
            steps.run(seconds).await;
            drop(permit);
        });
        return Ok(stream_of(receiver));
    }
    let row = ended(&app, scope, made.id, query.seconds()).await?;
    Ok(answer(&app, scope, lead, &made, row).await?.into_response())
}

async fn answer(
    app: &App,
    scope: WorkspaceScope,
    lead: LeadId,
    made: &Made,
    row: Job,
) -> Result<Answer<EnrichedLead>, Problem> {
    if !row.status.is_over() {
        let view = EnrichedLead { job: view_of(app, made.id, row), lead: None };
        return Ok(Answer::accepted(place_of(made.id), view));
    }
    if row.counts.failed > 0 {
        return Err(failure(app, scope, made.id).await?);
    }
    let (lead, version) = crate::http::leads::shown(app, scope, lead).await?;
    let view = EnrichedLead { job: view_of(app, made.id, row), lead: Some(lead) };
    let answer = Answer::ok(view).version(version).status(StatusCode::OK);
    Ok(match made.seq {
        Some(seq) => answer.seq(seq),
        None => answer,
    })
}

/// Why a job for one lead failed.
async fn failure(app: &App, scope: WorkspaceScope, id: JobId) -> Result<Problem, Problem> {
    let read = app.store.read(move |view| items_page(view, &scope, id, None, None, 1));
    let error = read.await?.pop().and_then(|(_, item)| item.error);
    let problem = Problem::new(Code::EnrichmentFailed).member("jobId", id.to_string());
    Ok(match error {
        Some(error) => problem.detail(error),
        None => problem,
    })
}

/// The job once it is over, or as it is after `seconds`.
pub(super) async fn ended(app: &App, scope: WorkspaceScope, id: JobId, seconds: u64) -> Result<Job, Problem> {
    let mut committed = app.store.committed();
    let time_is_up = app.deps.clock.sleep(Duration::from_secs(seconds));
    tokio::pin!(time_is_up);
    loop {
        committed.mark_unchanged();
        let row = app.store.read(move |view| job(view, &scope, id)).await.map_err(Problem::from)?;
        if row.status.is_over() {
            return Ok(row);
        }
        tokio::select! {
            changed = committed.changed() => if changed.is_err() { return Ok(row) },
            () = &mut time_is_up => return Ok(row),
        }
    }
}

fn wants_steps(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream")))
}

/// The stream of one order.
struct Steps {
    app: Arc<App>,
    scope: WorkspaceScope,
    lead: LeadId,
    job: JobId,
    frames: mpsc::Sender<Result<Bytes, Infallible>>,
    /// Calls that were told of, and whether their end was.
    told: HashMap<AttemptId, bool>,
}

impl Steps {
    async fn run(mut self, seconds: u64) {
        let (closing, frames) = (self.app.event_streams.closing(), self.frames.clone());
        tokio::select! {
            () = closing.cancelled() => {}
            () = frames.closed() => {}
            followed = self.follow(seconds) => if let Err(problem) = followed {
                let end = json!({ "jobId": self.job, "error": document(&problem) });
                self.send("end", &end).await;
            }
        }
    }

    async fn follow(&mut self, seconds: u64) -> Result<(), Problem> {
        let (scope, id) = (self.scope, self.job);
        let mut committed = self.app.store.committed();
        let app = Arc::clone(&self.app);
        let time_is_up = app.deps.clock.sleep(Duration::from_secs(seconds));
        tokio::pin!(time_is_up);
        let row = loop {
            committed.mark_unchanged();
            // The job first: what it did before it was over is among the calls.
            let row = app.store.read(move |view| job(view, &scope, id)).await.map_err(Problem::from)?;
            if !self.tell_steps().await? {
                return Ok(());
            }
            if row.status.is_over() {
                break row;
            }
            tokio::select! {
                changed = committed.changed() => if changed.is_err() { break row },
                () = &mut time_is_up => break row,
            }
        };
        let (is_over, failed) = (row.status.is_over(), row.counts.failed > 0);
        let mut end = json!({ "job": shown(&view_of(&app, id, row)) });
        if failed {
            end["error"] = document(&failure(&app, scope, id).await?);
        }
        if is_over {
            let (lead, _) = crate::http::leads::shown(&app, scope, self.lead).await?;
            end["lead"] = shown(&lead);
        }
        self.send("end", &end).await;
        Ok(())
    }

    /// Tells of calls that have begun or ended since; false when the client is gone.
    async fn tell_steps(&mut self) -> Result<bool, Problem> {
        let (scope, lead, id) = (self.scope, self.lead, self.job);
        let read = self.app.store.read(move |view| attempts_of(view, &scope, lead, SHOWN_ATTEMPTS));
        let attempts = read.await.map_err(Refusal::from).map_err(Problem::from)?;
        for (attempt, row) in attempts.into_iter().rev().filter(|(_, row)| row.job == id) {
            let has_ended = row.ended_at.is_some();
            if self.told.insert(attempt, has_ended) == Some(has_ended) {
                continue;
            }
            if !self.send("step", &shown(&AttemptView::new(attempt, row))).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// False when the client is gone or too slow.
    async fn send(&self, event: &str, data: &Value) -> bool {
        // JSON has no line ends.
        let frame = Bytes::from(format!("event: {event}\ndata: {data}\n\n"));
        tokio::select! {
            sent = self.frames.send(Ok(frame)) => sent.is_ok(),
            () = self.app.deps.clock.sleep(PATIENCE) => false,
        }
    }
}

/// A view of plain fields is always JSON.
fn shown(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

fn document(problem: &Problem) -> Value {
    json!({ "code": problem.code.text(), "status": problem.code.status().as_u16(), "detail": problem.detail })
}
