//! The keys that providers are called with: that of the workspace, else that of the install.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::course::Key;
use crate::domain::enrichment::PriceSource;
use crate::domain::id::WorkspaceId;
use crate::store::crypt::{Sealer, Secret};
use crate::store::tables::Credentials;
use crate::store::transactions::credentials::open;
use crate::store::{Reads, Store, StoreError, WorkspaceScope};

/// Where keys are found. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    store: Store,
    sealer: Arc<Sealer>,
    install: Arc<BTreeMap<String, Secret>>,
}

/// The owner of a key as gates and receipts name it.
pub const INSTALL: &str = "install";

impl Keys {
    /// `install`: keys of the configuration by slug.
    pub fn new(store: Store, sealer: Arc<Sealer>, install: BTreeMap<String, Secret>) -> Self {
        Self { store, sealer, install: Arc::new(install) }
    }

    /// Whose key a provider would be called with; nothing when there is none.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn source(
        &self,
        reads: &impl Reads,
        scope: &WorkspaceScope,
        provider: &str,
    ) -> Result<Option<PriceSource>, StoreError> {
        if reads.get::<Credentials>(scope, (provider.to_owned(),))?.is_some() {
            return Ok(Some(PriceSource::WorkspaceKey));
        }
        Ok(self.install.contains_key(provider).then_some(PriceSource::InstallKey))
    }

    /// The key for a call. One that cannot be opened is as if it were not there, and said in the log.
    pub async fn of(&self, scope: WorkspaceScope, provider: &str) -> Option<Key> {
        let (sealer, slug) = (Arc::clone(&self.sealer), provider.to_owned());
        let own = self.store.read(move |view| open(view, &sealer, &scope, &slug)).await;
        match own {
            Ok(Some(secret)) => return Some(Key { secret, owner: owner_of(scope.workspace()) }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, provider, "the key of a workspace cannot be opened"),
        }
        let secret = self.install.get(provider)?;
        Some(Key { secret: Secret::new(secret.expose()), owner: INSTALL.to_owned() })
    }
}

fn owner_of(workspace: WorkspaceId) -> String {
    workspace.to_string()
}
