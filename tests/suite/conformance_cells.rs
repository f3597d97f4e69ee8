//! Formula injection: the published payloads come out harmless and come back unchanged.

use galena::domain::cell::{neutralise, restore};

use crate::shared_data;

const CASES: &str = "data/strings/csv-injection.json";
/// The first characters the contract names. The published list has more (line feed, NUL, full-width forms).
const TRIGGERS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn texts(cases: &serde_json::Value, key: &str) -> Vec<String> {
    let list = cases[key].as_array().unwrap_or_else(|| panic!("{key} is a list"));
    list.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

fn is_plain_number(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || "+ ().,/-".contains(c))
}

/// Writes one cell with the `csv` crate and reads it back.
fn through_a_file(cell: &str) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([cell, "next"]).expect("written");
    let bytes = writer.into_inner().expect("flushed");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    let record = reader.records().next().expect("one record").expect("read");
    record[0].to_owned()
}

#[test]
fn payloads_are_neutralised_and_come_back() {
    let Some(text) = shared_data::read(CASES) else { return };
    let cases: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut neutralised = 0;
    for payload in texts(&cases, "payloads") {
        let cell = neutralise(&payload);
        neutralised += usize::from(cell != payload);
        assert!(!cell.starts_with(TRIGGERS) || is_plain_number(&cell), "{cell:?}");
        assert_eq!(restore(&through_a_file(&cell)), payload);
    }
    assert!(neutralised >= 17, "only {neutralised} payloads needed a quote");
    for value in texts(&cases, "legitimate_values_starting_with_a_trigger") {
        let cell = neutralise(&value);
        if is_plain_number(&value) {
            assert_eq!(cell, value, "a number or phone is left alone");
        }
        assert_eq!(restore(&through_a_file(&cell)), value);
    }
    for first in texts(&cases, "trigger_first_characters") {
        let text = format!("{first}SUM(1)");
        assert_eq!(restore(&through_a_file(&neutralise(&text))), text);
    }
}
