//! Workbooks that want to do harm, and damaged ones: an error, never a panic, and no more memory than was allowed.

use std::io::{self, Cursor, Write};

use galena::actors::importer::problem::FileProblem;
use galena::actors::importer::workbook::{WorkbookError, WorkbookLimits, sheets, write_csv};
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::workbook_fixture::{MAIN, Parts, code, read};

const SHEET: &str = "xl/worksheets/sheet1.xml";
const ROW: &str = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>";

fn limited(file: &[u8], limits: &WorkbookLimits) -> Result<u64, WorkbookError> {
    write_csv(&mut Cursor::new(file), None, limits, &mut io::sink(), None).map(|written| written.bytes)
}

fn small() -> Parts {
    Parts::new(ROW, "<si><t>text</t></si>", "")
}

#[test]
fn sizes_are_checked_before_anything_is_unpacked() {
    // 300 MiB of blanks pack to 300 KiB.
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("xl/workbook.xml", SimpleFileOptions::default()).expect("an entry");
    let blanks = vec![b' '; 1 << 20];
    (0..300).for_each(|_| archive.write_all(&blanks).expect("bytes"));
    let bomb = archive.finish().expect("an archive").into_inner();
    assert!(bomb.len() < 1 << 20);
    let error = read(&bomb, None).expect_err("a bomb");
    assert_eq!(error.code(), "WORKBOOK_TOO_LARGE");
    assert!(error.to_string().contains("more than 400 times as many"), "{error}");
    let limits = WorkbookLimits { max_unpacked_bytes: 100 << 20, ..WorkbookLimits::default() };
    let error = limited(&bomb, &limits).expect_err("a bomb");
    assert!(error.to_string().contains("unpacks to more than 104857600 bytes"), "{error}");
    assert_eq!(FileProblem::from(error).code, "FILE_TOO_LARGE");
}

/// The sizes in both heads of the sheet are made small; what is packed stays.
#[test]
fn a_size_that_is_a_lie_is_found_out() {
    let rows: String = (0..20_000).map(|row| format!("<row><c><v>{row}</v></c></row>")).collect();
    let mut file = Parts::new(&rows, "", "").packed();
    let size = (rows.len() + format!("<worksheet xmlns=\"{MAIN}\"><sheetData></sheetData></worksheet>").len()) as u32;
    let told = size.to_le_bytes();
    let places: Vec<usize> = (0..file.len() - 4).filter(|at| file[*at..*at + 4] == told).collect();
    assert!(!places.is_empty());
    for place in places {
        file[place..place + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    let error = read(&file, None).expect_err("a lie");
    assert_eq!(error.code(), "WORKBOOK_TOO_LARGE", "{error}");
    assert!(error.to_string().contains("more is packed in it than the archive says"), "{error}");
}

#[test]
fn entries_are_counted() {
    let many = Parts((0..300).map(|number| (format!("part{number}"), String::new())).collect()).packed();
    let limits = WorkbookLimits { max_entries: 200, ..WorkbookLimits::default() };
    assert_eq!(limited(&many, &limits).expect_err("too many").code(), "WORKBOOK_TOO_LARGE");
    // Long names make the directory larger than is read at all.
    let name = |number: usize| format!("{number:0>60000}");
    let long = Parts((0..200).map(|number| (name(number), String::new())).collect()).packed();
    assert_eq!(code(&long), "WORKBOOK_TOO_LARGE");
}

#[test]
fn one_string_named_by_every_cell_does_not_fill_the_disk() {
    let string = format!("<si><t>{}</t></si>", "x".repeat(30_000));
    let cells = "<c t=\"s\"><v>0</v></c>".repeat(100);
    let file = Parts::new(&format!("<row>{cells}</row>").repeat(50), &string, "").packed();
    let limits = WorkbookLimits { max_written_bytes: 10 << 20, ..WorkbookLimits::default() };
    let error = limited(&file, &limits).expect_err("too much");
    assert_eq!((error.code(), error.place().map(|place| place.row)), ("WORKBOOK_TOO_LARGE", Some(4)));
    let limits = WorkbookLimits { max_row_bytes: 1 << 20, ..WorkbookLimits::default() };
    let error = limited(&file, &limits).expect_err("too much");
    assert_eq!(error.place().map(|place| (place.row, place.column)), Some((1, 35)));
    let limits = WorkbookLimits { max_shared_string_bytes: 20_000, ..WorkbookLimits::default() };
    assert_eq!(limited(&file, &limits).expect_err("too much").code(), "WORKBOOK_TOO_LARGE");
}

#[test]
fn one_endless_text_or_tag_is_not_held_in_memory() {
    let long = "x".repeat(3 << 20);
    let pieces = "x&amp;".repeat(1 << 20);
    for strings in [format!("<si><t>{long}</t></si>"), format!("<si><t>{pieces}</t></si>"), format!("<{long}/>")] {
        assert_eq!(code(&Parts::new(ROW, &strings, "").packed()), "WORKBOOK_TOO_LARGE");
    }
    for cell in [
        format!("<c t=\"str\"><v>{long}</v></c>"),
        format!("<c t=\"inlineStr\"><is><t>{pieces}</t></is></c>"),
        format!("<c t=\"str\" a=\"{long}\"/>"),
        format!("<!--{long}-->"),
    ] {
        let file = Parts::new(&format!("<row>{cell}</row>"), "", "").packed();
        assert_eq!(code(&file), "WORKBOOK_TOO_LARGE", "{}", &cell[..20]);
    }
}

#[test]
fn entities_are_not_taken() {
    let laughs = "<!DOCTYPE sst [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><sst";
    let outside = "<!DOCTYPE sst [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><sst";
    for head in [laughs, outside] {
        let file = small().change("xl/sharedStrings.xml", "<sst", head);
        let error = read(&file.packed(), None).expect_err("a definition");
        assert!(error.to_string().contains("document type definition"), "{error}");
    }
    let file = Parts::new(ROW, "<si><t>&b;</t></si>", "").packed();
    assert!(read(&file, None).expect_err("an entity").to_string().contains("entity"));
    let file = small().change("xl/workbook.xml", "Leads", "&x;").packed();
    assert_eq!(code(&file), "DAMAGED_WORKBOOK");
}

#[test]
fn deep_nesting_and_broken_xml_are_damage() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let file = Parts::new(&deep, "", "").packed();
    assert!(read(&file, None).expect_err("too deep").to_string().contains("nested deeper"));
    for (part, from, to) in [
        (SHEET, "</sheetData>", ""),
        (SHEET, "</worksheet>", ""),
        (SHEET, "<v>0</v>", "<v>1</v>"),
        (SHEET, "<v>0</v>", "<v>-1</v>"),
        (SHEET, "<v>0</v>", "<v>99999999999999999999999</v>"),
        (SHEET, "r=\"A1\"", "r=\"XFE1\""),
        (SHEET, "r=\"A1\"", "r=\"1\""),
        (SHEET, "row r=\"1\"", "row r=\"1048577\""),
        (SHEET, "row r=\"1\"", "row r=\"-1\""),
        (SHEET, "<c r=\"A1\"", "<c r=\"A1"),
        ("xl/workbook.xml", "<sheets>", ""),
        ("xl/sharedStrings.xml", "text", "&#0;"),
    ] {
        let file = small().change(part, from, to);
        let result = read(&file.packed(), None).map(|(csv, _)| csv);
        // What follows the cells is not looked at.
        let is_tail = to.is_empty() && from == "</worksheet>";
        assert_eq!(result.map_err(|error| error.code()).err(), (!is_tail).then_some("DAMAGED_WORKBOOK"), "{from} {to}");
    }
    let error = read(&small().change(SHEET, "<v>0</v>", "<v>7</v>").packed(), None).expect_err("no such string");
    assert_eq!(
        error.to_string(),
        "the workbook is damaged (sheet \"Leads\", row 1, column 1): the cell names string \"7\" of 1"
    );
    let mut latin = small().packed();
    let place = latin.windows(4).position(|at| at == b"<sst").map(|at| at + 20);
    if let Some(place) = place {
        latin[place] = 0xe9;
        assert_eq!(code(&latin), "DAMAGED_WORKBOOK");
    }
}

#[test]
fn parts_that_come_twice_are_damage() {
    let mut parts = small();
    parts.0.push(("XL\\Worksheets/sheet1.xml".to_owned(), "<a/>".to_owned()));
    assert_eq!(code(&parts.packed()), "DAMAGED_WORKBOOK");
    let mut file = small().packed();
    let from = b"xl/styles.xml";
    let places: Vec<usize> = (0..file.len() - from.len()).filter(|at| file[*at..].starts_with(from)).collect();
    // The name in the directory and that before the part itself.
    for place in places {
        file[place..place + from.len()].copy_from_slice(b"_rels/.rels\0\0");
    }
    assert!(read(&file, None).is_ok(), "a part nobody asks for");
}

#[test]
fn names_lead_nowhere_outside_of_the_archive() {
    let file = small().change("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", "../../../../etc/passwd");
    let error = read(&file.packed(), None).expect_err("no such part");
    assert_eq!(error.code(), "DAMAGED_WORKBOOK");
    let file = small().change(
        "xl/_rels/workbook.xml.rels",
        "Target=\"worksheets/sheet1.xml\"",
        "TargetMode=\"External\" Target=\"http://a.example/\"",
    );
    assert_eq!(code(&file.packed()), "EMPTY_WORKBOOK");
}

#[test]
fn a_wrong_checksum_is_found() {
    let rows: String = (0..2000).map(|row| format!("<row><c><v>{}</v></c></row>", row * 7919 % 10_007)).collect();
    let file = Parts::new(&rows, "", "").packed();
    let plain = file.clone();
    let found = (0..plain.len() - 4).rfind(|at| plain[*at..].starts_with(b"PK\x01\x02")).expect("a directory");
    let mut file = file;
    file[found + 16] ^= 1;
    let head = (0..found).rfind(|at| plain[*at..].starts_with(b"PK\x03\x04")).expect("a part");
    file[head + 14] ^= 1;
    assert!(read(&plain, None).is_ok());
    assert_eq!(code(&file), "DAMAGED_WORKBOOK");
}

#[test]
fn what_cannot_be_written_is_no_fault_of_the_workbook() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let result = write_csv(&mut Cursor::new(small().packed()), None, &WorkbookLimits::default(), &mut Full, None);
    assert_eq!(result.expect_err("a full disk").code(), "UNWRITABLE");
}

fn real() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    for row in 0..40_u32 {
        sheet.write_string(row, 0, format!("name {row}")).expect("a cell");
        sheet.write_string(row, 1, format!("n{row}@example.org")).expect("a cell");
        sheet.write_number_with_format(row, 2, 45_000.0 + f64::from(row), &date).expect("a cell");
    }
    book.add_worksheet().set_hidden(true).write_string(0, 0, "hidden").expect("a cell");
    book.save_to_buffer().expect("a workbook")
}

/// Whatever the bytes: no panic, and neither time nor text without end.
fn survives(file: &[u8]) -> bool {
    let limits = WorkbookLimits {
        max_unpacked_bytes: 16 << 20,
        max_shared_string_bytes: 1 << 20,
        max_written_bytes: 4 << 20,
        ..WorkbookLimits::default()
    };
    let _ = sheets(&mut Cursor::new(file), &limits);
    let mut csv = Vec::new();
    let result = write_csv(&mut Cursor::new(file), None, &limits, &mut csv, None);
    assert!(std::str::from_utf8(&csv).is_ok());
    let _ = write_csv(&mut Cursor::new(file), Some("2"), &limits, &mut io::sink(), Some(5));
    result.is_ok()
}

#[test]
fn a_workbook_cut_off_anywhere_is_damaged() {
    let file = real();
    assert!(survives(&file));
    for length in (0..file.len()).step_by(13).chain(file.len() - 30..file.len()) {
        assert!(!survives(&file[..length]), "{length} of {} bytes", file.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_never_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut file = real();
        for (place, byte) in flips {
            let place = place.index(file.len());
            file[place] = byte;
        }
        survives(&file);
    }

    /// The archive is right and what is in it is not: the parser sees the damage and not the checksum.
    #[test]
    fn flipped_parts_never_panic(
        part in 0_usize..6,
        flips in prop::collection::vec((any::<prop::sample::Index>(), "[<>/=\"&;a-z0-9\\]\\[!-]{0,3}"), 1..5),
    ) {
        let styles = "<numFmts><numFmt numFmtId=\"164\" formatCode=\"[$-409]yy&quot;x&quot;h:mm;@\"/></numFmts><cellXfs><xf numFmtId=\"164\"/></cellXfs>";
        let mut parts = Parts::new(&ROW.repeat(3), "<si><r><t>a_x000D_</t></r><rPh><t>b</t></rPh></si>", styles);
        let text = &mut parts.0[part].1;
        for (place, new) in flips {
            let place = place.index(text.len());
            if text.is_char_boundary(place) && text.is_char_boundary(place + 1) {
                text.replace_range(place..=place, &new);
            }
            if text.is_empty() {
                text.push('<');
            }
        }
        survives(&parts.packed());
    }
}
