//! What the calls of providers came to on this install: what was asked, found and accepted, how long it took, what it cost.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::live;
use crate::app::App;
use crate::domain::enrichment::{Measured, Operation};
use crate::http::enrichment::Money;
use crate::store::engine::Order;
use crate::store::tables::ProviderSpend;
use crate::store::transactions::jobs::World;
use crate::store::usage::Day;
use crate::store::{Reads, StoreError, WorkspaceScope};

/// What is known of one provider.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// By operation and segment.
    operations: Vec<(Operation, String, Measured)>,
    /// Millionths of the currency's unit, of this workspace since midnight UTC.
    spend_today: u64,
}

/// One operation, for leads of one country.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderStatistics)]
#[serde(rename_all = "camelCase")]
pub struct OperationView {
    /// `email.find`, …
    operation: &'static str,
    /// ISO country of the leads; empty where none is known
    segment: String,
    asked: u64,
    /// Of them, those that were answered, with something or nothing
    answered: u64,
    found: u64,
    /// Of them, those that settled what was asked
    accepted: u64,
    /// Answers that were known already: nobody was called
    known: u64,
    failed: u64,
    /// Share of the answered that brought something, 0 to 1; `null` before the first answer
    hit_rate: Option<f64>,
    /// Milliseconds; `null` where nothing was timed
    p50: Option<u64>,
    p95: Option<u64>,
    p99: Option<u64>,
    cost: Money,
    /// `null` before anything was found
    cost_per_found: Option<Money>,
}

impl Figures {
    pub fn live(&self) -> live::Measured {
        let mut whole = Measured::default();
        for (_, _, measured) in &self.operations {
            whole.add(measured);
        }
        live::Measured { hit_rate: whole.hit_rate(), spend_today: Some(self.spend_today) }
    }

    pub fn operations(self) -> Vec<OperationView> {
        self.operations.into_iter().map(|(operation, segment, measured)| shown(operation, segment, &measured)).collect()
    }
}

fn shown(operation: Operation, segment: String, measured: &Measured) -> OperationView {
    let quantile = |hundredths| {
        let latency = measured.latencies.quantile(hundredths).filter(|_| measured.latencies.count() > 0);
        latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX))
    };
    OperationView {
        operation: operation.name(),
        segment,
        asked: measured.asked,
        answered: measured.answered,
        found: measured.found,
        accepted: measured.accepted,
        known: measured.known,
        failed: measured.failed,
        hit_rate: measured.hit_rate(),
        p50: quantile(50),
        p95: quantile(95),
        p99: quantile(99),
        cost: Money::millionths(measured.cost),
        cost_per_found: measured.cost.checked_div(measured.found).map(Money::millionths),
    }
}

/// By slug.
pub async fn all(app: &App, scope: WorkspaceScope) -> Result<BTreeMap<String, Figures>, StoreError> {
    let today = Day::of(app.deps.clock.now());
    let read = app.store.read(move |view| {
        let mut found: BTreeMap<String, Figures> = BTreeMap::new();
        World::of(view, &scope)?.each_measured(view, &(), &mut |(provider, operation, segment), row| {
            let operation = Operation::ALL.into_iter().find(|known| *known as u8 == operation);
            if let Some(operation) = operation {
                found.entry(provider).or_default().operations.push((operation, segment, row));
            }
            ControlFlow::Continue(())
        })?;
        view.scan::<ProviderSpend>(&scope, &(today.0,), Order::Ascending, &mut |(_, provider), spend| {
            found.entry(provider).or_default().spend_today = spend.cost;
            ControlFlow::Continue(())
        })?;
        Ok(found)
    });
    read.await
}
