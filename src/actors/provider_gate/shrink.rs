//! How far a gate has been narrowed because the vendor said *slow down*: multiplicative decrease, additive recovery.
//!
//! One refusal narrows once: calls that were on their way before the last narrowing tell nothing new.

use std::time::Duration;

/// What is left of the pace after one refusal.
const CUT: f64 = 0.7;
/// Never narrower than this.
const LEAST: f64 = 0.05;
/// What comes back each second: one cut is undone in a minute, the narrowest gate is open again after three.
const RECOVERY: f64 = 0.005;

#[derive(Debug, Clone)]
pub(super) struct Shrink {
    /// The factor at `from`, 1 = as published.
    factor: f64,
    /// Recovery begins here, on the monotonic clock.
    from: Duration,
    last_cut: Option<Duration>,
    /// Refusals in a row, each of a later call than the narrowing before.
    in_a_row: u32,
}

impl Default for Shrink {
    fn default() -> Self {
        Self { factor: 1.0, from: Duration::ZERO, last_cut: None, in_a_row: 0 }
    }
}

impl Shrink {
    pub fn factor(&self, now: Duration) -> f64 {
        (self.factor + now.saturating_sub(self.from).as_secs_f64() * RECOVERY).min(1.0)
    }

    /// A call that was begun at `begun` was refused, and nothing more may begin before `until`. Whether it narrowed.
    pub fn refused(&mut self, begun: Duration, now: Duration, until: Duration) -> bool {
        let is_new = self.last_cut.is_none_or(|last| begun > last);
        if is_new {
            self.factor = (self.factor(now) * CUT).max(LEAST);
            self.last_cut = Some(now);
            self.in_a_row = self.in_a_row.saturating_add(1);
        } else {
            self.factor = self.factor(now);
        }
        self.from = now.max(until);
        is_new
    }

    pub fn answered(&mut self) {
        self.in_a_row = 0;
    }

    /// How long to rest after a refusal that does not say: one second, twice as long each time, a minute at most.
    pub fn rest(&self) -> Duration {
        Duration::from_secs((1_u64 << self.in_a_row.min(6)).min(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_volley_of_refusals_narrows_once_and_recovery_is_slow() {
        let mut shrink = Shrink::default();
        assert!(shrink.refused(at(9), at(10), at(12)));
        for _ in 0..50 {
            assert!(!shrink.refused(at(9), at(10), at(12)), "they were on their way together");
        }
        assert!((shrink.factor(at(12)) - 0.7).abs() < 1e-9);
        assert!((shrink.factor(at(32)) - 0.8).abs() < 1e-9);
        assert!((shrink.factor(at(500)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_storm_leaves_a_crack_open() {
        let mut shrink = Shrink::default();
        (1..100).for_each(|second| assert!(shrink.refused(at(second), at(second), at(second))));
        assert!((shrink.factor(at(99)) - LEAST).abs() < 1e-9);
        assert_eq!(shrink.rest(), at(60));
        shrink.answered();
        assert_eq!(shrink.rest(), at(1));
    }
}
