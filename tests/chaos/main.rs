//! The real binary, ended by `SIGKILL` at random moments under load, started again and audited: nothing acknowledged is
//! lost, nothing is done twice, and `galena check` agrees with itself at every stop.
//!
//! Each scenario prints its seed. `GALENA_CHAOS_SEED=n` takes the same random decisions again, `GALENA_CHAOS_EFFORT=10`
//! kills ten times as often, `GALENA_CHAOS_KEEP=1` leaves the data directory of a failed scenario.

#![allow(clippy::disallowed_methods)] // Real processes run in real time.

mod chance;
mod client;
mod editor;
mod files;
mod house;
mod vendor;
mod work;

mod bought;
mod bulk_task;
mod edits;
mod enrichment;
mod export;
mod first_start;
mod full_disk;
mod import;
mod offline_import;
mod stop;
