//! Step 5: the clean list as files: CSV, and a workbook for those who open it in Excel.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::figures::Export;
use super::importing::records;
use super::narration::{Narration, counted, grouped};
use crate::cli::client::Client;
use crate::cli::exit::{CliError, Exit};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    export_id: String,
    status: String,
    #[serde(default)]
    rows: Option<u64>,
}

/// The list as CSV; its records are read back.
pub async fn table(client: &Client, told: &Narration, list: &str, file: PathBuf) -> Result<Export, CliError> {
    told.step(5, "Exporting");
    let mut export = export(client, told, list, "csv", file).await?;
    export.file_rows = records(&export.file)?;
    Ok(export)
}

/// The list as a workbook.
pub async fn workbook(client: &Client, told: &Narration, list: &str, file: PathBuf) -> Result<Export, CliError> {
    export(client, told, list, "xlsx", file).await
}

async fn export(
    client: &Client,
    told: &Narration,
    list: &str,
    format: &str,
    file: PathBuf,
) -> Result<Export, CliError> {
    let began = client.clock().monotonic();
    let started: State = client.post("/leads/exports", &json!({"listId": list, "format": format})).await?;
    let path = format!("/leads/exports/{}", started.export_id);
    let bar = told.bar("exporting", None);
    let seen = |state: &State| bar.set_position(state.rows.unwrap_or_default());
    let done = |state: &State| !matches!(state.status.as_str(), "pending" | "processing");
    let state = client.watch(&path, seen, done).await?;
    bar.finish_and_clear();
    if state.status != "ready" {
        let detail = format!("the export is {}", state.status);
        return Err(CliError::new(Exit::Failed, "EXPORT_FAILED", "the export did not complete", detail));
    }
    let bytes = client.download_file(&format!("{path}/download"), &file).await?;
    let seconds = (client.clock().monotonic() - began).as_secs_f64();
    let rows = state.rows.unwrap_or_default();
    told.fact(&format!("{format}: {}, {} bytes in {seconds:.1} s", counted(rows, "lead", "leads"), grouped(bytes)));
    Ok(Export { export_id: state.export_id, rows, file_rows: rows, bytes, file, seconds })
}
