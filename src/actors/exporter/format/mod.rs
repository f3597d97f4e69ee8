//! The forms a file can have. A new one is one more implementation of [`Format`].

mod csv;
mod json;
mod sheet;
mod sheet_text;
mod widths;
mod workbook;

use std::io::{self, Write};
use std::path::Path;

use self::csv::Csv;
use self::json::Json;
use self::workbook::Workbook;
use crate::domain::export::Column;
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::records::export::{ExportFormat, ExportSpec};

/// Takes the rows of a table one by one.
pub(super) trait Format {
    /// Once, before the first row.
    fn begin(&mut self, columns: &[Column]) -> Result<(), FormatError>;
    fn row(&mut self, id: LeadId, lead: &Lead, original: &[(String, String)]) -> Result<(), FormatError>;
    /// Once, behind the last row.
    fn end(&mut self) -> Result<(), FormatError>;
}

/// Why a form cannot hold a table.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error("the file cannot be written: {0}")]
    File(#[from] io::Error),
    #[error("a sheet takes {most} columns, the export has {columns}: choose fields, or export as CSV or JSON")]
    TooManyColumns { columns: usize, most: usize },
    #[error("the workbook cannot be written: {0}")]
    Workbook(String),
}

/// Where a form may put what it cannot keep in memory, and when the export was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'p> {
    pub folder: &'p Path,
    pub asked_at: Time,
}

/// # Errors
/// Nothing can be put into the folder.
pub(super) fn format<'w>(
    spec: &ExportSpec,
    around: Surroundings<'_>,
    out: impl Write + Send + 'w,
) -> Result<Box<dyn Format + 'w>, FormatError> {
    Ok(match spec.format {
        ExportFormat::Csv => Box::new(Csv::new(out, spec.preset)),
        ExportFormat::Json => Box::new(Json::array(out)),
        ExportFormat::Ndjson => Box::new(Json::lines(out)),
        ExportFormat::Xlsx => Box::new(Workbook::new(out, around)?),
    })
}
