//! Counters: numbers that a transaction may only add to. They are kept in memory for the length of a group and folded into
//! their rows once at its end.

use crate::domain::id::{Id, ListId};
use crate::domain::policy::SuppressionKind;
use crate::store::usage::{Day, Meter};

/// What is counted, per workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Leads in a list.
    ListLeads(ListId),
    /// Leads of a list whose status is `enriched`.
    ListEnriched(ListId),
    /// Leads of the workspace, those of deleted lists included until they are removed.
    Leads,
    /// Entries of a kind.
    Suppressions(SuppressionKind),
    /// Hundredths of a credit that jobs charged which are removed: the account still has them.
    UsedByRemovedJobs,
    /// What was used on a day.
    Usage(Meter, Day),
}

impl Counter {
    pub const LIST_LEADS: u8 = 1;
    pub const LIST_ENRICHED: u8 = 2;
    pub const LEADS: u8 = 3;
    pub const SUPPRESSIONS: u8 = 4;
    pub const USED_BY_REMOVED_JOBS: u8 = 5;

    /// (kind, subject) of its row.
    pub fn key(self) -> (u8, u64) {
        match self {
            Self::ListLeads(list) => (Self::LIST_LEADS, list.as_u64()),
            Self::ListEnriched(list) => (Self::LIST_ENRICHED, list.as_u64()),
            Self::Leads => (Self::LEADS, 0),
            Self::Usage(meter, day) => (meter.as_u8(), u64::from(day.0)),
            Self::UsedByRemovedJobs => (Self::USED_BY_REMOVED_JOBS, 0),
            Self::Suppressions(kind) => (Self::SUPPRESSIONS, u64::from(kind.as_u8())),
        }
    }
}
