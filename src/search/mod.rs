//! The one home of tantivy: what of a lead is found how, and the searches themselves.
//!
//! The index is a derived view of the store. It gives ids, counts and facets; rows are read from the store. Nothing here
//! knows the store but the `WorkspaceScope` without which nobody searches: the Indexer feeds [`SearchWriter`] from the outbox and keeps its [`Checkpoint`] in every commit.
//! Everything here blocks: callers run it on a bounded pool of threads, never on one that serves requests.

mod address;
mod analysis;
mod census;
mod columns;
mod cursor;
mod custom_field;
mod document;
mod error;
mod facet;
mod field;
mod filter;
mod filter_test;
mod from_filter;
mod generation;
mod haystack;
mod index;
mod memory;
mod numbering;
mod one_number_of;
mod page;
mod query;
mod schema;
mod scope;
mod simplify;
mod sort;
mod terms;
mod text_query;
mod writer;

pub use analysis::{fold, words};
pub use census::Census;
pub use document::LeadDocument;
pub use error::{QueryError, RebuildReason, SearchError};
pub use facet::{FacetBucket, Facets, MAX_FACET_BUCKETS};
pub use field::SearchField;
pub use filter::{Clause, Test, Value};
pub use generation::Generations;
pub use index::{OpenCheck, Opened, SearchIndex};
pub use query::{MAX_LIMIT, SearchPage, SearchRequest};
pub use schema::schema_hash;
pub use scope::{ListScope, SearchScope};
pub use sort::{Direction, Sort};
pub use writer::{Batch, Checkpoint, DEFAULT_MEMORY_BYTES, SearchWriter};
