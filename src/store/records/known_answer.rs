//! An answer that is used again instead of bought again.

use minicbor::{Decode, Encode};

use crate::domain::id::{AttemptId, ItemId, JobId, LeadId};
use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct KnownAnswer {
    #[n(0)]
    pub at: Time,
    /// Not used from then on.
    #[n(1)]
    pub until: Time,
    /// The lead it was got for.
    #[n(2)]
    pub lead: LeadId,
    /// The values, sealed for the workspace and the key of the row; empty: nothing was found.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
    /// It was only a part of what was asked.
    #[n(4)]
    #[cbor(default)]
    pub partial: bool,
    /// There is no answer yet: its provider works on it for them.
    #[n(5)]
    pub asked: Option<AskedBy>,
}

/// Whose question a provider works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskedBy {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub item: ItemId,
    #[n(2)]
    pub attempt: AttemptId,
}

records!(KnownAnswer);
