//! When a call that failed is made again (PRD-11 FR-10: up to three more times, further apart each time).

use std::time::Duration;

/// Calls per lead and step, the first one included.
pub const MAX_TRIES: u32 = 4;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(300);

/// Waits for a gate that is closed before the step counts as failed: with the longest pause of a breaker, an afternoon.
pub const MAX_WAITS: u32 = 60;

/// `pause` made up to a quarter longer or shorter by `dice`, so that what failed together does not come back together.
pub fn with_jitter(pause: Duration, dice: u64) -> Duration {
    let thousandths = 750 + dice % 501;
    Duration::from_micros(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX).saturating_mul(thousandths))
}

/// How long to wait after `tries` calls have failed; `None` when that was enough.
pub fn pause_before(tries: u32, most: u32) -> Option<Duration> {
    (tries < most).then(|| FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_a_quarter() {
        let pause = Duration::from_secs(4);
        for dice in 0..2_000 {
            let spread = with_jitter(pause, dice);
            assert!((Duration::from_secs(3)..=Duration::from_secs(5)).contains(&spread), "{spread:?}");
        }
        assert_ne!(with_jitter(pause, 1), with_jitter(pause, 400));
    }

    #[test]
    fn three_more_tries_each_further_apart() {
        let pauses: Vec<_> = (1..=5).map(|tries| pause_before(tries, MAX_TRIES).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(2), Some(4), Some(8), None, None]);
        assert_eq!(pause_before(60, 100), Some(LONGEST));
    }
}
