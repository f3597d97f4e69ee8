//! Step 2: the file becomes leads of a list.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::figures::Import;
use super::narration::{Narration, counted, grouped};
use crate::cli::client::{Client, Upload};
use crate::cli::exit::{CliError, Exit};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    import_id: String,
    status: String,
    #[serde(default)]
    progress: Progress,
    #[serde(default)]
    results: Results,
    #[serde(default)]
    reasons: Map<String, Value>,
    /// Its rows are in the search index.
    #[serde(default)]
    searchable: bool,
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    code: String,
    detail: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Progress {
    processed: u64,
    total: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Results {
    created: u64,
    updated: u64,
    skipped: u64,
    rejected: u64,
    duplicates: u64,
}

pub async fn import(
    client: &Client,
    told: &Narration,
    file: &Path,
    rejected_file: PathBuf,
) -> Result<Import, CliError> {
    told.step(2, "Importing");
    let began = client.clock().monotonic();
    let list = client.list_or_new(&super::name_of(file)).await?;
    let bytes = std::fs::metadata(file).map(|details| details.len()).ok();
    let bar = told.bar("uploading", bytes);
    let sent = bar.clone();
    let upload = Upload { file, parts: &[], sent: Arc::new(move |bytes| sent.inc(bytes)) };
    let started: State = client.upload(&format!("/leads/lists/{}/import", list.id), &upload).await?;
    bar.finish_and_clear();

    let mut durable = None;
    let bar = told.bar("importing", started.progress.total);
    let path = format!("/leads/imports/{}", started.import_id);
    let seen = |state: &State| {
        if state.status == "completed" && durable.is_none() {
            durable = Some(client.clock().monotonic());
        }
        if let Some(total) = state.progress.total {
            bar.set_length(total);
        }
        bar.set_position(state.progress.processed);
    };
    let done = |state: &State| match state.status.as_str() {
        "pending" | "processing" => false,
        "completed" => state.searchable,
        _ => true,
    };
    let state = client.watch(&path, seen, done).await?;
    bar.finish_and_clear();
    if let Some(Failure { code, detail }) = state.error {
        return Err(CliError::new(Exit::Failed, code, "the import failed", detail));
    }
    if state.status != "completed" {
        let detail = format!("the import is {}", state.status);
        return Err(CliError::new(Exit::Failed, "IMPORT_FAILED", "the import did not complete", detail));
    }
    let searchable = client.clock().monotonic();
    let since = |moment: Duration| (moment - began).as_secs_f64();
    let (seconds, searchable_seconds) = (since(durable.unwrap_or(searchable)), since(searchable));
    let Results { created, updated, skipped, rejected, duplicates } = state.results;
    let rows = created + updated + skipped + rejected;
    told.fact(&format!(
        "{} in {seconds:.1} s (searchable after {searchable_seconds:.1} s): {}, {}, {} rejected",
        counted(rows, "row", "rows"),
        counted(created, "new lead", "new leads"),
        counted(duplicates, "duplicate", "duplicates"),
        grouped(rejected),
    ));
    for (reason, count) in &state.reasons {
        told.fact(&format!("  {:>8}  {}", grouped(count.as_u64().unwrap_or_default()), in_words(reason)));
    }
    let (rejected_file, rejected_file_rows) = match rejected {
        0 => (None, 0),
        _ => {
            client.download_file(&format!("{path}/rejected.csv"), &rejected_file).await?;
            let rows = records(&rejected_file)?;
            (Some(rejected_file), rows)
        }
    };
    Ok(Import {
        import_id: state.import_id,
        list_id: list.id,
        rows,
        created,
        updated,
        skipped,
        rejected,
        duplicates,
        reasons: state.reasons,
        rejected_file_rows,
        rejected_file,
        seconds,
        searchable_seconds,
    })
}

/// `no_identity` as "no identity".
pub fn in_words(reason: &str) -> String {
    reason.to_lowercase().replace(['_', '-'], " ")
}

/// The records of a CSV file below its header.
pub fn records(file: &Path) -> Result<u64, CliError> {
    let unreadable = |error: csv::Error| CliError::unreadable(format!("{}: {error}", file.display()));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).map_err(unreadable)?;
    let mut record = csv::ByteRecord::new();
    let mut records = 0;
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        records += 1;
    }
    Ok(records)
}
