//! `galena import`

mod dry_run;
mod recipe;

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
use crate::actors::importer::memory::NoMemory;
use crate::actors::importer::plan::ImportChoice;
use crate::actors::importer::preview::{Preview, preview};
use crate::actors::importer::problem::FileProblem;
use crate::actors::importer::source::{LocalFile, open};
use crate::domain::phone::Region;
use crate::domain::row::RowOptions;
use crate::store::records::import::UpdatePolicy;

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
    /// Say what would become of every row, and write nothing
    #[arg(long, conflicts_with_all = ["preview", "rejected", "save_recipe"])]
    pub dry_run: bool,
    /// Column and the field it goes to; may be repeated; none = automatic
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = column_to_field)]
    pub mapping: Vec<(String, String)>,
    /// Recipe whose mapping and options hold where the command says nothing
    #[arg(long, value_name = "NAME", conflicts_with = "preview")]
    pub recipe: Option<String>,
    /// Save the mapping and options of this import under a name
    #[arg(long, value_name = "NAME", conflicts_with = "preview")]
    pub save_recipe: Option<String>,
    /// What happens to a row whose lead is there already [default: skip]
    #[arg(long, value_enum)]
    pub duplicates: Option<Duplicates>,
    /// What an updating row does to a field: keep, fill or overwrite; may be repeated
    #[arg(long, value_name = "FIELD=POLICY", value_parser = field_to_policy)]
    pub on_update: Vec<(String, UpdatePolicy)>,
    /// Write the rejected rows into this file
    #[arg(long, value_name = "FILE", conflicts_with = "preview")]
    pub rejected: Option<PathBuf>,
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
    /// What stands between two cells [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<char>,
    /// What stands around a cell [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    pub quote: Option<char>,
    /// What stands before a quote inside a cell, where it is not doubled [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    pub escape: Option<char>,
    /// Sheet of a workbook [default: the first with data]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
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
pub(super) fn column_to_field(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((header, field)) if !header.is_empty() && !field.is_empty() => Ok((header.to_owned(), field.to_owned())),
        _ => Err("write HEADER=FIELD, such as \"E-Mail=email\"".to_owned()),
    }
}

fn field_to_policy(text: &str) -> Result<(String, UpdatePolicy), String> {
    let policy = |word: &str| match word {
        "keep" => Some(UpdatePolicy::Keep),
        "fill" => Some(UpdatePolicy::Fill),
        "overwrite" => Some(UpdatePolicy::Overwrite),
        _ => None,
    };
    let told = text.rsplit_once('=').and_then(|(field, word)| Some((field, policy(word)?)));
    let (field, policy) =
        told.filter(|(field, _)| !field.is_empty()).ok_or("write FIELD=keep, FIELD=fill or FIELD=overwrite")?;
    Ok((field.to_owned(), policy))
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
    if args.dry_run {
        return with_client(context, &args.remote, async |client| dry_run::check(client, args, list).await);
    }
    let answer = with_client(context, &args.remote, async |client| {
        let answer = import(client, args, list).await?;
        afterwards(client, args, &answer).await?;
        Ok(answer)
    })?;
    let state = State::deserialize(&answer).unwrap_or_default();
    if let Some(failure) = state.error {
        return Err(CliError::new(Exit::Failed, failure.code, "the import failed", failure.detail));
    }
    let text = text(&state, list);
    Report::new(&answer, text)
}

/// What was asked for besides the import itself.
async fn afterwards(client: &Client, args: &ImportArgs, answer: &Value) -> Result<(), CliError> {
    let State { import_id, status, .. } = State::deserialize(answer).unwrap_or_default();
    if let Some(file) = &args.rejected {
        client.download_file(&format!("/leads/imports/{import_id}/rejected.csv"), file).await?;
    }
    match &args.save_recipe {
        Some(name) if status == "completed" => recipe::save(client, name, answer, &parts(args, None).1).await,
        _ => Ok(()),
    }
}

/// Imports the file and waits until its rows are durable and searchable. Gives the import as the server shows it.
///
/// # Errors
/// Exit 3 when the file cannot be read as what it should be.
pub async fn import(client: &Client, args: &ImportArgs, list: &str) -> Result<Value, CliError> {
    let (mapping, options) = parts(args, Some(list));
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

/// The parts `mapping` and `options` of the form. Only what was said: a recipe speaks for the rest.
fn parts(args: &ImportArgs, list: Option<&str>) -> (Value, Value) {
    let mapping: Map<String, Value> =
        args.mapping.iter().map(|(header, field)| (header.clone(), json!(field))).collect();
    let on_update: Map<String, Value> =
        args.on_update.iter().map(|(field, policy)| (field.clone(), json!(policy))).collect();
    let said = [
        ("listName", list.map(|list| json!(list))),
        ("recipe", args.recipe.as_ref().map(|recipe| json!(recipe))),
        ("duplicateHandling", args.duplicates.map(|duplicates| json!(duplicates.name()))),
        ("onUpdate", (!on_update.is_empty()).then_some(Value::Object(on_update))),
        ("tags", (!args.tags.is_empty()).then(|| json!(args.tags))),
        ("enrichAfterImport", args.enrich.then_some(Value::Bool(true))),
        ("region", args.region.as_ref().map(|region| json!(region))),
        ("headerRow", args.header_row.map(|row| json!(row))),
        ("encoding", args.encoding.as_ref().map(|encoding| json!(encoding))),
        ("delimiter", args.delimiter.map(|delimiter| json!(delimiter))),
        ("quote", args.quote.map(|quote| json!(quote))),
        ("escape", args.escape.map(|escape| json!(escape))),
        ("sheet", args.sheet.as_ref().map(|sheet| json!(sheet))),
    ];
    let options = said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    (Value::Object(mapping), Value::Object(options))
}

fn text(state: &State, list: &str) -> String {
    let Results { created, updated, skipped, rejected } = state.results;
    let mut text = format!(
        "{} rows into \"{list}\": {created} created, {updated} updated, {skipped} skipped, {rejected} rejected\n",
        state.progress.processed
    );
    text += &reasons_text(&state.reasons);
    if rejected > 0 {
        text += &format!("rejected rows: GET /api/v1/leads/imports/{}/rejected.csv\n", state.import_id);
    }
    text
}

fn reasons_text(reasons: &Map<String, Value>) -> String {
    reasons.iter().map(|(reason, count)| format!("  {count:>8}  {}\n", reason.replace('_', " "))).collect()
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
    let reading = LayoutChoice {
        delimiter: ascii("delimiter", args.delimiter)?,
        quote: ascii("quote", args.quote)?,
        escape: ascii("escape", args.escape)?,
        header_row: args.header_row.map(|row| Some(row).filter(|row| *row > 0)),
        encoding: args.encoding.clone(),
        sheet: args.sheet.clone(),
    };
    let options = RowOptions { default_region: Region::from_code(&region.to_ascii_uppercase()) };
    let choice = ImportChoice { layout: reading, mapping: args.mapping.clone(), ..ImportChoice::default() };
    let looked = open(&LocalFile(args.file.clone()), &choice.layout).and_then(|opened| {
        let layout = layout(&opened, &choice.layout)?;
        preview(&layout, &opened, &choice, options, &NoMemory)
    });
    let looked = looked.map_err(|problem| refused(&problem))?;
    let text = preview_text(&looked);
    Report::new(&looked, text)
}

/// The value of a flag that names a character between or around cells.
pub(super) fn ascii(name: &str, character: Option<char>) -> Result<Option<Option<u8>>, CliError> {
    match character {
        None => Ok(None),
        Some(character) if character.is_ascii() => Ok(Some(Some(character as u8))),
        Some(_) => Err(CliError::usage(format!("--{name} must be one ASCII character"))),
    }
}

pub(super) fn refused(problem: &FileProblem) -> CliError {
    let title = "the file cannot be read as a table";
    let error = CliError::new(Exit::Unreadable, problem.code, title, problem.detail.clone());
    let error = error.with_member("reason", problem.reason);
    let places = [("line", problem.line), ("column", problem.column)];
    places.into_iter().fold(error, |error, (name, place)| match place {
        Some(place) => error.with_member(name, place),
        None => error,
    })
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
            let field = column.suggested_field.clone().unwrap_or_else(|| "custom field".to_owned());
            [column.header.clone(), field, column.samples.first().cloned().unwrap_or_default()]
        })
        .collect();
    text += &table(["column", "field", "sample"], &rows);
    for warning in &preview.warnings {
        text += &format!("warning: {}\n", warning.detail);
    }
    text
}
