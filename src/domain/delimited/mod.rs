//! Delimited text (CSV and its relatives) as a stream of records with exact byte offsets.
//!
//! `reader` turns bytes that arrive in any pieces into records and can start at the offset of any of them; `detect`
//! guesses the dialect and the header record from the first bytes. Bytes are UTF-8 here: other encodings are
//! transcoded before. Nothing in this module knows what a lead is.

mod detect;
mod error;
mod mend;
mod position;
mod reader;
mod record;

pub use detect::{Detection, HeaderRecord, SAMPLE_BYTES, begins_as_an_export, detect, detect_in};
pub use error::DelimitedError;
pub use mend::Mend;
pub use position::Position;
pub use reader::{Advance, RecordReader};
pub use record::Record;

/// How the fields and records of a file are told apart. Records end with LF, CR or CRLF, mixed as they may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// An ASCII character; `None` where every line is one field.
    pub delimiter: Option<u8>,
    /// Encloses fields that hold a delimiter or a line break, doubled within them; `None` where quotes mean nothing.
    pub quote: Option<u8>,
    /// Makes the next character of a quoted field plain, beside doubling.
    pub escape: Option<u8>,
}

impl Dialect {
    /// RFC 4180 with another delimiter.
    pub const fn with_delimiter(delimiter: u8) -> Self {
        Self { delimiter: Some(delimiter), quote: Some(b'"'), escape: None }
    }
}

impl Default for Dialect {
    /// RFC 4180.
    fn default() -> Self {
        Self::with_delimiter(b',')
    }
}

/// What one record may be at most; more is an error, so that a hostile file cannot fill the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLimits {
    /// Bytes of the record in the file, with quotes and line end.
    pub max_record_bytes: usize,
    pub max_columns: usize,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self { max_record_bytes: 1 << 20, max_columns: 4_096 }
    }
}
