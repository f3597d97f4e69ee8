use proptest::prelude::*;

use super::*;
use crate::domain::identity::same_lead;
use crate::domain::row::{Mapping, RowOptions};

fn ids_of(titles: &[&str], rows: &[&[&str]]) -> Vec<u32> {
    let columns = IdentityColumns::of(Mapping::automatic(titles), RowOptions::default(), true);
    let mut grouping = Grouping::exact();
    rows.iter().for_each(|row| grouping.add(&columns.read(row)).expect("few rows"));
    grouping.finish().ids
}

const TITLES: [&str; 7] = ["First Name", "Last Name", "Company", "Email", "Email 2", "Phone", "LinkedIn"];

#[test]
fn spellings_of_one_identity_are_one_cluster() {
    let rows: [&[&str]; 8] = [
        &["Ada", "Meier", "Acme", "ada@example.org", "", "", ""],
        &["", "", "", "b@example.net", "ADA+fair@Example.org", "", ""],
        &["A.", "M.", "", "", "", "b@example.net", ""],
        &["Berta", "Kurz", "Acme GmbH", "", "", "", "http://linkedin.com/in/bk/"],
        &["", "", "", "", "", "", "https://de.linkedin.com/in/BK?x=1"],
        &["BERTA", "Kurz", "ACME", "", "", "", ""],
        &["Carl", "Lang", "Acme", "carl.l@gmail.com", "", "", ""],
        &["", "", "", "", "c.arll@googlemail.com", "", ""],
    ];
    assert_eq!(ids_of(&TITLES, &rows), [1, 1, 1, 2, 2, 2, 3, 3]);
}

#[test]
fn colleagues_stay_apart() {
    let rows: [&[&str]; 6] = [
        &["J.", "Smith", "", "", "", "+49 30 901820", ""],
        &["John", "Smith", "", "", "", "+49 30 901820", ""],
        &["Jane", "Smith", "", "", "", "+49 30 901820", ""],
        &["Ada", "Meier", "Acme", "info@acme.com", "", "+49 30 901820", ""],
        &["Berta", "Kurz", "Acme", "info@acme.com", "", "+49 30 901820", ""],
        &["", "", "Acme", "info@acme.com", "", "+49 30 901820", ""],
    ];
    assert_eq!(ids_of(&TITLES, &rows), [1, 1, 2, 3, 4, 5]);
}

#[test]
fn two_mailboxes_or_profiles_are_two_people_also_through_a_third_row() {
    let rows: [&[&str]; 6] = [
        &["Ada", "Meier", "Acme", "ada@acme.com", "", "", ""],
        &["Ada", "Meier", "Acme", "", "", "", ""],
        &["Ada", "Meier", "Acme", "ada.meier@acme.com", "", "", ""],
        &["Carl", "Lang", "Acme", "", "", "", "linkedin.com/in/carl-1"],
        &["Carl", "Lang", "Acme", "", "", "", "linkedin.com/in/carl-2"],
        &["Carl", "Lang", "Acme", "", "", "", ""],
    ];
    assert_eq!(ids_of(&TITLES, &rows), [1, 1, 2, 3, 4, 3]);
}

#[test]
fn rows_without_key_are_alone() {
    let rows: [&[&str]; 3] = [&["", "", "", "", "", "", ""], &["Ada", "", "", "", "", "", ""], &["Ada"]];
    assert_eq!(ids_of(&TITLES, &rows), [1, 2, 3]);
}

#[test]
fn companies_are_joined_by_site_or_name() {
    let rows: [&[&str]; 5] = [
        &["Acme", "http://www.acme.com/", "10"],
        &["Acme Germany", "https://acme.com", "12"],
        &["ACME Inc.", "", "10"],
        &["Acme", "https://acme.example", "9"],
        &["", "", "3"],
    ];
    assert_eq!(ids_of(&["Company", "Website", "Employees"], &rows), [1, 1, 1, 2, 3]);
}

/// A rule that finds nothing, in the place of the exact one.
struct Never;

impl PairRule for Never {
    fn same(&self, _a: &RowFacts, _b: &RowFacts, _shared: SharedKey) -> Option<Reason> {
        None
    }
}

#[test]
fn the_rule_can_be_another() {
    let columns = IdentityColumns::of(Mapping::automatic(&["Email"]), RowOptions::default(), true);
    let mut grouping = Grouping::with_rule(Never);
    for _ in 0..2 {
        grouping.add(&columns.read(&["ada@example.org"])).expect("few rows");
    }
    assert_eq!(grouping.finish().ids, [1, 2]);
}

proptest! {
    /// Two rows alone are joined exactly where the match rule of imports says so.
    #[test]
    fn a_pair_is_decided_like_an_import(
        a in prop::collection::vec("|[ABC]|J|John|Jane", 7),
        b in prop::collection::vec("|[ABC]|J|John|Jane", 7),
    ) {
        fn row(seed: &[String]) -> Vec<String> {
            let mail = |text: &str| if text.is_empty() { String::new() } else { format!("{text}@{}.com", if text == "A" { "info" } else { "acme" }) };
            vec![
                seed[0].clone(), seed[1].clone(), seed[2].clone(),
                if seed[3] == "B" { "info@acme.com".to_owned() } else { mail(&seed[3]) },
                String::new(),
                if seed[5].is_empty() { String::new() } else { "+4930901820".to_owned() },
                if seed[6].len() == 1 { format!("linkedin.com/in/{}", seed[6]) } else { String::new() },
            ]
        }
        let columns = IdentityColumns::of(Mapping::automatic(&TITLES), RowOptions::default(), true);
        let (a, b) = (row(&a), row(&b));
        let read = |row: &[String]| columns.read(&row.iter().map(String::as_str).collect::<Vec<_>>());
        let (a, b) = (read(&a), read(&b));
        let mut grouping = Grouping::exact();
        grouping.add(&a).expect("few rows");
        grouping.add(&b).expect("few rows");
        let joined = grouping.finish().count == 1;
        prop_assert_eq!(joined, same_lead(&a.identity, &b.identity).is_some(), "{:?} {:?}", a, b);
    }

    #[test]
    fn ids_count_up_from_one(rows in prop::collection::vec(prop::collection::vec("|[ab]|[ab]@x.com", 7), 0..20)) {
        let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let ids = ids_of(&TITLES, &rows);
        prop_assert_eq!(ids.len(), rows.len());
        let mut highest = 0;
        for id in ids {
            prop_assert!(id >= 1 && id <= highest + 1);
            highest = highest.max(id);
        }
    }
}
