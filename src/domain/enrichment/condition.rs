//! When a step is run at all: its run condition, seen from what is known of the lead so far.

use minicbor::{Decode, Encode};

use crate::domain::enriched_field::EnrichedField;
use crate::domain::lead::{Lead, LeadField};

/// All parts hold at once; one that is not there always does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct RunCondition {
    /// Each of these fields has a value.
    #[n(0)]
    #[cbor(default)]
    pub present: Vec<String>,
    /// None of these fields has one.
    #[n(1)]
    #[cbor(default)]
    pub missing: Vec<String>,
    /// The country (ISO 3166-1 alpha-2) is one of these; a lead without one is not.
    #[n(2)]
    #[cbor(default)]
    pub country_in: Vec<String>,
    /// The country is none of these; a lead without one is not either.
    #[n(3)]
    #[cbor(default)]
    pub country_not_in: Vec<String>,
    /// Each of these fields has one of the values named.
    #[n(4)]
    #[cbor(default)]
    pub is: Vec<FieldIs>,
}

/// A field has one of these values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct FieldIs {
    #[n(0)]
    pub field: String,
    #[n(1)]
    #[cbor(default)]
    pub values: Vec<String>,
}

impl RunCondition {
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Every field it names; for checking that they exist.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let named = self.is.iter().map(|one| &one.field);
        self.present.iter().chain(&self.missing).chain(named).map(String::as_str)
    }

    pub fn holds(&self, lead: &Lead) -> bool {
        let has = |field: &String| known(lead, field).is_some();
        let country = lead.field(LeadField::Country);
        let among =
            |codes: &[String]| country.is_some_and(|own| codes.iter().any(|code| code.eq_ignore_ascii_case(own)));
        self.present.iter().all(has)
            && !self.missing.iter().any(has)
            && (self.country_in.is_empty() || among(&self.country_in))
            && !among(&self.country_not_in)
            && self
                .is
                .iter()
                .all(|one| known(lead, &one.field).is_some_and(|value| one.values.iter().any(|own| own == value)))
    }
}

/// Whether a run condition can ask for a field of that name.
pub fn is_field(name: &str) -> bool {
    name == "emailStatus" || LeadField::from_name(name).is_some() || EnrichedField::from_name(name).is_some()
}

fn known<'l>(lead: &'l Lead, field: &str) -> Option<&'l str> {
    if field == "emailStatus" {
        return lead.email_status.map(|status| status.name());
    }
    match LeadField::from_name(field) {
        Some(own) => lead.field(own),
        None => lead.enriched_field(EnrichedField::from_name(field)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lead::EmailStatus;

    #[test]
    fn every_part_is_looked_at() {
        let lead = Lead {
            email: Some("a@b.com".to_owned()),
            country: Some("DE".to_owned()),
            email_status: Some(EmailStatus::Unknown),
            ..Lead::default()
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let is = |values: &[&str]| vec![FieldIs { field: "emailStatus".to_owned(), values: words(values) }];
        let open = RunCondition::default();
        for (condition, holds) in [
            (open.clone(), true),
            (RunCondition { present: words(&["email"]), ..open.clone() }, true),
            (RunCondition { present: words(&["email", "phone"]), ..open.clone() }, false),
            (RunCondition { missing: words(&["phone"]), ..open.clone() }, true),
            (RunCondition { missing: words(&["email"]), ..open.clone() }, false),
            (RunCondition { country_in: words(&["at", "de"]), ..open.clone() }, true),
            (RunCondition { country_not_in: words(&["DE"]), ..open.clone() }, false),
            (RunCondition { is: is(&["unknown", "catch-all"]), ..open.clone() }, true),
            (RunCondition { is: is(&["valid"]), ..open }, false),
        ] {
            assert_eq!(condition.holds(&lead), holds, "{condition:?}");
        }
        assert!(is_field("emailStatus") && is_field("companyDomain") && is_field("jobTitle") && !is_field("shoeSize"));
    }
}
