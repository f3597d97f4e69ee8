//! A field's value with where it came from. Values that lost are kept.

use minicbor::{Decode, Encode};

use crate::domain::enrichment::{Confidence, Operation};
use crate::domain::id::JobId;
use crate::domain::lead::{Lead, LeadField};
use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FieldValue {
    #[n(0)]
    pub value: String,
    #[n(1)]
    pub provider: String,
    #[n(2)]
    pub operation: Operation,
    #[n(3)]
    pub at: Time,
    #[n(4)]
    #[cbor(default)]
    pub confidence: Confidence,
    /// Hundredths of a credit: the receipt, also where it is zero.
    #[n(5)]
    #[cbor(default)]
    pub credits: u64,
    /// Millionths of the currency's unit.
    #[n(6)]
    #[cbor(default)]
    pub cost: u64,
    /// It settled its data point.
    #[n(7)]
    #[cbor(default)]
    pub accepted: bool,
    /// What of the lead was asked about: it only holds while the lead still has that.
    #[n(8)]
    pub about: Option<String>,
    /// What was seen: a JSON object.
    #[n(9)]
    pub evidence: Option<String>,
    #[n(10)]
    pub job: Option<JobId>,
    /// It was played: nobody was asked.
    #[n(11)]
    #[cbor(default)]
    pub sandbox: bool,
}

impl FieldValue {
    /// Whether it still speaks of what the lead has.
    pub fn is_about(&self, lead: &Lead) -> bool {
        let Some(about) = self.about.as_deref() else { return true };
        LeadField::ALL.into_iter().any(|field| lead.field(field) == Some(about))
    }
}

records!(FieldValue);
