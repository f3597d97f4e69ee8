//! Workbooks become text: one sheet of an `.xlsx` file, streamed as CSV, so that every import reads one kind of file.
//!
//! Everything in a workbook is believed as little as possible: sizes are checked before anything is unpacked and counted
//! again while it is read, no document type definition is taken, and nothing grows with the file except the shared
//! strings, which have a limit of their own. Nothing here knows the store.

mod archive;
mod book;
mod cells;
mod compound;
mod error;
mod escapes;
mod meter;
mod number;
mod number_format;
mod rows;
mod serial;
mod shared_strings;
mod styles;
mod xml;

use std::io::{Read, Seek, Write};

pub use self::archive::is_workbook;
pub use self::error::{Place, WorkbookError};

use self::archive::Archive;
use self::book::{Book, BookSheet};
use self::cells::{Scan, walk};
use self::rows::RowWriter;
use self::shared_strings::SharedStrings;
use self::styles::Styles;

/// What a workbook may cost. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkbookLimits {
    /// All parts together, unpacked.
    pub max_unpacked_bytes: u64,
    /// How many times larger than packed a part may be, once it is larger than 32 MiB: deflate can reach 1,032, sheets
    /// of lead files stay below 40.
    pub max_ratio: u64,
    /// Entries of the archive.
    pub max_entries: usize,
    /// Memory for the shared strings: their UTF-8 and four bytes for each.
    pub max_shared_string_bytes: u64,
    /// The text of one row.
    pub max_row_bytes: usize,
    /// The CSV that is written: one long string can be named by every cell.
    pub max_written_bytes: u64,
}

impl Default for WorkbookLimits {
    fn default() -> Self {
        Self {
            max_unpacked_bytes: 2 << 30,
            max_ratio: 400,
            max_entries: 10_000,
            max_shared_string_bytes: 160 << 20,
            max_row_bytes: 16 << 20,
            max_written_bytes: 4 << 30,
        }
    }
}

/// A sheet with cells; charts are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub name: String,
    pub is_hidden: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Name of the sheet.
    pub sheet: String,
    /// Records, blank rows not counted.
    pub rows: u64,
    /// Bytes of CSV.
    pub bytes: u64,
    /// Cells that hold an error such as `#N/A`; they were written empty.
    pub error_cells: u64,
    pub first_error_cell: Option<Place>,
    /// Whether `max_rows` ended it before the sheet did.
    pub is_cut: bool,
}

/// A file to read a workbook from.
trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// The sheets of a workbook in their order, hidden ones included.
///
/// # Errors
/// The file is no workbook, is damaged or is beyond the limits.
pub fn sheets<F: Read + Seek>(file: &mut F, limits: &WorkbookLimits) -> Result<Vec<Sheet>, WorkbookError> {
    let mut archive = Archive::open(file, limits)?;
    let book = Book::read(&mut archive)?;
    Ok(book.sheets.into_iter().map(|sheet| Sheet { name: sheet.name, is_hidden: sheet.is_hidden }).collect())
}

/// Writes one sheet as CSV (RFC 4180: commas, `"`, every record ends with `\n`). Line numbers are row numbers as long as
/// no cell holds a line break: blank rows are blank lines. Records are at least as wide as the
/// fullest so far.
///
/// `sheet` is a name or a number from 1; without it the first sheet that is not hidden and not empty is taken. At most
/// `max_rows` rows are read, and of the shared strings then only the ones up to there.
///
/// # Errors
/// The file is no workbook, is damaged, is beyond the limits, has no such sheet or nothing in it; or the reading or the
/// writing itself fails. What was written until then stands in `out`.
pub fn write_csv<F: Read + Seek>(
    file: &mut F,
    sheet: Option<&str>,
    limits: &WorkbookLimits,
    out: &mut dyn Write,
    max_rows: Option<u64>,
) -> Result<Written, WorkbookError> {
    let mut archive = Archive::open(file, limits)?;
    let book = Book::read(&mut archive)?;
    let choices = book.choose(sheet)?;
    let styles = Styles::read(&mut archive, book.styles.as_deref(), book.is_1904)?;
    let mut strings = None;
    for choice in &choices {
        let needed = match max_rows {
            Some(max_rows) => needed_strings(&mut archive, choice, max_rows)?,
            None => u64::MAX,
        };
        // A preview reads fewer strings than the next sheet may need.
        let kept = strings.take().filter(|_| max_rows.is_none());
        let strings = strings.insert(match kept {
            Some(kept) => kept,
            None => SharedStrings::read(&mut archive, book.strings.as_deref(), needed)?,
        });
        let mut writer = RowWriter::new(out, strings, &styles, limits, &choice.name);
        let mut xml = archive.sheet(choice)?;
        let is_cut = walk(&mut xml, &choice.name, max_rows, &mut writer)?;
        if !is_cut {
            xml.drain()?;
        }
        let written = writer.finish(is_cut)?;
        if written.rows > 0 {
            return Ok(written);
        }
    }
    let names = choices.iter().map(|choice| choice.name.clone()).collect();
    Err(WorkbookError::Empty { sheets: names })
}

/// How many of the shared strings the first rows of a sheet name.
fn needed_strings(archive: &mut Archive<'_>, sheet: &BookSheet, max_rows: u64) -> Result<u64, WorkbookError> {
    let mut scan = Scan::default();
    walk(&mut archive.sheet(sheet)?, &sheet.name, Some(max_rows), &mut scan)?;
    Ok(scan.strings)
}
