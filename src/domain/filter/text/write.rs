//! A filter as text.

use std::fmt;
use std::str::FromStr;

use serde_json::Number;

use crate::domain::filter::{Field, Filter, IdField, Op, Test, TextField, TextOperand};
use crate::domain::id::{Id, JobId, LeadId, ListId, UserId};

/// Where a part stands, which decides about parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Or,
    /// Beside other tests, or behind a negation.
    Sequence,
}

impl fmt::Display for Filter {
    /// The text that [`Filter::parse_text`] reads back as this filter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Around::Nothing)
    }
}

impl Filter {
    fn write(&self, f: &mut fmt::Formatter<'_>, around: Around) -> fmt::Result {
        let in_parentheses =
            |f: &mut fmt::Formatter<'_>, parts: &[Self], separator: &str, inner: Around, needed: bool| {
                f.write_str(if needed { "(" } else { "" })?;
                for (number, part) in parts.iter().enumerate() {
                    f.write_str(if number > 0 { separator } else { "" })?;
                    part.write(f, inner)?;
                }
                f.write_str(if needed { ")" } else { "" })
            };
        match self {
            Self::And(parts) if parts.len() > 1 => {
                in_parentheses(f, parts, " ", Around::Sequence, around == Around::Sequence)
            }
            Self::Or(parts) if parts.len() > 1 => {
                in_parentheses(f, parts, " OR ", Around::Or, around != Around::Nothing)
            }
            Self::And(parts) => {
                f.write_str("all")?;
                in_parentheses(f, parts, ", ", Around::Nothing, true)
            }
            Self::Or(parts) => {
                f.write_str("any")?;
                in_parentheses(f, parts, ", ", Around::Nothing, true)
            }
            Self::Not(part) => {
                f.write_str("-")?;
                part.write(f, Around::Sequence)
            }
            Self::Test(test) => test.write(f),
        }
    }
}

impl Test {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_of(&self.field()))?;
        match self {
            Self::Text { op, operands, .. } | Self::Tags { op, operands } => comparison(f, *op, operands, text),
            Self::QualityScore { op, operands } => comparison(f, *op, operands, |number| {
                Number::from_f64(*number).map_or_else(|| number.to_string(), |number| number.to_string())
            }),
            Self::Time { op, operands, .. } => comparison(f, *op, operands, ToString::to_string),
            Self::Keyword { op, operands, .. } => comparison(f, *op, operands, ToString::to_string),
            Self::Id { field, op, operands } => comparison(f, *op, operands, |id| match field {
                IdField::Id => LeadId::from_u64(*id).to_string(),
                IdField::ListId => ListId::from_u64(*id).to_string(),
                IdField::Owner => UserId::from_u64(*id).to_string(),
                IdField::EnrichmentJobId => JobId::from_u64(*id).to_string(),
            }),
            Self::Flag { op, operands, .. } => comparison(f, *op, operands, ToString::to_string),
            Self::MissingFields { op, operands } => comparison(f, *op, operands, |field| field.name().to_owned()),
        }
    }
}

fn comparison<T>(f: &mut fmt::Formatter<'_>, op: Op, operands: &[T], shown: impl Fn(&T) -> String) -> fmt::Result {
    let all: Vec<String> = operands.iter().map(shown).collect();
    let first = all.first().map(String::as_str).unwrap_or_default();
    match op {
        Op::Eq => write!(f, ":{first}"),
        Op::Ne => write!(f, "!={first}"),
        Op::In => write!(f, ":({})", all.join(", ")),
        Op::Contains => write!(f, ":*{first}*"),
        Op::Prefix => write!(f, ":{first}*"),
        Op::Gt => write!(f, ">{first}"),
        Op::Gte => write!(f, ">={first}"),
        Op::Lt => write!(f, "<{first}"),
        Op::Lte => write!(f, "<={first}"),
        Op::Between => write!(f, ":{}", all.join("..")),
        Op::Empty => f.write_str(":empty"),
        Op::NotEmpty => f.write_str(":*"),
    }
}

/// A number of a JSON filter bare, a text in quotes where it could be taken for something else.
fn text(operand: &TextOperand) -> String {
    let folded = &operand.folded;
    if operand.number.is_some() {
        return folded.clone();
    }
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '.' | '+' | '&' | '/' | '#' | '\'');
    let bare = !folded.is_empty()
        && folded.chars().all(is_plain)
        && !folded.contains("..")
        && !folded.starts_with('.')
        && !folded.ends_with('.')
        && !folded.eq_ignore_ascii_case("empty")
        && Number::from_str(folded).is_err();
    if bare { folded.clone() } else { quoted(folded) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The name of the API; the own name of a custom field in quotes where it needs them.
fn name_of(field: &Field) -> String {
    let name = field.name();
    match field {
        Field::Text(TextField::Custom(own)) if !own.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) => {
            format!("{}{}", &name[..name.len() - own.len()], quoted(own))
        }
        _ => name,
    }
}
