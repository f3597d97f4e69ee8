//! What an actor tells about itself: the figures on `/metrics`.
//!
//! Handles are taken from the recorder once, on the thread that spawns the actor: install the recorder first.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The metric handles of one actor. Instances of the same role share their series.
pub(super) struct Meter {
    /// Messages whose handler returned.
    pub handled: Counter,
    /// Panics and errors that made the actor restart.
    pub failed: Counter,
    pub restarts: Counter,
    /// Work accepted and not yet answered: mailbox, deferred replies and running futures together.
    pub depth: Gauge,
    age: Histogram,
}

impl Meter {
    pub fn new(role: &'static str) -> Self {
        Self {
            handled: counter!("actor_handled_total", "actor" => role),
            failed: counter!("actor_failed_total", "actor" => role),
            restarts: counter!("actor_restarts_total", "actor" => role),
            depth: gauge!("actor_queue_depth", "actor" => role),
            age: histogram!("actor_mailbox_age_seconds", "actor" => role),
        }
    }

    /// How long a message lay in the mailbox.
    pub fn waited(&self, age: Duration) {
        self.age.record(age.as_secs_f64());
    }
}
