//! Why a workbook cannot be read: each way has a stable code, and a place where there is one.

use std::fmt;
use std::io;

use crate::actors::importer::problem::FileProblem;

/// A cell or a row of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub sheet: String,
    /// From 1.
    pub row: u64,
    /// From 1; 0 is the row as a whole.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "sheet {:?}, row {}", self.sheet, self.row)?;
        if self.column > 0 {
            write!(out, ", column {}", self.column)?;
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    #[error("the file is {found}, not a workbook; save the table as .xlsx or .csv")]
    NotAWorkbook { found: &'static str },
    #[error("the workbook is protected with a password; save it without one")]
    Encrypted,
    #[error("{what} cannot be read; save it as .xlsx or .csv")]
    Unsupported { what: &'static str },
    #[error("the workbook is damaged{}: {reason}", shown(part, place.as_ref()))]
    Damaged { part: String, place: Option<Place>, reason: String },
    #[error("the workbook is too large{}: {reason}", shown(part, place.as_ref()))]
    TooLarge { part: String, place: Option<Place>, reason: String },
    #[error("the workbook has no sheet {asked:?}; it has {}", listed(sheets))]
    NoSuchSheet { asked: String, sheets: Vec<String> },
    #[error("nothing is written in {}", if sheets.is_empty() { "the workbook".to_owned() } else { listed(sheets) })]
    Empty { sheets: Vec<String> },
    #[error("the workbook cannot be read from its file: {0}")]
    Unreadable(io::Error),
    #[error("the text of the workbook cannot be written: {0}")]
    Unwritable(io::Error),
}

fn shown(part: &str, place: Option<&Place>) -> String {
    match place {
        Some(place) => format!(" ({place})"),
        None if part.is_empty() => String::new(),
        None => format!(" ({part})"),
    }
}

fn listed(sheets: &[String]) -> String {
    const SHOWN: usize = 20;
    let names: Vec<String> = sheets.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more = if sheets.len() > SHOWN { format!(" and {} more", sheets.len() - SHOWN) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

impl WorkbookError {
    pub(super) fn damaged(part: &str, reason: impl Into<String>) -> Self {
        Self::Damaged { part: part.to_owned(), place: None, reason: reason.into() }
    }

    pub(super) fn too_large(part: &str, reason: impl Into<String>) -> Self {
        Self::TooLarge { part: part.to_owned(), place: None, reason: reason.into() }
    }

    /// Says where, unless that is said already.
    pub(super) fn at(mut self, here: impl FnOnce() -> Place) -> Self {
        if let Self::Damaged { place: place @ None, .. } | Self::TooLarge { place: place @ None, .. } = &mut self {
            *place = Some(here());
        }
        self
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAWorkbook { .. } => "NOT_A_WORKBOOK",
            Self::Encrypted => "ENCRYPTED_WORKBOOK",
            Self::Unsupported { .. } => "UNSUPPORTED_WORKBOOK",
            Self::Damaged { .. } => "DAMAGED_WORKBOOK",
            Self::TooLarge { .. } => "WORKBOOK_TOO_LARGE",
            Self::NoSuchSheet { .. } => "NO_SUCH_SHEET",
            Self::Empty { .. } => "EMPTY_WORKBOOK",
            Self::Unreadable(_) => "UNREADABLE",
            Self::Unwritable(_) => "UNWRITABLE",
        }
    }

    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Damaged { place, .. } | Self::TooLarge { place, .. } => place.as_ref(),
            _ => None,
        }
    }
}

impl From<WorkbookError> for FileProblem {
    fn from(error: WorkbookError) -> Self {
        let code = match &error {
            WorkbookError::TooLarge { .. } => "FILE_TOO_LARGE",
            WorkbookError::NoSuchSheet { .. } => "VALIDATION_FAILED",
            _ => "INVALID_CSV",
        };
        let place = error.place();
        let line = place.map(|place| place.row);
        let column = place.map(|place| place.column).filter(|column| *column > 0);
        Self { code, reason: error.code(), detail: error.to_string(), line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_code_the_place_and_the_sentence() {
        let place = Place { sheet: "Leads".to_owned(), row: 7, column: 3 };
        let error = WorkbookError::damaged("xl/worksheets/sheet1.xml", "string 9 of 4").at(|| place);
        let problem = FileProblem::from(error);
        assert_eq!((problem.code, problem.reason), ("INVALID_CSV", "DAMAGED_WORKBOOK"));
        assert_eq!((problem.line, problem.column), (Some(7), Some(3)));
        assert_eq!(problem.detail, "the workbook is damaged (sheet \"Leads\", row 7, column 3): string 9 of 4");
        let sheets = vec!["A".to_owned(), "B".to_owned()];
        let problem = FileProblem::from(WorkbookError::NoSuchSheet { asked: "C".to_owned(), sheets });
        assert_eq!((problem.code, problem.reason), ("VALIDATION_FAILED", "NO_SUCH_SHEET"));
        assert_eq!(problem.detail, "the workbook has no sheet \"C\"; it has \"A\", \"B\"");
    }
}
