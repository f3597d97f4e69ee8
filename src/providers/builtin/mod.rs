//! Providers that need no key: they are part of the program.

mod company;
mod email;
mod instant;
mod mail_hosts;
mod name;
mod phone;
#[cfg(test)]
mod testing;
mod title;

pub use company::BuiltInCompany;
pub use email::BuiltInEmail;
pub use mail_hosts::MailHosts;
pub use name::BuiltInName;
pub use phone::BuiltInPhone;
pub use title::BuiltInTitle;

use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{Evidence, FoundValue};
use crate::domain::lead::LeadField;

/// What a found value is called.
enum Named {
    Field(LeadField),
    Fact(EnrichedField),
}

impl From<LeadField> for Named {
    fn from(field: LeadField) -> Self {
        Self::Field(field)
    }
}

impl From<EnrichedField> for Named {
    fn from(fact: EnrichedField) -> Self {
        Self::Fact(fact)
    }
}

/// A value with its confidence by the table and what was seen; an empty object is left out.
fn value(
    field: impl Into<Named>,
    text: &str,
    evidence: Evidence,
    about: Option<&str>,
    seen: serde_json::Value,
) -> FoundValue {
    let field = match field.into() {
        Named::Field(field) => field.name(),
        Named::Fact(fact) => fact.name(),
    };
    let has_seen = seen.as_object().is_some_and(|members| !members.is_empty());
    FoundValue {
        field: field.to_owned(),
        value: text.to_owned(),
        confidence: evidence.confidence(),
        about: about.map(str::to_owned),
        evidence: has_seen.then(|| seen.to_string()),
    }
}
