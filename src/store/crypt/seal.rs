//! Sealing of single values under sub-keys of the data key.

use std::fmt;

use zeroize::Zeroizing;

use super::{CryptError, DataKey, KEY_LEN, Key, decrypt, encrypt};
use crate::deps::Random;

/// Form of sealed bytes: form (1), nonce (12), ciphertext and tag.
const FORM: u8 = 1;

/// What a sub-key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Credentials of providers, CRMs and mail servers.
    Secrets,
    /// Answers of providers as they came.
    RawAnswers,
    /// The keyed hash of identity keys (e-mails, phones, profiles).
    IdentityHash,
    /// The keyed hash of idempotency keys.
    Idempotency,
    /// Places in listings, which callers carry from page to page.
    Cursors,
}

impl Purpose {
    /// The derivation context. Released data depends on it: never change one.
    fn context(self) -> &'static str {
        match self {
            Self::Secrets => "galena data key v1: secrets",
            Self::RawAnswers => "galena data key v1: raw answers",
            Self::IdentityHash => "galena data key v1: identity hash",
            Self::Idempotency => "galena data key v1: idempotency",
            Self::Cursors => "galena data key v1: cursors",
        }
    }
}

/// Seals and opens values.
pub struct Sealer {
    secrets: Key,
    raw_answers: Key,
    identity_hash: Key,
    idempotency: Key,
    cursors: Key,
}

impl Sealer {
    pub fn new(data_key: &DataKey) -> Self {
        let derive = |purpose: Purpose| Key::new(blake3::derive_key(purpose.context(), &*data_key.0));
        Self {
            secrets: derive(Purpose::Secrets),
            raw_answers: derive(Purpose::RawAnswers),
            identity_hash: derive(Purpose::IdentityHash),
            idempotency: derive(Purpose::Idempotency),
            cursors: derive(Purpose::Cursors),
        }
    }

    /// Seals `plaintext`. `context` says what it belongs to (workspace, table, id): opening needs the same, so that a
    /// sealed value moved to another row does not open there. 29 bytes longer than the plaintext.
    pub fn seal(
        &self,
        purpose: Purpose,
        context: &[u8],
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, CryptError> {
        let mut sealed = Vec::with_capacity(plaintext.len() + 29);
        sealed.push(FORM);
        encrypt(self.key(purpose), context, plaintext, random, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens what `seal` gave for the same purpose and context.
    pub fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptError> {
        match sealed.split_first() {
            Some((&FORM, rest)) => decrypt(self.key(purpose), context, rest),
            Some((&form, _)) => Err(CryptError::UnknownForm(form)),
            None => Err(CryptError::Damaged),
        }
    }

    /// The key of a keyed hash, for `blake3::keyed_hash`.
    pub fn hash_key(&self, purpose: Purpose) -> [u8; KEY_LEN] {
        **self.key(purpose)
    }

    fn key(&self, purpose: Purpose) -> &Key {
        match purpose {
            Purpose::Secrets => &self.secrets,
            Purpose::RawAnswers => &self.raw_answers,
            Purpose::IdentityHash => &self.identity_hash,
            Purpose::Idempotency => &self.idempotency,
            Purpose::Cursors => &self.cursors,
        }
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::test_random::Counting;
    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&DataKey(Key::new([7; KEY_LEN])))
    }

    proptest! {
        #[test]
        fn only_the_same_purpose_and_context_open(plain in proptest::collection::vec(any::<u8>(), 0..200), flip: usize) {
            let (sealer, random) = (sealer(), Counting::default());
            let sealed = sealer.seal(Purpose::Secrets, b"row 1", &plain, &random).expect("sealed");
            prop_assert_eq!(sealed.len(), plain.len() + 29);
            let opened = sealer.open(Purpose::Secrets, b"row 1", &sealed).expect("opened");
            prop_assert_eq!(&*opened, &plain);
            prop_assert!(sealer.open(Purpose::Secrets, b"row 2", &sealed).is_err());
            prop_assert!(sealer.open(Purpose::RawAnswers, b"row 1", &sealed).is_err());

            let mut damaged = sealed.clone();
            let at = flip % damaged.len();
            damaged[at] ^= 0x10;
            prop_assert!(sealer.open(Purpose::Secrets, b"row 1", &damaged).is_err());
            prop_assert!(sealer.open(Purpose::Secrets, b"row 1", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_the_same() {
        let (sealer, random) = (sealer(), Counting::default());
        let seal = || sealer.seal(Purpose::Secrets, b"", b"key", &random).expect("sealed");
        assert_ne!(seal(), seal());
    }

    /// Written data depends on the derivation: these bytes must stay.
    #[test]
    fn sub_keys_stay_what_they_were_released_as() {
        let first_bytes = [Purpose::Secrets, Purpose::RawAnswers, Purpose::IdentityHash, Purpose::Idempotency]
            .map(|purpose| u32::from_be_bytes(sealer().hash_key(purpose)[..4].try_into().expect("four bytes")));
        assert_eq!(first_bytes, [0x5132_444c, 0xe1f4_0eff, 0x0f8f_5d80, 0x2c36_bc26]);
    }
}
