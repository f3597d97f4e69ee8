//! One call of a provider. Written before the call as the intent, ended with its result.

use minicbor::{Decode, Encode};

use crate::domain::enrichment::{DataPoint, Operation};
use crate::domain::id::{ItemId, JobId};
use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Attempt {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub item: ItemId,
    #[n(2)]
    pub provider: String,
    #[n(3)]
    pub operation: Operation,
    #[n(4)]
    pub point: DataPoint,
    #[n(5)]
    pub started_at: Time,
    #[n(6)]
    pub ended_at: Option<Time>,
    /// `found`, `not_found`, `broken`, …; `lost` when the process ended before the result was written, `not_called` when a
    /// stop came first.
    #[n(7)]
    pub outcome: Option<String>,
    #[n(8)]
    pub detail: Option<String>,
    /// Hundredths of a credit that its accepted value added to the price of the lead.
    #[n(9)]
    #[cbor(default)]
    pub credits: u64,
    /// What the provider billed, in millionths of the currency's unit.
    #[n(10)]
    #[cbor(default)]
    pub cost: u64,
    /// Why charged or not.
    #[n(11)]
    pub receipt: Option<String>,
    /// Names of the inputs that the provider is told, in their order; part of the intent, so known before they are sent.
    #[n(12)]
    #[cbor(default)]
    pub fields: Vec<String>,
    /// Answered from what was known already: nobody was called.
    #[n(13)]
    #[cbor(default)]
    pub cached: bool,
    /// Something leaves the box with it.
    #[n(14)]
    #[cbor(default)]
    pub external: bool,
}

records!(Attempt);
