//! From a lead to the hashed keys of the identity index.

use crate::domain::id::{Id, WorkspaceId};
use crate::domain::identity::{Identity, KeyHasher};
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

    /// For many leads of one workspace.
    pub fn for_workspace(&self, workspace: WorkspaceId) -> KeyHasher {
        KeyHasher::new(self.key, workspace.as_u64())
    }

    /// The hashed keys of a stored lead.
    pub fn keys(&self, workspace: WorkspaceId, lead: &Lead) -> Vec<IdentityKey> {
        self.keys_of(workspace, &Identity::of(lead))
    }

    /// The same from the comparison facts, when the caller has them.
    pub fn keys_of(&self, workspace: WorkspaceId, identity: &Identity) -> Vec<IdentityKey> {
        let hasher = self.for_workspace(workspace);
        let mut keys = Vec::with_capacity(5);
        identity.for_each_key_hash(&hasher, &mut String::new(), |kind, hash| {
            keys.push(IdentityKey { workspace, kind: kind.as_u8(), hash });
        });
        keys
    }
}

impl std::fmt::Debug for IdentityHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityHasher(***)")
    }
}
