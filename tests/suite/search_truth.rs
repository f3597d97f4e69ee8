//! Generated leads against a plain scan: what must be found is found, and the totals agree.

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

fn text(lead: &Lead, field: LeadField) -> String {
    fold(lead.field(field).unwrap_or_default()).into_owned()
}

fn host(lead: &Lead) -> String {
    text(lead, LeadField::Email).split('@').nth(1).unwrap_or_default().to_owned()
}

fn name_words(lead: &Lead) -> Vec<String> {
    words(&text(lead, LeadField::FullName)).map(str::to_owned).collect()
}

/// The whole answer, page by page, and the total it states.
fn all_found(index: &SearchIndex, q: &str) -> (Vec<u64>, u64) {
    let mut request = SearchRequest { limit: MAX_LIMIT, ..SearchRequest::text(q) };
    let mut found = Vec::new();
    loop {
        let page = index.search(&everything(1), &request).unwrap();
        found.extend(page.ids.iter().map(|id| galena::domain::id::Id::as_u64(*id)));
        match page.next_cursor {
            Some(cursor) => request.after = Some(cursor),
            None => {
                found.sort_unstable();
                return (found, page.total);
            }
        }
    }
}

fn scanned(leads: &[Lead], matches: impl Fn(&Lead) -> bool) -> Vec<u64> {
    (1..).zip(leads).filter(|(_, lead)| matches(lead)).map(|(number, _)| number).collect()
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
    let mut asked = std::collections::HashSet::new();
    for (number, one) in (1u64..).zip(&leads) {
        let email = text(one, LeadField::Email);
        // Unfinished as the last word, so addresses that go on count too; these end with a known ending.
        assert_same(
            &index,
            &email.to_uppercase(),
            &scanned(&leads, |other| text(other, LeadField::Email).starts_with(&email)),
        );

        let digits: String = text(one, LeadField::Phone).chars().filter(char::is_ascii_digit).collect();
        let tail = &digits[digits.len() - 6..];
        if asked.insert(tail.to_owned()) {
            let core = tail.trim_start_matches('0').to_owned();
            let expected = scanned(&leads, |other| {
                let phone: String = text(other, LeadField::Phone).chars().filter(char::is_ascii_digit).collect();
                // The e-mail holds a number too, but a shorter one.
                phone.ends_with(tail) || phone.starts_with(tail) || (core.len() == 6 && phone.starts_with(&core))
            });
            assert!(expected.contains(&number));
            assert_same(&index, tail, &expected);
        }

        let domain = host(one);
        if asked.insert(domain.clone()) {
            let expected = scanned(&leads, |other| {
                let host = host(other);
                host == domain || host.ends_with(&format!(".{domain}"))
            });
            assert!(expected.contains(&number));
            assert_same(&index, &domain, &expected);
        }

        let name = text(one, LeadField::FullName);
        if asked.insert(name.clone()) {
            let wanted = name_words(one);
            let expected = scanned(&leads, |other| {
                let everything = [
                    text(other, LeadField::FullName),
                    text(other, LeadField::CompanyName),
                    text(other, LeadField::Email)
                        .replace(".com", "")
                        .replace(".co.uk", "")
                        .replace(".de", "")
                        .replace(".io", ""),
                    text(other, LeadField::City),
                ]
                .join(" ");
                let held: Vec<&str> = words(&everything).collect();
                let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
                let last = wanted.pop().unwrap_or_default();
                // Names written with a mark inside ("o'connor") are side by side here anyway.
                wanted.iter().all(|word| held.contains(word)) && held.iter().any(|word| word.starts_with(last))
            });
            assert!(expected.contains(&number));
            assert_same(&index, &name, &expected);
        }
    }
}
