//! One test of a filter as a query on terms and columns.

use std::ops::Bound;

use tantivy::query::{AllQuery, EmptyQuery, InvertedIndexRangeQuery, Query, RangeQuery, RegexQuery, TermSetQuery};
use tantivy::schema::{Field, Term};

use super::address::typed_beginning;
use super::analysis::{digits, fold, keyword, keyword_prefix};
use super::custom_field::{custom_name, custom_number_term, custom_presence, custom_term, fact_term};
use super::document::{page_keyword, phone_keyword};
use super::error::QueryError;
use super::field::{Kind, SearchField};
use super::filter::{Test, Value};
use super::schema::SCHEMA;
use super::scope::{in_lists, not};
use super::text_query::{any_of, beginning_with, term_query};
use crate::domain::id::{Id, LeadId};
use crate::domain::time::Time;

pub fn test_query(field: &SearchField, test: &Test) -> Result<Box<dyn Query>, QueryError> {
    match test {
        Test::Ne(value) => return Ok(not(test_query(field, &Test::Eq(value.clone()))?)),
        Test::Empty => return Ok(not(present(field))),
        Test::NotEmpty => return Ok(present(field)),
        Test::In(values) if values.is_empty() => return Ok(Box::new(EmptyQuery)),
        Test::Range { from: Bound::Unbounded, to: Bound::Unbounded } => return Ok(present(field)),
        _ => {}
    }
    match (field.kind(), SCHEMA.1.named(field)) {
        (Kind::List, _) => Ok(in_lists(&ids(field, test, "a list id")?)),
        (Kind::Lead, _) => {
            let leads = ids::<LeadId>(field, test, "a lead id")?;
            let terms = leads.into_iter().map(|lead| Term::from_field_u64(SCHEMA.1.lead, lead.as_u64()));
            Ok(Box::new(TermSetQuery::new(terms)))
        }
        (Kind::Custom, _) => custom_test(field, test),
        (Kind::Enriched, _) => {
            let SearchField::Enriched(fact) = field else { return Err(unsupported(field, test)) };
            let whole = |text: &str| keyword(text).into_owned();
            text_test(field, SCHEMA.1.custom, &fact_term(*fact, ""), whole, keyword_prefix, test)
        }
        (Kind::Number | Kind::Time, Some(place)) => number_test(field, place, test),
        (Kind::Digits, Some(place)) => text_test(field, place, "", phone_keyword, phone_part, test),
        (Kind::Page, Some(place)) => text_test(field, place, "", page_keyword, page_part, test),
        (Kind::Keyword, Some(place)) => {
            text_test(field, place, "", |text| keyword(text).into_owned(), keyword_prefix, test)
        }
        (_, None) => Err(unsupported(field, test)),
    }
}

fn present(field: &SearchField) -> Box<dyn Query> {
    match field {
        _ if field.is_always_present() => Box::new(AllQuery),
        SearchField::Custom(name) => term_query(SCHEMA.1.present, &custom_presence(&custom_name(name))),
        _ => term_query(SCHEMA.1.present, field.name()),
    }
}

/// Tests on the keywords of one field that stand behind `lead_in`.
fn text_test(
    field: &SearchField,
    place: Field,
    lead_in: &str,
    whole: impl Fn(&str) -> String,
    part: impl Fn(&str) -> String,
    test: &Test,
) -> Result<Box<dyn Query>, QueryError> {
    let term = |value: &Value| Term::from_field_text(place, &format!("{lead_in}{}", whole(&value.text())));
    Ok(match test {
        Test::Eq(value) => term_query(place, &format!("{lead_in}{}", whole(&value.text()))),
        Test::In(values) => Box::new(TermSetQuery::new(values.iter().map(term))),
        Test::Prefix(text) => beginning_with(place, &format!("{lead_in}{}", part(text))),
        Test::Contains(text) => {
            let pattern = format!("{}(?s).*{}.*", escaped(lead_in), escaped(&part(text)));
            let query = RegexQuery::from_pattern(&pattern, place);
            Box::new(query.map_err(|_| bad_value(field, text, "short enough to be looked for inside values"))?)
        }
        Test::Range { from, to } => Box::new(InvertedIndexRangeQuery::new(
            match from {
                Bound::Unbounded => Bound::Included(Term::from_field_text(place, lead_in)),
                from => from.as_ref().map(term),
            },
            match to {
                Bound::Unbounded => Bound::Excluded(Term::from_field_text(place, &format!("{lead_in}{}", char::MAX))),
                to => to.as_ref().map(term),
            },
        )),
        _ => return Err(unsupported(field, test)),
    })
}

fn page_part(text: &str) -> String {
    typed_beginning(&keyword_prefix(text)).to_owned()
}

fn phone_part(text: &str) -> String {
    let number = digits(&fold(text));
    if number.is_empty() { keyword_prefix(text) } else { number }
}

/// Numbers are compared with values that are numbers, however they are written; texts with all values as texts.
fn custom_test(field: &SearchField, test: &Test) -> Result<Box<dyn Query>, QueryError> {
    let place = SCHEMA.1.custom;
    let name = custom_name(field.name());
    if let Test::Range { from, to } = test
        && let (Some(from), Some(to)) = (numeric_bound(from), numeric_bound(to))
    {
        let term = |number: f64| Term::from_field_text(place, &custom_number_term(&name, number));
        let from = match from {
            Bound::Unbounded => Bound::Included(term(f64::MIN)),
            from => from.map(term),
        };
        let to = match to {
            Bound::Unbounded => Bound::Included(term(f64::MAX)),
            to => to.map(term),
        };
        return Ok(Box::new(InvertedIndexRangeQuery::new(from, to)));
    }
    if let Test::In(values) = test {
        // One by one, because each may be a number.
        let each = values.iter().map(|value| custom_test(field, &Test::Eq(value.clone())));
        return Ok(any_of(each.collect::<Result<Vec<_>, _>>()?));
    }
    if let Test::Eq(Value::Number(number)) = test
        && number.is_finite()
    {
        let same_number = term_query(place, &custom_number_term(&name, *number));
        return Ok(any_of(vec![same_number, custom_test(field, &Test::Eq(Value::Text(number.to_string())))?]));
    }
    text_test(field, place, &custom_term(&name, ""), |text| keyword(text).into_owned(), keyword_prefix, test)
}

fn numeric_bound(bound: &Bound<Value>) -> Option<Bound<f64>> {
    match bound {
        Bound::Unbounded => Some(Bound::Unbounded),
        Bound::Included(Value::Number(number)) if number.is_finite() => Some(Bound::Included(*number)),
        Bound::Excluded(Value::Number(number)) if number.is_finite() => Some(Bound::Excluded(*number)),
        _ => None,
    }
}

/// The ids of an `eq` or `in`.
fn ids<I: Id>(field: &SearchField, test: &Test, expected: &'static str) -> Result<Vec<I>, QueryError> {
    let values = match test {
        Test::Eq(value) => std::slice::from_ref(value),
        Test::In(values) => values,
        _ => return Err(unsupported(field, test)),
    };
    let id = |value: &Value| {
        let text = value.text();
        text.parse().map_err(|_| bad_value(field, &text, expected))
    };
    values.iter().map(id).collect()
}

fn number_test(field: &SearchField, place: Field, test: &Test) -> Result<Box<dyn Query>, QueryError> {
    let one = |number: f64| whole_range(place, Bound::Included(number), Bound::Included(number));
    match test {
        Test::Eq(value) => Ok(one(number_value(field, value)?)),
        Test::In(values) => {
            let each = values.iter().map(|value| number_value(field, value).map(one));
            Ok(any_of(each.collect::<Result<Vec<_>, _>>()?))
        }
        Test::Range { from, to } => {
            let bound = |bound: &Bound<Value>| {
                Ok(match bound {
                    Bound::Unbounded => Bound::Unbounded,
                    Bound::Included(value) => Bound::Included(number_value(field, value)?),
                    Bound::Excluded(value) => Bound::Excluded(number_value(field, value)?),
                })
            };
            Ok(whole_range(place, bound(from)?, bound(to)?))
        }
        _ => Err(unsupported(field, test)),
    }
}

/// Numbers of the index are whole: the bounds move to the next whole number inside.
fn whole_range(place: Field, from: Bound<f64>, to: Bound<f64>) -> Box<dyn Query> {
    let lowest = match from {
        Bound::Included(number) => number.ceil(),
        Bound::Excluded(number) => number.floor() + 1.0,
        Bound::Unbounded => f64::NEG_INFINITY,
    };
    let highest = match to {
        Bound::Included(number) => number.floor(),
        Bound::Excluded(number) => number.ceil() - 1.0,
        Bound::Unbounded => f64::INFINITY,
    };
    if lowest > highest {
        return Box::new(EmptyQuery);
    }
    // A float beyond the range of i64 becomes its end.
    let term = |number: f64| Bound::Included(Term::from_field_i64(place, number as i64));
    Box::new(RangeQuery::new(term(lowest), term(highest)))
}

fn number_value(field: &SearchField, value: &Value) -> Result<f64, QueryError> {
    if field.kind() == Kind::Time
        && let Value::Text(text) = value
    {
        return match Time::parse(text) {
            Some(Time(ms)) => Ok(ms as f64),
            None => Err(bad_value(field, text, "an RFC 3339 time")),
        };
    }
    value.number().ok_or_else(|| bad_value(field, &value.text(), "a number"))
}

fn unsupported(field: &SearchField, test: &Test) -> QueryError {
    QueryError::UnsupportedTest { field: field.to_string(), op: test.op() }
}

fn bad_value(field: &SearchField, value: &str, expected: &'static str) -> QueryError {
    QueryError::BadValue { field: field.to_string(), value: value.chars().take(100).collect(), expected }
}

/// The text as a pattern that matches only itself.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if matches!(
            character,
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | '#' | '&' | '-' | '~'
        ) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
