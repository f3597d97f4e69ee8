//! Objects with the columns as members; what a lead does not have is left out, numbers and flags are such.

use std::io::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Format, FormatError};
use crate::domain::export::{Cell, Column};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;

pub(super) struct Json<W> {
    out: W,
    /// Each with its name.
    columns: Vec<(String, Column)>,
    /// One array, or an object a line.
    is_array: bool,
    rows: u64,
}

impl<W> Json<W> {
    pub(super) fn array(out: W) -> Self {
        Self { out, columns: Vec::new(), is_array: true, rows: 0 }
    }

    pub(super) fn lines(out: W) -> Self {
        Self { is_array: false, ..Self::array(out) }
    }
}

impl<W: Write> Format for Json<W> {
    fn begin(&mut self, columns: &[Column]) -> Result<(), FormatError> {
        self.columns = columns.iter().map(|column| (column.header().into_owned(), column.clone())).collect();
        if self.is_array {
            self.out.write_all(b"[")?;
        }
        Ok(())
    }

    fn row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> Result<(), FormatError> {
        if self.is_array {
            self.out.write_all(if self.rows == 0 { b"\n" } else { b",\n" })?;
        }
        let row = Row { columns: &self.columns, id, lead, original };
        serde_json::to_writer(&mut self.out, &row).map_err(std::io::Error::from)?;
        self.rows += 1;
        if !self.is_array {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), FormatError> {
        if self.is_array {
            self.out.write_all(b"\n]\n")?;
        }
        Ok(self.out.flush()?)
    }
}

struct Row<'r> {
    columns: &'r [(String, Column)],
    id: LeadId,
    lead: &'r Lead,
    original: &'r [(String, String)],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (name, column) in self.columns {
            match column.cell(self.id, self.lead, self.original) {
                Cell::Text(text) if text.is_empty() => {}
                Cell::Text(text) => object.serialize_entry(name, &text)?,
                Cell::Texts(texts) => object.serialize_entry(name, texts)?,
                Cell::Number(number) => object.serialize_entry(name, &number)?,
                Cell::Truth(truth) => object.serialize_entry(name, &truth)?,
                Cell::Moment(time) => object.serialize_entry(name, &time)?,
            }
        }
        object.end()
    }
}
