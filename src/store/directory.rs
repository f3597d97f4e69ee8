//! The data directory: what lies where, and how it is opened.
//!
//! ```text
//! galena.lock   who holds the directory        galena.sock   the door for commands on the box (0600)
//! store.redb    the truth                      index/        the search index, derived
//! uploads/      originals of imports           exports/      what was exported, until it expires
//! master.key    only where no better place was given         config.toml   optional
//! ```

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::deps::Deps;
use crate::store::crypt::{
    CryptError, DataKey, MasterKey, MasterKeySource, Origin as MasterKeyOrigin, Purpose, Sealer,
};
use crate::store::engine::{Engine, EngineError, RedbEngine, RedbOptions};
use crate::store::tables::TABLE_NAMES;
use crate::store::{IdentityHasher, Store, StoreError, StoreOptions, View, WriterCore, meta};

/// The paths of a data directory.
#[derive(Debug, Clone)]
pub struct DataDirectory {
    root: PathBuf,
}

impl DataDirectory {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn store_file(&self) -> PathBuf {
        self.root.join("store.redb")
    }

    pub fn socket(&self) -> PathBuf {
        self.root.join("galena.sock")
    }

    pub fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    pub fn exports(&self) -> PathBuf {
        self.root.join("exports")
    }

    /// The operator's own providers.
    pub fn manifests(&self) -> PathBuf {
        self.root.join("providers")
    }

    /// Whether a store was made here.
    pub fn is_prepared(&self) -> bool {
        self.store_file().exists()
    }

    fn make_folders(&self) -> io::Result<()> {
        for folder in [self.root.clone(), self.uploads(), self.exports(), self.index()] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        Ok(())
    }
}

/// Why a data directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypt(#[from] CryptError),
    #[error("cannot prepare {path}: {source}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("the store has layout {found}, this program knows up to {known}: install a newer version")]
    FutureLayout { found: u64, known: u64 },
    #[error("the store holds rows but no data key: it is damaged or only half restored")]
    NoDataKey,
}

impl OpenError {
    /// Whether another process holds the directory.
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Engine(EngineError::InUse { .. }))
    }
}

/// An opened data directory.
pub struct Opened {
    pub store: Store,
    /// The one writer, to be served by the StoreWriter actor.
    pub writer: WriterCore,
    pub sealer: Sealer,
    pub key_origin: MasterKeyOrigin,
    pub engine: Arc<dyn Engine>,
}

/// Opens `directory`, making what is missing. A start cut short at any moment is finished by the next one: the store file
/// appears whole, and its first transaction writes layout and data key together.
///
/// # Errors
/// See [`OpenError`].
pub fn open(
    directory: &DataDirectory,
    deps: Deps,
    key_source: &MasterKeySource,
    cache_bytes: usize,
    options: StoreOptions,
) -> Result<Opened, OpenError> {
    directory.make_folders().map_err(|source| OpenError::Folder { path: directory.root().to_owned(), source })?;
    let engine_options = RedbOptions { cache_bytes, ..RedbOptions::new(TABLE_NAMES) };
    let engine: Arc<dyn Engine> = Arc::new(RedbEngine::open(&directory.store_file(), engine_options)?);
    let (data_key, key_origin) = data_key(&*engine, directory, &deps, key_source)?;
    let sealer = Sealer::new(&data_key);
    let hasher = IdentityHasher::new(sealer.hash_key(Purpose::IdentityHash));
    let (store, writer) = Store::open(Arc::clone(&engine), deps, hasher, options)?;
    Ok(Opened { store, writer, sealer, key_origin, engine })
}

fn data_key(
    engine: &dyn Engine,
    directory: &DataDirectory,
    deps: &Deps,
    source: &MasterKeySource,
) -> Result<(DataKey, MasterKeyOrigin), OpenError> {
    let view = View::new(engine.snapshot()?);
    match (meta::layout(&view)?, meta::wrapped_data_key(&view)?) {
        (Some(found), _) if found > meta::LAYOUT => Err(OpenError::FutureLayout { found, known: meta::LAYOUT }),
        (_, Some(wrapped)) => {
            let (master, origin) = MasterKey::load(source, directory.root())?;
            Ok((DataKey::unwrap(&master, &wrapped)?, origin))
        }
        (None, None) => {
            let (master, origin) = MasterKey::load_or_create(source, directory.root(), &*deps.random)?;
            let data_key = DataKey::generate(&*deps.random);
            Store::prepare(engine, &data_key.wrap(&master, &*deps.random)?)?;
            Ok((data_key, origin))
        }
        (Some(_), None) => Err(OpenError::NoDataKey),
    }
}
