//! What an import left beside its leads: original rows, rejected rows, before-images and the mark of those still open.

use std::fmt::Display;

use super::report::{Code, Report};
use super::scan::{each, each_install};
use crate::domain::id::{ImportId, WorkspaceId};
use crate::store::tables::{
    ImportBefore, ImportEdits, ImportRejects, ImportRuns, Imports, OpenImports, Originals, TenantTable,
};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

pub(super) fn compare(view: &View, report: &mut Report) -> Result<(), StoreError> {
    let mut imports = Known { view, last: None };
    each::<Originals>(view, |workspace, (import, block), _| {
        imports.expect(workspace, import, Originals::NAME, &block, report)
    })?;
    each::<ImportRejects>(view, |workspace, (import, row), _| {
        imports.expect(workspace, import, ImportRejects::NAME, &row, report)
    })?;
    each::<ImportEdits>(view, |workspace, (import,), _| {
        imports.expect(workspace, import, ImportEdits::NAME, &"edits", report)
    })?;
    each::<ImportRuns>(view, |workspace, (import, first), _| {
        imports.expect(workspace, import, ImportRuns::NAME, &first, report)
    })?;
    each::<ImportBefore>(view, |workspace, (import, lead), _| {
        imports.expect(workspace, import, ImportBefore::NAME, &lead, report)
    })?;
    each_install::<OpenImports>(view, |(workspace, id), ()| {
        let import = view.get::<Imports>(&WorkspaceScope::of(workspace), (id,))?;
        if import.is_none_or(|import| !import.needs_work()) {
            report.found(Code::OpenWorkOrphan, "open_imports", id, "named as open, but there is nothing to do for it");
        }
        Ok(())
    })
}

/// Whether an import is there, remembered from row to row: they come sorted.
struct Known<'c> {
    view: &'c View,
    last: Option<(WorkspaceId, ImportId, bool)>,
}

impl Known<'_> {
    fn expect(
        &mut self,
        workspace: WorkspaceId,
        import: ImportId,
        table: &'static str,
        place: &dyn Display,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let there = match self.last {
            Some((at, id, there)) if (at, id) == (workspace, import) => there,
            _ => self.view.has::<Imports>(&WorkspaceScope::of(workspace), (import,))?,
        };
        self.last = Some((workspace, import, there));
        if !there {
            report.found(Code::OriginalOrphan, table, format!("{import}/{place}"), "of an import that is not there");
        }
        Ok(())
    }
}
