//! Imports: preview a file, read it into a list, follow it, fetch what was rejected, cancel, undo.

pub mod check;
mod form;
mod options;
pub mod recipes;
mod rejected;
mod shape;

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use self::form::{Form, discard};
pub use self::form::{Writer, file_problem};
pub use self::options::GivenOptions;
pub use self::shape::ImportView;
use super::answer::{Answer, Page, location};
use super::auth::{Auth, Caller};
use super::codes::Code;
use super::context::RequestContext;
use super::idempotency::IdempotencyKey;
use super::path::PathId;
use super::problem::{FieldError, Problem};
use super::query::{Limit, Query};
use crate::actors::importer::intake::{IntakeLimits, inspect};
use crate::actors::importer::layout::layout;
use crate::actors::importer::memory::WorkspaceMemory;
use crate::actors::importer::preview::{Preview, preview as look};
use crate::actors::importer::source::{SentFile, open};
use crate::app::App;
use crate::domain::id::{Id, ImportId, ListId, UploadId};
use crate::domain::phone::Region;
use crate::domain::row::RowOptions;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::records::import::Import;
use crate::store::tables::Imports;
use crate::store::transactions::import_undo::UndoImport;
use crate::store::transactions::imports::{CancelImport, ImportTarget, StartImport, import};
use crate::store::transactions::lists::open_list;
use crate::store::transactions::once::OnceOut;
use crate::store::{Missing, Reads, Refusal, Urgency, WorkspaceScope};

/// The form of an import, for the API description.
#[derive(utoipa::ToSchema)]
#[schema(as = ImportForm)]
#[allow(dead_code)] // only its shape is of interest
pub struct FormShape {
    /// The file, or the id of a complete upload
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Title and field; left out: automatic
    #[schema(value_type = Object)]
    mapping: Option<String>,
    options: Option<GivenOptions>,
}

/// Where an import is.
pub fn place_of(id: ImportId) -> String {
    location(&format!("/leads/imports/{id}"))
}

/// The operator on the box has no limits.
fn limits(app: &App, context: &RequestContext) -> IntakeLimits {
    let limits = IntakeLimits::of(&app.config);
    if context.is_local { limits.unlimited() } else { limits }
}

/// Read a file into a list
#[utoipa::path(post, path = "/leads/lists/{id}/import", tag = "import",
    request_body(content = FormShape, content_type = "multipart/form-data"),
    params(("id" = ListId, Path), ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = ImportView)))]
pub async fn start_in_list(
    State(app): State<Arc<App>>,
    auth: Auth,
    Extension(context): Extension<RequestContext>,
    PathId(list): PathId<ListId>,
    key: IdempotencyKey,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let scope = caller.scope;
    // Before the file is taken.
    app.store
        .read(move |view| open_list(view, &scope, list).map(drop))
        .await
        .map_err(|no: Refusal| Problem::from(no))?;
    let limits = limits(&app, &context);
    let form = form::read(&app, &caller, request, limits.max_bytes).await?;
    start(&app, &caller, key, form, ImportTarget::List(list), limits).await
}

/// Read a file into the list of `options.listId` or `options.listName`; a list of that name is made when there is none
#[utoipa::path(post, path = "/leads/imports", tag = "import",
    request_body(content = FormShape, content_type = "multipart/form-data"),
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = ImportView)))]
pub async fn start_anywhere(
    State(app): State<Arc<App>>,
    auth: Auth,
    Extension(context): Extension<RequestContext>,
    key: IdempotencyKey,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let limits = limits(&app, &context);
    let form = form::read(&app, &caller, request, limits.max_bytes).await?;
    let target = match (&form.options.list_id, &form.options.list_name) {
        (Some(list), _) => ImportTarget::List(*list),
        (None, Some(name)) => ImportTarget::Named { name: name.clone(), id: app.deps.ids.next() },
        (None, None) => {
            discard_own(&app, &caller, &form).await;
            return Err(Problem::invalid(FieldError::at("/options/listName", "is missing, and so is listId")));
        }
    };
    start(&app, &caller, key, form, target, limits).await
}

async fn start(
    app: &Arc<App>,
    caller: &Caller,
    key: IdempotencyKey,
    form: Form,
    target: ImportTarget,
    limits: IntakeLimits,
) -> Result<Answer<ImportView>, Problem> {
    let started = begin(app, caller, key, &form, target, limits).await;
    let may_have_started = match &started {
        Ok((out, ..)) => matches!(out, OnceOut::Done(_)),
        Err(problem) => problem.code == Code::OutcomeUnknown,
    };
    if !may_have_started {
        discard_own(app, caller, &form).await;
    }
    let (out, id, seq) = started?;
    match out {
        OnceOut::Done(_) => {
            app.wakes.importer.wake();
            let view = shown(app, caller.scope, id).await?;
            Ok(Answer::accepted(place_of(id), view).seq(seq))
        }
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let view = shown(app, caller.scope, id.ok_or(Missing::Import)?).await?;
            Ok(Answer::replayed(status, location, Some(view)))
        }
    }
}

async fn begin(
    app: &Arc<App>,
    caller: &Caller,
    key: IdempotencyKey,
    form: &Form,
    target: ImportTarget,
    limits: IntakeLimits,
) -> Result<(OnceOut<ImportId>, ImportId, u64), Problem> {
    let choice = form.choice()?;
    let (spool, upload) = (Arc::clone(&app.spool), form.upload);
    let memory = WorkspaceMemory { store: app.store.clone(), scope: caller.scope };
    let inspected = tokio::task::spawn_blocking(move || inspect(&*spool, upload, &choice, &limits, &memory)).await;
    let inspected = inspected.map_err(Problem::internal)?.map_err(file_problem)?;
    let id: ImportId = app.deps.ids.next();
    let start = StartImport {
        scope: caller.scope,
        origin: caller.origin.clone(),
        id,
        upload,
        target,
        plan: inspected.plan,
        total_rows: inspected.survey.rows,
        edits: inspected.edits,
        remember: inspected.remember,
    };
    let key = key.over(&app.sealer, &form.hash);
    let start = key.once(caller, 202, start, |id| Some(place_of(*id)));
    let committed = app.store.submit(start, Urgency::Interactive).await?;
    Ok((committed.out, id, committed.seq))
}

async fn discard_own(app: &Arc<App>, caller: &Caller, form: &Form) {
    if form.is_own {
        discard(app, caller, form.upload).await;
    }
}

/// What a preview answers: how the file would be read, and the upload to import it by.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewView {
    upload_id: UploadId,
    #[serde(flatten)]
    preview: Preview,
}

/// Say how a file would be read
///
/// The file is kept for a while: `uploadId` stands for it in the import.
#[utoipa::path(post, path = "/leads/imports/preview", tag = "import",
    request_body(content = FormShape, content_type = "multipart/form-data"),
    responses((status = 200, body = PreviewView)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    auth: Auth,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let limits = limits(&app, &context);
    let form = form::read(&app, &caller, request, limits.max_bytes).await?;
    match previewed(&app, &caller, &form, &limits).await {
        Ok(preview) => Ok(Answer::ok(PreviewView { upload_id: form.upload, preview })),
        Err(problem) => {
            discard_own(&app, &caller, &form).await;
            Err(problem)
        }
    }
}

async fn previewed(app: &Arc<App>, caller: &Caller, form: &Form, limits: &IntakeLimits) -> Result<Preview, Problem> {
    let choice = form.choice()?;
    let region = choice.region.clone().unwrap_or_else(|| limits.defaults.region.clone());
    let (spool, upload) = (Arc::clone(&app.spool), form.upload);
    let memory = WorkspaceMemory { store: app.store.clone(), scope: caller.scope };
    let looked = tokio::task::spawn_blocking(move || {
        let opened = open(&SentFile { spool: &*spool, upload }, &choice.layout)?;
        let laid_out = layout(&opened, &choice.layout)?;
        let options = RowOptions { default_region: Region::from_code(&region.to_ascii_uppercase()) };
        look(&laid_out, &opened, &choice, options, &memory)
    });
    looked.await.map_err(Problem::internal)?.map_err(file_problem)
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// Only imports into this list
    list_id: Option<ListId>,
}

/// Page through the imports, the newest first
#[utoipa::path(get, path = "/leads/imports", tag = "import", params(ImportQuery),
    responses((status = 200, body = Page<ImportView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<ImportQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let listing = format!("imports {:?}", query.list_id);
    let after: Option<u64> = query.after.map(|cursor| app.cursors.read(&scope, &listing, &cursor)).transpose()?;
    let (limit, list) = (query.limit.0, query.list_id);
    let mut rows = app.store.read(move |view| page(view, &scope, list, after, limit + 1)).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|(id, _)| id.as_u64());
    let next_cursor = next.map(|place| app.cursors.write(&scope, &listing, &place)).transpose()?;
    let visible = app.index.visible();
    let data = rows.into_iter().map(|(id, import)| ImportView::of(id, import, visible)).collect();
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

fn page(
    view: &impl Reads,
    scope: &WorkspaceScope,
    list: Option<ListId>,
    after: Option<u64>,
    most: usize,
) -> Result<Vec<(ImportId, Import)>, crate::store::StoreError> {
    let mut rows = Vec::new();
    let after = (ImportId::from_u64(after.unwrap_or(u64::MAX)),);
    view.scan_after::<Imports>(scope, &(), &after, Order::Descending, &mut |(id,), import| {
        if list.is_none_or(|list| list == import.list) {
            rows.push((id, import));
        }
        if rows.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(rows)
}

/// One import: how far it is and what became of its rows
#[utoipa::path(get, path = "/leads/imports/{id}", tag = "import", params(("id" = ImportId, Path)),
    responses((status = 200, body = ImportView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ImportId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// The rejected rows as a file, with line and reason, ready to be mended and imported again
#[utoipa::path(get, path = "/leads/imports/{id}/rejected.csv", tag = "import", params(("id" = ImportId, Path)),
    responses((status = 200, content_type = "text/csv", body = String)))]
pub async fn rejected(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ImportId>,
) -> Result<Response, Problem> {
    let caller = auth.need(Right::Read)?;
    let scope = caller.scope;
    let row = app.store.read(move |view| import(view, &scope, id)).await?;
    let titles = row.plan.columns.into_iter().map(|column| column.title).collect();
    Ok(rejected::file(app, scope, id, titles))
}

/// Stop an import: what was written stays, no further row is written
#[utoipa::path(post, path = "/leads/imports/{id}/cancel", tag = "import", params(("id" = ImportId, Path)),
    responses((status = 200, body = ImportView)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ImportId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let cancel = CancelImport { scope: caller.scope, origin: caller.origin, id };
    let committed = app.store.submit(cancel, Urgency::Interactive).await?;
    Ok(Answer::ok(ImportView::of(id, committed.out, app.index.visible())).seq(committed.seq))
}

/// Undo an import: remove what it created, restore what it changed; leads touched since are kept and named
#[utoipa::path(post, path = "/leads/imports/{id}/undo", tag = "import", params(("id" = ImportId, Path)),
    responses((status = 202, body = ImportView)))]
pub async fn undo(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ImportId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let window = app.config.retention.before_images.0;
    let undo = UndoImport { scope: caller.scope, origin: caller.origin, id, window };
    let committed = app.store.submit(undo, Urgency::Interactive).await?;
    app.wakes.importer.wake();
    Ok(Answer::accepted(place_of(id), ImportView::of(id, committed.out, app.index.visible())).seq(committed.seq))
}

/// An import as it is now.
async fn shown(app: &App, scope: WorkspaceScope, id: ImportId) -> Result<ImportView, Problem> {
    let row = app.store.read(move |view| import(view, &scope, id)).await?;
    Ok(ImportView::of(id, row, app.index.visible()))
}
