//! Somebody who was only asked about: no lead of any list.

use minicbor::{Decode, Encode};

use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Lookup {
    /// What was given, with what was found; in no list.
    #[n(0)]
    pub lead: Lead,
    #[n(1)]
    #[cbor(default)]
    pub at: Time,
}

records!(Lookup);
