//! How values become bytes: a format version, then minicbor with numbered fields.
//!
//! A field keeps its number for ever; a new one gets the next number and a default; a changed meaning gets a new format
//! version. `tests/fixtures/records/` keeps golden bytes of every released format.

use minicbor::{Decode, Encode};

/// The format that is written today.
pub const FORMAT: u8 = 1;

/// Why bytes are not the record they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("record is empty")]
    Empty,
    #[error("record has format {0}, this program knows up to {FORMAT}")]
    FutureFormat(u8),
    #[error("record cannot be read: {0}")]
    Malformed(String),
}

/// A value of a table.
pub trait Record: Sized {
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError>;
}

/// Writes `value` with the format byte in front.
pub fn encode_record<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.push(FORMAT);
    // Writing into a Vec cannot fail.
    let _infallible = minicbor::encode(value, &mut out);
    out
}

/// Reads what `encode_record` wrote.
pub fn decode_record<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, RecordError> {
    match bytes.split_first() {
        None => Err(RecordError::Empty),
        Some((&FORMAT, body)) => minicbor::decode(body).map_err(|error| RecordError::Malformed(error.to_string())),
        Some((&format, _)) => Err(RecordError::FutureFormat(format)),
    }
}

/// Implements [`Record`] for types that derive `Encode` and `Decode`.
macro_rules! records {
    ($($record:ty),* $(,)?) => {$(
        impl $crate::store::record::Record for $record {
            fn to_bytes(&self) -> Vec<u8> {
                $crate::store::record::encode_record(self)
            }
            fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::store::record::RecordError> {
                $crate::store::record::decode_record(bytes)
            }
        }
    )*};
}
pub(crate) use records;

/// A key that says all there is to say.
impl Record for () {
    fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }
    fn from_bytes(_bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(())
    }
}

/// A number, as counters and checkpoints are.
impl Record for i64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }
    fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        bytes.try_into().map(Self::from_be_bytes).map_err(|_| RecordError::Malformed("not eight bytes".to_owned()))
    }
}

impl Record for u64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }
    fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        bytes.try_into().map(Self::from_be_bytes).map_err(|_| RecordError::Malformed("not eight bytes".to_owned()))
    }
}

/// Bytes with a form of their own: sealed secrets, compressed blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blob(pub Vec<u8>);

impl Record for Blob {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
    fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(Self(bytes.to_vec()))
    }
}
