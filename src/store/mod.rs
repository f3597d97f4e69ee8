//! The truth, the queue and the ledger: rows in an ordered key-value engine.

pub mod crypt;
pub mod engine;
