//! Writing one file: from one view of the store, under a name that ends in `.part`, durable before it gets its own.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::format::{FormatError, Surroundings, format};
use super::halting::Halting;
use super::originals::OriginalRows;
use super::rows::Rows;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::export::{Column, default_columns};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::check::UNFINISHED;
use crate::store::records::export::{ExportFormat, ExportSpec};
use crate::store::{Refusal, Reject, StoreError, View, WorkspaceScope};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Reject(#[from] Reject),
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The house is stopping; the next start writes the file from its beginning.
    #[error("stopped before it was done")]
    Stopped,
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Format(error.into())
    }
}

impl From<Refusal> for WriteError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Reject(reject) => Self::Reject(reject),
            Refusal::Store(error) => Self::Store(error),
        }
    }
}

/// A file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub rows: u64,
    pub bytes: u64,
}

/// Where a file goes.
pub(super) struct Place {
    pub path: PathBuf,
    /// When the export was asked for.
    pub asked_at: Time,
    /// Different for every attempt: one that was given up may still be writing.
    pub attempt: u64,
}

/// Writes the file of `spec`, telling `progress` the rows. Blocks for as long as it takes.
///
/// # Errors
/// See [`WriteError`]; nothing stands under the file's name then.
pub(super) fn write(
    view: &View,
    scope: WorkspaceScope,
    spec: &ExportSpec,
    place: &Place,
    progress: &AtomicU64,
    halt: &CancellationToken,
) -> Result<Written, WriteError> {
    let (path, part) = (&place.path, place.part());
    place.clear()?;
    let around = Surroundings { folder: path.parent().unwrap_or(Path::new(".")), asked_at: place.asked_at };
    let written = write_part(view, scope, spec, around, &part, progress, halt);
    let result = written.and_then(|rows| {
        let bytes = fs::metadata(&part)?.len();
        fs::rename(&part, path)?;
        sync_folder(path)?;
        Ok(Written { rows, bytes })
    });
    if result.is_err()
        && let Err(error) = fs::remove_file(&part)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(%error, "a half written export was not removed; the Janitor does it");
    }
    result
}

impl Place {
    /// Removes what attempts left that were cut short. One that still goes on cannot finish then, and nobody waits for it.
    fn clear(&self) -> io::Result<()> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name().and_then(OsStr::to_str)) else {
            return Ok(());
        };
        let own = format!("{name}.");
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let is_left = entry.path().extension() == Some(OsStr::new(UNFINISHED))
                && entry.file_name().to_str().is_some_and(|file| file.starts_with(&own));
            if is_left
                && let Err(error) = fs::remove_file(entry.path())
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error);
            }
        }
        Ok(())
    }

    fn part(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{:016x}.{UNFINISHED}", self.attempt));
        PathBuf::from(name)
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write_part(
    view: &View,
    scope: WorkspaceScope,
    spec: &ExportSpec,
    around: Surroundings<'_>,
    part: &Path,
    progress: &AtomicU64,
    halt: &CancellationToken,
) -> Result<u64, WriteError> {
    let rows = Rows::of(view, scope, &spec.selection)?;
    let mut originals = OriginalRows::new(view, scope);
    let columns = columns(&rows, &mut originals, spec, halt)?;
    let with_original = columns.iter().any(|column| matches!(column, Column::Original(_)));
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part)?;
    let mut out = BufWriter::with_capacity(256 << 10, file);
    let mut count = 0;
    {
        let mut format = format(spec, around, Halting::new(&mut out, halt))?;
        format.begin(&columns)?;
        walk(&rows, halt, &mut |id, lead| {
            let original = if with_original { originals.of(&lead)? } else { Vec::new() };
            format.row(id, &lead, &original)?;
            count += 1;
            progress.store(count, Ordering::Relaxed);
            Ok(())
        })?;
        format.end().map_err(|error| if halt.is_cancelled() { WriteError::Stopped } else { error.into() })?;
    }
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(count)
}

/// The columns of the file. Custom fields and original titles are only known after a first pass over the rows, which
/// remembers names and no values.
fn columns(
    rows: &Rows<'_>,
    originals: &mut OriginalRows<'_>,
    spec: &ExportSpec,
    halt: &CancellationToken,
) -> Result<Vec<Column>, WriteError> {
    let chosen = !spec.fields.is_empty();
    let mut columns =
        if chosen { spec.fields.iter().map(|name| Column::named(name)).collect() } else { default_columns() };
    if !chosen && matches!(spec.format, ExportFormat::Json | ExportFormat::Ndjson) {
        // What a lead does not have takes no room there.
        let facts = EnrichedField::ALL.map(Column::Enriched);
        let further: Vec<Column> = facts.into_iter().filter(|fact| !columns.contains(fact)).collect();
        columns.extend(further);
    }
    if chosen && !spec.include_original {
        return Ok(columns);
    }
    let mut seen: HashSet<Column> = columns.iter().cloned().collect();
    let mut titles = Vec::new();
    let mut imports = HashSet::new();
    walk(rows, halt, &mut |_, lead| {
        for (name, _) in lead.custom_fields.iter().filter(|_| !chosen) {
            let column = Column::Custom(name.clone());
            if !seen.contains(&column) {
                seen.insert(column.clone());
                columns.push(column);
            }
        }
        if let Some(origin) = lead.origin.filter(|origin| spec.include_original && imports.insert(origin.import)) {
            for title in originals.titles(origin.import)?.iter() {
                let column = Column::Original(title.clone());
                if seen.insert(column.clone()) {
                    titles.push(column);
                }
            }
        }
        Ok(())
    })?;
    columns.extend(titles);
    Ok(columns)
}

/// Goes over the rows with a visitor that may fail, and stops when the house does.
fn walk(
    rows: &Rows<'_>,
    halt: &CancellationToken,
    visit: &mut dyn FnMut(LeadId, Lead) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let mut failed = None;
    rows.each(&mut |id, lead| {
        let visited = if halt.is_cancelled() { Err(WriteError::Stopped) } else { visit(id, lead) };
        match visited {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}
