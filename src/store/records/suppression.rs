//! Who is to be left alone. The key of the row is what is compared.

use minicbor::{Decode, Encode};

use crate::domain::time::Time;
use crate::store::record::records;
use crate::store::records::event::Actor;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Suppression {
    /// As it is shown.
    #[n(0)]
    pub value: String,
    #[n(1)]
    #[cbor(default)]
    pub at: Time,
    #[n(2)]
    #[cbor(default)]
    pub by: Actor,
    /// Why, in somebody's words.
    #[n(3)]
    pub note: Option<String>,
}

records!(Suppression);
