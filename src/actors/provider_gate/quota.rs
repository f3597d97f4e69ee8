//! Quotas: windows of an hour or more, counted call by call and kept across restarts.
//!
//! Unlike a pace a quota is used as fast as the shorter windows allow, and exactly: nobody knows when the vendor's day
//! begins, so no *sliding* window of that length ever holds more calls than it allows. Time is cut into slices; a slice
//! stops counting when all of it lies outside of the window.
//!
//! **Nothing is called that is not on disk first.** A block of calls is written as used before the first of them is made
//! ([`Quota::order`]), so a crash can forget calls that were never made and none that were. An orderly end gives the rest
//! of the block back.
//!
//! Where the vendor's answers say how much is left and when the window begins anew, that is the truth from then on.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::enrichment::{Limit, WindowSign};
use crate::domain::time::Time;
use crate::store::records::gate::{QuotaRow, QuotaSlice};

/// A window that is at least this long is a quota.
pub(super) const QUOTA_FROM: Duration = Duration::from_secs(3_600);
/// From here on a window is something that was paid for, and used to the last call.
const PAID_FROM: Duration = Duration::from_secs(24 * 3_600);
/// What is called a month may have 31 days.
const MONTH: std::ops::RangeInclusive<u64> = 28..=31;
const DAY_SECONDS: u64 = 86_400;
/// Slices of a window.
const SLICES: i64 = 48;
/// A call may be counted by the vendor as late as its time limit.
const ON_THE_WAY: i64 = 30_000;

pub(super) struct Quota {
    limit: Limit,
    percent: u8,
    per_ms: i64,
    /// Used calls by slice, oldest first.
    slices: VecDeque<QuotaSlice>,
    /// Written as used, and not used yet.
    reserved: u32,
    revision: u64,
    /// The revision that is being written.
    writing: Option<(u64, u32)>,
    /// When the vendor says the window begins anew.
    resets_at: Option<Time>,
    /// Nothing before this: the vendor says that nothing is left.
    shut_until: Option<Time>,
}

/// What a quota says to one more call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Yes,
    /// A block has to be written first.
    AfterWriting,
    /// Used up until then.
    NotBefore(Time),
}

/// A row to write; answered with [`Quota::written`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub revision: u64,
    pub row: QuotaRow,
}

impl Quota {
    pub fn new(limit: Limit, rate_percent: u8, row: Option<QuotaRow>, now: Time) -> Self {
        let seconds = limit.per.as_secs();
        let days = seconds.div_ceil(DAY_SECONDS);
        let per = if MONTH.contains(&days) { Duration::from_secs(MONTH.end() * DAY_SECONDS) } else { limit.per };
        let mut quota = Self {
            percent: if limit.per >= PAID_FROM { 100 } else { rate_percent.clamp(1, 100) },
            per_ms: i64::try_from(per.as_millis()).unwrap_or(i64::MAX / 4),
            limit,
            slices: VecDeque::new(),
            reserved: 0,
            revision: 0,
            writing: None,
            resets_at: None,
            shut_until: None,
        };
        if let Some(row) = row {
            quota.revision = row.revision;
            quota.resets_at = row.resets_at;
            quota.slices = row.slices.into();
            // Whether they were made before the crash is not known: they count, from now.
            quota.count(row.reserved, now);
        }
        quota
    }

    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    pub fn set(&mut self, limit: &Limit) {
        if self.limit != *limit {
            self.limit = limit.clone();
        }
    }

    /// How many calls the window holds for us.
    pub fn allowed(&self) -> u32 {
        u32::try_from(u64::from(self.limit.calls) * u64::from(self.percent) / 100).unwrap_or(u32::MAX).max(1)
    }

    /// Calls that are left, reserved ones included.
    pub fn left(&self) -> u32 {
        self.allowed().saturating_sub(self.used())
    }

    fn used(&self) -> u32 {
        self.slices.iter().fold(0, |sum, slice| sum.saturating_add(slice.calls))
    }

    pub fn room(&mut self, now: Time) -> Room {
        self.forget(now);
        if let Some(until) = self.shut_until {
            return Room::NotBefore(until);
        }
        if self.used() >= self.allowed() {
            return Room::NotBefore(self.next_room(now));
        }
        if self.reserved > 0 { Room::Yes } else { Room::AfterWriting }
    }

    /// Takes the call that [`Quota::room`] has just allowed.
    pub fn take(&mut self, now: Time) {
        self.reserved = self.reserved.saturating_sub(1);
        self.count(1, now);
    }

    /// The call was not made after all.
    pub fn give_back(&mut self) {
        if let Some(slice) = self.slices.iter_mut().rev().find(|slice| slice.calls > 0) {
            slice.calls -= 1;
            self.reserved += 1;
        }
    }

    /// The row that has to be on disk before the next calls, unless it is being written.
    pub fn order(&mut self, now: Time) -> Option<Order> {
        if self.writing.is_some() {
            return None;
        }
        let free = self.left().saturating_sub(self.reserved);
        let block = (self.allowed() / 500).clamp(1, 500).min(free);
        (block > 0).then(|| self.next_row(block, now))
    }

    /// The row as it is, with nothing reserved: for an orderly end.
    pub fn last_row(&mut self, now: Time) -> Order {
        self.reserved = 0;
        let order = self.next_row(0, now);
        self.writing = None;
        order
    }

    fn next_row(&mut self, block: u32, now: Time) -> Order {
        self.forget(now);
        self.revision += 1;
        self.writing = Some((self.revision, block));
        let row = QuotaRow {
            revision: self.revision,
            slices: self.slices.iter().copied().collect(),
            reserved: self.reserved + block,
            resets_at: self.resets_at,
        };
        Order { revision: self.revision, row }
    }

    /// How the writing of an order ended. One that nobody waited for to the end may be written or not: it grants nothing.
    pub fn written(&mut self, revision: u64, is_on_disk: bool) {
        let Some((_, block)) = self.writing.take_if(|(writing, _)| *writing == revision) else { return };
        if is_on_disk {
            self.reserved += block;
        }
    }

    /// The vendor's own count, in an answer, while `on_the_way` calls were not answered yet.
    pub fn told(&mut self, sign: &WindowSign, on_the_way: u32, now: Time) {
        if let Some(resets_in) = sign.resets_in {
            self.resets_at = Some(now.plus(resets_in));
        }
        let Some(left) = sign.left else { return };
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        if left == 0
            && let Some(resets_in) = sign.resets_in
        {
            self.shut_until = Some(now.plus(resets_in));
        }
        let published = sign.limit.map_or(0, |limit| u32::try_from(limit).unwrap_or(u32::MAX)).max(self.limit.calls);
        let used = published.saturating_sub(left).saturating_add(on_the_way);
        let ours = self.used();
        if used > ours {
            self.count(used - ours, now);
        } else if ours - used > (2 * on_the_way + 2).max(self.allowed() / 50) && sign.resets_in.is_some() {
            // It has begun anew, or counts in another way than we do; less than this is only answers that crossed.
            self.slices.clear();
            self.count(used, now);
        }
    }

    /// The vendor has refused for want of quota: nothing before `until`.
    pub fn exhausted(&mut self, until: Time) {
        self.shut_until = Some(until);
        self.resets_at = Some(until);
    }

    pub fn is_being_written(&self) -> bool {
        self.writing.is_some()
    }

    /// The account is another one.
    pub fn renew(&mut self) {
        self.slices.clear();
        (self.reserved, self.resets_at, self.shut_until) = (0, None, None);
        // A block that is being written belongs to the account of before.
        self.writing = None;
    }

    fn count(&mut self, calls: u32, now: Time) {
        if calls == 0 {
            return;
        }
        let index = now.0.div_euclid(self.quantum());
        match self.slices.back_mut() {
            // A clock that was set back goes on counting in the newest slice.
            Some(last) if last.index >= index => last.calls = last.calls.saturating_add(calls),
            _ => self.slices.push_back(QuotaSlice { index, calls }),
        }
    }

    fn quantum(&self) -> i64 {
        (self.per_ms / SLICES).max(1)
    }

    fn end_of(&self, slice: QuotaSlice) -> Time {
        Time((slice.index + 1) * self.quantum() + self.per_ms + ON_THE_WAY)
    }

    fn forget(&mut self, now: Time) {
        if self.resets_at.is_some_and(|at| at <= now) {
            self.slices.clear();
            (self.resets_at, self.shut_until) = (None, None);
        }
        self.shut_until = self.shut_until.filter(|until| *until > now);
        while self.slices.front().is_some_and(|oldest| self.end_of(*oldest) <= now) {
            self.slices.pop_front();
        }
    }

    /// When the first of the used calls stops counting.
    fn next_room(&self, now: Time) -> Time {
        let mut excess = self.used().saturating_sub(self.allowed()) + 1;
        let mut at = now.plus(Duration::from_secs(60));
        for slice in &self.slices {
            at = self.end_of(*slice);
            if slice.calls >= excess {
                break;
            }
            excess -= slice.calls;
        }
        self.resets_at.map_or(at, |resets| resets.min(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn a_day_of(calls: u32, row: Option<QuotaRow>) -> Quota {
        Quota::new(Limit { bucket: String::new(), calls, per: DAY, burst: None }, 80, row, NOW)
    }

    /// Calls until there is no room, writing whenever it has to; the last row that was written.
    fn use_up(quota: &mut Quota, most: u32, now: Time) -> (u32, QuotaRow) {
        let (mut used, mut row) = (0, QuotaRow::default());
        while used < most {
            match quota.room(now) {
                Room::Yes => {
                    quota.take(now);
                    used += 1;
                }
                Room::AfterWriting => {
                    let order = quota.order(now).expect("something is free");
                    assert_eq!(quota.order(now), None, "one at a time");
                    quota.written(order.revision, true);
                    row = order.row;
                }
                Room::NotBefore(_) => break,
            }
        }
        (used, row)
    }

    #[test]
    fn after_a_crash_at_nine_tenths_the_last_tenth_is_left_and_no_more() {
        let mut before = a_day_of(10_000, None);
        let (used, row) = use_up(&mut before, 9_003, NOW);
        assert_eq!(used, 9_003);
        let (after, _) = use_up(&mut a_day_of(10_000, Some(row)), u32::MAX, NOW);
        assert!((10_000 - 9_003 - 20..=10_000 - 9_003).contains(&after), "{after}");
    }

    #[test]
    fn an_orderly_end_loses_nothing() {
        let mut before = a_day_of(10_000, None);
        use_up(&mut before, 9_003, NOW);
        let row = before.last_row(NOW).row;
        assert_eq!(use_up(&mut a_day_of(10_000, Some(row)), u32::MAX, NOW).0, 997);
    }

    #[test]
    fn no_sliding_day_holds_more_than_the_quota() {
        let mut quota = a_day_of(100, None);
        let mut made: Vec<Time> = Vec::new();
        for minute in 0..5 * 24 * 60 {
            let now = NOW.plus(Duration::from_secs(minute * 60));
            let (used, _) = use_up(&mut quota, 1 + u32::try_from(minute % 7).expect("small"), now);
            made.extend((0..used).map(|_| now));
        }
        let most = made.iter().map(|first| made.iter().filter(|at| at.0 >= first.0 && at.since(*first) < DAY).count());
        assert_eq!(most.max(), Some(100));
        assert!(made.len() >= 480, "{} in five days", made.len());
    }

    #[test]
    fn the_vendors_word_is_the_truth() {
        let mut quota = a_day_of(100, None);
        use_up(&mut quota, 10, NOW);
        let sign = |left, resets_in| WindowSign { per: Some(DAY), limit: Some(100), left: Some(left), resets_in };
        quota.told(&sign(20, None), 0, NOW);
        assert_eq!(quota.left(), 20, "others use the key, too");
        quota.told(&sign(0, Some(Duration::from_secs(600))), 0, NOW);
        let reset = NOW.plus(Duration::from_secs(600));
        assert_eq!(quota.room(NOW), Room::NotBefore(reset));
        assert_eq!(quota.room(reset), if quota.reserved > 0 { Room::Yes } else { Room::AfterWriting });
        assert_eq!(use_up(&mut quota, u32::MAX, reset).0, 100);
    }

    #[test]
    fn a_write_that_failed_grants_nothing() {
        let mut quota = a_day_of(100, None);
        let order = quota.order(NOW).expect("free");
        quota.written(order.revision, false);
        assert_eq!(quota.room(NOW), Room::AfterWriting);
        let stale = order.revision;
        let order = quota.order(NOW).expect("free");
        quota.written(stale, true);
        assert_eq!(quota.room(NOW), Room::AfterWriting, "an old answer grants nothing");
        quota.written(order.revision, true);
        assert_eq!(quota.room(NOW), Room::Yes);
    }
}
