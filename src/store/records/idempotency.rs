//! What an `Idempotency-Key` stood for: status and location, never a body.

use minicbor::{Decode, Encode};

use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct IdempotencyRecord {
    /// Keyed hash of method, path and body.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub request_hash: [u8; 32],
    #[n(1)]
    pub status: u16,
    #[n(2)]
    pub location: Option<String>,
    #[n(3)]
    pub at: Time,
}

records!(IdempotencyRecord);
