//! The outbox: what derived views (search, identity) still have to look at.

use minicbor::{Decode, Encode};

use crate::domain::id::WorkspaceId;
use crate::store::record::records;

/// Two lanes, so that an edit never waits behind an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Lane {
    Live = 0,
    Bulk = 1,
}

impl Lane {
    pub const BOTH: [Self; 2] = [Self::Live, Self::Bulk];
}

/// What to look at: never values. A consumer reads the row as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct OutboxEntry {
    #[n(0)]
    pub workspace: WorkspaceId,
    /// First and last lead id, inclusive. A single lead is a range of one, which also stands for its removal; a wider
    /// range names only rows that are there.
    #[n(1)]
    pub first: u64,
    #[n(2)]
    pub last: u64,
    /// Every lead in the range was new in this transaction.
    #[n(3)]
    #[cbor(default)]
    pub all_new: bool,
}

/// How far a consumer has come, per lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    #[n(0)]
    pub live: u64,
    #[n(1)]
    pub bulk: u64,
}

impl Checkpoint {
    pub const fn of(&self, lane: Lane) -> u64 {
        match lane {
            Lane::Live => self.live,
            Lane::Bulk => self.bulk,
        }
    }

    pub const fn set(&mut self, lane: Lane, seq: u64) {
        match lane {
            Lane::Live => self.live = seq,
            Lane::Bulk => self.bulk = seq,
        }
    }
}

records!(OutboxEntry, Checkpoint);
