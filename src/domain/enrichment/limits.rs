//! What a vendor publishes about how often it may be called, and what it says of that in its answers.

use std::time::Duration;

/// So many calls in so much time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Operations with the same name share the budget; empty: all operations of the provider do.
    pub bucket: String,
    pub calls: u32,
    pub per: Duration,
    /// Calls that may come at once; without one they are spread evenly.
    pub burst: Option<u32>,
}

/// The published limits of one operation. None at all: it may be called as often as it answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// All of them hold at the same time.
    pub windows: Vec<Limit>,
    /// Calls in flight.
    pub concurrent: Option<u32>,
}

/// What an answer says about one window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WindowSign {
    /// The length of the window, where it is told.
    pub per: Option<Duration>,
    pub limit: Option<u64>,
    pub left: Option<u64>,
    pub resets_in: Option<Duration>,
}

/// What an answer says about being called again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateSigns {
    pub retry_after: Option<Duration>,
    pub windows: Vec<WindowSign>,
    /// What the call met although its outcome says something else: a look that fails leaves its work pending.
    pub trouble: Option<Trouble>,
}

/// How a vendor is that could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Broken,
    SlowDown,
}
