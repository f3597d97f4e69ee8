//! Values that lost, and where sources disagree.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ValueView;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::same_value;
use crate::domain::id::AttemptId;
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::records::value::FieldValue;

/// A field that sources do not agree about.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Conflict {
    field: String,
    /// The surest first; one for each source, as it said last
    values: Vec<Opinion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Opinion {
    provider: String,
    value: String,
    /// 0 to 1
    confidence: f64,
    at: Time,
    /// The lead has it
    current: bool,
}

/// Where sources disagree about what the lead is now. What spoke of something it no longer has does not count.
pub(super) fn conflicts(
    lead: &Lead,
    values: &[(String, AttemptId, FieldValue)],
    current: &dyn Fn(&str) -> Option<String>,
) -> Vec<Conflict> {
    let mut fields: BTreeMap<&str, BTreeMap<&str, &FieldValue>> = BTreeMap::new();
    for (field, _, value) in values.iter().filter(|(_, _, value)| value.is_about(lead)) {
        // Lists of many values differ without contradicting each other.
        if EnrichedField::from_name(field).is_some_and(EnrichedField::is_list) {
            continue;
        }
        let sources = fields.entry(field).or_default();
        let newest = sources.entry(&value.provider).or_insert(value);
        if newest.at < value.at {
            *newest = value;
        }
    }
    let mut found = Vec::new();
    for (field, sources) in fields {
        let mut said: Vec<&FieldValue> = sources.into_values().collect();
        let Some(first) = said.first() else { continue };
        if said.iter().all(|other| same_value(&first.value, &other.value)) {
            continue;
        }
        said.sort_by(|left, right| right.confidence.cmp(&left.confidence).then(right.at.cmp(&left.at)));
        let has = current(field);
        let opinion = |value: &FieldValue| Opinion {
            provider: value.provider.clone(),
            value: value.value.clone(),
            confidence: value.confidence.as_fraction(),
            at: value.at,
            current: has.as_deref().is_some_and(|has| same_value(has, &value.value)),
        };
        found.push(Conflict { field: field.to_owned(), values: said.into_iter().map(opinion).collect() });
    }
    found
}

/// By field: what is not the value that counts today, the newest first.
pub(super) fn alternatives(
    values: &[(String, AttemptId, FieldValue)],
    current: &dyn Fn(&str) -> Option<String>,
) -> BTreeMap<String, Vec<ValueView>> {
    let mut found: BTreeMap<String, Vec<ValueView>> = BTreeMap::new();
    for (field, _, value) in values.iter().rev() {
        if current(field).is_some_and(|has| same_value(&has, &value.value)) {
            continue;
        }
        found.entry(field.clone()).or_default().push(ValueView::new(field.clone(), value.clone()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::{Confidence, Operation};
    use crate::domain::id::Id;

    fn value(field: &str, provider: &str, text: &str, at: i64, sure: u8) -> (String, AttemptId, FieldValue) {
        let row = FieldValue {
            value: text.to_owned(),
            provider: provider.to_owned(),
            operation: Operation::PersonEnrich,
            at: Time(at),
            confidence: Confidence::from_hundredths(sure),
            credits: 0,
            cost: 0,
            accepted: true,
            about: None,
            evidence: None,
            job: None,
            sandbox: false,
        };
        (field.to_owned(), AttemptId::from_u64(at.unsigned_abs()), row)
    }

    #[test]
    fn sources_that_differ_are_shown_and_those_that_agree_are_not() {
        let values = [
            value("jobTitle", "apollo", "CTO", 1, 60),
            value("jobTitle", "apollo", "VP Sales", 2, 70),
            value("jobTitle", "hunter", "Head of Sales", 3, 80),
            value("phone", "apollo", "+4930901820", 1, 60),
            value("phone", "hunter", "+4930901820", 2, 60),
            value("companyTechnologies", "apollo", "[\"A\"]", 1, 60),
            value("companyTechnologies", "hunter", "[\"B\"]", 1, 60),
        ];
        let current = |field: &str| (field == "jobTitle").then(|| "vp sales".to_owned());
        let found = conflicts(&Lead::default(), &values, &current);
        let said: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.values.len())).collect();
        assert_eq!(said, [("jobTitle", 2)], "each source once, as it said last");
        let (first, second) = (&found[0].values[0], &found[0].values[1]);
        assert_eq!((first.provider.as_str(), first.current), ("hunter", false), "the surest first");
        assert_eq!((second.value.as_str(), second.current), ("VP Sales", true));
        let others = alternatives(&values, &current);
        assert_eq!(others["jobTitle"].len(), 2, "the newest first");
    }
}
