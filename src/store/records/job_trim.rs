//! How far what a job has left behind was looked through for what has had its time.

use minicbor::{Decode, Encode};

use crate::domain::id::ItemId;
use crate::domain::time::Time;
use crate::store::record::records;

/// A walk over the items of a job that goes on in portions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TrimWalk {
    /// When it began: what was over then goes.
    #[n(0)]
    pub at: Time,
    /// The last item looked at.
    #[n(1)]
    pub after: Option<ItemId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct JobTrim {
    /// The job itself is gone, and its items follow.
    #[n(0)]
    #[cbor(default)]
    pub removing: bool,
    /// When the last walk that reached the end began.
    #[n(1)]
    pub walked_at: Option<Time>,
    #[n(2)]
    pub walk: Option<TrimWalk>,
}

records!(JobTrim);
