//! Events against the index that finds them by their subjects.

use super::report::{Code, Report};
use super::scan::each;
use crate::store::tables::{EventSubjects, Events, TenantTable};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

pub(super) fn compare(view: &View, report: &mut Report) -> Result<(), StoreError> {
    let mut met = 0;
    each::<Events>(view, |workspace, (seq,), event| {
        report.count("events", 1);
        let scope = WorkspaceScope::of(workspace);
        let mut subjects: Vec<_> =
            std::iter::once(event.subject).chain(event.also).map(|at| (at.kind, at.id)).collect();
        subjects.sort_unstable();
        subjects.dedup();
        for (kind, id) in subjects {
            if view.has::<EventSubjects>(&scope, (kind, id, seq))? {
                met += 1;
            } else {
                report.found(Code::EventSubjectMissing, EventSubjects::NAME, seq, format!("subject {kind}/{id}"));
            }
        }
        Ok(())
    })?;
    if view.raw().len(<EventSubjects as TenantTable>::ID)? == met {
        return Ok(());
    }
    each::<EventSubjects>(view, |workspace, (kind, id, seq), ()| {
        let event = view.get::<Events>(&WorkspaceScope::of(workspace), (seq,))?;
        let names = |at: &crate::store::Subject| (at.kind, at.id) == (kind, id);
        if event.is_none_or(|event| !names(&event.subject) && !event.also.iter().any(names)) {
            report.found(Code::EventSubjectOrphan, EventSubjects::NAME, seq, format!("subject {kind}/{id}"));
        }
        Ok(())
    })
}
