//! The records of a spooled file, read in blocks: for the first look over the whole file, and in chunks for the import.

use std::io::{Read, Seek, SeekFrom};

use super::problem::FileProblem;
use super::spool::{Spool, SpoolPart, SpoolRead};
use crate::domain::delimited::{Advance, Dialect, Position, Record, RecordLimits, RecordReader};
use crate::domain::header::are_of_an_export;
use crate::domain::id::UploadId;
use crate::store::records::import::ImportPlan;

const BLOCK_BYTES: usize = 256 << 10;

/// A spooled file and how far it has been read.
pub struct Records {
    file: Box<dyn SpoolRead>,
    reader: RecordReader,
    block: Vec<u8>,
    /// The part of `block` that is not used up.
    unread: std::ops::Range<usize>,
    at_end: bool,
    /// A NUL makes it no text; an export of ours may hold one that somebody stored.
    takes_nul: bool,
}

impl Records {
    /// The records of an upload as `plan` reads it, from `at` on.
    ///
    /// # Errors
    /// The file is gone or has no such place.
    pub fn of(spool: &dyn Spool, upload: UploadId, plan: &ImportPlan, at: Position) -> Result<Self, FileProblem> {
        let part = plan.text.map_or(SpoolPart::Sent, SpoolPart::Text);
        let file = spool.read(upload, part).map_err(|error| FileProblem::unreadable(&error))?;
        let titles: Vec<&str> = plan.columns.iter().map(|column| column.title.as_str()).collect();
        let records = Self::over(file, plan.dialect(), Some(titles.len()), plan.max_record_bytes, at)?;
        Ok(Self { takes_nul: are_of_an_export(&titles), ..records })
    }

    /// The records of a text from `at` on; those of a table with `columns` columns are mended.
    ///
    /// # Errors
    /// The text has no such place.
    pub fn over(
        mut file: Box<dyn SpoolRead>,
        dialect: Dialect,
        columns: Option<usize>,
        max_record_bytes: u64,
        at: Position,
    ) -> Result<Self, FileProblem> {
        file.seek(SeekFrom::Start(at.offset)).map_err(|error| FileProblem::unreadable(&error))?;
        let max_record_bytes = usize::try_from(max_record_bytes).unwrap_or(usize::MAX);
        let limits = RecordLimits { max_record_bytes, ..RecordLimits::default() };
        let mut reader = RecordReader::resume(dialect, limits, at);
        if let Some(columns) = columns {
            reader = reader.mending(columns);
        }
        Ok(Self { file, reader, block: vec![0; BLOCK_BYTES], unread: 0..0, at_end: false, takes_nul: false })
    }

    /// Moves to the next record; false at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read, or is no delimited file from here on.
    pub fn advance(&mut self) -> Result<bool, FileProblem> {
        loop {
            let mut input = &self.block[self.unread.clone()];
            let advance = self.reader.advance(&mut input)?;
            self.unread.start = self.unread.end - input.len();
            if advance == Advance::Record {
                return Ok(true);
            }
            if self.at_end {
                return Ok(self.reader.finish()? == Advance::Record);
            }
            let read = self.file.read(&mut self.block).map_err(|error| FileProblem::unreadable(&error))?;
            self.unread = 0..read;
            self.at_end = read == 0;
        }
    }

    /// The record that `advance` came to.
    ///
    /// # Errors
    /// It is no text.
    pub fn record(&self) -> Result<Record<'_>, FileProblem> {
        let record = self.reader.record()?;
        if let Some((line, column)) = record.nul().filter(|_| !self.takes_nul) {
            return Err(FileProblem::binary(line, column as u64));
        }
        Ok(record)
    }

    pub fn position(&self) -> Position {
        self.reader.position()
    }
}

/// What the first look over a whole file finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Survey {
    pub rows: u64,
    /// Rows with fewer or more cells than the titles.
    pub ragged: u64,
    /// Rows whose quotes or delimiters were broken.
    pub mended: u64,
}

/// Reads the whole file once before a row of it is written, so that a broken file writes nothing.
///
/// # Errors
/// What is wrong with the file and where; more than `max_rows` rows.
pub fn survey(records: &mut Records, columns: usize, max_rows: u64) -> Result<Survey, FileProblem> {
    let mut survey = Survey::default();
    while records.advance()? {
        let record = records.record()?;
        survey.rows += 1;
        survey.ragged += u64::from(record.len() != columns);
        survey.mended += u64::from(record.mend.is_some());
        if survey.rows > max_rows {
            return Err(FileProblem::too_many_rows(max_rows, record.line));
        }
    }
    if survey.rows == 0 {
        return Err(FileProblem::no_rows(records.position().line));
    }
    Ok(survey)
}
