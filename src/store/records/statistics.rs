//! What this install has measured: the ground of estimates.

use minicbor::{Decode, Encode};

use crate::domain::enrichment::Measured;
use crate::store::record::records;

/// What leads of one segment came to under one plan of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct OrderStatistics {
    /// Leads that were worked on to the end.
    #[n(0)]
    #[cbor(default)]
    pub leads: u64,
    /// Of them, those that cost something.
    #[n(1)]
    #[cbor(default)]
    pub charged: u64,
    /// Hundredths of a credit charged.
    #[n(2)]
    #[cbor(default)]
    pub credits: u64,
    /// What the same leads would have cost at worst.
    #[n(3)]
    #[cbor(default)]
    pub worst: u64,
    /// Millionths of the currency's unit that providers billed.
    #[n(4)]
    #[cbor(default)]
    pub cost: u64,
    #[n(5)]
    #[cbor(default)]
    pub calls: u64,
}

impl OrderStatistics {
    pub fn add(&mut self, other: &Self) {
        self.leads += other.leads;
        self.charged += other.charged;
        self.credits += other.credits;
        self.worst += other.worst;
        self.cost += other.cost;
        self.calls += other.calls;
    }
}

/// What a provider billed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Spend {
    #[n(0)]
    #[cbor(default)]
    pub calls: u64,
    /// Millionths of the currency's unit.
    #[n(1)]
    #[cbor(default)]
    pub cost: u64,
}

records!(Measured, OrderStatistics, Spend);
