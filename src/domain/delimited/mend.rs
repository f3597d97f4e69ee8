//! Records whose quotes or delimiters are broken, read as they were most likely meant.
//!
//! A stray quote swallows the rows behind it: the table loses them without a word. So a record that has not as many
//! cells as the table has columns, or whose quotes do not close where a cell ends, is looked at again, and another
//! reading is taken where it gives exactly the columns. What was mended is said with the record.

use super::Dialect;

/// What was wrong with a record that was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    /// A quote stood within a cell, opened one for nothing or was never closed.
    Quotes,
    /// The record has another delimiter than the table.
    Delimiter(u8),
}

/// Another reading of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mended {
    /// `None` where only an escape was text.
    pub mend: Option<Mend>,
    pub text: Vec<u8>,
    /// Where each cell ends in `text`.
    pub ends: Vec<usize>,
    /// Bytes of the record with its line end; the rest are records of their own.
    pub used: usize,
}

/// What delimiters are mixed up with.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The better reading of `raw`, a record with its line end that was read as `cells` cells where the table has
/// `columns`; `None` where it was read right or cannot be mended.
pub(super) fn mend(raw: &[u8], dialect: Dialect, cells: usize, columns: usize) -> Option<Mended> {
    let quote = dialect.quote.filter(|quote| raw.contains(quote));
    let is_regular = quote.is_none_or(|quote| has_regular_quotes(raw, dialect, quote));
    if is_regular && cells == columns {
        let quote = quote.filter(|quote| escapes_text(raw, dialect, *quote))?;
        let split = Split::new(raw, dialect, quote).cells();
        return (split.ends.len() == columns).then(|| Mended { mend: None, ..split.used(raw.len()) });
    }
    if let Some(quote) = quote {
        let line = first_line(raw);
        let whole = Split::new(raw, dialect, quote).cells();
        if line < raw.len() {
            let split = Split::new(&raw[..line], dialect, quote).cells();
            if split.ends.len() == columns && next_line_fits(&raw[line..], dialect, quote, columns) {
                return Some(split.used(line));
            }
        }
        if !is_regular && whole.ends.len() == columns {
            return Some(whole.used(raw.len()));
        }
        if !is_regular {
            let plain = plain_cells(&raw[..line], dialect);
            if plain.ends.len() == columns {
                return Some(plain.used(line));
            }
        }
    }
    other_delimiter(raw, dialect, cells, columns)
}

/// Whether an escape stands before what needs none.
fn escapes_text(raw: &[u8], dialect: Dialect, quote: u8) -> bool {
    let Some(escape) = dialect.escape else { return false };
    let mut at = 0;
    while let Some(place) = raw[at..].iter().position(|byte| *byte == escape) {
        match raw.get(at + place + 1) {
            Some(byte) if *byte == quote || *byte == escape => at += place + 2,
            _ => return true,
        }
    }
    false
}

/// Where the first line of `raw` ends, behind its line end.
fn first_line(raw: &[u8]) -> usize {
    match raw.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(place) if raw[place..].starts_with(b"\r\n") => place + 2,
        Some(place) => place + 1,
        None => raw.len(),
    }
}

fn without_line_end(raw: &[u8]) -> &[u8] {
    raw.strip_suffix(b"\r\n").or_else(|| raw.strip_suffix(b"\n")).or_else(|| raw.strip_suffix(b"\r")).unwrap_or(raw)
}

/// Whether the line behind the first is a record of the table, too, and not the end of a cell. One that the reader has
/// not seen whole is believed.
fn next_line_fits(rest: &[u8], dialect: Dialect, quote: u8, columns: usize) -> bool {
    let line = &rest[..first_line(rest)];
    if !(line.ends_with(b"\n") || line.ends_with(b"\r")) {
        return true;
    }
    let is_clean =
        has_regular_quotes(line, dialect, quote) && !plain_cells(line, dialect).closes_what_is_not_open(quote);
    is_clean && Split::new(line, dialect, quote).cells().ends.len() == columns
}

/// Whether every quoted cell ends where its quote closes.
fn has_regular_quotes(raw: &[u8], dialect: Dialect, quote: u8) -> bool {
    let body = without_line_end(raw);
    let mut at = 0;
    while at < body.len() {
        if body[at] != quote {
            at = cell_end(body, at, dialect) + 1;
            continue;
        }
        match quoted_end(body, at + 1, dialect, quote) {
            Some(end) if ends_cell(body, end + 1, dialect) => at = end + 2,
            _ => return false,
        }
    }
    true
}

/// Where the quote closes of a cell whose text starts at `from`, by RFC 4180.
fn quoted_end(body: &[u8], from: usize, dialect: Dialect, quote: u8) -> Option<usize> {
    let mut at = from;
    while at < body.len() {
        match body[at] {
            byte if Some(byte) == dialect.escape => at += 2,
            byte if byte == quote && body.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

fn ends_cell(body: &[u8], at: usize, dialect: Dialect) -> bool {
    body.get(at).is_none_or(|byte| Some(*byte) == dialect.delimiter)
}

/// The next delimiter, or the end.
fn cell_end(body: &[u8], from: usize, dialect: Dialect) -> usize {
    let found = dialect.delimiter.and_then(|delimiter| body[from..].iter().position(|byte| *byte == delimiter));
    found.map_or(body.len(), |place| from + place)
}

#[derive(Default)]
struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    fn push(&mut self, cell: &[u8]) {
        self.text.extend_from_slice(cell);
        self.ends.push(self.text.len());
    }

    /// Whether a cell ends with a quote that it does not begin with.
    fn closes_what_is_not_open(&self, quote: u8) -> bool {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut cells = starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end]);
        // The first cell that has a quote tells: behind it a delimiter may stand within quotes.
        cells.find(|cell| cell.contains(&quote)).is_some_and(|cell| cell.first() != Some(&quote))
    }

    fn used(self, used: usize) -> Mended {
        Mended { mend: Some(Mend::Quotes), text: self.text, ends: self.ends, used }
    }
}

/// Every quote is text.
fn plain_cells(raw: &[u8], dialect: Dialect) -> Cells {
    let body = without_line_end(raw);
    let mut cells = Cells::default();
    let mut at = 0;
    loop {
        let end = cell_end(body, at, dialect);
        cells.push(&body[at..end]);
        if end == body.len() {
            return cells;
        }
        at = end + 1;
    }
}

/// A split by what people mean: a quote closes only where the cell ends, and one that another opening quote follows
/// never opened a cell.
struct Split<'r> {
    body: &'r [u8],
    dialect: Dialect,
    quote: u8,
}

impl<'r> Split<'r> {
    fn new(raw: &'r [u8], dialect: Dialect, quote: u8) -> Self {
        Self { body: without_line_end(raw), dialect, quote }
    }

    fn cells(&self) -> Cells {
        let mut cells = Cells::default();
        let mut at = 0;
        loop {
            let end = match self.body.get(at) {
                Some(byte) if *byte == self.quote => self.quoted(at, &mut cells),
                _ => self.plain(at, &mut cells),
            };
            if end >= self.body.len() {
                return cells;
            }
            at = end + 1;
        }
    }

    /// What an escape takes the meaning of: behind a path (`C:\new`) or a fraction it is text.
    fn is_special(&self, at: usize) -> bool {
        self.body.get(at).is_some_and(|byte| *byte == self.quote || Some(*byte) == self.dialect.escape)
    }

    fn plain(&self, from: usize, cells: &mut Cells) -> usize {
        let end = cell_end(self.body, from, self.dialect);
        cells.push(&self.body[from..end]);
        end
    }

    /// The cell that the quote at `open` seems to begin; gives where it ends.
    fn quoted(&self, open: usize, cells: &mut Cells) -> usize {
        let body = self.body;
        let mut text = Vec::new();
        let mut at = open + 1;
        while at < body.len() {
            let byte = body[at];
            if Some(byte) == self.dialect.escape && self.is_special(at + 1) {
                text.push(body[at + 1]);
                at += 2;
                continue;
            }
            if byte != self.quote {
                text.push(byte);
                at += 1;
                continue;
            }
            if ends_cell(body, at + 1, self.dialect) {
                cells.push(&text);
                return at + 1;
            }
            if body.get(at + 1) == Some(&self.quote) && at > open + 1 {
                text.push(self.quote);
                // A quotation at the end of the cell: the second quote closes.
                if ends_cell(body, at + 2, self.dialect) {
                    cells.push(&text);
                    return at + 2;
                }
                at += 2;
                continue;
            }
            if at > open + 1 && Some(body[at - 1]) == self.dialect.delimiter {
                return self.plain(open, cells);
            }
            text.push(byte);
            at += 1;
        }
        // Never closed: the quote goes, and the cell ends where it would without one.
        let end = cell_end(body, open + 1, self.dialect);
        cells.push(&body[open + 1..end]);
        end
    }
}

/// The record as one of another delimiter, where that gives exactly the columns.
fn other_delimiter(raw: &[u8], dialect: Dialect, cells: usize, columns: usize) -> Option<Mended> {
    if cells >= columns || columns < 3 {
        return None;
    }
    let line = first_line(raw);
    let others = DELIMITERS.into_iter().filter(|other| Some(*other) != dialect.delimiter && raw.contains(other));
    for other in others {
        let dialect = Dialect { delimiter: Some(other), ..dialect };
        let split = match dialect.quote {
            Some(quote) => Split::new(&raw[..line], dialect, quote).cells(),
            None => plain_cells(&raw[..line], dialect),
        };
        if split.ends.len() == columns {
            return Some(Mended { mend: Some(Mend::Delimiter(other)), ..split.used(line) });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mended(raw: &str, columns: usize) -> Option<(Vec<String>, usize)> {
        let cells = plain_cells(&raw.as_bytes()[..first_line(raw.as_bytes())], Dialect::default()).ends.len();
        mend(raw.as_bytes(), Dialect::default(), cells, columns).map(|mended| {
            let text = String::from_utf8(mended.text).expect("text");
            let mut start = 0;
            let cell = |end: &usize| text[std::mem::replace(&mut start, *end)..*end].to_owned();
            (mended.ends.iter().map(cell).collect(), mended.used)
        })
    }

    fn cells(raw: &str, columns: usize) -> Vec<String> {
        mended(raw, columns).map(|(cells, _)| cells).unwrap_or_default()
    }

    #[test]
    fn quotes_within_a_cell_are_text() {
        assert_eq!(cells("1,\"say \"hi\" now\",z\n", 3), ["1", "say \"hi\" now", "z"]);
        assert_eq!(cells("1,\"say \"hi, you\" now\",z\n", 3), ["1", "say \"hi, you\" now", "z"]);
        assert_eq!(cells("1,\"\"https://example.org\",z\n", 3), ["1", "\"https://example.org", "z"]);
    }

    #[test]
    fn a_quote_that_opens_nothing_is_text() {
        assert_eq!(cells("1,\"two,\"three, 3\",four\n", 4), ["1", "\"two", "three, 3", "four"]);
        assert_eq!(cells("\"1,two,\"three\"\n", 3), ["\"1", "two", "three"]);
    }

    #[test]
    fn a_quote_that_never_closes_costs_no_row() {
        let raw = "1,\"open\n2,b\n3,c\n";
        assert_eq!(mended(raw, 2), Some((vec!["1".to_owned(), "open".to_owned()], 8)));
    }

    #[test]
    fn a_cell_of_several_lines_stays_one() {
        assert_eq!(mended("1,\"a\nb\",x\n", 2), None, "a row with a cell too many is not cut");
        assert_eq!(mended("1,\"a\nb\"\n", 3), None);
        assert_eq!(mended("1,\"a, \"\"b\"\" c\",3\n", 3), None);
    }

    #[test]
    fn a_row_of_another_delimiter_is_read_by_it() {
        assert_eq!(cells("2;Bob, Jr;bob@example.org\n", 3), ["2", "Bob, Jr", "bob@example.org"]);
        assert_eq!(mended("just; two\n", 2), None);
    }

    #[test]
    fn an_escape_before_a_letter_is_text() {
        let dialect = Dialect { escape: Some(b'\\'), ..Dialect::default() };
        let found = mend(b"1,\"C:\\new \\\"x\\\"\",3\n", dialect, 3, 3).expect("another reading");
        assert_eq!((found.mend, found.text.as_slice()), (None, &b"1C:\\new \"x\"3"[..]));
        assert_eq!(mend(b"1,\"\\\"x\\\"\",3\n", dialect, 3, 3), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(raw in "[ab,;\"\n\r]{0,30}", columns in 1usize..5, count in 0usize..6) {
            if let Some(mended) = mend(raw.as_bytes(), Dialect::default(), count, columns) {
                prop_assert_eq!(mended.ends.len(), columns);
                prop_assert!(mended.used <= raw.len() && mended.used > 0);
                prop_assert_eq!(mended.ends.last().copied(), Some(mended.text.len()));
            }
        }
    }
}
