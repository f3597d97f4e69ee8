//! Names of persons and companies against published cases.

use galena::domain::company_name::{base_name, comparison_key};
use galena::domain::person_name::PersonName;

use crate::shared_data;

#[derive(serde::Deserialize)]
struct NameCase {
    input: String,
    expected: Parts,
}

#[derive(serde::Deserialize)]
struct Parts {
    #[serde(default)]
    given: String,
    #[serde(default)]
    family: String,
}

/// Latin, Greek or Cyrillic letters and general punctuation.
fn is_western(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\0'..='\u{52f}' | '\u{1e00}'..='\u{206f}'))
}

#[test]
fn full_names_are_split() {
    let Some(text) = shared_data::read("data/names/nameparser-2.6-cases.json") else { return };
    let cases: Vec<NameCase> = serde_json::from_str(&text).expect("a list of cases");
    let whole: Vec<_> =
        cases.iter().filter(|case| !case.expected.given.is_empty() && !case.expected.family.is_empty()).collect();
    let is_right = |case: &NameCase| {
        let name = PersonName::parse(&case.input);
        let is_right = name.first == case.expected.given && name.last == case.expected.family;
        if !is_right {
            println!(
                "{:?}: {:?} {:?}, not {:?} {:?}",
                case.input, name.first, name.last, case.expected.given, case.expected.family
            );
        }
        is_right
    };
    let western: Vec<_> = whole.iter().filter(|case| is_western(&case.input)).collect();
    let western_right = western.iter().filter(|case| is_right(case)).count();
    let others_right = whole.iter().filter(|case| !is_western(&case.input) && is_right(case)).count();
    println!(
        "names: {western_right} of {} western, {} of {} in all",
        western.len(),
        western_right + others_right,
        whole.len()
    );
    assert!(western_right * 100 >= western.len() * 80, "{western_right} of {}", western.len());
}

#[derive(serde::Deserialize)]
struct CompanyCase {
    input: String,
    basename: String,
}

#[test]
fn legal_forms_are_stripped() {
    let Some(text) = shared_data::read("data/names/cleanco-basename-cases.json") else { return };
    let cases: Vec<CompanyCase> = serde_json::from_str(&text).expect("a list of cases");
    // Where cleanco leaves nothing, the rule is that the name stays.
    let is_right = |case: &&CompanyCase| {
        let base = base_name(&case.input);
        let is_right = if case.basename.is_empty() { !base.is_empty() } else { base == case.basename };
        if !is_right {
            println!("{:?}: {base:?}, not {:?}", case.input, case.basename);
        }
        is_right
    };
    let right = cases.iter().filter(is_right).count();
    let named = cases.iter().filter(|case| !case.basename.is_empty());
    println!(
        "companies: {right} of {}, {} of {} with a name left",
        cases.len(),
        named.clone().filter(is_right).count(),
        named.count()
    );
    assert!(right * 100 >= cases.len() * 85, "{right} of {}", cases.len());
}

#[test]
fn companies_of_all_countries_keep_a_name() {
    let Some(text) = shared_data::read("data/names/cleanco-companies.csv") else { return };
    let (mut companies, mut with_form) = (0, 0);
    for name in text.lines().filter_map(|line| line.rsplit_once(';')).map(|(name, _)| name.trim()) {
        companies += 1;
        let base = base_name(name);
        assert!(!base.is_empty() && !comparison_key(name).is_empty(), "{name}");
        with_form += usize::from(base.len() < name.len());
    }
    println!("companies: a legal form found in {with_form} of {companies}");
    assert!(with_form * 100 >= companies * 80, "{with_form} of {companies}");
}
