//! The sample file of the demo: as its description says, and free of anything that belongs to somebody.

use std::collections::HashSet;

use galena::domain::email::Email;
use galena::domain::id::{Id, LeadId};
use galena::domain::identity::{Identity, MailLists, Verdict, sufficient, verdict};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::linkedin::LinkedInProfile;
use galena::domain::list::IdentityDemand;
use galena::domain::phone::{Phone, Region};
use galena::domain::website::Website;
use galena::providers::lists::Lists;
use serde_json::Value;

const SAMPLE: &str = include_str!("../../src/cli/demo/sample.csv");
const EXPECTED: &str = include_str!("../../src/cli/demo/sample-expected.json");

fn rows() -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let mut reader = csv::Reader::from_reader(SAMPLE.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().expect("the sample has a header").clone();
    let rows = reader.records().collect::<Result<_, _>>().expect("every row has as many cells as the header");
    (header, rows)
}

fn expected() -> Value {
    serde_json::from_str(EXPECTED).expect("the expectations are JSON")
}

#[test]
fn the_expected_counts_add_up() {
    let (header, rows) = rows();
    let expected = expected();
    let count = |key: &str| usize::try_from(expected[key].as_u64().expect(key)).expect(key);
    assert_eq!(rows.len(), count("rows"));
    assert_eq!(header.len(), count("columns"));
    assert_eq!(count("created") + count("duplicates") + count("rejected"), count("rows"));
    let listed = |key: &str| expected[key].as_array().expect(key).len();
    assert_eq!(listed("rejectedRows"), count("rejected"));
    assert_eq!(listed("duplicateRows"), count("duplicates"));
}

#[test]
fn the_flagged_rows_are_flagged_by_the_lists() {
    let (header, rows) = rows();
    let expected = expected();
    let lists = Lists::embedded().expect("the embedded lists open");
    let email = header.iter().position(|name| name == "Email").expect("an Email column");
    let flagged = |says: &dyn Fn(&str) -> bool| -> Vec<u64> {
        let domain = |row: &csv::StringRecord| row[email].trim().rsplit('@').next().unwrap_or_default().to_owned();
        (1..).zip(&rows).filter(|(_, row)| row[email].contains('@') && says(&domain(row))).map(|(row, _)| row).collect()
    };
    assert_eq!(Value::from(flagged(&|domain| lists.is_free_mail(domain))), expected["freeMailRows"]);
    assert_eq!(Value::from(flagged(&|domain| lists.disposable(domain))), expected["disposableRows"]);
}

#[test]
fn no_domain_in_it_belongs_to_a_company() {
    let lists = Lists::embedded().expect("the embedded lists open");
    let allowed = |domain: &str| {
        domain.ends_with(".example")
            || domain.ends_with("linkedin.com")
            || domain == "twitter.com"
            || lists.kind(domain).is_some()
    };
    let mut foreign = HashSet::new();
    for cell in rows().1.iter().flat_map(|row| row.iter()) {
        let addresses =
            cell.split([' ', '<', '>', ',', '"', '(']).filter(|word| word.contains('@') || word.contains("://"));
        for address in addresses {
            let host = address.rsplit(['@']).next().unwrap_or_default();
            let host = host.split_once("://").map_or(host, |(_, rest)| rest);
            let host = host.split(['/', '?']).next().unwrap_or_default().trim().to_ascii_lowercase();
            if host.contains('.') && !allowed(&host) {
                foreign.insert(host);
            }
        }
    }
    assert!(foreign.is_empty(), "{foreign:?}");
}

/// Which normal form a cell of the sample has; `None` where it is empty or a cell error.
fn normal(field: LeadField, cell: &str, region: Option<Region>) -> Option<String> {
    match field {
        LeadField::Email => Email::parse(cell).ok().map(Email::into_string),
        LeadField::Phone => Phone::parse(cell, region).ok().map(|phone| phone.e164),
        LeadField::LinkedInUrl => LinkedInProfile::parse(cell).ok().map(LinkedInProfile::into_string),
        LeadField::Website => Website::parse(cell).ok().map(Website::into_string),
        _ => Some(cell.trim().to_owned()),
    }
}

const COLUMNS: [(&str, LeadField); 9] = [
    ("Full Name", LeadField::FullName),
    ("First Name", LeadField::FirstName),
    ("Last Name", LeadField::LastName),
    ("Email", LeadField::Email),
    ("Phone", LeadField::Phone),
    ("Company", LeadField::CompanyName),
    ("LinkedIn", LeadField::LinkedInUrl),
    ("Website", LeadField::Website),
    ("Country", LeadField::Country),
];

/// The rules alone, without reader, mapping and store: row by row against every lead before it.
#[test]
fn the_rules_give_the_expected_counts() {
    let (header, rows) = rows();
    let expected = expected();
    let lists = Lists::embedded().expect("the embedded lists open");
    let mail =
        MailLists { is_role: &|local| lists.is_role(local), is_free_mail: &|domain| lists.is_public_mail(domain) };
    let mut leads: Vec<(LeadId, Identity)> = Vec::new();
    let (mut rejected, mut duplicates) = (Vec::new(), Vec::new());
    let mut errors = [(LeadField::Email, Vec::new()), (LeadField::Phone, Vec::new())];
    for (number, row) in (1u64..).zip(&rows) {
        let cell = |name: &str| &row[header.iter().position(|header| header == name).expect(name)];
        let region = Region::from_country(cell("Country"));
        let mut lead = Lead::default();
        for (name, field) in COLUMNS {
            lead.set_field(field, normal(field, cell(name), region));
            if let Some((_, rows)) = errors.iter_mut().find(|(of, _)| *of == field)
                && !cell(name).trim().is_empty()
                && lead.field(field).is_none()
            {
                rows.push(number);
            }
        }
        let identity = Identity::with_lists(&lead, mail);
        if sufficient(&identity, IdentityDemand::Any).is_err() {
            rejected.push(number);
            continue;
        }
        match verdict(&identity, leads.iter().cloned()) {
            Verdict::New => leads.push((LeadId::from_u64(number), identity)),
            Verdict::Same { .. } => duplicates.push(number),
        }
    }
    let listed = |key: &str| -> Vec<u64> {
        expected[key]
            .as_array()
            .expect(key)
            .iter()
            .map(|row| row.as_u64().or(row["row"].as_u64()).expect(key))
            .collect()
    };
    assert_eq!(rejected, listed("rejectedRows"));
    assert_eq!(duplicates, listed("duplicateRows"));
    let [(_, emails), (_, phones)] = errors;
    let empty_words = listed("emptyWordRows");
    let invalid: Vec<u64> = emails.into_iter().filter(|row| !empty_words.contains(row)).collect();
    assert_eq!(invalid, listed("invalidEmailRows"));
    assert_eq!(phones, listed("invalidPhoneRows"));
}
