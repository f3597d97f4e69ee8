//! An import as the API shows it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::actors::indexer::Visible;
use crate::domain::id::{Id, ImportId, JobId, LeadId, ListId, UploadId};
use crate::domain::time::Time;
use crate::store::records::import::{Buckets, DuplicateHandling, Import, RowError, Tally, UpdatePolicy};

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Import)]
#[serde(rename_all = "camelCase")]
pub struct ImportView {
    id: ImportId,
    import_id: ImportId,
    list_id: ListId,
    upload_id: UploadId,
    file_name: Option<String>,
    file_bytes: u64,
    /// `pending`, `processing`, `completed`, `failed` or `cancelled`
    status: &'static str,
    /// It has ended, and searches see every row of it
    searchable: bool,
    total_rows: u64,
    /// The job that enriches its leads, with `enrichAfterImport`
    enrichment_job_id: Option<JobId>,
    /// Why there is none although one was asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    not_enriched: Option<NotEnrichedView>,
    /// Seconds that are left, as far as can be told
    estimated_time: Option<u64>,
    progress: Progress,
    results: Results,
    /// Why rows were skipped, updated or rejected, with how many
    #[schema(value_type = Object)]
    reasons: Map<String, Value>,
    #[schema(value_type = Object)]
    warnings: Map<String, Value>,
    /// Cells that could not be used; their rows were imported without them where the identity suffices
    cell_errors: u64,
    /// Rows whose keys point at several leads
    possible_duplicates: u64,
    /// The first 100; the rejected file has every rejected row
    errors: Vec<RowErrorView>,
    /// Why the import failed as a whole
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<UndoView>,
    /// Title and field, as decided at the start
    #[schema(value_type = Object)]
    mapping: Map<String, Value>,
    options: OptionsView,
    created_at: Time,
    started_at: Option<Time>,
    completed_at: Option<Time>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ImportProgress)]
pub struct Progress {
    processed: u64,
    total: u64,
    percentage: u64,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ImportResults)]
pub struct Results {
    created: u64,
    updated: u64,
    skipped: u64,
    rejected: u64,
    /// created + updated
    imported: u64,
    /// Rows whose identity existed
    duplicates: u64,
    /// As rejected
    errors: u64,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ImportRowError)]
pub struct RowErrorView {
    /// 1 for the first record below the header
    row: u64,
    line: u64,
    /// Title of the column; null for the row as a whole
    column: Option<String>,
    field: Option<String>,
    code: String,
    error: String,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ImportFailure)]
pub struct Failure {
    code: String,
    detail: String,
    line: Option<u64>,
    column: Option<u64>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ImportUndo)]
#[serde(rename_all = "camelCase")]
pub struct UndoView {
    /// `running` or `done`
    status: &'static str,
    removed: u64,
    restored: u64,
    /// Leads that somebody touched since the import: left as they are
    kept: u64,
    /// The first 1,000 of them
    kept_leads: Vec<LeadId>,
    started_at: Time,
    completed_at: Option<Time>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = NotEnriched)]
pub struct NotEnrichedView {
    /// A code of the reference page, such as `INSUFFICIENT_CREDITS`
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ImportOptionsUsed)]
#[serde(rename_all = "camelCase")]
pub struct OptionsView {
    duplicate_handling: DuplicateHandling,
    on_update: std::collections::BTreeMap<String, UpdatePolicy>,
    tags: Vec<String>,
    region: Option<String>,
    enrich_after_import: bool,
    encoding: String,
    sheet: Option<String>,
    delimiter: String,
    quote: Option<String>,
    escape: Option<String>,
    header_row: Option<u64>,
}

impl ImportView {
    /// `visible` is how far searches see.
    pub fn of(id: ImportId, import: Import, visible: Visible) -> Self {
        let searchable = !import.needs_work() && visible.live.min(visible.bulk) >= import.ended_seq;
        let (processed, total) = (import.processed(), import.total_rows);
        let left = total.saturating_sub(processed);
        let estimated_time = match import.rows_per_second {
            _ if !import.state.is_open() => Some(0),
            0 => None,
            rate => Some(left.div_ceil(u64::from(rate))),
        };
        let character = |byte: Option<u8>| byte.map(|byte| char::from(byte).to_string());
        let plan = import.plan;
        let field = |name: String| if name.is_empty() { Value::Null } else { json!(name) };
        Self {
            id,
            import_id: id,
            list_id: import.list,
            upload_id: import.upload,
            file_name: import.file_name,
            file_bytes: import.file_bytes,
            status: import.state.name(),
            searchable,
            total_rows: total,
            enrichment_job_id: import.enrichment_job,
            not_enriched: import
                .not_enriched
                .map(|reason| NotEnrichedView { code: reason.code, detail: reason.detail }),
            estimated_time,
            progress: Progress {
                processed,
                total,
                percentage: processed.saturating_mul(100).checked_div(total).unwrap_or(100),
            },
            results: Results::of(import.results, import.duplicates),
            reasons: counts(import.reasons),
            warnings: counts(import.warnings),
            cell_errors: import.cell_errors,
            possible_duplicates: import.possible_duplicates,
            errors: import.errors.into_iter().map(RowErrorView::from).collect(),
            error: import.problem.map(|problem| Failure {
                code: problem.code,
                detail: problem.detail,
                line: problem.line,
                column: problem.column,
            }),
            undo: import.undo.map(|undo| UndoView {
                status: if undo.completed_at.is_some() { "done" } else { "running" },
                removed: undo.removed,
                restored: undo.restored,
                kept: undo.kept,
                kept_leads: undo.kept_leads.into_iter().map(LeadId::from_u64).collect(),
                started_at: undo.started_at,
                completed_at: undo.completed_at,
            }),
            mapping: plan.columns.into_iter().map(|column| (column.title, field(column.field))).collect(),
            options: OptionsView {
                duplicate_handling: plan.duplicates,
                on_update: plan.on_update.into_iter().collect(),
                tags: plan.tags,
                region: plan.region,
                enrich_after_import: plan.enrich_after,
                encoding: plan.encoding,
                sheet: plan.sheet,
                delimiter: character(plan.delimiter).unwrap_or_default(),
                quote: character(plan.quote),
                escape: character(plan.escape),
                header_row: plan.header_row,
            },
            created_at: import.created_at,
            started_at: import.started_at,
            completed_at: import.completed_at,
        }
    }
}

impl Results {
    pub(super) fn of(buckets: Buckets, duplicates: u64) -> Self {
        let Buckets { created, updated, skipped, rejected } = buckets;
        Self { created, updated, skipped, rejected, imported: created + updated, duplicates, errors: rejected }
    }
}

impl From<RowError> for RowErrorView {
    fn from(error: RowError) -> Self {
        let RowError { row, line, column, field, code, error } = error;
        Self { row, line, column, field, code, error }
    }
}

pub(super) fn counts(tally: Tally) -> Map<String, Value> {
    tally.counts.into_iter().map(|(name, count)| (name, json!(count))).collect()
}
