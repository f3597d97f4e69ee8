//! The key of a provider as it is stored: sealed, with what may be shown of it.

use minicbor::{Decode, Encode};

use crate::domain::time::Time;
use crate::store::record::records;
use crate::store::records::event::Actor;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Credential {
    /// Opens with `Purpose::Secrets`; see `transactions::credentials`.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
    /// The last characters, to tell keys apart.
    #[n(1)]
    pub hint: String,
    #[n(2)]
    pub set_at: Time,
    #[n(3)]
    #[cbor(default)]
    pub set_by: Actor,
}

records!(Credential);
