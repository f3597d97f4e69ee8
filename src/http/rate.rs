//! The caller's own limit: so many requests a minute per key or session.
//!
//! A bucket holds a minute's worth and fills evenly (the virtual scheduling form of GCRA, ITU-T I.371). Buckets live in
//! memory: a restart forgets them, which is of no harm.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::codes::Code;
use super::problem::Problem;

const MINUTE: Duration = Duration::from_secs(60);
/// Buckets above which full ones are thrown away.
const MANY: usize = 10_000;

/// Buckets per caller.
pub struct RateLimits {
    per_minute: u32,
    /// When the bucket will be full again, on the monotonic clock.
    full_at: Mutex<HashMap<[u8; 32], Duration>>,
}

/// What is left to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Spent {
    limit: u32,
    remaining: u64,
    /// Seconds until all of it is there again.
    reset: u64,
}

impl RateLimits {
    /// `per_minute` 0: no limit.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, full_at: Mutex::default() }
    }

    /// Takes one request from the caller's bucket; `None` when there is no limit.
    pub(in crate::http) fn spend(&self, caller: &[u8; 32], now: Duration) -> Result<Option<Spent>, Problem> {
        if self.per_minute == 0 {
            return Ok(None);
        }
        let each = MINUTE / self.per_minute;
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let full_at = buckets.entry(*caller).or_default();
        let after = (*full_at).max(now) + each;
        let missing = after - now;
        if missing > MINUTE {
            let spent = Spent { limit: self.per_minute, remaining: 0, reset: ceil_seconds(*full_at - now) };
            let mut headers = HeaderMap::new();
            spent.note_on(&mut headers);
            let problem = Problem::new(Code::RateLimitExceeded).retry_after(ceil_seconds(missing - MINUTE).max(1));
            return Err(headers.into_iter().fold(problem, |problem, (name, value)| match name {
                Some(name) => problem.header(name, value),
                None => problem,
            }));
        }
        *full_at = after;
        let remaining = (MINUTE - missing).as_nanos() / each.as_nanos().max(1);
        let remaining = u64::try_from(remaining).unwrap_or(u64::MAX);
        Ok(Some(Spent { limit: self.per_minute, remaining, reset: ceil_seconds(missing) }))
    }
}

impl Spent {
    pub fn note_on(self, headers: &mut HeaderMap) {
        headers.insert(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(self.limit));
        headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(self.remaining));
        headers.insert(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(self.reset));
    }
}

fn ceil_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_goes_at_once_and_comes_back_evenly() {
        let limits = RateLimits::new(60);
        let (me, you) = ([1; 32], [2; 32]);
        let start = Duration::from_secs(1_000);
        for used in 1..=60 {
            let spent = limits.spend(&me, start).expect("within the limit").expect("limited");
            assert_eq!(spent.remaining, 60 - used);
        }
        let refused = limits.spend(&me, start).expect_err("over the limit");
        assert_eq!(refused.code, Code::RateLimitExceeded);
        assert!(limits.spend(&you, start).is_ok(), "each caller has a bucket of its own");
        assert!(limits.spend(&me, start + Duration::from_secs(1)).is_ok(), "one came back");
        assert!(limits.spend(&me, start + Duration::from_secs(1)).is_err());
    }

    #[test]
    fn zero_is_no_limit() {
        let limits = RateLimits::new(0);
        assert!((0..10_000).all(|_| matches!(limits.spend(&[0; 32], Duration::ZERO), Ok(None))));
    }
}
