//! A list: what leads are kept in.

use minicbor::{Decode, Encode};

use super::id::UserId;
use super::time::Time;

/// Which identity a list demands of every row.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum IdentityDemand {
    /// Any sufficient identity (design 1).
    #[default]
    #[n(0)]
    Any,
    #[n(1)]
    Email,
    #[n(2)]
    LinkedIn,
    #[n(3)]
    Phone,
}

/// Where a duplicate is looked for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum DedupeScope {
    #[default]
    #[n(0)]
    List,
    #[n(1)]
    Workspace,
}

/// Who sees a list.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    #[default]
    #[n(0)]
    Workspace,
    #[n(1)]
    Private,
    #[n(2)]
    Shared,
}

/// A list as stored. Its counters (`totalLeads`, `enrichedLeads`) are kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct List {
    /// 1 to 255 characters of any text, unique in its workspace by its folded form.
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub description: Option<String>,
    #[n(2)]
    pub folder: Option<String>,
    #[n(3)]
    #[cbor(default)]
    pub tags: Vec<String>,
    #[n(4)]
    #[cbor(default)]
    pub identity: IdentityDemand,
    #[n(5)]
    #[cbor(default)]
    pub dedupe_scope: DedupeScope,
    #[n(6)]
    #[cbor(default)]
    pub visibility: Visibility,
    /// `csv`, `manual`, `api`, …
    #[n(7)]
    pub source: Option<String>,
    /// A JSON object as given.
    #[n(8)]
    pub metadata: Option<String>,
    #[n(9)]
    pub archived_at: Option<Time>,
    /// Set by a soft delete; the Janitor removes the leads after the restore window.
    #[n(10)]
    pub deleted_at: Option<Time>,
    #[n(11)]
    pub created_by: Option<UserId>,
    #[n(12)]
    #[cbor(default)]
    pub created_at: Time,
    #[n(13)]
    #[cbor(default)]
    pub updated_at: Time,
    /// Counts the changes of this row; the ETag.
    #[n(14)]
    #[cbor(default)]
    pub version: u64,
}
