//! Behaviour over rows: each actor owns caches that can be rebuilt from the store at any moment.

pub mod dedup_index;
pub mod enricher;
pub mod indexer;
pub mod kit;
pub mod scheduler;
pub mod store_writer;
