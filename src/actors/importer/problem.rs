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
        Self { line: Some(1), ..Self::invalid("EMPTY_FILE", "the file is empty") }
    }

    pub fn no_rows(line: u64) -> Self {
        Self { line: Some(line), ..Self::invalid("NO_ROWS", "the file has a header and no rows below it") }
    }

    pub fn binary(line: u64) -> Self {
        let detail = format!("line {line} holds a NUL byte: this is no text file in UTF-8");
        Self { line: Some(line), ..Self::invalid("NOT_TEXT", detail) }
    }

    pub fn encoding(name: &str) -> Self {
        Self::invalid("UNSUPPORTED_ENCODING", format!("files in {name} cannot be read; save the file as UTF-8"))
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
        let column = match &error {
            DelimitedError::InvalidUtf8 { column, .. } => Some(*column as u64),
            _ => None,
        };
        let hint = match &error {
            DelimitedError::RecordTooLong { .. } => ", which is what import.max_record_bytes allows",
            DelimitedError::InvalidUtf8 { .. } => "; save the file as UTF-8",
            _ => "",
        };
        let detail = format!("{error}{hint}");
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
