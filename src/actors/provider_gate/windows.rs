//! All windows of one gate, and which of them a call needs: all of its operation's, granted together or not at all.
//!
//! Operations that name the same budget share its window. Where they publish different figures for it the stricter ones
//! hold. What the vendor says in its answers comes on top: a lower limit, a window that nobody published, an end of what
//! is left.

use std::collections::HashMap;
use std::time::Duration;

use super::meter::STRETCH;
use super::pace::{Pace, Step};
use super::quota::{Order, QUOTA_FROM, Quota, Room};
use super::{GateKey, QuotaKey};
use crate::domain::enrichment::{Limit, Limits, Operation, WindowSign};
use crate::domain::time::Time;
use crate::store::records::gate::QuotaRow;

/// What was learned by being refused is widened this often, by a quarter, and forgotten after so many times.
const WIDEN_EVERY: Duration = Duration::from_secs(30);
const WIDENED_AT_MOST: u32 = 12;
/// Less than this share of a limit is nearly nothing.
const NEARLY_NOTHING: u64 = 20;

/// A moment on all clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub mono: Duration,
    /// The wall clock as it was at the start, going on evenly: a clock that is set changes nothing in a run.
    pub wall: Time,
    /// The wall clock as it is: what is told.
    pub shown: Time,
}

impl Moment {
    /// The same moment as `at` on the other clock.
    pub fn mono_of(self, at: Time) -> Duration {
        self.mono + at.since(self.wall)
    }

    pub fn wall_of(self, at: Duration) -> Time {
        self.wall.plus(at.saturating_sub(self.mono))
    }

    pub fn shown_of(self, at: Duration) -> Time {
        self.shown.plus(at.saturating_sub(self.mono))
    }
}

pub(super) enum Kind {
    Pace(Pace),
    Quota(Quota),
}

pub(super) struct Window {
    pub bucket: String,
    pub per: Duration,
    pub kind: Kind,
    /// What each operation publishes for it.
    pub published: HashMap<usize, Limit>,
    /// What the vendor says it is, where that is less.
    told: Option<u32>,
}

/// What calls of one operation need.
pub(super) struct Class {
    operation: Operation,
    limits: Limits,
    pub windows: Vec<usize>,
    /// The window that was learned by being refused.
    learned: Option<Learned>,
}

struct Learned {
    window: usize,
    widened_at: Duration,
    widened: u32,
}

/// Whether a call of a class may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    Now,
    At(Duration),
    /// A row has to be written first.
    Write(usize),
    /// A row is being written.
    Writing,
    UsedUp(Time),
}

/// What a call has taken of one window.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taken {
    Step(Step),
    Quota,
}

pub(super) struct Windows {
    gate: GateKey,
    percent: u8,
    factor: f64,
    pub list: Vec<Window>,
    classes: Vec<Class>,
    /// Rows of the run before, until their windows are known.
    rows: HashMap<QuotaKey, QuotaRow>,
}

impl Windows {
    pub fn new(gate: GateKey, percent: u8, rows: HashMap<QuotaKey, QuotaRow>) -> Self {
        Self { gate, percent, factor: 1.0, list: Vec::new(), classes: Vec::new(), rows }
    }

    /// The class of an operation, with these limits from now on.
    pub fn class(&mut self, operation: Operation, limits: &Limits, now: Moment) -> usize {
        let known = self.classes.iter().position(|class| class.operation == operation);
        if let Some(place) = known
            && self.classes[place].limits == *limits
        {
            return place;
        }
        let place = known.unwrap_or(self.classes.len());
        for window in &mut self.list {
            window.published.remove(&place);
        }
        let mut windows: Vec<usize> = limits
            .windows
            .iter()
            .filter(|limit| !limit.per.is_zero())
            .map(|limit| self.publish(place, limit.clone(), now))
            .collect();
        windows.sort_unstable();
        windows.dedup();
        let class = Class { operation, limits: limits.clone(), windows, learned: None };
        match self.classes.get_mut(place) {
            Some(known) => *known = class,
            None => self.classes.push(class),
        }
        self.settle_figures(now);
        place
    }

    /// The operations that were called are called under other limits from now on.
    pub fn limits_changed(&mut self, limits: impl Fn(Operation) -> Limits, now: Moment) {
        let operations: Vec<Operation> = self.classes.iter().map(|class| class.operation).collect();
        for operation in operations {
            self.class(operation, &limits(operation), now);
        }
    }

    pub fn concurrent(&self, class: usize) -> Option<u32> {
        let published = self.classes[class].limits.concurrent?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u32")]
        Some(((f64::from(published) * self.factor).ceil() as u32).max(1))
    }

    fn publish(&mut self, class: usize, limit: Limit, now: Moment) -> usize {
        let (bucket, per) = (limit.bucket.clone(), limit.per);
        let known = self.list.iter().position(|window| window.bucket == bucket && window.per == per);
        let place = known.unwrap_or_else(|| {
            let kind = if per >= QUOTA_FROM {
                let row = self.rows.remove(&self.key(&bucket, per));
                Kind::Quota(Quota::new(limit.clone(), self.percent, row, now.wall))
            } else {
                Kind::Pace(Pace::new(limit.clone(), self.percent, self.factor, now.mono))
            };
            self.list.push(Window { bucket, per, kind, published: HashMap::new(), told: None });
            self.list.len() - 1
        });
        let stricter = self.list[place].published.get(&class).is_none_or(|other| other.calls > limit.calls);
        if stricter {
            self.list[place].published.insert(class, limit);
        }
        place
    }

    /// Each window goes by the strictest of what is published for it and what the vendor says.
    fn settle_figures(&mut self, now: Moment) {
        for window in &mut self.list {
            let Some(mut limit) = window.published.values().min_by_key(|limit| limit.calls).cloned() else { continue };
            limit.calls = limit.calls.min(window.told.unwrap_or(u32::MAX)).max(1);
            match &mut window.kind {
                Kind::Pace(pace) => pace.set(&limit, self.factor, now.mono),
                Kind::Quota(quota) => quota.set(&limit),
            }
        }
    }

    fn key(&self, bucket: &str, per: Duration) -> QuotaKey {
        QuotaKey { gate: self.gate.clone(), bucket: bucket.to_owned(), per }
    }

    /// Narrows all paces to `factor` of what is published, and widens what was learned.
    pub fn narrow(&mut self, factor: f64, now: Moment) {
        let reached = factor >= 1.0 && self.factor < 1.0;
        if reached || (factor - self.factor).abs() >= 0.01 {
            self.factor = factor;
            self.settle_figures(now);
        }
        if self.factor >= 1.0 {
            (0..self.classes.len()).for_each(|class| self.widen(class, now));
        }
    }

    fn widen(&mut self, class: usize, now: Moment) {
        let Some(learned) = &mut self.classes[class].learned else { return };
        if now.mono.saturating_sub(learned.widened_at) < WIDEN_EVERY {
            return;
        }
        let window = learned.window;
        learned.widened_at = now.mono;
        learned.widened += 1;
        if learned.widened > WIDENED_AT_MOST {
            self.classes[class].learned = None;
            self.classes[class].windows.retain(|place| *place != window);
            return;
        }
        for limit in self.list[window].published.values_mut() {
            limit.calls += (limit.calls / 4).max(1);
        }
        self.settle_figures(now);
    }

    /// A vendor that publishes no rate has refused after so many calls in ten seconds: that is its rate, for now.
    pub fn learn(&mut self, class: usize, lately: u32, now: Moment) {
        let has_pace = |place: &usize| matches!(self.list[*place].kind, Kind::Pace(_));
        if self.classes[class].windows.iter().any(has_pace) {
            return;
        }
        let bucket = format!("learned, {}", self.classes[class].operation.name());
        let limit = Limit { bucket, calls: lately.max(1), per: STRETCH, burst: None };
        let window = self.add(class, limit, now);
        self.classes[class].learned = Some(Learned { window, widened_at: now.mono, widened: 0 });
    }

    fn add(&mut self, class: usize, limit: Limit, now: Moment) -> usize {
        let calls = limit.calls;
        let window = self.publish(class, limit, now);
        if let Some(limit) = self.list[window].published.get_mut(&class) {
            limit.calls = calls;
        }
        if !self.classes[class].windows.contains(&window) {
            self.classes[class].windows.push(window);
        }
        self.settle_figures(now);
        window
    }

    /// Whether all windows of a class grant one more call. Takes nothing.
    pub fn ready(&mut self, class: usize, now: Moment) -> Ready {
        let mut at = None;
        let mut write = None;
        for place in &self.classes[class].windows {
            match &mut self.list[*place].kind {
                Kind::Pace(pace) => {
                    if let Err(not_before) = pace.test(now.mono) {
                        at = at.max(Some(not_before));
                    }
                }
                Kind::Quota(quota) => match quota.room(now.wall) {
                    Room::Yes => {}
                    Room::AfterWriting if quota.is_being_written() => write = write.or(Some(Ready::Writing)),
                    Room::AfterWriting => write = Some(Ready::Write(*place)),
                    Room::NotBefore(until) => return Ready::UsedUp(until),
                },
            }
        }
        // What has to be written is written while the pace makes us wait anyway.
        write.or(at.map(Ready::At)).unwrap_or(Ready::Now)
    }

    /// Takes the call that [`Windows::ready`] has just granted.
    pub fn take(&mut self, class: usize, now: Moment) -> Vec<(usize, Taken)> {
        let take = |place: &usize| match &mut self.list[*place].kind {
            Kind::Pace(pace) => (*place, Taken::Step(pace.take())),
            Kind::Quota(quota) => {
                quota.take(now.wall);
                (*place, Taken::Quota)
            }
        };
        self.classes[class].windows.iter().map(take).collect()
    }

    pub fn give_back(&mut self, taken: &[(usize, Taken)]) {
        for (place, taken) in taken {
            match (&mut self.list[*place].kind, taken) {
                (Kind::Pace(pace), Taken::Step(step)) => pace.give_back(step),
                (Kind::Quota(quota), Taken::Quota) => quota.give_back(),
                _ => {}
            }
        }
    }

    /// No pace of the class lets anybody through before `until`, and nothing is caught up on then.
    pub fn hold(&mut self, class: usize, until: Duration) {
        for place in &self.classes[class].windows {
            if let Kind::Pace(pace) = &mut self.list[*place].kind {
                pace.hold(until);
            }
        }
    }

    /// What an answer says about a window, with so many calls on their way. Until when nothing may be called at all, where
    /// it says that of a window we do not know.
    pub fn told(&mut self, class: usize, sign: &WindowSign, on_the_way: u32, now: Moment) -> Option<Duration> {
        let window = self.meant(class, sign, now);
        let limit = sign.limit.unwrap_or(0);
        let nothing = sign.left.is_some_and(|left| {
            left == 0 || (left.saturating_mul(NEARLY_NOTHING) < limit && left <= u64::from(on_the_way))
        });
        let until = sign.resets_in.filter(|_| nothing).map(|resets_in| now.mono + resets_in);
        match window.map(|place| &mut self.list[place].kind) {
            Some(Kind::Quota(quota)) => quota.told(sign, on_the_way, now.wall),
            Some(Kind::Pace(pace)) => until.into_iter().for_each(|until| pace.hold(until)),
            None => return until,
        }
        None
    }

    /// The window that a sign speaks of. One that nobody published is added where its limit is told.
    fn meant(&mut self, class: usize, sign: &WindowSign, now: Moment) -> Option<usize> {
        let windows = &self.classes[class].windows;
        let Some(per) = sign.per else {
            return <[usize; 1]>::try_from(windows.as_slice()).ok().map(|[only]| only);
        };
        let calls = sign.limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)).filter(|calls| *calls > 0);
        let known = windows.iter().copied().find(|place| self.list[*place].per == per);
        match (known, calls) {
            (Some(place), Some(calls)) if self.list[place].told != Some(calls) => {
                self.list[place].told = Some(calls);
                self.settle_figures(now);
            }
            (None, Some(calls)) if !per.is_zero() => {
                let bucket = format!("told, {}", self.classes[class].operation.name());
                return Some(self.add(class, Limit { bucket, calls, per, burst: None }, now));
            }
            _ => {}
        }
        known
    }

    /// The vendor has refused for want of quota: the quotas of the class are used up until then.
    pub fn exhausted(&mut self, class: usize, until: Time) {
        for place in &self.classes[class].windows {
            if let Kind::Quota(quota) = &mut self.list[*place].kind {
                quota.exhausted(until);
            }
        }
    }

    /// The row to write for a window.
    pub fn order(&mut self, place: usize, now: Moment) -> Option<(QuotaKey, Order)> {
        let (bucket, per) = (self.list[place].bucket.clone(), self.list[place].per);
        let Kind::Quota(quota) = &mut self.list[place].kind else { return None };
        let order = quota.order(now.wall)?;
        Some((self.key(&bucket, per), order))
    }

    pub fn written(&mut self, place: usize, revision: u64, is_on_disk: bool) {
        if let Kind::Quota(quota) = &mut self.list[place].kind {
            quota.written(revision, is_on_disk);
        }
    }

    /// Every quota as it is, for an orderly end.
    pub fn last_rows(&mut self, now: Moment) -> Vec<(QuotaKey, QuotaRow)> {
        let gate = &self.gate;
        let rows = self.list.iter_mut().filter_map(|window| match &mut window.kind {
            Kind::Quota(quota) => {
                let key = QuotaKey { gate: gate.clone(), bucket: window.bucket.clone(), per: window.per };
                Some((key, quota.last_row(now.wall).row))
            }
            Kind::Pace(_) => None,
        });
        rows.collect()
    }

    /// Another credential: its quotas begin at nothing.
    pub fn renew(&mut self) {
        self.rows.clear();
        for window in &mut self.list {
            if let Kind::Quota(quota) = &mut window.kind {
                quota.renew();
            }
        }
    }
}
