//! Secrets in the configuration: never printed, and better kept in a file than in `config.toml`.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// What stands for a secret wherever the configuration is shown.
pub const HIDDEN: &str = "(set, not shown)";

/// A text that no print, log or error shows. Ask for it with [`Secret::expose`], where it is used.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Secret(SecretString);

impl Secret {
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.expose().as_bytes(), other.expose().as_bytes()).into()
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("is given twice: as a text and as a file")]
    GivenTwice,
    #[error("the file {} cannot be read: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("the file {} is empty", path.display())]
    Empty { path: PathBuf },
    #[error("is empty")]
    EmptyText,
}

/// The secret given as a text, or the content of the file without the line end that editors add.
pub fn text_or_file(text: &Option<Secret>, file: Option<&Path>) -> Result<Option<Secret>, SecretError> {
    match (text, file) {
        (Some(_), Some(_)) => Err(SecretError::GivenTwice),
        (Some(text), None) if text.expose().is_empty() => Err(SecretError::EmptyText),
        (Some(text), None) => Ok(Some(text.clone())),
        (None, None) => Ok(None),
        (None, Some(path)) => read(path).map(Some),
    }
}

pub fn read(path: &Path) -> Result<Secret, SecretError> {
    let content = std::fs::read_to_string(path)
        .map(zeroize::Zeroizing::new)
        .map_err(|cause| SecretError::Unreadable { path: path.to_owned(), cause })?;
    match content.trim_end_matches(['\r', '\n']) {
        "" => Err(SecretError::Empty { path: path.to_owned() }),
        secret => Ok(Secret::from(secret.to_owned())),
    }
}
