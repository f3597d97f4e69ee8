//! Sample first, then the rest.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;

use super::{JobView, Order, make, place_of, shown};
use crate::app::App;
use crate::domain::enrichment::JobOptions;
use crate::domain::id::JobId;
use crate::http::answer::Answer;
use crate::http::auth::Auth;
use crate::http::idempotency::IdempotencyKey;
use crate::http::path::PathId;
use crate::http::plan_rate::order_within_plan;
use crate::http::problem::Problem;
use crate::store::access::Right;
use crate::store::records::job::{Job, Selection};
use crate::store::tables::JobSelections;
use crate::store::transactions::jobs::job;
use crate::store::{Reads, Refusal, Reject, WorkspaceScope};

/// Run the rest of a sample
///
/// A job for the leads of the selection that the sample did not look at, with the same options; what the sample took of
/// `maxLeads` and `spendLimit` is gone from them. Once per sample.
#[utoipa::path(post, path = "/leads/enrich/{jobId}/rest", tag = "enrichment",
    params(("jobId" = JobId, Path, description = "The sample"),
        ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = JobView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(sample): PathId<JobId>,
    key: IdempotencyKey,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Enrich)?;
    let scope = caller.scope;
    let read = app.store.read(move |view| rest_of(view, &scope, sample));
    let order = read.await.map_err(Problem::from)?;
    order_within_plan(&app, scope).await?;
    let made = make(&app, &caller, &key, order).await?;
    let view = shown(&app, scope, made.id).await?;
    Ok(match made.seq {
        Some(seq) => Answer::accepted(place_of(made.id), view).seq(seq),
        None => Answer::replayed(202, Some(place_of(made.id)), Some(view)),
    })
}

fn rest_of(reads: &impl Reads, scope: &WorkspaceScope, sample: JobId) -> Result<Order, Refusal> {
    let row = job(reads, scope, sample)?;
    let conflict = |text: &str| Refusal::from(Reject::Conflict(text.to_owned()));
    if row.options.sample.is_none() {
        return Err(conflict("the job is no sample"));
    }
    if !row.fill.done {
        return Err(conflict("the sample is still being put together"));
    }
    let selection = reads.get::<JobSelections>(scope, (sample,))?.unwrap_or_default();
    let options = options_of(&row).ok_or_else(|| conflict("the sample has used up maxLeads"))?;
    let selection = Selection { after: row.fill.after.max(selection.after), ..selection };
    Ok(Order { selection, options, individual: false, rest_of: Some(sample) })
}

/// `None` when no lead is left of `maxLeads`.
fn options_of(row: &Job) -> Option<JobOptions> {
    let max_leads = row.options.max_leads.map(|most| most.saturating_sub(row.fill.taken));
    if max_leads == Some(0) {
        return None;
    }
    let spend_limit = row.options.spend_limit.map(|limit| limit.saturating_sub(row.credits_used));
    Some(JobOptions { sample: None, max_leads, spend_limit, ..row.options.clone() })
}
