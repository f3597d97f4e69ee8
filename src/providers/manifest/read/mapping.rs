//! `map`: from an answer to our fields.

use std::collections::BTreeMap;

use super::super::expression::Expression;
use super::super::model::{CustomKind, MapLine, Target, Trust};
use super::super::reader::Value;
use super::expression;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::Operation;
use crate::domain::lead::LeadField;
use crate::domain::sensitive::is_sensitive;

const CUSTOM: &str = "custom.";
const LONGEST_NAME: usize = 100;

pub fn map(value: &Value<'_, '_>, operation: Operation) -> Vec<MapLine> {
    let entries = value.table().map(|table| table.entries()).unwrap_or_default();
    if entries.is_empty() {
        value.fail("maps nothing");
    }
    entries.into_iter().filter_map(|(name, value)| line(&name, &value, operation)).collect()
}

fn line(name: &str, value: &Value<'_, '_>, operation: Operation) -> Option<MapLine> {
    if value.value.is_str() {
        let target = target(name, value, operation, CustomKind::Text)?;
        return Some(MapLine { target, from: expression(value)?, table: None, otherwise: None, confidence: None });
    }
    let table = value.table()?;
    let from = table.need("from").and_then(|value| expression(&value));
    let kinds = [
        ("text", CustomKind::Text),
        ("number", CustomKind::Number),
        ("boolean", CustomKind::Flag),
        ("date", CustomKind::Date),
    ];
    let kind = table.get("type").map(|value| value.one_of("type", &kinds));
    if kind.is_some() && !name.starts_with(CUSTOM) {
        table.fail("has a `type`, which only custom fields have");
    }
    let target = target(name, value, operation, kind.flatten().unwrap_or(CustomKind::Text));
    let words = table.get("words").map(|value| {
        let entries = value.table().map(|table| table.entries()).unwrap_or_default();
        let word = |(theirs, ours): (String, Value<'_, '_>)| Some((theirs.to_lowercase(), ours.text()?));
        entries.into_iter().filter_map(word).collect::<BTreeMap<_, _>>()
    });
    let otherwise = table.get("otherwise").and_then(|value| value.text());
    let confidence = table.get("confidence").and_then(|value| trust(&value));
    table.finish();
    Some(MapLine { target: target?, from: from?, table: words, otherwise, confidence })
}

fn target(name: &str, value: &Value<'_, '_>, operation: Operation, kind: CustomKind) -> Option<Target> {
    if let Some(custom) = name.strip_prefix(CUSTOM) {
        if custom.trim().is_empty() || custom.chars().count() > LONGEST_NAME {
            value.fail(format!("must name a custom field with 1 to {LONGEST_NAME} characters"));
        } else if is_sensitive(custom) {
            value.fail(
                "is a sensitive kind of fact (health, religion, politics, birth, private address): it is never kept",
            );
        }
        return Some(Target::Custom { name: custom.trim().to_owned(), kind });
    }
    let facts = EnrichedField::ALL.into_iter().map(|fact| (fact.name(), Target::Fact(fact)));
    let fields = LeadField::ALL.into_iter().map(|field| (field.name(), Target::Field(field)));
    let known: Vec<_> = fields.chain(facts).chain([("emailStatus", Target::EmailStatus)]).collect();
    let Some((_, target)) = known.iter().find(|(known, _)| *known == name) else {
        let best = known
            .iter()
            .map(|(known, _)| *known)
            .max_by(|left, right| strsim::jaro_winkler(left, name).total_cmp(&strsim::jaro_winkler(right, name)));
        value.fail(format!("is no field; did you mean `{}`? Fields of your own are `custom.NAME`", best.unwrap_or("")));
        return None;
    };
    let of_person = !matches!(operation, Operation::CompanyEnrich | Operation::CompanyFind);
    if of_person && matches!(target, Target::Field(LeadField::Street | LeadField::PostalCode)) {
        value.fail("may be where the person lives: only operations on companies may map it");
    }
    Some(target.clone())
}

/// `0.8`, or `{ from = "data.score", of = 100, default = 0.7 }`.
pub fn trust(value: &Value<'_, '_>) -> Option<Trust> {
    let fraction = |value: &Value<'_, '_>| {
        let number = value.number()?;
        if !(0.0..=1.0).contains(&number) {
            value.fail("must be between 0 and 1");
        }
        Some(number)
    };
    if !value.value.is_table() {
        return Some(Trust { from: None, of: 1.0, default: fraction(value)? });
    }
    let table = value.table()?;
    let from: Option<Expression> = table.get("from").and_then(|value| expression(&value));
    let of = table.get("of").and_then(|value| {
        let of = value.number()?;
        if of <= 0.0 {
            value.fail("must be more than 0");
        }
        Some(of)
    });
    let default = table.get("default").and_then(|value| fraction(&value));
    table.finish();
    let plain = Trust::default();
    Some(Trust { from, of: of.unwrap_or(plain.of), default: default.unwrap_or(plain.default) })
}
