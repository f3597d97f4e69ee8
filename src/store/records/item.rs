//! The unit of a job: one lead of it.

use minicbor::{Decode, Encode};

use crate::domain::enrichment::{ItemState, Tally};
use crate::domain::id::{AttemptId, HoldId, JobId, LeadId};
use crate::domain::lead::EnrichmentStatus;
use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Item {
    #[n(0)]
    pub lead: LeadId,
    #[n(1)]
    #[cbor(default)]
    pub state: ItemState,
    /// Place of the current step among those of the job.
    #[n(2)]
    #[cbor(default)]
    pub step: u32,
    /// Calls of the current step that have failed.
    #[n(3)]
    #[cbor(default)]
    pub tries: u32,
    /// Calls made, of all steps.
    #[n(4)]
    #[cbor(default)]
    pub attempts: u32,
    /// The attempt that was begun and has no result yet.
    #[n(5)]
    pub attempt: Option<AttemptId>,
    /// What the provider wants to see when it is asked again for that attempt.
    #[n(6)]
    pub ticket: Option<String>,
    /// The lease: the boot that took it.
    #[n(7)]
    #[cbor(default)]
    pub boot: u64,
    #[n(8)]
    pub hold: Option<HoldId>,
    /// Hundredths of a credit under `hold`.
    #[n(9)]
    #[cbor(default)]
    pub held: u64,
    /// Hundredths of a credit that the accepted values cost.
    #[n(10)]
    #[cbor(default)]
    pub owed: u64,
    /// Of them, charged already.
    #[n(11)]
    #[cbor(default)]
    pub charged: u64,
    #[n(12)]
    #[cbor(default)]
    pub tally: Tally,
    /// The status of the lead when it was queued.
    #[n(13)]
    #[cbor(default)]
    pub before: EnrichmentStatus,
    /// When it may be leased; its place in the queue.
    #[n(14)]
    #[cbor(default)]
    pub due: Time,
    /// The last thing that went wrong, without personal values.
    #[n(15)]
    pub error: Option<String>,
    #[n(16)]
    pub started_at: Option<Time>,
    #[n(17)]
    pub finished_at: Option<Time>,
}

/// A leased item: which boot works on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Lease {
    #[n(0)]
    pub boot: u64,
}

/// Which job an item of a lead belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ItemPlace {
    #[n(0)]
    pub job: JobId,
}

records!(Item, Lease, ItemPlace);
