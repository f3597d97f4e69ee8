//! The pace of one published window: GCRA (ITU-T I.371) by `governor`, at a percentage of what the vendor publishes.
//!
//! Vendors count in fixed windows, in sliding ones or with token buckets, and rarely say how. Calls that are spread evenly
//! at four fifths of the limit are right under each of them. Two things are allowed on top, both within what the spare
//! fifth leaves in *any* window of the published length:
//!
//! - **Catching up.** A timer wakes late and the store takes a moment; what was missed may follow for up to two seconds,
//!   at a pace half-way between ours and the published one ([`Limiter`] `spacing`), never all at once.
//! - **A burst**, where the manifest names one. One that exceeds the window's own calls can only mean a token bucket, so
//!   the percentage of it is used.
//!
//! A quota of `governor` is fixed at construction while ours change with every narrowing, so the moment up to which calls
//! have been taken ([`Arrival`]) is our own and outlives the limiter. A test only notes what would become of it:
//! several windows are tested first and taken together after that.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::domain::enrichment::Limit;

/// Parts of a call that a quota counts in, so that the tolerance can be finer than a call.
const ONE_CALL: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
const CELLS: u32 = ONE_CALL.get();
/// The most that is caught up on.
const CATCH_UP: Duration = Duration::from_secs(2);
/// How much earlier than evenly two calls may follow each other while catching up: what a timer is late by.
const LATENESS: Duration = Duration::from_millis(5);
/// From this interval on nothing goes closer than published; below it timers are too late too often, and no vendor
/// could tell.
const COARSE: Duration = Duration::from_millis(10);

/// Up to when calls have been taken, in nanoseconds of the monotonic clock, and what a test would make of it.
#[derive(Clone)]
struct Arrival(Arc<Moments>);

struct Moments {
    taken: AtomicU64,
    tested: AtomicU64,
}

impl Arrival {
    fn starting_at(nanos: u64) -> Self {
        Self(Arc::new(Moments { taken: AtomicU64::new(nanos), tested: AtomicU64::new(nanos) }))
    }

    fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    fn set(&self, nanos: u64) {
        self.0.taken.store(nanos, Ordering::Relaxed);
        self.0.tested.store(nanos, Ordering::Relaxed);
    }

    fn take(&self) -> (u64, u64) {
        let (before, after) = (self.taken(), self.0.tested.load(Ordering::Relaxed));
        self.set(after);
        (before, after)
    }
}

impl StateStore for Arrival {
    type Key = NotKeyed;

    /// Notes what would be taken; [`Arrival::take`] takes it. The gate's lock is held all the while.
    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (decision, next) = decide(Some(Nanos::from(self.taken())))?;
        self.0.tested.store(next.as_u64(), Ordering::Relaxed);
        Ok(decision)
    }
}

/// The moment a limiter goes by: the gate sets it before each test.
#[derive(Default)]
struct Hand(Cell<Duration>);

impl Clock for Hand {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}

/// One GCRA.
struct Limiter {
    limiter: RateLimiter<NotKeyed, Arrival, Hand, NoOpMiddleware<Duration>>,
    arrival: Arrival,
    /// Time between two calls.
    interval: Duration,
    /// How much may be taken ahead of the even spread.
    tolerance: Duration,
}

/// What one call has taken of a pace: enough to give it back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    steady: (u64, u64),
    spacing: Option<(u64, u64)>,
}

impl Limiter {
    fn new(interval: Duration, tolerance: Duration, arrival: Arrival) -> Self {
        let cell = Duration::from_nanos(nanos(interval).div_ceil(u64::from(CELLS)).max(1));
        let ahead = u32::try_from(tolerance.as_nanos() / cell.as_nanos()).unwrap_or(u32::MAX).min(u32::MAX - CELLS);
        let burst = ONE_CALL.saturating_add(ahead);
        // `cell` is at least a nanosecond: the quota of one cell in it always exists.
        let quota = Quota::with_period(cell).unwrap_or(Quota::per_second(ONE_CALL)).allow_burst(burst);
        let limiter = RateLimiter::new(quota, arrival.clone(), Hand::default());
        Self { limiter, arrival, interval, tolerance: cell * ahead }
    }

    /// Whether a call may go now, else when it may.
    fn test(&self, now: Duration) -> Result<(), Duration> {
        self.limiter.clock().0.set(now);
        match self.limiter.check_n(ONE_CALL) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(not_until.earliest_possible()),
            // A quota always has room for one call.
            Err(_too_small) => Err(now + self.interval),
        }
    }

    /// Goes on from where it was with another interval: a wait after `base` grows or shrinks with it.
    fn with(&self, interval: Duration, tolerance: Duration, base: Duration) -> Self {
        let new = Self::new(interval, tolerance, self.arrival.clone());
        let (taken, free) = (self.arrival.taken(), nanos(base) + nanos(self.tolerance));
        let next = if taken > free {
            let ratio = interval.as_secs_f64() / self.interval.as_secs_f64().max(f64::MIN_POSITIVE);
            let wait = Duration::from_nanos(taken - free);
            let wait = Duration::try_from_secs_f64(wait.as_secs_f64() * ratio).unwrap_or(wait);
            nanos(base) + nanos(wait) + nanos(new.tolerance)
        } else {
            let saved = (free - taken).min(nanos(new.tolerance));
            nanos(base) + nanos(new.tolerance) - saved
        };
        self.arrival.set(next);
        new
    }

    /// The first call goes at `until`, and nothing is saved up then.
    fn hold(&self, until: Duration) {
        let full = nanos(until) + nanos(self.tolerance);
        if self.arrival.taken() < full {
            self.arrival.set(full);
        }
    }

    /// How many calls could go at once.
    fn tokens(&self, now: Duration) -> u32 {
        let full = nanos(now) + nanos(self.tolerance) + nanos(self.interval);
        let room = full.saturating_sub(self.arrival.taken().max(nanos(now)));
        u32::try_from(room / nanos(self.interval).max(1)).unwrap_or(u32::MAX)
    }
}

/// The pace of one window.
pub(super) struct Pace {
    limit: Limit,
    percent: u8,
    factor: f64,
    steady: Limiter,
    spacing: Option<Limiter>,
    /// Nothing goes before this: the vendor has said so.
    held_until: Duration,
}

/// The figures a window comes to.
struct Figures {
    interval: Duration,
    tolerance: Duration,
    /// Interval and tolerance while catching up.
    spacing: Option<(Duration, Duration)>,
}

impl Figures {
    fn of(limit: &Limit, percent: u8, factor: f64) -> Self {
        let share = f64::from(percent.clamp(1, 100)) / 100.0;
        let (calls, per) = (f64::from(limit.calls.max(1)), limit.per.as_secs_f64().max(1e-6));
        let interval = per / (calls * share * factor);
        // What fits into any window beside the even spread, less one for the call that opens it; a fifth of it stays free.
        let spare = (calls * (1.0 - share) - 1.0).max(0.0) * 0.8;
        let burst = f64::from(limit.burst.unwrap_or(1).max(1));
        let burst = if burst > calls { (burst * share).floor() - 1.0 } else { (burst - 1.0).min(spare) };
        let evenly = burst < 1.0;
        let caught_up = if evenly { (CATCH_UP.as_secs_f64() / interval).min(spare) } else { burst };
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 1_024);
        let spacing = evenly.then(|| {
            let interval = per / (calls * f64::midpoint(1.0, share) * factor);
            // Never closer than the vendor publishes, where timers are fine enough to tell.
            let is_coarse = per / calls >= COARSE.as_secs_f64();
            let ahead = if is_coarse { (interval - per / calls).max(0.0) } else { f64::INFINITY };
            (seconds(interval), seconds(ahead.min(LATENESS.as_secs_f64())))
        });
        Self { interval: seconds(interval), tolerance: seconds(caught_up * interval), spacing }
    }
}

impl Pace {
    /// Starts without anything saved up: the first call may go at once.
    pub fn new(limit: Limit, percent: u8, factor: f64, now: Duration) -> Self {
        let figures = Figures::of(&limit, percent, factor);
        let steady = Limiter::new(figures.interval, figures.tolerance, Arrival::starting_at(nanos(now)));
        steady.hold(now);
        let spacing = figures.spacing.map(|(interval, ahead)| {
            let spacing = Limiter::new(interval, ahead, Arrival::starting_at(nanos(now)));
            spacing.hold(now);
            spacing
        });
        Self { limit, percent, factor, steady, spacing, held_until: Duration::ZERO }
    }

    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    /// Calls a second, as long as nothing narrows it.
    pub fn rate(limit: &Limit, percent: u8) -> f64 {
        1.0 / Figures::of(limit, percent, 1.0).interval.as_secs_f64()
    }

    /// Goes by other figures from now on, with the history it has.
    pub fn set(&mut self, limit: &Limit, factor: f64, now: Duration) {
        if self.limit == *limit && (self.factor - factor).abs() < f64::EPSILON {
            return;
        }
        let figures = Figures::of(limit, self.percent, factor);
        let base = now.max(self.held_until);
        self.steady = self.steady.with(figures.interval, figures.tolerance, base);
        self.spacing = figures.spacing.map(|(interval, ahead)| match &self.spacing {
            Some(spacing) => spacing.with(interval, ahead, base),
            None => Limiter::new(interval, ahead, Arrival::starting_at(nanos(base))),
        });
        self.limit = limit.clone();
        self.factor = factor;
    }

    /// Whether a call may go now, else when it may. Takes nothing.
    pub fn test(&self, now: Duration) -> Result<(), Duration> {
        if self.held_until > now {
            return Err(self.held_until);
        }
        let steady = self.steady.test(now);
        let spacing = self.spacing.as_ref().map_or(Ok(()), |spacing| spacing.test(now));
        match (steady, spacing) {
            (Ok(()), Ok(())) => Ok(()),
            (Err(at), Ok(())) | (Ok(()), Err(at)) => Err(at),
            (Err(one), Err(other)) => Err(one.max(other)),
        }
    }

    /// Takes what the last test, at this moment, allowed.
    pub fn take(&self) -> Step {
        Step {
            steady: self.steady.arrival.take(),
            spacing: self.spacing.as_ref().map(|spacing| spacing.arrival.take()),
        }
    }

    /// The call was not made after all. Only the last step can be taken back; an earlier one is lost.
    pub fn give_back(&self, step: &Step) {
        let back = |limiter: &Limiter, (before, after): (u64, u64)| {
            if limiter.arrival.taken() == after {
                limiter.arrival.set(before);
            }
        };
        back(&self.steady, step.steady);
        if let (Some(spacing), Some(step)) = (&self.spacing, step.spacing) {
            back(spacing, step);
        }
    }

    /// Nothing goes before `until`, and nothing is caught up on then.
    pub fn hold(&mut self, until: Duration) {
        self.held_until = self.held_until.max(until);
        self.steady.hold(until);
        if let Some(spacing) = &self.spacing {
            spacing.hold(until);
        }
    }

    pub fn tokens(&self, now: Duration) -> u32 {
        if self.held_until > now {
            return 0;
        }
        let spacing = self.spacing.as_ref().map_or(u32::MAX, |spacing| spacing.tokens(now).min(1));
        self.steady.tokens(now).min(spacing)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn per_minute(calls: u32, burst: Option<u32>) -> Limit {
        Limit { bucket: String::new(), calls, per: Duration::from_secs(60), burst }
    }

    /// The moments of the calls of somebody who always wants one, asking `late` after each is due.
    fn calls(pace: &Pace, count: usize, late: impl Fn(usize) -> Duration) -> Vec<Duration> {
        let mut now = Duration::from_secs(1_000);
        let mut made = Vec::new();
        while made.len() < count {
            match pace.test(now) {
                Ok(()) => {
                    pace.take();
                    made.push(now);
                }
                Err(at) => now = at + late(made.len()),
            }
        }
        made
    }

    fn most_in_any(window: Duration, made: &[Duration]) -> usize {
        let within = |first: &Duration| made.iter().filter(|at| **at >= *first && **at < *first + window).count();
        made.iter().map(within).max().unwrap_or(0)
    }

    #[test]
    fn calls_are_spread_evenly_at_four_fifths() {
        let pace = Pace::new(per_minute(60, None), 80, 1.0, Duration::from_secs(1_000));
        let made = calls(&pace, 10, |_| Duration::ZERO);
        let gaps: Vec<u128> = made.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        assert_eq!(gaps, [1_250; 9]);
        assert_eq!(pace.tokens(made[9]), 0);
    }

    #[test]
    fn lateness_is_caught_up_on_without_a_volley() {
        let pace = Pace::new(per_minute(6_000, None), 80, 1.0, Duration::from_secs(1_000));
        let made = calls(&pace, 8_000, |call| Duration::from_millis(if call % 100 == 0 { 150 } else { 1 }));
        let took = (made[7_999] - made[0]).as_secs_f64();
        assert!(took < 7_999.0 / 80.0 * 1.01, "{took}");
        assert!(most_in_any(Duration::from_secs(60), &made) <= 6_000);
        assert!(most_in_any(Duration::from_millis(100), &made) <= 10, "no volley");
    }

    #[test]
    fn a_burst_is_allowed_within_what_any_window_has_room_for() {
        let made = calls(&Pace::new(per_minute(60, Some(5)), 80, 1.0, Duration::ZERO), 400, |_| Duration::ZERO);
        assert_eq!(most_in_any(Duration::from_millis(1), &made), 5);
        assert!(most_in_any(Duration::from_secs(60), &made) <= 60);
        let bucket = Limit { burst: Some(100), per: Duration::from_secs(1), calls: 10, bucket: String::new() };
        let made = calls(&Pace::new(bucket, 80, 1.0, Duration::ZERO), 200, |_| Duration::ZERO);
        assert_eq!(most_in_any(Duration::from_millis(1), &made), 80);
    }

    #[test]
    fn other_figures_keep_the_history() {
        let now = Duration::from_secs(1_000);
        let mut pace = Pace::new(per_minute(6, None), 100, 1.0, now);
        assert_eq!(pace.test(now), Ok(()));
        pace.take();
        assert_eq!(pace.test(now), Err(now + Duration::from_secs(10)));
        pace.set(&per_minute(12, None), 1.0, now);
        assert_eq!(pace.test(now), Err(now + Duration::from_secs(5)));
        pace.set(&per_minute(12, None), 0.5, now);
        assert_eq!(pace.test(now), Err(now + Duration::from_secs(10)));
        pace.hold(now + Duration::from_secs(99));
        pace.set(&per_minute(600, None), 1.0, now + Duration::from_secs(50));
        assert_eq!(
            pace.test(now + Duration::from_secs(50)),
            Err(now + Duration::from_secs(99)),
            "that is not ours to widen"
        );
    }

    #[test]
    fn a_step_that_was_not_used_is_given_back() {
        let now = Duration::from_secs(1_000);
        let mut pace = Pace::new(per_minute(6, None), 100, 1.0, now);
        assert_eq!(pace.test(now), Ok(()));
        let step = pace.take();
        assert!(pace.test(now).is_err());
        pace.give_back(&step);
        assert_eq!(pace.test(now), Ok(()));
        pace.hold(now + Duration::from_secs(7));
        assert_eq!(pace.test(now), Err(now + Duration::from_secs(7)));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_is_published(
            calls_in_window in 1_u32..400, per in 1_u64..120, percent in 1_u8..=90, burst in proptest::option::of(1_u32..20),
            lateness in proptest::collection::vec(0_u64..3_000, 1..40),
        ) {
            let limit = Limit { bucket: String::new(), calls: calls_in_window, per: Duration::from_secs(per), burst };
            prop_assume!(burst.is_none_or(|burst| burst <= calls_in_window));
            let pace = Pace::new(limit, percent, 1.0, Duration::from_secs(1_000));
            let made = calls(&pace, 500, |call| Duration::from_millis(lateness[call % lateness.len()]));
            prop_assert!(most_in_any(Duration::from_secs(per), &made) <= calls_in_window as usize);
        }
    }
}
