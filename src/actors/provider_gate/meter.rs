//! How many calls were begun lately: what a vendor that publishes nothing is measured by when it says *slow down*.

use std::time::Duration;

/// The stretch that is measured.
pub(super) const STRETCH: Duration = Duration::from_secs(10);
const SECONDS: usize = 10;

/// One count for each of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Meter {
    counts: [u32; SECONDS],
    second: u64,
}

impl Meter {
    pub fn note(&mut self, now: Duration) {
        self.turn(now);
        self.counts[place_of(self.second)] += 1;
    }

    /// Calls of the last ten seconds.
    pub fn lately(&mut self, now: Duration) -> u32 {
        self.turn(now);
        self.counts.iter().sum()
    }

    fn turn(&mut self, now: Duration) {
        let second = now.as_secs();
        for passed in (self.second + 1..=second).rev().take(SECONDS) {
            self.counts[place_of(passed)] = 0;
        }
        self.second = self.second.max(second);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder of ten")]
const fn place_of(second: u64) -> usize {
    (second % SECONDS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ten_seconds_count() {
        let mut meter = Meter::default();
        (0..200).for_each(|tenth| meter.note(Duration::from_millis(1_000 + tenth * 100)));
        assert_eq!(meter.lately(Duration::from_millis(20_999)), 100);
        assert_eq!(meter.lately(Duration::from_secs(25)), 50);
        assert_eq!(meter.lately(Duration::from_secs(1_000)), 0);
    }
}
