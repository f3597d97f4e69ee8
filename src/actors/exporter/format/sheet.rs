//! One sheet of a workbook while it is filled, row by row. What was written is in a file at once and not in memory.

use std::borrow::Cow;

use rust_xlsxwriter::{Color, Format, FormatBorder, FormatPattern, IgnoreError, Workbook, Worksheet, XlsxError};

use super::sheet_text::{MOST_UNITS, escaped_by_us, units};

/// What a sheet of Excel holds (its specifications and limits).
pub(super) const MOST_ROWS: u32 = 1_048_576;
pub(super) const MOST_COLUMNS: usize = 16_384;
/// What a cell costs in XML beside its text.
const CELL_BYTES: u64 = 64;

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'v> {
    /// Never a formula and never a link, whatever it says.
    Text(&'v str),
    Number(f64),
    Truth(bool),
}

/// How the cells of a column are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Usual,
    /// Digits stay the text they are, also when somebody edits the cell.
    Digits,
    /// A number of days as date and time.
    Moment,
}

/// A column before its first row.
#[derive(Debug, Clone)]
pub(super) struct SheetColumn<'c> {
    pub title: Cow<'c, str>,
    /// In characters.
    pub width: f64,
    pub look: Look,
}

pub(super) struct Sheet {
    sheet: Worksheet,
    name: String,
    columns: u16,
    /// The next row, from 0.
    row: u32,
    /// About as many as its XML will have.
    bytes: u64,
}

impl Sheet {
    /// With its titles. `columns` are no more than a sheet takes.
    pub(super) fn begin(book: &mut Workbook, name: String, columns: &[SheetColumn<'_>]) -> Result<Self, XlsxError> {
        let mut sheet = book.new_worksheet_with_constant_memory()?;
        sheet.set_name(&name)?;
        sheet.set_freeze_panes(1, 0)?;
        let mut new = Self { sheet, name, columns: 0, row: 0, bytes: 0 };
        let header = Format::new()
            .set_bold()
            .set_pattern(FormatPattern::Solid)
            .set_background_color(Color::RGB(0x00DC_E6F1))
            .set_border_bottom(FormatBorder::Thin);
        for (place, column) in (0_u16..).zip(columns) {
            new.sheet.set_column_width(place, column.width)?;
            match column.look {
                Look::Usual => {}
                Look::Digits => drop(new.sheet.set_column_format(place, &Format::new().set_num_format("@"))?),
                Look::Moment => {
                    let format = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
                    new.sheet.set_column_format(place, &format)?;
                }
            }
            new.put(place, Value::Text(&column.title), Some(&header))?;
            new.columns = place + 1;
        }
        new.row = 1;
        Ok(new)
    }

    /// Writes a cell of the row in work; an empty text is no cell. `column` is from 0.
    pub(super) fn cell(&mut self, column: u16, value: Value<'_>) -> Result<(), XlsxError> {
        self.put(column, value, None)
    }

    /// The row in work is over.
    pub(super) fn end_row(&mut self) {
        self.row += 1;
    }

    /// The number of the row in work, from 1, as Excel shows it.
    pub(super) fn row_number(&self) -> u32 {
        self.row + 1
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives the sheet to its workbook.
    pub(super) fn end(mut self, book: &mut Workbook) -> Result<(), XlsxError> {
        let last = (self.row.saturating_sub(1), self.columns.saturating_sub(1));
        if self.columns > 0 {
            self.sheet.autofilter(0, 0, last.0, last.1)?;
            // Phones and postal codes are meant as texts; no need for a green corner in each.
            self.sheet.ignore_error_range(0, 0, last.0, last.1, IgnoreError::NumberStoredAsText)?;
        }
        book.push_worksheet(self.sheet);
        Ok(())
    }

    fn put(&mut self, column: u16, value: Value<'_>, format: Option<&Format>) -> Result<(), XlsxError> {
        let (sheet, row) = (&mut self.sheet, self.row);
        self.bytes += CELL_BYTES;
        match (value, format) {
            (Value::Text(text), format) => {
                self.bytes += text.len() as u64;
                let ours = escaped_by_us(text).filter(|escaped| units(escaped) < MOST_UNITS - 100);
                match (ours, format) {
                    (Some(text), Some(format)) => {
                        sheet.write_rich_string_with_format(row, column, &[(&Format::default(), &text)], format)?
                    }
                    (Some(text), None) => sheet.write_rich_string(row, column, &[(&Format::default(), &text)])?,
                    (None, Some(format)) => sheet.write_string_with_format(row, column, text, format)?,
                    (None, None) => sheet.write_string(row, column, text)?,
                }
            }
            (Value::Number(number), _) => sheet.write_number(row, column, number)?,
            (Value::Truth(truth), _) => sheet.write_boolean(row, column, truth)?,
        };
        Ok(())
    }
}
