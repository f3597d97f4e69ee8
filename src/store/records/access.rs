//! Workspaces, users, sessions, keys.

use minicbor::{Decode, Encode};

use crate::domain::id::{KeyId, UserId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::record::records;

/// A tenant: an agency or one of its clients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Workspace {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub parent: Option<WorkspaceId>,
    /// Slug of a plan in `plans.toml`.
    #[n(2)]
    pub plan: String,
    /// Default region (ISO 3166 alpha-2) for phone numbers without a country.
    #[n(3)]
    pub region: Option<String>,
    #[n(4)]
    pub created_at: Time,
    /// Every external provider is answered by the simulator. Decided when it is made, and never again.
    #[n(5)]
    #[cbor(default)]
    pub sandbox: bool,
}

/// What a user may do in a workspace.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[n(0)]
    Owner,
    #[n(1)]
    Admin,
    #[n(2)]
    Member,
    #[default]
    #[n(3)]
    Viewer,
    #[n(4)]
    BillingAdmin,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct User {
    #[n(0)]
    pub email: String,
    #[n(1)]
    pub name: Option<String>,
    /// Argon2id in PHC form; absent until the setup link was used.
    #[n(2)]
    pub password_hash: Option<String>,
    #[n(3)]
    pub created_at: Time,
    #[n(4)]
    pub disabled_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Membership {
    #[n(0)]
    #[cbor(default)]
    pub role: Role,
    #[n(1)]
    pub since: Time,
}

/// A signed-in browser. The token itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Session {
    #[n(0)]
    pub user: UserId,
    #[n(1)]
    pub created_at: Time,
    #[n(2)]
    pub expires_at: Time,
    /// BLAKE3 of the CSRF token that goes with it.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub csrf_hash: [u8; 32],
}

/// What a key may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum KeyScope {
    /// Everything an owner may.
    #[n(0)]
    Owner,
    #[n(1)]
    Read,
    /// Lists, leads, imports, exports.
    #[n(2)]
    Write,
    /// Acts that can spend credits.
    #[n(3)]
    Enrich,
    /// Users, keys, settings.
    #[n(4)]
    Admin,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ApiKey {
    #[n(0)]
    pub name: String,
    #[n(1)]
    #[cbor(default)]
    pub scopes: Vec<KeyScope>,
    /// The first characters of the secret, to tell keys apart.
    #[n(2)]
    pub shown: String,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub hash: [u8; 32],
    #[n(4)]
    pub created_by: Option<UserId>,
    #[n(5)]
    pub created_at: Time,
    #[n(6)]
    pub revoked_at: Option<Time>,
}

/// Where the key with a hash stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ApiKeyPlace {
    #[n(0)]
    pub workspace: WorkspaceId,
    #[n(1)]
    pub key: KeyId,
}

/// A one-time link that lets the first owner set a password.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct SetupToken {
    #[n(0)]
    pub created_at: Time,
    #[n(1)]
    pub expires_at: Time,
}

records!(Workspace, User, Membership, Session, ApiKey, ApiKeyPlace, SetupToken);
