//! One process per data directory: an advisory lock on `galena.lock`, which also says who holds it.
//!
//! The kernel drops the lock when the holder dies, however it dies; the text in the file is only for the message to
//! whoever comes second. The file is never removed: removing it would let two processes lock two different files.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::EngineError;

const LOCK_FILE: &str = "galena.lock";

/// Who holds a data directory, as far as the lock file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    pub directory: PathBuf,
    /// `None` when the holder had not written its line yet.
    pub pid: Option<u32>,
    /// Its command line; empty when unknown.
    pub command: String,
}

impl InUse {
    /// The holder in words, like `process 4711 (galena serve)`.
    pub fn holder(&self) -> String {
        match self.pid {
            Some(pid) if self.command.is_empty() => format!("process {pid}"),
            Some(pid) => format!("process {pid} ({})", self.command),
            None => "another process".to_owned(),
        }
    }
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the data directory {} is in use by {}", self.directory.display(), self.holder())
    }
}

/// Why a directory could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{0}")]
    InUse(InUse),
    #[error("cannot lock {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

impl From<LockError> for EngineError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::InUse(in_use) => {
                Self::InUse { path: in_use.directory.display().to_string(), holder: in_use.holder() }
            }
            LockError::Io { .. } => Self::Io(error.to_string()),
        }
    }
}

/// The right to a data directory, until dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
    directory: PathBuf,
}

impl DirectoryLock {
    /// Locks `directory` without waiting. One that is not there is made for its owner alone (0700); the mode of one
    /// that is there is its owner's business, for everything in it is 0600.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(LOCK_FILE);
        let failed = |source| LockError::Io { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::InUse(read_holder(directory, &mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        write_holder(&mut file).map_err(failed)?;
        Ok(Self { file, directory: directory.to_owned() })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Left text would only be stale; the lock itself ends with the file handle.
        let _ = self.file.set_len(0);
    }
}

/// Three lines: pid, start of the process in clock ticks since boot (tells a reused pid from the holder), command line.
fn write_holder(file: &mut File) -> io::Result<()> {
    let text = format!("{}\n{}\n{}\n", std::process::id(), started_ticks().unwrap_or_default(), command_line());
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())
}

fn read_holder(directory: &Path, file: &mut File) -> InUse {
    let mut bytes = Vec::new();
    // A holder that cannot be read is "another process".
    let _ = file.take(64 * 1024).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse().ok());
    let command = lines.nth(1).unwrap_or_default().to_owned();
    InUse { directory: directory.to_owned(), pid, command }
}

/// The program's name and its arguments up to the first that could be long or private: subcommand and flags only.
fn command_line() -> String {
    let mut args = std::env::args_os();
    let program = args.next().map(PathBuf::from).unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match args.next().map(|arg| arg.to_string_lossy().into_owned()) {
        Some(subcommand) if !subcommand.contains(char::is_control) => format!("{name} {subcommand}"),
        _ => name,
    }
}

/// Field 22 of `/proc/self/stat`; `None` where there is no such file.
fn started_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = DirectoryLock::acquire(directory.path()).expect("nobody holds it");
        let Err(LockError::InUse(in_use)) = DirectoryLock::acquire(directory.path()) else {
            panic!("locked twice");
        };
        assert_eq!(in_use.pid, Some(std::process::id()));
        assert!(!in_use.command.is_empty());
        assert!(in_use.to_string().contains(&format!("process {}", std::process::id())));

        drop(first);
        DirectoryLock::acquire(directory.path()).expect("free again");
    }

    #[test]
    fn a_holder_that_wrote_nothing_is_another_process() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = File::create(directory.path().join(LOCK_FILE)).expect("created");
        file.try_lock().expect("locked");
        let Err(LockError::InUse(in_use)) = DirectoryLock::acquire(directory.path()) else {
            panic!("locked twice");
        };
        assert_eq!(in_use.holder(), "another process");
    }

    #[test]
    fn the_start_of_this_process_is_known_on_linux() {
        if cfg!(target_os = "linux") {
            assert!(started_ticks().is_some_and(|ticks| ticks > 0));
        }
    }
}
