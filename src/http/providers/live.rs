//! How a provider is at this moment: what `GET /providers` shows of its gate.

use serde::Serialize;

use crate::actors::provider_gate::{BreakerState, GateState, Reason};
use crate::domain::time::Time;

/// What is measured elsewhere: in the statistics of calls and in the ledger.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::http) struct Measured {
    /// Answers that found something, of those that count, 0 to 1.
    pub hit_rate: Option<f64>,
    /// Millionths of the currency's unit that the provider billed since midnight UTC.
    pub spend_today: Option<u64>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderLive)]
#[serde(rename_all = "camelCase")]
pub struct LiveView {
    /// Calls that could be made at once; null where no limit is known
    tokens: Option<u32>,
    windows: Vec<WindowView>,
    /// Calls that wait for their turn
    waiting: usize,
    in_flight: u32,
    breaker: BreakerState,
    /// Nobody gets through before; null also where it takes somebody to change it
    limited_until: Option<Time>,
    limited_reason: Option<Reason>,
    /// Percent of its pace that is used, less than 100 for a while after the provider said *slow down*
    pace_percent: u32,
    /// Milliseconds that answers take; null before the first one
    latency: Option<LatencyView>,
    /// Share of answers that found something, 0 to 1; null as long as there are none
    hit_rate: Option<f64>,
    /// What the provider billed since midnight UTC
    spend_today: Option<SpendView>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderWindow)]
#[serde(rename_all = "camelCase")]
pub struct WindowView {
    /// The budget that some operations share; empty: all do
    bucket: String,
    /// Length of the window
    seconds: f64,
    /// Calls that the provider publishes for it
    limit: u32,
    /// Of a pace: calls that could be made at once; of a quota: what is left of it
    tokens: u32,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderLatency)]
pub struct LatencyView {
    p50: u64,
    p95: u64,
    p99: u64,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderSpend)]
pub struct SpendView {
    /// A decimal number
    amount: String,
    currency: &'static str,
}

/// A provider that was not called since the start has no gate yet: it is open.
pub(in crate::http) fn shown(state: Option<&GateState>, measured: Measured) -> LiveView {
    let window = |window: &crate::actors::provider_gate::WindowState| WindowView {
        bucket: window.bucket.clone(),
        seconds: window.per.as_secs_f64(),
        limit: window.calls,
        tokens: window.tokens,
    };
    let windows: Vec<WindowView> = state.map(|state| state.windows.iter().map(window).collect()).unwrap_or_default();
    let limited = state.and_then(|state| state.limited);
    let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let latency = state.and_then(|state| state.latency);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
    let percent = |factor: f64| (factor * 100.0).round() as u32;
    LiveView {
        tokens: windows.iter().map(|window| window.tokens).min(),
        windows,
        waiting: state.map_or(0, |state| state.waiting),
        in_flight: state.map_or(0, |state| state.in_flight),
        breaker: state.map_or(BreakerState::Closed, |state| state.breaker),
        limited_until: limited.and_then(|(until, _)| until),
        limited_reason: limited.map(|(_, reason)| reason),
        pace_percent: state.map_or(100, |state| percent(state.factor)),
        latency: latency.map(|of| LatencyView { p50: millis(of.p50), p95: millis(of.p95), p99: millis(of.p99) }),
        hit_rate: measured.hit_rate,
        spend_today: measured.spend_today.map(|millionths| SpendView {
            amount: format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000),
            currency: "USD",
        }),
    }
}
