//! Why a JSON value is not a filter.

use crate::domain::spelling::did_you_mean;

/// A problem and the JSON pointer (RFC 6901) to the value that has it, from the root of the filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter{pointer}: {problem}")]
pub struct FilterError {
    pub pointer: String,
    pub problem: FilterProblem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterProblem {
    #[error("expected an object with one of and, or, not, or with field and op")]
    NotAFilter,
    #[error("expected a list of filters")]
    NotAList,
    #[error("unknown key \"{key}\"")]
    UnknownKey { key: String },
    #[error("unknown field \"{name}\"{}", did_you_mean(.closest.as_deref()))]
    UnknownField { name: String, closest: Option<String> },
    #[error("unknown op \"{name}\"{}", did_you_mean(.closest.as_deref()))]
    UnknownOp { name: String, closest: Option<String> },
    #[error("{op} does not work on {field}; it takes {allowed}")]
    OpNotForField { op: &'static str, field: String, allowed: String },
    #[error("{op} takes no value")]
    NeedlessValue { op: &'static str },
    #[error("expected {expected}")]
    WrongValue { expected: String },
    #[error("nested deeper than {limit}")]
    TooDeep { limit: usize },
    #[error("more than {limit} {what}")]
    TooMany { limit: usize, what: &'static str },
    /// The filter was given as text.
    #[error("at character {position}: {problem}")]
    InText { position: usize, problem: Box<FilterProblem> },
}

impl FilterProblem {
    pub(super) fn wrong(expected: impl Into<String>) -> Self {
        Self::WrongValue { expected: expected.into() }
    }
}
