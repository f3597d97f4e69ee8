//! Typed identifiers: `lead_…`, `list_…`, `job_…`.
//!
//! An id is a u64: 42 bits of milliseconds since 2020-01-01 UTC and 22 bits of counter, written as the prefix and 13
//! lower-case Crockford base32 characters. Ids sort by the time they were given out, as numbers and as text.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

/// 2020-01-01T00:00:00Z in milliseconds since the Unix epoch.
pub const ID_EPOCH_MS: i64 = 1_577_836_800_000;
/// Bits of counter below the milliseconds.
pub const ID_COUNTER_BITS: u32 = 22;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LEN: usize = 13;

/// Why a text is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_…")]
pub struct IdError {
    pub prefix: &'static str,
}

/// What all ids have in common.
pub trait Id: Copy + Ord + fmt::Display + FromStr<Err = IdError> {
    const PREFIX: &'static str;
    fn from_u64(value: u64) -> Self;
    fn as_u64(self) -> u64;
}

fn encode(value: u64) -> [u8; TEXT_LEN] {
    let mut text = [b'0'; TEXT_LEN];
    for (place, byte) in text.iter_mut().enumerate() {
        let shift = 5 * (TEXT_LEN - 1 - place) as u32;
        *byte = ALPHABET[((value >> shift) & 31) as usize];
    }
    text
}

fn decode(text: &str) -> Option<u64> {
    if text.len() != TEXT_LEN {
        return None;
    }
    let mut value: u64 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|known| *known == byte)? as u64;
        // 13 characters hold 65 bits; the first may only use four.
        if place == 0 && digit > 15 {
            return None;
        }
        value = (value << 5) | digit;
    }
    Some(value)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] u64);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_u64(value: u64) -> Self { Self(value) }
            fn as_u64(self) -> u64 { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = encode(self.0);
                write!(f, concat!($prefix, "_{}"), std::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    WorkspaceId = "ws";
    UserId = "user";
    /// An API key (the row, not the secret).
    KeyId = "key";
    SessionId = "sess";
    ListId = "list";
    LeadId = "lead";
    /// What is known of a company, shared by its people.
    CompanyId = "comp";
    UploadId = "upl";
    ImportId = "imp";
    /// A saved mapping with its options.
    RecipeId = "recipe";
    /// A bulk act.
    TaskId = "task";
    JobId = "job";
    ItemId = "item";
    /// One provider call; also its request id.
    AttemptId = "att";
    ExportId = "exp";
    /// A line of the ledger.
    LineId = "txn";
    GrantId = "grant";
    HoldId = "hold";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_form_is_prefix_and_thirteen_characters() {
        assert_eq!(LeadId::from_u64(0).to_string(), "lead_0000000000000");
        assert_eq!(LeadId::from_u64(u64::MAX).to_string(), "lead_fzzzzzzzzzzzz");
        assert!("list_0000000000000".parse::<LeadId>().is_err());
        assert!("lead_g000000000000".parse::<LeadId>().is_err());
        assert!("lead_000000000000".parse::<LeadId>().is_err());
        assert!("lead_00000000000l0".parse::<LeadId>().is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips_and_sorts_like_the_number(a: u64, b: u64) {
            let (left, right) = (LeadId::from_u64(a), LeadId::from_u64(b));
            prop_assert_eq!(left.to_string().parse::<LeadId>().unwrap(), left);
            prop_assert_eq!(left.to_string().cmp(&right.to_string()), a.cmp(&b));
        }
    }
}
