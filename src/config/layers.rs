//! Values on top of each other, each remembering where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::schema::{self, PROVIDERS};

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Line and column count from 1.
    File {
        path: PathBuf,
        line: usize,
        column: usize,
    },
    Variable(String),
    Flag(String),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "{name}"),
            Self::Default => f.write_str("built-in default"),
        }
    }
}

/// One thing that is wrong, and where. No text here ever holds a value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    pub origin: Origin,
    /// Dotted, such as `import.max_rows`; empty when the whole file cannot be read.
    pub key: String,
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// The configuration cannot be used; every problem that was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError {
    pub problems: Vec<ConfigProblem>,
}

/// What has been set so far; later values replace earlier ones.
#[derive(Default)]
pub struct Layers {
    pub values: toml::Table,
    origins: BTreeMap<String, Origin>,
    pub problems: Vec<ConfigProblem>,
}

impl Layers {
    /// Sets one key, or notes that it does not exist.
    pub fn set(&mut self, path: &[&str], value: toml::Value, origin: Origin) {
        if let Err(suggestion) = schema::find(path) {
            return self.unknown(path, suggestion, origin);
        }
        let Some((key, tables)) = path.split_last() else { return };
        let mut table = &mut self.values;
        for name in tables {
            let inner = table.entry(*name).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            match inner {
                toml::Value::Table(inner) => table = inner,
                // Only tables are ever put there; a plain value in a section's place was refused before.
                _ => return,
            }
        }
        table.insert((*key).to_owned(), value);
        self.origins.insert(path.join("."), origin);
    }

    pub fn unknown(&mut self, path: &[&str], suggestion: Option<String>, origin: Origin) {
        let is_section = path.len() == 1 || (path[0] == PROVIDERS && path.len() == 2);
        let what = if is_section { "there is no such section" } else { "there is no such key" };
        let message = match suggestion {
            Some(name) => format!("{what}; did you mean \"{name}\"?"),
            None => what.to_owned(),
        };
        self.problem(&path.join("."), message, origin);
    }

    pub fn problem(&mut self, key: &str, message: impl Into<String>, origin: Origin) {
        self.problems.push(ConfigProblem { origin, key: key.to_owned(), message: message.into() });
    }

    /// Where the value of a dotted key came from; for a table, where its first key did.
    pub fn origin(&self, key: &str) -> Origin {
        let within = |name: &str| name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let found = self.origins.iter().find(|(name, _)| within(name));
        found.map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}
