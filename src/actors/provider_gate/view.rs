//! What a gate looks like from outside: for `GET /providers`, and for the reason why a job waits.

use std::time::Duration;

use super::breaker::{BreakerState, Verdict};
use super::gate::{Gate, Next, State};
use super::latency::Quantiles;
use super::quota::Room;
use super::windows::{Kind, Moment};
use super::{GateKey, Reason};
use crate::domain::time::Time;

/// A pace that makes people wait for less than this is no news.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// One gate at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct GateState {
    pub key: GateKey,
    pub windows: Vec<WindowState>,
    /// Those who wait for their turn.
    pub waiting: usize,
    pub in_flight: u32,
    pub breaker: BreakerState,
    /// What is left of the pace after the vendor said *slow down*: 1 = all.
    pub factor: f64,
    /// Until when nobody gets through, and why; no time where it takes somebody to change it.
    pub limited: Option<(Option<Time>, Reason)>,
    pub latency: Option<Quantiles>,
}

/// One window of a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowState {
    /// Empty: of all operations.
    pub bucket: String,
    pub per: Duration,
    /// Calls that are published.
    pub calls: u32,
    /// Calls that could be made at once.
    pub tokens: u32,
}

impl Gate {
    pub fn shown(&self) -> GateState {
        let now = self.now();
        let mut state = self.lock();
        // What is used of a window that holds no more is remembered, in case it does again.
        let hold = state.windows.list.iter().filter(|window| !window.published.is_empty());
        let windows = hold.map(|window| {
            let (calls, tokens) = match &window.kind {
                Kind::Pace(pace) => (pace.limit().calls, pace.tokens(now.mono)),
                Kind::Quota(quota) => (quota.limit().calls, quota.left()),
            };
            WindowState { bucket: window.bucket.clone(), per: window.per, calls, tokens }
        });
        GateState {
            windows: windows.collect(),
            waiting: state.queue.len(),
            in_flight: state.in_flight,
            breaker: state.breaker.shown(now.mono),
            factor: state.factor(now),
            limited: state.limited(now),
            latency: state.latencies.quantiles(),
            key: self.key.clone(),
        }
    }
}

impl State {
    pub fn limited(&mut self, now: Moment) -> Option<(Option<Time>, Reason)> {
        match self.breaker.verdict(now.mono) {
            Verdict::Broken(until) => return Some((Some(now.shown_of(until)), Reason::Broken)),
            Verdict::OutOfQuota(until) => return Some((Some(now.shown_of(until)), Reason::OutOfQuota)),
            Verdict::BadKey => return Some((None, Reason::AuthFailed)),
            Verdict::Pass | Verdict::Wait(_) => {}
        }
        let used_up = self.windows.list.iter_mut().filter_map(|window| match &mut window.kind {
            Kind::Quota(quota) => match quota.room(now.wall) {
                Room::NotBefore(until) => Some(until),
                _ => None,
            },
            Kind::Pace(_) => None,
        });
        if let Some(until) = used_up.max() {
            return Some((Some(now.shown_of(now.mono_of(until))), Reason::OutOfQuota));
        }
        if self.rest_until > now.mono {
            return Some((Some(now.shown_of(self.rest_until)), Reason::RateLimited));
        }
        match self.armed {
            Some(Next::At(at)) if at > now.mono + WORTH_TELLING && !self.queue.is_empty() => {
                Some((Some(now.shown_of(at)), Reason::Pace))
            }
            _ => None,
        }
    }
}
