//! The key grammar: how typed keys become bytes whose order is the order of meaning.
//!
//! | part | bytes |
//! |---|---|
//! | number, id | big-endian |
//! | time | milliseconds with the sign bit flipped, big-endian |
//! | text | its bytes with 0x00 written as 0x00 0xff, ended by 0x00 0x01 |
//! | fixed bytes (hashes) | as they are |
//!
//! A key is its parts one after the other. Keys of tenant data start with the workspace id; the tables put it there, not
//! their callers.

use crate::domain::id::{
    AttemptId, CompanyId, ExportId, GrantId, HoldId, Id, ImportId, ItemId, JobId, KeyId, LeadId, LineId, ListId,
    RecipeId, SessionId, TaskId, UploadId, UserId, WorkspaceId,
};
use crate::domain::time::Time;

/// One part of a key.
pub trait KeyPart: Sized {
    fn put(&self, out: &mut Vec<u8>);
    /// Reads the part from the front of `input` and moves past it; `None` when the bytes are no such part.
    fn take(input: &mut &[u8]) -> Option<Self>;
}

/// A whole key or the first parts of one.
pub trait Key: Sized {
    fn put_key(&self, out: &mut Vec<u8>);
    fn take_key(input: &mut &[u8]) -> Option<Self>;

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(40);
        self.put_key(&mut out);
        out
    }

    /// The key that `bytes` are; `None` when they are something else or longer.
    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let key = Self::take_key(&mut bytes)?;
        bytes.is_empty().then_some(key)
    }
}

macro_rules! big_endian {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn take(input: &mut &[u8]) -> Option<Self> {
                let (head, rest) = input.split_first_chunk()?;
                *input = rest;
                Some(Self::from_be_bytes(*head))
            }
        }
    )*};
}
big_endian!(u8, u16, u32, u64);

macro_rules! id_parts {
    ($($id:ty),*) => {$(
        impl KeyPart for $id {
            fn put(&self, out: &mut Vec<u8>) {
                self.as_u64().put(out);
            }
            fn take(input: &mut &[u8]) -> Option<Self> {
                u64::take(input).map(Self::from_u64)
            }
        }
    )*};
}
id_parts!(
    WorkspaceId,
    UserId,
    KeyId,
    SessionId,
    ListId,
    LeadId,
    CompanyId,
    UploadId,
    ImportId,
    RecipeId,
    TaskId,
    JobId,
    ItemId,
    AttemptId,
    ExportId,
    LineId,
    GrantId,
    HoldId
);

const SIGN: u64 = 1 << 63;

impl KeyPart for Time {
    fn put(&self, out: &mut Vec<u8>) {
        (self.0.cast_unsigned() ^ SIGN).put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        u64::take(input).map(|bits| Self((bits ^ SIGN).cast_signed()))
    }
}

impl KeyPart for String {
    fn put(&self, out: &mut Vec<u8>) {
        for byte in self.bytes() {
            out.push(byte);
            if byte == 0 {
                out.push(0xff);
            }
        }
        out.extend_from_slice(&[0, 1]);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let mut text = Vec::new();
        loop {
            let (&byte, rest) = input.split_first()?;
            *input = rest;
            if byte != 0 {
                text.push(byte);
                continue;
            }
            let (&mark, rest) = input.split_first()?;
            *input = rest;
            match mark {
                0xff => text.push(0),
                1 => return Self::from_utf8(text).ok(),
                _ => return None,
            }
        }
    }
}

impl<const N: usize> KeyPart for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let (head, rest) = input.split_first_chunk::<N>()?;
        *input = rest;
        Some(*head)
    }
}

impl Key for () {
    fn put_key(&self, _out: &mut Vec<u8>) {}
    fn take_key(_input: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

macro_rules! tuple_keys {
    ($(($($part:ident $place:tt),+))*) => {$(
        impl<$($part: KeyPart),+> Key for ($($part,)+) {
            fn put_key(&self, out: &mut Vec<u8>) {
                $(self.$place.put(out);)+
            }
            fn take_key(input: &mut &[u8]) -> Option<Self> {
                Some(($($part::take(input)?,)+))
            }
        }
    )*};
}
tuple_keys! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn order_of_bytes_is_order_of_meaning(
            a: (u64, i64, String, [u8; 4]),
            b: (u64, i64, String, [u8; 4]),
        ) {
            let left = (LeadId::from_u64(a.0), Time(a.1), a.2, a.3);
            let right = (LeadId::from_u64(b.0), Time(b.1), b.2, b.3);
            let meaning = left.cmp(&right);
            prop_assert_eq!(left.encode().cmp(&right.encode()), meaning);
            prop_assert_eq!(Key::decode(&left.encode()), Some(left));
        }

        #[test]
        fn a_text_with_a_common_beginning_never_mixes_with_the_next_part(a: String, b: String, n: u64, m: u64) {
            let (left, right) = ((a.clone(), n), (b.clone(), m));
            prop_assert_eq!(left.encode().cmp(&right.encode()), left.cmp(&right));
        }

        #[test]
        fn foreign_bytes_are_refused_not_misread(bytes: Vec<u8>) {
            if let Some(key) = <(u64, String, u8) as Key>::decode(&bytes) {
                prop_assert_eq!(key.encode(), bytes);
            }
        }
    }
}
