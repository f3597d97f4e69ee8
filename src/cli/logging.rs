//! The log of this process: standard error, by `[log]` of the configuration.

use tracing_subscriber::EnvFilter;

use crate::config::{Loaded, LogFormat, Origin};

/// For whom a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person at a terminal, who gets results and not the log: warnings only, unless somebody set `log.level`.
    Person,
    /// A service whose log is kept.
    Service,
}

/// Installs the log once for the process; a later call changes nothing.
pub fn install(loaded: &Loaded, audience: Audience) {
    let log = &loaded.config.log;
    let quiet = audience == Audience::Person && loaded.log_level_origin == Origin::Default;
    let level = if quiet { "warn" } else { log.level.as_str() };
    let subscriber = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(level)).with_writer(std::io::stderr);
    // An error means that a log is installed already.
    let _ = match log.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
}
