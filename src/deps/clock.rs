//! The clock: what time it is, how much has passed, and waiting.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;

use crate::domain::time::Time;

pub trait Clock: Send + Sync {
    /// The wall clock: what is stored and shown. It may jump in both directions.
    fn now(&self) -> Time;

    /// Time since some fixed moment; never goes back. For timeouts, rates and leases within one run.
    fn monotonic(&self) -> Duration;

    /// Ready once `monotonic` has risen by `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock. `sleep` needs a tokio runtime.
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place that reads the machine's monotonic clock
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place that reads the machine's wall clock
    fn now(&self) -> Time {
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => Time(ms(after)),
            Err(before) => Time(-ms(before.duration())),
        }
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    #[allow(clippy::disallowed_methods)] // the one place that waits in real time
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until it is told to move. Sleepers wake when it passes their moment.
#[derive(Clone)]
pub struct SimulatedClock {
    state: Arc<Mutex<SimulatedState>>,
}

struct SimulatedState {
    now: Time,
    monotonic: Duration,
    /// Who waits for which monotonic moment; removed when woken or dropped.
    sleepers: Vec<Sleeper>,
    next_sleeper: u64,
}

struct Sleeper {
    number: u64,
    until: Duration,
    waker: Option<Waker>,
}

impl SimulatedClock {
    pub fn starting_at(now: Time) -> Self {
        let state = SimulatedState { now, monotonic: Duration::ZERO, sleepers: Vec::new(), next_sleeper: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Moves both clocks on and wakes the sleepers whose moment has come, earliest first.
    pub fn advance(&self, by: Duration) {
        let mut due: Vec<(Duration, u64, Option<Waker>)> = Vec::new();
        {
            let mut state = self.lock();
            state.now = state.now.plus(by);
            state.monotonic += by;
            let reached = state.monotonic;
            for sleeper in state.sleepers.iter_mut().filter(|sleeper| sleeper.until <= reached) {
                due.push((sleeper.until, sleeper.number, sleeper.waker.take()));
            }
        }
        due.sort_by_key(|(until, number, _)| (*until, *number));
        // Woken without the lock: a waker may poll at once and ask for the time.
        for waker in due.into_iter().filter_map(|(_, _, waker)| waker) {
            waker.wake();
        }
    }

    /// How long until the next sleeper wakes; `None` when nobody waits for a moment to come.
    pub fn until_next_sleeper(&self) -> Option<Duration> {
        let state = self.lock();
        state.sleepers.iter().filter_map(|sleeper| sleeper.until.checked_sub(state.monotonic)).min()
    }

    /// Sets the wall clock alone, as an operator or NTP does; `monotonic` goes on undisturbed.
    pub fn set_wall(&self, now: Time) {
        self.lock().now = now;
    }

    fn lock(&self) -> MutexGuard<'_, SimulatedState> {
        // The state is plain numbers: a panic elsewhere cannot leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Time {
        self.lock().now
    }

    fn monotonic(&self) -> Duration {
        self.lock().monotonic
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.lock();
        let number = state.next_sleeper;
        state.next_sleeper += 1;
        let until = state.monotonic.saturating_add(duration);
        state.sleepers.push(Sleeper { number, until, waker: None });
        drop(state);
        let sleep = SimulatedSleep { clock: self.clone(), number };
        Box::pin(sleep)
    }
}

struct SimulatedSleep {
    clock: SimulatedClock,
    number: u64,
}

impl Future for SimulatedSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        let reached = state.monotonic;
        match state.sleepers.iter_mut().find(|sleeper| sleeper.number == self.number) {
            Some(sleeper) if sleeper.until > reached => {
                sleeper.waker = Some(context.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

impl Drop for SimulatedSleep {
    fn drop(&mut self) {
        self.clock.lock().sleepers.retain(|sleeper| sleeper.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_simulated_sleep_ends_when_the_clock_passes_its_moment_and_not_before() {
        let clock = SimulatedClock::starting_at(Time(1_000));
        let mut short = clock.sleep(Duration::from_secs(1));
        let mut long = clock.sleep(Duration::from_secs(5));
        assert_eq!((&mut short).now_or_never(), None);
        assert_eq!(clock.until_next_sleeper(), Some(Duration::from_secs(1)));
        clock.advance(Duration::from_millis(999));
        assert_eq!((&mut short).now_or_never(), None);
        clock.advance(Duration::from_millis(1));
        assert_eq!((&mut short).now_or_never(), Some(()));
        assert_eq!((&mut long).now_or_never(), None);
        drop(short);
        drop(long);
        assert_eq!(clock.until_next_sleeper(), None);
        assert_eq!(clock.now(), Time(2_000));
    }

    #[test]
    fn a_jump_of_the_wall_clock_leaves_the_monotonic_one_alone() {
        let clock = SimulatedClock::starting_at(Time(1_000));
        clock.advance(Duration::from_secs(1));
        clock.set_wall(Time(5));
        assert_eq!((clock.now(), clock.monotonic()), (Time(5), Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn advancing_wakes_a_task_that_waits() {
        let clock = SimulatedClock::starting_at(Time(0));
        let waiting = tokio::spawn(clock.sleep(Duration::from_secs(3_600)));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(3_600));
        assert!(waiting.await.is_ok());
    }
}
