//! What hangs on a lead in other tables: its original row and where its values came from.

use serde_json::{Map, Value};

use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::store::{StoreError, View, WorkspaceScope};

#[derive(Debug, Clone, Default)]
pub struct Details {
    /// By the headers of the file; `None` for a lead that no file brought.
    pub original_data: Option<Map<String, Value>>,
    pub enriched: Map<String, Value>,
    pub provenance: Map<String, Value>,
}

impl Details {
    /// # Errors
    /// When rows cannot be read.
    pub fn of(_view: &View, _scope: &WorkspaceScope, _id: LeadId, _lead: &Lead) -> Result<Self, StoreError> {
        Ok(Self::default())
    }
}
