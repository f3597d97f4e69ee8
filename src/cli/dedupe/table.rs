//! A lead file as a table that is read more than once: laid out and mapped as an import would do it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::actors::importer::columns::decide;
use crate::actors::importer::layout::{Layout, layout};
use crate::actors::importer::memory::NoMemory;
use crate::actors::importer::plan::ImportChoice;
use crate::actors::importer::problem::FileProblem;
use crate::actors::importer::records::Records;
use crate::actors::importer::sample::Sampled;
use crate::actors::importer::source::{Form, LocalFile, Source, open, write_text};
use crate::actors::importer::spool::SpoolRead;
use crate::domain::delimited::Position;
use crate::domain::row::Mapping;

pub struct Table {
    file: LocalFile,
    /// The text of a file that is no UTF-8 or a workbook; without a name, so that nothing is left of it.
    text: Option<File>,
    layout: Layout,
    mapping: Mapping,
    max_record_bytes: u64,
}

impl Table {
    /// # Errors
    /// The file cannot be read as a table, or the choice does not fit it.
    pub fn open(path: &Path, choice: &ImportChoice) -> Result<Self, FileProblem> {
        let file = LocalFile(PathBuf::from(path));
        let opened = open(&file, &choice.layout)?;
        let layout = layout(&opened, &choice.layout)?;
        // Where the sample cannot be read, the first reading says why.
        let rows = Sampled::read(&layout, &opened).map(Sampled::into_cells).unwrap_or_default();
        let mapping = decide(&layout, &rows, choice, &NoMemory)?.mapping;
        let text = match &layout.form {
            Form::Plain => None,
            form => {
                let mut text = tempfile::tempfile().map_err(|error| FileProblem::unwritable(&error))?;
                let mut buffered = io::BufWriter::with_capacity(256 << 10, &mut text);
                write_text(&file, form, &mut buffered)?;
                // Dropping it would not tell that there is no room.
                io::Write::flush(&mut buffered).map_err(|error| FileProblem::unwritable(&error))?;
                drop(buffered);
                Some(text)
            }
        };
        let max_record_bytes = crate::config::Import::default().max_record_bytes.0;
        Ok(Self { file, text, layout, mapping, max_record_bytes })
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
        let text = match &self.text {
            None => self.file.open(),
            // The two share their place, which is set anew for every reading.
            Some(text) => text.try_clone().map(|text| Box::new(text) as Box<dyn SpoolRead>),
        };
        let text = text.map_err(|error| FileProblem::unreadable(&error))?;
        Ok(Rows { records: Records::over(text, self.layout.dialect, columns, self.max_record_bytes, at)? })
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
