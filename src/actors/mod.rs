//! Behaviour over rows: each actor owns caches that can be rebuilt from the store at any moment.

pub mod dedup_index;
pub mod enricher;
pub mod exporter;
mod fair_queue;
pub mod importer;
pub mod indexer;
pub mod janitor;
pub mod kit;
pub mod provider_gate;
pub mod scheduler;
pub mod store_door;
pub mod store_writer;
pub mod task_runner;
