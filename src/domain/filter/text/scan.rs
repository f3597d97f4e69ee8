//! Reads the characters of a filter text: names, signs, quoted and bare values, each with its place.

use crate::domain::filter::FilterProblem;

/// A problem and the byte it begins at.
pub(super) type Wrong = (usize, FilterProblem);

/// A piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// In quotes, taken as it stands.
    Quoted(String),
    Bare(String),
    Star,
    /// `..`
    Dots,
}

/// The comparison between a field and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Is,
    IsNot,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// Longer ones first.
const SIGNS: [(&str, Sign); 13] = [
    (":>=", Sign::Gte),
    (":<=", Sign::Lte),
    (":!=", Sign::IsNot),
    (":>", Sign::Gt),
    (":<", Sign::Lt),
    (":=", Sign::Is),
    ("!=", Sign::IsNot),
    (">=", Sign::Gte),
    ("<=", Sign::Lte),
    (">", Sign::Gt),
    ("<", Sign::Lt),
    (":", Sign::Is),
    ("=", Sign::Is),
];

pub(super) struct Scanner<'t> {
    text: &'t str,
    place: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, place: 0 }
    }

    /// Another one at the same place, to look ahead with.
    pub(super) fn new_at(other: &Self) -> Self {
        Self { text: other.text, place: other.place }
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }

    fn rest(&self) -> &'t str {
        &self.text[self.place..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        self.place += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes `expected` if it comes next.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.place += expected.len();
        }
        found
    }

    /// Takes a word such as `OR` if it comes next and stands alone: `or:` would be a field.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
            && rest[word.len()..]
                .chars()
                .next()
                .is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')' | '-'));
        if found {
            self.place += word.len();
        }
        found
    }

    /// Takes `all(` or `any(`: a group by its name.
    pub(super) fn take_group(&mut self, name: &str) -> bool {
        let rest = self.rest();
        let found = rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
            && rest[name.len()..].starts_with('(');
        if found {
            self.place += name.len() + 1;
        }
        found
    }

    /// The name of a field: bare, with quoted parts for what a bare one cannot hold (`customFields."Deal stage"`).
    pub(super) fn name(&mut self) -> Result<String, Wrong> {
        let mut name = String::new();
        while let Some(next) = self.peek() {
            if next == '"' {
                name += &self.quoted()?;
            } else if next.is_whitespace() || matches!(next, ':' | '=' | '!' | '<' | '>' | '(' | ')' | ',') {
                break;
            } else {
                name.push(next);
                self.place += next.len_utf8();
            }
        }
        Ok(name)
    }

    pub(super) fn sign(&mut self) -> Option<Sign> {
        SIGNS.into_iter().find(|(text, _)| self.take(text)).map(|(_, sign)| sign)
    }

    /// The pieces of one value up to white space, a comma or a parenthesis.
    pub(super) fn pieces(&mut self) -> Result<Vec<Piece>, Wrong> {
        let mut pieces = Vec::new();
        while let Some(next) = self.peek() {
            match next {
                '"' => pieces.push(Piece::Quoted(self.quoted()?)),
                '*' => {
                    self.place += 1;
                    pieces.push(Piece::Star);
                }
                _ if self.take("..") => pieces.push(Piece::Dots),
                ',' | '(' | ')' => break,
                _ if next.is_whitespace() => break,
                _ => pieces.push(Piece::Bare(self.bare())),
            }
        }
        Ok(pieces)
    }

    fn bare(&mut self) -> String {
        let from = self.place;
        while let Some(next) = self.peek() {
            let ends =
                next.is_whitespace() || matches!(next, '"' | '*' | ',' | '(' | ')') || self.rest().starts_with("..");
            if ends {
                break;
            }
            self.place += next.len_utf8();
        }
        self.text[from..self.place].to_owned()
    }

    /// A quoted text; `\"` and `\\` stand for the characters themselves.
    fn quoted(&mut self) -> Result<String, Wrong> {
        let opened = self.place;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.place = opened + at + 1;
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                other => text.push(other),
            }
        }
        Err((opened, FilterProblem::wrong("a closing quotation mark")))
    }
}
