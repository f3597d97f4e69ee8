//! The unit of a job: one lead of it.

use minicbor::{Decode, Encode};

use crate::domain::enrichment::{DataPoint, ItemState, Operation, Tally};
use crate::domain::id::{AttemptId, HoldId, ItemId, JobId, LeadId};
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
    /// What its calls cost so far, in millionths of the currency's unit.
    #[n(18)]
    #[cbor(default)]
    pub cost: u64,
    /// Answers that wait to be confirmed, by their data point.
    #[n(19)]
    #[cbor(default)]
    pub candidates: Vec<Candidate>,
    /// It is tried again: somebody is called whatever is known.
    #[n(20)]
    #[cbor(default)]
    pub calls_again: bool,
    /// How often it waited for a provider that could not be called.
    #[n(21)]
    #[cbor(default)]
    pub waits: u32,
    /// What it is counted with in statistics: the country of the lead, empty where that is not known.
    #[n(22)]
    #[cbor(default)]
    pub segment: String,
    /// The last step that failed.
    #[n(23)]
    pub failure: Option<Failure>,
    /// What its provider works on: the key of the question.
    #[cbor(n(24), with = "minicbor::bytes")]
    pub question: Option<[u8; 32]>,
}

/// An answer that waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Candidate {
    #[n(0)]
    pub point: DataPoint,
    #[n(1)]
    pub attempt: AttemptId,
}

/// Which step of an item failed, and how.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Failure {
    #[n(0)]
    pub provider: String,
    #[n(1)]
    pub operation: Operation,
    /// Name of the outcome: `broken`, `auth_failed`, `out_of_quota`, …
    #[n(2)]
    pub class: String,
}

/// A lead that a job gave up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeadLetter {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub lead: LeadId,
    #[n(2)]
    pub at: Time,
    #[n(3)]
    pub failure: Option<Failure>,
    /// Without personal values.
    #[n(4)]
    pub detail: Option<String>,
}

/// An order of today for a lead: the same is not taken twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct OrderMark {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub item: ItemId,
    #[n(2)]
    pub at: Time,
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

records!(Item, Lease, ItemPlace, DeadLetter, OrderMark);
