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
use crate::domain::id::{ExportId, UploadId, WorkspaceId};
use crate::store::directory::DataDirectory;
use crate::store::records::export::ExportState;
use crate::store::records::upload::Upload;
use crate::store::tables::{Exports, TenantTable, Uploads};
use crate::store::{Reads, Store, View, WorkspaceScope};

/// The ending of a file that is being written.
pub const UNFINISHED: &str = "part";
/// How a file begins that should have no name, where the file system cannot do without one for a moment.
const NAMELESS: &str = ".tmp";

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
            if Path::new(&file).extension() == Some(OsStr::new(UNFINISHED)) || file.starts_with(NAMELESS) {
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

    /// Takes the texts of an upload, which have its name and an ending.
    fn take_texts_of(&mut self, upload: &str) -> u64 {
        let texts = self.files.range(format!("{upload}.")..format!("{upload}/"));
        let texts: Vec<String> = texts.map(|(name, _)| name.clone()).collect();
        texts.iter().filter(|name| self.files.remove(*name).is_some()).count() as u64
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
    let Folders { mut exports, mut uploads } = folders;
    let mut missing = Vec::new();
    let mut known = 0;
    each::<Exports>(view, |workspace, (id,), export| {
        let found = exports.files.remove(&export.file_name(id));
        known += u64::from(found.is_some());
        if export.state == ExportState::Ready && found != Some(export.bytes) {
            missing.push(Missing::Export(workspace, id));
        }
        Ok(())
    })?;
    each::<Uploads>(view, |workspace, (id,), upload| {
        report.count("uploads", 1);
        let name = Upload::file_name_of(id);
        let found = uploads.files.remove(&name);
        known += u64::from(found.is_some()) + uploads.take_texts_of(&name);
        report.pending(
            "REMOVED_UPLOADS",
            u64::from(upload.removed),
            "removed uploads whose files are on their way out",
        );
        if !upload.removed && found.unwrap_or(0) < upload.received {
            missing.push(Missing::Upload(workspace, id));
        }
        Ok(())
    })?;
    report.count("files", known);
    // They may have expired, or been written, since the folders were listed.
    let now = store.view()?;
    for missing in missing {
        missing.look_again(&now, directory, report)?;
    }
    exports.close(&directory.exports(), report);
    uploads.close(&directory.uploads(), report);
    Ok(())
}

/// A row whose file was not there, or not whole.
enum Missing {
    Export(WorkspaceId, ExportId),
    Upload(WorkspaceId, UploadId),
}

impl Missing {
    fn look_again(self, now: &View, directory: &DataDirectory, report: &mut Report) -> Result<(), CheckError> {
        let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
        match self {
            Self::Export(workspace, id) => {
                let row = now.get::<Exports>(&WorkspaceScope::of(workspace), (id,))?;
                let Some(row) = row.filter(|row| row.state == ExportState::Ready) else { return Ok(()) };
                let path = directory.exports().join(row.file_name(id));
                let found = length(&path);
                if found != row.bytes || !path.exists() {
                    let detail = format!("{} has {found} bytes, not {}", path.display(), row.bytes);
                    report.found(Code::FileMissing, Exports::NAME, id, detail);
                }
            }
            Self::Upload(workspace, id) => {
                let row = now.get::<Uploads>(&WorkspaceScope::of(workspace), (id,))?;
                let Some(row) = row.filter(|row| !row.removed) else { return Ok(()) };
                let path = directory.uploads().join(Upload::file_name_of(id));
                let found = length(&path);
                if found < row.received {
                    let detail = format!("{} has {found} bytes, {} were received", path.display(), row.received);
                    report.found(Code::FileMissing, Uploads::NAME, id, detail);
                }
            }
        }
        Ok(())
    }
}
