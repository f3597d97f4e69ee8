//! A lead file as a table that is read more than once: laid out and mapped as an import would do it.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use crate::actors::importer::columns::decide;
use crate::actors::importer::layout::{Layout, LayoutChoice, layout};
use crate::actors::importer::memory::NoMemory;
use crate::actors::importer::plan::ImportChoice;
use crate::actors::importer::problem::FileProblem;
use crate::actors::importer::records::Records;
use crate::actors::importer::sample::Sampled;
use crate::actors::importer::source::{Form, LocalFile, open, write_text};
use crate::domain::delimited::Position;
use crate::domain::row::Mapping;

pub struct Table {
    /// The text of the file: the file itself, or a temporary one where it is in another encoding or a workbook.
    text: File,
    layout: Layout,
    mapping: Mapping,
    max_record_bytes: u64,
}

impl Table {
    /// # Errors
    /// The file cannot be read as a table, or the choice does not fit it.
    pub fn open(path: &Path, choice: &LayoutChoice, columns: &[(String, String)]) -> Result<Self, FileProblem> {
        let source = LocalFile(path.to_owned());
        let opened = open(&source, choice)?;
        let layout = layout(&opened, choice)?;
        let rows = Sampled::read(&layout, &opened)?.into_cells();
        let choice = ImportChoice { layout: choice.clone(), mapping: columns.to_vec(), ..ImportChoice::default() };
        let mapping = decide(&layout, &rows, &choice, &NoMemory)?.mapping;
        let text = match &opened.form {
            Form::Plain => File::open(path).map_err(|error| FileProblem::unreadable(&error))?,
            form => {
                let mut text = tempfile::tempfile().map_err(|error| FileProblem::unwritable(&error))?;
                write_text(&source, form, &mut io::BufWriter::with_capacity(256 << 10, &mut text))?;
                text
            }
        };
        let max_record_bytes = crate::config::Import::default().max_record_bytes.0;
        Ok(Self { text, layout, mapping, max_record_bytes })
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
        self.records(self.layout.data, Some(self.layout.headers.len()))
    }

    /// What stands above the titles: names of reports, notes, `sep=;`.
    pub fn preamble(&self) -> Result<Vec<Vec<String>>, FileProblem> {
        let (mut above, mut rows) = (Vec::new(), self.records(Position::START, None)?);
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

    fn records(&self, at: Position, columns: Option<usize>) -> Result<Rows, FileProblem> {
        let unreadable = |error: io::Error| FileProblem::unreadable(&error);
        let mut text = self.text.try_clone().map_err(unreadable)?;
        text.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let records = Records::over(Box::new(text), self.layout.dialect, columns, self.max_record_bytes, at)?;
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
