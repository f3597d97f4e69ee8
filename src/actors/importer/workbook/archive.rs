//! The archive a workbook is: its parts by name, sizes checked before anything is unpacked and counted while it is.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufReader, Read, SeekFrom};

use zip::ZipReadOptions;
use zip::read::{OwnedZipFileEntry, ZipArchive};
use zip::result::ZipError;

use super::book::BookSheet;
use super::error::WorkbookError;
use super::meter::{Budget, Metered};
use super::xml::Xml;
use super::{Source, WorkbookLimits, compound};

/// Parts smaller than this may be packed as tightly as they like.
const RATIO_MATTERS_FROM: u64 = 32 << 20;
/// Parts of a workbook have short names; what has a longer one is nothing we read.
const LONGEST_NAME: usize = 512;
/// Parts that are held in memory: the list of sheets, the relationships, the formats.
const LARGEST_SMALL_PART: u64 = 32 << 20;

/// Bytes that are read to find and read the directory of the archive. An entry takes 46 of them and some hundred in
/// memory.
const LARGEST_DIRECTORY: u64 = 8 << 20;

const ZIP_MAGIC: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];

/// Whether a file that begins so is for this module: an archive as `.xlsx` is, or the container of older formats and of
/// workbooks with a password, which only get a clear error.
pub fn is_workbook(first_bytes: &[u8]) -> bool {
    ZIP_MAGIC.iter().any(|magic| first_bytes.starts_with(magic)) || first_bytes.starts_with(&compound::MAGIC)
}

pub struct Archive<'f> {
    file: &'f mut dyn Source,
    /// By name in lower case with slashes: what Windows programs write is found too.
    parts: HashMap<String, OwnedZipFileEntry>,
    limits: WorkbookLimits,
}

/// A part being unpacked.
pub type Part<'a> = Metered<BufReader<Box<dyn Read + 'a>>>;

impl<'f> Archive<'f> {
    /// Reads the directory of the archive and nothing else of it.
    ///
    /// # Errors
    /// It is no archive, is damaged, or declares more than the limits allow.
    pub fn open(file: &'f mut dyn Source, limits: &WorkbookLimits) -> Result<Self, WorkbookError> {
        refuse_other_kinds(file)?;
        let is_spent = Cell::new(false);
        let budget = Budget::new(&mut *file, LARGEST_DIRECTORY, &is_spent);
        let directory = match ZipArchive::new(budget) {
            Err(_) if is_spent.get() => {
                let reason = format!("the directory of its archive is larger than {LARGEST_DIRECTORY} bytes");
                return Err(WorkbookError::too_large("", reason));
            }
            directory => directory.map_err(|error| unzipped("", error))?,
        };
        if directory.len() > limits.max_entries {
            let reason =
                format!("its archive has {} entries, at most {} are read", directory.len(), limits.max_entries);
            return Err(WorkbookError::too_large("", reason));
        }
        if directory.has_duplicate_names() {
            return Err(WorkbookError::damaged("", "its archive holds a part twice"));
        }
        let (mut parts, mut unpacked) = (HashMap::new(), 0_u64);
        for place in 0..directory.len() {
            let entry = directory.by_index_data(place).map_err(|error| unzipped("", error))?;
            let name = plain_name(entry.name_raw());
            let (size, packed) = (entry.size(), entry.compressed_size());
            unpacked = unpacked.saturating_add(size);
            if unpacked > limits.max_unpacked_bytes {
                let reason = format!("it unpacks to more than {} bytes", limits.max_unpacked_bytes);
                return Err(WorkbookError::too_large("", reason));
            }
            if size > RATIO_MATTERS_FROM && size / packed.max(1) > limits.max_ratio {
                let reason = format!("{packed} bytes unpack to {size}, more than {} times as many", limits.max_ratio);
                return Err(WorkbookError::too_large(&name, reason));
            }
            if name.len() > LONGEST_NAME || name.ends_with('/') {
                continue;
            }
            if parts.insert(name.clone(), entry.into()).is_some() {
                return Err(WorkbookError::damaged(&name, "the archive holds this part twice"));
            }
        }
        drop(directory);
        let archive = Self { file, parts, limits: limits.clone() };
        match archive.other_kind() {
            Some(error) => Err(error),
            None => Ok(archive),
        }
    }

    pub fn limits(&self) -> &WorkbookLimits {
        &self.limits
    }

    pub fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&plain_name(name.as_bytes()))
    }

    /// A part that is held in memory as a whole; `None` where there is none of this name.
    ///
    /// # Errors
    /// It is too large for that, or its head is damaged.
    pub fn small_part(&mut self, name: &str) -> Result<Option<Xml<'_>>, WorkbookError> {
        let size = self.parts.get(&plain_name(name.as_bytes())).map_or(0, OwnedZipFileEntry::size);
        if size > LARGEST_SMALL_PART {
            return Err(WorkbookError::too_large(name, format!("this part unpacks to {size} bytes")));
        }
        self.part(name)
    }

    /// A part of any size that the limits allow; `None` where there is none of this name.
    ///
    /// # Errors
    /// Its head is damaged, or it is packed in a way that is not read.
    pub fn part(&mut self, name: &str) -> Result<Option<Xml<'_>>, WorkbookError> {
        let Some(entry) = self.parts.get(&plain_name(name.as_bytes())) else { return Ok(None) };
        if entry.encrypted() {
            return Err(WorkbookError::Encrypted);
        }
        let reader = entry.as_ref().with_reader(&mut self.file, ZipReadOptions::new());
        let reader = reader.map_err(|error| unzipped(name, error))?;
        let reader: Box<dyn Read + '_> = Box::new(reader);
        Ok(Some(Xml::new(name, Metered::new(BufReader::with_capacity(64 << 10, reader)))))
    }

    /// The cells of a sheet.
    ///
    /// # Errors
    /// The archive does not hold what its list of sheets names.
    pub fn sheet(&mut self, sheet: &BookSheet) -> Result<Xml<'_>, WorkbookError> {
        let missing =
            || WorkbookError::damaged(&sheet.part, format!("the part with sheet {:?} is missing", sheet.name));
        self.part(&sheet.part)?.ok_or_else(missing)
    }

    /// What an archive without the parts of an `.xlsx` file is.
    fn other_kind(&self) -> Option<WorkbookError> {
        let has_sheets = self.has("xl/workbook.xml");
        let unsupported = |what| Some(WorkbookError::Unsupported { what });
        if has_sheets {
            None
        } else if self.has("xl/workbook.bin") {
            unsupported("a binary workbook (.xlsb)")
        } else if self.has("content.xml") {
            unsupported("an OpenDocument file (.ods)")
        } else if self.has("index.zip") || self.parts.keys().any(|name| name.ends_with(".iwa")) {
            unsupported("a document of Apple Numbers (.numbers)")
        } else if self.has("word/document.xml") {
            Some(WorkbookError::NotAWorkbook { found: "a text document (.docx)" })
        } else if self.has("ppt/presentation.xml") {
            Some(WorkbookError::NotAWorkbook { found: "a presentation (.pptx)" })
        } else if self.has("_rels/.rels") {
            None
        } else {
            Some(WorkbookError::NotAWorkbook { found: "a zip archive" })
        }
    }
}

/// A part's name as it is looked up.
fn plain_name(raw: &[u8]) -> String {
    let name = String::from_utf8_lossy(raw).replace('\\', "/").to_ascii_lowercase();
    name.trim_start_matches('/').to_owned()
}

fn refuse_other_kinds(file: &mut dyn Source) -> Result<(), WorkbookError> {
    file.seek(SeekFrom::Start(0)).map_err(WorkbookError::Unreadable)?;
    let mut head = Vec::with_capacity(8);
    Read::take(&mut *file, 8).read_to_end(&mut head).map_err(WorkbookError::Unreadable)?;
    if head.starts_with(&compound::MAGIC) {
        return Err(compound::refusal(file));
    }
    if is_workbook(&head) {
        Ok(())
    } else {
        Err(WorkbookError::NotAWorkbook { found: "no archive as .xlsx files are" })
    }
}

fn unzipped(part: &str, error: ZipError) -> WorkbookError {
    match error {
        ZipError::Io(error) => unread(part, error),
        ZipError::InvalidPassword | ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            WorkbookError::Encrypted
        }
        error => WorkbookError::damaged(part, error.to_string()),
    }
}

/// Bytes that are wrong are damage; a disk that fails is not.
pub fn unread(part: &str, error: io::Error) -> WorkbookError {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    match error.kind() {
        // The archive's reader counts what it unpacks, and has no other mark for a size that was a lie.
        InvalidData if error.to_string().contains("declared uncompressed size") => {
            WorkbookError::too_large(part, "more is packed in it than the archive says")
        }
        UnexpectedEof => WorkbookError::damaged(part, "it ends too early"),
        InvalidData | InvalidInput | Other => WorkbookError::damaged(part, error.to_string()),
        _ => WorkbookError::Unreadable(error),
    }
}
