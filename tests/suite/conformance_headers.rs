//! Header rows of real products: how many fields the automatic mapping finds, and how many it gets wrong.

use std::collections::BTreeMap;
use std::fmt::Write;

use galena::domain::header::suggest;
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
