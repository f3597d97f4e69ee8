//! The engine seam: ordered byte keys, snapshots, transactions that can be undone in part.
//!
//! Everything above this folder speaks `TableId` and bytes; only this folder names redb. Keys are compared as
//! `memcmp` compares them. One conformance suite (`tests/suite/engine_conformance.rs`) runs on every engine.

mod backend;
mod envelope;
mod lock;
mod memory;
#[doc(hidden)]
pub mod probe;
mod readers;
mod redb;
mod undo;

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::time::Duration;

pub use self::lock::{DirectoryLock, InUse, LockError};
pub use self::memory::{CommitFault, MemoryEngine};
pub use self::redb::{RedbEngine, RedbOptions};

/// A table, by its place in the list of names the engine was opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u8);

/// A range of keys.
#[derive(Debug, Clone)]
pub struct KeyRange {
    pub start: Bound<Vec<u8>>,
    pub end: Bound<Vec<u8>>,
}

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

impl KeyRange {
    /// Every key of the table.
    pub fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    /// Every key that starts with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { start: Bound::Included(prefix.to_vec()), end: prefix_end(prefix) }
    }

    /// The keys that start with `prefix` and come after `key` (a cursor), `key` itself left out. A cursor from before
    /// the prefix gives all of it, one from behind it nothing.
    pub fn prefix_after(prefix: &[u8], key: &[u8]) -> Self {
        if key < prefix {
            return Self::prefix(prefix);
        }
        Self { start: Bound::Excluded(key.to_vec()), end: prefix_end(prefix) }
    }

    /// The keys that start with `prefix` and come before `key`, `key` itself left out. A cursor from behind the prefix
    /// gives all of it, one from before it nothing.
    pub fn prefix_before(prefix: &[u8], key: &[u8]) -> Self {
        let end = match prefix_end(prefix) {
            Bound::Excluded(end) if end.as_slice() < key => end,
            _ => key.to_vec(),
        };
        Self { start: Bound::Included(prefix.to_vec()), end: Bound::Excluded(end) }
    }

    /// True when no key can lie in the range. Engines ask first, for the ordered maps below them panic on some of these.
    pub fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Unbounded, Bound::Excluded(end)) => end.is_empty(),
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
                start >= end
            }
        }
    }

    /// The two bounds as slices.
    fn as_slices(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.start.as_ref().map(Vec::as_slice), self.end.as_ref().map(Vec::as_slice))
    }
}

/// The first key behind all keys with `prefix`; unbounded when there is none (a prefix of 0xff only).
fn prefix_end(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}

/// What can go wrong in an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the store file {path} is in use by {holder}")]
    InUse { path: String, holder: String },
    #[error("the store file {path} is damaged: {detail}")]
    Damaged { path: String, detail: String },
    /// Written by a later version, or in a way this build does not know.
    #[error("the store file {path} cannot be read by this version: {detail}")]
    Unsupported { path: String, detail: String },
    #[error("store i/o failed: {0}")]
    Io(String),
    /// A key or value beyond what a page tree holds (3 GiB).
    #[error("a value of {0} bytes is too large for the store")]
    TooLarge(usize),
    /// The engine was opened with fewer tables than the one asked for.
    #[error("the store has no table number {0}")]
    NoSuchTable(u8),
    /// What was asked for needs the store to itself, and snapshots are open.
    #[error("the store is busy: {0}")]
    Busy(&'static str),
    /// A commit failed before; nothing works until `Engine::reopen`.
    #[error("an earlier commit failed, the store must be reopened")]
    MustReopen,
    #[error("the store is closed")]
    Closed,
}

/// How a write ended when it did not commit.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailure {
    /// The body returned an error; nothing was written.
    #[error("write aborted: {0}")]
    Aborted(EngineError),
    /// The commit itself failed: the writes may or may not be durable. The engine must be reopened.
    #[error("write outcome unknown: {0}")]
    OutcomeUnknown(EngineError),
}

/// What a scan calls with each key and value, until it breaks.
pub type Visit<'a> = &'a mut (dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a);

/// Reads that a snapshot and a write transaction share.
pub trait Read {
    /// The value of `key`, copied.
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// The values of `keys`, in their order.
    fn get_many(&self, table: TableId, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
        keys.iter().map(|key| self.get(table, key)).collect()
    }

    /// Visits the pairs of `range` in `order` until `visit` breaks. Nothing is copied for it.
    fn scan(&self, table: TableId, range: &KeyRange, order: Order, visit: Visit<'_>) -> Result<(), EngineError>;

    /// How many pairs a table holds.
    fn len(&self, table: TableId) -> Result<u64, EngineError>;
}

/// A view of one committed state that stays as it is while held.
pub trait Snapshot: Read + Send + Sync {}

/// A place in a write transaction to which later writes can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub usize);

/// The one open write transaction. Reads see its own writes.
pub trait WriteTx: Read {
    fn insert(&mut self, table: TableId, key: &[u8], value: &[u8]) -> Result<(), EngineError>;

    /// Removes `key`; true if it was there.
    fn remove(&mut self, table: TableId, key: &[u8]) -> Result<bool, EngineError>;

    /// Where we are now.
    fn mark(&mut self) -> Mark;

    /// Takes back every write made since `mark`.
    fn undo_to(&mut self, mark: Mark) -> Result<(), EngineError>;
}

/// Figures about the store file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Bytes of the file on disk.
    pub file_bytes: u64,
    /// Bytes of keys and values.
    pub stored_bytes: u64,
    /// Bytes in pages that hold less than they could.
    pub fragmented_bytes: u64,
}

/// An ordered key-value engine with one writer and any number of snapshots.
pub trait Engine: Send + Sync {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, EngineError>;

    /// Runs `body` in the one write transaction and commits durably. Blocks until the transaction before has ended.
    /// When `body` fails or panics nothing is written.
    fn write(&self, body: &mut dyn FnMut(&mut dyn WriteTx) -> Result<(), EngineError>) -> Result<(), WriteFailure>;

    /// Closes and opens again what lies on disk, after a write whose outcome is unknown. Snapshots taken before may fail.
    fn reopen(&self) -> Result<(), EngineError>;

    /// Verifies the checksums of the whole file; true when all agree. Reads everything, keeps everybody else waiting
    /// meanwhile, and answers `Busy` while a snapshot is alive.
    fn check_integrity(&self) -> Result<bool, EngineError>;

    /// Walks the whole file: a figure for an hourly metric and for `check`, not for every scrape.
    fn stats(&self) -> Result<EngineStats, EngineError>;

    /// The age of the oldest snapshot still alive: while it lives the file only grows.
    fn oldest_snapshot(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(range: &KeyRange, key: &[u8]) -> bool {
        use std::ops::RangeBounds;
        RangeBounds::<[u8]>::contains(&range.as_slices(), key)
    }

    fn short_key() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(0xfe), Just(0xff)], 0..4)
    }

    proptest! {
        #[test]
        fn prefix_ranges_mean_what_they_say(prefix in short_key(), cursor in short_key(), key in short_key()) {
            let within = key.starts_with(&prefix);
            prop_assert_eq!(holds(&KeyRange::prefix(&prefix), &key), within);
            prop_assert_eq!(holds(&KeyRange::prefix_after(&prefix, &cursor), &key), within && key > cursor);
            prop_assert_eq!(holds(&KeyRange::prefix_before(&prefix, &cursor), &key), within && key < cursor);
        }

        #[test]
        fn an_empty_range_holds_no_key(a in short_key(), b in short_key(), key in short_key(), kinds in 0usize..9) {
            let bound = |kind: usize, key: Vec<u8>| match kind {
                0 => Bound::Included(key),
                1 => Bound::Excluded(key),
                _ => Bound::Unbounded,
            };
            let range = KeyRange { start: bound(kinds / 3, a), end: bound(kinds % 3, b) };
            prop_assert!(!(range.is_empty() && holds(&range, &key)));
        }
    }
}
