//! The data key: random, made once, kept by the store in wrapped form only.

use std::fmt;

use super::{CryptError, KEY_LEN, Key, MasterKey, decrypt, encrypt, random_key};
use crate::deps::Random;

/// Form of the wrapped bytes: form (1), id of the master key (8), nonce (12), ciphertext and tag (48).
const FORM: u8 = 1;
const ID_LEN: usize = 8;
const AAD: &[u8] = b"galena data key";

/// The key all sealing keys are derived from.
pub struct DataKey(pub(super) Key);

impl DataKey {
    pub fn generate(random: &dyn Random) -> Self {
        Self(random_key(random))
    }

    /// The form to store. Wrapping again under another master key is how a master key is changed.
    pub fn wrap(&self, master: &MasterKey, random: &dyn Random) -> Result<Vec<u8>, CryptError> {
        let mut wrapped = vec![FORM];
        wrapped.extend_from_slice(&master.id());
        encrypt(&master.wrapping_key(), AAD, &*self.0, random, &mut wrapped)?;
        Ok(wrapped)
    }

    /// Reads a stored form. `WrongMasterKey` when it was wrapped by another master key, `Damaged` when it was by this
    /// one and its bytes have changed.
    pub fn unwrap(master: &MasterKey, wrapped: &[u8]) -> Result<Self, CryptError> {
        let (&form, rest) = wrapped.split_first().ok_or(CryptError::Damaged)?;
        if form != FORM {
            return Err(CryptError::UnknownForm(form));
        }
        let (id, sealed) = rest.split_first_chunk::<ID_LEN>().ok_or(CryptError::Damaged)?;
        if *id != master.id() {
            return Err(CryptError::WrongMasterKey);
        }
        let plain = decrypt(&master.wrapping_key(), AAD, sealed)?;
        let bytes: &[u8; KEY_LEN] = plain.as_slice().try_into().map_err(|_| CryptError::Damaged)?;
        let mut key = Key::default();
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_random::Counting;
    use super::*;

    #[test]
    fn only_its_master_key_unwraps_it() {
        let random = Counting::default();
        let (ours, theirs) = (MasterKey::generate(&random), MasterKey::generate(&random));
        let key = DataKey::generate(&random);
        let wrapped = key.wrap(&ours, &random).expect("wrapped");
        assert!(!wrapped.windows(KEY_LEN).any(|window| window == &key.0[..]), "the key itself is not in there");

        assert_eq!(*DataKey::unwrap(&ours, &wrapped).expect("unwrapped").0, *key.0);
        let error = DataKey::unwrap(&theirs, &wrapped).expect_err("another key");
        assert!(matches!(error, CryptError::WrongMasterKey));
        assert!(error.to_string().contains("GALENA_MASTER_KEY"), "it says what to do");
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let random = Counting::default();
        let master = MasterKey::generate(&random);
        let wrapped = DataKey::generate(&random).wrap(&master, &random).expect("wrapped");
        for at in 0..wrapped.len() {
            let mut damaged = wrapped.clone();
            damaged[at] ^= 1;
            assert!(DataKey::unwrap(&master, &damaged).is_err(), "byte {at}");
            assert!(DataKey::unwrap(&master, &wrapped[..at]).is_err(), "cut at {at}");
        }
        assert!(matches!(DataKey::unwrap(&master, &[2, 0]), Err(CryptError::UnknownForm(2))));
    }
}
