//! The record loop: bytes in any pieces become records, without an allocation per record.
//!
//! `csv-core` splits fields and takes quotes off. What it does not tell is added here: where each record starts and
//! ends, line numbers for every kind of line end, limits, and whether the file ended inside a quote.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::mend::{Mended, mend};
use super::position::line_ends;
use super::record::Record;
use super::{DelimitedError, Dialect, Mend, Position, RecordLimits};

const BOM: &[u8; 3] = b"\xef\xbb\xbf";
/// Not a byte of UTF-8, so it separates nothing.
const NO_DELIMITER: u8 = 0xff;
const FIRST_TEXT_BYTES: usize = 4 << 10;
const FIRST_COLUMNS: usize = 64;

/// What a call to [`RecordReader::advance`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// All of the input is used up; call again with more, or [`RecordReader::finish`].
    NeedInput,
    /// [`RecordReader::record`] has it.
    Record,
}

/// Reads records from bytes that the caller brings; see the module for what it adds to `csv-core`.
#[derive(Debug)]
pub struct RecordReader {
    core: Reader,
    dialect: Dialect,
    limits: RecordLimits,
    /// How many cells a record should have; with it records are mended.
    columns: Option<usize>,
    /// The record in work as it stands in the file; kept only where records are mended.
    raw: Vec<u8>,
    /// Bytes behind a record that was mended to be shorter: they come before the input.
    replay: Vec<u8>,
    /// How many of them were read again.
    replayed: usize,
    mend: Option<Mend>,
    /// Whether a blank or tab of its own separates fields: then a line of them is not a blank line.
    separating_space: Option<u8>,
    stage: Stage,
    /// How many bytes of a byte order mark were seen, while it is still open whether there is one.
    bom_seen: Option<usize>,
    /// Where the next unread byte stands. The line is the one the record in work starts in.
    at: Position,
    /// The first byte of the record in work.
    start: u64,
    /// Behind the last field of the record in work, before its line end.
    body_end: u64,
    /// Lines ended inside the record in work.
    inner_lines: u64,
    /// The last byte read was a CR: an LF to follow belongs to it.
    after_return: bool,
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    failed: Option<DelimitedError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Line ends here are blank lines.
    BeforeRecord,
    InRecord,
    /// A record ended with CR and the input with it: an LF to follow still belongs to the record.
    EndedByReturn,
    /// A record is complete and can be looked at.
    Done,
}

impl RecordReader {
    pub fn new(dialect: Dialect, limits: RecordLimits) -> Self {
        Self::resume(dialect, limits, Position::START)
    }

    /// Starts at `at`, which is 0 or the `end` of a record; the bytes to come are those from there on.
    pub fn resume(dialect: Dialect, limits: RecordLimits, at: Position) -> Self {
        let delimiter = dialect.delimiter.unwrap_or(NO_DELIMITER);
        let mut builder = ReaderBuilder::new();
        builder.delimiter(delimiter).escape(dialect.escape);
        match dialect.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        let mut core = builder.build();
        // A byte order mark is handled here; a reader that was called once does not look for one.
        core.read_record(b" ", &mut [], &mut []);
        Self {
            core,
            dialect,
            limits,
            columns: None,
            raw: Vec::new(),
            replay: Vec::new(),
            replayed: 0,
            mend: None,
            separating_space: dialect.delimiter.filter(|byte| matches!(byte, b' ' | b'\t')),
            stage: Stage::BeforeRecord,
            bom_seen: (at.offset == 0).then_some(0),
            at,
            start: at.offset,
            body_end: at.offset,
            inner_lines: 0,
            after_return: false,
            text: vec![0; FIRST_TEXT_BYTES],
            text_len: 0,
            ends: vec![0; FIRST_COLUMNS],
            ends_len: 0,
            failed: None,
        }
    }

    /// Records that have not `columns` cells, or broken quotes, are mended where it can be done (see [`Mend`]). Only for
    /// data: notes above the titles have any number of cells.
    #[must_use]
    pub fn mending(self, columns: usize) -> Self {
        Self { columns: Some(columns), ..self }
    }

    /// Reads up to the end of the next record and moves `input` behind what was used.
    pub fn advance(&mut self, input: &mut &[u8]) -> Result<Advance, DelimitedError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.bom_seen.is_some() && !self.pass_bom(input)? {
            return Ok(Advance::NeedInput);
        }
        while !self.replay.is_empty() {
            let (replay, from) = (std::mem::take(&mut self.replay), std::mem::take(&mut self.replayed));
            let mut rest = replay.get(from..).unwrap_or_default();
            let advance = self.advance_in(&mut rest)?;
            if self.replay.is_empty() {
                self.replayed = replay.len() - rest.len();
                self.replay = if rest.is_empty() { Vec::new() } else { replay };
            } else {
                // What a mended record gave back lies before what was not read.
                self.replay.extend_from_slice(rest);
            }
            if self.replay.is_empty() {
                self.replayed = 0;
            }
            if advance == Advance::Record {
                return Ok(Advance::Record);
            }
        }
        self.advance_in(input)
    }

    fn advance_in(&mut self, input: &mut &[u8]) -> Result<Advance, DelimitedError> {
        while let Some(&first) = input.first() {
            match self.stage {
                Stage::EndedByReturn => {
                    if first == b'\n' {
                        self.take(input, 1);
                    }
                    if self.complete() {
                        return Ok(Advance::Record);
                    }
                }
                Stage::Done | Stage::BeforeRecord if matches!(first, b'\r' | b'\n') => self.pass_line_end(input),
                Stage::Done | Stage::BeforeRecord => self.begin(),
                Stage::InRecord => {
                    self.read(input)?;
                    if self.stage == Stage::Done && self.complete() {
                        return Ok(Advance::Record);
                    }
                }
            }
        }
        Ok(Advance::NeedInput)
    }

    /// Tells that there are no more bytes. `Record` once if the last record had no line end, then `NeedInput`.
    pub fn finish(&mut self) -> Result<Advance, DelimitedError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if let Some(seen) = self.bom_seen.take().filter(|seen| *seen > 0) {
            self.replay_bom(seen)?;
        }
        if self.advance(&mut &b""[..])? == Advance::Record {
            return Ok(Advance::Record);
        }
        match self.stage {
            Stage::BeforeRecord | Stage::Done => {
                self.stage = Stage::BeforeRecord;
                return Ok(Advance::NeedInput);
            }
            Stage::EndedByReturn => {}
            Stage::InRecord => self.end_of_file()?,
        }
        Ok(if self.complete() { Advance::Record } else { Advance::NeedInput })
    }

    /// The record that the last `advance` or `finish` came to. Reading goes on behind it whether or not it is UTF-8.
    pub fn record(&self) -> Result<Record<'_>, DelimitedError> {
        let (bytes, ends) = (&self.text[..self.text_len], &self.ends[..self.ends_len]);
        let (text, valid) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, ends.iter().find(|end| !text.is_char_boundary(**end)).copied()),
            Err(error) => ("", Some(error.valid_up_to())),
        };
        if let Some(valid) = valid {
            return Err(self.invalid_utf8(valid));
        }
        Ok(Record { start: self.start, end: self.at, line: self.line(), mend: self.mend, text, ends })
    }

    /// Where the next unread byte stands. Between records this is where to resume.
    pub fn position(&self) -> Position {
        self.at
    }

    fn take(&mut self, input: &mut &[u8], count: usize) {
        let (taken, rest) = input.split_at(count);
        *input = rest;
        if self.columns.is_some() && self.stage != Stage::BeforeRecord {
            self.raw.extend_from_slice(taken);
        }
        self.at.offset += taken.len() as u64;
        self.after_return = taken.last() == Some(&b'\r');
    }

    /// One line end between records; CRLF counts once, also when it arrives in two pieces.
    fn pass_line_end(&mut self, input: &mut &[u8]) {
        let second_half = self.after_return && input.first() == Some(&b'\n');
        self.stage = Stage::BeforeRecord;
        self.at.line += u64::from(!second_half);
        self.take(input, 1);
    }

    fn begin(&mut self) {
        self.stage = Stage::InRecord;
        self.raw.clear();
        self.mend = None;
        self.start = self.at.offset;
        self.inner_lines = 0;
        self.text_len = 0;
        self.ends_len = 0;
    }

    /// Whether the record in work is one, and not a line of blanks.
    fn complete(&mut self) -> bool {
        let text = &self.text[..self.text_len];
        // A quoted field is longer in the file than its text.
        let blank = self.ends_len == 1
            && self.body_end - self.start == text.len() as u64
            && text.iter().all(|byte| matches!(byte, b' ' | b'\t') && Some(*byte) != self.separating_space)
            && !text.is_empty();
        self.stage = if blank { Stage::BeforeRecord } else { Stage::Done };
        if let (Some(columns), false) = (self.columns, blank)
            && (self.ends_len != columns || self.dialect.quote.is_some_and(|quote| self.raw.contains(&quote)))
            && let Some(mended) = mend(&self.raw, self.dialect, self.ends_len, columns)
        {
            self.put_right(mended);
        }
        !blank
    }

    /// The record in work is `mended`; what it does not use is read again.
    fn put_right(&mut self, mended: Mended) {
        let Mended { mend, text, ends, used } = mended;
        let line = self.line();
        let lines = line_ends(&self.raw[..used]);
        self.at = Position { offset: self.start + used as u64, line: line + lines };
        self.inner_lines = lines;
        self.after_return = self.raw[..used].ends_with(b"\r");
        self.replay.extend_from_slice(&self.raw[used..]);
        self.mend = mend;
        (self.text_len, self.ends_len) = (text.len(), ends.len());
        if self.text.len() < text.len() {
            self.text.resize(text.len(), 0);
        }
        if self.ends.len() < ends.len() {
            self.ends.resize(ends.len(), 0);
        }
        self.text[..text.len()].copy_from_slice(&text);
        self.ends[..ends.len()].copy_from_slice(&ends);
    }

    /// Feeds the record in work from `input`, to its end or to the end of `input`.
    fn read(&mut self, input: &mut &[u8]) -> Result<(), DelimitedError> {
        loop {
            let used = usize::try_from(self.at.offset - self.start).unwrap_or(usize::MAX);
            let room = self.limits.max_record_bytes.saturating_sub(used);
            if room == 0 {
                let limit = self.limits.max_record_bytes;
                let (line, column) = (self.line(), self.ends_len + 1);
                return Err(self.fail(DelimitedError::RecordTooLong { line, column, offset: self.start, limit }));
            }
            let unread: &[u8] = input;
            let piece = &unread[..unread.len().min(room)];
            let (result, used, written, fields) =
                self.core.read_record(piece, &mut self.text[self.text_len..], &mut self.ends[self.ends_len..]);
            self.count_lines(&piece[..used]);
            self.take(input, used);
            self.text_len += written;
            self.ends_len += fields;
            self.check_columns()?;
            match result {
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.stage = Stage::Done;
                    self.body_end = self.at.offset - 1;
                    if self.after_return {
                        match input.first() {
                            Some(b'\n') => self.take(input, 1),
                            Some(_) => {}
                            None => self.stage = Stage::EndedByReturn,
                        }
                    }
                    return Ok(());
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End if input.is_empty() => return Ok(()),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
    }

    /// Adds the lines that end in `taken`, which follows what was read before.
    fn count_lines(&mut self, taken: &[u8]) {
        let cut_pair = self.after_return && taken.first() == Some(&b'\n');
        let lines = line_ends(taken) - u64::from(cut_pair);
        self.inner_lines += lines;
        self.at.line += lines;
    }

    /// The line the record in work starts in, and the last one.
    fn line(&self) -> u64 {
        self.at.line - self.inner_lines
    }

    /// Ends the last record of a file that has no line end behind it.
    ///
    /// `csv-core` does not tell whether a quote is open, but within quotes a line break is text and outside it ends the
    /// record: so one is fed to it.
    fn end_of_file(&mut self) -> Result<(), DelimitedError> {
        self.body_end = self.at.offset;
        if self.text_len == self.text.len() {
            self.text.resize(self.text.len() * 2, 0);
        }
        if self.ends_len == self.ends.len() {
            self.ends.resize(self.ends.len() * 2, 0);
        }
        let (result, _, _, fields) =
            self.core.read_record(b"\n", &mut self.text[self.text_len..], &mut self.ends[self.ends_len..]);
        if result != ReadRecordResult::Record {
            let field = self.ends[..self.ends_len].last().copied().unwrap_or(0);
            let line = self.at.line - line_ends(&self.text[field..self.text_len]);
            let column = self.ends_len + 1;
            return Err(self.fail(DelimitedError::UnterminatedQuote { line, column, offset: self.start }));
        }
        self.ends_len += fields;
        self.check_columns()
    }

    fn check_columns(&mut self) -> Result<(), DelimitedError> {
        let limit = self.limits.max_columns;
        if self.ends_len <= limit {
            return Ok(());
        }
        Err(self.fail(DelimitedError::TooManyColumns { line: self.line(), offset: self.start, limit }))
    }

    /// Skips a byte order mark. `false` while more input is needed to know.
    fn pass_bom(&mut self, input: &mut &[u8]) -> Result<bool, DelimitedError> {
        let mut seen = self.bom_seen.take().unwrap_or(0);
        while seen < BOM.len() && input.first() == Some(&BOM[seen]) {
            *input = &input[1..];
            seen += 1;
        }
        if seen == BOM.len() {
            self.at.offset += BOM.len() as u64;
        } else if input.is_empty() {
            self.bom_seen = Some(seen);
            return Ok(false);
        } else if seen > 0 {
            self.replay_bom(seen)?;
        }
        Ok(true)
    }

    /// What began like a byte order mark was the start of the first field.
    fn replay_bom(&mut self, seen: usize) -> Result<(), DelimitedError> {
        self.begin();
        self.read(&mut &BOM[..seen])
    }

    fn invalid_utf8(&self, valid: usize) -> DelimitedError {
        let ends = &self.ends[..self.ends_len];
        let column = ends.iter().take_while(|end| **end <= valid).count().min(self.ends_len.saturating_sub(1));
        let line = self.line() + line_ends(&self.text[..valid]);
        DelimitedError::InvalidUtf8 { line, column: column + 1, offset: self.start }
    }

    fn fail(&mut self, error: DelimitedError) -> DelimitedError {
        self.failed = Some(error.clone());
        error
    }
}

#[cfg(test)]
mod tests;
