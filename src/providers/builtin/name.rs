//! The built-in reading of names: the parts of a full name, or the full name of its parts.

use serde_json::json;

use super::instant::InstantCheck;
use super::value;
use crate::domain::enrichment::{Answer, Evidence, Operation, Outcome, Reply};
use crate::domain::lead::LeadField;
use crate::domain::person_name::PersonName;
use crate::providers::{Offer, Request};

/// The provider `galena.name`.
#[derive(Debug, Default)]
pub struct BuiltInName;

const OFFERS: &[Offer] = &[Offer::single(
    Operation::NameParse,
    &[
        &[LeadField::FirstName, LeadField::LastName],
        &[LeadField::FullName],
        &[LeadField::LastName],
        &[LeadField::FirstName],
    ],
)];

impl BuiltInName {
    fn parse(request: &Request) -> Reply {
        let input = |field| request.input(field).unwrap_or_default();
        let (first, last, full) = (input(LeadField::FirstName), input(LeadField::LastName), input(LeadField::FullName));
        let is_name = |text: &str| text.chars().any(char::is_alphabetic);
        if ![first, last, full].into_iter().any(is_name) {
            return Outcome::NotFound.into();
        }
        if full.is_empty() {
            let joined = PersonName::join(first, last);
            let evidence = Evidence::NamesJoined;
            let values = vec![value(LeadField::FullName, &joined, evidence, None, json!({ "from": "parts" }))];
            return Outcome::Found(Answer { values }).into();
        }
        let name = PersonName::parse(full);
        let evidence = Evidence::NameSplit(name.sign(full));
        let seen = json!({
            "prefix": name.prefix,
            "middle": name.middle,
            "suffix": name.suffix,
            "nickname": name.nickname,
            "maiden": name.maiden,
        });
        let mut values = vec![value(LeadField::FullName, &name.full(), evidence, None, seen)];
        for (field, part) in [(LeadField::FirstName, &name.first), (LeadField::LastName, &name.last)] {
            if !part.is_empty() {
                values.push(value(field, part, evidence, None, json!({})));
            }
        }
        Outcome::Found(Answer { values }).into()
    }
}

impl InstantCheck for BuiltInName {
    const SLUG: &'static str = "galena.name";
    const OFFERS: &'static [Offer] = OFFERS;

    fn answer(&self, request: &Request) -> Reply {
        Self::parse(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::builtin::testing::{ask, shown};

    fn found(inputs: &[(LeadField, &str)]) -> String {
        shown(&ask(&BuiltInName, Operation::NameParse, inputs))
    }

    #[test]
    fn a_full_name_gives_its_parts_and_the_parts_a_full_name() {
        assert_eq!(
            found(&[(LeadField::FullName, "Dr. Ada van der Berg, PhD")]),
            "found fullName=Ada van der Berg firstName=Ada lastName=van der Berg"
        );
        let parts = [(LeadField::FirstName, "Ada"), (LeadField::LastName, "Berg")];
        assert_eq!(found(&parts), "found fullName=Ada Berg");
        assert_eq!(found(&[(LeadField::LastName, "Berg")]), "found fullName=Berg");
        assert_eq!(found(&[(LeadField::FullName, "---")]), "not_found");
    }
}
