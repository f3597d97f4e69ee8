//! `galena import --dry-run`: what the import would come to.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ImportArgs, Results, parts, reasons_text};
use crate::cli::client::{Client, Upload};
use crate::cli::exit::CliError;
use crate::cli::output::{Report, progress};
use crate::cli::table::table;

/// How many errors and leads are shown to a person.
const SHOWN: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Check {
    total_rows: u64,
    results: Results,
    reasons: Map<String, Value>,
    errors: Vec<RowError>,
    samples: Vec<Sample>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RowError {
    row: u64,
    line: u64,
    column: Option<String>,
    error: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sample {
    row: u64,
    before: Map<String, Value>,
    after: Map<String, Value>,
}

/// # Errors
/// Exit 3 when the file cannot be read as what it should be.
pub(super) async fn check(client: &Client, args: &ImportArgs, list: &str) -> Result<Report, CliError> {
    let (mapping, options) = parts(args, Some(list));
    let bytes = std::fs::metadata(&args.file).ok().map(|file| file.len());
    let sending = progress("sending", bytes);
    let bar = sending.clone();
    let upload = Upload {
        file: &args.file,
        parts: &[("mapping", &mapping), ("options", &options)],
        sent: Arc::new(move |bytes| bar.inc(bytes)),
    };
    let answer: Value = client.upload("/leads/imports/check", &upload).await?;
    sending.finish_and_clear();
    let text = text(&Check::deserialize(&answer).unwrap_or_default(), list);
    Report::new(&answer, text)
}

fn text(check: &Check, list: &str) -> String {
    let Results { created, updated, skipped, rejected } = check.results;
    let mut text = format!(
        "{} rows into \"{list}\" would be: {created} created, {updated} updated, {skipped} skipped, {rejected} rejected\n",
        check.total_rows
    );
    text += &reasons_text(&check.reasons);
    if !check.errors.is_empty() {
        let row = |error: &RowError| {
            let column = error.column.clone().unwrap_or_default();
            [error.row.to_string(), error.line.to_string(), column, error.error.clone()]
        };
        let rows: Vec<[String; 4]> = check.errors.iter().take(SHOWN).map(row).collect();
        text += &format!("\n{}", table(["row", "line", "column", "what is wrong"], &rows));
        if check.errors.len() > SHOWN {
            text += &format!("and {} more; --json shows them\n", check.errors.len() - SHOWN);
        }
    }
    let rows: Vec<[String; 4]> = check.samples.iter().flat_map(changes).take(SHOWN).collect();
    if !rows.is_empty() {
        text += &format!("\n{}", table(["row", "field", "is", "would be"], &rows));
    }
    text + "nothing was written\n"
}

fn changes(sample: &Sample) -> Vec<[String; 4]> {
    let shown = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let change = |(field, after): (&String, &Value)| {
        [sample.row.to_string(), field.clone(), shown(sample.before.get(field)), shown(Some(after))]
    };
    sample.after.iter().map(change).collect()
}
