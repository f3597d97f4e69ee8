//! One gate: its state, and who of those who wait goes next.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::breaker::{Breaker, Sign, Verdict};
use super::gates::GateSettings;
use super::keeping::{KeepQuotas, QuotaKey};
use super::latency::Latencies;
use super::meter::Meter;
use super::quota::Order;
use super::shrink::Shrink;
use super::windows::{Moment, Ready, Taken, Windows};
use super::{Claim, Closed, GateKey};
use crate::actors::fair_queue::{FairQueue, Waiting};
use crate::deps::Deps;
use crate::domain::enrichment::{Limits, Outcome, RateSigns, Trouble};
use crate::domain::time::Time;
use crate::store::records::gate::QuotaRow;

/// While a gate is narrowed, or a row could not be written, it is looked at again this often.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Gate {
    pub key: GateKey,
    pub deps: Deps,
    pub keep: Option<Arc<dyn KeepQuotas>>,
    settings: GateSettings,
    /// Wall clock at the monotonic zero.
    epoch: Time,
    state: Mutex<State>,
}

pub(super) struct State {
    pub windows: Windows,
    pub breaker: Breaker,
    pub queue: FairQueue,
    pub latencies: Latencies,
    shrink: Shrink,
    meter: Meter,
    /// Everybody who asked and has not got an answer yet, by number.
    seats: BTreeMap<u64, Seat>,
    numbers: u64,
    pub in_flight: u32,
    /// Nothing begins before this: the vendor asked for it.
    pub rest_until: Duration,
    /// The one who watches the clock for all.
    leader: Option<u64>,
    /// What the leader waits for; it is woken when that changes.
    pub armed: Option<Next>,
}

/// The place of somebody who waits.
struct Seat {
    who: Waiting,
    waker: Option<Waker>,
    answer: Option<Result<Granted, Closed>>,
}

/// A call that may begin.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub number: u64,
    pub class: usize,
    pub begun: Duration,
    pub taken: Vec<(usize, Taken)>,
}

/// What has to happen before somebody else may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Somebody ends a call, or what is being written is written.
    Event,
    At(Duration),
    Write(usize),
}

/// What whoever waits finds when it looks.
pub(super) enum Look {
    Answered(Result<Granted, Closed>),
    /// Somebody else watches.
    Wait,
    /// It is the one who watches: this is what for.
    Watch(Next),
}

impl Gate {
    pub fn new(
        key: GateKey,
        deps: &Deps,
        settings: GateSettings,
        keep: Option<Arc<dyn KeepQuotas>>,
        rows: HashMap<QuotaKey, QuotaRow>,
    ) -> Self {
        let mono = deps.clock.monotonic();
        let state = State {
            windows: Windows::new(key.clone(), settings.rate_percent, rows),
            breaker: Breaker::default(),
            queue: FairQueue::default(),
            latencies: Latencies::default(),
            shrink: Shrink::default(),
            meter: Meter::default(),
            seats: BTreeMap::new(),
            numbers: 0,
            in_flight: 0,
            rest_until: Duration::ZERO,
            leader: None,
            armed: None,
        };
        let now = deps.clock.now();
        let epoch = Time(now.0.saturating_sub(i64::try_from(mono.as_millis()).unwrap_or(i64::MAX)));
        Self { key, deps: deps.clone(), keep, settings, epoch, state: Mutex::new(state) }
    }

    pub fn now(&self) -> Moment {
        let mono = self.deps.clock.monotonic();
        Moment { mono, wall: self.epoch.plus(mono), shown: self.deps.clock.now() }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        // Every step leaves whole state behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `act` on the state, lets everybody go who may, and wakes those whom it concerns.
    pub fn with<T>(&self, act: impl FnOnce(&mut State, Moment) -> T) -> T {
        let now = self.now();
        let mut woken = Vec::new();
        let mut state = self.lock();
        let out = act(&mut state, now);
        state.dispatch_and_arm(&self.settings, now, &mut woken);
        drop(state);
        // Without the lock: a waker may poll at once.
        woken.into_iter().for_each(Waker::wake);
        out
    }

    /// Takes a place in the queue. It may have its answer at once.
    pub fn join(&self, limits: &Limits, claim: &Claim) -> u64 {
        self.with(|state, now| {
            state.numbers += 1;
            let who = Waiting {
                number: state.numbers,
                workspace: claim.workspace,
                weight: claim.weight,
                individual: claim.individual,
                priority: claim.priority,
                job: claim.job,
                class: state.windows.class(claim.operation, limits, now),
            };
            state.queue.push(who);
            state.seats.insert(who.number, Seat { who, waker: None, answer: None });
            who.number
        })
    }

    /// What there is for whoever has this number. `waker` is woken when that changes.
    pub fn look(&self, number: u64, waker: &Waker) -> Look {
        let now = self.now();
        let mut woken = Vec::new();
        let mut state = self.lock();
        let look = state.look(number, waker, &self.settings, now, &mut woken);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        look
    }

    /// Gives the place back, and what was granted and not used.
    pub fn leave(&self, number: u64) {
        self.with(|state, _| {
            let Some(seat) = state.seats.remove(&number) else { return };
            state.queue.remove(&seat.who);
            state.lead_no_more(number);
            if let Some(Ok(granted)) = seat.answer {
                state.unused(&granted);
            }
        });
    }

    /// The row that the leader has to write.
    pub fn order(&self, window: usize) -> Option<(QuotaKey, Order)> {
        let now = self.now();
        self.lock().windows.order(window, now)
    }

    pub fn written(&self, window: usize, revision: u64, is_on_disk: bool) {
        self.with(|state, _| state.windows.written(window, revision, is_on_disk));
    }
}

impl State {
    fn look(
        &mut self,
        number: u64,
        waker: &Waker,
        settings: &GateSettings,
        now: Moment,
        woken: &mut Vec<Waker>,
    ) -> Look {
        if self.leader.is_none_or(|leader| leader == number) {
            // Who watches has been woken for a reason: the time has come, or something has changed.
            self.leader = Some(number);
            self.armed = Some(self.dispatch(settings, now, woken));
        }
        match self.seats.get_mut(&number) {
            Some(seat) if seat.answer.is_none() => {
                if !seat.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
                    seat.waker = Some(waker.clone());
                }
                if self.leader == Some(number) { Look::Watch(self.armed.unwrap_or(Next::Event)) } else { Look::Wait }
            }
            _ => {
                self.lead_no_more(number);
                self.call_a_leader(woken);
                let answer = self.seats.remove(&number).and_then(|seat| seat.answer);
                // A number without a seat has had its answer; there is no such caller.
                Look::Answered(answer.unwrap_or(Err(Closed::Limited { until: now.shown })))
            }
        }
    }

    fn lead_no_more(&mut self, number: u64) {
        if self.leader == Some(number) {
            (self.leader, self.armed) = (None, None);
        }
    }

    /// Somebody must watch as long as anybody waits.
    fn call_a_leader(&mut self, woken: &mut Vec<Waker>) {
        if self.leader.is_some() || self.queue.is_empty() {
            return;
        }
        // One who was never polled will look soon, and lead then.
        let waiting = self.seats.values_mut().find(|seat| seat.answer.is_none() && seat.waker.is_some());
        woken.extend(waiting.and_then(|seat| seat.waker.take()));
    }

    fn dispatch_and_arm(&mut self, settings: &GateSettings, now: Moment, woken: &mut Vec<Waker>) {
        let next = self.dispatch(settings, now, woken);
        match self.leader {
            None => self.call_a_leader(woken),
            Some(leader) if self.armed != Some(next) => {
                woken.extend(self.seats.get_mut(&leader).and_then(|seat| seat.waker.take()));
            }
            Some(_) => {}
        }
    }

    /// Lets everybody go who may go now, in fair order.
    fn dispatch(&mut self, settings: &GateSettings, now: Moment, woken: &mut Vec<Waker>) -> Next {
        loop {
            if self.queue.is_empty() {
                return Next::Event;
            }
            let closed = match self.breaker.verdict(now.mono) {
                Verdict::Wait(until) => return Next::At(until),
                Verdict::Broken(until) => Some(Closed::BreakerOpen { until: now.shown_of(until) }),
                Verdict::OutOfQuota(until) => Some(Closed::OutOfQuota { until: now.shown_of(until) }),
                Verdict::BadKey => Some(Closed::AuthFailed),
                Verdict::Pass if self.rest_until > now.mono => {
                    if self.rest_until - now.mono <= settings.longest_wait {
                        return Next::At(self.rest_until);
                    }
                    Some(Closed::Limited { until: now.shown_of(self.rest_until) })
                }
                Verdict::Pass => None,
            };
            if let Some(closed) = closed {
                self.refuse(closed, |_| true, woken);
                return Next::Event;
            }
            let factor = self.shrink.factor(now.mono);
            self.windows.narrow(factor, now);
            let mut next = (factor < 1.0).then_some(Next::At(now.mono + AGAIN));
            let mut may_go = Vec::new();
            let classes: Vec<usize> = self.queue.classes().collect();
            for class in classes {
                if self.windows.concurrent(class).is_some_and(|most| self.in_flight >= most) {
                    continue;
                }
                match self.windows.ready(class, now) {
                    Ready::Now => may_go.push(class),
                    Ready::At(at) => next = sooner(next, at),
                    Ready::Write(window) => next = Some(Next::Write(window)),
                    Ready::Writing => {}
                    Ready::UsedUp(until) if until.since(now.wall) > settings.longest_wait => {
                        let until = now.shown_of(now.mono_of(until));
                        self.refuse(Closed::OutOfQuota { until }, |of| of == class, woken);
                    }
                    Ready::UsedUp(until) => next = sooner(next, now.mono_of(until)),
                }
            }
            let Some(number) = self.queue.pop(|class| may_go.contains(&class)) else {
                return next.unwrap_or(Next::Event);
            };
            self.grant(number, now, woken);
        }
    }

    fn grant(&mut self, number: u64, now: Moment, woken: &mut Vec<Waker>) {
        let Some(seat) = self.seats.get_mut(&number) else { return };
        let class = seat.who.class;
        let taken = self.windows.take(class, now);
        seat.answer = Some(Ok(Granted { number, class, begun: now.mono, taken }));
        woken.extend(seat.waker.take());
        self.in_flight += 1;
        self.meter.note(now.mono);
        self.breaker.begun(number, now.mono);
        // Somebody else watches from now on, however late this one takes up its permit.
        self.lead_no_more(number);
    }

    fn refuse(&mut self, closed: Closed, which: impl Fn(usize) -> bool, woken: &mut Vec<Waker>) {
        for (number, seat) in &mut self.seats {
            if seat.answer.is_none() && which(seat.who.class) {
                self.queue.remove(&seat.who);
                seat.answer = Some(Err(closed));
                woken.extend(seat.waker.take());
                if self.leader == Some(*number) {
                    (self.leader, self.armed) = (None, None);
                }
            }
        }
    }

    /// A call was not made after all.
    pub fn unused(&mut self, granted: &Granted) {
        self.windows.give_back(&granted.taken);
        self.dropped(granted);
    }

    /// Nobody will say what came of a call.
    pub fn dropped(&mut self, granted: &Granted) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.breaker.dropped(granted.number);
    }

    /// What came of a call.
    pub fn ended(&mut self, granted: &Granted, outcome: &Outcome, signs: &RateSigns, latency: Duration, now: Moment) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let sign = match signs.trouble {
            Some(Trouble::Broken) => Sign::Broken,
            Some(Trouble::SlowDown) => Sign::SlowDown,
            None => Sign::of(outcome),
        };
        if sign == Sign::Alive && outcome.is_call() {
            self.latencies.note(latency);
            self.shrink.answered();
        }
        let asked = match outcome {
            Outcome::RateLimited { retry_after } => retry_after.max(&signs.retry_after),
            _ => &signs.retry_after,
        };
        let mut rest = asked.map(|rest| now.mono + rest);
        let on_the_way = self.in_flight;
        for told in &signs.windows {
            rest = rest.max(self.windows.told(granted.class, told, on_the_way, now));
        }
        let mut reset = None;
        match sign {
            Sign::SlowDown => {
                let own = now.mono + self.shrink.rest();
                let is_new = self.shrink.refused(granted.begun, now.mono, rest.unwrap_or(own));
                if is_new {
                    rest = rest.or(Some(own));
                    let lately = self.meter.lately(now.mono);
                    self.windows.learn(granted.class, lately, now);
                }
            }
            Sign::OutOfQuota => {
                let told = signs.windows.iter().filter(|told| told.left.is_none_or(|left| left == 0));
                reset = rest.take().max(told.filter_map(|told| told.resets_in).max().map(|reset| now.mono + reset));
                if let Some(reset) = reset {
                    self.windows.exhausted(granted.class, now.wall_of(reset));
                }
            }
            _ => {}
        }
        if let Some(until) = rest {
            self.rest_until = self.rest_until.max(until);
            self.windows.hold(granted.class, until);
        }
        self.breaker.answered(granted.number, sign, reset, now.mono);
    }

    /// The credential is another one.
    pub fn renewed(&mut self) {
        self.breaker.renewed();
        self.windows.renew();
        self.rest_until = Duration::ZERO;
        self.shrink = Shrink::default();
    }

    /// What is left of the pace, 1 = as published.
    pub fn factor(&self, now: Moment) -> f64 {
        self.shrink.factor(now.mono)
    }
}

fn sooner(next: Option<Next>, at: Duration) -> Option<Next> {
    match next {
        Some(Next::At(before)) => Some(Next::At(before.min(at))),
        Some(other) => Some(other),
        None => Some(Next::At(at)),
    }
}
