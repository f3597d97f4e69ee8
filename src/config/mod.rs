//! What the operator decides: one struct per section of `config.toml`, and where the values come from.
//!
//! Later wins: built-in defaults, the file, the environment, flags of the command line. [`load`] gives a [`Config`]
//! whose values have been checked and whose secrets have been read, or every problem with the place where it stands.
//! What an installation decides at run time (settings of a workspace) is in the store and not here.

mod check;
mod credits;
pub mod data_dir;
mod documents;
mod enrichment;
mod environment;
mod export;
mod file;
mod import;
mod layers;
mod limits;
mod load;
mod log;
mod memory;
mod network;
pub mod plans;
mod policy;
mod printed;
mod providers;
mod quality;
mod quantity;
mod retention;
mod schema;
mod search;
mod secret;
mod section;
mod server;
mod store;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::credits::Credits;
pub use self::enrichment::Enrichment;
pub use self::environment::Environment;
pub use self::export::Export;
pub use self::import::Import;
pub use self::layers::{ConfigError, ConfigProblem, Origin};
pub use self::limits::Limits;
pub use self::load::{Loaded, Request, load};
pub use self::log::{Log, LogFormat};
pub use self::memory::Memory;
pub use self::network::{Network, NetworkError};
pub use self::policy::{Policy, PolicyError};
pub use self::printed::printed;
pub use self::providers::Provider;
pub use self::quality::Quality;
pub use self::quantity::{ByteSize, Period, QuantityError};
pub use self::retention::Retention;
pub use self::search::Search;
pub use self::secret::{Secret, SecretError, read as read_secret_file};
pub use self::server::Server;
pub use self::store::Store;

/// The whole configuration. `Config::default()` is what `config.toml` in the repository says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub store: Store,
    pub search: Search,
    pub memory: Memory,
    pub import: Import,
    pub export: Export,
    pub enrichment: Enrichment,
    pub policy: Policy,
    pub quality: Quality,
    pub credits: Credits,
    pub limits: Limits,
    pub retention: Retention,
    pub log: Log,
    /// By the name of the provider's manifest.
    pub providers: BTreeMap<String, Provider>,
}

impl Config {
    /// What holds for a workspace that has decided nothing.
    ///
    /// # Errors
    /// When `[policy]` cannot be used; a loaded configuration was checked.
    pub fn workspace_defaults(&self) -> Result<crate::domain::settings::WorkspaceSettings, PolicyError> {
        self.policy.settings(!self.retention.raw_answers.0.is_zero())
    }
}
