//! The sample file of the demo: as its description says, and free of anything that belongs to somebody.

use std::collections::HashSet;

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
