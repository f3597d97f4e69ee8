//! Which rows of a file are the same lead: the match rule between all of them at once.
//!
//! Rows are read one by one ([`IdentityColumns::read`]) and noted as hashes ([`Grouping::add`]); when all are in,
//! [`Grouping::finish`] joins them. However wide a row is, 72 bytes of it are held, with 8 for each personal address and
//! 12 for each key: a million rows with seven keys each take about 250 MB at the peak.
//!
//! Rows that share a key (`facts::SharedKey`) are candidates. [`PairRule`] decides a pair of candidates; [`ExactRule`]
//! is the match rule of the product. Another scorer, such as one that forgives misspellings, takes its place without
//! any change to the rest. Joining pairs can chain what no rule would join: `J. Smith` agrees with John and with Jane
//! on one switchboard. So two groups are joined by name only if no two of their rows are told apart (`clusters`).
//!
//! Hashes have 64 bits: among a million different values the chance that any two are taken for one is below one in ten
//! million.

mod clusters;
mod columns;
mod facts;
mod rule;

pub use clusters::{Clusters, Grouping, TooManyRows};
pub use columns::{IdentityColumns, RowIdentity};
pub use facts::{RowFacts, SharedKey};
pub use rule::{ExactRule, PairRule, Reason};

#[cfg(test)]
mod tests;
