//! How a file would be read, from its first bytes: dialect, columns with the fields they seem to hold, sample rows.

use serde::Serialize;

use super::columns::{ColumnOrigin, Decision, decide};
use super::layout::Layout;
use super::memory::MappingMemory;
use super::plan::ImportChoice;
use super::problem::FileProblem;
use crate::domain::delimited::{Advance, RecordLimits, RecordReader};
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

/// Looks at `sample`, the first bytes of a file that `layout` was made of.
///
/// # Errors
/// A record of the sample cannot be read, or the mapping does not fit.
pub fn preview(
    layout: &Layout,
    sample: &[u8],
    is_whole_file: bool,
    choice: &ImportChoice,
    options: RowOptions,
    memory: &dyn MappingMemory,
) -> Result<Preview, FileProblem> {
    let rows = sample_rows(layout, sample, is_whole_file)?;
    let headers = layout.headers();
    // What would be suggested, whatever the request maps by itself.
    let unmapped = ImportChoice { mapping: Vec::new(), ..choice.clone() };
    let suggested = decide(layout, &rows, &unmapped, memory)?;
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
        encoding: layout.encoding.to_owned(),
        delimiter: character(layout.dialect.delimiter).unwrap_or_default(),
        quote: character(layout.dialect.quote),
        escape: character(layout.dialect.escape),
        line_ending: layout.line_ending.to_owned(),
        header_row: layout.header_row,
        sheets: Vec::new(),
        columns: columns.collect(),
        warnings: warnings(layout, &rows, &decide(layout, &rows, choice, memory)?, options),
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

/// The rows of `sample`.
///
/// # Errors
/// A record of it cannot be read.
pub fn sample_rows(layout: &Layout, sample: &[u8], is_whole_file: bool) -> Result<Vec<Vec<String>>, FileProblem> {
    let from = usize::try_from(layout.data.offset).unwrap_or(usize::MAX).min(sample.len());
    let mut reader = RecordReader::resume(layout.dialect, RecordLimits::default(), layout.data);
    let (mut input, mut rows) = (&sample[from..], Vec::new());
    loop {
        let found = match reader.advance(&mut input)? {
            Advance::Record => true,
            // The sample may cut its last record.
            Advance::NeedInput => is_whole_file && reader.finish()? == Advance::Record,
        };
        if !found {
            return Ok(rows);
        }
        rows.push(reader.record()?.fields().map(str::to_owned).collect());
    }
}

fn warnings(layout: &Layout, rows: &[Vec<String>], decision: &Decision, options: RowOptions) -> Vec<PreviewWarning> {
    let mut warnings = Vec::new();
    let mut warn = |code: &'static str, detail: String| warnings.push(PreviewWarning { code, detail });
    if rows.is_empty() {
        warn("NO_ROWS", "there is no row below the header".to_owned());
    }
    if !decision.missing.is_empty() {
        let missing = decision.missing.join("\", \"");
        warn("RECIPE_COLUMNS_MISSING", format!("the recipe maps columns that the file does not have: \"{missing}\""));
    }
    if layout.header_row.is_none() {
        warn("NO_HEADER", "no titles were found: the columns have numbers".to_owned());
    }
    let ragged = rows.iter().filter(|row| row.len() != layout.headers.len()).count();
    if ragged > 0 {
        warn("RAGGED_ROWS", format!("{ragged} of the sampled rows have fewer or more cells than the header"));
    }
    let bad = rows.iter().filter(|row| {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        !read_row(&decision.mapping, &options, &cells).cell_errors.is_empty()
    });
    let bad = bad.count();
    if bad > 0 {
        warn("CELL_ERRORS", format!("{bad} of the sampled rows have a cell that cannot be used"));
    }
    warnings
}
