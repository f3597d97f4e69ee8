use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    start: u64,
    end: Position,
    line: u64,
    fields: Vec<String>,
}

fn seen(reader: &RecordReader) -> Result<Seen, DelimitedError> {
    let record = reader.record()?;
    let fields = record.fields().map(str::to_owned).collect();
    Ok(Seen { start: record.start, end: record.end, line: record.line, fields })
}

/// Reads `bytes` from `at` in pieces of the given sizes, repeated.
fn read_pieces(dialect: Dialect, bytes: &[u8], at: Position, sizes: &[usize]) -> Result<Vec<Seen>, DelimitedError> {
    let mut reader = RecordReader::resume(dialect, RecordLimits::default(), at);
    let mut rest = &bytes[at.offset as usize..];
    let mut records = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (mut piece, behind) = rest.split_at((*size).clamp(1, rest.len()));
        rest = behind;
        while reader.advance(&mut piece)? == Advance::Record {
            records.push(seen(&reader)?);
        }
        assert!(piece.is_empty(), "all input is used before more is asked for");
    }
    while reader.finish()? == Advance::Record {
        records.push(seen(&reader)?);
    }
    Ok(records)
}

fn read_all(text: &str) -> Vec<Seen> {
    read_pieces(Dialect::default(), text.as_bytes(), Position::START, &[usize::MAX]).expect("reads")
}

fn fields(text: &str) -> Vec<Vec<String>> {
    read_all(text).into_iter().map(|record| record.fields).collect()
}

#[test]
fn every_line_end_ends_a_record_and_blank_lines_are_none() {
    let expected = [["a", "b"], ["c", "d"]];
    for text in ["a,b\nc,d\n", "a,b\r\nc,d", "a,b\rc,d\r", "\n\na,b\r\n\r\n \t\r\nc,d\n\n", "\u{feff}a,b\nc,d\n  "] {
        assert_eq!(fields(text), expected, "{text:?}");
    }
    assert_eq!(fields(""), Vec::<Vec<String>>::new());
    assert_eq!(fields("\u{feff}"), Vec::<Vec<String>>::new());
    assert_eq!(fields("\"\"\n\" \""), [[""], [" "]], "a quoted field is a record");
    assert_eq!(fields(",\n"), [["", ""]]);
    let tabs = read_pieces(Dialect::with_delimiter(b'\t'), b"\t\t\n \t\n", Position::START, &[9]).expect("reads");
    assert_eq!(tabs.len(), 2, "a line of delimiters is a row of empty cells");
}

#[test]
fn offsets_and_lines_are_those_of_the_file() {
    let records = read_all("\u{feff}a,b\r\n\r\n\"x\r\ny\",z\rlast");
    let places: Vec<_> = records.iter().map(|r| (r.start, r.line, r.end.offset, r.end.line)).collect();
    assert_eq!(places, [(3, 1, 8, 2), (10, 3, 19, 5), (19, 5, 23, 5)]);
}

#[test]
fn an_open_quote_is_told_with_its_line() {
    let error = read_pieces(Dialect::default(), b"a,b\n\"x\ny\",\"open\n1,2\n", Position::START, &[3]);
    assert_eq!(error, Err(DelimitedError::UnterminatedQuote { line: 3, column: 2, offset: 4 }));
    assert_eq!(fields("a,\"b\"")[0], ["a", "b"], "a closed one at the end of the file is none");
}

#[test]
fn limits_stop_a_hostile_record() {
    let limits = RecordLimits { max_record_bytes: 10, max_columns: 3 };
    let read = |text: &str| {
        let mut reader = RecordReader::new(Dialect::default(), limits);
        let mut input = text.as_bytes();
        while reader.advance(&mut input)? == Advance::Record {}
        reader.finish()
    };
    assert!(read("123456789\n123456789\n").is_ok());
    assert_eq!(
        read("a\n1234567890x\n"),
        Err(DelimitedError::RecordTooLong { line: 2, column: 1, offset: 2, limit: 10 })
    );
    assert_eq!(read("a\n\n,,,\n"), Err(DelimitedError::TooManyColumns { line: 3, offset: 3, limit: 3 }));
    assert_eq!(read(",,,"), Err(DelimitedError::TooManyColumns { line: 1, offset: 0, limit: 3 }));
}

#[test]
fn a_failed_reader_keeps_telling_why() {
    let mut reader = RecordReader::new(Dialect::default(), RecordLimits { max_record_bytes: 2, max_columns: 9 });
    let mut input = &b"abc\nd\n"[..];
    let error = reader.advance(&mut input);
    assert!(error.is_err());
    assert_eq!(reader.advance(&mut input), error);
    assert_eq!(reader.finish(), error);
}

#[test]
fn bytes_that_are_not_utf8_cost_one_record() {
    let mut reader = RecordReader::new(Dialect::default(), RecordLimits::default());
    let mut input = &b"a,b\n\"x\ny\",\xe9\nc,d\n"[..];
    let mut records = Vec::new();
    while reader.advance(&mut input) == Ok(Advance::Record) {
        records.push(seen(&reader).map(|record| record.fields));
    }
    assert_eq!(records[1], Err(DelimitedError::InvalidUtf8 { line: 3, column: 2, offset: 4 }));
    assert_eq!(records[2], Ok(vec!["c".to_owned(), "d".to_owned()]));
    // Two halves of a character in two fields are no character.
    let mut input = &b"\xc3,\xa9\n"[..];
    let mut reader = RecordReader::new(Dialect::default(), RecordLimits::default());
    assert_eq!(reader.advance(&mut input), Ok(Advance::Record));
    assert!(reader.record().is_err());
}

#[test]
fn nul_bytes_are_noted() {
    let mut reader = RecordReader::new(Dialect::default(), RecordLimits::default());
    let mut input = &b"a\0b,c\nd\n"[..];
    let mut nul = Vec::new();
    while reader.advance(&mut input) == Ok(Advance::Record) {
        nul.push(reader.record().expect("UTF-8").nul().is_some());
    }
    assert_eq!(nul, [true, false]);
}

#[test]
fn quotes_escapes_and_delimiters_are_those_of_the_dialect() {
    let read = |dialect, text: &str| {
        let records = read_pieces(dialect, text.as_bytes(), Position::START, &[2]).expect("reads");
        records.into_iter().map(|record| record.fields).collect::<Vec<_>>()
    };
    let one_column = Dialect { delimiter: None, ..Dialect::default() };
    assert_eq!(read(one_column, "a,b;c\n"), [["a,b;c"]]);
    let unquoted = Dialect { quote: None, ..Dialect::default() };
    assert_eq!(read(unquoted, "\"a,b\"\n"), [["\"a", "b\""]]);
    let escaped = Dialect { escape: Some(b'\\'), ..Dialect::default() };
    assert_eq!(read(escaped, "\"a\\\"b\",c\n"), [["a\"b", "c"]]);
}

proptest! {
    #[test]
    fn what_the_csv_crate_writes_is_read_and_resumed_anywhere(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\r\n é;]{0,6}", 2..5), 0..12),
        sizes in prop::collection::vec(1usize..9, 1..5),
        crlf: bool,
        bom: bool,
        resume_at: prop::sample::Index,
    ) {
        let mut bytes = if bom { BOM.to_vec() } else { Vec::new() };
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().flexible(true).terminator(terminator).from_writer(&mut bytes);
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        drop(writer);
        let records = read_pieces(Dialect::default(), &bytes, Position::START, &sizes).unwrap();
        let read: Vec<_> = records.iter().map(|record| record.fields.clone()).collect();
        prop_assert_eq!(&read, &rows);
        let whole = read_pieces(Dialect::default(), &bytes, Position::START, &[usize::MAX]).unwrap();
        prop_assert_eq!(&whole, &records, "the pieces do not matter");
        if !records.is_empty() {
            let index = resume_at.index(records.len());
            let rest = read_pieces(Dialect::default(), &bytes, records[index].end, &sizes).unwrap();
            prop_assert_eq!(&rest[..], &records[index + 1..]);
            let before = Position { offset: records[index].start, line: records[index].line };
            if before.offset > 0 {
                let rest = read_pieces(Dialect::default(), &bytes, before, &sizes).unwrap();
                prop_assert_eq!(&rest[..], &records[index..]);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic_and_alike_in_any_pieces(
        bytes in prop::collection::vec(prop::sample::select(b"a,\"\r\n\\ \xef\xbb\xbf\x00\xe9".to_vec()), 0..40),
        sizes in prop::collection::vec(1usize..5, 1..4),
    ) {
        for dialect in [Dialect::default(), Dialect { escape: Some(b'\\'), ..Dialect::default() }] {
            let whole = read_pieces(dialect, &bytes, Position::START, &[usize::MAX]);
            prop_assert_eq!(read_pieces(dialect, &bytes, Position::START, &sizes), whole);
        }
    }
}

fn mended(text: &str, columns: usize, size: usize) -> Vec<(Seen, Option<Mend>)> {
    let mut reader = RecordReader::new(Dialect::default(), RecordLimits::default()).mending(columns);
    let mut records = Vec::new();
    for piece in text.as_bytes().chunks(size) {
        let mut piece = piece;
        while reader.advance(&mut piece).expect("reads") == Advance::Record {
            records.push((seen(&reader).expect("a record"), reader.record().expect("a record").mend));
        }
    }
    while reader.finish().expect("reads") == Advance::Record {
        records.push((seen(&reader).expect("a record"), reader.record().expect("a record").mend));
    }
    records
}

#[test]
fn broken_records_are_mended_and_cost_no_other() {
    let text = "1,\"open,c\r\n2,b,c\r\n\r\n3,\"x\",c\r\n4,\"a\r\nb\",c\r\n5;b;\"c\"\r\n6,\"say \"hi, you\"\",c\n7,b\n8,b,\"c\"";
    let all = mended(text, 3, usize::MAX);
    let fields: Vec<Vec<&str>> = all.iter().map(|(seen, _)| seen.fields.iter().map(String::as_str).collect()).collect();
    let expected: [&[&str]; 8] = [
        &["1", "open", "c"],
        &["2", "b", "c"],
        &["3", "x", "c"],
        &["4", "a\r\nb", "c"],
        &["5", "b", "c"],
        &["6", "say \"hi, you\"", "c"],
        &["7", "b"],
        &["8", "b", "c"],
    ];
    assert_eq!(fields, expected);
    let mends: Vec<Option<Mend>> = all.iter().map(|(_, mend)| *mend).collect();
    let (quotes, semicolon) = (Some(Mend::Quotes), Some(Mend::Delimiter(b';')));
    assert_eq!(mends, [quotes, None, None, None, semicolon, quotes, None, None]);
    let lines: Vec<u64> = all.iter().map(|(seen, _)| seen.line).collect();
    assert_eq!(lines, [1, 2, 4, 5, 7, 8, 9, 10]);
    for size in 1..20 {
        assert_eq!(mended(text, 3, size), all, "in pieces of {size}");
    }
    for (seen, _) in &all[..7] {
        let at = seen.end;
        let mut reader = RecordReader::resume(Dialect::default(), RecordLimits::default(), at).mending(3);
        let mut rest = &text.as_bytes()[at.offset as usize..];
        let next = match reader.advance(&mut rest).expect("reads") {
            Advance::Record => reader.record(),
            Advance::NeedInput => reader.finish().and_then(|_| reader.record()),
        };
        let place = all.iter().position(|(other, _)| other == seen).expect("itself") + 1;
        assert_eq!(next.expect("a record").line, all[place].0.line, "behind line {}", seen.line);
    }
}
