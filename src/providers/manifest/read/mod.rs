//! From the text of a manifest to the manifest: every key is known, every template and expression is compiled, and all
//! that is wrong is told at once.

mod exchange;
mod mapping;
mod operation;
mod root;
mod simulate;

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::expression::Expression;
use super::model::Manifest;
use super::problem::{ManifestError, ManifestProblem};
use super::reader::{Document, Value};
use super::template::Text;

/// A manifest that is longer is not looked at.
pub const LONGEST: usize = 256 * 1024;

/// What the templates of a place may name.
#[derive(Debug, Clone, Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn with(&self, more: &[&str]) -> Self {
        let mut names = self.clone();
        names.0.extend(more.iter().map(|name| (*name).to_owned()));
        names
    }
}

/// Reads a manifest.
///
/// # Errors
/// With everything that is wrong with it; `file` is what it is called there.
pub fn read(file: &str, text: &str) -> Result<Manifest, ManifestError> {
    let failed = |problems| ManifestError { file: file.to_owned(), problems };
    let alone = |line, message: String| failed(vec![ManifestProblem { line, key: String::new(), message }]);
    if text.len() > LONGEST {
        return Err(alone(1, format!("is longer than {LONGEST} bytes")));
    }
    let document = Document::new(text);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let line = error.span().map_or(1, |span| document.line(span.start));
            return Err(alone(line, error.message().trim().to_owned()));
        }
    };
    let manifest = root::manifest(&document.root(&table), text);
    let mut problems = document.into_problems();
    match manifest {
        Some(manifest) if problems.is_empty() => Ok(manifest),
        _ => {
            if problems.is_empty() {
                problems.push(ManifestProblem { line: 1, key: String::new(), message: "is no manifest".to_owned() });
            }
            Err(failed(problems))
        }
    }
}

fn expression(value: &Value<'_, '_>) -> Option<Expression> {
    Expression::parse(&value.text()?).map_err(|reason| value.fail(reason)).ok()
}

fn template(value: &Value<'_, '_>, names: &Names) -> Option<Text> {
    let text = value.value.as_str();
    if text.is_none() {
        value.fail("must be a text");
    }
    Text::parse(text?, &names.0).map_err(|error| value.fail(error.to_string())).ok()
}

/// Small letters, digits, `-` and `_`, up to 63.
fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with(['-', '_'])
}

#[cfg(test)]
mod tests;
