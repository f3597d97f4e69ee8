//! The forms a file can have. A new one is one more implementation of [`Format`].

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::domain::cell::neutralise;
use crate::domain::export::{Column, Known};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::store::records::export::ExportFormat;

/// Takes the rows of a table one by one.
pub(super) trait Format {
    /// Once, before the first row.
    fn begin(&mut self, columns: &[Column]) -> io::Result<()>;
    fn row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> io::Result<()>;
    /// Once, behind the last row.
    fn end(&mut self) -> io::Result<()>;
}

pub(super) fn format<'w>(format: ExportFormat, out: impl Write + 'w) -> Box<dyn Format + 'w> {
    match format {
        ExportFormat::Csv => Box::new(Csv { out: csv::Writer::from_writer(out), columns: Vec::new() }),
        ExportFormat::Json => Box::new(Json { out, columns: Vec::new(), array: true, rows: 0 }),
        ExportFormat::Ndjson => Box::new(Json { out, columns: Vec::new(), array: false, rows: 0 }),
    }
}

/// UTF-8, commas, `"` only where it is needed, LF. Cells that a spreadsheet would run are made harmless.
struct Csv<W: Write> {
    out: csv::Writer<W>,
    columns: Vec<Column>,
}

impl<W: Write> Format for Csv<W> {
    fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        self.columns = columns.to_vec();
        let headers: Vec<_> = columns.iter().map(Column::header).collect();
        Ok(self.out.write_record(headers.iter().map(|header| neutralise(header).into_owned()))?)
    }

    fn row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> io::Result<()> {
        for column in &self.columns {
            let text = column.text(id, lead, original);
            self.out.write_field(neutralise(&text).as_bytes())?;
        }
        Ok(self.out.write_record(None::<&[u8]>)?)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Objects with the columns as members; what a lead does not have is left out, numbers and flags are such.
struct Json<W> {
    out: W,
    columns: Vec<Column>,
    /// One array, or an object a line.
    array: bool,
    rows: u64,
}

impl<W: Write> Format for Json<W> {
    fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        self.columns = columns.to_vec();
        if self.array { self.out.write_all(b"[") } else { Ok(()) }
    }

    fn row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> io::Result<()> {
        let mut object = Map::new();
        for column in &self.columns {
            let text = column.text(id, lead, original);
            let value = match column {
                Column::Known(Known::Tags) => lead.tags.iter().cloned().map(Value::from).collect(),
                Column::Known(Known::QualityScore) => Value::from(lead.quality_score),
                Column::Known(Known::IsQualified) if !text.is_empty() => Value::from(text == "true"),
                _ if text.is_empty() => continue,
                _ => Value::from(text.into_owned()),
            };
            object.insert(column.header().into_owned(), value);
        }
        if self.array {
            self.out.write_all(if self.rows == 0 { b"\n" } else { b",\n" })?;
        }
        serde_json::to_writer(&mut self.out, &object)?;
        self.rows += 1;
        if self.array { Ok(()) } else { self.out.write_all(b"\n") }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.array {
            self.out.write_all(b"\n]\n")?;
        }
        self.out.flush()
    }
}
