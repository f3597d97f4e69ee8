//! The first 4 KiB of the store file, in front of what redb writes.
//!
//! It says what the rest is encrypted with. Today that is nothing; the page stands from the first day so that no data
//! directory has to be rewritten when encryption lands.
//!
//! | bytes | content |
//! |---|---|
//! | 0..8 | magic `GALENA\0\1` |
//! | 8..12 | format, u32 little-endian, 1 |
//! | 12..16 | cipher, u32 little-endian, 0 = none |
//! | 16..64 | parameters and salt of the key derivation, zero when there is none |
//! | 64..68 | length of the wrapped data key, u32 little-endian, at most 252 |
//! | 68..320 | the wrapped data key |
//! | 320..352 | key check, zero when there is none |
//! | 352..4064 | zero, for later |
//! | 4064..4096 | BLAKE3 of all bytes before |

/// Length of the page, and how far redb's bytes are moved.
pub(super) const ENVELOPE_LEN: usize = 4096;

const MAGIC: &[u8; 8] = b"GALENA\0\x01";
const FORMAT: u32 = 1;
const CIPHER_NONE: u32 = 0;
const KDF: std::ops::Range<usize> = 16..64;
const WRAPPED_KEY: std::ops::Range<usize> = 68..320;
const KEY_CHECK: std::ops::Range<usize> = 320..352;
const CHECKSUM: usize = ENVELOPE_LEN - 32;

/// What lies behind the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    None,
}

/// The content of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    pub cipher: Cipher,
    pub kdf: [u8; 48],
    pub wrapped_key: Vec<u8>,
    pub key_check: [u8; 32],
}

/// Why a page is not an envelope we can go on with.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum EnvelopeError {
    #[error("it does not begin like a store file of ours")]
    NotOurs,
    #[error("its first page does not match its checksum")]
    Checksum,
    #[error("it has format {found}, this version knows formats up to {FORMAT}")]
    Format { found: u32 },
    #[error("it is encrypted with cipher number {found}, which this version does not know")]
    Cipher { found: u32 },
}

impl EnvelopeError {
    /// True when a later version could read it; false when the bytes are wrong.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Format { .. } | Self::Cipher { .. })
    }
}

impl Envelope {
    /// The envelope of a store that is not encrypted.
    pub fn plain() -> Self {
        Self { cipher: Cipher::None, kdf: [0; 48], wrapped_key: Vec::new(), key_check: [0; 32] }
    }

    pub fn encode(&self) -> [u8; ENVELOPE_LEN] {
        let mut page = [0; ENVELOPE_LEN];
        page[..8].copy_from_slice(MAGIC);
        page[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        let cipher = match self.cipher {
            Cipher::None => CIPHER_NONE,
        };
        page[12..16].copy_from_slice(&cipher.to_le_bytes());
        page[KDF].copy_from_slice(&self.kdf);
        let key_len = self.wrapped_key.len().min(WRAPPED_KEY.len());
        page[64..68].copy_from_slice(&(key_len as u32).to_le_bytes());
        page[WRAPPED_KEY][..key_len].copy_from_slice(&self.wrapped_key[..key_len]);
        page[KEY_CHECK].copy_from_slice(&self.key_check);
        let checksum = blake3::hash(&page[..CHECKSUM]);
        page[CHECKSUM..].copy_from_slice(checksum.as_bytes());
        page
    }

    /// Reads a page back. The format is looked at before the checksum: a later one may keep its checksum elsewhere.
    pub fn decode(page: &[u8; ENVELOPE_LEN]) -> Result<Self, EnvelopeError> {
        if &page[..8] != MAGIC {
            return Err(EnvelopeError::NotOurs);
        }
        let format = number_at(page, 8);
        if format > FORMAT {
            return Err(EnvelopeError::Format { found: format });
        }
        if blake3::hash(&page[..CHECKSUM]).as_bytes()[..] != page[CHECKSUM..] {
            return Err(EnvelopeError::Checksum);
        }
        let cipher = match number_at(page, 12) {
            CIPHER_NONE => Cipher::None,
            found => return Err(EnvelopeError::Cipher { found }),
        };
        let key_len = (number_at(page, 64) as usize).min(WRAPPED_KEY.len());
        let mut kdf = [0; 48];
        kdf.copy_from_slice(&page[KDF]);
        let mut key_check = [0; 32];
        key_check.copy_from_slice(&page[KEY_CHECK]);
        Ok(Self { cipher, kdf, wrapped_key: page[WRAPPED_KEY][..key_len].to_vec(), key_check })
    }
}

fn number_at(page: &[u8; ENVELOPE_LEN], at: usize) -> u32 {
    u32::from_le_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_number(at: usize, number: u32, reseal: bool) -> [u8; ENVELOPE_LEN] {
        let mut page = Envelope::plain().encode();
        page[at..at + 4].copy_from_slice(&number.to_le_bytes());
        if reseal {
            let checksum = blake3::hash(&page[..CHECKSUM]);
            page[CHECKSUM..].copy_from_slice(checksum.as_bytes());
        }
        page
    }

    #[test]
    fn what_was_written_is_read() {
        let envelope =
            Envelope { cipher: Cipher::None, kdf: [7; 48], wrapped_key: (0..100).collect(), key_check: [9; 32] };
        assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let page = Envelope::plain().encode();
        for at in 0..ENVELOPE_LEN {
            let mut damaged = page;
            damaged[at] ^= 0x40;
            assert!(Envelope::decode(&damaged).is_err(), "byte {at}");
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        assert_eq!(Envelope::decode(&[0; ENVELOPE_LEN]), Err(EnvelopeError::NotOurs));
        assert_eq!(Envelope::decode(&with_number(8, 2, false)), Err(EnvelopeError::Format { found: 2 }));
        assert_eq!(Envelope::decode(&with_number(12, 7, true)), Err(EnvelopeError::Cipher { found: 7 }));
        assert_eq!(Envelope::decode(&with_number(12, 7, false)), Err(EnvelopeError::Checksum));
    }
}
