//! What is known of a company: which values are about it and not about one of its people, which of two is kept, and how
//! long they serve the next of its people.

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::enriched_field::EnrichedField;
use super::enrichment::{Confidence, FoundValue, Operation};
use super::lead::LeadField;
use super::time::Time;
use super::website::Website;

/// One value with its source.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CompanyValue {
    /// Name of a field of a lead (`industry`) or of a fact (`revenueRange`).
    #[n(0)]
    pub field: String,
    #[n(1)]
    pub value: String,
    #[n(2)]
    pub provider: String,
    #[n(3)]
    pub operation: Operation,
    #[n(4)]
    pub at: Time,
    #[n(5)]
    #[cbor(default)]
    pub confidence: Confidence,
}

impl CompanyValue {
    /// Whether it may still be used instead of asking.
    pub fn is_fresh(&self, now: Time, ttl: Duration) -> bool {
        now.since(self.at) < ttl
    }
}

/// Whether a field says something of the company, and not of one of its people.
pub fn is_of_company(field: &str) -> bool {
    match LeadField::from_name(field) {
        Some(field) => matches!(
            field,
            LeadField::CompanyName
                | LeadField::Website
                | LeadField::Industry
                | LeadField::CompanySize
                | LeadField::CompanyPhone
                | LeadField::CompanyLinkedInUrl
        ),
        None => EnrichedField::from_name(field).is_some_and(|fact| {
            matches!(
                fact,
                EnrichedField::RevenueRange
                    | EnrichedField::CompanyLegalForm
                    | EnrichedField::CompanyFounded
                    | EnrichedField::CompanyCity
                    | EnrichedField::CompanyState
                    | EnrichedField::CompanyCountry
                    | EnrichedField::CompanyTechnologies
                    | EnrichedField::TechnologyCategories
                    | EnrichedField::CompanyEmailPattern
            )
        }),
    }
}

/// Whether values speak of the company at `domain`: they name no other domain. Who has changed jobs is found at the new
/// company, while the lead still has the old one.
pub fn speaks_of(values: &[FoundValue], domain: &str) -> bool {
    let named = |field: &str| values.iter().find(|value| value.field == field).map(|value| value.value.as_str());
    if let Some(other) = named(EnrichedField::CompanyDomain.name()) {
        return other.eq_ignore_ascii_case(domain);
    }
    let site = named(LeadField::Website.name()).and_then(|site| Website::parse(site).ok());
    site.as_ref().and_then(Website::registrable_domain).is_none_or(|other| other == domain)
}

/// Adds a value. One that is there stays if it is surer and still fresh, or newer; answers whether something changed.
pub fn add_value(known: &mut Vec<CompanyValue>, value: CompanyValue, ttl: Duration) -> bool {
    let Some(place) = known.iter().position(|one| one.field == value.field) else {
        known.push(value);
        known.sort_by(|left, right| left.field.cmp(&right.field));
        return true;
    };
    let there = &mut known[place];
    let is_surer = there.confidence > value.confidence && there.provider != value.provider;
    if there.at > value.at || (is_surer && there.is_fresh(value.at, ttl)) || *there == value {
        return false;
    }
    *there = value;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3_600);

    fn value(provider: &str, text: &str, day: u32, confidence: u8) -> CompanyValue {
        CompanyValue {
            field: "industry".to_owned(),
            value: text.to_owned(),
            provider: provider.to_owned(),
            operation: Operation::CompanyEnrich,
            at: Time(0).plus(DAY * day),
            confidence: Confidence::from_hundredths(confidence),
        }
    }

    #[test]
    fn the_surer_value_stays_while_it_is_fresh() {
        let mut known = Vec::new();
        assert!(add_value(&mut known, value("a", "Mining", 0, 90), DAY * 30));
        assert!(!add_value(&mut known, value("b", "Metal", 10, 80), DAY * 30), "less sure");
        assert!(add_value(&mut known, value("b", "Metal", 31, 80), DAY * 30), "what was surer is old");
        assert!(!add_value(&mut known, value("c", "Lead", 30, 100), DAY * 30), "older than what is there");
        assert!(add_value(&mut known, value("b", "Steel", 32, 10), DAY * 30), "its own source corrects it");
        assert_eq!((known.len(), known[0].value.as_str()), (1, "Steel"));
    }

    #[test]
    fn only_values_of_the_company_are_shared_and_only_of_that_one() {
        assert!(["companyName", "industry", "revenueRange", "companyTechnologies"].into_iter().all(is_of_company));
        assert!(
            !["email", "phone", "jobTitle", "fullName", "country", "tenure", "nonsense"].into_iter().any(is_of_company)
        );
        let found = |field: &str, text: &str| FoundValue {
            field: field.to_owned(),
            value: text.to_owned(),
            confidence: Confidence::default(),
            about: None,
            evidence: None,
        };
        assert!(speaks_of(&[found("industry", "Mining")], "acme.com"));
        assert!(speaks_of(&[found("website", "https://www.acme.com/")], "acme.com"));
        assert!(!speaks_of(&[found("website", "https://beta.com")], "acme.com"));
        assert!(!speaks_of(&[found("companyDomain", "beta.com"), found("website", "https://acme.com")], "acme.com"));
    }
}
