//! From the sources to a checked [`Config`].

use std::path::{Path, PathBuf};

use super::layers::{ConfigError, Layers, Origin};
use super::secret::{self, Secret};
use super::{Config, Environment, check, documents, environment, file};

/// Where to look.
pub struct Request<'a> {
    /// `--config`: must exist.
    pub config_flag: Option<&'a Path>,
    /// Its `config.toml` is read when no other file is named; it need not exist.
    pub data_dir: &'a Path,
    pub environment: &'a Environment,
    /// Flags that stand for keys: the flag's name, the dotted key, the value as text.
    pub flags: &'a [(&'a str, &'a str, String)],
}

/// A configuration that can be used.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    /// The file it was read from, if one was.
    pub file: Option<PathBuf>,
    /// To be told at start.
    pub warnings: Vec<String>,
    /// Whether somebody decided `log.level`; otherwise a command at a terminal stays quiet.
    pub log_level_origin: Origin,
}

/// Reads `--config`, else `GALENA_CONFIG`, else `<data-dir>/config.toml` if it is there, else nothing; never the
/// current directory. Then the environment, then the flags.
///
/// # Errors
/// Every unknown key, and the first value of a wrong kind or all values out of range.
pub fn load(request: &Request<'_>) -> Result<Loaded, ConfigError> {
    let mut layers = Layers::default();
    let file = add_file(&mut layers, request);
    let warnings = documents::add(&mut layers, request.environment);
    environment::add(&mut layers, request.environment);
    for (flag, key, text) in request.flags {
        let path: Vec<&str> = key.split('.').collect();
        environment::set_text(&mut layers, &path, text, Origin::Flag((*flag).to_owned()));
    }
    let read = read(&mut layers);
    if let Some(mut config) = read {
        read_secrets(&mut config, &mut layers, request.environment);
        check::check(&config, &mut layers);
        if layers.problems.is_empty() {
            let log_level_origin = layers.origin("log.level");
            return Ok(Loaded { config, file, warnings, log_level_origin });
        }
    }
    Err(ConfigError { problems: layers.problems })
}

fn add_file(layers: &mut Layers, request: &Request<'_>) -> Option<PathBuf> {
    let (path, named_by) = if let Some(path) = request.config_flag {
        (path.to_owned(), Some(Origin::Flag("--config".to_owned())))
    } else if let Some(path) = request.environment.path("GALENA_CONFIG") {
        (path, Some(Origin::Variable("GALENA_CONFIG".to_owned())))
    } else {
        (request.data_dir.join("config.toml"), None)
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            file::add(layers, &path, &text);
            Some(path)
        }
        Err(error) if named_by.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let start = Origin::File { path: path.clone(), line: 1, column: 1 };
            let message = match &named_by {
                Some(_) => format!("{} cannot be read: {error}", path.display()),
                None => format!("cannot be read: {error}"),
            };
            layers.problem("", message, named_by.unwrap_or(start));
            None
        }
    }
}

fn read(layers: &mut Layers) -> Option<Config> {
    let values = toml::Value::Table(layers.values.clone());
    match serde_path_to_error::deserialize::<_, Config>(values) {
        Ok(config) => Some(config),
        Err(error) => {
            let path = error.path().to_string();
            let key = path.split('[').next().unwrap_or_default();
            // The reader's own words quote the value.
            let message = if key.ends_with("_key") { "must be a text" } else { error.inner().message() };
            let origin = layers.origin(key);
            layers.problem(key, message.to_owned(), origin);
            None
        }
    }
}

/// Puts the content of every `*_file` in its place.
fn read_secrets(config: &mut Config, layers: &mut Layers, environment: &Environment) {
    let mut settle = |key: &str, text: &mut Option<Secret>, file: Option<&Path>| match secret::text_or_file(text, file)
    {
        Ok(secret) => *text = secret,
        Err(error) => {
            let origin = if file.is_some() { layers.origin(&format!("{key}_file")) } else { layers.origin(key) };
            layers.problem(key, error.to_string(), origin);
        }
    };
    let store = &mut config.store;
    // systemd's LoadCredential puts the file there.
    let credential = environment.path("CREDENTIALS_DIRECTORY").map(|dir| dir.join("galena.master_key"));
    let credential = credential.filter(|path| store.master_key.is_none() && path.exists());
    settle("store.master_key", &mut store.master_key, store.master_key_file.as_deref().or(credential.as_deref()));
    for (name, provider) in &mut config.providers {
        let key = format!("providers.{name}.api_key");
        settle(&key, &mut provider.api_key, provider.api_key_file.as_deref());
    }
}
