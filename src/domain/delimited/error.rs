//! Why a record cannot be read.

/// Lines count from 1, columns from 1, offsets are bytes from the start of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DelimitedError {
    /// The reader stops here: where the record ends is not known.
    #[error("the record that starts in line {line} is longer than {limit} bytes")]
    RecordTooLong { line: u64, column: usize, offset: u64, limit: usize },
    /// The reader stops here.
    #[error("the record that starts in line {line} has more than {limit} columns")]
    TooManyColumns { line: u64, offset: u64, limit: usize },
    /// The file ended inside a quoted field. `line` is where the quote opened, `offset` where its record starts.
    #[error("the quote that opens in line {line}, column {column} is never closed")]
    UnterminatedQuote { line: u64, column: usize, offset: u64 },
    /// The record was read and skipped; the reader goes on behind it.
    #[error("line {line}, column {column} is not UTF-8")]
    InvalidUtf8 { line: u64, column: usize, offset: u64 },
}

impl DelimitedError {
    /// The name of the error in the API and in reports.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RecordTooLong { .. } => "RECORD_TOO_LONG",
            Self::TooManyColumns { .. } => "TOO_MANY_COLUMNS",
            Self::UnterminatedQuote { .. } => "UNTERMINATED_QUOTE",
            Self::InvalidUtf8 { .. } => "INVALID_UTF8",
        }
    }

    /// The line to look at, from 1.
    pub const fn line(&self) -> u64 {
        match self {
            Self::RecordTooLong { line, .. }
            | Self::TooManyColumns { line, .. }
            | Self::UnterminatedQuote { line, .. }
            | Self::InvalidUtf8 { line, .. } => *line,
        }
    }

    /// The column to look at, from 1.
    pub const fn column(&self) -> usize {
        match self {
            Self::RecordTooLong { column, .. }
            | Self::UnterminatedQuote { column, .. }
            | Self::InvalidUtf8 { column, .. } => *column,
            Self::TooManyColumns { limit, .. } => *limit + 1,
        }
    }

    /// Where the record starts, in bytes from the start of the file.
    pub const fn offset(&self) -> u64 {
        match self {
            Self::RecordTooLong { offset, .. }
            | Self::TooManyColumns { offset, .. }
            | Self::UnterminatedQuote { offset, .. }
            | Self::InvalidUtf8 { offset, .. } => *offset,
        }
    }

    /// Whether the records behind this one can still be read.
    pub const fn is_recoverable(&self) -> bool {
        matches!(self, Self::InvalidUtf8 { .. })
    }
}
