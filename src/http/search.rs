//! Searching leads: the index says which and how many, the rows come from the store.
//!
//! Searches run on the blocking pool, as many at a time as there are cores. A hit whose lead is gone, or is in another list
//! by now, is left out of the page and of its total.

mod facets;
mod shape;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use tokio::sync::Semaphore;

pub use self::facets::{FacetValue, FacetView};
pub use self::shape::{SearchAnswer, SearchBody, SortKey};
use super::answer::Answer;
use super::auth::{Auth, Caller};
use super::body::JsonBody;
use super::codes::Code;
use super::freshness;
use super::leads::{self, LeadView};
use super::problem::{FieldError, Problem};
use crate::app::App;
use crate::domain::filter::Filter;
use crate::domain::id::ListId;
use crate::search::{Clause, ListScope, QueryError, SearchError, SearchIndex, SearchRequest, SearchScope};
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::tables::{Leads, Lists};
use crate::store::transactions::lists::live_list;
use crate::store::{Reads, Refusal, StoreError, View, WorkspaceScope};

/// How long a search waits for a core before it is told that the box is busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lets as many searches run as there are cores.
pub struct SearchPermits(Semaphore);

impl Default for SearchPermits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self(Semaphore::new(cores))
    }
}

/// Search the leads of the workspace
///
/// `q` is words, names, phone numbers, addresses, or a part of one that is still being typed; `"quoted"` words stand
/// together. Any text is answered; of more than 1,000 characters or 64 words the beginning counts. `filter` is a tree, or
/// text such as `status:failed score>=80`. `total` and the counts of facets are exact.
#[utoipa::path(post, path = "/leads/search", tag = "leads", request_body = SearchBody,
    responses((status = 200, body = SearchAnswer)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    JsonBody(body): JsonBody<SearchBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(search(&app, &caller, body).await?))
}

/// Answers a search of `caller`.
///
/// # Errors
/// `VALIDATION_FAILED`, `LIST_NOT_FOUND`, `SEARCH_UNAVAILABLE` while the index is being opened, `OVERLOADED`.
pub(in crate::http) async fn search(app: &App, caller: &Caller, body: SearchBody) -> Result<SearchAnswer, Problem> {
    let (request, details, min_seq) = body.into_request()?;
    let waited = freshness::is_stale(app, min_seq).await;
    let index = open_index(app)?;
    let is_partial = app.index.complete().is_none();
    let _permit = permit(app).await?;
    let scope = caller.scope;
    let answered = app.store.read(move |view| answer(view, &scope, &index, &request, details)).await;
    let mut answer = answered.map_err(Problem::from)?;
    answer.stale = (waited || is_partial).then_some(true);
    Ok(answer)
}

fn open_index(app: &App) -> Result<SearchIndex, Problem> {
    match app.index.get() {
        Some(index) => {
            app.index_was_open.store(true, Ordering::Relaxed);
            Ok(index)
        }
        None => Err(Problem::new(Code::SearchUnavailable).retry_after(2)),
    }
}

async fn permit(app: &App) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
    let overloaded = || Problem::new(Code::Overloaded).retry_after(1);
    tokio::select! {
        permit = app.searches.0.acquire() => permit.map_err(|_closed| overloaded()),
        () = app.deps.clock.sleep(PATIENCE) => Err(overloaded()),
    }
}

/// Why a search has no answer.
pub(in crate::http) enum NoAnswer {
    Search(SearchError),
    Store(Refusal),
}

impl From<SearchError> for NoAnswer {
    fn from(error: SearchError) -> Self {
        Self::Search(error)
    }
}

impl From<StoreError> for NoAnswer {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<Refusal> for NoAnswer {
    fn from(refusal: Refusal) -> Self {
        Self::Store(refusal)
    }
}

impl From<NoAnswer> for Problem {
    fn from(no: NoAnswer) -> Self {
        match no {
            NoAnswer::Store(refusal) => refusal.into(),
            NoAnswer::Search(SearchError::Query(QueryError::BadCursor)) => Self::new(Code::InvalidCursor),
            NoAnswer::Search(SearchError::Query(error)) => {
                Self::invalid(FieldError::at(place_of(&error), error.told()))
            }
            NoAnswer::Search(error @ (SearchError::MustReopen(_) | SearchError::WriterBusy)) => {
                tracing::warn!(%error, "a search found the index closed");
                Self::new(Code::SearchUnavailable).retry_after(2)
            }
            NoAnswer::Search(error) => Self::internal(error),
        }
    }
}

/// Where in the body of a search the mistake is.
fn place_of(error: &QueryError) -> &'static str {
    match error {
        QueryError::FilterTooLarge { .. }
        | QueryError::TooManyWideTests { .. }
        | QueryError::UnsupportedTest { .. }
        | QueryError::BadValue { .. } => "/filter",
        QueryError::UnsortableField { .. } | QueryError::TooManySortKeys { .. } => "/sort",
        QueryError::UnfacetedField { .. } | QueryError::TooManyFacets { .. } => "/facets",
        QueryError::LimitOutOfRange { .. } => "/limit",
        QueryError::BadCursor => "/after",
    }
}

/// On a thread of the blocking pool.
fn answer(
    view: &View,
    scope: &WorkspaceScope,
    index: &SearchIndex,
    request: &SearchRequest,
    details: bool,
) -> Result<SearchAnswer, NoAnswer> {
    if let Some(list) = request.list {
        live_list(view, scope, list)?;
    }
    let deleted = deleted_lists(view, scope)?;
    let within = SearchScope::new(scope, ListScope::Except(deleted.clone().into()));
    let page = index.search(&within, request)?;
    let mut data = Vec::with_capacity(page.ids.len());
    let mut gone = 0;
    for id in page.ids {
        match view.get::<Leads>(scope, (id,))? {
            // The index may be behind the row: the row decides.
            Some(lead) if request.list.is_none_or(|list| list == lead.list) && !deleted.contains(&lead.list) => {
                data.push(leads::row(view, scope, id, lead, details)?);
            }
            Some(_) | None => gone += 1,
        }
    }
    Ok(SearchAnswer {
        data,
        total: page.total.saturating_sub(gone),
        facets: facets::of(view, scope, page.facets)?,
        next_cursor: page.next_cursor,
        stale: None,
    })
}

/// Deleted lists keep their leads until the restore window is over; nobody finds them there.
fn deleted_lists(view: &View, scope: &WorkspaceScope) -> Result<Vec<ListId>, StoreError> {
    let mut deleted = Vec::new();
    view.scan::<Lists>(scope, &(), Order::Ascending, &mut |(id,), list| {
        if list.deleted_at.is_some() {
            deleted.push(id);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(deleted)
}

/// The clause of a filter in JSON, as a tree or as text.
pub(in crate::http) fn clause(json: &serde_json::Value) -> Result<Clause, Problem> {
    let filter = read_filter(json, "/filter")?;
    Clause::try_from(&filter).map_err(|error| NoAnswer::from(SearchError::from(error)).into())
}

/// A filter of a request, its mistakes told where they stand.
pub(in crate::http) fn read_filter(json: &serde_json::Value, pointer: &str) -> Result<Filter, Problem> {
    Filter::parse(json).map_err(|error| {
        Problem::invalid(FieldError::at(format!("{pointer}{}", error.pointer), error.problem.to_string()))
    })
}

/// What `data` of an answer holds.
pub type Hit = LeadView;
