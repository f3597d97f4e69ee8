//! The filter language: a JSON tree of tests on leads, and what it means.
//!
//! ```json
//! {"and": [{"field": "enrichmentStatus", "op": "eq", "value": "failed"},
//!          {"not": {"field": "customFields.Fair", "op": "empty"}}]}
//! ```
//! [`Filter::parse`] types every test once, so that [`Filter::matches`] only compares. Text is compared folded: case,
//! accents and width do not matter, and of phone numbers only the digits do ([`Form`]). An empty `and` matches everything, an empty `or` nothing. A field without a value
//! matches `empty` and `ne` and nothing else.

mod compare;
mod error;
mod field;
mod form;
mod parse;
mod text;

pub use compare::{Op, TextOperand};
pub use error::{FilterError, FilterProblem};
pub use field::{Field, FlagField, IdField, KeywordField, TextField, TimeField, domain_of};
pub use form::{Form, number_of};
pub use text::{FilterTextError, MAX_FILTER_CHARS};

use super::id::LeadId;
use super::lead::{Lead, LeadField};
use super::time::Time;

/// What a filter may be at most; it comes from outside.
pub const MAX_DEPTH: usize = 16;
pub const MAX_TESTS: usize = 500;
/// Values in one `in`.
pub const MAX_VALUES: usize = 1_000;
/// Characters of one value or field name.
pub const MAX_TEXT_CHARS: usize = 1_000;

/// A filter that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

/// One test: a field, what to compare, and the values to compare with. An operator that takes one value has one
/// operand, `between` two, `empty` and `notEmpty` none.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Text {
        field: TextField,
        op: Op,
        operands: Vec<TextOperand>,
    },
    /// Matches when any tag does; `ne` when none is equal. Operands are folded.
    Tags {
        op: Op,
        operands: Vec<TextOperand>,
    },
    QualityScore {
        op: Op,
        operands: Vec<f64>,
    },
    Time {
        field: TimeField,
        op: Op,
        operands: Vec<Time>,
    },
    /// Operands are the names of the API.
    Keyword {
        field: KeywordField,
        op: Op,
        operands: Vec<&'static str>,
    },
    Id {
        field: IdField,
        op: Op,
        operands: Vec<u64>,
    },
    Flag {
        field: FlagField,
        op: Op,
        operands: Vec<bool>,
    },
    /// What the lead lacks for a full quality score.
    MissingFields {
        op: Op,
        operands: Vec<LeadField>,
    },
}

impl Filter {
    /// Reads a filter from the JSON of a request, which may also be a string that holds it as text. Errors point into it.
    pub fn parse(json: &serde_json::Value) -> Result<Self, FilterError> {
        parse::filter(json)
    }

    pub fn matches(&self, id: LeadId, lead: &Lead) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.matches(id, lead)),
            Self::Or(any) => any.iter().any(|filter| filter.matches(id, lead)),
            Self::Not(filter) => !filter.matches(id, lead),
            Self::Test(test) => test.matches(id, lead),
        }
    }
}

impl Test {
    /// The field that is tested.
    pub fn field(&self) -> Field {
        match self {
            Self::Text { field, .. } => Field::Text(field.clone()),
            Self::Tags { .. } => Field::Tags,
            Self::QualityScore { .. } => Field::QualityScore,
            Self::Time { field, .. } => Field::Time(*field),
            Self::Keyword { field, .. } => Field::Keyword(*field),
            Self::Id { field, .. } => Field::Id(*field),
            Self::Flag { field, .. } => Field::Flag(*field),
            Self::MissingFields { .. } => Field::MissingFields,
        }
    }
}

#[cfg(test)]
mod tests;
