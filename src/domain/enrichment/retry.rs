//! When a call that failed is made again (PRD-11 FR-10: up to three more times, further apart each time).

use std::time::Duration;

/// Calls per lead and step, the first one included.
pub const MAX_TRIES: u32 = 4;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(300);

/// How long to wait after `tries` calls have failed; `None` when that was enough.
pub fn pause_before(tries: u32, most: u32) -> Option<Duration> {
    (tries < most).then(|| FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_more_tries_each_further_apart() {
        let pauses: Vec<_> = (1..=5).map(|tries| pause_before(tries, MAX_TRIES).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(2), Some(4), Some(8), None, None]);
        assert_eq!(pause_before(60, 100), Some(LONGEST));
    }
}
