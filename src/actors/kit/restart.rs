//! When a failed actor may come back, and when it is given up. Pure: the time comes in.

use std::collections::VecDeque;
use std::time::Duration;

/// How often and how quickly an actor may restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Restarts allowed within `window`; one failure more escalates.
    pub budget: u32,
    pub window: Duration,
    /// Pause before the first restart; doubles with each failure in the window.
    pub first_delay: Duration,
    pub longest_delay: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            budget: 5,
            window: Duration::from_secs(60),
            first_delay: Duration::from_millis(50),
            longest_delay: Duration::from_secs(5),
        }
    }
}

impl RestartPolicy {
    /// One restart in the window, then escalation.
    pub fn once() -> Self {
        Self { budget: 1, ..Self::default() }
    }

    fn delay(&self, earlier_failures: u32) -> Duration {
        let doubled = 2u32.checked_pow(earlier_failures).and_then(|factor| self.first_delay.checked_mul(factor));
        doubled.unwrap_or(self.longest_delay).min(self.longest_delay)
    }
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    RestartAfter(Duration),
    GiveUp,
}

/// The failures of one actor that still count.
#[derive(Debug, Default)]
pub(super) struct FailureLog {
    at: VecDeque<Duration>,
}

impl FailureLog {
    /// Counts a failure at `now` (time since the actor was spawned).
    pub fn record(&mut self, policy: &RestartPolicy, now: Duration) -> Verdict {
        while self.at.front().is_some_and(|at| now.saturating_sub(*at) > policy.window) {
            self.at.pop_front();
        }
        let earlier = u32::try_from(self.at.len()).unwrap_or(u32::MAX);
        if earlier >= policy.budget {
            return Verdict::GiveUp;
        }
        self.at.push_back(now);
        Verdict::RestartAfter(policy.delay(earlier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RestartPolicy = RestartPolicy {
        budget: 4,
        window: Duration::from_secs(60),
        first_delay: Duration::from_millis(100),
        longest_delay: Duration::from_millis(500),
    };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_delay_doubles_up_to_the_longest() {
        let mut log = FailureLog::default();
        let delays: Vec<_> = (0..4).map(|second| log.record(&POLICY, at(second))).collect();
        let expected = [100, 200, 400, 500].map(|ms| Verdict::RestartAfter(Duration::from_millis(ms)));
        assert_eq!(delays, expected);
    }

    #[test]
    fn the_failure_over_the_budget_gives_up() {
        let mut log = FailureLog::default();
        for second in 0..4 {
            assert_ne!(log.record(&POLICY, at(second)), Verdict::GiveUp);
        }
        assert_eq!(log.record(&POLICY, at(5)), Verdict::GiveUp);
    }

    #[test]
    fn failures_outside_the_window_are_forgotten() {
        let mut log = FailureLog::default();
        for round in 0..20 {
            assert_eq!(log.record(&POLICY, at(round * 61)), Verdict::RestartAfter(POLICY.first_delay));
        }
    }

    #[test]
    fn an_enormous_budget_never_overflows_the_delay() {
        let policy = RestartPolicy { budget: u32::MAX, ..POLICY };
        let mut log = FailureLog::default();
        for _ in 0..100 {
            log.record(&policy, at(1));
        }
        assert_eq!(log.record(&policy, at(1)), Verdict::RestartAfter(policy.longest_delay));
    }

    #[test]
    fn no_budget_means_the_first_failure_escalates() {
        let policy = RestartPolicy { budget: 0, ..POLICY };
        assert_eq!(FailureLog::default().record(&policy, at(1)), Verdict::GiveUp);
    }
}
