//! What every command is given: the global flags and the environment, and the way from them to the configuration.

use std::path::PathBuf;

use super::exit::CliError;
use super::logging::{self, Audience};
use super::output::{self, Reader};
use crate::config::{self, Environment, Loaded, data_dir};

/// Flags that stand before or after any command.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// Where everything is kept [default: $GALENA_DATA_DIR, else /var/lib/galena for a service and your own data
    /// directory for you]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file [default: $GALENA_CONFIG, else config.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print exactly one JSON document, for programs
    #[arg(long, global = true)]
    pub json: bool,
}

/// A flag that stands for a key of the configuration: the flag's name, the dotted key, the value as text.
pub type FlagForKey<'a> = (&'a str, &'a str, String);

pub struct Context {
    global: Global,
    pub environment: Environment,
    pub data_dir: PathBuf,
}

impl Context {
    pub fn new(global: Global, environment: Environment) -> Self {
        let data_dir = data_dir::resolve(global.data_dir.as_deref(), &environment);
        Self { global, environment, data_dir }
    }

    pub fn reader(&self) -> Reader {
        if self.global.json { Reader::Program } else { Reader::Person }
    }

    /// Reads the configuration, installs the log and tells the warnings: for commands that do work.
    pub fn start(&self, audience: Audience, flags: &[FlagForKey<'_>]) -> Result<Loaded, CliError> {
        let loaded = self.load(flags)?;
        logging::install(&loaded, audience);
        for warning in &loaded.warnings {
            match audience {
                Audience::Service => tracing::warn!("{warning}"),
                Audience::Person | Audience::Spectator => output::note(&format!("warning: {warning}")),
            }
        }
        Ok(loaded)
    }

    /// Reads the configuration and nothing more.
    pub fn load(&self, flags: &[FlagForKey<'_>]) -> Result<Loaded, CliError> {
        let request = config::Request {
            config_flag: self.global.config.as_deref(),
            data_dir: &self.data_dir,
            environment: &self.environment,
            flags,
        };
        Ok(config::load(&request)?)
    }
}
