//! What is remembered of a provider's quota across restarts.

use minicbor::{Decode, Encode};

use crate::domain::time::Time;
use crate::store::record::records;

/// One window of a day, a month, … of a provider and a credential.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct QuotaRow {
    /// Rises with every change: what comes late must not undo what came later.
    #[n(0)]
    #[cbor(default)]
    pub revision: u64,
    /// Calls that were made, oldest first.
    #[n(1)]
    #[cbor(default)]
    pub slices: Vec<QuotaSlice>,
    /// Calls that may be made without writing again; after a crash they count as made.
    #[n(2)]
    #[cbor(default)]
    pub reserved: u32,
    /// When the vendor has said that the window begins anew.
    #[n(3)]
    pub resets_at: Option<Time>,
}

/// The calls of one part of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct QuotaSlice {
    /// Time since 1970 in lengths of a slice.
    #[n(0)]
    pub index: i64,
    #[n(1)]
    pub calls: u32,
}

records!(QuotaRow);
