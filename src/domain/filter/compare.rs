//! What the operators mean.

use super::form::{Form, number_of};

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    In,
    Contains,
    Prefix,
    Gt,
    Gte,
    Lt,
    Lte,
    /// Both ends belong to it.
    Between,
    Empty,
    NotEmpty,
}

impl Op {
    pub const ALL: [Self; 12] = [
        Self::Eq,
        Self::Ne,
        Self::In,
        Self::Contains,
        Self::Prefix,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
        Self::Between,
        Self::Empty,
        Self::NotEmpty,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::In => "in",
            Self::Contains => "contains",
            Self::Prefix => "prefix",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Between => "between",
            Self::Empty => "empty",
            Self::NotEmpty => "notEmpty",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.name() == name)
    }

    /// For values that are equal or in an order. `contains` and `prefix` are for text only and never match here.
    pub(super) fn test<T: PartialOrd>(self, value: Option<&T>, operands: &[T]) -> bool {
        let Some(value) = value else { return matches!(self, Self::Empty | Self::Ne) };
        match (self, operands) {
            (Self::NotEmpty, _) => true,
            (Self::In, _) => operands.contains(value),
            (Self::Between, [low, high]) => low <= value && value <= high,
            (Self::Eq, [operand]) => value == operand,
            (Self::Ne, [operand]) => value != operand,
            (Self::Gt, [operand]) => value > operand,
            (Self::Gte, [operand]) => value >= operand,
            (Self::Lt, [operand]) => value < operand,
            (Self::Lte, [operand]) => value <= operand,
            _ => false,
        }
    }

    /// For a set: `eq`, `in` and `contains` ask for a member, `ne` that there is none.
    pub(super) fn test_members<T: PartialEq>(self, members: &[T], operands: &[T]) -> bool {
        let any = || operands.iter().any(|operand| members.contains(operand));
        match self {
            Self::Empty => members.is_empty(),
            Self::NotEmpty => !members.is_empty(),
            Self::Ne => !any(),
            Self::Eq | Self::In | Self::Contains => any(),
            _ => false,
        }
    }

    pub(super) fn test_text(self, form: Form, value: Option<&str>, operands: &[TextOperand]) -> bool {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return matches!(self, Self::Empty | Self::Ne);
        };
        if matches!(self, Self::Empty | Self::NotEmpty) {
            return self == Self::NotEmpty;
        }
        let folded = form.whole(value);
        let number = || number_of(&folded);
        match (self, operands) {
            (Self::In, _) => operands.iter().any(|operand| operand.equals(&folded)),
            (Self::Eq, [operand]) => operand.equals(&folded),
            (Self::Ne, [operand]) => !operand.equals(&folded),
            (Self::Contains, [operand]) => folded.contains(&operand.folded),
            (Self::Prefix, [operand]) => folded.starts_with(&operand.folded),
            (Self::Between, [TextOperand { number: Some(low), .. }, TextOperand { number: Some(high), .. }]) => {
                self.test(number().as_ref(), &[*low, *high])
            }
            (Self::Between, [low, high]) => self.test(Some(&folded), &[low.folded.clone(), high.folded.clone()]),
            (_, [TextOperand { number: Some(operand), .. }]) => self.test(number().as_ref(), &[*operand]),
            (_, [operand]) => self.test(Some(folded.as_str()).as_ref(), &[operand.folded.as_str()]),
            _ => false,
        }
    }

    /// For several texts: true when one of them passes, `ne` when none is equal.
    pub(super) fn test_texts(self, values: &[String], operands: &[TextOperand]) -> bool {
        match self {
            Self::Empty => values.is_empty(),
            Self::NotEmpty => !values.is_empty(),
            Self::Ne => !Self::Eq.test_texts(values, operands),
            _ => values.iter().any(|value| self.test_text(Form::Plain, Some(value), operands)),
        }
    }
}

/// A value to compare text with.
#[derive(Debug, Clone, PartialEq)]
pub struct TextOperand {
    /// In the form that the field is compared in.
    pub folded: String,
    /// Set where the filter gave a JSON number: then numbers are compared, and text that is none does not match.
    pub number: Option<f64>,
}

impl TextOperand {
    /// What `op` compares texts of this form with.
    pub fn new(form: Form, op: Op, text: &str) -> Self {
        let folded = if matches!(op, Op::Contains | Op::Prefix) { form.part(text) } else { form.whole(text) };
        Self { folded, number: None }
    }

    fn equals(&self, folded: &str) -> bool {
        self.folded == folded
            || self.number.is_some_and(|number| number_of(folded).is_some_and(|value| value == number))
    }
}
