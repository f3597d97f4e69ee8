//! Before an import starts: the spooled file is laid out, planned and looked over from end to end, so that what starts
//! can be read and a broken file writes nothing.

use std::io;

use super::layout::{Layout, layout};
use super::plan::{ImportChoice, PlanDefaults, plan};
use super::problem::FileProblem;
use super::records::{Records, Survey, survey};
use super::source::{Form, SentFile, open, write_text};
use super::spool::{Spool, SpoolPart};
use crate::config::Config;
use crate::domain::id::UploadId;
use crate::store::records::import::ImportPlan;

/// How much a file may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeLimits {
    pub max_bytes: u64,
    pub max_rows: u64,
    pub defaults: PlanDefaults,
}

impl IntakeLimits {
    /// For what comes over HTTP.
    pub fn of(config: &Config) -> Self {
        let import = &config.import;
        Self {
            max_bytes: import.max_file_bytes.0,
            max_rows: import.max_rows,
            defaults: PlanDefaults { region: import.region.clone(), max_record_bytes: import.max_record_bytes.0 },
        }
    }

    /// For the operator on the box, who has none (design 1).
    #[must_use]
    pub fn unlimited(self) -> Self {
        Self { max_bytes: u64::MAX, max_rows: u64::MAX, ..self }
    }
}

/// A file that can be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    pub layout: Layout,
    pub plan: ImportPlan,
    pub survey: Survey,
}

/// Looks a complete upload over. Reads the whole file: not on an async thread.
///
/// # Errors
/// What is wrong with the file or the choice, and where.
pub fn inspect(
    spool: &dyn Spool,
    upload: UploadId,
    choice: &ImportChoice,
    limits: &IntakeLimits,
) -> Result<Inspected, FileProblem> {
    let opened = open(&SentFile { spool, upload }, &choice.layout)?;
    let layout = layout(&opened, &choice.layout)?;
    let plan = plan(&layout, choice, &limits.defaults)?;
    make_text(spool, upload, &opened.form)?;
    let mut records = Records::of(spool, upload, &plan, layout.data)?;
    let survey = survey(&mut records, layout.headers.len(), limits.max_rows)?;
    Ok(Inspected { layout, plan, survey })
}

/// Makes the text of a file that is none, unless it is there.
fn make_text(spool: &dyn Spool, upload: UploadId, form: &Form) -> Result<(), FileProblem> {
    let part = form.part();
    if part == SpoolPart::Sent || spool.read(upload, part).is_ok() {
        return Ok(());
    }
    let unwritable = |error: io::Error| FileProblem::unwritable(&error);
    let mut text = match spool.write(upload, part, 0) {
        // Another request makes the same text at this moment.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Err(FileProblem::busy()),
        text => text.map_err(unwritable)?,
    };
    write_text(&SentFile { spool, upload }, form, &mut text)?;
    text.finish().map_err(unwritable)
}
