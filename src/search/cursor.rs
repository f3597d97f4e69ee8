//! Where a page ended, as an opaque text that is of use only for the search it came from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::QueryError;
use super::sort::{Key, Sort};
use crate::domain::id::{Id, LeadId, WorkspaceId};

/// The sort keys and the id of the last lead of a page. Stays right when leads come and go between two pages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    #[serde(rename = "s")]
    search: String,
    #[serde(rename = "k")]
    pub keys: Vec<Key>,
    #[serde(rename = "i")]
    lead: u64,
}

impl Cursor {
    pub fn new(search: String, keys: Vec<Key>, lead: LeadId) -> Self {
        Self { search, keys, lead: lead.as_u64() }
    }

    pub fn lead(&self) -> LeadId {
        LeadId::from_u64(self.lead)
    }

    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads a cursor of the search named `search` with as many sort keys as `sorts`.
    pub fn decode(text: &str, search: &str, sorts: &[Sort]) -> Result<Self, QueryError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| QueryError::BadCursor)?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| QueryError::BadCursor)?;
        if cursor.search != search || cursor.keys.len() != sorts.len() {
            return Err(QueryError::BadCursor);
        }
        Ok(cursor)
    }
}

/// Names a search: its workspace and all of `parts`, which decide what its pages hold.
pub fn name_search(workspace: WorkspaceId, parts: impl std::fmt::Debug) -> String {
    let hash = blake3::hash(format!("{workspace} {parts:?}").as_bytes()).to_hex();
    hash[..16].to_owned()
}
