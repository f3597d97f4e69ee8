//! Which providers there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::areas::{Areas, AreasError};
use super::builtin::{BuiltInCompany, BuiltInEmail, BuiltInName, BuiltInPhone, BuiltInTitle, MailHosts};
use super::lists::{Lists, ListsError};
use super::{Offer, Provider};

/// The binary was built from damaged lists.
#[derive(Debug, thiserror::Error)]
pub enum DamagedLists {
    #[error(transparent)]
    Lists(#[from] ListsError),
    #[error(transparent)]
    Areas(#[from] AreasError),
}

/// Providers by slug. Made once at the start; cheap to clone.
#[derive(Clone, Default)]
pub struct Registry {
    providers: BTreeMap<String, Arc<dyn Provider>>,
}

impl Registry {
    /// The providers that need no key.
    ///
    /// # Errors
    /// When the embedded lists are damaged.
    pub fn built_in() -> Result<Self, DamagedLists> {
        let lists = Lists::embedded()?;
        let email = BuiltInEmail::new(lists.clone(), MailHosts::default());
        Ok(Self::default()
            .with(Arc::new(email))
            .with(Arc::new(BuiltInPhone::new(Areas::embedded()?)))
            .with(Arc::new(BuiltInName))
            .with(Arc::new(BuiltInTitle))
            .with(Arc::new(BuiltInCompany::new(lists))))
    }

    /// Adds a provider; one with the same slug is replaced.
    #[must_use]
    pub fn with(mut self, provider: Arc<dyn Provider>) -> Self {
        self.providers.insert(provider.slug().to_owned(), provider);
        self
    }

    pub fn get(&self, slug: &str) -> Option<&Arc<dyn Provider>> {
        self.providers.get(slug)
    }

    /// Every offer, by slug of its provider.
    pub fn offers(&self) -> impl Iterator<Item = (&dyn Provider, &Offer)> {
        self.providers.values().flat_map(|provider| provider.offers().iter().map(move |offer| (&**provider, offer)))
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.providers.keys()).finish()
    }
}
