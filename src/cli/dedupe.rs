//! `galena dedupe`: the rows of a lead file grouped by identity, without a data directory.
//!
//! The file is read twice, once for the identities and once for its cells; only hashes of the first reading are held
//! (`domain::dedupe`). The output has every row, column and order of the input and one column more.

mod table;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use self::table::Table;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::import::{ascii, column_to_field, refused};
use super::output::{Report, progress};
use crate::actors::importer::layout::LayoutChoice;
use crate::actors::importer::plan::ImportChoice;
use crate::actors::importer::problem::FileProblem;
use crate::domain::dedupe::{Clusters, Grouping, IdentityColumns};
use crate::domain::row::RowOptions;

/// The title of the column that is appended.
const CLUSTER_COLUMN: &str = "cluster_id";
/// Rows between two looks at the progress bar.
const PROGRESS_STEP: u64 = 1024;

#[derive(Debug, Args)]
pub struct DedupeArgs {
    /// The lead file
    file: PathBuf,
    /// File to write: the same table with a column cluster_id
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Column and the field it holds; may be repeated; none = automatic
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = column_to_field)]
    mapping: Vec<(String, String)>,
    /// Country of phone numbers written without one, such as US or DE
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Number of the record that holds the headers, from 1; 0 = none [default: found out]
    #[arg(long, value_name = "NUMBER")]
    header_row: Option<u64>,
    /// Encoding of the file by its WHATWG name [default: found out]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// What stands between two cells [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<char>,
    /// What stands around a cell [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    quote: Option<char>,
    /// What makes the next character of a quoted cell plain [default: found out]
    #[arg(long, value_name = "CHARACTER")]
    escape: Option<char>,
    /// Sheet of a workbook, by its name or its number from 1 [default: found out]
    #[arg(long, value_name = "SHEET")]
    sheet: Option<String>,
}

/// # Errors
/// Exit 2 when the output would overwrite the input, 3 when the file cannot be read as a table.
pub fn run(args: &DedupeArgs, _context: &Context) -> Result<Report, CliError> {
    if is_same_file(&args.file, &args.output) {
        return Err(CliError::usage("-o names the input itself; the output is another file"));
    }
    let layout = LayoutChoice {
        delimiter: ascii("delimiter", args.delimiter)?,
        quote: ascii("quote", args.quote)?,
        escape: ascii("escape", args.escape)?,
        header_row: args.header_row.map(|row| Some(row).filter(|row| *row > 0)),
        encoding: args.encoding.clone(),
        sheet: args.sheet.clone(),
    };
    let choice = ImportChoice { layout, mapping: args.mapping.clone(), ..ImportChoice::default() };
    let options = RowOptions { default_region: super::normalize::region(args.region.as_deref())? };
    let table = Table::open(&args.file, &choice).map_err(|problem| refused(&problem))?;
    let columns = IdentityColumns::of(table.mapping().clone(), options, table.is_titled());
    let first = identities(&table, &columns)?;
    write(args, &table, &first)?;
    let file = args.output.display().to_string();
    let rows = first.clusters.ids.len();
    let clusters = &first.clusters;
    let duplicates = rows as u64 - u64::from(clusters.count);
    let text = format!(
        "{rows} rows, {} clusters, {duplicates} duplicate rows, {} in the largest cluster\nwritten to {file}\n",
        clusters.count, clusters.largest
    );
    let document = json!({
        "file": file,
        "rows": rows,
        "clusters": clusters.count,
        "duplicateRows": duplicates,
        "largestCluster": clusters.largest,
        "identifies": if columns.are_companies() { "companies" } else { "persons" },
        "columns": named(columns.titles().into_iter().map(|(kind, titles)| (kind, json!(titles)))),
        "joinedBy": named(clusters.joints.iter().map(|(reason, count)| (reason.name(), json!(count)))),
    });
    Report::new(&document, text)
}

fn named<'n>(entries: impl Iterator<Item = (&'n str, Value)>) -> Map<String, Value> {
    entries.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the first reading finds.
struct FirstReading {
    clusters: Clusters,
    /// Cells of the widest row, titles included.
    width: usize,
}

fn identities(table: &Table, columns: &IdentityColumns) -> Result<FirstReading, CliError> {
    let bar = progress("reading", None);
    let mut grouping = Grouping::exact();
    let (mut width, mut rows) = (table.headers().len(), 0u64);
    let mut records = table.rows().map_err(|problem| refused(&problem))?;
    let mut too_many = None;
    while let Some(cells) = records.next().map_err(|problem| refused(&problem))? {
        width = width.max(cells.len());
        if let Err(error) = grouping.add(&columns.read(&cells)) {
            too_many = Some(error);
            break;
        }
        rows += 1;
        if rows.is_multiple_of(PROGRESS_STEP) {
            bar.inc(PROGRESS_STEP);
        }
    }
    bar.finish_and_clear();
    match too_many {
        Some(error) => Err(CliError::unreadable(error.to_string())),
        None => Ok(FirstReading { clusters: grouping.finish(), width }),
    }
}

/// Writes the table under a temporary name beside the output, and renames it when it is whole.
fn write(args: &DedupeArgs, table: &Table, first: &FirstReading) -> Result<(), CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        let detail = format!("{}: {error}", args.output.display());
        CliError::new(Exit::Failed, "OUTPUT_NOT_WRITTEN", "the output cannot be written", detail)
    };
    let folder = args.output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".galena-dedupe-");
    // As any other file of the user, and not as a temporary one: what `umask` leaves of it.
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder).map_err(|error| failed(&error))?;
    let mut writer = table.writer(io::BufWriter::with_capacity(256 << 10, file));
    let told = |problem: FileProblem| refused(&problem);
    for cells in table.preamble().map_err(told)? {
        writer.write_record(&cells).map_err(|error| failed(&error))?;
    }
    if table.is_titled() {
        let (title, headers) = (free_title(table.headers()), table.headers().iter().map(String::as_str));
        writer.write_record(padded(headers, first.width, &title)).map_err(|error| failed(&error))?;
    }
    let bar = progress("writing", Some(first.clusters.ids.len() as u64));
    let (mut rows, mut number) = (table.rows().map_err(told)?, 0);
    while let Some(cells) = rows.next().map_err(told)? {
        // A file that was changed between the two readings can have more rows, or fewer.
        let Some(id) = first.clusters.ids.get(number) else { return Err(changed(&args.file)) };
        let id = id.to_string();
        writer.write_record(padded(cells.into_iter(), first.width, &id)).map_err(|error| failed(&error))?;
        number += 1;
        if (number as u64).is_multiple_of(PROGRESS_STEP) {
            bar.inc(PROGRESS_STEP);
        }
    }
    bar.finish_and_clear();
    if number != first.clusters.ids.len() {
        return Err(changed(&args.file));
    }
    let file = writer.into_inner().map_err(|error| failed(&error.error()))?;
    let file = file.into_inner().map_err(|error| failed(error.error()))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(&args.output).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// The cells of a row with empty ones up to the widest, so that the last column is one column.
fn padded<'c>(
    cells: impl ExactSizeIterator<Item = &'c str>,
    width: usize,
    last: &'c str,
) -> impl Iterator<Item = &'c str> {
    let missing = width.saturating_sub(cells.len());
    cells.chain(std::iter::repeat_n("", missing)).chain([last])
}

/// `cluster_id`, or with a number behind it where the file has such a column.
fn free_title(headers: &[String]) -> String {
    let is_free = |title: &String| !headers.contains(title);
    let numbered = (2..).map(|number| format!("{CLUSTER_COLUMN}_{number}"));
    std::iter::once(CLUSTER_COLUMN.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

fn changed(file: &Path) -> CliError {
    CliError::unreadable(format!("{}: the file was changed while it was read", file.display()))
}

/// By what the two names lead to, not by how they are written.
fn is_same_file(input: &Path, output: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(input), std::fs::metadata(output)) {
        (Ok(input), Ok(output)) => (input.dev(), input.ino()) == (output.dev(), output.ino()),
        _ => false,
    }
}
