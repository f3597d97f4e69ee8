//! Guesses the dialect and the header record of a file from its first bytes.
//!
//! Every candidate reads the sample; the one whose records agree best on their number of columns wins. The header is
//! the first full record that looks like titles and not like data.

use super::reader::{Advance, RecordReader};
use super::record::Record;
use super::{DelimitedError, Dialect, Position, RecordLimits};
use crate::domain::header::are_of_an_export;

/// How much of a file is worth looking at.
pub const SAMPLE_BYTES: usize = 64 << 10;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Believed only where the whole sample agrees.
const RARE_DELIMITERS: [u8; 7] = [b' ', b'#', b':', b'^', b'~', b'&', b'/'];
const QUOTES: [u8; 2] = [b'"', b'\''];
/// How much more a dialect counts that `csv-nose` finds, too.
const OPINION_WEIGHT: f64 = 1.5;
/// How many lines of notes may stand before the titles.
const MAX_PREAMBLE_RECORDS: usize = 20;
const MAX_TITLE_CHARS: usize = 80;
/// Endings of domains that no title ends with (`person.name` is one).
const USUAL_ENDINGS: [&str; 16] =
    ["com", "net", "org", "io", "co", "de", "fr", "es", "it", "nl", "uk", "eu", "ch", "at", "be", "pt"];

/// What a file seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    pub dialect: Dialect,
    /// `None` where the first record is data already.
    pub header: Option<HeaderRecord>,
    /// Where the first data record is to be read from.
    pub data: Position,
}

/// The record that holds the titles of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRecord {
    /// Counts records from 1; blank lines are none.
    pub number: u64,
    pub line: u64,
    pub titles: Vec<String>,
}

struct SampleRecord {
    line: u64,
    end: Position,
    fields: Vec<String>,
}

/// A dialect the file may have, and the sample as it would be read.
struct Candidate {
    dialect: Dialect,
    records: Vec<SampleRecord>,
    score: f64,
}

impl Candidate {
    fn of(dialect: Dialect, body: &[u8], start: Position, weight: f64) -> Self {
        let records = sample_records(dialect, body, start);
        let score = dialect.delimiter.map_or(0.0, |delimiter| consistency(&records, delimiter)) * weight;
        Self { dialect, records, score }
    }
}

/// Looks at `sample`, the first bytes of a file: all of it, or its first [`SAMPLE_BYTES`].
pub fn detect(sample: &[u8]) -> Detection {
    let (start, told) = told_delimiter(sample);
    let body = sample.get(usize::try_from(start.offset).unwrap_or(0)..).unwrap_or_default();
    let (dialect, records) = dialect_of(body, start, told);
    laid_out(dialect, &records, start)
}

/// Looks at `sample`, whose dialect is known.
pub fn detect_in(dialect: Dialect, sample: &[u8]) -> Detection {
    laid_out(dialect, &sample_records(dialect, sample, Position::START), Position::START)
}

fn laid_out(dialect: Dialect, records: &[SampleRecord], start: Position) -> Detection {
    let header = header_index(records);
    let data = header.map_or(start, |index| records[index].end);
    let header = header.map(|index| HeaderRecord {
        number: index as u64 + 1,
        line: records[index].line,
        titles: records[index].fields.clone(),
    });
    Detection { dialect, header, data }
}

fn dialect_of(body: &[u8], start: Position, told: Option<u8>) -> (Dialect, Vec<SampleRecord>) {
    if let Some(dialect) = own_dialect(body, told) {
        return (dialect, sample_records(dialect, body, start));
    }
    let escape = escape_of(body);
    let opinion = if told.is_none() { opinion(body) } else { None };
    let delimiters = told.as_ref().map_or(&DELIMITERS[..], std::slice::from_ref);
    let mut candidates = Vec::with_capacity(8);
    for &delimiter in delimiters {
        for quote in quotes_of(body, delimiter) {
            let dialect = Dialect { delimiter: Some(delimiter), quote: Some(quote), escape };
            let weight = if opinion == Some((delimiter, quote)) { OPINION_WEIGHT } else { 1.0 };
            candidates.push(Candidate::of(dialect, body, start, weight));
        }
    }
    if let Some((delimiter, quote)) = opinion.filter(|(delimiter, _)| RARE_DELIMITERS.contains(delimiter)) {
        let dialect = Dialect { delimiter: Some(delimiter), quote: Some(quote), escape };
        let candidate = Candidate::of(dialect, body, start, OPINION_WEIGHT);
        // Blanks and signs stand in every text: they separate only where every line agrees.
        if is_table(&candidate.records) {
            candidates.push(candidate);
        }
    }
    // Of equals the first: the more usual delimiter.
    let best = candidates.into_iter().reduce(|best, next| if next.score > best.score { next } else { best });
    match best.filter(|best| best.score > 0.0) {
        Some(best) => (best.dialect, best.records),
        None => {
            let dialect = Dialect { delimiter: told, ..Dialect::default() };
            (dialect, sample_records(dialect, body, start))
        }
    }
}

/// A file that begins with titles of an export of ours is written as exports are: there is nothing to guess.
fn own_dialect(body: &[u8], told: Option<u8>) -> Option<Dialect> {
    let delimiters = told.as_ref().map_or(&DELIMITERS[..], std::slice::from_ref);
    let is_own = |delimiter: &&u8| are_of_an_export(&first_titles(body, **delimiter));
    let delimiter = delimiters.iter().find(is_own).copied()?;
    Some(Dialect { delimiter: Some(delimiter), ..Dialect::default() })
}

/// The fields of the first line that have no quotes.
fn first_titles(body: &[u8], delimiter: u8) -> Vec<&str> {
    let end = body.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(body.len());
    let titles = body[..end].split(|byte| *byte == delimiter);
    titles.filter_map(|title| std::str::from_utf8(title).ok()).collect()
}

/// Whether a file begins with titles as only an export of ours has them, of which nothing else need be asked: it is UTF-8.
pub fn begins_as_an_export(head: &[u8]) -> bool {
    own_dialect(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head), None).is_some()
}

/// What the table uniformity method says (García 2024).
fn opinion(body: &[u8]) -> Option<(u8, u8)> {
    let found = csv_nose::Sniffer::new().sniff_bytes(body).ok()?.dialect;
    Some((found.delimiter, found.quote.char().filter(|quote| QUOTES.contains(quote)).unwrap_or(b'"')))
}

/// Nearly all lines have the same number of columns, and there are some.
fn is_table(records: &[SampleRecord]) -> bool {
    let columns = usual_columns(records);
    let agreeing = records.iter().filter(|record| record.fields.len() == columns).count();
    columns > 1 && records.len() > 2 && agreeing * 20 >= records.len() * 19
}

/// Spreadsheets write a first line `sep=;` to tell the delimiter.
fn told_delimiter(sample: &[u8]) -> (Position, Option<u8>) {
    let text = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    let bom = sample.len() - text.len();
    let told = text.strip_prefix(b"sep=").or_else(|| text.strip_prefix(b"SEP="));
    let Some([delimiter, rest @ ..]) = told else { return (Position::START, None) };
    let line_end = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => return (Position::START, None),
    };
    (Position { offset: (bom + 5 + line_end) as u64, line: 2 }, Some(*delimiter).filter(u8::is_ascii))
}

/// The quotes that fields seem to be enclosed in; `"` where there are none.
fn quotes_of(body: &[u8], delimiter: u8) -> impl Iterator<Item = u8> {
    let edge = move |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b'\r' | b'\n') || *byte == delimiter);
    let enclosing = |quote: u8| {
        let opens = |at: usize| edge(at.checked_sub(1).and_then(|before| body.get(before)));
        let (mut opened, mut closed) = (0usize, 0usize);
        for (at, _) in body.iter().enumerate().filter(|(_, byte)| **byte == quote) {
            opened += usize::from(opens(at));
            closed += usize::from(edge(body.get(at + 1)));
        }
        opened.min(closed)
    };
    let (double, single) = (enclosing(b'"'), enclosing(b'\''));
    let single = (single >= 2 && single > double).then_some(b'\'');
    // Both are tried where both are seen.
    single.into_iter().chain((single.is_none() || double > 0).then_some(b'"'))
}

/// A backslash where quotes stand behind one within fields and are never doubled.
fn escape_of(body: &[u8]) -> Option<u8> {
    let within = |next: &u8| !DELIMITERS.contains(next) && !matches!(next, b'\r' | b'\n');
    let escaped = body.windows(3).any(|three| three.starts_with(b"\\\"") && within(&three[2]));
    let doubled = body.windows(4).any(|four| &four[1..3] == b"\"\"" && within(&four[0]) && within(&four[3]));
    (escaped && !doubled).then_some(b'\\')
}

/// The records of the sample, without the last one where the sample may cut it.
fn sample_records(dialect: Dialect, body: &[u8], start: Position) -> Vec<SampleRecord> {
    let limits = RecordLimits { max_record_bytes: body.len().max(1), ..RecordLimits::default() };
    let mut reader = RecordReader::resume(dialect, limits, start);
    let (mut input, mut records) = (body, Vec::new());
    let mut keep = |record: Result<Record<'_>, DelimitedError>| {
        if let Ok(record) = record {
            let fields = record.fields().map(str::to_owned).collect();
            records.push(SampleRecord { line: record.line, end: record.end, fields });
        }
    };
    while let Ok(Advance::Record) = reader.advance(&mut input) {
        keep(reader.record());
    }
    let whole = start.offset as usize + body.len() < SAMPLE_BYTES;
    if whole && input.is_empty() && reader.finish() == Ok(Advance::Record) {
        keep(reader.record());
    }
    records
}

/// 0 where nothing is separated; more the more records have the same number of columns and the more columns there
/// are, less where cells still hold what looks like another delimiter.
fn consistency(records: &[SampleRecord], delimiter: u8) -> f64 {
    let table = table_of(records);
    let columns = usual_columns(table);
    if columns < 2 {
        return 0.0;
    }
    let agreeing = table.iter().filter(|record| record.fields.len() == columns).count() as f64;
    let share = agreeing / table.len() as f64;
    let cells = || table.iter().flat_map(|record| &record.fields);
    let unclean = cells().filter(|cell| holds_delimiter(cell, delimiter)).count() as f64;
    let clean = 1.0 - unclean / (cells().count().max(1) as f64);
    let covered = table.len() as f64 / records.len() as f64;
    share * share * clean * covered.sqrt() * (columns as f64).ln_1p()
}

/// The records without the notes of one cell above and below; all of them where that leaves no table.
fn table_of(records: &[SampleRecord]) -> &[SampleRecord] {
    let several = |record: &SampleRecord| record.fields.len() > 1;
    let first = records.iter().position(several);
    let last = records.iter().rposition(several);
    match (first, last) {
        (Some(first), Some(last)) if last - first >= 2 && (last - first + 1) * 4 >= records.len() => {
            &records[first..=last]
        }
        _ => records,
    }
}

/// A delimiter between two characters that are neither blanks nor digits on both sides (`1,5` is a number).
fn holds_delimiter(cell: &str, delimiter: u8) -> bool {
    cell.as_bytes().windows(3).any(|three| {
        DELIMITERS.contains(&three[1])
            && three[1] != delimiter
            && !(three[0].is_ascii_digit() && three[2].is_ascii_digit())
            && !three[0].is_ascii_whitespace()
            && !three[2].is_ascii_whitespace()
    })
}

/// The number of columns that most records have; the larger one of equals.
fn usual_columns(records: &[SampleRecord]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for record in records {
        *counts.entry(record.fields.len()).or_insert(0usize) += 1;
    }
    counts.into_iter().max_by_key(|(columns, count)| (*count, *columns)).map_or(0, |(columns, _)| columns)
}

/// The first record that is about as wide as the others, if it holds titles.
fn header_index(records: &[SampleRecord]) -> Option<usize> {
    let columns = usual_columns(table_of(records));
    let wide = |record: &SampleRecord| record.fields.len() + 1 >= columns && (record.fields.len() > 1 || columns < 2);
    let index = records.iter().take(MAX_PREAMBLE_RECORDS).position(wide)?;
    let below = records.get(index + 1).map(|record| &record.fields[..]);
    holds_titles(&records[index].fields, below).then_some(index)
}

/// Titles are texts; a few may be numbers (years), where the row below holds more of them.
fn holds_titles(fields: &[String], below: Option<&[String]>) -> bool {
    // Custom fields may be called like anything.
    if are_of_an_export(fields) {
        return true;
    }
    let filled: Vec<&str> = fields.iter().map(|field| field.trim()).filter(|field| !field.is_empty()).collect();
    if filled.is_empty() || filled.len() * 2 < fields.len() || filled.iter().any(|field| is_address(field)) {
        return false;
    }
    let numbers = filled.iter().filter(|field| is_number(field)).count();
    let numbers_below = below.map_or(0, |below| below.iter().filter(|field| is_number(field.trim())).count());
    numbers == 0 || numbers * 4 <= filled.len() && numbers_below > numbers
}

/// Figures, dates, phone numbers.
fn is_number(field: &str) -> bool {
    field.bytes().any(|byte| byte.is_ascii_digit())
        && field.bytes().all(|byte| byte.is_ascii_digit() || b" +-.,:/()%$".contains(&byte))
}

/// An e-mail address, a link, a host or a long text: what stands in rows and never in titles.
fn is_address(field: &str) -> bool {
    let mail = field.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    let host = || {
        let name = field.split('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map(|(name, ending)| (name, ending.to_ascii_lowercase()));
        ending.is_some_and(|(name, ending)| {
            !name.is_empty() && !name.contains(char::is_whitespace) && USUAL_ENDINGS.contains(&ending.as_str())
        })
    };
    mail || field.contains("://") || field.starts_with("www.") || field.chars().count() > MAX_TITLE_CHARS || host()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_dialects_are_told_apart() {
        for (text, delimiter) in [
            ("a,b,c\n1,2,3\n4,5,6\n", b','),
            ("name;price\nx;1,5\ny;2,5\n", b';'),
            ("name\tnote\nx\ta, b, c\ny\td\n", b'\t'),
            ("a|b\n1|2\n", b'|'),
            ("\"Smith, John\";x\n\"Roe, Jane\";y\n", b';'),
            ("a;b\n\"1,1;1,1\";2\n", b';'),
        ] {
            assert_eq!(detect(text.as_bytes()).dialect.delimiter, Some(delimiter), "{text}");
        }
        assert_eq!(detect(b"email\nx@example.org\n").dialect.delimiter, None);
        assert_eq!(detect(b"a,b\n'x, y','z'\n").dialect.quote, Some(b'\''));
        assert_eq!(detect(b"a,b\n\"say \\\"hi\\\" now\",z\n").dialect.escape, Some(b'\\'));
    }

    #[test]
    fn titles_of_an_export_are_titles_whatever_stands_beside_them() {
        let titles = |text: &str| detect(text.as_bytes()).header.map(|header| header.titles);
        let file = "email,companyName,jobTitle,2026,a@b.com\nx@acme.example,Acme,CEO,1,2\n";
        assert_eq!(titles(file).expect("titles")[3..], ["2026", "a@b.com"]);
        assert_eq!(titles("email,company,2026,a@b.com\nx@acme.example,Acme,1,2\n"), None);
    }

    #[test]
    fn titles_are_found_behind_notes() {
        let found = detect(b"Notes:\n\"When exporting, mind this.\"\n\nFirst Name,Email\nAda,ada@example.org\n");
        let header = found.header.expect("a header");
        assert_eq!((header.number, header.line), (3, 4));
        assert_eq!(header.titles, ["First Name", "Email"]);
        assert_eq!(found.data.line, 5);
    }

    #[test]
    fn data_is_not_taken_for_titles() {
        for text in ["1,2,3\n", "Ada,ada@example.org\nBob,bob@example.org\n", "Acme,acme.com\nBolt,bolt.io\n", ""] {
            let found = detect(text.as_bytes());
            assert_eq!((found.header, found.data), (None, Position::START), "{text}");
        }
    }

    #[test]
    fn notes_around_a_table_do_not_hide_it() {
        let found = detect(b"# made today\n! by hand\nname,town\nAda,London\nBob,Paris\nCy,Rome\n// the end\n");
        assert_eq!((found.dialect.delimiter, found.header.map(|header| header.number)), (Some(b','), Some(3)));
        let found = detect(b"Firm\nRoe, Doe and Co\nAcme\nBolt\nCog\nDyn\nEro\nFix\nGlu\n");
        assert_eq!(found.dialect.delimiter, None, "a comma in a list of names separates nothing");
        let found = detect(b"name,town,2019,2020,2021,a,b,c,d,e,f,g\nAda,London,1,2,3,4,5,6,7,8,9,0\n");
        assert_eq!(found.header.map(|header| header.number), Some(1));
    }

    #[test]
    fn a_told_delimiter_is_believed_and_its_line_is_no_record() {
        let found = detect(b"\xef\xbb\xbfsep=;\r\nNamn;E-post\r\nEva, Ek;eva@example.se\r\n");
        assert_eq!(found.dialect.delimiter, Some(b';'));
        let header = found.header.expect("a header");
        assert_eq!((header.number, header.line), (1, 2));
        assert_eq!(found.data, Position { offset: 23, line: 3 });
    }
}
