//! The life of an export: asked for, written by the Exporter, ready for a while, gone.

use std::time::Duration;

use serde_json::json;

use crate::domain::filter::Filter;
use crate::domain::id::ExportId;
use crate::domain::time::Time;
use crate::store::records::export::{Export, ExportSelection, ExportSpec, ExportState};
use crate::store::tables::Exports;
use crate::store::transactions::lists::live_list;
use crate::store::{
    Counter, Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// How long the row of an export stays after its file expired.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);

/// An export that is there.
pub fn export(reads: &impl Reads, scope: &WorkspaceScope, id: ExportId) -> Result<Export, Refusal> {
    Ok(reads.get::<Exports>(scope, (id,))?.ok_or(Reject::NotFound(Missing::Export))?)
}

/// The filter of a selection.
///
/// # Errors
/// `Invalid` naming where in the filter.
pub fn filter_of(selection: &ExportSelection) -> Result<Option<Filter>, Reject> {
    let Some(text) = &selection.filter else { return Ok(None) };
    let invalid = |reason: String| Reject::Invalid { field: "filter".to_owned(), reason };
    let json = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    Filter::parse(&json).map(Some).map_err(|error| invalid(error.to_string()))
}

/// Asks for an export. The Exporter is woken after it.
#[derive(Debug, Clone)]
pub struct CreateExport {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ExportId,
    pub spec: ExportSpec,
}

impl Transaction for CreateExport {
    type Out = ExportId;
    const NAME: &'static str = "exports.create";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<ExportId, Refusal> {
        if tx.has::<Exports>(&self.scope, (self.id,))? {
            return Ok(self.id);
        }
        if let Some(list) = self.spec.selection.list {
            live_list(tx, &self.scope, list)?;
        }
        filter_of(&self.spec.selection)?;
        let export = Export {
            spec: self.spec.clone(),
            created_at: self.origin.at,
            created_by: self.origin.actor,
            expected: expected(tx, &self.scope, &self.spec.selection)?,
            ..Export::default()
        };
        tx.put::<Exports>(&self.scope, (self.id,), &export)?;
        let after = json!({ "format": export.spec.format.name(), "listId": export.spec.selection.list });
        let fact = Fact::new("export.created", Subject::export(self.id)).change(None, Some(&after));
        tx.event(&self.scope, &self.origin, fact)?;
        Ok(self.id)
    }
}

/// At most so many leads: what the counters know without looking at rows.
pub fn expected(reads: &impl Reads, scope: &WorkspaceScope, selection: &ExportSelection) -> Result<u64, StoreError> {
    let counter = match (selection.list, selection.enriched_only) {
        (Some(list), true) => Counter::ListEnriched(list),
        (Some(list), false) => Counter::ListLeads(list),
        (None, _) => Counter::Leads,
    };
    let (kind, subject) = counter.key();
    let counted = u64::try_from(reads.stored_counter(scope, kind, subject)?).unwrap_or(0);
    Ok(selection.ids.as_ref().map_or(counted, |ids| counted.min(ids.len() as u64)))
}

/// Notes how many rows are written. Only for show: after a crash the file is written from its beginning.
#[derive(Debug, Clone)]
pub struct NoteExportProgress {
    pub scope: WorkspaceScope,
    pub id: ExportId,
    pub rows: u64,
}

impl Transaction for NoteExportProgress {
    type Out = ();
    const NAME: &'static str = "exports.progress";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let export = export(tx, &self.scope, self.id)?;
        if !export.state.is_open() {
            return Ok(());
        }
        let export = Export { state: ExportState::Processing, rows: self.rows, ..export };
        Ok(tx.put::<Exports>(&self.scope, (self.id,), &export)?)
    }
}

/// How the writing of a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportEnd {
    /// The file is durable under its name.
    Ready {
        rows: u64,
        bytes: u64,
        expires_at: Time,
    },
    Failed {
        error: String,
    },
}

/// Notes the end; the first one stands.
#[derive(Debug, Clone)]
pub struct FinishExport {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ExportId,
    pub end: ExportEnd,
}

impl Transaction for FinishExport {
    type Out = Export;
    const NAME: &'static str = "exports.finish";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Export, Refusal> {
        let before = export(tx, &self.scope, self.id)?;
        if !before.state.is_open() {
            return Ok(before);
        }
        let finished_at = Some(self.origin.at);
        let (kind, after, export) = match &self.end {
            ExportEnd::Ready { rows, bytes, expires_at } => {
                let (rows, bytes, expires_at) = (*rows, *bytes, Some(*expires_at));
                let state = ExportState::Ready;
                let after = json!({ "rows": rows, "bytes": bytes });
                ("export.ready", after, Export { state, rows, bytes, expires_at, finished_at, ..before })
            }
            ExportEnd::Failed { error } => {
                let (state, error) = (ExportState::Failed, error.clone());
                let after = json!({ "error": error });
                ("export.failed", after, Export { state, error: Some(error), finished_at, ..before })
            }
        };
        tx.put::<Exports>(&self.scope, (self.id,), &export)?;
        let fact = Fact::new(kind, Subject::export(self.id)).change(None, Some(&after));
        tx.event(&self.scope, &self.origin, fact)?;
        Ok(export)
    }
}

/// Closes a ready export whose time has passed. Its file is removed after this.
#[derive(Debug, Clone)]
pub struct ExpireExport {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ExportId,
}

impl Transaction for ExpireExport {
    /// Whether it was closed by this.
    type Out = bool;
    const NAME: &'static str = "exports.expire";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let before = export(tx, &self.scope, self.id)?;
        if before.state != ExportState::Ready || before.is_downloadable(self.origin.at) {
            return Ok(false);
        }
        tx.put::<Exports>(&self.scope, (self.id,), &Export { state: ExportState::Expired, ..before })?;
        tx.event(&self.scope, &self.origin, Fact::new("export.expired", Subject::export(self.id)))?;
        Ok(true)
    }
}

/// When the row of an export may go; its file must be gone before.
pub fn forget_at(export: &Export) -> Option<Time> {
    match export.state {
        ExportState::Expired => export.expires_at.map(|at| at.plus(REMEMBERED_FOR)),
        ExportState::Failed => export.finished_at.map(|at| at.plus(REMEMBERED_FOR)),
        ExportState::Pending | ExportState::Processing | ExportState::Ready => None,
    }
}

/// Removes the row of an export that ended long ago.
#[derive(Debug, Clone)]
pub struct ForgetExport {
    pub scope: WorkspaceScope,
    pub now: Time,
    pub id: ExportId,
}

impl Transaction for ForgetExport {
    type Out = bool;
    const NAME: &'static str = "exports.forget";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let row = tx.get::<Exports>(&self.scope, (self.id,))?;
        let due = row.and_then(|row| forget_at(&row)).is_some_and(|at| at <= self.now);
        Ok(due && tx.remove::<Exports>(&self.scope, (self.id,))?)
    }
}
