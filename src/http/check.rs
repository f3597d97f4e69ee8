//! `galena check` against the running server. Only through the socket in the data directory: it looks at all workspaces.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};

use super::codes::Code;
use super::context::RequestContext;
use super::problem::Problem;
use crate::app::App;
use crate::store::check::Report;

/// Reads everything, so that it takes its time; requests go on meanwhile.
pub async fn run(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
) -> Result<Json<Report>, Problem> {
    if !context.is_local {
        return Err(Problem::new(Code::NotFound));
    }
    let check = app.check();
    let report = tokio::task::spawn_blocking(move || check.run()).await.map_err(Problem::internal)?;
    Ok(Json(report.map_err(Problem::internal)?))
}
