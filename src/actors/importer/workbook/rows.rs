//! Turns the cells of a sheet into records of CSV.

use std::io::Write;

use super::cells::{Cell, CellType, Cells};
use super::error::{Place, WorkbookError};
use super::escapes::{decoded, with_nul};
use super::number::write_number;
use super::serial::{write_iso, write_moment};
use super::shared_strings::SharedStrings;
use super::styles::Styles;
use super::{WorkbookLimits, Written};
use crate::domain::header::are_of_an_export;

/// Rows are filled up to the width of the fullest one so far: the titles, in most files, and not the row with a note
/// beside the table. No further than this, whatever a row is full of.
const FILLED_COLUMNS: usize = 1024;
const BUFFER_BYTES: usize = 64 << 10;

pub struct RowWriter<'a> {
    out: &'a mut dyn Write,
    strings: &'a SharedStrings,
    styles: &'a Styles,
    limits: &'a WorkbookLimits,
    /// The texts of the row's cells, in the order of the file.
    text: String,
    /// Where the text of each column lies in `text`.
    columns: Vec<(usize, usize)>,
    /// Filled cells of the fullest row so far.
    filled: usize,
    /// Columns that rows are filled up to.
    width: usize,
    buffer: Vec<u8>,
    /// Lines written so far, which is the number of the row written last.
    lines: u64,
    written: Written,
    /// The first row has the titles of an export of ours, whose texts may hold NUL.
    is_export: bool,
}

impl<'a> RowWriter<'a> {
    pub fn new(
        out: &'a mut dyn Write,
        strings: &'a SharedStrings,
        styles: &'a Styles,
        limits: &'a WorkbookLimits,
        sheet: &str,
    ) -> Self {
        let written = Written {
            sheet: sheet.to_owned(),
            rows: 0,
            bytes: 0,
            error_cells: 0,
            first_error_cell: None,
            is_cut: false,
        };
        let (text, columns, buffer) = (String::new(), Vec::new(), Vec::with_capacity(BUFFER_BYTES * 2));
        let (filled, width, lines, is_export) = (0, 0, 0, false);
        Self { out, strings, styles, limits, text, columns, filled, width, buffer, lines, written, is_export }
    }

    /// # Errors
    /// What is left cannot be written.
    pub fn finish(mut self, is_cut: bool) -> Result<Written, WorkbookError> {
        self.flush()?;
        Ok(Written { is_cut, ..self.written })
    }

    fn flush(&mut self) -> Result<(), WorkbookError> {
        self.out.write_all(&self.buffer).map_err(WorkbookError::Unwritable)?;
        self.buffer.clear();
        Ok(())
    }

    /// The text of a cell behind those of the row before it.
    fn put(&mut self, cell: &Cell<'_>) -> Result<(), WorkbookError> {
        let format = self.styles.format(cell.style);
        match cell.kind {
            CellType::Number => {
                let moment = format.is_moment().then(|| cell.raw.trim().parse::<f64>()).and_then(Result::ok);
                let is_moment = |moment| write_moment(&mut self.text, moment, format, self.styles.is_1904);
                if !moment.is_some_and(is_moment) {
                    write_number(&mut self.text, cell.raw, format.zeros);
                }
            }
            CellType::Shared => {
                let number = cell.raw.trim().parse::<usize>().ok();
                let Some(text) = number.and_then(|number| self.strings.get(number)) else {
                    let reason = format!("the cell names string {:?} of {}", cell.raw, self.strings.len());
                    return Err(WorkbookError::damaged("", reason));
                };
                self.text.push_str(text);
            }
            CellType::Text if self.is_export => self.text.push_str(&with_nul(cell.raw)),
            CellType::Text => self.text.push_str(&decoded(cell.raw)),
            CellType::Truth => self.text.push_str(match cell.raw.trim() {
                "1" | "true" => "TRUE",
                "0" | "false" => "FALSE",
                other => other,
            }),
            CellType::Iso => write_iso(&mut self.text, cell.raw, format),
            CellType::Error => self.written.error_cells += 1,
        }
        Ok(())
    }

    fn write_record(&mut self, width: usize) {
        let is_first = self.written.rows == 0;
        for column in 0..width {
            if column > 0 {
                self.buffer.push(b',');
            }
            let (start, end) = self.columns.get(column).copied().unwrap_or_default();
            let text = self.text.get(start..end).unwrap_or_default();
            write_field(&mut self.buffer, text, is_first && column == 0);
        }
        self.buffer.push(b'\n');
    }
}

impl Cells for RowWriter<'_> {
    fn cell(&mut self, cell: &Cell<'_>) -> Result<(), WorkbookError> {
        let start = self.text.len();
        self.put(cell)?;
        if self.text.len() > self.limits.max_row_bytes {
            let reason = format!("the row is longer than {} bytes", self.limits.max_row_bytes);
            return Err(WorkbookError::too_large("", reason));
        }
        if self.columns.len() <= cell.column {
            self.columns.resize(cell.column + 1, (0, 0));
        }
        self.columns[cell.column] = (start, self.text.len());
        if cell.kind == CellType::Error && self.written.first_error_cell.is_none() {
            let (sheet, column) = (self.written.sheet.clone(), cell.column as u64 + 1);
            self.written.first_error_cell = Some(Place { sheet, row: 0, column });
        }
        Ok(())
    }

    fn row(&mut self, number: u64) -> Result<(), WorkbookError> {
        if let Some(place) = self.written.first_error_cell.as_mut().filter(|place| place.row == 0) {
            place.row = number;
        }
        let own = self.columns.iter().rposition(|(start, end)| start < end).map_or(0, |last| last + 1);
        if own > 0 {
            // A row that comes twice or late stands where it comes.
            let blank = number.saturating_sub(self.lines + 1);
            self.buffer.extend(std::iter::repeat_n(b'\n', usize::try_from(blank).unwrap_or(0)));
            self.lines += blank + 1;
            let filled = self.columns.iter().filter(|(start, end)| start < end).count();
            if filled > self.filled && own <= FILLED_COLUMNS {
                (self.filled, self.width) = (filled, own.max(self.width));
            }
            if self.written.rows == 0 {
                let titles: Vec<&str> =
                    self.columns.iter().filter_map(|(start, end)| self.text.get(*start..*end)).collect();
                self.is_export = are_of_an_export(&titles);
            }
            let before = self.buffer.len() as u64 - blank;
            self.write_record(own.max(self.width));
            self.written.rows += 1;
            self.written.bytes += self.buffer.len() as u64 - before;
            if self.written.bytes > self.limits.max_written_bytes {
                let reason = format!("its text is longer than {} bytes", self.limits.max_written_bytes);
                return Err(WorkbookError::too_large("", reason));
            }
            if self.buffer.len() >= BUFFER_BYTES {
                self.flush()?;
            }
        }
        self.text.clear();
        self.columns.clear();
        Ok(())
    }
}

/// `is_head`: nothing is written yet, so that the text could be taken for a mark of the file instead of a cell.
fn write_field(buffer: &mut Vec<u8>, text: &str, is_head: bool) {
    let bytes = text.as_bytes();
    let is_blank = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    let is_mark =
        || bytes.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"sep=")) || text.starts_with('\u{feff}');
    let needs_quotes = bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
        || is_blank(bytes.first())
        || is_blank(bytes.last())
        || is_head && is_mark();
    if !needs_quotes {
        return buffer.extend_from_slice(bytes);
    }
    buffer.push(b'"');
    for byte in bytes {
        if *byte == b'"' {
            buffer.push(b'"');
        }
        buffer.push(*byte);
    }
    buffer.push(b'"');
}
