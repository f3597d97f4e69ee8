//! The named transactions, one file per family. Nothing else writes.

pub mod access;
pub mod identity;
pub mod lead_rows;
pub mod leads;
pub mod lists;
pub mod once;
pub mod outbox;
pub mod tasks;
