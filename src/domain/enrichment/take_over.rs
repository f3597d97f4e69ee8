//! What an answer changes on a lead.

use super::confidence::Confidence;
use super::data_point::{DataPoint, PointSet};
use super::outcome::{Answer, FoundValue};
use super::write_rule::{WriteRule, WriteRules};
use crate::domain::enriched_field::EnrichedField;
use crate::domain::lead::{EmailStatus, Lead, LeadField};

/// What an answer may change.
pub struct WriteContext<'c> {
    pub rules: &'c WriteRules,
    /// Data points whose values are left out, because this answer was not good enough for them.
    pub withheld: PointSet,
    /// How sure the value of a field is that the lead has.
    pub current: &'c dyn Fn(LeadField) -> Confidence,
}

impl WriteContext<'_> {
    fn writes(&self, lead: &Lead, field: LeadField, found: Confidence) -> bool {
        let current = lead.field(field).map(|_| (self.current)(field));
        self.rules.of(field.name()).writes(current, found)
    }

    fn withholds(&self, field: &str) -> bool {
        DataPoint::of_field(field).is_some_and(|point| self.withheld.contains(point))
    }
}

/// Takes over the values of an answer, as far as the rules of their fields let them; a value that speaks of something the
/// lead no longer has is left out. Facts give way to newer ones unless their rule is never.
pub fn take_over(lead: &mut Lead, answer: &Answer, context: &WriteContext<'_>) {
    let before = lead.clone();
    for value in answer.values.iter().filter(|value| !context.withholds(&value.field)) {
        if let Some(name) = value.field.strip_prefix("customFields.") {
            // Nobody knows how sure a custom field is: one that is there was somebody's own.
            let current = lead.custom_field(name).map(|_| Confidence::from_hundredths(100));
            if context.rules.of(&value.field).writes(current, value.confidence) {
                lead.set_custom_field(name, Some(value.value.clone()));
            }
        } else if let Some(field) = LeadField::from_name(&value.field)
            && context.writes(&before, field, value.confidence)
        {
            lead.set_field(field, Some(value.value.clone()));
        }
    }
    // Facts come behind the fields they speak of.
    lead.forget_outdated(&before);
    for value in answer.values.iter().filter(|value| context.rules.of(&value.field) != WriteRule::Never) {
        if value.field == "emailStatus" {
            if value.about.is_none() || value.about == lead.email {
                lead.email_status = EmailStatus::from_name(&value.value).or(lead.email_status);
            }
        } else if let Some(fact) = EnrichedField::from_name(&value.field)
            && !context.withholds(&value.field)
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

    fn take(lead: &mut Lead, answer: &Answer, rule: WriteRule) {
        let current = |_| Confidence::from_hundredths(100);
        let rules = WriteRules::all(rule);
        take_over(lead, answer, &WriteContext { rules: &rules, withheld: PointSet::default(), current: &current });
    }

    #[test]
    fn what_is_there_stays_and_facts_follow_their_field() {
        let mut lead = Lead { phone: Some("+4930901820".to_owned()), ..Lead::default() };
        lead.enriched.set(EnrichedField::PhoneType, "fixed_line".to_owned());
        let found = answer(&[("phone", "+4915112345678", None), ("phoneType", "mobile", Some("+4915112345678"))]);
        take(&mut lead, &found, WriteRule::IfMoreConfident);
        assert_eq!(lead.enriched_field(EnrichedField::PhoneType), Some("fixed_line"));
        take(&mut lead, &found, WriteRule::Always);
        assert_eq!(lead.phone.as_deref(), Some("+4915112345678"));
        assert_eq!(lead.enriched_field(EnrichedField::PhoneType), Some("mobile"));
        take(&mut lead, &answer(&[("phone", "+12025550123", None)]), WriteRule::Always);
        assert_eq!(lead.enriched_field(EnrichedField::PhoneType), None, "it spoke of the number before");
    }

    #[test]
    fn a_less_sure_value_gives_way_and_what_was_not_accepted_is_left_out() {
        let mut lead = Lead { job_title: Some("Sales".to_owned()), ..Lead::default() };
        let mut found = answer(&[("jobTitle", "VP Sales", None), ("phone", "+4930901820", None)]);
        found.values.iter_mut().for_each(|value| value.confidence = Confidence::from_hundredths(60));
        let rules = WriteRules::default();
        let withheld = [DataPoint::Phone].into_iter().collect();
        let mut take = |current: u8| {
            let current = move |_| Confidence::from_hundredths(current);
            take_over(&mut lead, &found, &WriteContext { rules: &rules, withheld, current: &current });
            (lead.job_title.clone().unwrap_or_default(), lead.phone.clone())
        };
        assert_eq!(take(60), ("Sales".to_owned(), None));
        assert_eq!(take(59), ("VP Sales".to_owned(), None));
    }

    #[test]
    fn a_verdict_on_another_address_is_left_out() {
        let mut lead = Lead { email: Some("a@b.com".to_owned()), ..Lead::default() };
        take(&mut lead, &answer(&[("emailStatus", "valid", Some("x@y.com"))]), WriteRule::Always);
        assert_eq!(lead.email_status, None);
        take(&mut lead, &answer(&[("emailStatus", "valid", Some("a@b.com"))]), WriteRule::Never);
        assert_eq!(lead.email_status, None);
        take(&mut lead, &answer(&[("emailStatus", "valid", Some("a@b.com"))]), WriteRule::Always);
        assert_eq!(lead.email_status, Some(EmailStatus::Valid));
        take(&mut lead, &answer(&[("emailStatus", "odd", None), ("noSuchField", "x", None)]), WriteRule::Always);
        assert_eq!(lead.email_status, Some(EmailStatus::Valid));
    }
}
