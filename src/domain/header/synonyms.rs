//! The titles that are known, in English, German, French, Spanish, Italian, Portuguese, Dutch, the Scandinavian
//! languages, Polish, Japanese and Chinese, and the words that only qualify one.
//!
//! Titles are compared without case, accents, spaces and punctuation, so one spelling of each is enough.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::title::{Ambiguous, Meaning, title_words};
use super::{Origin, Suggestion};
use crate::domain::lead::LeadField;

/// One group of titles a line: the lead field, tab, confidence, tab, titles separated by `|`.
const TITLES: &str = include_str!("titles.tsv");

/// A word that may stand beside a title without changing which field it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Qualifier {
    /// Says whose or nothing at all; the factor is what is left of the confidence.
    Filler(f32),
    /// Which of several addresses or numbers.
    Place(f32),
    /// The company's, not the person's.
    Company,
}

pub(super) fn qualifier(word: &str) -> Option<Qualifier> {
    Some(match word {
        "the" | "a" | "of" | "no" | "s" | "your" | "my" | "please" | "enter" | "required" | "optional" | "value"
        | "field" | "current" | "de" | "des" | "du" | "der" | "la" | "le" | "l" | "del" | "do" | "da" | "di" => {
            Qualifier::Filler(0.99)
        }
        "person" | "persons" | "contact" | "contacts" | "lead" | "leads" | "customer" | "client" | "prospect"
        | "candidate" | "executive" | "individual" | "people" | "attendee" | "guest" | "member" | "subscriber"
        | "invitee" | "registrant" | "participant" | "applicant" | "delegate" | "visitor" | "teilnehmer"
        | "teilnehmerin" | "contacte" | "participante" | "partecipante" | "deelnemer" | "kontaktperson" | "kontakt"
        | "kunde" | "kunden" | "contacto" | "contatto" | "cliente" | "contato" | "klant" | "ansprechpartner" => {
            Qualifier::Filler(0.97)
        }
        "associated" | "raw" | "combined" | "actual" | "formatted" | "recommended" | "best" | "actuel" | "actuelle"
        | "attuale" | "atual" | "aktuelle" | "aktueller" | "aktuell" | "huidige" => Qualifier::Filler(0.95),
        "1" => Qualifier::Filler(0.88),
        "primary" | "main" | "preferred" | "default" => Qualifier::Place(0.97),
        "work" | "business" | "professional" | "mailing" | "direct" | "geschaftlich" | "beruflich" | "dienstlich"
        | "pro" | "professionnel" | "professionnelle" | "bureau" | "trabajo" | "laboral" | "profesional"
        | "oficina" | "lavoro" | "ufficio" | "professionale" | "trabalho" | "profissional" | "zakelijk"
        | "zakelijke" | "werk" => Qualifier::Place(0.95),
        "office" | "location" | "address" | "billing" | "bill" => Qualifier::Place(0.85),
        "personal" | "shipping" => Qualifier::Place(0.7),
        "home" | "private" | "privat" | "prive" | "personnel" | "personnelle" | "domicile" | "particular" | "casa"
        | "privato" | "personale" | "pessoal" | "residencial" => Qualifier::Place(0.6),
        "other" => Qualifier::Place(0.5),
        "company" | "companies" | "organization" | "organisation" | "account" | "employer" | "corporate" | "hq"
        | "headquarters" | "headquarter" | "firm" | "firma" | "unternehmen" | "entreprise" | "empresa" | "azienda"
        | "bedrijf" | "societe" => Qualifier::Company,
        _ => return None,
    })
}

/// The meaning of a title given as its words without anything between them.
pub(super) fn lookup(squeezed: &str) -> Option<Meaning> {
    KNOWN.get(squeezed).copied()
}

static KNOWN: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    let mut add = |titles: &[&str], meaning: Meaning| {
        for title in titles {
            known.entry(title_words(title).concat()).or_insert(meaning);
        }
    };
    add(NAMES, Meaning::Ambiguous(Ambiguous::Name, 0.93));
    add(&["contact"], Meaning::Ambiguous(Ambiguous::Contact, 0.9));
    add(&["url", "link"], Meaning::Ambiguous(Ambiguous::Url, 0.9));
    add(&["connected on"], Meaning::ConnectedOn);
    add(COMPANY_MARKS, Meaning::CompanyMark);
    for (suggestion, titles) in TITLES.lines().filter_map(line) {
        add(&titles, Meaning::Field(suggestion));
    }
    for field in LeadField::ALL {
        add(&[field.name()], Meaning::Field(Suggestion { field, confidence: 1.0, origin: Origin::Header }));
    }
    known
});

/// A name of which the row decides whose it is.
const NAMES: &[&str] = &["name", "names", "nom", "nome", "nombre", "naam", "namn", "navn", "nazwa", "名称"];

const COMPANY_MARKS: &[&str] = &[
    "company id",
    "organization id",
    "organisation id",
    "founded",
    "founded year",
    "year founded",
    "annual revenue",
    "revenue",
    "sic code",
    "naics code",
];

/// One line of [`TITLES`]; `None` where it is malformed, which a test rules out.
fn line(line: &str) -> Option<(Suggestion, Vec<&str>)> {
    let mut parts = line.split('\t');
    let field = LeadField::from_name(parts.next()?)?;
    let confidence = parts.next()?.parse().ok()?;
    Some((Suggestion { field, confidence, origin: Origin::Header }, parts.next()?.split('|').collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_titles_is_read_and_every_field_has_one() {
        let lines: Vec<_> = TITLES.lines().map(|text| line(text).unwrap_or_else(|| panic!("{text}"))).collect();
        for field in LeadField::ALL {
            assert!(lines.iter().any(|(known, _)| known.field == field), "{}", field.name());
        }
        for (suggestion, titles) in lines {
            assert!((0.4..=1.0).contains(&suggestion.confidence));
            assert!(titles.iter().all(|title| !title_words(title).is_empty()), "{titles:?}");
        }
    }
}
