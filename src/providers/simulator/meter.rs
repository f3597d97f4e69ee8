//! Counting strictly: every request, every window, every refusal.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::domain::enrichment::{Limits, Operation};

/// What came to a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Calls that submit or ask for something, whatever became of them.
    pub asked: u64,
    /// Leads in them.
    pub leads: u64,
    /// Looks at submitted work, and at its result.
    pub looks: u64,
    /// Answered with "slow down" because a window was full.
    pub over_limit: u64,
    /// That failed by chance or in an outage.
    pub failed: u64,
}

/// What an outage looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutageKind {
    /// Nobody answers at the address.
    Down,
    /// Answers with what the manifest calls `broken`.
    Broken,
    /// Answers with "slow down".
    RateLimited,
    /// Takes the request and never answers.
    Silent,
}

/// On the monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    pub slug: String,
    pub from: Duration,
    pub until: Duration,
    pub kind: OutageKind,
}

#[derive(Default)]
pub struct Meter {
    tallies: BTreeMap<(String, Operation), Tally>,
    /// When calls were let in, for each window.
    windows: HashMap<(String, String, Duration), VecDeque<Duration>>,
    pub outages: Vec<Outage>,
}

impl Meter {
    pub fn tally(&self, slug: &str, operation: Option<Operation>) -> Tally {
        let wanted = |(known, of): &(String, Operation)| known == slug && operation.is_none_or(|wanted| wanted == *of);
        self.tallies.iter().filter(|(key, _)| wanted(key)).fold(Tally::default(), |sum, (_, tally)| Tally {
            asked: sum.asked + tally.asked,
            leads: sum.leads + tally.leads,
            looks: sum.looks + tally.looks,
            over_limit: sum.over_limit + tally.over_limit,
            failed: sum.failed + tally.failed,
        })
    }

    pub fn of(&mut self, slug: &str, operation: Operation) -> &mut Tally {
        self.tallies.entry((slug.to_owned(), operation)).or_default()
    }

    pub fn outage(&self, slug: &str, now: Duration) -> Option<OutageKind> {
        let holds = |outage: &&Outage| outage.slug == slug && (outage.from..outage.until).contains(&now);
        self.outages.iter().find(holds).map(|outage| outage.kind)
    }

    /// Whether no window is full: never more than its calls in any stretch of its length. A call that is let in counts
    /// in all of them, one that is refused in none.
    pub fn lets_in(&mut self, slug: &str, limits: &Limits, now: Duration) -> bool {
        let key = |limit: &crate::domain::enrichment::Limit| (slug.to_owned(), limit.bucket.clone(), limit.per);
        let full = limits.windows.iter().any(|limit| {
            let calls = self.windows.entry(key(limit)).or_default();
            while calls.front().is_some_and(|at| now.saturating_sub(*at) >= limit.per) {
                calls.pop_front();
            }
            calls.len() >= usize::try_from(limit.calls).unwrap_or(usize::MAX)
        });
        if !full {
            for limit in &limits.windows {
                self.windows.entry(key(limit)).or_default().push_back(now);
            }
        }
        !full
    }
}
