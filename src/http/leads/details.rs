//! What hangs on a lead in other tables: its original row, and the values that were found for it with where each came from.

use serde_json::{Map, Value, json};

use crate::domain::enriched_field::EnrichedField;
use crate::domain::id::LeadId;
use crate::domain::lead::{Lead, LeadField};
use crate::store::jobs::{current_value, values_of};
use crate::store::originals::original_of;
use crate::store::records::value::FieldValue;
use crate::store::{StoreError, View, WorkspaceScope};

#[derive(Debug, Clone, Default)]
pub struct Details {
    /// By the headers of the file; `None` for a lead that no file brought.
    pub original_data: Option<Map<String, Value>>,
    /// What was found, in the form of PRD-11, appendix B; empty when nothing was.
    pub enriched: Map<String, Value>,
    /// By field: the value that counts today, and its source.
    pub provenance: Map<String, Value>,
}

impl Details {
    /// # Errors
    /// When rows cannot be read.
    pub fn of(view: &View, scope: &WorkspaceScope, id: LeadId, lead: &Lead) -> Result<Self, StoreError> {
        let cells = match lead.origin {
            Some(origin) => original_of(view, scope, origin)?,
            None => None,
        };
        let mut fields: Vec<String> = values_of(view, scope, id)?.into_iter().map(|(field, ..)| field).collect();
        fields.dedup();
        let mut found: Vec<(String, FieldValue)> = Vec::with_capacity(fields.len());
        for field in fields {
            if let Some(value) = current_value(view, scope, id, lead, &field)? {
                found.push((field, value));
            }
        }
        Ok(Self {
            original_data: cells.map(original_data),
            enriched: enriched(lead, &found),
            provenance: found.iter().map(|(field, value)| (field.clone(), source_of(value))).collect(),
        })
    }
}

/// By title; a cell beyond the titles by its place, counted from 1.
fn original_data(cells: Vec<(String, String)>) -> Map<String, Value> {
    let named = cells.into_iter().enumerate().map(|(place, (title, cell))| {
        let title = if title.is_empty() { format!("Column {}", place + 1) } else { title };
        (title, Value::String(cell))
    });
    named.collect()
}

#[allow(clippy::cast_precision_loss)] // credits stay far below 2^53 hundredths
fn source_of(value: &FieldValue) -> Value {
    let mut source = json!({
        "value": value.value,
        "provider": value.provider,
        "at": value.at,
        "confidence": value.confidence.as_fraction(),
        "credits": value.credits as f64 / 100.0,
        "cost": { "amount": amount(value.cost), "currency": "USD" },
    });
    if value.sandbox {
        // It was played: nobody was asked.
        source["sandbox"] = Value::Bool(true);
    }
    source
}

/// Millionths as a decimal of four to six places.
fn amount(millionths: u64) -> String {
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    let cut = text.strip_suffix("00").or_else(|| text.strip_suffix('0')).unwrap_or(&text);
    cut.to_owned()
}

fn enriched(lead: &Lead, found: &[(String, FieldValue)]) -> Map<String, Value> {
    let mut shown = Map::new();
    let Some(latest) = found.iter().map(|(_, value)| value.at).max() else { return shown };
    let of = |name: &str| found.iter().find(|(field, _)| field == name).map(|(_, value)| value);
    let text = |field: LeadField| of(field.name()).map(|value| value.value.as_str());
    let status = of("emailStatus").map(|value| value.value.as_str());
    let address = text(LeadField::Email).or(lead.email.as_deref());
    shown.insert("verifiedEmail".to_owned(), json!(address.filter(|_| status == Some("valid"))));
    shown.insert("emailStatus".to_owned(), json!(status));
    shown.insert("phoneNumbers".to_owned(), phones(lead, text(LeadField::Phone).is_some()));
    let fact = |fact: EnrichedField| lead.enriched_field(fact).map(str::to_owned);
    let field = |field: LeadField| text(field).map(str::to_owned);
    let group = |members: Vec<(&str, Option<String>)>| {
        let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
        Value::Object(there.collect())
    };
    let profiles = vec![
        ("linkedin", field(LeadField::LinkedInUrl)),
        ("twitter", fact(EnrichedField::Twitter)),
        ("facebook", fact(EnrichedField::Facebook)),
        ("github", fact(EnrichedField::Github)),
    ];
    shown.insert("socialProfiles".to_owned(), group(profiles));
    let professional = vec![
        ("jobTitle", field(LeadField::JobTitle)),
        ("seniorityLevel", fact(EnrichedField::SeniorityLevel)),
        ("department", fact(EnrichedField::Department)),
    ];
    let tenure = number(fact(EnrichedField::Tenure)).map(|months| ("tenure", months));
    shown.insert("professionalInfo".to_owned(), with(group(professional), tenure));
    let company = vec![
        ("name", field(LeadField::CompanyName).or_else(|| fact(EnrichedField::CompanyBaseName))),
        ("legalForm", fact(EnrichedField::CompanyLegalForm)),
        ("domain", field(LeadField::Website).or_else(|| fact(EnrichedField::CompanyDomain))),
        ("industry", field(LeadField::Industry)),
        ("employeeCount", field(LeadField::CompanySize)),
        ("revenueRange", fact(EnrichedField::RevenueRange)),
        ("linkedinUrl", field(LeadField::CompanyLinkedInUrl)),
    ];
    let place = group(vec![
        ("city", fact(EnrichedField::CompanyCity)),
        ("state", fact(EnrichedField::CompanyState)),
        ("country", fact(EnrichedField::CompanyCountry)),
    ]);
    let has_place = place.as_object().is_some_and(|members| !members.is_empty());
    let founded = number(fact(EnrichedField::CompanyFounded)).map(|year| ("founded", year));
    let more = has_place.then_some(("location", place)).into_iter().chain(founded);
    shown.insert("companyInfo".to_owned(), with(group(company), more));
    let list =
        |list: EnrichedField| lead.enriched_field(list).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let (technologies, categories) =
        (list(EnrichedField::CompanyTechnologies), list(EnrichedField::TechnologyCategories));
    if technologies.is_some() || categories.is_some() {
        let or_empty = |list: Option<Value>| list.unwrap_or_else(|| json!([]));
        let both = json!({ "technologies": or_empty(technologies), "categories": or_empty(categories) });
        shown.insert("technographics".to_owned(), both);
    }
    for more in [
        EnrichedField::EmailType,
        EnrichedField::SuggestedEmail,
        EnrichedField::EmailDomainFit,
        EnrichedField::DoNotCall,
    ] {
        if let Some(value) = fact(more) {
            shown.insert(more.name().to_owned(), Value::String(value));
        }
    }
    // As sure as the least sure of the values.
    let confidence = found.iter().map(|(_, value)| value.confidence).min().unwrap_or_default();
    let mut providers: Vec<&str> = found.iter().map(|(_, value)| value.provider.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    shown.insert("confidenceScore".to_owned(), json!(confidence.as_fraction()));
    shown.insert("enrichedAt".to_owned(), json!(lead.enriched_at.unwrap_or(latest)));
    shown.insert("dataSource".to_owned(), json!(providers.join(", ")));
    shown
}

/// The number of the lead, where something was found out about it. `verified` is left to who calls it; that the plan knows
/// such a number is `valid`.
fn phones(lead: &Lead, was_found: bool) -> Value {
    let fact = |fact: EnrichedField| lead.enriched_field(fact);
    let status = fact(EnrichedField::PhoneStatus);
    let further: Vec<Value> =
        fact(EnrichedField::PhoneNumbers).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let known = lead.phone.as_deref().filter(|_| was_found || status.is_some() || !further.is_empty());
    let Some(number) = known else { return Value::Array(further) };
    let line_type = fact(EnrichedField::PhoneType);
    let kind = match line_type {
        Some("mobile") => Some("mobile"),
        Some("fixed_line" | "fixed_line_or_mobile" | "voip") => Some("work"),
        Some("personal") => Some("direct"),
        Some(_) => Some("main"),
        None => None,
    };
    let mut all = vec![json!({
        "number": number,
        "type": kind,
        "lineType": line_type,
        "verified": false,
        "valid": status.map(|status| status == "valid"),
        "country": fact(EnrichedField::PhoneCountry),
        "region": fact(EnrichedField::PhoneRegion),
    })];
    merge(&mut all, &further);
    Value::Array(all)
}

/// Adds the numbers that providers found; what they say of the number that is shown already goes to it.
fn merge(all: &mut Vec<Value>, further: &[Value]) {
    for found in further {
        let shown = all.iter_mut().find(|shown| shown["number"] == found["number"]);
        let Some(Value::Object(shown)) = shown else {
            all.push(found.clone());
            continue;
        };
        for (name, value) in found.as_object().into_iter().flatten() {
            let told = shown.get(name).is_some_and(|known| !known.is_null() && *known != json!(false));
            if !told && !value.is_null() {
                shown.insert(name.clone(), value.clone());
            }
        }
    }
}

fn number(text: Option<String>) -> Option<Value> {
    text?.parse::<u32>().ok().map(Value::from)
}

fn with(group: Value, more: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut group = group;
    if let Value::Object(members) = &mut group {
        members.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_providers_stand_beside_that_of_the_lead() {
        let mut lead = Lead { phone: Some("+33600000001".to_owned()), ..Lead::default() };
        lead.enriched.set(EnrichedField::PhoneType, "mobile".to_owned());
        let found = json!([
            { "number": "+33600000001", "type": "direct", "verified": true },
            { "number": "+33140000001", "type": "main", "verified": false },
        ]);
        lead.enriched.set(EnrichedField::PhoneNumbers, found.to_string());
        let shown = phones(&lead, false);
        assert_eq!((&shown[0]["type"], &shown[0]["verified"]), (&json!("mobile"), &json!(true)));
        assert_eq!(shown[1]["number"], "+33140000001");
        lead.phone = None;
        assert_eq!(phones(&lead, false), found);
    }

    #[test]
    fn amounts_keep_four_to_six_places() {
        assert_eq!(amount(8_000), "0.0080");
        assert_eq!(amount(0), "0.0000");
        assert_eq!(amount(1_234_567), "1.234567");
        assert_eq!(amount(12_340), "0.01234");
    }
}
