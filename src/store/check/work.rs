//! Work that has begun and is not at its end: a start, or the running server, goes on with it.

use super::report::Report;
use super::scan::each;
use crate::store::tables::Exports;
use crate::store::{StoreError, View};

pub(super) fn note(view: &View, report: &mut Report) -> Result<(), StoreError> {
    each::<Exports>(view, |_, _, export| {
        report.count("exports", 1);
        report.pending(
            "EXPORTS",
            u64::from(export.state.is_open()),
            "exports that are written from their beginning at a start",
        );
        Ok(())
    })
}
