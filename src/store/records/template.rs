//! A waterfall of a workspace, in versions.

use minicbor::{Decode, Encode};

use crate::domain::time::Time;
use crate::store::record::records;
use crate::store::records::event::Actor;

/// What is the same for all versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct TemplateHead {
    /// The one that is used; versions count from 1.
    #[n(0)]
    pub version: u32,
    /// Workspaces below this one may use it.
    #[n(1)]
    #[cbor(default)]
    pub offered: bool,
    #[n(2)]
    pub created_at: Time,
    #[n(3)]
    pub updated_at: Time,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct TemplateVersion {
    /// The template in JSON.
    #[n(0)]
    pub text: String,
    #[n(1)]
    pub at: Time,
    #[n(2)]
    #[cbor(default)]
    pub by: Actor,
}

records!(TemplateHead, TemplateVersion);
