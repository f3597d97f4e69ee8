//! `galena export`

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, with_client};
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::{Reader, Report, progress};
use super::remote::RemoteArgs;

#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// List to export
    #[arg(long, value_name = "NAME")]
    pub list: String,
    /// Format of the file [default: by the ending of the file, else csv]
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// How a CSV file looks: for programs, or for Excel in Europe or in the US
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// File to write, in the place of one that is there; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Fields to write, in this order [default: all]
    #[arg(long, value_name = "FIELD,...", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Only leads that were enriched
    #[arg(long)]
    pub enriched_only: bool,
    /// Also the columns of the imported file as they came
    #[arg(long)]
    pub include_original: bool,
    /// Only leads enriched at or after this time or day (UTC)
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only leads enriched at or before this time or day (UTC)
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Csv,
    #[value(alias = "excel")]
    Xlsx,
    Json,
    Ndjson,
}

impl ExportFormat {
    /// As the API calls it; a server says itself which it can write.
    const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Commas, LF, RFC 3339 times
    Plain,
    /// Semicolons, byte order mark, CRLF
    ExcelEu,
    /// Commas, byte order mark, CRLF
    ExcelUs,
}

impl Preset {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ExcelEu => "excel-eu",
            Self::ExcelUs => "excel-us",
        }
    }
}

impl ExportArgs {
    /// As asked for, else as the name of the file says.
    fn format(&self) -> ExportFormat {
        let ending = self.output.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        self.format.unwrap_or(match ending.as_str() {
            "xlsx" => ExportFormat::Xlsx,
            "json" => ExportFormat::Json,
            "ndjson" | "jsonl" => ExportFormat::Ndjson,
            _ => ExportFormat::Csv,
        })
    }
}

/// An export, as far as this command needs it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    export_id: String,
    status: String,
    rows: u64,
    expected_rows: u64,
    error: Option<String>,
}

impl Export {
    fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "pending" | "processing")
    }
}

pub fn run(args: &ExportArgs, context: &Context) -> Result<Report, CliError> {
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && context.reader() == Reader::Program {
        return Err(CliError::usage("--json prints a document to standard output: name a file with -o"));
    }
    let (rows, bytes) = with_client(context, &args.remote, async |client| {
        let export = ask(args, client).await?;
        let path = format!("/leads/exports/{}/download", export.export_id);
        let bytes = if to_stdout {
            client.download(&path, &mut std::io::stdout()).await?
        } else {
            client.download_file(&path, &args.output).await?
        };
        Ok((export.rows, bytes))
    })?;
    if to_stdout {
        return Ok(Report::Written);
    }
    let file = args.output.display().to_string();
    let text = format!("{rows} {} written to {file}\n", if rows == 1 { "lead" } else { "leads" });
    Report::new(&json!({ "file": file, "rows": rows, "bytes": bytes, "format": args.format().name() }), text)
}

/// Asks for the file and waits until it is there.
async fn ask(args: &ExportArgs, client: &Client) -> Result<Export, CliError> {
    let list = client.list_that_is(&args.list).await?;
    let request = json!({
        "listId": list.id,
        "format": args.format().name(),
        "options": {
            "fields": args.fields,
            "enrichedOnly": args.enriched_only,
            "includeOriginal": args.include_original,
            "dateRange": { "start": args.from, "end": args.to },
            "filename": Some(&list.name).filter(|name| !name.trim().is_empty()),
            "preset": args.preset.map(Preset::name),
        },
    });
    let mut export: Export = client.post("/leads/exports", &request).await?;
    if export.is_open() {
        let bar = progress("exporting", Some(export.expected_rows));
        let path = format!("/leads/exports/{}", export.export_id);
        export = client.watch(&path, |seen: &Export| bar.set_position(seen.rows), |seen| !seen.is_open()).await?;
        bar.finish_and_clear();
    }
    if export.status == "ready" {
        return Ok(export);
    }
    let detail = export.error.unwrap_or_else(|| format!("the export is {}", export.status));
    Err(CliError::new(Exit::Failed, "EXPORT_FAILED", "the export failed", detail))
}
