//! The filter language as people write it: `status:failed title:*"vp sales"* -country:DE score>=80`.
//!
//! It is another spelling of the JSON tree and nothing else: text is read into that tree, which the one parser of
//! [`super::parse`] then checks, so that names, operators, values and limits are the same and a mistake is told with the
//! place in the text. Every [`Filter`] can be written down as text and reads back as itself.
//!
//! Tests side by side must all hold; `OR` binds less. `-` or `NOT` denies, parentheses group. `all(…)` and `any(…)` are
//! the groups spelt out, for those of one part or none.

mod names;
mod read;
mod scan;
mod value;
mod write;

use serde_json::Value;

use super::{Filter, FilterError, FilterProblem, parse};

/// The longest text that is read.
pub const MAX_FILTER_CHARS: usize = 100_000;

/// A problem and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {problem}")]
pub struct FilterTextError {
    /// The 1-based number of the character.
    pub position: usize,
    pub problem: FilterProblem,
}

impl Filter {
    /// Reads a filter from text; blank text matches everything.
    ///
    /// # Errors
    /// What is wrong and where.
    pub fn parse_text(text: &str) -> Result<Self, FilterTextError> {
        if let Some((place, _)) = text.char_indices().nth(MAX_FILTER_CHARS) {
            let problem = FilterProblem::TooMany { limit: MAX_FILTER_CHARS, what: "characters" };
            return Err(error_at(text, place, problem));
        }
        let (tree, places) = read::tree(text).map_err(|(place, problem)| error_at(text, place, problem))?;
        parse::tree(&tree).map_err(|FilterError { pointer, problem }| error_at(text, places.of(&pointer), problem))
    }

    /// Reads a filter from what a caller of a command or of a query parameter wrote: JSON where it looks like a JSON
    /// tree, else text.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub fn parse_written(written: &str) -> Result<Self, FilterError> {
        let json = serde_json::from_str::<Value>(written).ok().filter(Value::is_object);
        Self::parse(&json.unwrap_or_else(|| Value::String(written.to_owned())))
    }
}

fn error_at(text: &str, place: usize, problem: FilterProblem) -> FilterTextError {
    let before = text.get(..place).map_or(0, |before| before.chars().count());
    FilterTextError { position: before + 1, problem }
}

#[cfg(test)]
mod tests;
