//! What an answer changes on a lead.

use super::outcome::{Answer, FoundValue};
use crate::domain::enriched_field::EnrichedField;
use crate::domain::lead::{EmailStatus, Lead, LeadField};

/// Takes over the values of an answer. What the lead has stays, unless `overwrite`; a value that speaks of something the
/// lead no longer has is left out. Facts always give way to newer ones.
pub fn take_over(lead: &mut Lead, answer: &Answer, overwrite: bool) {
    let before = lead.clone();
    for value in &answer.values {
        if let Some(name) = value.field.strip_prefix("customFields.") {
            if overwrite || lead.custom_field(name).is_none() {
                lead.set_custom_field(name, Some(value.value.clone()));
            }
        } else if let Some(field) = LeadField::from_name(&value.field)
            && (overwrite || lead.field(field).is_none())
        {
            lead.set_field(field, Some(value.value.clone()));
        }
    }
    // Facts come behind the fields they speak of.
    lead.forget_outdated(&before);
    for value in &answer.values {
        if value.field == "emailStatus" {
            if value.about.is_none() || value.about == lead.email {
                lead.email_status = EmailStatus::from_name(&value.value).or(lead.email_status);
            }
        } else if let Some(fact) = EnrichedField::from_name(&value.field)
            && speaks_of(fact, value, lead)
        {
            lead.enriched.set(fact, value.value.clone());
        }
    }
}

/// Whether the lead still has what the fact speaks of.
fn speaks_of(fact: EnrichedField, value: &FoundValue, lead: &Lead) -> bool {
    let Some(about) = value.about.as_deref() else { return true };
    fact.about().iter().any(|field| lead.field(*field) == Some(about))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::Confidence;

    fn answer(values: &[(&str, &str, Option<&str>)]) -> Answer {
        let value = |(field, value, about): &(&str, &str, Option<&str>)| FoundValue {
            field: (*field).to_owned(),
            value: (*value).to_owned(),
            confidence: Confidence::default(),
            about: about.map(str::to_owned),
            evidence: None,
        };
        Answer { values: values.iter().map(value).collect() }
    }

    #[test]
    fn what_is_there_stays_and_facts_follow_their_field() {
        let mut lead = Lead { phone: Some("+4930901820".to_owned()), ..Lead::default() };
        lead.enriched.set(EnrichedField::PhoneType, "fixed_line".to_owned());
        let found = answer(&[("phone", "+4915112345678", None), ("phoneType", "mobile", Some("+4915112345678"))]);
        take_over(&mut lead, &found, false);
        assert_eq!(lead.enriched_field(EnrichedField::PhoneType), Some("fixed_line"));
        take_over(&mut lead, &found, true);
        assert_eq!(lead.phone.as_deref(), Some("+4915112345678"));
        assert_eq!(lead.enriched_field(EnrichedField::PhoneType), Some("mobile"));
        take_over(&mut lead, &answer(&[("phone", "+12025550123", None)]), true);
        assert_eq!(lead.enriched_field(EnrichedField::PhoneType), None, "it spoke of the number before");
    }

    #[test]
    fn a_verdict_on_another_address_is_left_out() {
        let mut lead = Lead { email: Some("a@b.com".to_owned()), ..Lead::default() };
        take_over(&mut lead, &answer(&[("emailStatus", "valid", Some("x@y.com"))]), true);
        assert_eq!(lead.email_status, None);
        take_over(&mut lead, &answer(&[("emailStatus", "valid", Some("a@b.com"))]), true);
        assert_eq!(lead.email_status, Some(EmailStatus::Valid));
        take_over(&mut lead, &answer(&[("emailStatus", "odd", None), ("noSuchField", "x", None)]), true);
        assert_eq!(lead.email_status, Some(EmailStatus::Valid));
    }
}
