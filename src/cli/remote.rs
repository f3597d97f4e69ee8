//! `--url` and `--key`: the same command against a server elsewhere.

use std::path::PathBuf;

use clap::Args;

use super::exit::CliError;
use super::secret_input;
use crate::config::{Environment, Secret};

#[derive(Clone, Default, Args)]
pub struct RemoteArgs {
    /// Address of a server elsewhere, instead of the data directory here
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// API key for that server [default: $GALENA_API_KEY, which unlike this flag stands in no list of processes]
    #[arg(long, value_name = "KEY", requires = "url")]
    key: Option<String>,
    /// File that holds the API key; - reads it from standard input
    #[arg(long, value_name = "FILE", requires = "url", conflicts_with = "key")]
    key_file: Option<PathBuf>,
}

/// Where a command is to be done when not on the data directory here.
pub struct Remote {
    /// Without a slash at its end.
    pub url: String,
    pub key: Secret,
}

impl RemoteArgs {
    /// `None`: here.
    ///
    /// # Errors
    /// The address is not one, or there is no key for it.
    pub fn remote(&self, environment: &Environment) -> Result<Option<Remote>, CliError> {
        let Some(url) = &self.url else { return Ok(None) };
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(CliError::usage(format!("--url {url}: must begin with https:// or http://")));
        }
        let key = match (&self.key, &self.key_file, environment.get("GALENA_API_KEY")) {
            (Some(key), _, _) => Secret::from(key.clone()),
            (None, Some(file), _) => secret_input::read(file)?,
            (None, None, Some(key)) => Secret::from(key.to_owned()),
            (None, None, None) => {
                return Err(CliError::usage("--url needs an API key")
                    .with_hint("set GALENA_API_KEY, or name a file with --key-file"));
            }
        };
        Ok(Some(Remote { url: url.trim_end_matches('/').to_owned(), key }))
    }
}

impl std::fmt::Debug for RemoteArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteArgs").field("url", &self.url).finish_non_exhaustive()
    }
}
