//! Giving out ids: strictly rising, also when the clock goes back or many threads ask at once.

use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Clock;
use crate::domain::id::{ID_COUNTER_BITS, ID_EPOCH_MS, Id};

/// Gives out the numbers of `domain/id.rs`: 42 bits of milliseconds since [`ID_EPOCH_MS`], 22 bits of counter.
///
/// A number is the larger of "now, counter zero" and "the last one plus one". So ids carry the time while the clock is
/// right, and keep rising while it is not, or when more than four million are asked for in one millisecond.
pub struct Ids {
    clock: Arc<dyn Clock>,
    highest: AtomicU64,
}

impl Ids {
    /// `floor` is the highest number that may be in use already; the first one given out is above it.
    pub fn new(clock: Arc<dyn Clock>, floor: u64) -> Self {
        Self { clock, highest: AtomicU64::new(floor) }
    }

    pub fn next<I: Id>(&self) -> I {
        I::from_u64(self.reserve(1))
    }

    /// `count` ids in a row, without a gap.
    pub fn next_block<I: Id>(&self, count: u32) -> IdBlock<I> {
        if count == 0 {
            return IdBlock { next: 0, left: 0, kind: PhantomData };
        }
        IdBlock { next: self.reserve(u64::from(count)), left: count, kind: PhantomData }
    }

    /// Nothing at or below `floor` is given out any more. A lower floor than the present one changes nothing.
    pub fn raise_floor(&self, floor: u64) {
        self.highest.fetch_max(floor, Ordering::Relaxed);
    }

    /// The highest number given out, or the floor if that is higher. Stored, it is the floor of the next start.
    pub fn highest(&self) -> u64 {
        self.highest.load(Ordering::Relaxed)
    }

    /// The first of `count` numbers that nobody else gets. Relaxed is enough: the number itself is all that is shared.
    fn reserve(&self, count: u64) -> u64 {
        let earliest = self.number_of_now();
        let mut highest = self.highest.load(Ordering::Relaxed);
        loop {
            let first = earliest.max(highest.saturating_add(1));
            let last = first.saturating_add(count - 1);
            match self.highest.compare_exchange_weak(highest, last, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return first,
                Err(seen) => highest = seen,
            }
        }
    }

    /// Clamped to the 42 bits, which last until 2159.
    fn number_of_now(&self) -> u64 {
        let since_epoch = u64::try_from(self.clock.now().0.saturating_sub(ID_EPOCH_MS)).unwrap_or(0);
        // 42 bits last until the year 2159; a clock beyond that counts on from the end instead of wrapping to zero.
        since_epoch.min(u64::MAX >> ID_COUNTER_BITS) << ID_COUNTER_BITS
    }
}

/// Ids in a row, rising.
#[derive(Debug, Clone)]
pub struct IdBlock<I> {
    next: u64,
    left: u32,
    kind: PhantomData<I>,
}

impl<I: Id> Iterator for IdBlock<I> {
    type Item = I;

    fn next(&mut self) -> Option<I> {
        self.left = self.left.checked_sub(1)?;
        let id = I::from_u64(self.next);
        self.next = self.next.saturating_add(1);
        Some(id)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<I: Id> ExactSizeIterator for IdBlock<I> {}
impl<I: Id> FusedIterator for IdBlock<I> {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::deps::SimulatedClock;
    use crate::domain::id::{LeadId, ListId};
    use crate::domain::time::Time;

    fn at(ms_since_epoch: i64, floor: u64) -> (SimulatedClock, Ids) {
        let clock = SimulatedClock::starting_at(Time(ID_EPOCH_MS + ms_since_epoch));
        (clock.clone(), Ids::new(Arc::new(clock), floor))
    }

    #[test]
    fn the_upper_bits_are_milliseconds_since_the_epoch() {
        let (clock, ids) = at(5, 0);
        assert_eq!(ids.next::<LeadId>().as_u64(), 5 << ID_COUNTER_BITS);
        assert_eq!(ids.next::<ListId>().as_u64(), (5 << ID_COUNTER_BITS) + 1);
        clock.advance(Duration::from_millis(2));
        assert_eq!(ids.next::<LeadId>().as_u64(), 7 << ID_COUNTER_BITS);
    }

    #[test]
    fn a_block_has_no_gap_and_nobody_else_gets_its_numbers() {
        let (_, ids) = at(1, 0);
        let block: Vec<u64> = ids.next_block::<LeadId>(1_000).map(Id::as_u64).collect();
        assert_eq!(block.len(), 1_000);
        assert!(block.windows(2).all(|pair| pair[1] == pair[0] + 1));
        assert_eq!(ids.next::<LeadId>().as_u64(), block[999] + 1);
        assert_eq!(ids.next_block::<LeadId>(0).count(), 0);
        assert_eq!(ids.highest(), block[999] + 1);
    }

    #[test]
    fn the_floor_holds_though_the_clock_is_behind_it() {
        let floor = 9 << ID_COUNTER_BITS;
        let (_, ids) = at(1, floor);
        assert_eq!(ids.next::<LeadId>().as_u64(), floor + 1);
        ids.raise_floor(floor + 50);
        ids.raise_floor(3);
        assert_eq!(ids.next::<LeadId>().as_u64(), floor + 51);
    }

    #[test]
    fn clocks_before_2020_and_after_2159_still_give_rising_ids() {
        for ms in [-5, i64::MAX - ID_EPOCH_MS] {
            let (_, ids) = at(ms, 0);
            assert!(ids.next::<LeadId>() < ids.next::<LeadId>());
        }
    }

    #[test]
    fn threads_never_share_a_number() {
        let (_, ids) = at(1, 0);
        let mut all: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..5_000).map(|_| ids.next::<LeadId>().as_u64()).collect::<Vec<_>>()))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 20_000);
    }

    proptest! {
        #[test]
        fn ids_rise_whatever_the_clock_does(jumps in prop::collection::vec((-10_000i64..10_000, 1u32..5_000), 1..50)) {
            let (clock, ids) = at(1_000_000, 0);
            let mut last = 0;
            for (jump, count) in jumps {
                clock.set_wall(Time(clock.now().0 + jump));
                for id in ids.next_block::<LeadId>(count) {
                    prop_assert!(id.as_u64() > last);
                    last = id.as_u64();
                }
            }
        }
    }
}
