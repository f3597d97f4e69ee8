//! Reading TOML with the line of everything at hand: each table tells at its end which of its keys nobody knows.
//!
//! Problems are collected, not returned, so that one look at a manifest names all that is wrong with it.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::ManifestProblem;

/// How alike a key has to be to one that is known to be suggested for it.
const ALIKE: f64 = 0.75;

/// The text, and what was found wrong in it so far.
pub struct Document<'t> {
    text: &'t str,
    problems: RefCell<Vec<ManifestProblem>>,
}

impl<'t> Document<'t> {
    pub const fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::new(Vec::new()) }
    }

    pub fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }

    pub fn report(&self, at: usize, key: &str, message: impl Into<String>) {
        let problem = ManifestProblem { line: self.line(at), key: key.to_owned(), message: message.into() };
        self.problems.borrow_mut().push(problem);
    }

    /// By line.
    pub fn into_problems(self) -> Vec<ManifestProblem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    pub fn root<'d>(&'d self, table: &'d Spanned<DeTable<'t>>) -> Table<'d, 't> {
        Table { document: self, path: String::new(), at: 0, entries: table.get_ref(), asked: RefCell::default() }
    }
}

/// A value at its place.
#[derive(Clone)]
pub struct Value<'d, 't> {
    pub document: &'d Document<'t>,
    pub path: String,
    pub span: Range<usize>,
    pub value: &'d DeValue<'t>,
}

impl<'d, 't> Value<'d, 't> {
    pub fn fail(&self, message: impl Into<String>) {
        self.document.report(self.span.start, &self.path, message);
    }

    fn or_fail<T>(&self, value: Option<T>, wanted: &str) -> Option<T> {
        if value.is_none() {
            self.fail(format!("must be {wanted}, not {}", kind(self.value)));
        }
        value
    }

    /// Not empty.
    pub fn text(&self) -> Option<String> {
        let text = self.or_fail(self.value.as_str(), "a text")?;
        if text.trim().is_empty() {
            self.fail("must not be empty");
            return None;
        }
        Some(text.to_owned())
    }

    pub fn whole(&self) -> Option<u64> {
        let number = self
            .value
            .as_integer()
            .and_then(|number| u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok());
        self.or_fail(number, "a whole number")
    }

    pub fn number(&self) -> Option<f64> {
        let text = self.value.as_float().map(|number| number.as_str().replace('_', ""));
        let text = text.or_else(|| self.value.as_integer().map(|number| number.as_str().replace('_', "")));
        self.or_fail(text.and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite()), "a number")
    }

    pub fn flag(&self) -> Option<bool> {
        self.or_fail(self.value.as_bool(), "true or false")
    }

    /// `"500ms"`, `"5s"`, `"1m"`, `"2h"`, `"1d"`.
    pub fn duration(&self) -> Option<Duration> {
        let text = self.text()?;
        let duration = duration(&text);
        if duration.is_none() {
            self.fail(format!("\"{text}\" is no duration; write \"500ms\", \"5s\", \"1m\", \"2h\" or \"1d\""));
        }
        duration
    }

    pub fn table(&self) -> Option<Table<'d, 't>> {
        let entries = self.or_fail(self.value.as_table(), "a table")?;
        let (document, path, at) = (self.document, self.path.clone(), self.span.start);
        Some(Table { document, path, at, entries, asked: RefCell::default() })
    }

    /// The members of a list; a single value stands for a list of one.
    pub fn members(&self) -> Vec<Self> {
        let Some(list) = self.value.as_array() else { return vec![self.clone()] };
        let member = |(place, value): (usize, &'d Spanned<DeValue<'t>>)| Self {
            document: self.document,
            path: format!("{}[{place}]", self.path),
            span: value.span(),
            value: value.get_ref(),
        };
        list.iter().enumerate().map(member).collect()
    }

    pub fn texts(&self) -> Vec<String> {
        self.members().iter().filter_map(Self::text).collect()
    }

    /// The one of `known` that is named. What is not known is told with what was probably meant.
    pub fn one_of<T>(&self, what: &str, known: &[(&str, T)]) -> Option<T>
    where
        T: Clone,
    {
        let text = self.text()?;
        let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone());
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.fail(format!("\"{text}\" is no {what}{}", meant(&text, &names)));
        }
        found
    }
}

/// A table, and which of its keys were asked for.
pub struct Table<'d, 't> {
    pub document: &'d Document<'t>,
    pub path: String,
    pub at: usize,
    entries: &'d DeTable<'t>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d, 't> Table<'d, 't> {
    pub fn get(&self, key: &'static str) -> Option<Value<'d, 't>> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|(known, _)| known.get_ref() == key).map(|(_, value)| self.member(key, value))
    }

    fn member(&self, key: &str, value: &'d Spanned<DeValue<'t>>) -> Value<'d, 't> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Value { document: self.document, path, span: value.span(), value: value.get_ref() }
    }

    /// The value, or a word that it is missing.
    pub fn need(&self, key: &'static str) -> Option<Value<'d, 't>> {
        let value = self.get(key);
        if value.is_none() {
            self.fail(format!("lacks the key `{key}`"));
        }
        value
    }

    pub fn fail(&self, message: impl Into<String>) {
        self.document.report(self.at, &self.path, message);
    }

    /// Every key with its value, as they stand in the file: for tables whose keys are free.
    pub fn entries(&self) -> Vec<(String, Value<'d, 't>)> {
        let mut all: Vec<_> = self.entries.iter().collect();
        all.sort_by_key(|(key, _)| key.span().start);
        all.into_iter().map(|(key, value)| (key.get_ref().to_string(), self.member(key.get_ref(), value))).collect()
    }

    /// Reports every key that was never asked for.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.entries {
            let name: &str = key.get_ref();
            if !asked.contains(&name) {
                let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
                let meant = meant(name, &asked);
                self.document.report(key.span().start, &path, format!("is not known{meant}"));
            }
        }
    }
}

/// `; did you mean ...?`, else what is known.
fn meant(text: &str, known: &[&str]) -> String {
    let alike = |name: &&str| strsim::jaro_winkler(&text.to_lowercase(), &name.to_lowercase());
    let best = known.iter().copied().max_by(|left, right| alike(left).total_cmp(&alike(right)));
    match best {
        Some(best) if alike(&best) >= ALIKE => format!("; did you mean `{best}`?"),
        _ if known.len() <= 20 => format!("; known are {}", known.join(", ")),
        _ => String::new(),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|next: char| next.is_ascii_digit());
    let figure: u64 = text[..text.len() - unit.len()].parse().ok()?;
    let unit = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    figure.checked_mul(unit).map(Duration::from_millis)
}
