//! Secrets from a file or from standard input, so that they stand in no list of processes.

use std::io::Read;
use std::path::Path;

use super::exit::CliError;
use crate::config::{Secret, read_secret_file};

/// More than any password or key.
const LONGEST: u64 = 64 * 1024;

/// The content of `file` without its line end; `-` is standard input.
pub fn read(file: &Path) -> Result<Secret, CliError> {
    if file != Path::new("-") {
        return read_secret_file(file).map_err(|error| CliError::unreadable(format!("the secret: {error}")));
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| CliError::unreadable(format!("the secret on standard input: {error}")))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(CliError::unreadable("the secret on standard input is empty")),
        secret => Ok(Secret::from(secret.to_owned())),
    }
}
