//! Workbooks made by hand, part by part, and what becomes of them.

use std::io::{Cursor, Write};

use galena::actors::importer::workbook::{WorkbookError, WorkbookLimits, Written, write_csv};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const TYPES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The parts of a workbook, to be changed before they are packed.
#[derive(Clone)]
pub struct Parts(pub Vec<(String, String)>);

impl Parts {
    /// A workbook of one sheet with these rows, strings (as `<si>` elements) and styles (inside of `<styleSheet>`).
    pub fn new(rows: &str, strings: &str, styles: &str) -> Self {
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id=\"{id}\" Type=\"{TYPES}/{kind}\" Target=\"{target}\"/>")
        };
        let relations = |inside: String| format!("<Relationships xmlns=\"{RELATIONS}\">{inside}</Relationships>");
        let of_book = relation("rId1", "worksheet", "worksheets/sheet1.xml")
            + &relation("rId2", "sharedStrings", "sharedStrings.xml")
            + &relation("rId3", "styles", "/xl/styles.xml");
        let mut parts = Self(Vec::new());
        parts.set("_rels/.rels", &relations(relation("rId1", "officeDocument", "xl/workbook.xml")));
        parts.set(
            "xl/workbook.xml",
            &format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<workbook xmlns=\"{MAIN}\" xmlns:r=\"{TYPES}\"><workbookPr/>\
                 <sheets><sheet name=\"Leads\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        );
        parts.set("xl/_rels/workbook.xml.rels", &relations(of_book));
        parts.set("xl/styles.xml", &format!("<styleSheet xmlns=\"{MAIN}\">{styles}</styleSheet>"));
        parts.set("xl/sharedStrings.xml", &format!("<sst xmlns=\"{MAIN}\">{strings}</sst>"));
        parts.set(
            "xl/worksheets/sheet1.xml",
            &format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        );
        parts
    }

    pub fn set(&mut self, name: &str, text: &str) {
        self.0.retain(|(there, _)| there != name);
        self.0.push((name.to_owned(), text.to_owned()));
    }

    pub fn change(mut self, name: &str, from: &str, to: &str) -> Self {
        let part = self.0.iter_mut().find(|(there, _)| there == name).expect("the part is there");
        assert!(part.1.contains(from), "{from} is in {name}");
        part.1 = part.1.replace(from, to);
        self
    }

    pub fn packed(&self) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in &self.0 {
            archive.start_file(name, SimpleFileOptions::default()).expect("an entry");
            archive.write_all(text.as_bytes()).expect("bytes");
        }
        archive.finish().expect("an archive").into_inner()
    }
}

pub fn read(file: &[u8], sheet: Option<&str>) -> Result<(String, Written), WorkbookError> {
    let mut csv = Vec::new();
    let written = write_csv(&mut Cursor::new(file), sheet, &WorkbookLimits::default(), &mut csv, None)?;
    assert_eq!(written.bytes, csv.len() as u64);
    Ok((String::from_utf8(csv).expect("UTF-8"), written))
}

pub fn csv(file: &[u8]) -> String {
    read(file, None).unwrap_or_else(|error| panic!("{error}")).0
}

pub fn code(file: &[u8]) -> &'static str {
    read(file, None).map(|(csv, _)| csv).expect_err("no table").code()
}
