//! From a lead to the hashed keys of the identity index.

use crate::domain::id::{Id, WorkspaceId};
use crate::domain::identity::{Identity, IdentityKeys, key_hash};
use crate::domain::lead::Lead;
use crate::store::identity::IdentityKey;

/// Hashes identity keys with a key of this install, so that the table tells nothing to who reads the file.
#[derive(Clone)]
pub struct IdentityHasher {
    key: [u8; 32],
}

impl IdentityHasher {
    /// `key` comes from the data key (`store::crypt`).
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The hashed keys of a stored lead.
    pub fn keys(&self, workspace: WorkspaceId, lead: &Lead) -> Vec<IdentityKey> {
        self.keys_of(workspace, &Identity::of(lead))
    }

    /// The same from the comparison facts, when the caller has them.
    pub fn keys_of(&self, workspace: WorkspaceId, identity: &Identity) -> Vec<IdentityKey> {
        IdentityKeys::of(identity)
            .iter()
            .map(|key| IdentityKey {
                workspace,
                kind: key.kind as u8,
                hash: key_hash(&self.key, workspace.as_u64(), key.kind, &key.value),
            })
            .collect()
    }
}

impl std::fmt::Debug for IdentityHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityHasher(***)")
    }
}
