//! How the names of a lead follow each other when somebody edits one of them.
//!
//! A full name that was put together from its parts is put together again, and parts that were read out of a full name are
//! read again. What somebody wrote by hand is left alone.

use super::lead::{Lead, LeadField};
use super::person_name::PersonName;

/// The names as they were before the edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    first: Option<String>,
    last: Option<String>,
    full: Option<String>,
}

impl Names {
    pub fn of(lead: &Lead) -> Self {
        Self { first: lead.first_name.clone(), last: lead.last_name.clone(), full: lead.full_name.clone() }
    }

    /// Brings the names that were not edited in line; `edited` are the fields that were.
    pub fn follow(&self, lead: &mut Lead, edited: &[LeadField]) {
        let parts = edited.contains(&LeadField::FirstName) || edited.contains(&LeadField::LastName);
        let full = edited.contains(&LeadField::FullName);
        if parts && !full && self.full_is_composed() {
            let composed = composed(lead.first_name.as_deref(), lead.last_name.as_deref(), LeadField::FullName);
            lead.set_field(LeadField::FullName, composed);
        }
        if full && !parts && self.parts_are_read() {
            let name = PersonName::parse(lead.full_name.as_deref().unwrap_or_default());
            lead.set_field(LeadField::FirstName, fitting(name.first, LeadField::FirstName));
            lead.set_field(LeadField::LastName, fitting(name.last, LeadField::LastName));
        }
    }

    fn full_is_composed(&self) -> bool {
        let composed = composed(self.first.as_deref(), self.last.as_deref(), LeadField::FullName);
        self.full.is_none() || self.full == composed
    }

    fn parts_are_read(&self) -> bool {
        let name = PersonName::parse(self.full.as_deref().unwrap_or_default());
        let has = |part: &Option<String>, read: &str| part.as_deref().unwrap_or_default() == read;
        (self.first.is_none() && self.last.is_none()) || (has(&self.first, &name.first) && has(&self.last, &name.last))
    }
}

fn composed(first: Option<&str>, last: Option<&str>, field: LeadField) -> Option<String> {
    fitting(PersonName::join(first.unwrap_or_default(), last.unwrap_or_default()), field)
}

fn fitting(text: String, field: LeadField) -> Option<String> {
    Some(text).filter(|text| !text.is_empty() && text.chars().count() <= field.max_chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(first: &str, last: &str, full: &str) -> Lead {
        let mut lead = Lead::default();
        for (field, text) in [(LeadField::FirstName, first), (LeadField::LastName, last), (LeadField::FullName, full)] {
            lead.set_field(field, Some(text.to_owned()));
        }
        lead
    }

    fn after(before: &Lead, field: LeadField, text: &str) -> Lead {
        let mut after = before.clone();
        after.set_field(field, Some(text.to_owned()));
        Names::of(before).follow(&mut after, &[field]);
        after
    }

    #[test]
    fn what_was_put_together_is_put_together_again() {
        let married = after(&lead("Anna", "Meier", "Anna Meier"), LeadField::LastName, "Schulz");
        assert_eq!(married.full_name.as_deref(), Some("Anna Schulz"));
        let named = after(&lead("Anna", "Meier", "Anna Meier"), LeadField::FullName, "Berta Kurz");
        assert_eq!((named.first_name.as_deref(), named.last_name.as_deref()), (Some("Berta"), Some("Kurz")));
    }

    #[test]
    fn what_was_written_by_hand_stays() {
        let own = after(&lead("Anna", "Meier", "Anna K. Meier-Lang"), LeadField::FirstName, "Berta");
        assert_eq!(own.full_name.as_deref(), Some("Anna K. Meier-Lang"));
        let own = after(&lead("Annie", "Meier", "Anna Meier"), LeadField::FullName, "Anna Lang");
        assert_eq!(own.first_name.as_deref(), Some("Annie"));
    }
}
