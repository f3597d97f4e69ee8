//! Opening and creating the store file.
//!
//! A new file is built under a temporary name and renamed when it is whole and on disk, so that a crash at any moment
//! leaves either no store file or one that opens.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::redb::{Database, ReadableDatabase, TableHandle};

use super::super::backend::EnvelopeBackend;
use super::super::envelope::{Cipher, ENVELOPE_LEN, Envelope};
use super::super::probe::{Access, Operation, Probe};
use super::errors::Failure;
use super::{Definition, EngineError, RedbOptions, panic_text};

/// The directory a store file lies in.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Opens the file, creating it first when it is not there. The caller holds the lock of the directory.
pub(super) fn open(path: &Path, options: &RedbOptions, probe: Option<&Probe>) -> Result<Database, EngineError> {
    let building = building_name(path);
    match std::fs::remove_file(&building) {
        Ok(()) => tracing::info!(file = %building.display(), "removed what a creation cut short had left"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_failure(&building, error)),
    }
    if !path.try_exists().map_err(|error| io_failure(path, error))? {
        create(path, &building, options, probe)?;
    }
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(|error| io_failure(path, error))?;
    check_envelope(path, &file)?;
    let database = start(path, file, options, probe)?;
    create_missing_tables(path, &database, options)?;
    Ok(database)
}

fn building_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".creating");
    PathBuf::from(name)
}

/// Builds an empty store under `building`, then gives it its name.
fn create(path: &Path, building: &Path, options: &RedbOptions, probe: Option<&Probe>) -> Result<(), EngineError> {
    let failed = |error| io_failure(building, error);
    let mut file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(building).map_err(failed)?;
    pass(probe, Operation::Write, ENVELOPE_LEN as u64).map_err(failed)?;
    file.write_all(&Envelope::plain().encode()).map_err(failed)?;
    let database = start(building, file, options, probe)?;
    create_missing_tables(building, &database, options)?;
    database.close().map_err(|error| error.at(building))?;

    pass(probe, Operation::Sync, 0).map_err(failed)?;
    File::open(building).and_then(|file| file.sync_all()).map_err(failed)?;
    pass(probe, Operation::Rename, 0).map_err(failed)?;
    std::fs::rename(building, path).map_err(failed)?;
    pass(probe, Operation::Sync, 0).map_err(failed)?;
    let directory = directory_of(path);
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(|error| io_failure(directory, error))
}

fn check_envelope(path: &Path, mut file: &File) -> Result<(), EngineError> {
    let name = path.display().to_string();
    let mut page = [0; ENVELOPE_LEN];
    match file.read_exact(&mut page) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(EngineError::Damaged { path: name, detail: "it ends within its first page".to_owned() });
        }
        Err(error) => return Err(io_failure(path, error)),
    }
    let envelope = Envelope::decode(&page).map_err(|error| {
        let (path, detail) = (name.clone(), error.to_string());
        match error.is_unsupported() {
            true => EngineError::Unsupported { path, detail },
            false => EngineError::Damaged { path, detail },
        }
    })?;
    match envelope.cipher {
        Cipher::None => {}
    }
    // redb would take a file that ends here for a new one and fill it: an empty store in place of a lost one.
    if file.metadata().map_err(|error| io_failure(path, error))?.len() == ENVELOPE_LEN as u64 {
        return Err(EngineError::Damaged { path: name, detail: "it ends after its first page".to_owned() });
    }
    Ok(())
}

/// Hands the file to redb. It trusts a file that was closed cleanly and may panic on one damaged since.
fn start(path: &Path, file: File, options: &RedbOptions, probe: Option<&Probe>) -> Result<Database, EngineError> {
    let backend = EnvelopeBackend::new(file, probe.cloned()).map_err(|error| error.at(path))?;
    let opened = catch_unwind(AssertUnwindSafe(|| {
        Database::builder()
            .set_cache_size(options.cache_bytes)
            .set_check_integrity_on_open(options.check_on_open)
            .create_with_backend(backend)
    }));
    match opened {
        Ok(opened) => opened.map_err(|error| match error {
            ::redb::DatabaseError::Storage(::redb::StorageError::Io(error))
                if error.kind() == io::ErrorKind::InvalidData =>
            {
                EngineError::Damaged { path: path.display().to_string(), detail: error.to_string() }
            }
            error => error.at(path),
        }),
        Err(panic) => {
            let detail = format!("opening it panicked: {}", panic_text(&*panic));
            Err(EngineError::Damaged { path: path.display().to_string(), detail })
        }
    }
}

/// Snapshots cannot create tables, so every table exists from the start.
fn create_missing_tables(path: &Path, database: &Database, options: &RedbOptions) -> Result<(), EngineError> {
    let existing: Vec<String> = {
        let reading = database.begin_read().map_err(|error| error.at(path))?;
        let tables = reading.list_tables().map_err(|error| error.at(path))?;
        tables.map(|table| table.name().to_owned()).collect()
    };
    let missing: Vec<&'static str> =
        options.tables.iter().copied().filter(|name| !existing.iter().any(|known| known == name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut transaction = database.begin_write().map_err(|error| error.at(path))?;
    transaction.set_quick_repair(true);
    for name in missing {
        transaction.open_table(Definition::new(name)).map_err(|error| error.at(path))?;
    }
    transaction.commit().map_err(|error| error.at(path))
}

fn pass(probe: Option<&Probe>, operation: Operation, len: u64) -> io::Result<()> {
    match probe {
        Some(probe) => probe.pass(Access { operation, offset: 0, len }),
        None => Ok(()),
    }
}

fn io_failure(path: &Path, error: io::Error) -> EngineError {
    EngineError::Io(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::super::RedbEngine;
    use super::*;
    use crate::store::engine::{Engine, TableId};

    /// Every commit stores the allocator state: after a crash nothing is repaired, so opening does not walk the file.
    #[test]
    fn a_file_left_by_a_crash_needs_no_repair() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("store.redb");
        let engine = RedbEngine::open(&path, RedbOptions::new(&["only"])).expect("opened");
        for n in 0..10u8 {
            engine.write(&mut |tx| tx.insert(TableId(0), &[n], &[n])).expect("committed");
        }
        let crashed = directory.path().join("crashed.redb");
        std::fs::copy(&path, &crashed).expect("copied while open");

        let repaired = Arc::new(AtomicBool::new(false));
        let file = OpenOptions::new().read(true).write(true).open(&crashed).expect("opened");
        let noticed = Arc::clone(&repaired);
        Database::builder()
            .set_repair_callback(move |_| noticed.store(true, Ordering::Relaxed))
            .create_with_backend(EnvelopeBackend::new(file, None).expect("a backend"))
            .expect("opened");
        assert!(!repaired.load(Ordering::Relaxed));
    }
}
