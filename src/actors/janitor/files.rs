//! Files that nothing needs: of no row, of an export that expired, or cut short while they were written.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::errand::Errand;
use super::sweep::SweepError;
use crate::domain::time::Time;
use crate::store::directory::DataDirectory;
use crate::store::records::export::ExportState;
use crate::store::records::upload::Upload;
use crate::store::tables::{Exports, Uploads};
use crate::store::{Reads, View};

/// How long a file that nothing names stays after its last change: whoever put it there may still be writing it.
const GRACE: Duration = Duration::from_secs(3_600);

/// The row comes before its file, so a file younger than `view` is younger than the grace time too.
pub(super) fn left_over(view: &View, directory: &DataDirectory, now: Time) -> Result<Vec<Errand>, SweepError> {
    let mut named = HashSet::new();
    let mut expired = HashSet::new();
    view.scan_all::<Exports>(&mut |_, (id,), row| {
        let name = row.file_name(id);
        match row.state {
            ExportState::Expired | ExportState::Failed => expired.insert(name),
            _ => named.insert(name),
        };
        ControlFlow::Continue(())
    })?;
    let mut found = Vec::new();
    visit(&directory.exports(), &mut |path, name, changed| {
        if expired.contains(name) || (!named.contains(name) && now.since(changed) >= GRACE) {
            found.push(Errand::RemoveFile(path.to_owned()));
        }
    })?;
    named.clear();
    view.scan_all::<Uploads>(&mut |_, (id,), _| {
        named.insert(Upload::file_name_of(id));
        ControlFlow::Continue(())
    })?;
    visit(&directory.uploads(), &mut |path, name, changed| {
        // The texts of an upload have its name and an ending.
        let owner = name.split('.').next().unwrap_or(name);
        if !named.contains(owner) && now.since(changed) >= GRACE {
            found.push(Errand::RemoveFile(path.to_owned()));
        }
    })?;
    Ok(found)
}

/// Calls `file` with path, name and time of the last change of each file.
fn visit(folder: &Path, file: &mut dyn FnMut(&Path, &str, Time)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(metadata) = entry.metadata() else { continue };
        if !metadata.is_file() {
            continue;
        }
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let changed = Time(i64::try_from(changed.as_millis()).unwrap_or(i64::MAX));
        let path = entry.path();
        if let Some(name) = path.file_name().and_then(OsStr::to_str) {
            file(&path, name, changed);
        }
    }
    Ok(())
}
