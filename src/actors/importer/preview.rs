//! How a file would be read, from its beginning: dialect, columns with the fields they seem to hold, sample rows, and
//! what a user should know before importing it.

use serde::Serialize;

use super::columns::{ColumnOrigin, Decision, decide};
use super::layout::Layout;
use super::memory::MappingMemory;
use super::plan::ImportChoice;
use super::problem::FileProblem;
use super::sample::{Sampled, SampledRow};
use super::source::Opened;
use crate::domain::row::{RowOptions, Target, read_row};
use crate::domain::text::trim_cell;

const SAMPLE_ROWS: usize = 20;
const COLUMN_SAMPLES: usize = 5;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// WHATWG name in lower case
    pub encoding: String,
    /// The character between two cells; empty where every line is one cell
    pub delimiter: String,
    pub quote: Option<String>,
    pub escape: Option<String>,
    pub line_ending: String,
    /// 1-based record number of the titles
    pub header_row: Option<u64>,
    /// Of a workbook; a text file has none
    pub sheets: Vec<String>,
    pub columns: Vec<ColumnPreview>,
    pub sample_rows: Vec<Vec<String>>,
    pub warnings: Vec<PreviewWarning>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ColumnPreview {
    /// From 0
    pub index: usize,
    /// The title as it stands
    pub header: String,
    /// A field as a mapping names it; null for a custom field under the title of the column; empty for a column that a
    /// recipe or the memory leaves out
    pub suggested_field: Option<String>,
    /// 0 to 1
    pub confidence: f32,
    /// What the suggestion rests on: `header`, `values`, `memory` or `recipe`
    pub origin: Option<ColumnOrigin>,
    pub samples: Vec<String>,
    /// Share of the sampled rows that have a value, 0 to 1
    pub fill_rate: f64,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewWarning {
    pub code: &'static str,
    pub detail: String,
}

/// Looks at the file that `layout` was made of.
///
/// # Errors
/// A record of the sample cannot be read, or the mapping does not fit.
pub fn preview(
    layout: &Layout,
    opened: &Opened,
    choice: &ImportChoice,
    options: RowOptions,
    memory: &dyn MappingMemory,
) -> Result<Preview, FileProblem> {
    let sampled = Sampled::read(layout, opened)?;
    let headers = layout.headers();
    // What would be suggested, whatever the request maps by itself.
    let unmapped = ImportChoice { mapping: Vec::new(), ..choice.clone() };
    let rows: Vec<Vec<String>> = sampled.rows.iter().map(|row| row.cells.clone()).collect();
    let suggested = decide(layout, &rows, &unmapped, memory)?;
    let warnings = warnings(layout, opened, &sampled, &decide(layout, &rows, choice, memory)?, options);
    let columns = headers.iter().zip(suggested_fields(&suggested)).enumerate().map(|(index, (header, field))| {
        let cells = || rows.iter().filter_map(|row| row.get(index)).map(|cell| trim_cell(cell));
        let filled = cells().filter(|cell| !cell.is_empty()).count();
        ColumnPreview {
            index,
            header: (*header).to_owned(),
            suggested_field: field,
            confidence: suggested.reasons[index].map_or(0.0, |reason| reason.confidence),
            origin: suggested.reasons[index].map(|reason| reason.origin),
            samples: cells().filter(|cell| !cell.is_empty()).take(COLUMN_SAMPLES).map(str::to_owned).collect(),
            fill_rate: if rows.is_empty() { 0.0 } else { filled as f64 / rows.len() as f64 },
        }
    });
    let character = |byte: Option<u8>| byte.map(|byte| char::from(byte).to_string());
    Ok(Preview {
        encoding: layout.form.encoding().to_owned(),
        delimiter: character(layout.dialect.delimiter).unwrap_or_default(),
        quote: character(layout.dialect.quote),
        escape: character(layout.dialect.escape),
        line_ending: layout.line_ending.to_owned(),
        header_row: layout.header_row,
        sheets: opened.sheets.clone(),
        columns: columns.collect(),
        warnings,
        sample_rows: rows.into_iter().take(SAMPLE_ROWS).collect(),
    })
}

/// The fields of the columns, as the preview gives them.
fn suggested_fields(decision: &Decision) -> Vec<Option<String>> {
    let titles = decision.mapping.titles().iter();
    let field = |(title, target): (&String, &Target)| match target {
        Target::Custom(name) if name == title => None,
        target => Some(target.name()),
    };
    titles.zip(decision.mapping.targets()).map(field).collect()
}

fn warnings(
    layout: &Layout,
    opened: &Opened,
    sampled: &Sampled,
    decision: &Decision,
    options: RowOptions,
) -> Vec<PreviewWarning> {
    let mut warnings = Vec::new();
    let mut warn = |code: &'static str, detail: String| warnings.push(PreviewWarning { code, detail });
    if sampled.rows.is_empty() {
        warn("NO_ROWS", "there is no row below the header".to_owned());
    }
    if !decision.missing.is_empty() {
        let missing = decision.missing.join("\", \"");
        warn("RECIPE_COLUMNS_MISSING", format!("the recipe maps columns that the file does not have: \"{missing}\""));
    }
    if layout.header_row.is_none() {
        warn("NO_HEADER", "no titles were found: the columns have numbers".to_owned());
    }
    let untitled = layout.headers.iter().filter(|title| trim_cell(title).is_empty()).count();
    if layout.header_row.is_some() && untitled > 0 {
        warn("UNTITLED_COLUMNS", format!("{untitled} columns have no title; they are called by their number"));
    }
    if let Some((line, count)) = opened.strays() {
        let detail = format!("{count} bytes are not UTF-8, the first in line {line}; they are read as windows-1252");
        warn("MIXED_ENCODING", detail);
    }
    if opened.error_cells > 0 {
        warn("ERROR_CELLS", format!("{} cells hold an error such as #N/A; they are empty", opened.error_cells));
    }
    let doubled = doubled_titles(layout);
    if !doubled.is_empty() {
        warn("DUPLICATE_HEADERS", format!("several columns are called {}", doubled.join(", ")));
    }
    if let Some((line, column)) = sampled.open_quote {
        let detail = format!("the quote that opens in line {line}, column {column} is never closed: an import says no");
        warn("UNTERMINATED_QUOTE", detail);
    }
    if let Some((count, lines)) = sampled.lines(|row| row.is_mended) {
        warn(
            "MENDED_ROWS",
            format!("{count} of the sampled rows had broken quotes or delimiters and were mended: {lines}"),
        );
    }
    if let Some((count, lines)) = sampled.lines(|row| row.cells.len() != layout.headers.len()) {
        let detail = format!("{count} of the sampled rows have fewer or more cells than the header: lines {lines}");
        warn("RAGGED_ROWS", detail);
    }
    let is_bad = |row: &SampledRow| {
        let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
        !read_row(&decision.mapping, &options, &cells).cell_errors.is_empty()
    };
    if let Some((count, lines)) = sampled.lines(is_bad) {
        warn("CELL_ERRORS", format!("{count} of the sampled rows have a cell that cannot be used: lines {lines}"));
    }
    warnings
}

/// Titles that several columns have, each once.
fn doubled_titles(layout: &Layout) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    for title in layout.headers.iter().map(|title| trim_cell(title)).filter(|title| !title.is_empty()) {
        *seen.entry(title).or_insert(0usize) += 1;
    }
    seen.into_iter().filter(|(_, count)| *count > 1).map(|(title, _)| format!("\"{title}\"")).collect()
}
