//! What a file is as it came (text in some encoding, or a workbook) and how its text is got at.
//!
//! A file that is UTF-8 is read where it lies. Of any other a text is written once (`write_text`), so that every import
//! reads one kind of file, with one kind of offset. For a look at a file its beginning is enough (`open`).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::layout::LayoutChoice;
use super::problem::FileProblem;
use super::spool::{Spool, SpoolPart, SpoolRead};
use super::workbook::{self, WorkbookLimits, is_workbook};
use crate::domain::delimited::{DelimitedError, RecordLimits, SAMPLE_BYTES};
use crate::domain::encoding::{EncodingGuess, EncodingScan, TextEncoding, Transcoder};
use crate::domain::id::UploadId;

const BLOCK_BYTES: usize = 256 << 10;
/// Rows of a sheet that are looked at before an import.
const SAMPLE_SHEET_ROWS: u64 = 1_000;
const MAGIC_BYTES: usize = 512;

/// A file that can be opened again and again.
pub trait Source {
    /// # Errors
    /// It is gone or cannot be read.
    fn open(&self) -> io::Result<Box<dyn SpoolRead>>;
}

/// An upload, as it was sent.
pub struct SentFile<'s> {
    pub spool: &'s dyn Spool,
    pub upload: UploadId,
}

impl Source for SentFile<'_> {
    fn open(&self) -> io::Result<Box<dyn SpoolRead>> {
        self.spool.read(self.upload, SpoolPart::Sent)
    }
}

/// A file on this machine.
pub struct LocalFile(pub PathBuf);

impl Source for LocalFile {
    fn open(&self) -> io::Result<Box<dyn SpoolRead>> {
        let file = File::open(&self.0)?;
        // A folder opens like a file and fails later with a worse word.
        if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(Box::new(file)) }
    }
}

/// How the bytes of a file become text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// They are text: UTF-8.
    Plain,
    Encoded(EncodingGuess),
    /// The sheet of this name.
    Workbook(String),
}

impl Form {
    /// What the text is kept under beside the file; `None` where the file is its own text.
    pub fn part(&self) -> SpoolPart {
        let name = match self {
            Self::Plain => return SpoolPart::Sent,
            Self::Encoded(guess) => format!("text {} {}", guess.encoding.name(), guess.strays > 0),
            Self::Workbook(sheet) => format!("sheet {sheet}"),
        };
        let hash = blake3::hash(name.as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&hash.as_bytes()[..8]);
        SpoolPart::Text(u64::from_be_bytes(number))
    }

    /// WHATWG name of the encoding; a workbook has its own, which nobody chooses.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Encoded(guess) => guess.encoding.name(),
            Self::Plain | Self::Workbook(_) => TextEncoding::UTF_8.name(),
        }
    }
}

/// A file looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub form: Form,
    /// The sheets of a workbook, hidden ones too.
    pub sheets: Vec<String>,
    /// The beginning of the text.
    pub head: Vec<u8>,
    /// Whether the head is all of it.
    pub is_whole: bool,
    /// Cells of the head that hold an error such as `#N/A`; they are empty.
    pub error_cells: u64,
}

impl Opened {
    /// Text that is at hand as it is.
    pub fn text(text: &[u8]) -> Self {
        Self { form: Form::Plain, sheets: Vec::new(), head: text.to_vec(), is_whole: true, error_cells: 0 }
    }

    /// The line of the first byte that is not what the rest of the text is, and how many there are.
    pub fn strays(&self) -> Option<(u64, u64)> {
        match &self.form {
            Form::Encoded(guess) => Some((guess.first_stray_line?, guess.strays)),
            _ => None,
        }
    }
}

/// Looks at a file. Text is read from end to end, to know its encoding.
///
/// # Errors
/// The file is of no kind that holds a table, or the choice does not fit it.
pub fn open(source: &dyn Source, choice: &LayoutChoice) -> Result<Opened, FileProblem> {
    let mut file = source.open().map_err(unreadable)?;
    let mut magic = Vec::new();
    file.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut magic).map_err(unreadable)?;
    if magic.is_empty() {
        return Err(FileProblem::empty());
    }
    if is_workbook(&magic) {
        return open_workbook(source, choice);
    }
    if let Some(kind) = foreign_kind(&magic) {
        return Err(FileProblem::foreign(kind));
    }
    if choice.sheet.is_some() {
        return Err(FileProblem::option("a sheet was named, and the file is no workbook"));
    }
    let guess = match choice.encoding.as_deref().filter(|name| !name.trim().is_empty()) {
        Some(name) => {
            EncodingGuess::of(TextEncoding::from_label(name).ok_or_else(|| FileProblem::encoding(name))?)
        }
        None => scan(source)?,
    };
    let form = if guess.is_plain_utf8() { Form::Plain } else { Form::Encoded(guess) };
    let (head, is_whole) = match &form {
        Form::Encoded(guess) => {
            let mut text = Transcoding::new(source.open().map_err(unreadable)?, guess);
            head_of(&mut text)
        }
        _ => head_of(&mut source.open().map_err(unreadable)?),
    }
    .map_err(unreadable)?;
    let has_line_end = head.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    if !is_whole && !has_line_end {
        let limit = RecordLimits::default().max_record_bytes;
        return Err(DelimitedError::RecordTooLong { line: 1, column: 1, offset: 0, limit }.into());
    }
    Ok(Opened { form, sheets: Vec::new(), head, is_whole, error_cells: 0 })
}

fn open_workbook(source: &dyn Source, choice: &LayoutChoice) -> Result<Opened, FileProblem> {
    let mut file = source.open().map_err(unreadable)?;
    let limits = WorkbookLimits::default();
    let sheets = workbook::sheets(&mut file, &limits)?;
    let mut head = Vec::new();
    let asked = choice.sheet.as_deref();
    let written = workbook::write_csv(&mut file, asked, &limits, &mut head, Some(SAMPLE_SHEET_ROWS))?;
    Ok(Opened {
        form: Form::Workbook(written.sheet),
        sheets: sheets.into_iter().map(|sheet| sheet.name).collect(),
        head,
        is_whole: !written.is_cut,
        error_cells: written.error_cells,
    })
}

/// The encoding of a text, from all of its bytes.
fn scan(source: &dyn Source) -> Result<EncodingGuess, FileProblem> {
    let (mut file, mut scan) = (source.open().map_err(unreadable)?, EncodingScan::default());
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match file.read(&mut block).map_err(unreadable)? {
            0 => return Ok(scan.finish()),
            read => scan.feed(&block[..read]),
        }
    }
}

/// Enough of a text to lay it out, and whether that is all of it: more where the first line is very long.
fn head_of(text: &mut dyn Read) -> io::Result<(Vec<u8>, bool)> {
    let longest = RecordLimits::default().max_record_bytes;
    let mut head = Vec::new();
    for most in [SAMPLE_BYTES, longest] {
        text.take((most + 1 - head.len()) as u64).read_to_end(&mut head)?;
        if head.len() <= most {
            return Ok((head, true));
        }
        if head[..most].iter().any(|byte| matches!(byte, b'\n' | b'\r')) || most == longest {
            head.truncate(most);
            return Ok((head, false));
        }
    }
    Ok((head, false))
}

/// Writes the text of a file that is no plain text.
///
/// # Errors
/// The file cannot be read as what it is, or there is no room for its text.
pub fn write_text(source: &dyn Source, form: &Form, out: &mut dyn Write) -> Result<(), FileProblem> {
    let file = source.open().map_err(unreadable)?;
    match form {
        Form::Plain => copy(&mut { file }, out)?,
        Form::Encoded(guess) => copy(&mut Transcoding::new(file, guess), out)?,
        Form::Workbook(sheet) => {
            workbook::write_csv(&mut { file }, Some(sheet), &WorkbookLimits::default(), out, None)?;
        }
    }
    out.flush().map_err(|error| FileProblem::unwritable(&error))
}

fn copy(text: &mut dyn Read, out: &mut dyn Write) -> Result<(), FileProblem> {
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match text.read(&mut block).map_err(unreadable)? {
            0 => return Ok(()),
            read => out.write_all(&block[..read]).map_err(|error| FileProblem::unwritable(&error))?,
        }
    }
}

/// A reader of UTF-8 over a reader of something else.
struct Transcoding {
    file: Box<dyn SpoolRead>,
    transcoder: Transcoder,
    block: Vec<u8>,
    text: String,
    /// Bytes of `text` that were given out.
    given: usize,
    at_end: bool,
}

impl Transcoding {
    fn new(file: Box<dyn SpoolRead>, guess: &EncodingGuess) -> Self {
        let transcoder = Transcoder::new(guess);
        Self { file, transcoder, block: vec![0; BLOCK_BYTES], text: String::new(), given: 0, at_end: false }
    }
}

impl Read for Transcoding {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.at_end {
            let read = self.file.read(&mut self.block)?;
            self.at_end = read == 0;
            self.text.clear();
            self.given = 0;
            self.transcoder.push(&self.block[..read], self.at_end, &mut self.text);
        }
        let left = &self.text.as_bytes()[self.given..];
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

/// The kind of a file that is certainly no table, by its first bytes.
fn foreign_kind(magic: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 16] = [
        (b"%PDF-", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"\x1f\x8b", "compressed with gzip; unpack it first"),
        (b"BZh", "compressed with bzip2; unpack it first"),
        (b"\xfd7zXZ\0", "compressed with xz; unpack it first"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
        (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"PAR1", "a Parquet file"),
        (b"\x7fELF", "a program"),
        (b"MZ\x90\0", "a program"),
        (b"{\\rtf", "an RTF document"),
        (b"<!DOCTYPE html", "a web page; save the table as .csv or .xlsx"),
    ];
    KINDS.iter().find(|(start, _)| magic.starts_with(start)).map(|(_, kind)| *kind)
}

fn unreadable(error: io::Error) -> FileProblem {
    FileProblem::unreadable(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Vec<u8>);

    impl Source for Bytes {
        fn open(&self) -> io::Result<Box<dyn SpoolRead>> {
            Ok(Box::new(io::Cursor::new(self.0.clone())))
        }
    }

    fn opened(bytes: &[u8]) -> Result<Opened, FileProblem> {
        open(&Bytes(bytes.to_vec()), &LayoutChoice::default())
    }

    #[test]
    fn text_in_any_encoding_has_the_same_head_and_the_same_text() {
        let text = "Name;Stadt\nJürgen;Köln\nZoë;Genève\n".repeat(9_000);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (plain, wide) = (opened(text.as_bytes()).expect("text"), opened(&utf16).expect("text"));
        assert_eq!(plain.form, Form::Plain);
        assert_eq!(wide.form.encoding(), "utf-16le");
        assert_eq!((plain.head, plain.is_whole), (wide.head, wide.is_whole));
        let mut written = Vec::new();
        write_text(&Bytes(utf16), &wide.form, &mut written).expect("written");
        assert_eq!(String::from_utf8(written).expect("UTF-8"), text);
    }

    #[test]
    fn what_is_no_table_is_told_by_name() {
        for (bytes, word) in [
            (&b"%PDF-1.7\n%\xe2\xe3"[..], "PDF"),
            (b"\x1f\x8b\x08\0\0\0", "gzip"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        ] {
            let problem = opened(bytes).expect_err("refused");
            assert_eq!((problem.code, problem.reason), ("INVALID_CSV", "NOT_TEXT"));
            assert!(problem.detail.contains(word), "{}", problem.detail);
        }
        assert_eq!(opened(b"").expect_err("refused").reason, "EMPTY_FILE");
    }

    #[test]
    fn a_first_line_that_is_very_long_is_read_further_and_not_for_ever() {
        let long = format!("name,note\nAda,{}\n", "x".repeat(200_000));
        assert!(!opened(long.as_bytes()).expect("text").is_whole);
        let longer = format!("name,{}\nAda,x\n", "n".repeat(200_000));
        let head = opened(longer.as_bytes()).expect("text");
        assert!(head.is_whole && head.head.ends_with(b"Ada,x\n"));
        let endless = opened(&vec![b'a'; 3 << 20]).expect_err("refused");
        assert_eq!((endless.reason, endless.line, endless.column), ("RECORD_TOO_LONG", Some(1), Some(1)));
    }

    #[test]
    fn an_encoding_is_believed_when_it_is_said() {
        let choice = LayoutChoice { encoding: Some("latin1".to_owned()), ..LayoutChoice::default() };
        let told = open(&Bytes("Zoë\n".as_bytes().to_vec()), &choice).expect("text");
        assert_eq!(String::from_utf8(told.head).expect("UTF-8"), "ZoÃ«\n");
        let choice = LayoutChoice { encoding: Some("klingon".to_owned()), ..LayoutChoice::default() };
        let refused = open(&Bytes(b"a\n".to_vec()), &choice).expect_err("refused");
        assert_eq!(refused.reason, "UNSUPPORTED_ENCODING");
    }

    #[test]
    fn readings_have_names_of_their_own() {
        let form = |label: &str| Form::Encoded(EncodingGuess::of(TextEncoding::from_label(label).expect("a label")));
        assert_eq!(Form::Plain.part(), SpoolPart::Sent);
        assert_ne!(form("latin1").part(), form("latin2").part());
        assert_ne!(Form::Workbook("A".to_owned()).part(), Form::Workbook("B".to_owned()).part());
        assert_eq!(form("latin1").part(), form("cp1252").part());
    }
}
