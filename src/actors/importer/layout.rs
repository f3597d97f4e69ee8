//! How a text is laid out: dialect, titles, where the data begins. Guessed from its beginning, overridden by the user.

use std::collections::BTreeMap;

use super::problem::FileProblem;
use super::source::{Form, Opened};
use crate::domain::delimited::{Advance, Detection, Dialect, Position, RecordLimits, RecordReader, detect, detect_in};
use crate::domain::header::are_of_an_export;
use crate::domain::row::unique_titles;

/// Records that tell how wide the table is.
const COUNTED_RECORDS: usize = 200;

/// What the user says of the file instead of what would be guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayoutChoice {
    /// `Some(None)`: every line is one field.
    pub delimiter: Option<Option<u8>>,
    /// `Some(None)`: quotes mean nothing.
    pub quote: Option<Option<u8>>,
    pub escape: Option<Option<u8>>,
    /// 1-based record number of the titles; `Some(None)`: there are none.
    pub header_row: Option<Option<u64>>,
    /// By a label of the WHATWG standard.
    pub encoding: Option<String>,
    /// Name of a sheet, or its number from 1.
    pub sheet: Option<String>,
}

/// How the file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub form: Form,
    pub dialect: Dialect,
    /// 1-based record number of the titles.
    pub header_row: Option<u64>,
    /// The titles as they stand in the file; empty texts where there are none, and for columns that only rows have.
    pub headers: Vec<String>,
    /// Where the first data record starts.
    pub data: Position,
    /// `\n`, `\r\n` or `\r`, whichever ends the first line.
    pub line_ending: &'static str,
}

impl Layout {
    /// The titles, each different from the others.
    pub fn titles(&self) -> Vec<String> {
        unique_titles(&self.headers())
    }

    pub fn headers(&self) -> Vec<&str> {
        self.headers.iter().map(String::as_str).collect()
    }
}

/// Lays a text out from its beginning.
///
/// # Errors
/// It is no text, or the choice does not fit it.
pub fn layout(opened: &Opened, choice: &LayoutChoice) -> Result<Layout, FileProblem> {
    let sample = &opened.head[..];
    if sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample).iter().all(u8::is_ascii_whitespace) {
        return Err(FileProblem::empty());
    }
    let guess = guessed(opened);
    if !guess.header.as_ref().is_some_and(|header| are_of_an_export(&header.titles)) {
        no_nul(sample)?;
    }
    let dialect = Dialect {
        delimiter: choice.delimiter.unwrap_or(guess.dialect.delimiter),
        quote: choice.quote.unwrap_or(guess.dialect.quote),
        escape: choice.escape.unwrap_or(guess.dialect.escape),
    };
    let guessed_row = guess.header.as_ref().map(|header| header.number);
    let header_row = choice.header_row.unwrap_or(guessed_row);
    let (mut headers, data) = if dialect == guess.dialect && header_row == guessed_row {
        (guess.header.map(|header| header.titles).unwrap_or_default(), guess.data)
    } else {
        let start = start_of_records(sample, &guess.data, guessed_row);
        match header_row {
            Some(number) => titles_at(sample, dialect, start, number)?,
            None => (Vec::new(), start),
        }
    };
    let columns = columns(sample, dialect, data, header_row.is_some());
    headers.resize(headers.len().max(columns).max(1), String::new());
    Ok(Layout { form: opened.form.clone(), dialect, header_row, headers, data, line_ending: line_ending(sample) })
}

/// The text of a sheet was written here, so nothing is guessed; but a sheet of one column may be a file that was opened with
/// the wrong delimiter.
fn guessed(opened: &Opened) -> Detection {
    let sample = &opened.head[..];
    let known = Dialect::default();
    match opened.form {
        Form::Workbook(_) if columns(sample, known, Position::START, false) > 1 => detect_in(known, sample),
        _ => detect(sample),
    }
}

fn no_nul(sample: &[u8]) -> Result<(), FileProblem> {
    let Some(place) = sample.iter().position(|byte| *byte == 0) else { return Ok(()) };
    let before = &sample[..place];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let cells = before[start..].iter().filter(|byte| matches!(byte, b',' | b';' | b'\t' | b'|')).count();
    Err(FileProblem::binary(line, cells as u64 + 1))
}

/// A first line `sep=;` is no record: where the guess began behind it, so do we.
fn start_of_records(sample: &[u8], data: &Position, guessed_row: Option<u64>) -> Position {
    let text = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    let told = text.len() >= 4 && text[..4].eq_ignore_ascii_case(b"sep=");
    if told && guessed_row.is_none() {
        return *data;
    }
    let line = text.iter().position(|byte| *byte == b'\n').filter(|_| told);
    line.map_or(Position::START, |end| Position { offset: (sample.len() - text.len() + end + 1) as u64, line: 2 })
}

fn reader(sample: &[u8], dialect: Dialect, start: Position) -> (RecordReader, &[u8]) {
    let limits = RecordLimits { max_record_bytes: sample.len().max(1), ..RecordLimits::default() };
    let from = usize::try_from(start.offset).unwrap_or(usize::MAX).min(sample.len());
    (RecordReader::resume(dialect, limits, start), &sample[from..])
}

/// How many columns the first records from `start` on have: most of them where titles say the rest, else the widest.
fn columns(sample: &[u8], dialect: Dialect, start: Position, has_titles: bool) -> usize {
    let (mut reader, mut input) = reader(sample, dialect, start);
    let mut widths = BTreeMap::new();
    let mut note = |reader: &RecordReader| {
        let width = reader.record().map_or(0, |record| record.len());
        *widths.entry(width).or_insert(0usize) += 1;
    };
    for _ in 0..COUNTED_RECORDS {
        match reader.advance(&mut input) {
            Ok(Advance::Record) => note(&reader),
            _ => break,
        }
    }
    if matches!(reader.finish(), Ok(Advance::Record)) {
        note(&reader);
    }
    let usual = widths.iter().max_by_key(|(_, count)| **count).map_or(0, |(width, _)| *width);
    if has_titles { usual } else { widths.keys().next_back().copied().unwrap_or(usual) }
}

/// The record of this number and where the next one starts.
fn titles_at(
    sample: &[u8],
    dialect: Dialect,
    start: Position,
    number: u64,
) -> Result<(Vec<String>, Position), FileProblem> {
    let (mut reader, mut input) = reader(sample, dialect, start);
    let mut seen = 0;
    loop {
        let found = match reader.advance(&mut input).map_err(FileProblem::from)? {
            Advance::Record => true,
            Advance::NeedInput => reader.finish().map_err(FileProblem::from)? == Advance::Record,
        };
        if !found {
            return Err(FileProblem::no_such_header(number, seen));
        }
        seen += 1;
        if seen == number {
            let record = reader.record().map_err(FileProblem::from)?;
            return Ok((record.fields().map(str::to_owned).collect(), record.end));
        }
    }
}

fn line_ending(sample: &[u8]) -> &'static str {
    match sample.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(place) if sample[place] == b'\n' => "\n",
        Some(place) if sample.get(place + 1) == Some(&b'\n') => "\r\n",
        Some(_) => "\r",
        None => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guess_is_taken_unless_the_user_says_otherwise() {
        let file = b"Notes of the fair\nName;Email\nAda;ada@example.org\n";
        let found = layout(&Opened::text(file), &LayoutChoice::default()).expect("a layout");
        assert_eq!((found.header_row, found.headers()), (Some(2), vec!["Name", "Email"]));
        let choice = LayoutChoice { delimiter: Some(Some(b',')), header_row: Some(Some(1)), ..LayoutChoice::default() };
        let told = layout(&Opened::text(file), &choice).expect("a layout");
        assert_eq!((told.header_row, told.headers()), (Some(1), vec!["Notes of the fair"]));
        assert_eq!(told.data.line, 2);
        let none = LayoutChoice { header_row: Some(None), ..LayoutChoice::default() };
        let none = layout(&Opened::text(file), &none).expect("a layout");
        assert_eq!((none.header_row, none.data.line, none.headers.len()), (None, 1, 2));
    }

    #[test]
    fn columns_that_only_rows_have_are_columns() {
        let wide = layout(&Opened::text(b"a,b\n1,2,3\n4,5,6\n7,8\n"), &LayoutChoice::default()).expect("a layout");
        assert_eq!(wide.headers(), ["a", "b", ""]);
        let one = layout(&Opened::text(b"a,b\n1,2\n4,5,6\n7,8\n"), &LayoutChoice::default()).expect("a layout");
        assert_eq!(one.headers(), ["a", "b"], "one odd row is an odd row");
    }

    #[test]
    fn what_is_no_text_is_said_to_be_none() {
        let problem = |bytes: &[u8]| layout(&Opened::text(bytes), &LayoutChoice::default()).expect_err("no layout");
        assert_eq!(problem(b"").reason, "EMPTY_FILE");
        assert_eq!(problem(b"\xef\xbb\xbf \r\n\n").reason, "EMPTY_FILE");
        assert_eq!((problem(b"a,b\n1,\0\n").reason, problem(b"a,b\n1,\0\n").line), ("NOT_TEXT", Some(2)));
        let choice = LayoutChoice { header_row: Some(Some(9)), ..LayoutChoice::default() };
        assert_eq!(layout(&Opened::text(b"a,b\n1,2\n"), &choice).expect_err("no layout").reason, "NO_SUCH_HEADER");
    }
}
