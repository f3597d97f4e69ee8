//! What a workspace remembers of how its files are mapped: recipes somebody saved, and mappings somebody corrected.

use minicbor::{Decode, Encode};

use super::import::PlannedColumn;
use crate::domain::id::UserId;
use crate::domain::time::Time;
use crate::store::record::records;

/// A named mapping with options.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Recipe {
    #[n(0)]
    pub name: String,
    #[n(1)]
    #[cbor(default)]
    pub mapping: Vec<PlannedColumn>,
    /// The options of an import as the API takes them: a JSON object. Kept as it was sent, because that is what a later
    /// import lays its own options over.
    #[n(2)]
    #[cbor(default)]
    pub options: String,
    #[n(3)]
    pub created_by: Option<UserId>,
    #[n(4)]
    #[cbor(default)]
    pub created_at: Time,
    #[n(5)]
    #[cbor(default)]
    pub updated_at: Time,
}

/// The mapping that files with one set of titles got last, by somebody's choice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct RememberedMapping {
    /// Every column of that file, in its order.
    #[n(0)]
    #[cbor(default)]
    pub columns: Vec<PlannedColumn>,
    #[n(1)]
    #[cbor(default)]
    pub at: Time,
}

records!(Recipe, RememberedMapping);
