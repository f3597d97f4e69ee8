//! All gates of the process: made when they are first asked for, one per provider and credential.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::gate::Gate;
use super::keeping::{KeepQuotas, QuotaKey};
use super::pace::Pace;
use super::quota::QUOTA_FROM;
use super::turn::{Permit, Turn};
use super::view::GateState;
use super::{Claim, Closed, GateKey, Reason};
use crate::deps::Deps;
use crate::domain::enrichment::{Limit, Limits, Operation};
use crate::domain::time::Time;
use crate::store::records::gate::QuotaRow;

/// How the gates are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateSettings {
    /// Percent of a published limit that is used, 1 to 100: `enrichment.rate_percent`. Quotas of a day and more are used
    /// in full.
    pub rate_percent: u8,
    /// The longest that somebody waits in place for a rest to end; for a longer one the answer is [`Closed`].
    pub longest_wait: Duration,
    /// Calls that a job keeps in flight or waiting, at least: `enrichment.min_in_flight`.
    pub least_in_flight: usize,
    /// The same for a provider that publishes no rate.
    pub without_rate: usize,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { rate_percent: 80, longest_wait: Duration::from_secs(30), least_in_flight: 5, without_rate: 32 }
    }
}

/// All gates. Cheap to clone; the clones are the same gates.
#[derive(Clone)]
pub struct Gates {
    inner: Arc<Inner>,
}

struct Inner {
    deps: Deps,
    settings: GateSettings,
    keep: Option<Arc<dyn KeepQuotas>>,
    gates: RwLock<HashMap<GateKey, Arc<Gate>>>,
    /// What was on disk at the start.
    rows: HashMap<QuotaKey, QuotaRow>,
}

impl Gates {
    /// Gates that remember used quota only as long as they live.
    pub fn new(deps: &Deps, settings: GateSettings) -> Self {
        Self::build(deps, settings, None, HashMap::new())
    }

    /// Gates whose used quota is kept, beginning with `rows` (see [`super::restored`]).
    pub fn kept(
        deps: &Deps,
        settings: GateSettings,
        keep: Arc<dyn KeepQuotas>,
        rows: HashMap<QuotaKey, QuotaRow>,
    ) -> Self {
        Self::build(deps, settings, Some(keep), rows)
    }

    fn build(
        deps: &Deps,
        settings: GateSettings,
        keep: Option<Arc<dyn KeepQuotas>>,
        rows: HashMap<QuotaKey, QuotaRow>,
    ) -> Self {
        let inner = Inner { deps: deps.clone(), settings, keep, gates: RwLock::default(), rows };
        Self { inner: Arc::new(inner) }
    }

    /// Waits for a turn to call. Dropping the future gives the place in the queue back.
    ///
    /// `limits` are those of `claim.operation`; other figures than before take the place of the old ones and keep the
    /// history.
    ///
    /// # Errors
    /// See [`Closed`]: waiting here is of no use.
    pub async fn enter(&self, key: &GateKey, limits: &Limits, claim: &Claim) -> Result<Permit, Closed> {
        let gate = self.gate(key);
        let number = gate.join(limits, claim);
        Turn::new(gate, number).await
    }

    /// How all gates are, by provider and credential.
    pub fn states(&self) -> Vec<GateState> {
        let mut states: Vec<GateState> = self.all().iter().map(|gate| gate.shown()).collect();
        states.sort_by(|one, other| one.key.cmp(&other.key));
        states
    }

    /// Until when a gate lets nobody through, and why; no time where it takes somebody to change it. `None`: it is open.
    pub fn limited_until(&self, key: &GateKey) -> Option<(Option<Time>, Reason)> {
        let gate = self.known(key)?;
        let now = gate.now();
        gate.lock().limited(now)
    }

    /// Calls a second that the limits allow at the percentage that is used; `None`: nothing is published. Quotas are no
    /// rate.
    pub fn rate(&self, limits: &Limits) -> Option<f64> {
        self.rates(limits).map(|(_, rate)| rate).min_by(f64::total_cmp)
    }

    /// The same of each window.
    pub fn rates<'l>(&self, limits: &'l Limits) -> impl Iterator<Item = (&'l Limit, f64)> {
        let percent = self.inner.settings.rate_percent;
        let paces = limits.windows.iter().filter(|window| window.per < QUOTA_FROM && !window.per.is_zero());
        paces.map(move |window| (window, Pace::rate(window, percent)))
    }

    /// About how many calls one job should have in flight or waiting at the gate, so that the gate is the limit: rate ×
    /// p95 of the measured latency (one second before the first answer), at least the setting, at most the concurrency.
    pub fn wanted_in_flight(&self, key: &GateKey, limits: &Limits) -> usize {
        let settings = &self.inner.settings;
        let latency = self.known(key).and_then(|gate| gate.lock().latencies.quantile(0.95));
        let wanted = self.rate(limits).map_or(settings.without_rate, |rate| {
            let calls = rate * latency.unwrap_or(Duration::from_secs(1)).as_secs_f64();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the line above")]
            let calls = calls.clamp(0.0, 10_000.0).ceil() as usize;
            // One more waits at the gate while these are called.
            calls + 1
        });
        let most = limits.concurrent.map_or(usize::MAX, |most| most.max(1) as usize);
        wanted.max(settings.least_in_flight).min(most)
    }

    /// The credential is another one: the gate is open again, and its quotas begin at nothing.
    pub fn credential_changed(&self, key: &GateKey) {
        if let Some(gate) = self.known(key) {
            gate.with(|state, _| state.renewed());
        }
    }

    /// Other limits hold for a provider from now on, for those who wait, too. What is used of a quota stays used.
    pub fn limits_changed(&self, provider: &str, limits: impl Fn(Operation) -> Limits) {
        for gate in self.all().iter().filter(|gate| gate.key.provider == provider) {
            gate.with(|state, now| state.windows.limits_changed(&limits, now));
        }
    }

    /// Writes what is used to the last call, at an orderly end when nothing is called any more.
    pub async fn settle(&self) {
        let Some(keep) = &self.inner.keep else { return };
        for gate in self.all() {
            let now = gate.now();
            let rows = gate.lock().windows.last_rows(now);
            for (key, row) in rows {
                if let Err(error) = keep.keep(key, row).await {
                    tracing::warn!(%error, provider = gate.key.provider, "some quota counts as used that is not");
                }
            }
        }
    }

    fn all(&self) -> Vec<Arc<Gate>> {
        self.inner.gates.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn known(&self, key: &GateKey) -> Option<Arc<Gate>> {
        self.inner.gates.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn gate(&self, key: &GateKey) -> Arc<Gate> {
        if let Some(gate) = self.known(key) {
            return gate;
        }
        let Inner { deps, settings, keep, gates, rows } = &*self.inner;
        let mut gates = gates.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let own = rows.iter().filter(|(row, _)| row.gate == *key).map(|(row, used)| (row.clone(), used.clone()));
            Arc::new(Gate::new(key.clone(), deps, *settings, keep.clone(), own.collect()))
        };
        Arc::clone(gates.entry(key.clone()).or_insert_with(new))
    }
}
