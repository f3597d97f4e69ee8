//! Which snapshots are alive and since when: a forgotten one makes the store file grow without end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Alive {
    next: u64,
    /// Taken-at by ticket; the first is the oldest. Real time, for it only feeds a metric.
    since: BTreeMap<u64, Instant>,
}

/// The snapshots of one engine.
#[derive(Default, Clone)]
pub(super) struct Readers(Arc<Mutex<Alive>>);

/// One snapshot's entry, gone when it is dropped.
pub(super) struct Reading {
    readers: Readers,
    ticket: u64,
}

impl Readers {
    pub fn enter(&self) -> Reading {
        let mut alive = self.alive();
        let ticket = alive.next;
        alive.next += 1;
        // The age of a snapshot is a figure about this machine.
        #[allow(clippy::disallowed_methods)]
        alive.since.insert(ticket, Instant::now());
        Reading { readers: self.clone(), ticket }
    }

    pub fn oldest(&self) -> Option<Duration> {
        self.alive().since.first_key_value().map(|(_, since)| since.elapsed())
    }

    fn alive(&self) -> MutexGuard<'_, Alive> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.readers.alive().since.remove(&self.ticket);
    }
}
