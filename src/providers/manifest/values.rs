//! From the document of an answer to the values it brings.

use jmespath::Rcvar;
use serde_json::json;

use super::expression::{numeric, scalar};
use super::model::{OperationSpec, Target, Trust};
use super::normal::{Surroundings, normal};
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{Answer, Confidence, Evidence, FoundValue, Outcome};
use crate::domain::lead::LeadField;
use crate::domain::phone::Region;
use crate::domain::time::Time;
use crate::providers::Request;

/// The longest word of a vendor that is kept beside our form of it.
const LONGEST_WORD: usize = 200;

/// What the mapping finds in an answer.
pub fn answer(spec: &OperationSpec, document: &Rcvar, request: &Request, now: Time) -> Answer {
    let country = request.input(LeadField::Country).and_then(Region::from_country);
    let around = Surroundings { country, now };
    let mut values: Vec<FoundValue> = Vec::new();
    for line in &spec.map {
        let Some(mut found) = line.from.of(document) else { continue };
        let theirs = scalar(&found);
        if let Some(words) = &line.table {
            let ours = theirs.as_ref().and_then(|word| words.get(&word.to_lowercase())).or(line.otherwise.as_ref());
            let Some(ours) = ours else { continue };
            found = Rcvar::new(jmespath::Variable::String(ours.clone()));
        }
        let Some(value) = normal(&line.target, &found, around) else { continue };
        let differs = theirs.filter(|theirs| *theirs != value && theirs.chars().count() <= LONGEST_WORD);
        let confidence = confidence(line.confidence.as_ref().unwrap_or(&spec.trust), document);
        let evidence = differs.map(|theirs| json!({ "as": theirs }).to_string());
        values.push(FoundValue { field: line.target.name(), value, confidence, about: None, evidence });
    }
    let subjects: Vec<(usize, LeadField)> = spec
        .map
        .iter()
        .filter_map(|line| Some((line.target.name(), subject(&line.target)?)))
        .filter_map(|(name, subject)| Some((values.iter().position(|value| value.field == name)?, subject)))
        .collect();
    for (place, subject) in subjects {
        let found = values.iter().find(|value| value.field == subject.name()).map(|value| value.value.clone());
        values[place].about = found.or_else(|| request.input(subject).map(str::to_owned));
    }
    Answer { values }
}

/// The field that a verdict speaks of.
const fn subject(target: &Target) -> Option<LeadField> {
    match target {
        Target::EmailStatus | Target::Fact(EnrichedField::EmailType | EnrichedField::SuggestedEmail) => {
            Some(LeadField::Email)
        }
        Target::Fact(
            EnrichedField::PhoneStatus
            | EnrichedField::PhoneType
            | EnrichedField::PhoneCountry
            | EnrichedField::PhoneRegion
            | EnrichedField::DoNotCall,
        ) => Some(LeadField::Phone),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 0 and 100
fn confidence(trust: &Trust, document: &Rcvar) -> Confidence {
    let told = trust.from.as_ref().and_then(|from| numeric(&*from.of(document)?)).map(|told| told / trust.of);
    let fraction = told.filter(|told| told.is_finite()).unwrap_or(trust.default).clamp(0.0, 1.0);
    Evidence::Provider((fraction * 100.0).round() as u8).confidence()
}

/// Found, where a value settles what was asked; partial, where there are only others; else not found.
pub fn outcome(spec: &OperationSpec, answer: Answer, told_partial: bool) -> Outcome {
    let settled = spec.settles.is_empty() || answer.values.iter().any(|value| spec.settles.contains(&value.field));
    if answer.values.is_empty() {
        Outcome::NotFound
    } else if told_partial || !settled {
        Outcome::Partial(answer)
    } else {
        Outcome::Found(answer)
    }
}
