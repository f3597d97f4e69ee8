//! `galena import`

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::{Client, Upload, with_client};
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::{Report, progress};
use super::remote::RemoteArgs;
use super::table::table;
use crate::actors::importer::layout::{LayoutChoice, layout};
use crate::actors::importer::preview::{Preview, preview};
use crate::actors::importer::problem::FileProblem;
use crate::actors::importer::source::{LocalFile, open};
use crate::domain::phone::Region;
use crate::domain::row::RowOptions;

#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The lead file
    pub file: PathBuf,
    /// List to import into; made when there is none of that name
    #[arg(long, value_name = "NAME", required_unless_present = "preview")]
    pub list: Option<String>,
    /// Say how the file would be read, and import nothing; needs no data directory
    #[arg(long, conflicts_with_all = ["list", "url"])]
    pub preview: bool,
    /// Column and the field it goes to; may be repeated; none = automatic
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = column_to_field)]
    pub mapping: Vec<(String, String)>,
    /// What happens to a row whose lead is there already
    #[arg(long, value_enum, default_value_t = Duplicates::Skip)]
    pub duplicates: Duplicates,
    /// Tag for every lead of the file; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Country of phone numbers written without one, such as US or DE
    #[arg(long, value_name = "COUNTRY")]
    pub region: Option<String>,
    /// Number of the record that holds the headers, from 1; 0 = none [default: found out]
    #[arg(long, value_name = "NUMBER")]
    pub header_row: Option<u64>,
    /// Encoding of the file by its WHATWG name [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Sheet of a workbook: its name, or its number from 1 [default: the first with rows]
    #[arg(long, value_name = "SHEET")]
    pub sheet: Option<String>,
    /// What stands between two cells [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<char>,
    /// What stands around a cell [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    pub quote: Option<char>,
    /// Enrich the leads afterwards
    #[arg(long)]
    pub enrich: bool,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Duplicates {
    Skip,
    Update,
    Create,
}

impl Duplicates {
    fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Update => "update",
            Self::Create => "create",
        }
    }
}

/// A header may hold `=`; a field's name does not.
fn column_to_field(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((header, field)) if !header.is_empty() && !field.is_empty() => Ok((header.to_owned(), field.to_owned())),
        _ => Err("write HEADER=FIELD, such as \"E-Mail=email\"".to_owned()),
    }
}

/// What the command reads of an import.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct State {
    import_id: String,
    status: String,
    searchable: bool,
    progress: Progress,
    results: Results,
    reasons: Map<String, Value>,
    error: Option<Failure>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Progress {
    processed: u64,
    total: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Results {
    created: u64,
    updated: u64,
    skipped: u64,
    rejected: u64,
}

#[derive(Debug, Deserialize)]
struct Failure {
    code: String,
    detail: String,
}

pub fn run(args: &ImportArgs, context: &Context) -> Result<Report, CliError> {
    let Some(list) = args.list.as_deref().filter(|_| !args.preview) else { return look(args) };
    let answer = with_client(context, &args.remote, async |client| import(client, args, list).await)?;
    let state = State::deserialize(&answer).unwrap_or_default();
    if let Some(failure) = state.error {
        return Err(CliError::new(Exit::Failed, failure.code, "the import failed", failure.detail));
    }
    let text = text(&state, list);
    Report::new(&answer, text)
}

/// Imports the file and waits until its rows are durable and searchable. Gives the import as the server shows it.
///
/// # Errors
/// Exit 3 when the file cannot be read as what it should be.
pub async fn import(client: &Client, args: &ImportArgs, list: &str) -> Result<Value, CliError> {
    let options = options(args, list);
    let mapping: Map<String, Value> =
        args.mapping.iter().map(|(header, field)| (header.clone(), json!(field))).collect();
    let mapping = Value::Object(mapping);
    let bytes = std::fs::metadata(&args.file).ok().map(|file| file.len());
    let sending = progress("sending", bytes);
    let bar = sending.clone();
    let upload = Upload {
        file: &args.file,
        parts: &[("mapping", &mapping), ("options", &options)],
        sent: Arc::new(move |bytes| bar.inc(bytes)),
    };
    let started: Value = client.upload("/leads/imports", &upload).await?;
    sending.finish_and_clear();
    let first = State::deserialize(&started).unwrap_or_default();
    let rows = progress("importing", Some(first.progress.total));
    let seen = |answer: &Value| {
        let state = State::deserialize(answer).unwrap_or_default();
        rows.set_position(state.progress.processed);
    };
    let place = format!("/leads/imports/{}", first.import_id);
    let ended = client.watch(&place, seen, |answer: &Value| {
        let state = State::deserialize(answer).unwrap_or_default();
        match state.status.as_str() {
            "completed" => state.searchable,
            "failed" | "cancelled" => true,
            _ => false,
        }
    });
    let ended = ended.await;
    rows.finish_and_clear();
    ended
}

fn options(args: &ImportArgs, list: &str) -> Value {
    let mut options = json!({
        "listName": list,
        "duplicateHandling": args.duplicates.name(),
        "tags": args.tags,
        "enrichAfterImport": args.enrich,
    });
    let given = [
        ("region", args.region.as_ref().map(|region| json!(region))),
        ("headerRow", args.header_row.map(|row| json!(row))),
        ("sheet", args.sheet.as_ref().map(|sheet| json!(sheet))),
        ("encoding", args.encoding.as_ref().map(|encoding| json!(encoding))),
        ("delimiter", args.delimiter.map(|delimiter| json!(delimiter))),
        ("quote", args.quote.map(|quote| json!(quote))),
    ];
    if let Some(options) = options.as_object_mut() {
        options.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    options
}

fn text(state: &State, list: &str) -> String {
    let Results { created, updated, skipped, rejected } = state.results;
    let mut text = format!(
        "{} rows into \"{list}\": {created} created, {updated} updated, {skipped} skipped, {rejected} rejected\n",
        state.progress.processed
    );
    for (reason, count) in &state.reasons {
        text += &format!("  {count:>8}  {}\n", reason.replace('_', " "));
    }
    if rejected > 0 {
        text += &format!("rejected rows: GET /api/v1/leads/imports/{}/rejected.csv\n", state.import_id);
    }
    text
}

/// `--preview`: nothing but the file is needed.
fn look(args: &ImportArgs) -> Result<Report, CliError> {
    let region = match &args.region {
        Some(region) => region.clone(),
        None => crate::config::Import::default().region,
    };
    if let Err(error) = std::fs::File::open(&args.file) {
        return Err(CliError::unreadable(format!("{}: {error}", args.file.display())));
    }
    let ascii = |name: &str, character: Option<char>| match character {
        None => Ok(None),
        Some(character) if character.is_ascii() => Ok(Some(Some(character as u8))),
        Some(_) => Err(CliError::usage(format!("--{name} must be one ASCII character"))),
    };
    let choice = LayoutChoice {
        delimiter: ascii("delimiter", args.delimiter)?,
        quote: ascii("quote", args.quote)?,
        escape: None,
        header_row: args.header_row.map(|row| Some(row).filter(|row| *row > 0)),
        encoding: args.encoding.clone(),
        sheet: args.sheet.clone(),
    };
    let options = RowOptions { default_region: Region::from_code(&region.to_ascii_uppercase()) };
    let looked = open(&LocalFile(args.file.clone()), &choice).and_then(|opened| {
        let layout = layout(&opened, &choice)?;
        preview(&layout, &opened, &args.mapping, options)
    });
    let looked = looked.map_err(|problem| refused(&problem))?;
    let text = preview_text(&looked);
    Report::new(&looked, text)
}

fn refused(problem: &FileProblem) -> CliError {
    CliError::new(Exit::Unreadable, problem.code, "the file cannot be read as a table", problem.detail.clone())
}

fn preview_text(preview: &Preview) -> String {
    let delimiter = match preview.delimiter.as_str() {
        "" => "one column".to_owned(),
        "\t" => "tab".to_owned(),
        other => format!("\"{other}\""),
    };
    let header = preview.header_row.map_or_else(|| "no header".to_owned(), |row| format!("header in record {row}"));
    let mut text = format!("{}, {delimiter}, {header}\n\n", preview.encoding);
    let rows: Vec<[String; 3]> = preview
        .columns
        .iter()
        .map(|column| {
            let field = column.suggested_field.unwrap_or("custom field").to_owned();
            [column.header.clone(), field, column.samples.first().cloned().unwrap_or_default()]
        })
        .collect();
    text += &table(["column", "field", "sample"], &rows);
    for warning in &preview.warnings {
        text += &format!("warning: {}\n", warning.detail);
    }
    text
}
