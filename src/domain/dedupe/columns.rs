//! Which columns of a file say who a row is about, and what they say.

use crate::domain::email::Email;
use crate::domain::header;
use crate::domain::identity::{Identity, MailIdentity};
use crate::domain::lead::LeadField;
use crate::domain::linkedin::LinkedInCompany;
use crate::domain::phone::Phone;
use crate::domain::row::{Mapping, RowOptions, Target, read_row};
use crate::domain::text::{fold, trim_cell, words};

/// The fewest digits that tell a number from a year or a count.
const MIN_PHONE_DIGITS: usize = 7;

/// Words that only say which of several addresses a column holds. Folded.
#[rustfmt::skip]
const ORDINALS: &[&str] = &[
    "additional", "alt", "alternate", "alternativ", "alternative", "altro", "andere", "another", "autre", "first",
    "fourth", "otro", "outro", "primary", "second", "secondaire", "secondary", "secundario", "third", "tweede",
    "weitere", "zweite",
];

/// The columns that identify the rows of one file.
#[derive(Debug, Clone)]
pub struct IdentityColumns {
    mapping: Mapping,
    options: RowOptions,
    /// Columns with e-mail addresses or phone numbers of the person, the mapped ones among them.
    contacts: Vec<Contact>,
    /// No column names a person: the rows are companies.
    of_companies: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Contact {
    column: usize,
    /// Nothing says that the column holds numbers: only what is an e-mail address without doubt counts.
    mails_only: bool,
}

/// Who a row is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowIdentity {
    pub identity: Identity,
    /// All addresses of the row, each once.
    pub mails: Vec<MailIdentity>,
    /// All numbers of the row, each once: E.164, or the bare digits behind `#` where the country is not known.
    pub phones: Vec<String>,
    /// The page of the company, where rows are companies.
    pub company_page: Option<String>,
    pub is_company: bool,
}

impl IdentityColumns {
    /// `titled` is whether the file has titles at all.
    pub fn of(mapping: Mapping, options: RowOptions, titled: bool) -> Self {
        let columns = mapping.titles().iter().zip(mapping.targets()).enumerate();
        let contacts = columns.filter_map(|(column, (title, target))| match target {
            Target::Field(field) => is_contact(*field).then_some(Contact { column, mails_only: false }),
            Target::Custom(_) if titled => holds_contacts(title).then_some(Contact { column, mails_only: false }),
            Target::Custom(_) => Some(Contact { column, mails_only: true }),
            Target::Tags | Target::Ignore => None,
        });
        let contacts = contacts.collect();
        let has = |field: LeadField| mapping.column_of(field).is_some();
        let of_persons = [LeadField::FirstName, LeadField::LastName, LeadField::FullName, LeadField::LinkedInUrl];
        let of_companies = titled && !of_persons.into_iter().any(has) && !has(LeadField::Email);
        Self { mapping, options, contacts, of_companies }
    }

    /// The titles of the columns that count, by what they hold.
    pub fn titles(&self) -> Vec<(&'static str, Vec<&str>)> {
        let title = |column: usize| self.mapping.titles().get(column).map(String::as_str);
        let mapped = |fields: &[LeadField]| -> Vec<&str> {
            fields.iter().filter_map(|field| title(self.mapping.column_of(*field)?)).collect()
        };
        vec![
            ("contact", self.contacts.iter().filter_map(|contact| title(contact.column)).collect()),
            ("linkedin", mapped(&[LeadField::LinkedInUrl])),
            ("name", mapped(&[LeadField::FirstName, LeadField::LastName, LeadField::FullName])),
            ("company", mapped(&[LeadField::CompanyName, LeadField::Website])),
        ]
    }

    /// Whether rows are companies and not persons.
    pub fn are_companies(&self) -> bool {
        self.of_companies
    }

    /// Reads one row; `cells` are in the order of the file.
    pub fn read(&self, cells: &[&str]) -> RowIdentity {
        let lead = read_row(&self.mapping, &self.options, cells).lead;
        let mut row =
            RowIdentity { identity: Identity::of(&lead), is_company: self.of_companies, ..Default::default() };
        row.company_page = lead
            .company_linkedin_url
            .as_deref()
            .filter(|_| self.of_companies)
            .and_then(|url| LinkedInCompany::parse(url).ok())
            .map(LinkedInCompany::into_string);
        let country = self.mapping.column_of(LeadField::Country).and_then(|column| cells.get(column));
        let region = country.and_then(|text| crate::domain::phone::Region::from_country(trim_cell(text)));
        let region = region.or(self.options.default_region);
        for contact in &self.contacts {
            let text = cells.get(contact.column).map(|cell| trim_cell(cell)).unwrap_or_default();
            // An address in a column of numbers, or the reverse, is taken for what it is.
            if text.contains('@') {
                add_mails(&mut row.mails, text);
            } else if !contact.mails_only && !text.is_empty() {
                add_phones(&mut row.phones, text, region);
            }
        }
        row
    }
}

const fn is_contact(field: LeadField) -> bool {
    matches!(field, LeadField::Email | LeadField::Phone)
}

/// Whether a column that is no lead field is a second address or number of the person: `Email 2`, `Mobile`. As with
/// the fields, every word must be understood, so that `Owner Email` and `Email Status` are not.
fn holds_contacts(title: &str) -> bool {
    let suggests = |title: &str| matches!(header::suggest(&[title]).first(), Some(Some(suggestion)) if is_contact(suggestion.field));
    if suggests(title) {
        return true;
    }
    let folded = fold(title);
    let kept: Vec<&str> = words(&folded)
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|word| !word.is_empty() && !ORDINALS.contains(word))
        .collect();
    !kept.is_empty() && suggests(&kept.join(" "))
}

/// The addresses of a cell: one, or several with separators between them.
fn add_mails(mails: &mut Vec<MailIdentity>, text: &str) {
    let mut add = |email: Email| {
        let mail = MailIdentity { is_role: email.is_role(), key: email.comparison_key().into_owned() };
        if !mails.contains(&mail) {
            mails.push(mail);
        }
    };
    match Email::parse(text) {
        Ok(email) => add(email),
        Err(_) => {
            let pieces = text.split([';', ',', ' ', '|', '/', '\n']);
            pieces.filter(|piece| piece.contains('@')).filter_map(|piece| Email::parse(piece).ok()).for_each(add);
        }
    }
}

/// The number of a cell; several with `;`, `|`, `,` or `/` between them where the whole is none.
fn add_phones(phones: &mut Vec<String>, text: &str, region: Option<crate::domain::phone::Region>) {
    let mut add = |phone: String| {
        if !phones.contains(&phone) {
            phones.push(phone);
        }
    };
    if let Ok(phone) = Phone::parse(text, region) {
        return add(phone.e164);
    }
    let mut found = false;
    for piece in text.split([';', '|', ',', '/']) {
        if let Ok(phone) = Phone::parse(piece, region) {
            add(phone.e164);
            found = true;
        }
    }
    if !found {
        bare_digits(text).into_iter().for_each(add);
    }
}

/// The digits of a number whose country is not known, without its extension.
fn bare_digits(text: &str) -> Option<String> {
    let number = text.find(|c: char| c.is_alphabetic() || c == '#').map_or(text, |at| &text[..at]);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= MIN_PHONE_DIGITS).then(|| format!("#{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(titles: &[&str]) -> IdentityColumns {
        IdentityColumns::of(Mapping::automatic(titles), RowOptions::default(), true)
    }

    #[test]
    fn second_addresses_count_and_those_of_others_do_not() {
        let titles = [
            "Email",
            "Email 2",
            "Secondary E-Mail",
            "E-Mail2",
            "Phone 1",
            "Mobile",
            "Owner Email",
            "Email Status",
            "Fax",
            "Assistant's Phone",
            "Year",
        ];
        let found = columns(&titles).contacts;
        let found: Vec<&str> = found.into_iter().map(|contact| titles[contact.column]).collect();
        assert_eq!(found, ["Email", "Email 2", "Secondary E-Mail", "E-Mail2", "Phone 1", "Mobile"]);
    }

    #[test]
    fn swapped_cells_are_taken_for_what_they_are() {
        let columns = columns(&["Phone", "Email", "Email 2"]);
        let row = columns.read(&["Ada+x@Example.org", "+49 30 901820", "b@example.org; c@example.org"]);
        let mails: Vec<&str> = row.mails.iter().map(|mail| mail.key.as_str()).collect();
        assert_eq!(mails, ["ada@example.org", "b@example.org", "c@example.org"]);
        assert_eq!(row.phones, ["+4930901820"]);
        assert_eq!(columns.read(&["(711)625-4559x876", "", ""]).phones, ["#7116254559"]);
        assert_eq!(columns.read(&["2024", "n/a", ""]), RowIdentity::default());
    }

    #[test]
    fn a_file_without_persons_is_one_of_companies() {
        assert!(columns(&["Company", "Website", "Industry"]).are_companies());
        assert!(!columns(&["Company", "Email"]).are_companies());
    }
}
