//! A lead file as a table that is read more than once: laid out and mapped as an import would do it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::actors::importer::layout::{Layout, LayoutChoice, layout, sample};
use crate::actors::importer::plan::mapping;
use crate::actors::importer::problem::FileProblem;
use crate::actors::importer::records::Records;
use crate::domain::delimited::Position;
use crate::domain::row::Mapping;

pub struct Table {
    path: PathBuf,
    layout: Layout,
    mapping: Mapping,
    max_record_bytes: u64,
}

impl Table {
    /// # Errors
    /// The file cannot be read as a table, or the choice does not fit it.
    pub fn open(path: &Path, choice: &LayoutChoice, columns: &[(String, String)]) -> Result<Self, FileProblem> {
        let bytes = open(path).and_then(|mut file| sample(&mut file as &mut dyn Read));
        let bytes = bytes.map_err(|error| FileProblem::unreadable(&error))?;
        let layout = layout(&bytes, choice)?;
        let mapping = mapping(&layout, columns)?;
        let max_record_bytes = crate::config::Import::default().max_record_bytes.0;
        Ok(Self { path: path.to_owned(), layout, mapping, max_record_bytes })
    }

    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The titles as they stand; empty texts where there are none.
    pub fn headers(&self) -> &[String] {
        &self.layout.headers
    }

    pub fn is_titled(&self) -> bool {
        self.layout.header_row.is_some()
    }

    /// The rows below the titles.
    pub fn rows(&self) -> Result<Rows, FileProblem> {
        self.records(self.layout.data)
    }

    /// What stands above the titles: names of reports, notes, `sep=;`.
    pub fn preamble(&self) -> Result<Vec<Vec<String>>, FileProblem> {
        let (mut above, mut rows) = (Vec::new(), self.records(Position::START)?);
        while let Some(cells) = rows.next()?.map(|cells| cells.iter().map(|cell| (*cell).to_owned()).collect()) {
            if rows.records.position().offset > self.layout.data.offset {
                break;
            }
            above.push(cells);
        }
        if self.is_titled() {
            above.pop();
        }
        Ok(above)
    }

    /// Writes with the file's own delimiter and line end, quoted as RFC 4180 says, in UTF-8 without byte order mark.
    pub fn writer<W: io::Write>(&self, output: W) -> csv::Writer<W> {
        let terminator = match self.layout.line_ending {
            "\r\n" => csv::Terminator::CRLF,
            _ => csv::Terminator::Any(b'\n'),
        };
        let mut builder = csv::WriterBuilder::new();
        builder.flexible(true).delimiter(self.layout.dialect.delimiter.unwrap_or(b',')).terminator(terminator);
        builder.from_writer(output)
    }

    fn records(&self, at: Position) -> Result<Rows, FileProblem> {
        let file = open(&self.path).map_err(|error| FileProblem::unreadable(&error))?;
        let records = Records::from(Box::new(file), self.layout.dialect, self.max_record_bytes, at)?;
        Ok(Rows { records })
    }
}

/// Rows one after the other.
pub struct Rows {
    records: Records,
}

impl Rows {
    /// The cells of the next row; `None` at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read on.
    pub fn next(&mut self) -> Result<Option<Vec<&str>>, FileProblem> {
        if !self.records.advance()? {
            return Ok(None);
        }
        Ok(Some(self.records.record()?.fields().collect()))
    }
}

/// A folder opens like a file and fails later with a worse word.
fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
}
