//! What is known of a company.

use minicbor::{Decode, Encode};

use crate::domain::company::CompanyValue;
use crate::domain::id::CompanyId;
use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Company {
    /// The registrable domain that stands for it.
    #[n(0)]
    pub domain: String,
    /// By field, each once.
    #[n(1)]
    #[cbor(default)]
    pub values: Vec<CompanyValue>,
    /// When somebody last said something of it; nothing for one of which only the domain is known.
    #[n(2)]
    pub enriched_at: Option<Time>,
    #[n(3)]
    #[cbor(default)]
    pub created_at: Time,
}

impl Company {
    pub fn value(&self, field: &str) -> Option<&CompanyValue> {
        self.values.iter().find(|value| value.field == field)
    }
}

records!(Company, CompanyId);
