//! What steps really did: counts, cost and latency, for progress, estimates and the order of providers.

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::outcome::Outcome;

/// How long things took: counts in classes whose bounds grow by half, from 1 ms to hours. A quantile is off by at most a
/// quarter, whatever the number of values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Latencies {
    #[n(0)]
    #[cbor(default)]
    classes: Vec<u64>,
}

/// Enough for half a day.
const CLASSES: usize = 44;

impl Latencies {
    pub fn note(&mut self, latency: Duration) {
        let class =
            (0..CLASSES - 1).find(|class| latency.as_millis() < u128::from(bound(*class))).unwrap_or(CLASSES - 1);
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += 1;
    }

    pub fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// The upper bound of the class that the quantile falls into; `None` when nothing was noted.
    pub fn quantile(&self, hundredths: u64) -> Option<Duration> {
        let rank = (self.count() * hundredths).div_ceil(100).max(1);
        let mut seen = 0;
        for (class, count) in self.classes.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Some(Duration::from_millis(bound(class)));
            }
        }
        None
    }

    pub fn add(&mut self, other: &Self) {
        if self.classes.len() < other.classes.len() {
            self.classes.resize(other.classes.len(), 0);
        }
        self.classes.iter_mut().zip(&other.classes).for_each(|(own, more)| *own += more);
    }
}

/// Upper bound of a class in milliseconds.
fn bound(class: usize) -> u64 {
    (0..class).fold(1, |bound: u64, _| bound + bound.div_ceil(2))
}

/// What one step, or one operation of a provider, came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Measured {
    /// Leads that were asked about.
    #[n(0)]
    #[cbor(default)]
    pub asked: u64,
    /// Of them, those somebody answered, with something or nothing.
    #[n(1)]
    #[cbor(default)]
    pub answered: u64,
    #[n(2)]
    #[cbor(default)]
    pub found: u64,
    #[n(3)]
    #[cbor(default)]
    pub accepted: u64,
    /// Answers that were known already and cost nothing.
    #[n(4)]
    #[cbor(default)]
    pub known: u64,
    #[n(5)]
    #[cbor(default)]
    pub failed: u64,
    /// Millionths of the currency's unit.
    #[n(6)]
    #[cbor(default)]
    pub cost: u64,
    /// Hundredths of a credit.
    #[n(7)]
    #[cbor(default)]
    pub credits: u64,
    #[n(8)]
    #[cbor(default)]
    pub latencies: Latencies,
}

/// One answer, as it is measured.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'o> {
    pub outcome: &'o Outcome,
    pub accepted: bool,
    pub known: bool,
    pub cost: u64,
    pub credits: u64,
    pub latency: Option<Duration>,
}

impl Measured {
    pub fn note(&mut self, sample: &Sample<'_>) {
        let outcome = sample.outcome;
        if !outcome.is_call() && !sample.known {
            return;
        }
        self.asked += 1;
        self.known += u64::from(sample.known);
        let found = matches!(outcome, Outcome::Found(_) | Outcome::Partial(_));
        let answered = found || matches!(outcome, Outcome::NotFound | Outcome::OptedOut);
        self.answered += u64::from(answered);
        self.failed += u64::from(!answered);
        self.found += u64::from(found);
        self.accepted += u64::from(sample.accepted);
        self.cost += sample.cost;
        self.credits += sample.credits;
        if let Some(latency) = sample.latency.filter(|_| !sample.known) {
            self.latencies.note(latency);
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.found += other.found;
        self.accepted += other.accepted;
        self.known += other.known;
        self.failed += other.failed;
        self.cost += other.cost;
        self.credits += other.credits;
        self.latencies.add(&other.latencies);
    }

    /// Share of the answered that brought something, 0 to 1; `None` before the first answer.
    #[allow(clippy::cast_precision_loss)] // counts stay far below 2^53
    pub fn hit_rate(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.found as f64 / self.answered as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::Answer;

    #[test]
    fn a_quantile_is_close_whatever_the_number_of_values() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(50), None);
        (1..=1_000).for_each(|ms| latencies.note(Duration::from_millis(ms)));
        for (hundredths, exact) in [(50, 500.0), (95, 950.0), (99, 990.0)] {
            let told = latencies.quantile(hundredths).unwrap().as_secs_f64() * 1_000.0;
            assert!((1.0..=1.5).contains(&(told / exact)), "p{hundredths}: {told}");
        }
        latencies.note(Duration::from_secs(1_000_000));
        assert!(latencies.quantile(100).unwrap() > Duration::from_secs(3_600));
        let mut twice = latencies.clone();
        twice.add(&latencies);
        assert_eq!((twice.count(), twice.quantile(95)), (2 * latencies.count(), latencies.quantile(95)));
    }

    #[test]
    fn what_was_not_asked_is_not_counted() {
        let mut measured = Measured::default();
        let mut note = |outcome: &Outcome, known, accepted| {
            let latency = Some(Duration::from_millis(10));
            measured.note(&Sample { outcome, accepted, known, cost: 5, credits: 0, latency });
        };
        note(&Outcome::Found(Answer::default()), false, true);
        note(&Outcome::NotFound, false, false);
        note(&Outcome::NotFound, true, false);
        note(&Outcome::Broken { reason: String::new() }, false, false);
        note(&Outcome::InvalidInput { reason: String::new() }, false, false);
        assert_eq!((measured.asked, measured.answered, measured.found, measured.failed), (4, 3, 1, 1));
        assert_eq!((measured.known, measured.accepted, measured.latencies.count()), (1, 1, 3));
        assert_eq!(measured.hit_rate(), Some(1.0 / 3.0));
    }
}
