//! Walks over whole tables whose visitor may fail.

use std::ops::ControlFlow;

use crate::domain::id::WorkspaceId;
use crate::store::engine::Order;
use crate::store::tables::{InstallTable, TenantTable};
use crate::store::{Reads, StoreError, View};

/// Every row of a tenant table, workspace by workspace.
pub(super) fn each<T: TenantTable>(
    view: &View,
    mut visit: impl FnMut(WorkspaceId, T::Rest, T::Value) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut failed = None;
    view.scan_all::<T>(&mut |workspace, rest, value| flow(visit(workspace, rest, value), &mut failed))?;
    failed.map_or(Ok(()), Err)
}

/// Every row of an install table.
pub(super) fn each_install<T: InstallTable>(
    view: &View,
    mut visit: impl FnMut(T::Key, T::Value) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut failed = None;
    view.scan_install::<T>(&(), Order::Ascending, &mut |key, value| flow(visit(key, value), &mut failed))?;
    failed.map_or(Ok(()), Err)
}

fn flow(result: Result<(), StoreError>, failed: &mut Option<StoreError>) -> ControlFlow<()> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            *failed = Some(error);
            ControlFlow::Break(())
        }
    }
}
