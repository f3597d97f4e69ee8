//! redb's file with our envelope in front: byte `n` of redb lies at byte `n + 4096` of the file.
//!
//! Locks are handed through untouched: they are redb's own protocol between openers of one file, and without them a
//! second process could open it too.

use std::fs::File;
use std::io;
use std::ops::Bound;

use ::redb::backends::FileBackend;
use ::redb::{BackendError, StorageBackend};

use super::envelope::ENVELOPE_LEN;
use super::probe::{Access, Operation, Probe};

const SHIFT: u64 = ENVELOPE_LEN as u64;
/// redb's page, the unit a cipher will work on.
const PAGE: u64 = 4096;
/// redb's header: it alone is read and written in other lengths, and only from offset 0.
const HEADER_LEN: u64 = 320;
const MAGIC_LEN: u64 = 9;

/// The storage redb works on.
#[derive(Debug)]
pub(super) struct EnvelopeBackend {
    file: FileBackend,
    probe: Option<Probe>,
}

impl EnvelopeBackend {
    pub fn new(file: File, probe: Option<Probe>) -> Result<Self, ::redb::DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, probe })
    }

    fn pass(&self, operation: Operation, offset: u64, len: u64) -> io::Result<()> {
        match &self.probe {
            Some(probe) => probe.pass(Access { operation, offset, len }),
            None => Ok(()),
        }
    }
}

/// True for the accesses a cipher in units of 4 KiB can serve: whole pages, and the header. redb does not promise to
/// keep to them; it was observed, and every test run in a debug build checks it again.
fn is_expected(operation: Operation, offset: u64, len: u64) -> bool {
    match (operation, offset, len) {
        (Operation::Read, 0, MAGIC_LEN | HEADER_LEN) | (Operation::Write, 0, HEADER_LEN) => true,
        _ => len > 0 && offset.is_multiple_of(PAGE) && len.is_multiple_of(PAGE),
    }
}

/// Refuses an access a cipher could not serve. Only in debug builds: without a cipher it does no harm.
fn check(operation: Operation, offset: u64, len: usize) -> io::Result<()> {
    if cfg!(debug_assertions) && !is_expected(operation, offset, len as u64) {
        return Err(io::Error::other(format!("unexpected {operation:?} of {len} bytes at offset {offset}")));
    }
    Ok(())
}

impl StorageBackend for EnvelopeBackend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.len()?.saturating_sub(SHIFT))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.pass(Operation::Read, offset, out.len() as u64)?;
        check(Operation::Read, offset, out.len())?;
        self.file.read(offset + SHIFT, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.pass(Operation::SetLen, 0, len)?;
        self.file.set_len(len + SHIFT)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.pass(Operation::Sync, 0, 0)?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.pass(Operation::Write, offset, data.len() as u64)?;
        check(Operation::Write, offset, data.len())?;
        self.file.write(offset + SHIFT, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
