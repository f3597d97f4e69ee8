//! The rows at the beginning of a file: what columns hold is judged by them, and a preview shows them.

use super::layout::Layout;
use super::problem::FileProblem;
use super::source::Opened;
use crate::domain::delimited::{Advance, DelimitedError, Dialect, Position, RecordLimits, RecordReader};
use crate::domain::header::are_of_an_export;

/// Rows that are shown of a file whose quotes do not close, from there on.
const UNQUOTED_ROWS: usize = 20;

/// The rows of the beginning of a file.
pub struct Sampled {
    pub rows: Vec<SampledRow>,
    /// Where a quote opens that is never closed.
    pub open_quote: Option<(u64, usize)>,
}

pub struct SampledRow {
    /// From 1.
    pub line: u64,
    pub cells: Vec<String>,
    pub is_mended: bool,
}

impl Sampled {
    /// # Errors
    /// A record cannot be read.
    pub fn read(layout: &Layout, opened: &Opened) -> Result<Self, FileProblem> {
        let mut sampled = Self { rows: Vec::new(), open_quote: None };
        let ended = sampled.read_from(layout.data, layout.dialect, layout, opened, usize::MAX)?;
        let Some(DelimitedError::UnterminatedQuote { line, column, offset }) = ended else { return Ok(sampled) };
        // An import says no to such a file. Here it is shown as it would be without the quote.
        sampled.open_quote = Some((line, column));
        let at = Position { offset, line };
        let unquoted = Dialect { quote: None, ..layout.dialect };
        sampled.read_from(at, unquoted, layout, opened, UNQUOTED_ROWS)?;
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
            if let Some((line, column)) = record.nul().filter(|_| !are_of_an_export(&layout.headers)) {
                return Err(FileProblem::binary(line, column as u64));
            }
            let cells = record.fields().map(str::to_owned).collect();
            self.rows.push(SampledRow { line: record.line, cells, is_mended: record.mend.is_some() });
        }
        Ok(None)
    }

    pub fn into_cells(self) -> Vec<Vec<String>> {
        self.rows.into_iter().map(|row| row.cells).collect()
    }

    /// How many rows are so, and their lines, as a text: `4, 7 and 12 more`.
    pub fn lines(&self, is_so: impl Fn(&SampledRow) -> bool) -> Option<(usize, String)> {
        const NAMED: usize = 5;
        let lines: Vec<String> = self.rows.iter().filter(|row| is_so(row)).map(|row| row.line.to_string()).collect();
        let named = lines.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = lines.len().saturating_sub(NAMED);
        let text = if more > 0 { format!("{named} and {more} more") } else { named };
        (!lines.is_empty()).then_some((lines.len(), text))
    }
}
