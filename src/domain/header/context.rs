//! What the other titles of the row say about a title that can mean several things.

use super::title::{Ambiguous, Meaning};
use super::{Origin, Suggestion};
use crate::domain::lead::LeadField;

/// Which kinds of column a header row has.
#[derive(Debug, Default)]
pub(super) struct RowContext {
    first_name: bool,
    last_name: bool,
    full_name: bool,
    /// A bare `Name`, `Nom`, `Nome`, …
    name: bool,
    company_name: bool,
    /// A column that only a person has: an e-mail address, a job title, a profile.
    person: bool,
    /// An e-mail address or a job title.
    reaches_a_person: bool,
    /// A column that only a company has: its industry, its size, its identifier.
    company: bool,
    /// LinkedIn's own export of connections calls the profile just `URL`.
    connections: bool,
}

impl RowContext {
    pub(super) fn of(meanings: &[Option<Meaning>]) -> Self {
        let mut context = Self::default();
        for meaning in meanings.iter().flatten() {
            match meaning {
                Meaning::Field(Suggestion { field, .. }) => context.note(*field),
                Meaning::Ambiguous(Ambiguous::Name, _) => context.name = true,
                Meaning::Ambiguous(Ambiguous::Contact | Ambiguous::Url, _) => {}
                Meaning::ConnectedOn => context.connections = true,
                Meaning::CompanyMark => context.company = true,
            }
        }
        context
    }

    fn note(&mut self, field: LeadField) {
        match field {
            LeadField::FirstName => self.first_name = true,
            LeadField::LastName => self.last_name = true,
            LeadField::FullName => self.full_name = true,
            LeadField::CompanyName => self.company_name = true,
            LeadField::Email | LeadField::JobTitle => (self.person, self.reaches_a_person) = (true, true),
            LeadField::LinkedInUrl => self.person = true,
            LeadField::Industry | LeadField::CompanySize => self.company = true,
            _ => {}
        }
    }

    /// The field a meaning comes to in this row.
    pub(super) fn resolve(&self, meaning: Meaning) -> Option<Suggestion> {
        let (kind, confidence) = match meaning {
            // In a list of companies the page is the company's.
            Meaning::Field(found) if found.field == LeadField::LinkedInUrl && self.is_of_companies() => {
                return Some(Suggestion { field: LeadField::CompanyLinkedInUrl, ..found });
            }
            Meaning::Field(suggestion) => return Some(suggestion),
            Meaning::Ambiguous(kind, confidence) => (kind, confidence),
            Meaning::ConnectedOn | Meaning::CompanyMark => return None,
        };
        let (field, confidence) = match kind {
            Ambiguous::Name => (self.name_field(), confidence),
            Ambiguous::Contact if self.first_name || self.last_name || self.full_name || self.name => {
                (LeadField::Phone, confidence * 0.6)
            }
            Ambiguous::Contact => (LeadField::FullName, confidence * 0.8),
            Ambiguous::Url if self.connections => (LeadField::LinkedInUrl, confidence),
            Ambiguous::Url => (LeadField::Website, confidence * 0.6),
        };
        Some(Suggestion { field, confidence, origin: Origin::Header })
    }

    fn is_of_companies(&self) -> bool {
        let names_a_person = self.first_name || self.last_name || self.full_name || self.reaches_a_person;
        self.company && !names_a_person && (self.company_name || self.name)
    }

    /// `Name` beside `Vorname` is the last name, `Nome` beside `Cognome` the first one.
    fn name_field(&self) -> LeadField {
        let companies = self.company && !self.person && !self.company_name;
        match (self.first_name, self.last_name) {
            (true, false) => LeadField::LastName,
            (false, true) => LeadField::FirstName,
            (false, false) if companies => LeadField::CompanyName,
            (false, false) | (true, true) => LeadField::FullName,
        }
    }
}
