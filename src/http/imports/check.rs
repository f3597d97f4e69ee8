//! The dry run of an import: what would become of every row, and nothing written.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Map, Value};

use super::form::{self, Form, discard, file_problem};
use super::shape::{Results, RowErrorView, counts};
use super::{FormShape, limits};
use crate::actors::importer::dry_run::{DryRun, DryRunError, Target, dry_run};
use crate::actors::importer::intake::{IntakeLimits, inspect};
use crate::actors::importer::memory::WorkspaceMemory;
use crate::app::App;
use crate::domain::id::{LeadId, ListId};
use crate::domain::list::List;
use crate::http::answer::Answer;
use crate::http::auth::{Auth, Caller};
use crate::http::context::RequestContext;
use crate::http::problem::Problem;
use crate::store::access::Right;
use crate::store::tables::ListNames;
use crate::store::transactions::lists::{name_key, open_list};
use crate::store::{Reads, Refusal};

/// What an import would come to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportCheck)]
#[serde(rename_all = "camelCase")]
pub struct CheckView {
    total_rows: u64,
    results: Results,
    #[schema(value_type = Object)]
    reasons: Map<String, Value>,
    #[schema(value_type = Object)]
    warnings: Map<String, Value>,
    cell_errors: u64,
    possible_duplicates: u64,
    /// The first 1,000
    errors: Vec<RowErrorView>,
    /// Some of the leads that would be changed
    samples: Vec<SampleView>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportCheckSample)]
#[serde(rename_all = "camelCase")]
pub struct SampleView {
    row: u64,
    /// Null for a lead that an earlier row would make
    lead_id: Option<LeadId>,
    /// The fields that would change, as they are
    #[schema(value_type = Object)]
    before: Value,
    /// The same as they would be
    #[schema(value_type = Object)]
    after: Value,
}

/// Say what an import would do, and do nothing
///
/// `options.listId` or `options.listName` names the list; without one, or with a name that no list has, it is a new list.
#[utoipa::path(post, path = "/leads/imports/check", tag = "import",
    request_body(content = FormShape, content_type = "multipart/form-data"),
    responses((status = 200, body = CheckView)))]
pub async fn check(
    State(app): State<Arc<App>>,
    auth: Auth,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let limits = limits(&app, &context);
    let form = form::read(&app, &caller, request, limits.max_bytes).await?;
    let checked = checked(&app, &caller, &form, limits).await;
    if form.is_own {
        discard(&app, &caller, form.upload).await;
    }
    checked.map(Answer::ok)
}

async fn checked(app: &Arc<App>, caller: &Caller, form: &Form, limits: IntakeLimits) -> Result<CheckView, Problem> {
    let choice = form.choice()?;
    let target = target(app, caller, form).await?;
    let (spool, store, scope, upload) = (Arc::clone(&app.spool), app.store.clone(), caller.scope, form.upload);
    let run = tokio::task::spawn_blocking(move || {
        let memory = WorkspaceMemory { store: store.clone(), scope };
        let inspected = inspect(&*spool, upload, &choice, &limits, &memory)?;
        dry_run(&store, &*spool, scope, upload, &inspected, target)
    });
    match run.await.map_err(Problem::internal)? {
        Ok(run) => Ok(CheckView::of(run)),
        Err(DryRunError::File(problem)) => Err(file_problem(problem)),
        Err(DryRunError::Store(error)) => Err(error.into()),
    }
}

async fn target(app: &App, caller: &Caller, form: &Form) -> Result<Target, Problem> {
    let (scope, given, name) = (caller.scope, form.options.list_id, form.options.list_name.clone());
    let fresh: ListId = app.deps.ids.next();
    app.store
        .read(move |view| {
            let named = match (given, name) {
                (None, Some(name)) => view.get::<ListNames>(&scope, (name_key(&name),))?,
                _ => None,
            };
            Ok::<_, Refusal>(match given.or(named) {
                Some(id) => Target { id, list: open_list(view, &scope, id)? },
                None => Target { id: fresh, list: List::default() },
            })
        })
        .await
        .map_err(Problem::from)
}

impl CheckView {
    fn of(run: DryRun) -> Self {
        let sample = |sample: crate::actors::importer::dry_run::Sample| SampleView {
            row: sample.row,
            lead_id: sample.lead,
            before: sample.before,
            after: sample.after,
        };
        Self {
            total_rows: run.results.rows(),
            results: Results::of(run.results, run.duplicates),
            reasons: counts(run.reasons),
            warnings: counts(run.warnings),
            cell_errors: run.cell_errors,
            possible_duplicates: run.possible_duplicates,
            errors: run.errors.into_iter().map(RowErrorView::from).collect(),
            samples: run.samples.into_iter().map(sample).collect(),
        }
    }
}
