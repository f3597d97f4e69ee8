//! What one title means, word by word.

use super::synonyms::{self, Qualifier};
use super::{Origin, Suggestion};
use crate::domain::lead::LeadField;
use crate::domain::text;

/// What a title says before the rest of the row is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Field(Suggestion),
    /// With the confidence that the words are understood at all.
    Ambiguous(Ambiguous, f32),
    /// The mark of LinkedIn's export of connections.
    ConnectedOn,
    /// No field, but only companies have it.
    CompanyMark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ambiguous {
    /// A name of whom or which part of it is not said.
    Name,
    /// A person or how to reach one.
    Contact,
    Url,
}

/// The meaning of `title`, if every word of it is understood.
///
/// Words that only qualify (`Contact`, `Work`, `Primary`) are left out one kind after the other until the rest is a
/// known title; each costs confidence.
pub(super) fn meaning(title: &str) -> Option<Meaning> {
    let words = title_words(title);
    if let Some(meaning) = known(&words, 1.0) {
        return Some(meaning);
    }
    let (mut confidence, mut company) = (1.0, false);
    let mut rest = words;
    for kind in [Kind::Filler, Kind::Place, Kind::Company] {
        let before = rest.len();
        rest.retain(|word| match (kind, synonyms::qualifier(word)) {
            (Kind::Filler, Some(Qualifier::Filler(factor))) | (Kind::Place, Some(Qualifier::Place(factor))) => {
                confidence *= factor;
                false
            }
            (Kind::Company, Some(Qualifier::Company)) => false,
            _ => true,
        });
        company |= kind == Kind::Company && rest.len() < before;
        if rest.len() < before
            && let Some(meaning) = known(&rest, confidence)
        {
            return if company { of_company(meaning) } else { Some(meaning) };
        }
    }
    None
}

/// The kinds of words that are left out, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Filler,
    Place,
    Company,
}

fn known(words: &[String], confidence: f32) -> Option<Meaning> {
    let meaning = synonyms::lookup(&words.concat())?;
    Some(match meaning {
        Meaning::Field(found) => Meaning::Field(Suggestion { confidence: found.confidence * confidence, ..found }),
        Meaning::Ambiguous(kind, base) => Meaning::Ambiguous(kind, base * confidence),
        Meaning::ConnectedOn | Meaning::CompanyMark => meaning,
    })
}

/// What a title means that also says that the company is meant.
fn of_company(meaning: Meaning) -> Option<Meaning> {
    let (field, confidence) = match meaning {
        Meaning::Field(found) => (company_field(found.field)?, found.confidence * 0.9),
        Meaning::Ambiguous(Ambiguous::Name, confidence) => (LeadField::CompanyName, confidence),
        Meaning::Ambiguous(Ambiguous::Url, confidence) => (LeadField::Website, confidence * 0.9),
        Meaning::CompanyMark => return Some(Meaning::CompanyMark),
        Meaning::Ambiguous(Ambiguous::Contact, _) | Meaning::ConnectedOn => return None,
    };
    Some(Meaning::Field(Suggestion { field, confidence, origin: Origin::Header }))
}

fn company_field(field: LeadField) -> Option<LeadField> {
    match field {
        LeadField::Phone => Some(LeadField::CompanyPhone),
        LeadField::LinkedInUrl => Some(LeadField::CompanyLinkedInUrl),
        // A company's address is not a person's, its picture is a logo.
        LeadField::Email | LeadField::FirstName | LeadField::LastName | LeadField::ProfilePictureUrl => None,
        LeadField::FullName => Some(LeadField::CompanyName),
        other => Some(other),
    }
}

/// The folded words of a title: `firstName`, `FIRST_NAME` and `First name` are the same two.
pub(super) fn title_words(title: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(title.len() + 8);
    let mut before = ' ';
    for c in title.chars() {
        let hump = before.is_lowercase() && c.is_uppercase();
        let number = before.is_alphabetic() && c.is_ascii_digit() || before.is_ascii_digit() && c.is_alphabetic();
        if hump || number {
            spaced.push(' ');
        }
        spaced.push(c);
        before = c;
    }
    text::words(&text::fold(&spaced)).map(str::to_owned).collect()
}
