//! A filter: tests on the fields of a lead, joined by and, or, not. `filter_test` says what a test matches.

use std::ops::Bound;
use std::sync::Arc;

use tantivy::query::Query;

use super::error::QueryError;
use super::field::SearchField;
use super::filter_test::test_query;
use super::memory::Memory;
use super::scope::not;
use super::simplify::simplified;
use super::text_query::{all_of, any_of};
use crate::domain::filter::number_of;

const MAX_DEPTH: usize = 16;
/// Clauses and values together.
const MAX_NODES: usize = 10_000;
/// Each looks at all values of a field.
const MAX_WIDE_TESTS: usize = 50;

/// The filter tree of the contract. An empty `All` matches everything, an empty `Any` nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Test(SearchField, Test),
}

/// What is asked of a field. Texts are compared folded.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Eq(Value),
    /// Not equal; an empty field is not equal to anything.
    Ne(Value),
    In(Vec<Value>),
    /// Anywhere inside; of values over 240 bytes the beginning is looked at. Walks all values of the field.
    Contains(String),
    Prefix(String),
    Range {
        from: Bound<Value>,
        to: Bound<Value>,
    },
    Empty,
    NotEmpty,
}

impl Test {
    pub(super) const fn op(&self) -> &'static str {
        match self {
            Self::Eq(_) => "eq",
            Self::Ne(_) => "ne",
            Self::In(_) => "in",
            Self::Contains(_) => "contains",
            Self::Prefix(_) => "prefix",
            Self::Range { .. } => "a range",
            Self::Empty => "empty",
            Self::NotEmpty => "notEmpty",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Number(f64),
    Bool(bool),
}

impl Value {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(yes) => yes.to_string(),
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => number_of(text),
            Self::Number(number) => Some(*number).filter(|number| number.is_finite()),
            Self::Bool(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Clause {
    pub fn test(field: SearchField, test: Test) -> Self {
        Self::Test(field, test)
    }

    pub(super) fn query(&self, memory: &Arc<Memory>) -> Result<Box<dyn Query>, QueryError> {
        let mut nodes = 0;
        self.measure(0, &mut nodes)?;
        let simple = simplified(self);
        if simple.wide_tests() > MAX_WIDE_TESTS {
            return Err(QueryError::TooManyWideTests { max: MAX_WIDE_TESTS });
        }
        simple.translate(memory)
    }

    /// Tests that may match by any number of different values.
    fn wide_tests(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::wide_tests).sum(),
            Self::Not(part) => part.wide_tests(),
            Self::Test(_, Test::Contains(_) | Test::Prefix(_) | Test::Range { .. }) => 1,
            Self::Test(..) => 0,
        }
    }

    fn measure(&self, depth: usize, nodes: &mut usize) -> Result<(), QueryError> {
        *nodes += match self {
            Self::Test(_, Test::In(values)) => values.len() + 1,
            _ => 1,
        };
        if depth > MAX_DEPTH || *nodes > MAX_NODES {
            return Err(QueryError::FilterTooLarge { max: MAX_DEPTH, nodes: MAX_NODES });
        }
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().try_for_each(|part| part.measure(depth + 1, nodes)),
            Self::Not(part) => part.measure(depth + 1, nodes),
            Self::Test(..) => Ok(()),
        }
    }

    fn translate(&self, memory: &Arc<Memory>) -> Result<Box<dyn Query>, QueryError> {
        let parts =
            |clauses: &[Self]| clauses.iter().map(|clause| clause.translate(memory)).collect::<Result<Vec<_>, _>>();
        match self {
            Self::All(clauses) if clauses.is_empty() => Ok(Box::new(tantivy::query::AllQuery)),
            Self::All(clauses) => Ok(all_of(parts(clauses)?)),
            Self::Any(clauses) => Ok(any_of(parts(clauses)?)),
            Self::Not(clause) => Ok(not(clause.translate(memory)?)),
            Self::Test(field, test) => test_query(field, test, memory),
        }
    }
}
