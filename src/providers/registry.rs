//! Which providers there are.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

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

type BySlug = BTreeMap<String, Arc<dyn Provider>>;

/// Providers by slug. All clones are one registry: what one adds the others see.
#[derive(Clone, Default)]
pub struct Registry {
    /// Readers take the map as it is and let go of the lock.
    providers: Arc<RwLock<Arc<BySlug>>>,
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
    pub fn with(self, provider: Arc<dyn Provider>) -> Self {
        self.put(provider);
        self
    }

    /// Adds a provider while the house works; one with the same slug is replaced. Calls that are on their way end with
    /// the one they began with.
    pub fn put(&self, provider: Arc<dyn Provider>) {
        self.change(|providers| drop(providers.insert(provider.slug().to_owned(), provider)));
    }

    pub fn remove(&self, slug: &str) {
        self.change(|providers| drop(providers.remove(slug)));
    }

    fn change(&self, change: impl FnOnce(&mut BySlug)) {
        let mut guard = self.providers.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = BySlug::clone(&guard);
        change(&mut changed);
        *guard = Arc::new(changed);
    }

    fn all(&self) -> Arc<BySlug> {
        Arc::clone(&self.providers.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn get(&self, slug: &str) -> Option<Arc<dyn Provider>> {
        self.all().get(slug).map(Arc::clone)
    }

    /// Every offer, by slug of its provider.
    pub fn offers(&self) -> impl Iterator<Item = (Arc<dyn Provider>, Offer)> {
        let of = |provider: &Arc<dyn Provider>| {
            let offers: Vec<_> = provider.offers().iter().map(|offer| (Arc::clone(provider), offer.clone())).collect();
            offers
        };
        self.all().values().flat_map(of).collect::<Vec<_>>().into_iter()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all().keys()).finish()
    }
}
