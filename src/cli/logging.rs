//! The log of this process: standard error, by `[log]` of the configuration.

use tracing_subscriber::EnvFilter;

use crate::config::{Loaded, LogFormat, Origin};

/// For whom a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person at a terminal, who gets results and not the log: warnings only, unless somebody set `log.level`.
    Person,
    /// Somebody who is shown something in a data directory that is not theirs to look after: errors only, unless
    /// somebody set `log.level`.
    Spectator,
    /// A service whose log is kept.
    Service,
}

/// Installs the log once for the process; a later call changes nothing.
pub fn install(loaded: &Loaded, audience: Audience) {
    let log = &loaded.config.log;
    let chosen = log.level.as_str();
    let level = match audience {
        _ if loaded.log_level_origin != Origin::Default => chosen,
        Audience::Person => "warn",
        Audience::Spectator => "error",
        Audience::Service => chosen,
    };
    let subscriber = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(level)).with_writer(std::io::stderr);
    // An error means that a log is installed already.
    let _ = match log.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
}
