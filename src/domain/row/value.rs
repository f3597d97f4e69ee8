//! What a lead field makes of a text: its normal form, or why it cannot hold it.

use crate::domain::email::{Email, EmailError};
use crate::domain::lead::LeadField;
use crate::domain::linkedin::{LinkedInCompany, LinkedInError, LinkedInProfile};
use crate::domain::person_name::PersonName;
use crate::domain::phone::{Phone, PhoneError, Region};
use crate::domain::website::{Website, WebsiteError};

/// The normal form can be shorter than the text (a link loses its query), but no field is worth reading more than this
/// many times its length.
const RAW_LENGTH_FACTOR: usize = 4;

/// Why a text cannot be the value of a field. Displays as the end of a sentence about the cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellProblem {
    #[error(transparent)]
    Email(#[from] EmailError),
    #[error(transparent)]
    Phone(#[from] PhoneError),
    #[error(transparent)]
    LinkedIn(#[from] LinkedInError),
    #[error(transparent)]
    Website(#[from] WebsiteError),
    #[error("is longer than {limit} characters")]
    TooLong { limit: usize },
}

impl CellProblem {
    /// The name in the API and in reports.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Email(_) => "INVALID_EMAIL",
            Self::Phone(_) => "INVALID_PHONE",
            Self::LinkedIn(_) => "INVALID_LINKEDIN_URL",
            Self::Website(_) => "INVALID_WEBSITE",
            Self::TooLong { .. } => "VALUE_TOO_LONG",
        }
    }
}

/// The value of `field` for `text`, which is trimmed and not empty. E-mail, phones, links and the full name come out in
/// normal form, other fields as given. `region` tells the country of a national phone number, where it is needed.
///
/// # Errors
/// The text is no value of the kind, or too long for the field: it is never cut.
pub fn clean_value(field: LeadField, text: &str, region: &dyn Fn() -> Option<Region>) -> Result<String, CellProblem> {
    let limit = field.max_chars();
    if within(text, limit * RAW_LENGTH_FACTOR).is_err() {
        return Err(CellProblem::TooLong { limit });
    }
    let value = match field {
        LeadField::Email => Email::parse(text)?.into_string(),
        LeadField::Phone | LeadField::CompanyPhone => phone(text, region)?,
        LeadField::LinkedInUrl => LinkedInProfile::parse(text)?.into_string(),
        LeadField::CompanyLinkedInUrl => LinkedInCompany::parse(text)?.into_string(),
        LeadField::Website => Website::parse(text)?.into_string(),
        LeadField::FullName => full_name(text),
        _ => text.to_owned(),
    };
    within(&value, limit)?;
    Ok(value)
}

/// The number in E.164. Looking up a country costs more than most numbers, and those with `+` do not need it.
fn phone(text: &str, region: &dyn Fn() -> Option<Region>) -> Result<String, PhoneError> {
    let default_region = if text.starts_with('+') { None } else { region() };
    Ok(Phone::parse(text, default_region)?.e164)
}

/// `Meier, Anna` and `Dr. Anna  Meier` are `Anna Meier`. What is no name (`.`) stays as it is.
fn full_name(text: &str) -> String {
    let full = PersonName::parse(text).full();
    if full.is_empty() { text.to_owned() } else { full }
}

/// Checks that `text` has at most `limit` characters.
pub(super) fn within(text: &str, limit: usize) -> Result<(), CellProblem> {
    // A character is at least one byte: most texts need no counting.
    if text.len() <= limit || text.chars().count() <= limit { Ok(()) } else { Err(CellProblem::TooLong { limit }) }
}
