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
    /// The address or number as it was given, where one was to be checked.
    #[n(2)]
    pub given: Option<String>,
    #[n(3)]
    #[cbor(default)]
    pub asked: Asked,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Asked {
    /// Everything of somebody.
    #[default]
    #[n(0)]
    Identity,
    /// Whether an address can be mailed.
    #[n(1)]
    Email,
    /// Whether a number exists, and what kind of line it is.
    #[n(2)]
    Phone,
}

records!(Lookup);
