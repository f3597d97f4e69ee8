//! Work that has begun and is not at its end: a start, or the running server, goes on with it.

use super::report::{Code, Report};
use super::scan::{each, each_install};
use crate::store::records::import::ImportState;
use crate::store::tables::{Exports, Imports, OpenImports, OpenTasks, TaskOrders, Tasks, TenantTable};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

pub(super) fn note(view: &View, report: &mut Report) -> Result<(), StoreError> {
    each::<Exports>(view, |_, _, export| {
        report.count("exports", 1);
        let open = u64::from(export.state.is_open());
        report.pending("EXPORTS", open, "exports that are written from their beginning at a start");
        Ok(())
    })?;
    each::<Imports>(view, |workspace, (id,), import| {
        report.count("imports", 1);
        let resumes = u64::from(import.needs_work());
        report.pending("IMPORTS", resumes, "imports or undos that go on from their last chunk at a start");
        if import.needs_work() && view.get_install::<OpenImports>((workspace, id))?.is_none() {
            report.found(Code::OpenWorkMissing, Imports::NAME, id, "not at its end, but no start would go on with it");
        }
        let rows = import.results.rows();
        if import.state == ImportState::Completed && rows != import.total_rows {
            let detail = format!("{} rows in the file, {rows} accounted for", import.total_rows);
            report.found(Code::RowsUnaccounted, Imports::NAME, id, detail);
        }
        Ok(())
    })?;
    tasks(view, report)
}

fn tasks(view: &View, report: &mut Report) -> Result<(), StoreError> {
    each::<Tasks>(view, |workspace, (id,), task| {
        report.count("tasks", 1);
        let open = !task.state.has_ended();
        report.pending("TASKS", u64::from(open), "acts on many leads that go on from their last slice at a start");
        if open && view.get_install::<OpenTasks>((workspace, id))?.is_none() {
            report.found(Code::OpenWorkMissing, Tasks::NAME, id, "not at its end, but no start would go on with it");
        }
        if !view.has::<TaskOrders>(&WorkspaceScope::of(workspace), (id,))? {
            report.found(Code::OpenWorkMissing, TaskOrders::NAME, id, "what the task is to do is not there");
        }
        Ok(())
    })?;
    each_install::<OpenTasks>(view, |(workspace, id), ()| {
        let task = view.get::<Tasks>(&WorkspaceScope::of(workspace), (id,))?;
        if task.is_none_or(|task| task.state.has_ended()) {
            report.found(Code::OpenWorkOrphan, "open_tasks", id, "named as open, but there is nothing to do for it");
        }
        Ok(())
    })
}
