//! Exports: ask for a file, follow it, fetch it.

mod file;
mod range;
mod shape;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

pub use self::shape::{ExportView, NewExport};
use super::answer::{Answer, Page, location};
use super::auth::Auth;
use super::body::Posted;
use super::path::PathId;
use super::problem::Problem;
use super::query::{Limit, Query};
use crate::app::App;
use crate::domain::id::{ExportId, Id};
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::records::export::Export;
use crate::store::tables::Exports;
use crate::store::transactions::exports::{CreateExport, expected, export};
use crate::store::transactions::once::OnceOut;
use crate::store::{Missing, Reads, Refusal, StoreError, Urgency, WorkspaceScope};

/// How long a small export is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where an export is.
pub fn place_of(id: ExportId) -> String {
    location(&format!("/leads/exports/{id}"))
}

/// Write leads into a file: ready at once when they are few (`export.inline_rows`), else in the background
#[utoipa::path(post, path = "/leads/exports", tag = "export", request_body = NewExport,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = ExportView), (status = 202, body = ExportView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key }: Posted<NewExport>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let (spec, scope) = (body.read()?, caller.scope);
    let selection = spec.selection.clone();
    let rows = app
        .store
        .read(move |view| expected(view, &scope, &selection))
        .await
        .map_err(|no: StoreError| Problem::from(no))?;
    let is_small = rows < app.config.export.inline_rows;
    let create = CreateExport { scope, origin: caller.origin.clone(), id: app.deps.ids.next(), spec };
    let create = key.once(&caller, if is_small { 201 } else { 202 }, create, |id| Some(place_of(*id)));
    let committed = app.store.submit(create, Urgency::Interactive).await?;
    match committed.out {
        OnceOut::Done(id) => {
            app.wakes.exporter.wake();
            let row = if is_small { ended(&app, scope, id).await? } else { row(&app, scope, id).await? };
            let (place, is_open) = (place_of(id), row.state.is_open());
            let answer = Answer::created(place, ExportView::of(id, &row, app.deps.clock.now())).seq(committed.seq);
            Ok(if is_open { answer.status(StatusCode::ACCEPTED) } else { answer })
        }
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let id = id.ok_or(Missing::Export)?;
            let row = row(&app, scope, id).await?;
            Ok(Answer::replayed(status, location, Some(ExportView::of(id, &row, app.deps.clock.now()))))
        }
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
}

/// Page through the exports, the newest first
#[utoipa::path(get, path = "/leads/exports", tag = "export", params(ExportQuery),
    responses((status = 200, body = Page<ExportView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<ExportQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let after: Option<u64> = query.after.map(|cursor| app.cursors.read(&scope, "exports", &cursor)).transpose()?;
    let limit = query.limit.0;
    let mut rows = app.store.read(move |view| page(view, &scope, after, limit + 1)).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|(id, _)| id.as_u64());
    let next_cursor = next.map(|place| app.cursors.write(&scope, "exports", &place)).transpose()?;
    let now = app.deps.clock.now();
    let data = rows.into_iter().map(|(id, row)| ExportView::of(id, &row, now)).collect();
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// One export and how far it is
#[utoipa::path(get, path = "/leads/exports/{id}", tag = "export", params(("id" = ExportId, Path)),
    responses((status = 200, body = ExportView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ExportId>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let row = row(&app, scope, id).await?;
    Ok(Answer::ok(ExportView::of(id, &row, app.deps.clock.now())))
}

/// The file of a ready export; `Range` is understood
#[utoipa::path(get, path = "/leads/exports/{id}/download", tag = "export", params(("id" = ExportId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn download(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ExportId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let row = row(&app, scope, id).await?;
    file::send(&app, id, &row, &headers).await
}

async fn row(app: &App, scope: WorkspaceScope, id: ExportId) -> Result<Export, Problem> {
    app.store.read(move |view| export(view, &scope, id)).await.map_err(|no: Refusal| Problem::from(no))
}

/// The export when it has ended, or as it is when patience is over.
async fn ended(app: &App, scope: WorkspaceScope, id: ExportId) -> Result<Export, Problem> {
    let mut committed = app.store.committed();
    let mut over = app.deps.clock.sleep(PATIENCE);
    loop {
        committed.mark_unchanged();
        let row = row(app, scope, id).await?;
        if !row.state.is_open() {
            return Ok(row);
        }
        tokio::select! {
            changed = committed.changed() => if changed.is_err() { return Ok(row) },
            () = &mut over => return Ok(row),
        }
    }
}

fn page(
    view: &impl Reads,
    scope: &WorkspaceScope,
    after: Option<u64>,
    most: usize,
) -> Result<Vec<(ExportId, Export)>, StoreError> {
    let mut rows = Vec::new();
    let after = (ExportId::from_u64(after.unwrap_or(u64::MAX)),);
    view.scan_after::<Exports>(scope, &(), &after, Order::Descending, &mut |(id,), row| {
        rows.push((id, row));
        if rows.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(rows)
}
