//! Header rows of real products: how many fields the automatic mapping finds, and how many it gets wrong.

use std::collections::BTreeMap;
use std::fmt::Write;

use galena::domain::header::{suggest, suggest_from};
use galena::domain::lead::LeadField;
use serde_json::Value;

use crate::shared_data;

const ROWS: &str = "data/headers/headers.json";
/// The fields the data set has an opinion on.
const SCORED: [LeadField; 15] = [
    LeadField::Email,
    LeadField::FirstName,
    LeadField::LastName,
    LeadField::FullName,
    LeadField::CompanyName,
    LeadField::Phone,
    LeadField::JobTitle,
    LeadField::LinkedInUrl,
    LeadField::Website,
    LeadField::Location,
    LeadField::City,
    LeadField::State,
    LeadField::Country,
    LeadField::Industry,
    LeadField::CompanySize,
];

#[derive(Debug, Default)]
struct Score {
    rows: usize,
    expected: usize,
    hits: usize,
    neutral: usize,
    wrong: usize,
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.expected += other.expected;
        self.hits += other.hits;
        self.neutral += other.neutral;
        self.wrong += other.wrong;
    }

    fn recall(&self) -> f64 {
        self.hits as f64 / self.expected.max(1) as f64
    }

    fn wrong_per_row(&self) -> f64 {
        self.wrong as f64 / self.rows.max(1) as f64
    }
}

fn score_row(row: &Value, report: &mut String) -> Score {
    let headers: Vec<&str> = row["headers"].as_array().expect("headers").iter().filter_map(Value::as_str).collect();
    let found = suggest(&headers);
    let holds = |field: LeadField, key: &str, header: &str| row[key][header].as_str() == Some(field.name());
    let mut score = Score { rows: 1, ..Score::default() };
    for (header, field) in row["expected"].as_object().expect("expected") {
        let field = LeadField::from_name(field.as_str().expect("a field")).expect("a known field");
        let got = found.iter().position(|found| found.is_some_and(|found| found.field == field)).map(|at| headers[at]);
        score.expected += 1;
        match got {
            Some(got) if got == header => score.hits += 1,
            Some(got) if holds(field, "acceptable", got) => score.neutral += 1,
            got => {
                let _ = writeln!(report, "  miss  {}: {header:?} is {}, got {got:?}", row["product"], field.name());
            }
        }
    }
    let places = ["city", "state", "country"];
    let has_places = row["expected"]
        .as_object()
        .expect("expected")
        .values()
        .any(|field| places.contains(&field.as_str().unwrap_or("")));
    for (header, found) in headers.iter().zip(&found) {
        let Some(found) = found.filter(|found| SCORED.contains(&found.field)) else { continue };
        let right = holds(found.field, "expected", header) || holds(found.field, "acceptable", header);
        let place = !has_places && found.field == LeadField::Location && header.to_lowercase().contains("city");
        if !right && !place {
            score.wrong += 1;
            let _ = writeln!(report, "  wrong {}: {header:?} as {}", row["product"], found.field.name());
        }
    }
    score
}

#[test]
fn header_rows_of_real_products_are_mapped() {
    let Some(text) = shared_data::read(ROWS) else { return };
    let rows: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let mut by_provenance: BTreeMap<String, Score> = BTreeMap::new();
    let (mut all, mut report) = (Score::default(), String::new());
    for row in &rows {
        let score = score_row(row, &mut report);
        by_provenance.entry(row["provenance"].as_str().unwrap_or("?").to_owned()).or_default().add(&score);
        all.add(&score);
    }
    by_provenance.insert("all".to_owned(), all);
    println!("{report}");
    for (provenance, score) in &by_provenance {
        println!(
            "{provenance:12} rows {:2} expected {:3} recall {:.3} neutral {:2} wrong per row {:.3}",
            score.rows,
            score.expected,
            score.recall(),
            score.neutral,
            score.wrong_per_row()
        );
    }
    let all = &by_provenance["all"];
    assert!(all.recall() >= 0.98, "recall {:.3}", all.recall());
    assert!(all.wrong_per_row() <= 0.02, "wrong per row {:.3}", all.wrong_per_row());
}

/// Files with a header that says what the columns are, and the fields that have to come out of its titles and values.
const FILES: [(&str, &[(&str, &str)]); 5] = [
    ("data/leads/leads-1000.csv", LEADS),
    ("data/leads/leads-duplicates-1000.csv", LEADS),
    (
        "data/leads/people-10000.csv",
        &[
            ("First Name", "firstName"),
            ("Last Name", "lastName"),
            ("Email", "email"),
            ("Phone", "phone"),
            ("Job Title", "jobTitle"),
        ],
    ),
    ("data/leads/organizations-10000.csv", ORGANIZATIONS),
    ("data/leads/organizations-duplicates-1000.csv", ORGANIZATIONS),
];
const LEADS: &[(&str, &str)] = &[
    ("First Name", "firstName"),
    ("Last Name", "lastName"),
    ("Company", "companyName"),
    ("Phone 1", "phone"),
    ("Email 1", "email"),
    ("Website", "website"),
];
const ORGANIZATIONS: &[(&str, &str)] = &[
    ("Name", "companyName"),
    ("Website", "website"),
    ("Country", "country"),
    ("Industry", "industry"),
    ("Number of employees", "companySize"),
];

/// Title and field of the mapped columns, by title.
fn mapped(headers: &[&str], rows: &[Vec<String>]) -> Vec<(String, &'static str)> {
    let found = suggest_from(headers, rows);
    let named = headers.iter().zip(found).filter_map(|(title, found)| Some(((*title).to_owned(), found?.field.name())));
    named.collect()
}

#[test]
fn values_confirm_the_titles_of_the_shared_files_and_stand_for_them() {
    for (path, expected) in FILES {
        let Some(text) = shared_data::read(path) else { return };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut records = reader.records().map(|record| record.expect("readable"));
        let header = records.next().expect("a header");
        let headers: Vec<&str> = header.iter().collect();
        let rows: Vec<Vec<String>> =
            records.take(300).map(|record| record.iter().map(str::to_owned).collect()).collect();
        let found = mapped(&headers, &rows);
        let expected: Vec<(String, &'static str)> =
            expected.iter().map(|(title, field)| ((*title).to_owned(), *field)).collect();
        assert_eq!(found, expected, "{path}");
        // Without the header: addresses and what else values say, and nothing wrong.
        let bare = suggest_from(&vec![""; headers.len()], &rows);
        let named = headers.iter().zip(bare);
        let by_values: Vec<(String, &str)> =
            named.filter_map(|(title, found)| Some(((*title).to_owned(), found?.field.name()))).collect();
        println!("{path} without titles: {by_values:?}");
        // A person's file is told by most of its columns; a company's by its site at least.
        let floor = if path.contains("organizations") { 1 } else { expected.len().div_ceil(2) };
        assert!(by_values.len() >= floor, "{path}: {by_values:?}");
        for (title, field) in &by_values {
            let is_right = expected.iter().any(|(known, right)| known == title && right == field);
            let is_twin = title.replace('2', "1") != *title
                && expected.iter().any(|(known, right)| *known == title.replace('2', "1") && right == field);
            assert!(is_right || is_twin, "{path}: {title} is no {field}");
        }
    }
}
