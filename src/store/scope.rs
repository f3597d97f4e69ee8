//! Who may read what, as types.
//!
//! Reads of tenant data take a [`WorkspaceScope`], and only `store::access` (authentication) and a [`SystemScope`] can make
//! one. A `SystemScope` is made in the composition root, for the actors that tend all workspaces, and nowhere else;
//! `tests/suite/house.rs` holds the source to it.

use crate::domain::id::WorkspaceId;

/// The right to read and write the rows of one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkspaceScope(WorkspaceId);

impl WorkspaceScope {
    pub(in crate::store) const fn of(workspace: WorkspaceId) -> Self {
        Self(workspace)
    }

    pub const fn workspace(self) -> WorkspaceId {
        self.0
    }
}

/// The right to work on every workspace: Indexer, DedupIndex, Importer, Scheduler, Janitor, Backup, `check`.
#[derive(Debug, Clone, Copy)]
pub struct SystemScope(());

impl SystemScope {
    /// Only for the composition root (`app.rs`), the offline commands and the simulation.
    pub const fn for_the_house() -> Self {
        Self(())
    }

    /// The scope of one workspace, for work whose row names it.
    pub const fn within(self, workspace: WorkspaceId) -> WorkspaceScope {
        WorkspaceScope(workspace)
    }
}
