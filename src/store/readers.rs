//! Who reads since when: an old snapshot keeps the store file from using its pages again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The views that are held now.
#[derive(Debug, Default, Clone)]
pub(in crate::store) struct Readers {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    /// Number -> since when, on the monotonic clock. Numbers rise with time.
    since: BTreeMap<u64, Duration>,
}

/// One view; it is no longer counted when this is dropped.
#[derive(Debug)]
pub(in crate::store) struct Reading {
    readers: Readers,
    number: u64,
}

impl Readers {
    pub fn begin(&self, now: Duration) -> Reading {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let number = held.next;
        held.next += 1;
        held.since.insert(number, now);
        Reading { readers: self.clone(), number }
    }

    /// How long the oldest view has been held.
    pub fn oldest(&self, now: Duration) -> Duration {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.since.values().next().map_or(Duration::ZERO, |since| now.saturating_sub(*since))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.readers.held.lock().unwrap_or_else(PoisonError::into_inner).since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_counts_until_it_is_dropped() {
        let readers = Readers::default();
        let at = Duration::from_secs;
        let first = readers.begin(at(1));
        let second = readers.begin(at(5));
        assert_eq!(readers.oldest(at(10)), at(9));
        drop(first);
        assert_eq!(readers.oldest(at(10)), at(5));
        drop(second);
        assert_eq!(readers.oldest(at(10)), Duration::ZERO);
    }
}
