//! The built-in check of a phone number: its country's numbering plan. Nobody is called and nothing leaves the box.

use serde_json::json;

use super::instant::InstantCheck;
use super::value;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{Answer, Evidence, Operation, Outcome, Reply};
use crate::domain::lead::LeadField;
use crate::domain::phone::{LineType, Phone, Region};
use crate::providers::areas::Areas;
use crate::providers::{Offer, Request};

/// The provider `galena.phone`.
pub struct BuiltInPhone {
    areas: Areas,
}

/// The country only matters for a number in national spelling.
const OFFERS: &[Offer] =
    &[Offer::single(Operation::PhoneValidate, &[&[LeadField::Phone, LeadField::Country], &[LeadField::Phone]])];

impl BuiltInPhone {
    pub fn new(areas: Areas) -> Self {
        Self { areas }
    }

    fn validate(&self, request: &Request) -> Reply {
        let Some(text) = request.input(LeadField::Phone) else {
            return Outcome::InvalidInput { reason: "there is no phone number".to_owned() }.into();
        };
        let country = request.input(LeadField::Country).and_then(Region::from_country);
        let about = Some(text);
        let values =
            match Phone::parse(text, country) {
                Ok(phone) => {
                    let seen = json!({ "e164": phone.e164, "extension": phone.extension });
                    let mut values = vec![
                        value(EnrichedField::PhoneStatus, "valid", Evidence::NumberingPlan, about, seen),
                        value(EnrichedField::PhoneType, phone.line_type.name(), Evidence::LineOfPlan, about, json!({})),
                    ];
                    let region = phone.region.as_ref().map(Region::code);
                    values.extend(region.map(|code| {
                        value(EnrichedField::PhoneCountry, code, Evidence::NumberingPlan, about, json!({}))
                    }));
                    // A mobile number is at home where its owner is.
                    let area = self.areas.of(&phone.e164).filter(|_| phone.line_type != LineType::Mobile);
                    values.extend(
                        area.map(|area| value(EnrichedField::PhoneRegion, area, Evidence::AreaCode, about, json!({}))),
                    );
                    values
                }
                Err(error) => {
                    let seen = json!({ "reason": error.to_string() });
                    vec![value(EnrichedField::PhoneStatus, "invalid", Evidence::NumberingPlan, about, seen)]
                }
            };
        Outcome::Found(Answer { values }).into()
    }
}

impl InstantCheck for BuiltInPhone {
    const SLUG: &'static str = "galena.phone";
    const OFFERS: &'static [Offer] = OFFERS;

    fn answer(&self, request: &Request) -> Reply {
        self.validate(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::builtin::testing::{ask, shown};

    #[test]
    fn a_number_of_the_plan_gets_type_and_country() {
        let found = |number: &str, country: &str| {
            let inputs = [(LeadField::Phone, number), (LeadField::Country, country)];
            shown(&ask(
                &BuiltInPhone::new(Areas::embedded().expect("the areas open")),
                Operation::PhoneValidate,
                &inputs,
            ))
        };
        assert_eq!(found("+4915112345678", ""), "found phoneStatus=valid phoneType=mobile phoneCountry=DE");
        assert_eq!(
            found("030 901820", "Germany"),
            "found phoneStatus=valid phoneType=fixed_line phoneCountry=DE phoneRegion=Berlin"
        );
        assert_eq!(
            found("+12025550123", ""),
            "found phoneStatus=valid phoneType=fixed_line_or_mobile phoneCountry=US phoneRegion=Washington D.C."
        );
        assert_eq!(found("+800 1234 5678", ""), "found phoneStatus=valid phoneType=toll_free");
        assert_eq!(found("030 901820", ""), "found phoneStatus=invalid");
        assert_eq!(found("+4930", ""), "found phoneStatus=invalid");
    }
}
