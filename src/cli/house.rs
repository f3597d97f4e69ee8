//! Starting the house for a command, with its failures as exit codes.

use std::path::Path;

use super::exit::{CliError, Exit};
use crate::app::{Running, StartError};
use crate::config::Config;
use crate::config::plans::Plans;
use crate::deps::Deps;
use crate::store::crypt::Passwords;
use crate::store::directory::DataDirectory;

/// Opens the data directory and starts the actors.
///
/// # Errors
/// Exit 5 when another process has the directory, 2 when `plans.toml` is wrong.
pub async fn start(config: Config, data_dir: &Path) -> Result<Running, CliError> {
    let plans = match &config.credits.plans_file {
        Some(path) => Plans::from_file(path),
        None => Plans::built_in(),
    };
    let plans = plans.map_err(|error| {
        CliError::new(Exit::Usage, "CONFIGURATION_INVALID", "the configuration is not valid", error.to_string())
    })?;
    let directory = DataDirectory::new(data_dir);
    Running::start(config, plans, Deps::real(), directory, Passwords::default()).await.map_err(refused)
}

/// How a command ends that could not open the data directory.
pub fn refused(error: StartError) -> CliError {
    match error {
        StartError::Directory(in_use) if in_use.is_in_use() => {
            CliError::new(Exit::InUse, "DATA_DIRECTORY_IN_USE", "the data directory is in use", in_use.to_string())
                .with_hint("stop that process, or name another --data-dir")
        }
        other => CliError::new(Exit::Failed, "INTERNAL", "the data directory cannot be opened", other.to_string()),
    }
}
