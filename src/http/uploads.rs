//! Uploads: a file sent in pieces that can go on where the connection broke, and imported by its id.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, location};
use super::auth::Auth;
use super::body::Posted;
use super::codes::Code;
use super::context::RequestContext;
use super::imports::{Writer, file_problem};
use super::path::PathId;
use super::problem::{FieldError, Problem};
use crate::actors::importer::problem::FileProblem;
use crate::actors::importer::spool::SpoolPart;
use crate::app::App;
use crate::domain::id::{ImportId, UploadId};
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::records::upload::Upload;
use crate::store::transactions::once::OnceOut;
use crate::store::transactions::uploads::{AdvanceUpload, CreateUpload, upload};
use crate::store::{Missing, Urgency, WorkspaceScope};

const OFFSET: &str = "upload-offset";
const COMPLETE: &str = "upload-complete";

/// A file to be sent.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewUpload {
    file_name: Option<String>,
    /// Bytes of the whole file: with it the upload is complete by itself
    size: Option<u64>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Upload)]
#[serde(rename_all = "camelCase")]
pub struct UploadView {
    id: UploadId,
    upload_id: UploadId,
    file_name: Option<String>,
    size: Option<u64>,
    /// Bytes that are kept: where the next piece starts
    offset: u64,
    complete: bool,
    /// The last import of it
    import_id: Option<ImportId>,
    created_at: Time,
    /// When it goes unless it is imported
    expires_at: Option<Time>,
}

impl UploadView {
    fn of(app: &App, id: UploadId, row: Upload) -> Self {
        let expires_at = row.import.is_none().then(|| row.updated_at.plus(app.config.import.upload_ttl.0));
        Self {
            id,
            upload_id: id,
            file_name: row.file_name,
            size: row.size,
            offset: row.received,
            complete: row.complete,
            import_id: row.import,
            created_at: row.created_at,
            expires_at,
        }
    }
}

fn place_of(id: UploadId) -> String {
    location(&format!("/uploads/{id}"))
}

/// Announce a file
#[utoipa::path(post, path = "/uploads", tag = "import", request_body = NewUpload,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 201, body = UploadView)))]
pub async fn create(
    State(app): State<Arc<App>>,
    auth: Auth,
    Extension(context): Extension<RequestContext>,
    Posted { body, key }: Posted<NewUpload>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let limit = limit(&app, &context);
    if body.size.is_some_and(|size| size > limit) {
        return Err(file_problem(FileProblem::too_large(limit)));
    }
    let create = CreateUpload {
        scope: caller.scope,
        origin: caller.origin.clone(),
        id: app.deps.ids.next(),
        file_name: body.file_name.map(|name| name.chars().filter(|c| !c.is_control()).take(255).collect()),
        size: body.size,
    };
    let create = key.once(&caller, 201, create, |id| Some(place_of(*id)));
    let committed = app.store.submit(create, Urgency::Interactive).await?;
    match committed.out {
        OnceOut::Done(id) => Ok(Answer::created(place_of(id), shown(&app, caller.scope, id).await?).seq(committed.seq)),
        OnceOut::Replayed { status, location } => {
            let id = location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
            let view = shown(&app, caller.scope, id.ok_or(Missing::Upload)?).await?;
            Ok(Answer::replayed(status, location, Some(view)))
        }
    }
}

/// How much of a file has arrived
#[utoipa::path(get, path = "/uploads/{id}", tag = "import", params(("id" = UploadId, Path)),
    responses((status = 200, body = UploadView)))]
pub async fn show(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<UploadId>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Read)?;
    Ok(Answer::ok(shown(&app, caller.scope, id).await?))
}

/// Send the next piece of a file
///
/// `Upload-Offset` says where it starts, and must be where the upload ends. `Upload-Complete: ?1` says that it is the
/// last one; an upload whose size is known needs no such word.
#[utoipa::path(patch, path = "/uploads/{id}", tag = "import",
    request_body(content = String, content_type = "application/octet-stream"),
    params(("id" = UploadId, Path), ("Upload-Offset" = u64, Header, description = "Where the piece starts"),
        ("Upload-Complete" = Option<String>, Header, description = "?1 with the last piece")),
    responses((status = 200, body = UploadView)))]
pub async fn append(
    State(app): State<Arc<App>>,
    auth: Auth,
    Extension(context): Extension<RequestContext>,
    PathId(id): PathId<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let scope = caller.scope;
    let row = app.store.read(move |view| upload(view, &scope, id)).await?;
    let from = offset_of(&headers)?;
    if row.complete || row.received != from {
        let detail = if row.complete { "the upload is complete" } else { "the upload goes on at another byte" };
        return Err(Problem::new(Code::Conflict).detail(detail).member("offset", row.received));
    }
    let limit = limit(&app, &context).min(row.size.unwrap_or(u64::MAX));
    let spool = Arc::clone(&app.spool);
    let writer =
        tokio::task::spawn_blocking(move || spool.write(id, SpoolPart::Sent, from)).await.map_err(Problem::internal)?;
    let mut writer = match writer {
        Ok(file) => Writer::new(file),
        Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => {
            return Err(Problem::new(Code::Conflict).detail("another piece of the upload is arriving"));
        }
        Err(error) => return Err(Problem::internal(error)),
    };
    let mut to = from;
    let mut pieces = body.into_data_stream();
    let mut whole = true;
    while let Some(piece) = pieces.next().await {
        // What has arrived before the connection broke is kept.
        let Ok(piece) = piece else {
            whole = false;
            break;
        };
        to += piece.len() as u64;
        if to > limit {
            return Err(match row.size {
                Some(size) if to > size => {
                    Problem::invalid(FieldError::at("", "the file is longer than was announced"))
                }
                _ => file_problem(FileProblem::too_large(limit)),
            });
        }
        writer.write(&piece).await?;
    }
    writer.finish().await?;
    let said = headers.get(COMPLETE).is_some_and(|value| matches!(value.as_bytes(), b"?1" | b"true" | b"1"));
    let complete = whole && (said || row.size == Some(to));
    let advance = AdvanceUpload { scope, origin: caller.origin, id, from, to, complete };
    let committed = app.store.submit(advance, Urgency::Interactive).await?;
    Ok(Answer::ok(UploadView::of(&app, id, committed.out)).seq(committed.seq))
}

/// `Upload-Offset`, else the start of `Content-Range`.
fn offset_of(headers: &HeaderMap) -> Result<u64, Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let range = || text(header::CONTENT_RANGE.as_str())?.strip_prefix("bytes ")?.split('-').next();
    let given = text(OFFSET).or_else(range);
    let offset = given.and_then(|text| text.parse().ok());
    offset
        .ok_or_else(|| Problem::invalid(FieldError::parameter("Upload-Offset", "must be the byte the piece starts at")))
}

fn limit(app: &App, context: &RequestContext) -> u64 {
    if context.is_local { u64::MAX } else { app.config.import.max_file_bytes.0 }
}

async fn shown(app: &App, scope: WorkspaceScope, id: UploadId) -> Result<UploadView, Problem> {
    let row = app.store.read(move |view| upload(view, &scope, id)).await?;
    Ok(UploadView::of(app, id, row))
}
