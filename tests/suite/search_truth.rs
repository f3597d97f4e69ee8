//! Generated leads against a plain scan: what must be found is found, and the totals agree.

use std::collections::HashSet;

use galena::domain::id::Id;
use galena::domain::lead::{Lead, LeadField};
use galena::search::*;

use super::search_fixture::*;

const FIRST: [&str; 16] = [
    "Anna",
    "Björn",
    "Chloé",
    "Dávid",
    "Émilie",
    "François",
    "Gülşen",
    "Håkon",
    "İpek",
    "João",
    "Krzysztof",
    "Łucja",
    "Mária",
    "Núria",
    "Øyvind",
    "Zoë",
];
const LAST: [&str; 16] = [
    "Müller",
    "Nguyễn",
    "O'Connor",
    "Peña",
    "Çelik",
    "Şahin",
    "Åberg",
    "Groß",
    "d'Angelo",
    "Smith-Jones",
    "Žižek",
    "Dvořák",
    "Ångström",
    "Ñuñez",
    "Wójcik",
    "Æbelø",
];
const HOSTS: [&str; 8] = [
    "acme.com",
    "mail.acme.com",
    "groß-bau.de",
    "example.co.uk",
    "web.example.co.uk",
    "gmail.com",
    "firma.test",
    "a1.io",
];
const COMPANIES: [&str; 5] = ["Acme Corp.", "Groß Bau GmbH & Co. KG", "Example plc", "A1 Telekom", "Ümlaut AG"];

/// The same leads every time; a multiplier stands in for chance.
fn leads(count: usize) -> Vec<Lead> {
    (0..count)
        .map(|number| {
            let dice = number.wrapping_mul(2_654_435_761) >> 7;
            let (first, last) = (FIRST[dice % 16], LAST[(dice / 16) % 16]);
            let host = HOSTS[(dice / 256) % 8];
            let mut one = lead(&[
                (LeadField::FirstName, first),
                (LeadField::LastName, last),
                (LeadField::FullName, &format!("{first} {last}")),
                (LeadField::CompanyName, COMPANIES[(dice / 2_048) % 5]),
                (LeadField::Email, &format!("{}.{number}@{host}", fold(first))),
                (LeadField::Phone, &format!("+49{:09}", (dice * 7_919) % 1_000_000_000)),
                (LeadField::City, ["Berlin", "Köln"][number % 2]),
            ]);
            one.list = list_id(1 + number as u64 % 3);
            one
        })
        .collect()
}

/// What the scan looks at, folded once.
struct Row {
    email: String,
    host: String,
    /// Digits alone.
    phone: String,
    name: String,
    /// Every word that free text finds.
    words: Vec<String>,
}

impl Row {
    fn new(lead: &Lead) -> Self {
        let text = |field| fold(lead.field(field).unwrap_or_default()).into_owned();
        let email = text(LeadField::Email);
        let name = text(LeadField::FullName);
        // Endings such as .com are no words; .test is not a known ending and stays.
        let no_endings = [".com", ".co.uk", ".de", ".io"].iter().fold(email.clone(), |text, end| text.replace(end, ""));
        let everything = [name.clone(), text(LeadField::CompanyName), no_endings, text(LeadField::City)];
        Self {
            host: email.split('@').nth(1).unwrap_or_default().to_owned(),
            phone: text(LeadField::Phone).chars().filter(char::is_ascii_digit).collect(),
            words: words(&everything.join(" ")).map(str::to_owned).collect(),
            email,
            name,
        }
    }

    fn holds(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    fn holds_beginning(&self, word: &str) -> bool {
        self.words.iter().any(|known| known.starts_with(word))
    }
}

/// The whole answer, page by page, and the total it states.
fn all_found(index: &SearchIndex, q: &str) -> (Vec<u64>, u64) {
    let mut request = SearchRequest { limit: MAX_LIMIT, ..SearchRequest::text(q) };
    let mut found = Vec::new();
    loop {
        let page = index.search(&everything(1), &request).unwrap();
        found.extend(page.ids.iter().map(|id| id.as_u64()));
        match page.next_cursor {
            Some(cursor) => request.after = Some(cursor),
            None => {
                found.sort_unstable();
                return (found, page.total);
            }
        }
    }
}

fn scanned(rows: &[Row], matches: impl Fn(&Row) -> bool) -> Vec<u64> {
    (1..).zip(rows).filter(|(_, row)| matches(row)).map(|(number, _)| number).collect()
}

fn assert_same(index: &SearchIndex, q: &str, expected: &[u64]) {
    let (found, total) = all_found(index, q);
    assert_eq!(total, expected.len() as u64, "total of {q:?}");
    assert_eq!(found, expected, "leads of {q:?}");
}

#[test]
fn every_lead_is_found_and_totals_equal_a_scan() {
    let leads = leads(2_000);
    let index = index_of(&leads);
    assert_same(&index, "", &(1..=2_000).collect::<Vec<_>>());
    let rows: Vec<Row> = leads.iter().map(Row::new).collect();
    let mut asked = HashSet::new();
    for (number, one) in (1u64..).zip(&rows) {
        // The last word may go on, so addresses that begin with this one count too.
        assert_same(&index, &one.email.to_uppercase(), &scanned(&rows, |row| row.email.starts_with(&one.email)));

        let tail = &one.phone[one.phone.len() - 6..];
        if asked.insert(tail) {
            // As an ending, and as a beginning without the zeros that are dialled first.
            let core = tail.trim_start_matches('0');
            let begins = |row: &Row| row.phone.starts_with(tail) || (core.len() == 6 && row.phone.starts_with(core));
            let expected = scanned(&rows, |row| row.phone.ends_with(tail) || begins(row));
            assert!(expected.contains(&number));
            assert_same(&index, tail, &expected);
        }

        if asked.insert(&one.host) {
            let below = format!(".{}", one.host);
            let expected = scanned(&rows, |row| row.host == one.host || row.host.ends_with(&below));
            assert!(expected.contains(&number));
            assert_same(&index, &one.host, &expected);
        }

        if asked.insert(&one.name) {
            let mut wanted: Vec<&str> = words(&one.name).collect();
            let last = wanted.pop().unwrap_or_default();
            let expected = scanned(&rows, |row| wanted.iter().all(|word| row.holds(word)) && row.holds_beginning(last));
            assert!(expected.contains(&number));
            assert_same(&index, &one.name, &expected);
        }
    }
    assert!(asked.len() > 1_000);
}
