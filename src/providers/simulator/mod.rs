//! Vendors that are only played: what a manifest says about itself, answered without a network.
//!
//! The sandbox, the demo and the tests ask here instead of a vendor. Who a request finds and what is found of him follows
//! from the seed and the request alone: the same seed and the same request give the same bytes. Whether a call fails on
//! the way depends on how often the same request has come before, too, so that it may be made again.

mod meter;
mod people;
mod playing;
mod route;
mod server;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

pub use meter::{Outage, OutageKind, Tally};

use super::manifest::{Manifest, Setup};
use crate::deps::{Clock, Http, HttpError, OutgoingRequest, OutgoingResponse};
use crate::domain::enrichment::{Limits, Operation};
use meter::Meter;
use playing::Run;

/// A key that every played vendor takes. Keys that begin with `bad` are refused, with `empty` have nothing left.
pub const SANDBOX_KEY: &str = "sandbox";
/// Submitted work that is remembered.
const MOST_RUNS: usize = 100_000;

struct Vendor {
    manifest: Manifest,
    setup: Setup,
}

#[derive(Default)]
struct State {
    meter: Meter,
    runs: HashMap<String, Run>,
    seen: HashMap<[u8; 32], u32>,
    hit_rates: BTreeMap<(String, Operation), f64>,
    limits: BTreeMap<String, Limits>,
    latency: Option<Duration>,
    steady: bool,
    counts_looks: bool,
}

/// Plays any number of vendors.
pub struct Simulator {
    vendors: Vec<Vendor>,
    seed: u64,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

/// An answer and how long it takes.
pub struct Played {
    pub latency: Duration,
    pub answer: Result<OutgoingResponse, HttpError>,
}

impl Simulator {
    pub fn new(manifests: impl IntoIterator<Item = (Manifest, Setup)>, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let vendors = manifests.into_iter().map(|(manifest, setup)| Vendor { manifest, setup }).collect();
        Self { vendors, seed, clock, state: Arc::default() }
    }

    /// The same play with the vendors as they are now: what was submitted to them before goes on.
    #[must_use]
    pub fn recast(&self, manifests: impl IntoIterator<Item = (Manifest, Setup)>) -> Self {
        let state = Arc::clone(&self.state);
        Self { state, ..Self::new(manifests, self.seed, Arc::clone(&self.clock)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came for an operation so far; `None` for all of the vendor together.
    pub fn tally(&self, slug: &str, operation: Option<Operation>) -> Tally {
        self.state().meter.tally(slug, operation)
    }

    /// From now on the operation finds this share of whom it is asked for.
    pub fn set_hit_rate(&self, slug: &str, operation: Operation, rate: f64) {
        self.state().hit_rates.insert((slug.to_owned(), operation), rate);
    }

    /// From now on these limits hold for the whole vendor, instead of those of its plan.
    pub fn set_limits(&self, slug: &str, limits: Limits) {
        self.state().limits.insert(slug.to_owned(), limits);
    }

    /// From now on every answer takes this long; `None`: as the manifest says.
    pub fn set_latency(&self, latency: Option<Duration>) {
        self.state().latency = latency;
    }

    /// From now on nothing fails by chance.
    pub fn set_steady(&self) {
        self.state().steady = true;
    }

    /// From now on looks at submitted work take their place in the limits, too: every request counts.
    pub fn set_counts_looks(&self) {
        self.state().counts_looks = true;
    }

    /// A time in which the vendor does not work.
    pub fn add_outage(&self, outage: Outage) {
        self.state().meter.outages.push(outage);
    }

    /// On the clock of the simulator, for outages.
    pub fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn by_address(&self, url: &str) -> Option<(&Vendor, String)> {
        self.vendors.iter().find_map(|vendor| {
            let path = url.strip_prefix(vendor.setup.base_url(&vendor.manifest))?;
            path.starts_with(['/', '?']).then(|| (vendor, path.to_owned()))
        })
    }
}

impl Http for Simulator {
    fn send(&self, request: OutgoingRequest) -> BoxFuture<'_, Result<OutgoingResponse, HttpError>> {
        async move {
            let played = match self.by_address(&request.url) {
                Some((vendor, path)) => self.play(vendor, &request, &path),
                None => self.play_token(&request),
            };
            if played.latency > request.timeout {
                self.clock.sleep(request.timeout).await;
                return Err(HttpError::Timeout(request.timeout));
            }
            if !played.latency.is_zero() {
                self.clock.sleep(played.latency).await;
            }
            played.answer.and_then(|answer| {
                let limit = request.max_answer_bytes;
                if answer.body.len() > limit { Err(HttpError::TooLarge { limit }) } else { Ok(answer) }
            })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
