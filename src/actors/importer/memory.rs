//! What the workspace remembers of files with the same titles.

use super::problem::FileProblem;
use crate::store::records::recipe::RememberedMapping;
use crate::store::transactions::mapping_memory::{TitleSet, remembered};
use crate::store::{Store, WorkspaceScope};

/// Where a remembered mapping comes from.
pub trait MappingMemory {
    /// The mapping that files with these titles got last by somebody's choice.
    ///
    /// # Errors
    /// The memory cannot be read.
    fn recall(&self, titles: TitleSet) -> Result<Option<RememberedMapping>, FileProblem>;
}

/// Nothing is remembered: for a look at a file without a data directory.
pub struct NoMemory;

impl MappingMemory for NoMemory {
    fn recall(&self, _titles: TitleSet) -> Result<Option<RememberedMapping>, FileProblem> {
        Ok(None)
    }
}

/// The memory of a workspace.
pub struct WorkspaceMemory {
    pub store: Store,
    pub scope: WorkspaceScope,
}

impl MappingMemory for WorkspaceMemory {
    fn recall(&self, titles: TitleSet) -> Result<Option<RememberedMapping>, FileProblem> {
        let view = self.store.view().map_err(|error| FileProblem::memory(&error))?;
        remembered(&view, &self.scope, titles).map_err(|error| FileProblem::memory(&error))
    }
}
