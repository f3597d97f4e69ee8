//! What can go wrong in search.

use thiserror::Error;

/// A question that cannot be answered as it was asked; the caller's mistake (HTTP 400).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    #[error("the filter is nested deeper than {max} levels or has more than {nodes} parts")]
    FilterTooLarge { max: usize, nodes: usize },
    #[error("the filter has more than {max} different tests by a part of a value, a beginning or a range")]
    TooManyWideTests { max: usize },
    #[error("{field} cannot be filtered with {op}")]
    UnsupportedTest { field: String, op: &'static str },
    #[error("{field}: {value:?} is not {expected}")]
    BadValue { field: String, value: String, expected: &'static str },
    #[error("results cannot be sorted by {field}")]
    UnsortableField { field: String },
    #[error("at most {max} sort keys")]
    TooManySortKeys { max: usize },
    #[error("{field} has no facets")]
    UnfacetedField { field: String },
    #[error("at most {max} facets")]
    TooManyFacets { max: usize },
    #[error("limit must be between 1 and {max}")]
    LimitOutOfRange { max: usize },
    #[error("the cursor does not belong to this search")]
    BadCursor,
}

impl QueryError {
    /// The message without the caller's own value, which may be about a person.
    pub fn told(&self) -> String {
        match self {
            Self::BadValue { field, expected, .. } => format!("{field}: expected {expected}"),
            other => other.to_string(),
        }
    }
}

/// Why an index on disk cannot be used and a new generation has to be built from the store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RebuildReason {
    #[error("there is no search index yet")]
    Missing,
    #[error("the search index is damaged: {0}")]
    Damaged(String),
    #[error("the search index has another schema")]
    OtherSchema,
    #[error("the search index does not say how far it reaches")]
    NoCheckpoint,
}

#[derive(Debug, Error)]
pub enum SearchError {
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The writer is dead; drop it, open a new one and replay from the checkpoint of the last commit.
    #[error("the search writer failed and must be reopened: {0}")]
    MustReopen(String),
    #[error("another writer holds the search index")]
    WriterBusy,
    #[error("search index: {0}")]
    Index(String),
    #[error("search index file: {0}")]
    File(#[from] std::io::Error),
}

impl From<tantivy::TantivyError> for SearchError {
    fn from(error: tantivy::TantivyError) -> Self {
        match error {
            tantivy::TantivyError::LockFailure(..) => Self::WriterBusy,
            other => Self::Index(other.to_string()),
        }
    }
}
