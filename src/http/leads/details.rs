//! What hangs on a lead in other tables: its original row and where its values came from.

use serde_json::{Map, Value};

use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::store::originals::original_of;
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
    pub fn of(view: &View, scope: &WorkspaceScope, _id: LeadId, lead: &Lead) -> Result<Self, StoreError> {
        let cells = match lead.origin {
            Some(origin) => original_of(view, scope, origin)?,
            None => None,
        };
        Ok(Self { original_data: cells.map(original_data), ..Self::default() })
    }
}

/// By title; a cell beyond the titles by its place, counted from 1.
fn original_data(cells: Vec<(String, String)>) -> Map<String, Value> {
    let named = cells.into_iter().enumerate().map(|(place, (title, cell))| {
        let title = if title.is_empty() { format!("Column {}", place + 1) } else { title };
        (title, Value::String(cell))
    });
    named.collect()
}
