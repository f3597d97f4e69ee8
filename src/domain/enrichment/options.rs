//! The options of a job, typed.

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::data_point::DataPoint;
use super::level::{Level, Priority};
use super::state::SkipReason;
use crate::domain::time::Time;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct JobOptions {
    #[n(0)]
    #[cbor(default)]
    pub skip: SkipRule,
    /// The most leads that are worked on; those passed over do not count.
    #[n(1)]
    pub max_leads: Option<u64>,
    #[n(2)]
    #[cbor(default)]
    pub level: Level,
    #[n(3)]
    #[cbor(default)]
    pub priority: Priority,
    /// Only these data points of the level; empty: all.
    #[n(4)]
    #[cbor(default)]
    pub fields: Vec<DataPoint>,
    /// Slug of a template instead of the one of the level.
    #[n(5)]
    pub template: Option<String>,
    #[n(6)]
    pub start_at: Option<Time>,
    /// A try on so many leads.
    #[n(7)]
    pub sample: Option<u64>,
    /// Ask again although an answer is known.
    #[n(8)]
    #[cbor(default)]
    pub refresh: bool,
    /// A found value replaces what the lead has; otherwise it only fills what is empty.
    #[n(9)]
    #[cbor(default)]
    pub overwrite_existing: bool,
    /// Hundredths of a credit.
    #[n(10)]
    pub spend_limit: Option<u64>,
    /// Start although the credits will not reach to the end.
    #[n(11)]
    #[cbor(default)]
    pub partial: bool,
    #[n(12)]
    #[cbor(default)]
    pub notify_on_complete: bool,
    /// Only providers with these slugs; empty: all.
    #[n(13)]
    #[cbor(default)]
    pub sources: Vec<String>,
    /// Only in the quiet hours of the workspace.
    #[n(14)]
    #[cbor(default)]
    pub off_peak: bool,
    /// The caller has named the level; else the template of the workspace is taken where it has one.
    #[n(15)]
    #[cbor(default)]
    pub names_level: bool,
}

impl JobOptions {
    /// The most leads that are worked on.
    pub fn most(&self) -> u64 {
        self.max_leads.unwrap_or(u64::MAX).min(self.sample.unwrap_or(u64::MAX))
    }
}

/// Which leads are passed over. A lead is when every data point asked for has an accepted value, of any age with
/// `enriched`, not older than `recent_days` with that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SkipRule {
    #[n(0)]
    pub enriched: bool,
    #[n(1)]
    pub recent_days: Option<u32>,
}

impl Default for SkipRule {
    fn default() -> Self {
        Self::of(None, None, false)
    }
}

impl SkipRule {
    /// From `skipEnriched` (default true), `skipRecent` (days, default 30) and `refresh`. Who says `skipEnriched: false`
    /// and names no days wants every lead again; `refresh` wants it whatever the others say.
    pub fn of(skip_enriched: Option<bool>, skip_recent: Option<u32>, refresh: bool) -> Self {
        if refresh {
            return Self { enriched: false, recent_days: None };
        }
        let recent_days = match skip_enriched {
            Some(false) => skip_recent,
            _ => Some(skip_recent.unwrap_or(30)),
        };
        Self { enriched: skip_enriched.unwrap_or(true), recent_days: recent_days.filter(|days| *days > 0) }
    }

    /// `oldest` is the time of the oldest of the accepted values; `None` when a data point has none.
    pub fn skips(&self, oldest: Option<Time>, now: Time) -> Option<SkipReason> {
        let oldest = oldest?;
        let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 3_600);
        if self.enriched {
            return Some(SkipReason::AlreadyEnriched);
        }
        self.recent_days.is_some_and(|recent| now.since(oldest) <= days(recent)).then_some(SkipReason::RecentlyEnriched)
    }

    /// Whether it can skip anything at all.
    pub const fn is_idle(&self) -> bool {
        !self.enriched && self.recent_days.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600 * 1_000;

    #[test]
    fn what_was_enriched_is_not_bought_again_unless_asked() {
        let now = Time(100 * DAY);
        let old = Some(Time(10 * DAY));
        let new = Some(Time(90 * DAY));
        let default = SkipRule::of(None, None, false);
        assert_eq!(default.skips(old, now), Some(SkipReason::AlreadyEnriched));
        assert_eq!(default.skips(None, now), None);
        let recent = SkipRule::of(Some(false), Some(30), false);
        assert_eq!(recent.skips(old, now), None);
        assert_eq!(recent.skips(new, now), Some(SkipReason::RecentlyEnriched));
        for all in [SkipRule::of(Some(false), None, false), SkipRule::of(Some(true), Some(5), true)] {
            assert_eq!((all.skips(new, now), all.is_idle()), (None, true));
        }
        assert!(SkipRule::of(Some(false), Some(0), false).is_idle());
    }

    #[test]
    fn a_sample_and_a_maximum_both_bound() {
        let options = JobOptions { max_leads: Some(10), sample: Some(3), ..JobOptions::default() };
        assert_eq!(options.most(), 3);
        assert_eq!(JobOptions::default().most(), u64::MAX);
    }
}
