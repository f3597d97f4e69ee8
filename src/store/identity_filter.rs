//! What the identity table certainly does not hold.
//!
//! Most rows of an import are new, and each asks for its keys. In a table of a million leads such a key is a page that no
//! cache holds, so a Bloom filter answers first: what it does not know is in the table under no list. It knows every key
//! that was ever given out to be written, so it may know too much and never too little; a key that it wrongly knows costs
//! one look into the table. Bits are grouped in lines of 64 bytes (Putze, Sanders, Singler 2007): one miss a key.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::identity::IdentityKey;
use crate::domain::id::Id;

/// Words of a line.
const LINE: usize = 8;
/// Bits that a key sets in its line.
const BITS: u32 = 6;
/// Bits a key has when the filter is full: one in a hundred that it does not hold is then taken for one.
const BITS_PER_KEY: usize = 10;
/// A filter for fewer is not smaller (2 MiB).
const LEAST_KEYS: usize = 1_000_000;
/// How much larger the next filter is when one is full.
const GROWTH: usize = 4;

struct Filter {
    words: Vec<AtomicU64>,
    /// Keys that set a bit.
    keys: AtomicUsize,
}

/// The filter of the table, and a larger one that is being filled to take its place.
#[derive(Debug)]
pub(in crate::store) struct IdentityFilter {
    filters: RwLock<Filters>,
}

#[derive(Debug)]
struct Filters {
    current: Filter,
    /// Everything the table held at the start is in the current one.
    is_complete: bool,
    next: Option<Filter>,
}

impl IdentityFilter {
    /// It answers once the table was `learned`.
    pub fn new() -> Self {
        let current = Filter::for_keys(0);
        Self { filters: RwLock::new(Filters { current, is_complete: false, next: None }) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Filters> {
        self.filters.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Filters> {
        self.filters.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called before the keys are in the table.
    pub fn insert<'k>(&self, keys: impl IntoIterator<Item = &'k IdentityKey>) {
        let filters = self.read();
        for key in keys {
            filters.current.insert(key);
            if let Some(next) = &filters.next {
                next.insert(key);
            }
        }
    }

    /// Whether the table may hold the key.
    pub fn may_hold(&self, key: &IdentityKey) -> bool {
        let filters = self.read();
        !filters.is_complete || filters.current.may_hold(key)
    }

    /// Whether the table should be learned (again): it never was, or holds more than the filter is made for.
    pub fn is_due(&self) -> bool {
        let filters = self.read();
        filters.next.is_none() && (!filters.is_complete || filters.current.is_full())
    }

    /// Begins a filter for what the table holds and will hold. From now on it gets every key that is put in.
    pub fn begin(&self) {
        let mut filters = self.write();
        let keys = if filters.is_complete { filters.current.capacity() * GROWTH } else { 0 };
        filters.next = Some(Filter::for_keys(keys));
    }

    /// Adds a key that the table holds to the filter that was begun.
    pub fn learn(&self, key: &IdentityKey) {
        if let Some(next) = &self.read().next {
            next.insert(key);
        }
    }

    /// Every key of the table was learned since `begin`.
    pub fn learned(&self) {
        let mut filters = self.write();
        if let Some(next) = filters.next.take() {
            filters.current = next;
            filters.is_complete = true;
        }
    }

    /// The table could not be read to its end: what was begun is dropped.
    pub fn give_up(&self) {
        self.write().next = None;
    }
}

impl Filter {
    fn for_keys(keys: usize) -> Self {
        let lines = (keys.max(LEAST_KEYS) * BITS_PER_KEY).div_ceil(LINE * 64).next_power_of_two();
        Self {
            words: std::iter::repeat_with(AtomicU64::default).take(lines * LINE).collect(),
            keys: AtomicUsize::new(0),
        }
    }

    fn capacity(&self) -> usize {
        self.words.len() * 64 / BITS_PER_KEY
    }

    fn is_full(&self) -> bool {
        self.keys.load(Ordering::Relaxed) > self.capacity()
    }

    fn insert(&self, key: &IdentityKey) {
        let (line, mut bits) = self.place(key);
        let mut is_new = false;
        for _ in 0..BITS {
            let (word, bit) = next_bit(&mut bits);
            is_new |= self.words[line + word].fetch_or(bit, Ordering::Relaxed) & bit == 0;
        }
        self.keys.fetch_add(usize::from(is_new), Ordering::Relaxed);
    }

    fn may_hold(&self, key: &IdentityKey) -> bool {
        let (line, mut bits) = self.place(key);
        (0..BITS).all(|_| {
            let (word, bit) = next_bit(&mut bits);
            self.words[line + word].load(Ordering::Relaxed) & bit != 0
        })
    }

    /// The first word of the key's line, and what its bits are taken from.
    fn place(&self, key: &IdentityKey) -> (usize, u64) {
        let mixed = mix(key.hash ^ mix(key.workspace.as_u64() ^ (u64::from(key.kind) << 56)));
        let lines = self.words.len() / LINE;
        let line = usize::try_from(mixed >> 32).unwrap_or(0) & (lines - 1);
        (line * LINE, mix(mixed))
    }
}

/// Nine bits of `bits` name a bit of the line.
fn next_bit(bits: &mut u64) -> (usize, u64) {
    let place = (*bits & 0x1ff) as usize;
    *bits >>= 9;
    (place / 64, 1 << (place % 64))
}

/// The finalizer of `splitmix64`: every bit of the input moves every bit of the output.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Filter").field("keys", &self.keys).field("capacity", &self.capacity()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::WorkspaceId;

    fn key(workspace: u64, kind: u8, hash: u64) -> IdentityKey {
        IdentityKey { workspace: WorkspaceId::from_u64(workspace), kind, hash }
    }

    #[test]
    fn what_was_put_in_is_held_and_little_else() {
        let filter = Filter::for_keys(0);
        let keys = filter.capacity() as u64;
        let hash = |number: u64| mix(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (0..keys).for_each(|number| filter.insert(&key(1, 2, hash(number))));
        assert!((0..keys).all(|number| filter.may_hold(&key(1, 2, hash(number)))));
        let wrong = |workspace, kind, from: u64| {
            (from..from + keys).filter(|number| filter.may_hold(&key(workspace, kind, hash(*number)))).count() as u64
        };
        for wrong in [wrong(1, 2, keys), wrong(1, 3, 0), wrong(2, 2, 0)] {
            assert!(wrong * 100 < keys * 3, "{wrong} of {keys}");
        }
    }

    #[test]
    fn nothing_is_certain_before_the_table_is_learned_and_nothing_is_forgotten_while_it_is() {
        let filter = IdentityFilter::new();
        assert!(filter.is_due() && filter.may_hold(&key(1, 1, 7)));
        filter.begin();
        filter.insert(&[key(1, 1, 1)]);
        filter.learn(&key(1, 1, 2));
        assert!(!filter.is_due() && filter.may_hold(&key(1, 1, 7)), "it is being learned");
        filter.learned();
        let held = |hash: u64| filter.may_hold(&key(1, 1, hash));
        assert_eq!([held(1), held(2), held(7)], [true, true, false]);
        filter.begin();
        filter.insert(&[key(1, 1, 3)]);
        assert_eq!([held(1), held(3), held(7)], [true, true, false], "the current one still answers");
        filter.give_up();
        assert!(held(1) && held(3) && !filter.is_due());
    }
}
