//! What the operator says of each provider: the configuration, and over it what was chosen through the API.
//!
//! Each choice stands alone: a row goes before the configuration (file, environment, flags), which goes before the
//! manifest. Windows that were typed stand for all figures of a rate, those of the configuration, too.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::overrides::overridden;
use crate::config;
use crate::domain::enrichment::{Limit, Limits, Operation};
use crate::providers::Provider;
use crate::providers::manifest::Setup;
use crate::store::records::provider_choice::ProviderChoice;
use crate::store::tables::ProviderChoices;
use crate::store::{Reads, StoreError, engine};

type BySlug<T> = BTreeMap<String, T>;

/// Cheap to clone; the clones are the same choices.
#[derive(Clone, Default)]
pub struct Choices {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    configured: BySlug<config::Provider>,
    rows: Mutex<Arc<BySlug<ProviderChoice>>>,
    /// Held while a change is followed by whoever works with it.
    changing: Mutex<()>,
}

impl Choices {
    pub fn new(configured: BySlug<config::Provider>, rows: BySlug<ProviderChoice>) -> Self {
        Self { inner: Arc::new(Inner { configured, rows: Mutex::new(Arc::new(rows)), changing: Mutex::default() }) }
    }

    /// With the rows that were stored.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn stored(configured: BySlug<config::Provider>, reads: &impl Reads) -> Result<Self, StoreError> {
        let mut rows = BySlug::new();
        reads.scan_install::<ProviderChoices>(&(), engine::Order::Ascending, &mut |(slug,), row| {
            rows.insert(slug, row);
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(Self::new(configured, rows))
    }

    fn lock(&self) -> MutexGuard<'_, Arc<BySlug<ProviderChoice>>> {
        self.inner.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self) -> Arc<BySlug<ProviderChoice>> {
        Arc::clone(&self.lock())
    }

    /// What was chosen for a provider; as nothing was, an empty one.
    pub fn row(&self, slug: &str) -> ProviderChoice {
        self.lock().get(slug).cloned().unwrap_or_default()
    }

    pub fn configured(&self, slug: &str) -> Option<&config::Provider> {
        self.inner.configured.get(slug)
    }

    /// Providers that somebody has chosen for.
    pub fn chosen(&self) -> impl Iterator<Item = String> {
        self.rows().keys().cloned().collect::<Vec<_>>().into_iter()
    }

    /// Whether a provider may be called at all.
    pub fn is_on(&self, slug: &str) -> bool {
        let chosen = self.lock().get(slug).and_then(|row| row.enabled);
        chosen.unwrap_or_else(|| self.configured(slug).is_none_or(|given| given.enabled))
    }

    /// Slugs of the providers that may not.
    pub fn switched_off(&self) -> HashSet<String> {
        let named = self.inner.configured.keys().cloned().chain(self.chosen());
        named.filter(|slug| !self.is_on(slug)).collect()
    }

    /// What a manifest works with.
    pub fn setup(&self, slug: &str) -> Setup {
        let row = self.row(slug);
        let setup = self.configured(slug).map(Setup::from).unwrap_or_default();
        Setup {
            plan: row.plan.or(setup.plan),
            windows: row.windows.map(|windows| windows.iter().map(Limit::from).collect()),
            concurrent: row.concurrent.or(setup.concurrent),
            ..setup
        }
    }

    /// The limits that hold for an operation.
    pub fn limits(&self, provider: &dyn Provider, operation: Operation) -> Limits {
        let limits = provider.limits(operation);
        let Some(given) = self.configured(provider.slug()) else { return limits };
        let rows = self.lock();
        let row = rows.get(provider.slug());
        let has_windows = row.is_some_and(|row| row.windows.is_some());
        let has_concurrent = row.is_some_and(|row| row.concurrent.is_some());
        let left = config::Provider {
            rate_limit: if has_windows { 0 } else { given.rate_limit },
            concurrency: if has_concurrent { 0 } else { given.concurrency },
            ..config::Provider::default()
        };
        overridden(limits, Some(&left))
    }

    /// A row as it was committed holds from now on. `follow` is run while no other row changes, unless a later one of the
    /// same provider holds already.
    pub fn choose(&self, slug: &str, row: ProviderChoice, follow: impl FnOnce(&Self)) {
        let _one_after_the_other = self.inner.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.row(slug).version > row.version {
            return;
        }
        let mut rows = BySlug::clone(&self.rows());
        rows.insert(slug.to_owned(), row);
        *self.lock() = Arc::new(rows);
        follow(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::records::provider_choice::TypedWindow;

    fn configured() -> BySlug<config::Provider> {
        let given = config::Provider {
            enabled: false,
            plan: Some("starter".to_owned()),
            rate_limit: 600,
            concurrency: 4,
            ..config::Provider::default()
        };
        [("hunter".to_owned(), given)].into()
    }

    #[test]
    fn a_choice_goes_before_the_configuration_and_is_taken_back_alone() {
        let choices = Choices::new(configured(), BySlug::new());
        assert!(!choices.is_on("hunter") && choices.is_on("apollo"));
        assert_eq!(choices.switched_off(), ["hunter".to_owned()].into());
        let typed = TypedWindow { bucket: String::new(), calls: 7, per: 1_500, burst: None };
        let row = ProviderChoice {
            version: 2,
            enabled: Some(true),
            plan: Some("growth".to_owned()),
            windows: Some(vec![typed.clone()]),
            ..ProviderChoice::default()
        };
        let mut followed = 0;
        choices.choose("hunter", row.clone(), |_| followed += 1);
        assert!(choices.is_on("hunter") && choices.switched_off().is_empty());
        let setup = choices.setup("hunter");
        assert_eq!((setup.plan.as_deref(), setup.concurrent), (Some("growth"), Some(4)));
        assert_eq!(setup.windows, Some(vec![Limit::from(&typed)]));
        choices.choose("hunter", ProviderChoice { version: 1, ..ProviderChoice::default() }, |_| followed += 1);
        assert_eq!((choices.row("hunter"), followed), (row.clone(), 1), "an older row does not come back");
        choices.choose("hunter", ProviderChoice { version: 3, enabled: None, ..row }, |_| followed += 1);
        assert!(!choices.is_on("hunter"));
        assert_eq!((choices.setup("hunter").plan.as_deref(), followed), (Some("growth"), 2));
    }
}
