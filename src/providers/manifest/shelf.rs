//! All manifests of an install: those of the program and the operator's own. What is put here can be called at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::folder::{FolderError, ManifestFolder};
use super::model::Manifest;
use super::problem::ManifestError;
use super::provider::ManifestProvider;
use super::setup::Setup;
use super::shipped::{SHIPPED, shipped};
use crate::config;
use crate::providers::Registry;

/// A manifest at work.
#[derive(Clone)]
pub struct Shelved {
    pub provider: Arc<ManifestProvider>,
    /// The operator's, not the program's.
    pub own: bool,
}

/// Why a manifest is not put on the shelf.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The name of a provider of the program.
    #[error("{0} is a provider of the program; give yours another slug")]
    Taken(String),
}

/// Shared by all; keeps the registry of providers up to date.
pub struct Shelf {
    registry: Registry,
    folder: ManifestFolder,
    setups: Mutex<BTreeMap<String, Setup>>,
    manifests: Mutex<BTreeMap<String, Shelved>>,
    revision: AtomicU64,
}

impl Shelf {
    /// Puts the manifests of the program and of the folder into the registry. A file of the operator with the slug of a
    /// shipped one takes its place. What is wrong with files is told; the others work.
    ///
    /// # Errors
    /// When a shipped manifest cannot be read: the binary is damaged.
    pub fn open(
        registry: Registry,
        folder: ManifestFolder,
        configured: &BTreeMap<String, config::Provider>,
    ) -> Result<(Self, Vec<ManifestError>), ManifestError> {
        let setups = configured.iter().map(|(slug, given)| (slug.clone(), Setup::from(given))).collect();
        let shelf = Self {
            registry,
            folder,
            setups: Mutex::new(setups),
            manifests: Mutex::default(),
            revision: AtomicU64::default(),
        };
        shipped()?.into_iter().for_each(|manifest| drop(shelf.shelve(manifest, false)));
        let mut broken = Vec::new();
        for loaded in shelf.folder.load() {
            match loaded {
                Ok(manifest) => drop(shelf.shelve(manifest, true)),
                Err(error) => broken.push(error),
            }
        }
        Ok((shelf, broken))
    }

    fn shelve(&self, manifest: Manifest, own: bool) -> Shelved {
        let slug = manifest.slug.clone();
        let setup = self.setups.lock().unwrap_or_else(PoisonError::into_inner).get(&slug).cloned().unwrap_or_default();
        let shelved = Shelved { provider: Arc::new(ManifestProvider::new(manifest, setup)), own };
        self.registry.put(Arc::clone(&shelved.provider) as Arc<dyn crate::providers::Provider>);
        self.lock().insert(slug, shelved.clone());
        self.revision.fetch_add(1, Ordering::SeqCst);
        shelved
    }

    /// Works with another setup of a provider from now on; calls that are on their way end with the one before.
    pub fn set_up(&self, slug: &str, setup: Setup) {
        self.setups.lock().unwrap_or_else(PoisonError::into_inner).insert(slug.to_owned(), setup);
        if let Some(Shelved { provider, own }) = self.get(slug) {
            drop(self.shelve(provider.manifest().clone(), own));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Shelved>> {
        self.manifests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rises with every change.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::SeqCst)
    }

    pub fn get(&self, slug: &str) -> Option<Shelved> {
        self.lock().get(slug).cloned()
    }

    /// All of them with their setups, for a simulator.
    pub fn all(&self) -> Vec<(Manifest, Setup)> {
        let manifests = self.lock();
        let both = |shelved: &Shelved| (shelved.provider.manifest().clone(), shelved.provider.setup().clone());
        manifests.values().map(both).collect()
    }

    /// Keeps a manifest of the operator and works with it from now on; the second says whether it is new.
    ///
    /// # Errors
    /// When its slug is taken by the program, or the folder cannot be written.
    pub fn put(&self, manifest: Manifest) -> Result<(Shelved, bool), ShelfError> {
        let slug = manifest.slug.clone();
        let known = self.get(&slug);
        let of_program = SHIPPED.iter().any(|(shipped, _)| *shipped == slug);
        let of_house = known.is_none() && self.registry.get(&slug).is_some();
        if of_house || (of_program && !known.as_ref().is_some_and(|known| known.own)) {
            return Err(ShelfError::Taken(slug));
        }
        self.folder.store(&manifest)?;
        Ok((self.shelve(manifest, true), known.is_none()))
    }

    /// Forgets a manifest of the operator; one of the program that it stood for is back. Whether there was one.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(&self, slug: &str) -> Result<bool, ShelfError> {
        if !self.get(slug).is_some_and(|known| known.own) {
            return Ok(false);
        }
        self.folder.remove(slug)?;
        let shipped = SHIPPED.iter().find(|(known, _)| *known == slug).map(|(_, text)| super::read(slug, text));
        match shipped {
            Some(Ok(manifest)) => drop(self.shelve(manifest, false)),
            _ => {
                self.lock().remove(slug);
                self.registry.remove(slug);
            }
        }
        self.revision.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }
}
