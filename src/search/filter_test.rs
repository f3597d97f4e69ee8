//! One test of a filter as a query on terms and columns.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use tantivy::query::{AllQuery, EmptyQuery, Query, RangeQuery, TermSetQuery};
use tantivy::schema::{Field, Term};

use super::analysis::{keyword, keyword_prefix};
use super::custom_field::{custom_name, custom_number_term, custom_presence, custom_term, fact_term};
use super::document::{page_keyword, phone_keyword};
use super::error::QueryError;
use super::field::{Kind, SearchField};
use super::filter::{Test, Value};
use super::memory::Memory;
use super::one_number_of::OneNumberOf;
use super::schema::SCHEMA;
use super::scope::{in_lists, not};
use super::terms::{OrderedNumber, Terms, TermsQuery, end_of};
use super::text_query::{any_of, term_query};
use crate::domain::filter::Form;
use crate::domain::id::{Id, LeadId};
use crate::domain::time::Time;

/// `memory` is where searches keep what takes long to find out.
pub fn test_query(field: &SearchField, test: &Test, memory: &Arc<Memory>) -> Result<Box<dyn Query>, QueryError> {
    match test {
        Test::Ne(value) => return Ok(not(test_query(field, &Test::Eq(value.clone()), memory)?)),
        Test::Empty => return Ok(not(present(field))),
        Test::NotEmpty => return Ok(present(field)),
        Test::In(values) if values.is_empty() => return Ok(Box::new(EmptyQuery)),
        Test::Range { from: Bound::Unbounded, to: Bound::Unbounded } => return Ok(present(field)),
        _ => {}
    }
    let plain = |text: &str| keyword(text).into_owned();
    match (field.kind(), SCHEMA.1.named(field)) {
        (Kind::List, _) => Ok(in_lists(&ids(field, test, "a list id")?)),
        (Kind::Lead, _) => {
            let leads = ids::<LeadId>(field, test, "a lead id")?;
            let terms = leads.into_iter().map(|lead| Term::from_field_u64(SCHEMA.1.lead, lead.as_u64()));
            Ok(Box::new(TermSetQuery::new(terms)))
        }
        (Kind::Custom, _) => custom_test(field, test, memory),
        (Kind::Enriched, _) => {
            let SearchField::Enriched(fact) = field else { return Err(unsupported(field, test)) };
            let place = Place { lead_in: &fact_term(*fact, ""), ..Place::new(field, SCHEMA.1.custom, memory) };
            place.by_size(test).map_or_else(|| place.text_test(plain, keyword_prefix, test), Ok)
        }
        (Kind::Number | Kind::Time, Some(place)) => number_test(field, place, test),
        (kind, Some(place)) => {
            let place = Place::new(field, place, memory);
            if kind == Kind::Keyword
                && let Some(query) = place.by_size(test)
            {
                return Ok(query);
            }
            match kind {
                Kind::Digits => place.text_test(phone_keyword, phone_part, test),
                Kind::Page => place.text_test(page_keyword, page_part, test),
                _ => place.text_test(plain, keyword_prefix, test),
            }
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

/// Where the texts of a field stand: in a field of the index, behind a lead-in.
struct Place<'a> {
    field: &'a SearchField,
    place: Field,
    lead_in: &'a str,
    memory: &'a Arc<Memory>,
}

impl<'a> Place<'a> {
    fn new(field: &'a SearchField, place: Field, memory: &'a Arc<Memory>) -> Self {
        Self { field, place, lead_in: "", memory }
    }

    fn terms(&self, terms: Terms) -> Box<dyn Query> {
        // A column of the field alone has the same values; one behind a lead-in does not.
        let has_column = self.lead_in.is_empty() && self.field.has_text_column();
        let column = has_column.then(|| self.field.column().into_owned());
        Box::new(TermsQuery { field: self.place, column, terms, memory: Arc::clone(self.memory) })
    }

    /// Tests on texts: `whole` makes of a value the term it is kept as, `part` of a piece what such terms hold of it.
    fn text_test(
        &self,
        whole: impl Fn(&str) -> String,
        part: impl Fn(&str) -> String,
        test: &Test,
    ) -> Result<Box<dyn Query>, QueryError> {
        let lead_in = self.lead_in;
        let text = |value: &Value| format!("{lead_in}{}", whole(&value.text()));
        let bytes = |value: &Value| text(value).into_bytes();
        Ok(match test {
            Test::Eq(value) => term_query(self.place, &text(value)),
            Test::In(values) => {
                let terms = values.iter().map(|value| Term::from_field_text(self.place, &text(value)));
                Box::new(TermSetQuery::new(terms))
            }
            Test::Prefix(text) => self.terms(Terms::beginning_with(format!("{lead_in}{}", part(text)).as_bytes())),
            Test::Contains(text) => {
                self.terms(Terms::Holding { lead_in: lead_in.into(), needle: part(text).into_bytes() })
            }
            Test::Range { from, to } => self.terms(Terms::Between {
                from: match from {
                    Bound::Unbounded => Bound::Included(lead_in.into()),
                    from => from.as_ref().map(bytes),
                },
                to: match to {
                    Bound::Unbounded => end_of(lead_in.as_bytes()),
                    to => to.as_ref().map(bytes),
                },
            }),
            _ => return Err(unsupported(self.field, test)),
        })
    }

    /// Texts that are numbers, compared as numbers; `None` where the test has a value that is no number.
    fn by_size(&self, test: &Test) -> Option<Box<dyn Query>> {
        let numbers = |from: &Bound<f64>, to: &Bound<f64>| {
            let (from, to) = (from.map(OrderedNumber), to.map(OrderedNumber));
            self.terms(Terms::Numbers { lead_in: self.lead_in.into(), from, to })
        };
        let same = |number: f64| numbers(&Bound::Included(number), &Bound::Included(number));
        match test {
            Test::Eq(Value::Number(number)) => Some(same(*number)),
            Test::In(values) if values.iter().any(|value| matches!(value, Value::Number(_))) => {
                let mut numbers = Vec::new();
                let mut terms = Vec::new();
                for value in values {
                    match value {
                        Value::Number(number) => numbers.push(OrderedNumber(*number)),
                        text => terms.push(Term::from_field_text(
                            self.place,
                            &format!("{}{}", self.lead_in, keyword(&text.text())),
                        )),
                    }
                }
                numbers.sort_unstable();
                let same = self.terms(Terms::OneNumberOf { lead_in: self.lead_in.into(), numbers });
                Some(any_of(vec![same, Box::new(TermSetQuery::new(terms))]))
            }
            Test::Range { from, to } => Some(numbers(&numeric_bound(from)?, &numeric_bound(to)?)),
            _ => None,
        }
    }
}

fn page_part(text: &str) -> String {
    keyword_prefix(&Form::Page.part(text))
}

fn phone_part(text: &str) -> String {
    keyword_prefix(&Form::Digits.part(text))
}

/// Numbers are compared with values that are numbers, however they are written; texts with all values as texts.
fn custom_test(field: &SearchField, test: &Test, memory: &Arc<Memory>) -> Result<Box<dyn Query>, QueryError> {
    let place = SCHEMA.1.custom;
    let name = custom_name(field.name());
    if let Test::Range { from, to } = test
        && let (Some(from), Some(to)) = (numeric_bound(from), numeric_bound(to))
    {
        let term = |number: f64| custom_number_term(&name, number).into_bytes();
        let from = match from {
            Bound::Unbounded => Bound::Included(term(f64::MIN)),
            from => from.map(term),
        };
        let to = match to {
            Bound::Unbounded => Bound::Included(term(f64::MAX)),
            to => to.map(term),
        };
        let terms = Terms::Between { from, to };
        return Ok(Box::new(TermsQuery { field: place, column: None, terms, memory: Arc::clone(memory) }));
    }
    if let Test::In(values) = test {
        // One by one, because each may be a number.
        let each = values.iter().map(|value| custom_test(field, &Test::Eq(value.clone()), memory));
        return Ok(any_of(each.collect::<Result<Vec<_>, _>>()?));
    }
    if let Test::Eq(Value::Number(number)) = test
        && number.is_finite()
    {
        let same_number = term_query(place, &custom_number_term(&name, *number));
        return Ok(any_of(vec![same_number, custom_test(field, &Test::Eq(Value::Text(number.to_string())), memory)?]));
    }
    let place = Place { lead_in: &custom_term(&name, ""), ..Place::new(field, place, memory) };
    place.text_test(|text| keyword(text).into_owned(), keyword_prefix, test)
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
            let mut numbers = HashSet::with_capacity(values.len());
            for value in values {
                let number = number_value(field, value)?;
                // Numbers of the index are whole.
                if number.fract() == 0.0 {
                    numbers.insert(number as i64);
                }
            }
            Ok(Box::new(OneNumberOf { column: field.column().into_owned(), numbers: Arc::new(numbers) }))
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
