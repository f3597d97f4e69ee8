//! How a file would be read, from its beginning: dialect, columns with the fields they seem to hold, sample rows, and
//! what a user should know before importing it.

use serde::Serialize;

use super::layout::Layout;
use super::plan::mapping;
use super::problem::FileProblem;
use super::source::Opened;
use crate::domain::delimited::{Advance, DelimitedError, Dialect, Position, RecordLimits, RecordReader};
use crate::domain::header;
use crate::domain::row::{RowOptions, read_row};
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
    pub suggested_field: Option<&'static str>,
    /// 0 to 1
    pub confidence: f32,
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
    choice: &[(String, String)],
    options: RowOptions,
) -> Result<Preview, FileProblem> {
    let sampled = Sampled::read(layout, opened)?;
    let warnings = warnings(layout, opened, &sampled, choice, options)?;
    let rows: Vec<Vec<String>> = sampled.rows.into_iter().map(|row| row.cells).collect();
    let headers = layout.headers();
    let suggestions = header::suggest(&headers);
    let columns = headers.iter().zip(&suggestions).enumerate().map(|(index, (header, suggestion))| {
        let cells = || rows.iter().filter_map(|row| row.get(index)).map(|cell| trim_cell(cell));
        let filled = cells().filter(|cell| !cell.is_empty()).count();
        ColumnPreview {
            index,
            header: (*header).to_owned(),
            suggested_field: suggestion.map(|found| found.field.name()),
            confidence: suggestion.map_or(0.0, |found| found.confidence),
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

/// The rows of the beginning of a file.
struct Sampled {
    rows: Vec<SampledRow>,
    /// Where a quote opens that is never closed.
    open_quote: Option<(u64, usize)>,
}

struct SampledRow {
    line: u64,
    cells: Vec<String>,
    is_mended: bool,
}

impl Sampled {
    fn read(layout: &Layout, opened: &Opened) -> Result<Self, FileProblem> {
        let mut sampled = Self { rows: Vec::new(), open_quote: None };
        let ended = sampled.read_from(layout.data, layout.dialect, layout, opened, usize::MAX)?;
        let Some(DelimitedError::UnterminatedQuote { line, column, offset }) = ended else { return Ok(sampled) };
        // An import says no to such a file. Here it is shown as it would be without the quote.
        sampled.open_quote = Some((line, column));
        let at = Position { offset, line };
        let unquoted = Dialect { quote: None, ..layout.dialect };
        sampled.read_from(at, unquoted, layout, opened, SAMPLE_ROWS)?;
        Ok(sampled)
    }

    /// Gives the open quote that ended it.
    fn read_from(
        &mut self,
        at: Position,
        dialect: Dialect,
        layout: &Layout,
        opened: &Opened,
        most: usize,
    ) -> Result<Option<DelimitedError>, FileProblem> {
        let from = usize::try_from(at.offset).unwrap_or(usize::MAX).min(opened.head.len());
        let mut reader = RecordReader::resume(dialect, RecordLimits::default(), at).mending(layout.headers.len());
        let mut input = &opened.head[from..];
        for _ in 0..most {
            let found = match reader.advance(&mut input)? {
                Advance::Record => true,
                // The head may cut its last record.
                Advance::NeedInput => match reader.finish() {
                    Ok(advance) => opened.is_whole && advance == Advance::Record,
                    Err(error @ DelimitedError::UnterminatedQuote { .. }) if opened.is_whole => return Ok(Some(error)),
                    Err(DelimitedError::UnterminatedQuote { .. }) => false,
                    Err(error) => return Err(error.into()),
                },
            };
            if !found {
                break;
            }
            let record = match reader.record() {
                Ok(record) => record,
                // The head may cut its last character.
                Err(DelimitedError::InvalidUtf8 { .. }) if !opened.is_whole && input.is_empty() => break,
                Err(error) => return Err(error.into()),
            };
            if let Some((line, column)) = record.nul() {
                return Err(FileProblem::binary(line, column as u64));
            }
            let cells = record.fields().map(str::to_owned).collect();
            self.rows.push(SampledRow { line: record.line, cells, is_mended: record.mend.is_some() });
        }
        Ok(None)
    }

    /// The lines of the rows that are so, as a text: `4, 7 and 12 more`.
    fn lines(&self, is_so: impl Fn(&SampledRow) -> bool) -> Option<(usize, String)> {
        const NAMED: usize = 5;
        let lines: Vec<String> = self.rows.iter().filter(|row| is_so(row)).map(|row| row.line.to_string()).collect();
        let named = lines.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = lines.len().saturating_sub(NAMED);
        let text = if more > 0 { format!("{named} and {more} more") } else { named };
        (!lines.is_empty()).then_some((lines.len(), text))
    }
}

fn warnings(
    layout: &Layout,
    opened: &Opened,
    sampled: &Sampled,
    choice: &[(String, String)],
    options: RowOptions,
) -> Result<Vec<PreviewWarning>, FileProblem> {
    let mapping = mapping(layout, choice)?;
    let mut warnings = Vec::new();
    let mut warn = |code: &'static str, detail: String| warnings.push(PreviewWarning { code, detail });
    if sampled.rows.is_empty() {
        warn("NO_ROWS", "there is no row below the header".to_owned());
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
        warn("MENDED_ROWS", format!("{count} of the sampled rows had broken quotes or delimiters and were mended: {lines}"));
    }
    if let Some((count, lines)) = sampled.lines(|row| row.cells.len() != layout.headers.len()) {
        let detail = format!("{count} of the sampled rows have fewer or more cells than the header: lines {lines}");
        warn("RAGGED_ROWS", detail);
    }
    let is_bad = |row: &SampledRow| {
        let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
        !read_row(&mapping, &options, &cells).cell_errors.is_empty()
    };
    if let Some((count, lines)) = sampled.lines(is_bad) {
        warn("CELL_ERRORS", format!("{count} of the sampled rows have a cell that cannot be used: lines {lines}"));
    }
    Ok(warnings)
}

/// Titles that several columns have, each once.
fn doubled_titles(layout: &Layout) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    for title in layout.headers.iter().map(|title| trim_cell(title)).filter(|title| !title.is_empty()) {
        *seen.entry(title).or_insert(0usize) += 1;
    }
    seen.into_iter().filter(|(_, count)| *count > 1).map(|(title, _)| format!("\"{title}\"")).collect()
}
