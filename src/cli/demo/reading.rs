//! Step 1: how the file is read. Nothing is imported yet.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::figures::{File, Mapped};
use super::narration::{Narration, grouped};
use crate::cli::client::{Client, Upload};
use crate::cli::exit::CliError;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Preview {
    encoding: String,
    delimiter: Option<String>,
    columns: Vec<Column>,
    #[serde(default)]
    warnings: Vec<Warning>,
}

#[derive(Deserialize)]
struct Warning {
    detail: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Column {
    header: String,
    suggested_field: Option<String>,
}

pub async fn read(client: &Client, told: &Narration, file: &Path) -> Result<File, CliError> {
    let name = super::name_of(file);
    let bytes = std::fs::metadata(file).map_err(|error| CliError::unreadable(format!("{name}: {error}")))?.len();
    told.step(1, &format!("Reading {name} ({} bytes)", grouped(bytes)));
    let bar = told.bar("reading", Some(bytes));
    let sent = bar.clone();
    let upload = Upload { file, parts: &[], sent: Arc::new(move |bytes| sent.inc(bytes)) };
    let preview: Preview = client.upload("/leads/imports/preview", &upload).await?;
    bar.finish_and_clear();

    let delimiter = preview.delimiter.unwrap_or_default();
    told.fact(&format!("{}, {}, {} columns", preview.encoding, in_words(&delimiter), preview.columns.len()));
    let mut mapping = Vec::new();
    let mut custom = Vec::new();
    for Column { header, suggested_field } in &preview.columns {
        match suggested_field {
            Some(field) => mapping.push(Mapped { column: header.clone(), field: field.clone() }),
            None => custom.push(header.as_str()),
        }
    }
    for pair in mapping.chunks(3) {
        let line: Vec<String> =
            pair.iter().map(|Mapped { column, field }| format!("{:<30}", format!("{column} → {field}"))).collect();
        told.fact(line.concat().trim_end());
    }
    if !custom.is_empty() {
        told.fact(&format!("kept as they are: {}", custom.join(", ")));
    }
    for warning in &preview.warnings {
        told.fact(&format!("note: {}", warning.detail));
    }
    let columns = preview.columns.len() as u64;
    Ok(File { name, bytes, encoding: preview.encoding, delimiter, columns, mapping })
}

fn in_words(delimiter: &str) -> String {
    match delimiter {
        "," => "comma".to_owned(),
        ";" => "semicolon".to_owned(),
        "\t" => "tab".to_owned(),
        "" => "one column".to_owned(),
        other => format!("separated by {other}"),
    }
}
