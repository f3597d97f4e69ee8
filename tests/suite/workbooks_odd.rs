//! Workbooks as no office program of today writes them, made by hand.

use std::io::Cursor;

use galena::actors::importer::workbook::{WorkbookLimits, write_csv};

use crate::workbook_fixture::{MAIN, Parts, code, csv, read};

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[test]
fn strings_are_put_together_from_their_runs() {
    let rows = "<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c><c t=\"s\"><v> 2 </v></c><c t=\"s\"><v>3</v></c>\
                <c t=\"s\"><v>4</v></c><c t=\"inlineStr\"><is><r><t>in</t></r><rPh sb=\"0\" eb=\"1\"><t>x</t></rPh><r><t>line</t></r></is></c>\
                <c t=\"str\"><f>A1</f><v>of a formula_x000A_</v></c><c t=\"inlineStr\"><v>odd</v></c></row>";
    let strings = "<si><r><t>Ri</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\">ch </t></r></si>\
                   <si><t>東京</t><rPh sb=\"0\" eb=\"2\"><t>トウキョウ</t></rPh><phoneticPr fontId=\"1\"/></si>\
                   <si/><si><t>a_x000D_b&#10;&amp;&#x1F354;<![CDATA[<c>]]></t></si><si><t>line\r\nline</t></si>";
    let file = Parts::new(rows, strings, "").packed();
    assert_eq!(csv(&file), "\"Rich \",東京,,\"a\rb\n&🍔<c>\",\"line\nline\",inline,\"of a formula\n\",odd\n");
}

#[test]
fn rows_and_cells_need_not_say_where_they_are() {
    let rows = "<row><c><v>1</v></c><c r=\"D1\"><v>2</v></c><c><v>3</v></c></row>\
                <row r=\"4\"><c r=\"C4\"><v>4</v></c><c r=\"A4\"><v>5</v></c></row><row/>\
                <row><c><v>6</v></c><c/><c r=\"B6\"><v></v></c></row><row r=\"9\" spans=\"1:9\"/>";
    assert_eq!(csv(&Parts::new(rows, "", "").packed()), "1,,,2,3\n\n\n5,,4,,\n\n6,,,,\n");
}

#[test]
fn what_the_dimension_says_does_not_matter() {
    let rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"3\"><c r=\"B3\"><v>2</v></c></row>";
    for dimension in ["<dimension ref=\"A1\"/>", "<dimension ref=\"A1:XFD1048576\"/>", "<dimension ref=\"nonsense\"/>"]
    {
        let file = Parts::new(rows, "", "").change(SHEET, "<sheetData>", &format!("{dimension}<sheetData>"));
        assert_eq!(csv(&file.packed()), "1\n\n,2\n", "{dimension}");
    }
}

#[test]
fn every_type_of_cell_has_its_text() {
    let rows = "<row><c t=\"b\"><v>1</v></c><c t=\"b\"><v>0</v></c><c t=\"e\"><v>#REF!</v></c><c t=\"n\"><v>1.4155550100E+10</v></c>\
                <c t=\"d\" s=\"1\"><v>2024-03-01T00:00:00Z</v></c><c t=\"d\"><v>2024-03-01T13:45:00</v></c><c s=\"1\"><v>45352</v></c>\
                <c s=\"2\"><v>45352.5</v></c><c s=\"99\"><v>7</v></c><c s=\"3\"><v>7</v></c></row>";
    let styles = "<numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd hh:mm\"/><numFmt numFmtId=\"3\" formatCode=\"0000\"/></numFmts>\
                  <cellStyleXfs><xf numFmtId=\"22\"/></cellStyleXfs>\
                  <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf numFmtId=\"3\"/></cellXfs>\
                  <dxfs><dxf><numFmt numFmtId=\"0\" formatCode=\"yyyy\"/></dxf></dxfs>";
    let file = Parts::new(rows, "", styles);
    let (csv, written) = read(&file.packed(), None).expect("a table");
    assert_eq!(csv, "TRUE,FALSE,,14155550100,2024-03-01,2024-03-01T13:45:00,2024-03-01,2024-03-01T12:00:00,7,0007\n");
    assert_eq!(written.error_cells, 1);
    let file = file.change("xl/workbook.xml", "<workbookPr/>", "<workbookPr date1904=\"true\"/>");
    let (csv, _) = read(&file.packed(), None).expect("a table");
    assert!(csv.contains("2028-03-02,2028-03-02T12:00:00"), "{csv}");
}

#[test]
fn strict_files_and_prefixes_are_read_alike() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>";
    let plain = Parts::new(rows, "<si><t>text</t></si>", "");
    let mut strict = plain.clone();
    for (_, text) in &mut strict.0 {
        *text = text.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        );
    }
    assert_eq!(csv(&strict.packed()), "text\n");
    let mut prefixed = plain;
    for (_, text) in prefixed.0.iter_mut().filter(|(name, _)| !name.ends_with(".rels")) {
        let opened = text.replace("<?", "\u{1}").replace("</", "\u{2}").replace('<', "<x:");
        *text = opened.replace('\u{1}', "<?").replace('\u{2}', "</x:").replace("xmlns=", "xmlns:x=");
    }
    assert!(prefixed.0.iter().any(|(_, text)| text.contains("<x:sheetData>")));
    assert_eq!(csv(&prefixed.packed()), "text\n");
}

#[test]
fn parts_may_have_names_of_windows() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>";
    let mut parts = Parts::new(rows, "<si><t>text</t></si>", "");
    for (name, _) in &mut parts.0 {
        *name = match name.as_str() {
            "xl/sharedStrings.xml" => "xl/SharedStrings.xml".to_owned(),
            name => name.replace('/', "\\"),
        };
    }
    assert_eq!(csv(&parts.packed()), "text\n");
}

#[test]
fn a_byte_order_mark_and_parts_that_are_not_there_do_no_harm() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>text</t></is></c></row>";
    let mut parts = Parts::new(rows, "", "").change(SHEET, "<worksheet", "\u{feff}<?xml version=\"1.0\"?><worksheet");
    parts.0.retain(|(name, _)| !name.ends_with("styles.xml") && !name.ends_with("sharedStrings.xml"));
    assert_eq!(csv(&parts.packed()), "text\n");
    parts.0.retain(|(name, _)| name != "_rels/.rels");
    assert_eq!(csv(&parts.packed()), "text\n");
    parts.0.retain(|(name, _)| name != SHEET);
    assert_eq!(code(&parts.packed()), "DAMAGED_WORKBOOK");
}

#[test]
fn other_kinds_of_files_get_a_word_of_what_to_do() {
    let packed =
        |names: &[&str]| Parts(names.iter().map(|name| ((*name).to_owned(), "<a/>".to_owned())).collect()).packed();
    assert_eq!(code(&packed(&["mimetype", "content.xml", "META-INF/manifest.xml"])), "UNSUPPORTED_WORKBOOK");
    assert_eq!(code(&packed(&["_rels/.rels", "xl/workbook.bin"])), "UNSUPPORTED_WORKBOOK");
    assert_eq!(code(&packed(&["Index/Document.iwa"])), "UNSUPPORTED_WORKBOOK");
    assert_eq!(code(&packed(&["_rels/.rels", "word/document.xml"])), "NOT_A_WORKBOOK");
    assert_eq!(code(&packed(&["leads.csv"])), "NOT_A_WORKBOOK");
    assert_eq!(code(&packed(&["xl/workbook.xml"])), "NOT_A_WORKBOOK");
    assert_eq!(code(b"Name,Email\n"), "NOT_A_WORKBOOK");
    assert_eq!(code(b""), "NOT_A_WORKBOOK");
    assert_eq!(code(b"PK\x03\x04"), "DAMAGED_WORKBOOK");
    let error = read(&packed(&["mimetype", "content.xml"]), None).expect_err("no table").to_string();
    assert_eq!(error, "an OpenDocument file (.ods) cannot be read; save it as .xlsx or .csv");
}

#[test]
fn rows_are_as_wide_as_the_fullest_and_not_as_the_one_with_a_note() {
    let row = |columns: &[&str]| {
        let cells = columns.iter().map(|column| format!("<c r=\"{column}1\"><v>1</v></c>"));
        format!("<row>{}</row>", cells.collect::<String>())
    };
    let rows = [row(&["A"]), row(&["A", "B", "C"]), row(&["A", "B", "XFD"]), row(&["A"]), row(&["B"])].concat();
    let csv = csv(&Parts::new(&rows, "", "").packed());
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines[0], lines[1], lines[2].len(), lines[3], lines[4]), ("1", "1,1,1", 16_386, "1,,", ",1,"));
}

#[test]
fn a_preview_stops_before_what_is_damaged() {
    let rows = "<row><c t=\"s\"><v>0</v></c></row><row><c t=\"s\"><v>1</v></c></row><row><c t=\"s\"><v>9</v></c></row>";
    let file = Parts::new(rows, "<si><t>a</t></si><si><t>b</t></si><si><t>&nonsense;</t></si>", "").packed();
    let mut csv = Vec::new();
    let limits = WorkbookLimits::default();
    let preview = write_csv(&mut Cursor::new(&file), None, &limits, &mut csv, Some(2)).expect("a preview");
    assert_eq!((csv.as_slice(), preview.is_cut), (b"a\nb\n".as_slice(), true));
    assert_eq!(code(&file), "DAMAGED_WORKBOOK");
}
