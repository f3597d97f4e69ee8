//! Delimited files of other projects' test suites: records as published, dialects as they are.

use galena::domain::delimited::{Advance, DelimitedError, Dialect, Position, RecordLimits, RecordReader, detect};
use serde_json::Value;

use crate::shared_data;

const RFC_FILES: [&str; 16] = [
    "empty-field",
    "header-no-rows",
    "header-simple",
    "leading-space",
    "one-column",
    "quotes-empty",
    "quotes-with-comma",
    "quotes-with-escaped-quote",
    "quotes-with-newline",
    "quotes-with-space",
    "simple-crlf",
    "simple-lf",
    "trailing-newline",
    "trailing-newline-one-field",
    "trailing-space",
    "utf8",
];

fn records(dialect: Dialect, bytes: &[u8]) -> Result<Vec<Vec<String>>, DelimitedError> {
    let mut reader = RecordReader::resume(dialect, RecordLimits::default(), Position::START);
    let (mut input, mut records) = (bytes, Vec::new());
    while reader.advance(&mut input)? == Advance::Record {
        records.push(reader.record()?.fields().map(str::to_owned).collect());
    }
    if reader.finish()? == Advance::Record {
        records.push(reader.record()?.fields().map(str::to_owned).collect());
    }
    Ok(records)
}

/// The published result has objects where the file has a header.
fn rows(json: &Value) -> Vec<Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |row: &Value| match row {
        Value::Object(row) => row.values().map(text).collect(),
        row => row.as_array().into_iter().flatten().map(text).collect(),
    };
    json.as_array().into_iter().flatten().map(row).collect()
}

/// `all-empty` and `empty-one-column` are left out: they count a blank line as a record, we do not.
#[test]
fn records_are_those_of_the_rfc_4180_set() {
    for name in RFC_FILES {
        let folder = "data/csv/csv-test-data";
        let Some(text) = shared_data::read(&format!("{folder}/csv/{name}.csv")) else { return };
        let Some(json) = shared_data::read(&format!("{folder}/json/{name}.json")) else { return };
        let json: Value = serde_json::from_str(&json).expect("JSON");
        let mut read = records(Dialect::default(), text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name.starts_with("header-") {
            read.remove(0);
        }
        assert_eq!(read, rows(&json), "{name}");
    }
}

#[test]
fn odd_files_are_read_in_their_own_dialect() {
    let Some(json) = shared_data::read("data/csv/odd/expected.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&json).expect("JSON");
    let (mut all, mut right) = (0, 0);
    for case in &cases {
        let (Some(file), Some(count)) = (case["file"].as_str(), case["records_incl_header"].as_u64()) else { continue };
        // Other encodings are transcoded before the reader sees them.
        if case["encoding"] != "utf-8" {
            continue;
        }
        let Some(text) = shared_data::read(&format!("data/csv/odd/{file}")) else { return };
        let dialect = detect(text.as_bytes()).dialect;
        let delimiter = dialect.delimiter.map(|byte| char::from(byte).to_string()).unwrap_or_default();
        let read = records(dialect, text.as_bytes());
        let row = |key: &str| rows(&Value::Array(vec![case[key].clone()])).remove(0);
        let same = read.as_ref().is_ok_and(|read| {
            read.len() as u64 == count
                && read.first() == Some(&row("header"))
                && read.last() == Some(&row("last_record"))
        });
        all += 1;
        right += usize::from(same);
        if !same {
            println!("{file}: {delimiter:?} for {}, {:?}", case["delimiter"], read.map(|read| read.len()));
        }
    }
    println!("odd files: {right} of {all}");
    assert_eq!(right, all);
}
