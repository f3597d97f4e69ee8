//! How long answers took: a histogram of fixed size that forgets slowly.
//!
//! Buckets grow by a fifth from one millisecond on, so a quantile is at most a fifth too high and never too low. When
//! enough answers are in, all counts are halved: what is told is of the last thousand answers or so.

use std::time::Duration;

/// 1 ms × 1.2^66 is a little more than two minutes; what takes longer falls into the last one.
const BUCKETS: usize = 67;
const GROWTH: f64 = 1.2;
const FIRST: f64 = 0.001;
const MANY: u32 = 2_000;

#[derive(Debug, Clone)]
pub(super) struct Latencies {
    counts: [u32; BUCKETS],
    total: u32,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: 0 }
    }
}

/// Quantiles of the time that answers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles {
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
}

impl Latencies {
    pub fn note(&mut self, latency: Duration) {
        self.counts[bucket_of(latency)] += 1;
        self.total += 1;
        if self.total >= MANY {
            for count in &mut self.counts {
                *count /= 2;
            }
            self.total = self.counts.iter().sum();
        }
    }

    /// The time within which this share (0 to 1) of the answers came; `None` before the first one.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        if self.total == 0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
        let wanted = ((f64::from(self.total) * share).ceil() as u32).max(1);
        let mut seen = 0;
        let reached = |count: &u32| {
            seen += count;
            seen >= wanted
        };
        let bucket = self.counts.iter().position(reached).unwrap_or(BUCKETS - 1);
        Some(upper_end(bucket))
    }

    pub fn quantiles(&self) -> Option<Quantiles> {
        Some(Quantiles { p50: self.quantile(0.5)?, p95: self.quantile(0.95)?, p99: self.quantile(0.99)? })
    }
}

fn bucket_of(latency: Duration) -> usize {
    let steps = (latency.as_secs_f64() / FIRST).max(1.0).ln() / GROWTH.ln();
    // A hair below the whole number, so that the end of a bucket belongs to it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last bucket")]
    let bucket = (steps - 1e-9).ceil().max(0.0) as usize;
    bucket.min(BUCKETS - 1)
}

fn upper_end(bucket: usize) -> Duration {
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most the last bucket")]
    Duration::from_secs_f64(FIRST * GROWTH.powi(bucket as i32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_never_too_low_and_a_fifth_too_high_at_most(
            mut millis in proptest::collection::vec(1_u64..100_000, 1..300), share in 0.01_f64..1.0,
        ) {
            let mut latencies = Latencies::default();
            millis.iter().for_each(|ms| latencies.note(Duration::from_millis(*ms)));
            millis.sort_unstable();
            let rank = ((millis.len() as f64 * share).ceil() as usize).max(1);
            let truth = millis[rank - 1] as f64 / 1_000.0;
            let told = latencies.quantile(share).expect("some were noted").as_secs_f64();
            prop_assert!(told >= truth * 0.999 && told <= truth * 1.21, "{told} for {truth}");
        }
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut latencies = Latencies::default();
        (0..5_000).for_each(|_| latencies.note(Duration::from_secs(10)));
        (0..20_000).for_each(|_| latencies.note(Duration::from_millis(100)));
        assert!(latencies.quantile(0.99).is_some_and(|p99| p99 < Duration::from_millis(130)));
        assert_eq!(Latencies::default().quantiles(), None);
    }
}
