//! Keys, sealing, passwords and tokens: everything that must not be readable or guessable.
//!
//! A *master key* comes from outside the store (environment, file, systemd credential) or lies beside it. It wraps the
//! random *data key*, whose wrapped form the store keeps. From the data key come one sub-key per purpose, so that no
//! two purposes share one. Losing the master key loses what is sealed: secrets of providers and raw answers.
//!
//! Random bytes always come in from the caller.

mod data_key;
mod master_key;
mod password;
mod seal;
mod secret;
mod token;

pub use self::data_key::DataKey;
pub use self::master_key::{MASTER_KEY_FILE, MasterKey, MasterKeySource, Origin};
pub use self::password::{Passwords, Verdict};
pub use self::seal::{Purpose, Sealer};
pub use self::secret::Secret;
pub use self::token::{Token, TokenHash, TokenKind};

use std::path::PathBuf;

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use zeroize::Zeroizing;

use crate::deps::Random;

/// Length of every key, bytes.
pub const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;

/// A key in memory, wiped when dropped.
type Key = Zeroizing<[u8; KEY_LEN]>;

/// What can go wrong with keys and sealed bytes.
#[derive(Debug, thiserror::Error)]
pub enum CryptError {
    #[error(
        "the master key is not the one this data directory was set up with; give back the earlier key by \
         GALENA_MASTER_KEY, the configured key file, the systemd credential galena-master-key or {MASTER_KEY_FILE} \
         in the data directory"
    )]
    WrongMasterKey,
    #[error("there is no master key: set GALENA_MASTER_KEY, a key file or the systemd credential galena-master-key")]
    NoMasterKey,
    #[error("the master key from {origin} is not 32 bytes in base64 or hexadecimal")]
    MalformedMasterKey { origin: String },
    #[error("cannot use the master key file {path}: {source}")]
    KeyFile { path: PathBuf, source: std::io::Error },
    #[error("sealed bytes are damaged, or were sealed for something else")]
    Damaged,
    #[error("sealed by a later version (form {0})")]
    UnknownForm(u8),
    #[error("too long to seal")]
    TooLong,
    #[error("password hashing failed: {0}")]
    Password(String),
}

fn random_key(random: &dyn Random) -> Key {
    let mut key = Key::default();
    random.fill(&mut *key);
    key
}

/// Appends nonce, ciphertext and tag to `out`. AES-256-GCM-SIV (RFC 8452): a repeated nonce gives away no more than
/// that two plaintexts are equal.
fn encrypt(key: &Key, aad: &[u8], plaintext: &[u8], random: &dyn Random, out: &mut Vec<u8>) -> Result<(), CryptError> {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce);
    let sealed = Aes256GcmSiv::new((&**key).into())
        .encrypt(&Nonce::from(nonce), Payload { msg: plaintext, aad })
        .map_err(|_| CryptError::TooLong)?;
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(())
}

/// Reads what `encrypt` appended.
fn decrypt(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CryptError::Damaged)?;
    Aes256GcmSiv::new((&**key).into())
        .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad })
        .map(Zeroizing::new)
        .map_err(|_| CryptError::Damaged)
}

#[cfg(test)]
mod test_random {
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::deps::Random;

    /// Never the same bytes twice, always the same from the start.
    #[derive(Default)]
    pub struct Counting(AtomicU64);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(bytes);
        }
    }
}
