//! The named transactions, one file per family. Nothing else writes.

pub mod access;
pub mod credentials;
pub mod exports;
pub mod gates;
pub mod identity;
pub mod import_rows;
pub mod import_undo;
pub mod imports;
pub mod job_retention;
pub mod jobs;
pub mod lead_rows;
pub mod leads;
pub mod lists;
pub mod lookups;
pub mod mapping_memory;
pub mod once;
pub mod outbox;
pub mod recipes;
pub mod retention;
pub mod sessions;
pub mod settings;
pub mod suppressions;
pub mod tasks;
pub mod templates;
pub mod uploads;
pub mod users;
