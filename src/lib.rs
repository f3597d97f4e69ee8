//! Galena: a self-hosted lead enrichment appliance. `ARCHITECTURE.md` is the map of this crate.

pub mod actors;
pub mod app;
pub mod cli;
pub mod config;
pub mod deps;
pub mod domain;
pub mod http;
pub mod providers;
pub mod search;
pub mod store;
