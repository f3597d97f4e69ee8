//! Before an import starts: the spooled file is laid out, planned and looked over from end to end, so that what starts
//! can be read and a broken file writes nothing.

use std::io;

use super::columns::{decide, to_remember};
use super::layout::{Layout, layout};
use super::memory::MappingMemory;
use super::plan::{ImportChoice, PlanDefaults, plan};
use super::problem::FileProblem;
use super::records::{Records, Survey, survey};
use super::sample::Sampled;
use super::source::{Form, SentFile, open, write_text};
use super::spool::{Spool, SpoolPart};
use crate::config::Config;
use crate::domain::id::UploadId;
use crate::store::records::import::ImportPlan;
use crate::store::records::import_edits::ImportEdits;
use crate::store::transactions::mapping_memory::Remember;

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
    pub edits: ImportEdits,
    /// What the import leaves in the mapping memory.
    pub remember: Option<Remember>,
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
    memory: &dyn MappingMemory,
) -> Result<Inspected, FileProblem> {
    let opened = open(&SentFile { spool, upload }, &choice.layout)?;
    let layout = layout(&opened, &choice.layout)?;
    // Where the sample cannot be read, the survey says why.
    let rows = Sampled::read(&layout, &opened).map(Sampled::into_cells).unwrap_or_default();
    let decision = decide(&layout, &rows, choice, memory)?;
    let plan = plan(&layout, &decision.mapping, choice, &limits.defaults)?;
    make_text(spool, upload, &opened.form)?;
    let mut records = Records::of(spool, upload, &plan, layout.data)?;
    let survey = survey(&mut records, layout.headers.len(), limits.max_rows)?;
    if choice.edits.last_row() > survey.rows {
        return Err(FileProblem::no_such_row(choice.edits.last_row(), survey.rows));
    }
    let remember = to_remember(&layout, choice, &plan.columns);
    Ok(Inspected { layout, plan, survey, edits: choice.edits.clone(), remember })
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
