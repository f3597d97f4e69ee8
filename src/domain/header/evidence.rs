//! Title and values together: what the cells say about what the title promises.
//!
//! The confidence of a suggestion:
//! - a title without values, or with values that say nothing, keeps the confidence of its words, `h`;
//! - values that look like the field (seven of ten cells) bring it half the way to 1: `h + (1 - h) / 2`;
//! - values that cannot be the field (eight of ten cells, and at least three of them unless each is plainly something
//!   else) take the suggestion away;
//! - values alone give 0.5 under a title that says something else or nothing known, 0.6 under one that they contradict,
//!   and 0.7 to 0.95 in a column without a title.
//!
//! When several columns could be one field, confidence is weighed by how well they are filled, how different their values
//! are, and whether addresses are those of persons: see [`weight`].

use super::column::Column;
use super::look::Look;
use super::title::{Ambiguous, title_words};
use super::{Origin, Suggestion};
use crate::domain::lead::LeadField;

const AGREES: f32 = 0.7;
const CONTRADICTS: f32 = 0.8;
/// Cells that have to be there before uncertain ones speak against a title.
const ENOUGH: usize = 3;
/// How sure values must be to stand without a title.
const NO_DOUBT: f32 = 0.9;

/// What a cell says about a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    Perhaps,
    No,
}

fn fit(field: LeadField, look: Look) -> Fit {
    use LeadField as F;
    use Look as L;
    let is_link = matches!(look, L::LinkedInPerson | L::LinkedInCompany | L::Website | L::Image | L::Link);
    let is_mark = matches!(look, L::Date | L::YesNo | L::Status | L::Salutation);
    match (field, look) {
        (F::Email, L::Email)
        | (F::Phone | F::CompanyPhone, L::Phone)
        | (F::LinkedInUrl, L::LinkedInPerson)
        | (F::CompanyLinkedInUrl, L::LinkedInCompany)
        | (F::Website, L::Website)
        | (F::ProfilePictureUrl, L::Image)
        | (F::FullName, L::PersonName)
        | (F::FirstName, L::GivenName)
        | (F::CompanyName, L::Company)
        | (F::JobTitle, L::JobTitle)
        | (F::Country, L::Country)
        | (F::CompanySize, L::SizeRange | L::Number)
        | (F::PostalCode, L::Number) => Fit::Yes,
        (F::Email, _) => Fit::No,
        (F::Phone | F::CompanyPhone, L::Digits) => Fit::Perhaps,
        (F::Phone | F::CompanyPhone, _) => Fit::No,
        // A handle or a name may stand where a link is asked for.
        (F::LinkedInUrl | F::CompanyLinkedInUrl | F::Website | F::ProfilePictureUrl, _) => match look {
            L::Text | L::Capitalised | L::CapitalisedWords | L::GivenName | L::PersonName | L::Company => Fit::Perhaps,
            L::Link if matches!(field, F::Website | F::ProfilePictureUrl) => Fit::Perhaps,
            L::Website if field == F::ProfilePictureUrl => Fit::Perhaps,
            _ => Fit::No,
        },
        // `NO` is a country, too; some write its number.
        (F::Country, L::YesNo) | (F::PostalCode | F::CompanySize, L::Digits | L::Phone) => Fit::Perhaps,
        (F::State | F::Industry | F::Street | F::Location | F::City, L::Number) => Fit::Perhaps,
        (_, L::Email | L::Phone | L::Digits | L::Number) => Fit::No,
        (F::CompanyName, L::Website) => Fit::Perhaps,
        (F::CompanyName | F::Industry, L::Status | L::Salutation) => Fit::Perhaps,
        (F::CompanySize, L::PersonName) => Fit::No,
        _ if is_link || is_mark => Fit::No,
        _ => Fit::Perhaps,
    }
}

/// Whether a cell is plainly what it looks like, so that a single one counts.
fn is_plain(look: Look) -> bool {
    !matches!(
        look,
        Look::Text | Look::Capitalised | Look::CapitalisedWords | Look::GivenName | Look::Digits | Look::Number
    )
}

/// The field of a title that means several things, where the values tell.
pub(super) fn settle(kind: Ambiguous, column: &Column) -> Option<LeadField> {
    let has = |looks: &[Look]| column.share(looks) >= AGREES;
    match kind {
        Ambiguous::Name if column.share(&[Look::Company]) >= 0.4 => Some(LeadField::CompanyName),
        Ambiguous::Contact | Ambiguous::Url if has(&[Look::Email]) => Some(LeadField::Email),
        Ambiguous::Contact if has(&[Look::Phone, Look::Digits]) => Some(LeadField::Phone),
        Ambiguous::Contact if has(&[Look::PersonName]) => Some(LeadField::FullName),
        Ambiguous::Url if has(&[Look::LinkedInPerson]) => Some(LeadField::LinkedInUrl),
        Ambiguous::Url if has(&[Look::LinkedInCompany]) => Some(LeadField::CompanyLinkedInUrl),
        _ => None,
    }
}

/// What the values make of a suggestion that the title gave.
pub(super) fn judged(said: Suggestion, column: &Column) -> Option<Suggestion> {
    let yes = column.share_where(|look| fit(said.field, look) == Fit::Yes);
    if yes >= AGREES {
        return Some(Suggestion { confidence: said.confidence + (1.0 - said.confidence) / 2.0, ..said });
    }
    let no = column.share_where(|look| fit(said.field, look) == Fit::No);
    let plainly = column.share_where(|look| fit(said.field, look) == Fit::No && is_plain(look));
    let contradicted = plainly >= CONTRADICTS || no >= CONTRADICTS && column.len() >= ENOUGH;
    if !contradicted {
        return Some(said);
    }
    // The company's column holds the company's values.
    let of_company = matches!(said.field, LeadField::CompanyPhone | LeadField::CompanyName);
    addressed(column)
        .filter(|field| !of_company || !matches!(field, LeadField::Email | LeadField::Phone))
        .map(|field| Suggestion { field, confidence: 0.6, origin: Origin::Values })
}

/// The field that the values of a column without any title leave no doubt about.
pub(super) fn untitled(column: &Column) -> Option<Suggestion> {
    let share = |looks: &[Look]| column.share(looks);
    let (field, confidence) = match addressed(column) {
        Some(field) => (field, if column.len() < ENOUGH { 0.85 } else { 0.95 }),
        None if column.len() < 2 => return None,
        None if is_of_names(column, Look::PersonName, Look::CapitalisedWords) => (LeadField::FullName, 0.8),
        None if share(&[Look::JobTitle]) >= 0.5 => (LeadField::JobTitle, 0.8),
        None if share(&[Look::Country]) >= NO_DOUBT => (LeadField::Country, 0.8),
        None if share(&[Look::Company]) >= 0.3 => (LeadField::CompanyName, 0.75),
        None if share(&[Look::SizeRange]) >= NO_DOUBT => (LeadField::CompanySize, 0.7),
        None if is_of_names(column, Look::GivenName, Look::Capitalised) => (LeadField::FirstName, 0.75),
        None => return None,
    };
    Some(Suggestion { field, confidence, origin: Origin::Values })
}

/// Whether enough cells hold a known name, and nearly all others could be one.
fn is_of_names(column: &Column, known: Look, possible: Look) -> bool {
    column.share(&[known]) >= 0.4 && column.share(&[known, possible]) >= 0.85
}

/// Whether the column beside an untitled one of given names holds the family names.
pub(super) fn is_family_names(column: &Column) -> bool {
    column.len() >= 2
        && column.share(&[Look::Capitalised, Look::GivenName]) >= CONTRADICTS
        && column.share(&[Look::GivenName]) < 0.5
        && column.variety() >= 0.5
}

/// The field of values under a title nobody knows: only what cannot be anything else, and not where a word of the title
/// says that somebody else's is meant.
pub(super) fn under_unknown_title(title: &str, column: &Column) -> Option<Suggestion> {
    if title_words(title).iter().any(|word| is_somebody_elses(word)) {
        return None;
    }
    let field = addressed(column)?;
    let is_sure = match field {
        LeadField::Email => column.is_of_many() && column.role_share() < 0.5,
        LeadField::LinkedInUrl => column.variety() >= NO_DOUBT,
        LeadField::CompanyLinkedInUrl => true,
        _ => false,
    };
    is_sure.then_some(Suggestion { field, confidence: 0.5, origin: Origin::Values })
}

/// Addresses say themselves what they are.
fn addressed(column: &Column) -> Option<LeadField> {
    [
        (LeadField::Email, Look::Email),
        (LeadField::LinkedInUrl, Look::LinkedInPerson),
        (LeadField::CompanyLinkedInUrl, Look::LinkedInCompany),
        (LeadField::Phone, Look::Phone),
        (LeadField::Website, Look::Website),
    ]
    .into_iter()
    .find(|(_, look)| column.share(&[*look]) >= NO_DOUBT)
    .map(|(field, _)| field)
}

/// How much a column's confidence counts against another column of the same field, at most 1.
pub(super) fn weight(field: LeadField, column: &Column) -> f32 {
    let filled = if column.fill > 0.0 { 0.7 + 0.3 * column.fill } else { 0.4 };
    match field {
        LeadField::Email => filled * (0.7 + 0.3 * column.variety()) * (1.0 - 0.3 * column.role_share()),
        LeadField::LinkedInUrl => filled * (0.7 + 0.3 * column.variety()),
        _ => filled,
    }
}

/// A title that says nothing: `Column 3`, `Unnamed: 2`, `_c0`, `B`, none at all.
pub(super) fn is_no_title(title: &str) -> bool {
    let words = title_words(title);
    let (numbers, names): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    match names[..] {
        [] => numbers.len() == words.len(),
        [name] => {
            (name.len() == 1 && name.is_ascii() && numbers.is_empty() && words.len() == 1)
                || matches!(
                    name.as_str(),
                    "column"
                        | "col"
                        | "c"
                        | "field"
                        | "f"
                        | "var"
                        | "unnamed"
                        | "spalte"
                        | "feld"
                        | "colonne"
                        | "champ"
                        | "columna"
                        | "campo"
                        | "colonna"
                        | "kolom"
                        | "coluna"
                        | "x"
                        | "v"
                )
        }
        _ => false,
    }
}

/// Words that say that a column is about somebody else than the lead, or about another time.
fn is_somebody_elses(word: &str) -> bool {
    matches!(
        word,
        "owner"
            | "owners"
            | "rep"
            | "reps"
            | "assigned"
            | "assignee"
            | "assign"
            | "user"
            | "users"
            | "by"
            | "agent"
            | "manager"
            | "manages"
            | "supervisor"
            | "boss"
            | "reports"
            | "sender"
            | "from"
            | "cc"
            | "bcc"
            | "reply"
            | "replyto"
            | "assistant"
            | "asst"
            | "referrer"
            | "referral"
            | "referred"
            | "sdr"
            | "bdr"
            | "ae"
            | "csm"
            | "recruiter"
            | "seller"
            | "salesperson"
            | "parent"
            | "partner"
            | "spouse"
            | "emergency"
            | "backup"
            | "previous"
            | "prev"
            | "former"
            | "old"
            | "past"
            | "last"
            | "ex"
            | "bounced"
            | "invalid"
            | "company"
            | "organization"
            | "organisation"
            | "account"
            | "generic"
            | "support"
            | "billing"
            | "invoice"
            | "invoices"
            | "our"
            | "internal"
            | "created"
            | "modified"
            | "updated"
            | "inhaber"
            | "besitzer"
            | "zustandig"
            | "zustandiger"
            | "betreuer"
            | "vertreter"
            | "bearbeiter"
            | "ersteller"
            | "absender"
            | "firma"
            | "firmen"
            | "unternehmen"
            | "assistenz"
            | "rechnung"
            | "fruher"
            | "fruherer"
            | "ehemalig"
            | "ehemaliger"
            | "proprietaire"
            | "responsable"
            | "assigne"
            | "createur"
            | "expediteur"
            | "commercial"
            | "facturation"
            | "ancien"
            | "ancienne"
            | "societe"
            | "entreprise"
            | "propietario"
            | "asignado"
            | "vendedor"
            | "creador"
            | "remitente"
            | "facturacion"
            | "anterior"
            | "empresa"
            | "proprietario"
            | "responsabile"
            | "assegnato"
            | "venditore"
            | "creato"
            | "mittente"
            | "fatturazione"
            | "precedente"
            | "azienda"
            | "atribuido"
            | "criado"
            | "remetente"
            | "eigenaar"
            | "toegewezen"
            | "verkoper"
            | "afzender"
            | "factuur"
            | "vorige"
            | "bedrijf"
            | "accountmanager"
            | "kundenbetreuer"
    )
}
