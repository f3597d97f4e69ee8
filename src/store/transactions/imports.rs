//! The life of an import: started, read chunk by chunk (`import_rows`), ended; undone (`import_undo`).

use serde_json::{Value, json};

use crate::domain::id::{Id, ImportId, ListId, UploadId};
use crate::domain::list::List;
use crate::domain::time::Time;
use crate::store::records::import::{Import, ImportPlan, ImportProblem, ImportState};
use crate::store::records::import_edits::ImportEdits;
use crate::store::tables::{ImportEdits as EditsTable, Imports, ImportsToEnrich, ListNames, OpenImports, Uploads};
use crate::store::transactions::lists::{create_list, name_key, open_list};
use crate::store::transactions::mapping_memory::{Remember, remember};
use crate::store::transactions::uploads::upload;
use crate::store::{
    Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// An import that is there.
pub fn import(reads: &impl Reads, scope: &WorkspaceScope, id: ImportId) -> Result<Import, Refusal> {
    Ok(reads.get::<Imports>(scope, (id,))?.ok_or(Reject::NotFound(Missing::Import))?)
}

/// What the user changed of its rows.
pub fn edits_of(reads: &impl Reads, scope: &WorkspaceScope, id: ImportId) -> Result<ImportEdits, StoreError> {
    Ok(reads.get::<EditsTable>(scope, (id,))?.unwrap_or_default())
}

/// Into which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportTarget {
    List(ListId),
    /// The list of this name; made with this id when there is none.
    Named {
        name: String,
        id: ListId,
    },
}

/// Starts an import of a complete upload. The Importer is woken after it.
#[derive(Debug, Clone)]
pub struct StartImport {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ImportId,
    pub upload: UploadId,
    pub target: ImportTarget,
    pub plan: ImportPlan,
    pub total_rows: u64,
    pub edits: ImportEdits,
    /// For later files with the same titles.
    pub remember: Option<Remember>,
}

impl Transaction for StartImport {
    type Out = ImportId;
    const NAME: &'static str = "imports.start";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<ImportId, Refusal> {
        if tx.has::<Imports>(&self.scope, (self.id,))? {
            return Ok(self.id);
        }
        let mut file = upload(tx, &self.scope, self.upload)?;
        if !file.complete {
            return Err(Reject::Conflict("the upload is not complete".to_owned()).into());
        }
        let list = self.list(tx)?;
        let row = Import {
            list,
            upload: self.upload,
            file_name: file.file_name.clone(),
            file_bytes: file.received,
            plan: self.plan.clone(),
            total_rows: self.total_rows,
            offset: self.plan.data_offset,
            line: self.plan.data_line,
            actor: self.origin.actor,
            request_id: self.origin.request_id.clone(),
            created_at: self.origin.at,
            ..Import::default()
        };
        tx.put::<Imports>(&self.scope, (self.id,), &row)?;
        tx.put_install::<OpenImports>((self.scope.workspace(), self.id), &())?;
        if !self.edits.is_empty() {
            tx.put::<EditsTable>(&self.scope, (self.id,), &self.edits)?;
        }
        if let Some(what) = &self.remember {
            remember(tx, &self.scope, &self.origin, what)?;
        }
        file.import = Some(self.id);
        tx.put::<Uploads>(&self.scope, (self.upload,), &file)?;
        let after = json!({ "listId": list, "fileName": row.file_name, "totalRows": row.total_rows });
        let fact = Fact::new("import.started", Subject::import(self.id)).also(Subject::list(list));
        tx.event(&self.scope, &self.origin, fact.change(None, Some(&after)))?;
        Ok(self.id)
    }
}

impl StartImport {
    fn list(&self, tx: &mut Tx<'_>) -> Result<ListId, Refusal> {
        let (name, id) = match &self.target {
            ImportTarget::List(id) => {
                open_list(tx, &self.scope, *id)?;
                return Ok(*id);
            }
            ImportTarget::Named { name, id } => (name, *id),
        };
        if let Some(existing) = tx.get::<ListNames>(&self.scope, (name_key(name),))? {
            open_list(tx, &self.scope, existing)?;
            return Ok(existing);
        }
        let created_by = match self.origin.actor {
            crate::store::Actor::User(user) => Some(user),
            _ => None,
        };
        let list = List { name: name.clone(), source: Some("csv".to_owned()), created_by, ..List::default() };
        create_list(tx, &self.scope, &self.origin, id, list)?;
        Ok(id)
    }
}

/// The Importer takes it in hand.
#[derive(Debug, Clone)]
pub struct BeginImport {
    pub scope: WorkspaceScope,
    pub id: ImportId,
    pub at: Time,
}

impl Transaction for BeginImport {
    type Out = Import;
    const NAME: &'static str = "imports.begin";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Import, Refusal> {
        let mut row = import(tx, &self.scope, self.id)?;
        if row.state == ImportState::Pending {
            row.state = ImportState::Processing;
            row.started_at = Some(self.at);
            tx.put::<Imports>(&self.scope, (self.id,), &row)?;
        }
        Ok(row)
    }
}

/// Every row is in its bucket.
#[derive(Debug, Clone)]
pub struct FinishImport {
    pub scope: WorkspaceScope,
    pub id: ImportId,
    pub at: Time,
}

impl Transaction for FinishImport {
    type Out = Import;
    const NAME: &'static str = "imports.finish";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Import, Refusal> {
        let mut row = import(tx, &self.scope, self.id)?;
        if row.state != ImportState::Processing {
            return Ok(row);
        }
        row.total_rows = row.processed();
        let origin = origin_of(&row, self.at);
        if row.plan.enrich_after && row.results.created + row.results.updated > 0 {
            tx.put_install::<ImportsToEnrich>((self.scope.workspace(), self.id), &())?;
        }
        end(tx, &self.scope, &origin, self.id, &mut row, ImportState::Completed)?;
        Ok(row)
    }
}

/// The import cannot go on: what was written before stays, and the problem says where it stopped.
#[derive(Debug, Clone)]
pub struct FailImport {
    pub scope: WorkspaceScope,
    pub id: ImportId,
    pub at: Time,
    pub problem: ImportProblem,
}

impl Transaction for FailImport {
    type Out = Import;
    const NAME: &'static str = "imports.fail";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Import, Refusal> {
        let mut row = import(tx, &self.scope, self.id)?;
        if !row.state.is_open() {
            return Ok(row);
        }
        row.problem = Some(self.problem.clone());
        let origin = origin_of(&row, self.at);
        end(tx, &self.scope, &origin, self.id, &mut row, ImportState::Failed)?;
        Ok(row)
    }
}

/// Stops an import. Once this is durable no further row of it is written.
#[derive(Debug, Clone)]
pub struct CancelImport {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ImportId,
}

impl Transaction for CancelImport {
    type Out = Import;
    const NAME: &'static str = "imports.cancel";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Import, Refusal> {
        let mut row = import(tx, &self.scope, self.id)?;
        match row.state {
            ImportState::Cancelled => Ok(row),
            state if state.is_open() => {
                end(tx, &self.scope, &self.origin, self.id, &mut row, ImportState::Cancelled)?;
                Ok(row)
            }
            state => Err(Reject::Conflict(format!("the import is {}", state.name())).into()),
        }
    }
}

/// What an import does after its start is done in the name of who started it.
pub fn origin_of(row: &Import, at: Time) -> Origin {
    Origin { at, actor: row.actor, source: None, request_id: row.request_id.clone() }
}

fn end(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    id: ImportId,
    row: &mut Import,
    state: ImportState,
) -> Result<(), Refusal> {
    row.state = state;
    row.completed_at = Some(origin.at);
    tx.remove_install::<OpenImports>((scope.workspace(), id))?;
    let kind = match state {
        ImportState::Completed => "import.completed",
        ImportState::Cancelled => "import.cancelled",
        _ => "import.failed",
    };
    let fact = Fact::new(kind, Subject::import(id)).also(Subject::list(row.list));
    row.ended_seq = tx.event(scope, origin, fact.change(None, Some(&progress_json(row))))?;
    Ok(tx.put::<Imports>(scope, (id,), row)?)
}

/// The counts of an import, as its events tell them.
pub(super) fn progress_json(row: &Import) -> Value {
    let results = row.results;
    let mut json = json!({
        "listId": row.list,
        "processed": row.processed(),
        "total": row.total_rows,
        "created": results.created,
        "updated": results.updated,
        "skipped": results.skipped,
        "rejected": results.rejected,
    });
    if let (Some(problem), Some(object)) = (&row.problem, json.as_object_mut()) {
        object.insert("code".to_owned(), json!(problem.code));
    }
    json
}

/// The imports that are not at their end, oldest first.
pub fn open_imports(
    reads: &impl Reads,
    system: crate::store::SystemScope,
) -> Result<Vec<(WorkspaceScope, ImportId)>, crate::store::StoreError> {
    let mut open = Vec::new();
    reads.scan_install::<OpenImports>(&(), crate::store::engine::Order::Ascending, &mut |(workspace, id), ()| {
        open.push((system.within(workspace), id));
        std::ops::ControlFlow::Continue(())
    })?;
    open.sort_by_key(|(_, id)| id.as_u64());
    Ok(open)
}
