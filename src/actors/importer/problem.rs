//! Why a file as a whole cannot be imported: a code, a sentence, and where to look.

use crate::domain::delimited::DelimitedError;
use crate::domain::row::MappingError;
use crate::store::records::import::ImportProblem;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct FileProblem {
    /// From the table of error codes: `INVALID_CSV`, `FILE_TOO_LARGE`, `VALIDATION_FAILED`.
    pub code: &'static str,
    /// What exactly, for programs.
    pub reason: &'static str,
    pub detail: String,
    /// From 1.
    pub line: Option<u64>,
    /// From 1.
    pub column: Option<u64>,
}

impl FileProblem {
    fn invalid(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { code: "INVALID_CSV", reason, detail: detail.into(), line: None, column: None }
    }

    pub fn empty() -> Self {
        Self { line: Some(1), column: Some(1), ..Self::invalid("EMPTY_FILE", "the file is empty") }
    }

    pub fn no_rows(line: u64) -> Self {
        Self { line: Some(line), ..Self::invalid("NO_ROWS", "the file has a header and no rows below it") }
    }

    pub fn binary(line: u64, column: u64) -> Self {
        let detail = format!("line {line}, column {column} holds a NUL byte: this is no text, or a damaged one");
        Self { line: Some(line), column: Some(column), ..Self::invalid("NOT_TEXT", detail) }
    }

    /// `kind` as in "the file is …".
    pub fn foreign(kind: &str) -> Self {
        Self { line: Some(1), column: Some(1), ..Self::invalid("NOT_TEXT", format!("the file is {kind}")) }
    }

    pub fn encoding(name: &str) -> Self {
        let detail = format!("\"{name}\" is no encoding that can be read; name one such as utf-8 or windows-1252");
        Self { code: "VALIDATION_FAILED", ..Self::invalid("UNSUPPORTED_ENCODING", detail) }
    }

    pub fn no_such_header(number: u64, records: u64) -> Self {
        let detail = format!("headerRow is {number}, and the beginning of the file has {records} records");
        Self { code: "VALIDATION_FAILED", ..Self::invalid("NO_SUCH_HEADER", detail) }
    }

    pub fn too_many_rows(limit: u64, line: u64) -> Self {
        let detail = format!("the file has more than {limit} rows, which is what import.max_rows allows");
        Self { code: "FILE_TOO_LARGE", line: Some(line), ..Self::invalid("TOO_MANY_ROWS", detail) }
    }

    pub fn too_large(limit: u64) -> Self {
        let detail = format!("the file is larger than {limit} bytes, which is what import.max_file_bytes allows");
        Self { code: "FILE_TOO_LARGE", ..Self::invalid("TOO_MANY_BYTES", detail) }
    }

    pub fn unreadable(error: &std::io::Error) -> Self {
        Self::invalid("UNREADABLE", format!("the spooled file cannot be read: {error}"))
    }

    pub fn busy() -> Self {
        let detail = "the file is being read for another request; try again in a moment";
        Self { code: "CONFLICT", ..Self::invalid("BUSY", detail) }
    }

    /// The text of a file could not be kept.
    pub fn unwritable(error: &std::io::Error) -> Self {
        Self::invalid("UNWRITABLE", format!("the text of the file could not be written: {error}"))
    }

    /// The memory of mappings cannot be read: our fault, not the file's.
    pub fn memory(error: &crate::store::StoreError) -> Self {
        let detail = format!("what is remembered of such files cannot be read: {error}");
        Self { code: "INTERNAL", ..Self::invalid("MEMORY", detail) }
    }

    /// An edit of a row that the file does not have.
    pub fn no_such_row(row: u64, rows: u64) -> Self {
        let detail = format!("row {row} is corrected or dropped, and the file has {rows} rows");
        Self { code: "VALIDATION_FAILED", ..Self::invalid("NO_SUCH_ROW", detail) }
    }

    pub fn option(detail: impl Into<String>) -> Self {
        Self { code: "VALIDATION_FAILED", ..Self::invalid("INVALID_OPTION", detail) }
    }
}

impl From<DelimitedError> for FileProblem {
    fn from(error: DelimitedError) -> Self {
        let hint = match &error {
            DelimitedError::RecordTooLong { .. } => ", which is what import.max_record_bytes allows",
            DelimitedError::InvalidUtf8 { .. } => "; leave the encoding to be found out, or name it",
            DelimitedError::UnterminatedQuote { .. } => "; close it, or say that the file has no quotes",
            _ => "",
        };
        let detail = format!("{error}{hint}");
        let column = Some(error.column() as u64);
        Self { line: Some(error.line()), column, ..Self::invalid(error.code(), detail) }
    }
}

impl From<MappingError> for FileProblem {
    fn from(error: MappingError) -> Self {
        let reason = match error {
            MappingError::UnknownColumn { .. } => "UNKNOWN_COLUMN",
            MappingError::UnknownField { .. } => "UNKNOWN_FIELD",
            MappingError::FieldTwice { .. } => "FIELD_TWICE",
        };
        Self { code: "INVALID_COLUMN_MAPPING", ..Self::invalid(reason, error.to_string()) }
    }
}

impl From<FileProblem> for ImportProblem {
    fn from(problem: FileProblem) -> Self {
        Self { code: problem.code.to_owned(), detail: problem.detail, line: problem.line, column: problem.column }
    }
}
