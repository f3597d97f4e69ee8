//! What a test of the text means: the operator behind a sign and the shape of its value.

use std::str::FromStr;

use jiff::civil::Date;
use serde_json::{Number, Value, json};

use super::scan::{Piece, Sign};
use crate::domain::filter::{Field, FilterProblem, Op};
use crate::domain::time::Time;

/// The values of a test as they were read.
pub(super) enum Read {
    One(Vec<Piece>),
    /// A list, also one of a single value or none.
    Several(Vec<Vec<Piece>>),
}

type Told<T> = Result<T, FilterProblem>;

/// The test as JSON.
pub(super) fn test(name: &str, field: &Field, sign: Sign, values: Read) -> Told<Value> {
    let with = |op: Op, value: Value| json!({ "field": name, "op": op.name(), "value": value });
    let without = |op: Op| json!({ "field": name, "op": op.name() });
    let pieces = match (sign, values) {
        (Sign::Is, Read::Several(values)) => {
            return Ok(with(Op::In, values.iter().map(|pieces| single(field, pieces)).collect::<Told<_>>()?));
        }
        (Sign::IsNot, Read::Several(values)) => {
            let list = with(Op::In, values.iter().map(|pieces| single(field, pieces)).collect::<Told<_>>()?);
            return Ok(json!({ "not": list }));
        }
        (_, Read::Several(_)) => return Err(FilterProblem::wrong("one value to compare with by size")),
        (_, Read::One(pieces)) => pieces,
    };
    if let Field::Time(_) = field
        && let Some(span) = span_of(&pieces)
    {
        return Ok(within(name, sign, span));
    }
    let op = match sign {
        Sign::Is => return is(field, &pieces, with, without),
        Sign::IsNot => match &pieces[..] {
            [Piece::Bare(word)] if word.eq_ignore_ascii_case("empty") => return Ok(without(Op::NotEmpty)),
            [Piece::Star] => return Ok(without(Op::Empty)),
            [_] => Op::Ne,
            _ => return Ok(json!({ "not": is(field, &pieces, with, without)? })),
        },
        Sign::Gt => Op::Gt,
        Sign::Gte => Op::Gte,
        Sign::Lt => Op::Lt,
        Sign::Lte => Op::Lte,
    };
    Ok(with(op, single(field, &pieces)?))
}

fn is(
    field: &Field,
    pieces: &[Piece],
    with: impl Fn(Op, Value) -> Value,
    without: impl Fn(Op) -> Value,
) -> Told<Value> {
    use Piece::{Bare, Dots, Star};
    let one = |piece: &Piece| single(field, std::slice::from_ref(piece));
    Ok(match pieces {
        [Star] => without(Op::NotEmpty),
        [Bare(word)] if word.eq_ignore_ascii_case("empty") => without(Op::Empty),
        [from, Dots, to] => with(Op::Between, json!([bound(field, from, false)?, bound(field, to, true)?])),
        [from, Dots] => with(Op::Gte, bound(field, from, false)?),
        [Dots, to] => with(Op::Lte, bound(field, to, true)?),
        [Star, value, Star] => with(Op::Contains, one(value)?),
        [value, Star] => with(Op::Prefix, one(value)?),
        _ => with(Op::Eq, single(field, pieces)?),
    })
}

/// One value without stars and dots. A bare number is a number where numbers can be compared.
fn single(field: &Field, pieces: &[Piece]) -> Told<Value> {
    match pieces {
        [Piece::Quoted(text)] => Ok(Value::String(text.clone())),
        [Piece::Bare(word)] => Ok(bare(field, word)),
        [Piece::Star, ..] | [.., Piece::Star] => {
            Err(FilterProblem::wrong("a star alone, behind a value (begins with) or on both sides of it (contains)"))
        }
        _ => Err(FilterProblem::wrong("one value; quote it where it holds quotation marks, stars or two dots")),
    }
}

fn bare(field: &Field, word: &str) -> Value {
    let text = || Value::String(word.to_owned());
    match field {
        Field::Text(_) | Field::Tags | Field::QualityScore => number(word).map_or_else(text, Value::Number),
        Field::Flag(_) => match word.to_ascii_lowercase().as_str() {
            "true" | "yes" => Value::Bool(true),
            "false" | "no" => Value::Bool(false),
            _ => text(),
        },
        Field::Keyword(_) => Value::String(word.to_ascii_lowercase()),
        Field::MissingFields => super::names::api_name(word).map_or_else(|_| text(), Value::String),
        _ => text(),
    }
}

/// A number as JSON writes it. Fractions are read here, because `serde_json` rounds the last digit.
fn number(word: &str) -> Option<Number> {
    let read = Number::from_str(word).ok()?;
    if read.is_f64() { Number::from_f64(word.parse().ok()?) } else { Some(read) }
}

/// The end of a range: of a year, month or day its first or its last moment.
fn bound(field: &Field, piece: &Piece, is_end: bool) -> Told<Value> {
    let pieces = std::slice::from_ref(piece);
    match span_of(pieces).filter(|_| matches!(field, Field::Time(_))) {
        Some((_, end)) if is_end => Ok(json!(end.to_string())),
        Some((start, _)) => Ok(json!(start.to_string())),
        None => single(field, pieces),
    }
}

/// Comparing with a year, month or day is comparing with all of it.
fn within(name: &str, sign: Sign, (start, end): (Time, Time)) -> Value {
    let test = |op: Op, value: Value| json!({ "field": name, "op": op.name(), "value": value });
    let (first, last) = (json!(start.to_string()), json!(end.to_string()));
    match sign {
        Sign::Is => test(Op::Between, json!([first, last])),
        Sign::IsNot => json!({ "not": test(Op::Between, json!([first, last])) }),
        Sign::Gt => test(Op::Gt, last),
        Sign::Gte => test(Op::Gte, first),
        Sign::Lt => test(Op::Lt, first),
        Sign::Lte => test(Op::Lte, last),
    }
}

/// The first and last millisecond of `2026`, `2026-01` or `2026-01-31`, in UTC.
fn span_of(pieces: &[Piece]) -> Option<(Time, Time)> {
    let [Piece::Bare(text) | Piece::Quoted(text)] = pieces else { return None };
    let parts: Vec<&str> = text.split('-').collect();
    let number = |place: usize, digits: usize| {
        parts.get(place).filter(|part| part.len() == digits).and_then(|part| part.parse::<i16>().ok())
    };
    let (year, month, day) = (number(0, 4)?, number(1, 2), number(2, 2));
    let date = |year, month, day| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    let (first, last) = match (parts.len(), month, day) {
        (1, ..) => (date(year, 1, 1)?, date(year, 12, 31)?),
        (2, Some(month), _) => {
            let first = date(year, month, 1)?;
            (first, first.last_of_month())
        }
        (3, Some(month), Some(day)) => (date(year, month, day)?, date(year, month, day)?),
        _ => return None,
    };
    let start = Time::parse(&format!("{first}T00:00:00Z"))?;
    let end = Time::parse(&format!("{last}T23:59:59.999Z"))?;
    Some((start, end))
}
