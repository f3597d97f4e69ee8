//! What the operator has chosen for a provider through the API. What is left out, the configuration decides.

use std::time::Duration;

use minicbor::{Decode, Encode};

use crate::domain::enrichment::Limit;
use crate::domain::time::Time;
use crate::store::record::records;

/// A window whose figures were typed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TypedWindow {
    /// Empty: all operations of the provider.
    #[n(0)]
    #[cbor(default)]
    pub bucket: String,
    #[n(1)]
    pub calls: u32,
    /// Milliseconds.
    #[n(2)]
    pub per: u64,
    #[n(3)]
    pub burst: Option<u32>,
}

impl From<&TypedWindow> for Limit {
    fn from(typed: &TypedWindow) -> Self {
        let per = Duration::from_millis(typed.per);
        Self { bucket: typed.bucket.clone(), calls: typed.calls, per, burst: typed.burst }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ProviderChoice {
    /// Counts the changes of this row; the ETag.
    #[n(0)]
    #[cbor(default)]
    pub version: u64,
    #[n(1)]
    pub enabled: Option<bool>,
    /// A plan of the manifest.
    #[n(2)]
    pub plan: Option<String>,
    /// In place of all windows of the plan and of the configuration.
    #[n(3)]
    pub windows: Option<Vec<TypedWindow>>,
    /// Calls in flight.
    #[n(4)]
    pub concurrent: Option<u32>,
    #[n(5)]
    pub updated_at: Option<Time>,
}

records!(ProviderChoice);
