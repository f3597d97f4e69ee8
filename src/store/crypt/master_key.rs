//! Where the master key comes from.
//!
//! In this order, the first that is there: `GALENA_MASTER_KEY`, the configured key file, the systemd credential
//! `galena-master-key`, `master.key` in the data directory. On the first run without any of them one is generated
//! into the data directory: encryption then protects a stolen backup, not a stolen disk, which the log says loudly.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::{CryptError, KEY_LEN, Key, Secret, random_key};
use crate::deps::Random;

/// Name of the key file in the data directory.
pub const MASTER_KEY_FILE: &str = "master.key";
const ENVIRONMENT: &str = "GALENA_MASTER_KEY";
const CREDENTIAL: &str = "galena-master-key";
/// More than any form of a key is long.
const LONGEST_FILE: u64 = 1024;

/// The key that wraps the data key.
pub struct MasterKey(Key);

/// The places to look at, besides the data directory.
#[derive(Debug, Clone, Default)]
pub struct MasterKeySource {
    /// The value of `GALENA_MASTER_KEY`.
    pub environment: Option<Secret>,
    /// The key file the configuration names.
    pub file: Option<PathBuf>,
    /// The value of `CREDENTIALS_DIRECTORY`, which systemd sets.
    pub credentials_directory: Option<PathBuf>,
}

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Environment,
    File(PathBuf),
    Credential(PathBuf),
    DataDirectory(PathBuf),
    /// Generated just now, into this file.
    Created(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str(ENVIRONMENT),
            Self::File(path) | Self::Credential(path) | Self::DataDirectory(path) | Self::Created(path) => {
                write!(f, "{}", path.display())
            }
        }
    }
}

impl MasterKeySource {
    /// What the environment of this process offers, and the key file of the configuration.
    pub fn from_environment(file: Option<PathBuf>) -> Self {
        Self {
            environment: std::env::var(ENVIRONMENT).ok().filter(|value| !value.is_empty()).map(Secret::new),
            file,
            credentials_directory: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        }
    }
}

impl MasterKey {
    pub fn generate(random: &dyn Random) -> Self {
        Self(random_key(random))
    }

    /// Finds the key. `NoMasterKey` when no place has one: the way to ask when the data directory is set up already,
    /// for a new key would open nothing there.
    pub fn load(source: &MasterKeySource, data_dir: &Path) -> Result<(Self, Origin), CryptError> {
        if let Some(text) = &source.environment {
            return Ok((parse(text.expose().as_bytes(), &Origin::Environment)?, Origin::Environment));
        }
        if let Some(path) = &source.file {
            return read(Origin::File(path.clone()), path)?.ok_or_else(|| missing(path));
        }
        if let Some(directory) = &source.credentials_directory {
            let path = directory.join(CREDENTIAL);
            if let Some(found) = read(Origin::Credential(path.clone()), &path)? {
                return Ok(found);
            }
        }
        let path = data_dir.join(MASTER_KEY_FILE);
        read(Origin::DataDirectory(path.clone()), &path)?.ok_or(CryptError::NoMasterKey)
    }

    /// Finds the key, or generates one into the data directory (mode 0600) and warns. For a first run.
    pub fn load_or_create(
        source: &MasterKeySource,
        data_dir: &Path,
        random: &dyn Random,
    ) -> Result<(Self, Origin), CryptError> {
        match Self::load(source, data_dir) {
            Err(CryptError::NoMasterKey) => {}
            found => return found,
        }
        let key = Self::generate(random);
        let path = data_dir.join(MASTER_KEY_FILE);
        key.save(&path).map_err(|source| CryptError::KeyFile { path: path.clone(), source })?;
        tracing::warn!(
            file = %path.display(),
            "GENERATED A MASTER KEY beside the data it protects. Copy it to a safe place: without it stored API keys \
             and provider answers cannot be read. Better: keep it elsewhere and pass it by GALENA_MASTER_KEY, a key \
             file or the systemd credential galena-master-key"
        );
        Ok((key, Origin::Created(path)))
    }

    /// The key as `load` reads it, base64.
    pub fn to_base64(&self) -> Secret {
        Secret::new(STANDARD.encode(*self.0))
    }

    /// Tells keys apart without giving anything away.
    pub(super) fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&blake3::derive_key("galena master key id v1", &*self.0)[..8]);
        id
    }

    pub(super) fn wrapping_key(&self) -> Key {
        Key::new(blake3::derive_key("galena master key wraps data key v1", &*self.0))
    }

    /// Writes under a temporary name first: half a key file would lock the owner out.
    fn save(&self, path: &Path) -> io::Result<()> {
        let building = path.with_extension("key.creating");
        match std::fs::remove_file(&building) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&building)?;
        file.write_all(self.to_base64().expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&building, path)?;
        match path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

fn missing(path: &Path) -> CryptError {
    CryptError::KeyFile { path: path.to_owned(), source: io::ErrorKind::NotFound.into() }
}

/// Reads a key file; `None` when it is not there.
fn read(origin: Origin, path: &Path) -> Result<Option<(MasterKey, Origin)>, CryptError> {
    let failed = |source| CryptError::KeyFile { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LONGEST_FILE).read_to_end(&mut bytes).map_err(failed)?;
    let key = match <[u8; KEY_LEN]>::try_from(bytes.as_slice()) {
        Ok(raw) => MasterKey(Key::new(raw)),
        Err(_) => parse(&bytes, &origin)?,
    };
    Ok(Some((key, origin)))
}

/// 64 hexadecimal digits, or base64 of 32 bytes in any of its alphabets, with or without padding.
fn parse(text: &[u8], origin: &Origin) -> Result<MasterKey, CryptError> {
    let malformed = || CryptError::MalformedMasterKey { origin: origin.to_string() };
    let text = std::str::from_utf8(text).map_err(|_| malformed())?.trim();
    let mut key = Key::default();
    if text.len() == 2 * KEY_LEN {
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| malformed())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| malformed())?;
        }
        return Ok(MasterKey(key));
    }
    let standard = Zeroizing::new(text.trim_end_matches('=').replace('-', "+").replace('_', "/"));
    let bytes = STANDARD_NO_PAD.decode(standard.as_str());
    let bytes = Zeroizing::new(bytes.map_err(|_| malformed())?);
    let bytes: &[u8; KEY_LEN] = bytes.as_slice().try_into().map_err(|_| malformed())?;
    key.copy_from_slice(bytes);
    Ok(MasterKey(key))
}
