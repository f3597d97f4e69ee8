//! Delimited text: for programs, or as Excel reads it where it is used. Cells that a spreadsheet would run are made
//! harmless, and no preset changes what a text says: what comes out goes in again.

use std::fmt::Write as _;
use std::io::Write;

use super::{Format, FormatError};
use crate::domain::cell::neutralise;
use crate::domain::export::{Cell, Column};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::records::export::CsvPreset;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// `"` only where it is needed.
pub(super) struct Csv<W> {
    out: W,
    preset: CsvPreset,
    columns: Vec<Column>,
    /// The record in work.
    line: Vec<u8>,
    /// The time written last and its text: leads that came together often share it.
    moment: (Time, String),
}

impl<W: Write> Csv<W> {
    pub(super) fn new(out: W, preset: CsvPreset) -> Self {
        let moment = (Time::default(), shown(Time::default(), preset));
        Self { out, preset, columns: Vec::new(), line: Vec::with_capacity(1024), moment }
    }

    fn delimiter(&self) -> u8 {
        if self.preset == CsvPreset::ExcelEu { b';' } else { b',' }
    }

    fn is_for_excel(&self) -> bool {
        self.preset != CsvPreset::Plain
    }

    fn end_record(&mut self) -> Result<(), FormatError> {
        // Blank lines are no records.
        if self.line.is_empty() {
            self.line.extend_from_slice(b"\"\"");
        }
        self.line.extend_from_slice(if self.is_for_excel() { b"\r\n" } else { b"\n" });
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> Format for Csv<W> {
    fn begin(&mut self, columns: &[Column]) -> Result<(), FormatError> {
        self.columns = columns.to_vec();
        if self.is_for_excel() {
            self.out.write_all(BOM)?;
        }
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                self.line.push(self.delimiter());
            }
            put_text(&mut self.line, &column.header(), place == 0);
        }
        self.end_record()
    }

    fn row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> Result<(), FormatError> {
        let delimiter = self.delimiter();
        for (place, column) in self.columns.iter().enumerate() {
            if place > 0 {
                self.line.push(delimiter);
            }
            match column.cell(id, lead, original) {
                Cell::Text(text) => put_text(&mut self.line, &text, false),
                Cell::Texts(texts) => put_text(&mut self.line, &texts.join(";"), false),
                Cell::Number(number) => write!(self.line, "{number}")?,
                Cell::Truth(truth) => write!(self.line, "{truth}")?,
                Cell::Moment(time) => {
                    if self.moment.0 != time {
                        self.moment = (time, shown(time, self.preset));
                    }
                    self.line.extend_from_slice(self.moment.1.as_bytes());
                }
            }
        }
        self.end_record()
    }

    fn end(&mut self) -> Result<(), FormatError> {
        Ok(self.out.flush()?)
    }
}

/// A time as RFC 3339, or as every Excel takes it for one: `2026-01-31 08:15:00`, in UTC.
fn shown(time: Time, preset: CsvPreset) -> String {
    let at = jiff::Timestamp::from_millisecond(time.0).ok().filter(|_| preset != CsvPreset::Plain);
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _infallible = match at {
        Some(at) => write!(text, "{}", at.strftime("%Y-%m-%d %H:%M:%S")),
        None => write!(text, "{time}"),
    };
    text
}

/// Enclosed in quotes where a reader that only guesses the delimiter could be misled, too; `is_head`: where a file says
/// what it is.
fn put_text(line: &mut Vec<u8>, text: &str, is_head: bool) {
    let text = neutralise(text);
    let bytes = text.as_bytes();
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\''));
    let separates = |byte: &u8| matches!(byte, b',' | b';' | b'\t' | b'|' | b'"' | b'\n' | b'\r' | b'\0');
    let is_mark = || bytes.starts_with(BOM) || bytes.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"sep="));
    let needs_quotes =
        bytes.iter().any(separates) || is_edge(bytes.first()) || is_edge(bytes.last()) || is_head && is_mark();
    if !needs_quotes {
        return line.extend_from_slice(bytes);
    }
    line.push(b'"');
    for piece in bytes.split_inclusive(|byte| *byte == b'"') {
        line.extend_from_slice(piece);
        if piece.ends_with(b"\"") {
            line.push(b'"');
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> String {
        let mut line = Vec::new();
        put_text(&mut line, text, true);
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn quotes_stand_where_they_are_needed() {
        assert_eq!(["", "Köln", "+49 30 1234", "01067", "a b"].map(field), ["", "Köln", "+49 30 1234", "01067", "a b"]);
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("a;b"), "\"a;b\"");
        assert_eq!(field("\""), "\"\"\"\"");
        assert_eq!(field("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(field("two\nlines"), "\"two\nlines\"");
        assert_eq!(field("=1+1"), "\"'=1+1\"");
        assert_eq!(field("sep=;"), "\"sep=;\"");
    }

    #[test]
    fn times_for_excel_are_ones_it_knows() {
        let time = Time::parse("2026-01-31T08:15:00.250Z").expect("a time");
        assert_eq!(shown(time, CsvPreset::Plain), "2026-01-31T08:15:00.250Z");
        assert_eq!(shown(time, CsvPreset::ExcelEu), "2026-01-31 08:15:00");
    }
}
