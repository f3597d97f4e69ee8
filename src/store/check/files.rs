//! Files in `exports/` and `uploads/` against the rows that name them.
//!
//! Whoever writes a file writes its row first, or writes under a name that ends in `.part` and renames at the end: so a
//! crash never leaves a file that nobody knows, and one that is there was put there by somebody else.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use super::CheckError;
use super::report::{Code, Report};
use super::scan::each;
use crate::store::Reads;
use crate::store::directory::DataDirectory;
use crate::store::records::export::ExportState;
use crate::store::tables::{Exports, TenantTable};
use crate::store::{Store, View, WorkspaceScope};

/// The ending of a file that is being written.
pub const UNFINISHED: &str = "part";

/// The files of a folder by name, with their size. Taken before the view of the store: a file's row is older than it.
pub(super) struct Folder {
    name: &'static str,
    files: BTreeMap<String, u64>,
    /// Files that are being written, or were when the process ended.
    unfinished: u64,
}

pub(super) struct Folders {
    exports: Folder,
    uploads: Folder,
}

impl Folders {
    pub(super) fn list(directory: &DataDirectory) -> io::Result<Self> {
        Ok(Self {
            exports: Folder::list("exports", &directory.exports())?,
            uploads: Folder::list("uploads", &directory.uploads())?,
        })
    }
}

impl Folder {
    fn list(name: &'static str, path: &Path) -> io::Result<Self> {
        let mut folder = Self { name, files: BTreeMap::new(), unfinished: 0 };
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(folder),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            if Path::new(&file).extension() == Some(OsStr::new(UNFINISHED)) {
                folder.unfinished += 1;
                continue;
            }
            match entry.metadata() {
                Ok(known) => drop(folder.files.insert(file, known.len())),
                // Removed since the folder was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(folder)
    }

    /// What no row took is known to nobody, unless it is gone by now.
    fn close(self, path: &Path, report: &mut Report) {
        report.count("files", self.files.len() as u64);
        report.pending(
            "UNFINISHED_FILES",
            self.unfinished,
            "files whose writing was cut short; they are removed or written anew",
        );
        for file in self.files.into_keys().filter(|file| path.join(file).exists()) {
            report.found(Code::FileWithoutRow, self.name, &file, "no row names it");
        }
    }
}

pub(super) fn compare(
    view: &View,
    store: &Store,
    directory: &DataDirectory,
    folders: Folders,
    report: &mut Report,
) -> Result<(), CheckError> {
    let Folders { mut exports, uploads } = folders;
    let mut missing = Vec::new();
    let mut known = 0;
    each::<Exports>(view, |workspace, (id,), export| {
        let found = exports.files.remove(&export.file_name(id));
        known += u64::from(found.is_some());
        let sound = found.is_some_and(|bytes| bytes == export.bytes);
        if export.state == ExportState::Ready && !sound {
            missing.push((workspace, id, found));
        }
        Ok(())
    })?;
    for (workspace, id, found) in missing {
        // It may have expired, or been written anew, since the view was taken.
        let now = store.view()?.get::<Exports>(&WorkspaceScope::of(workspace), (id,))?;
        let Some(export) = now.filter(|export| export.state == ExportState::Ready) else { continue };
        let path = directory.exports().join(export.file_name(id));
        if fs::metadata(&path).is_ok_and(|file| file.len() == export.bytes) {
            continue;
        }
        let detail = match found {
            None => format!("{} is not there", path.display()),
            Some(bytes) => format!("{} has {bytes} bytes, not {}", path.display(), export.bytes),
        };
        report.found(Code::FileMissing, Exports::NAME, id, detail);
    }
    report.count("files", known);
    exports.close(&directory.exports(), report);
    uploads.close(&directory.uploads(), report);
    Ok(())
}
