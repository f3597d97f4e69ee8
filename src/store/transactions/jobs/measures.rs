//! What a transaction of a job measures: the funnel of the job, the figures of providers, what whole leads came to.
//!
//! Gathered while the items are written and added to the rows once, so that a slice of 64 leads costs a handful of rows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::enrichment::{ItemState, JobStep, Measured, Sample, SkipReason};
use crate::domain::id::JobId;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::key::Key;
use crate::store::policy::is_sandbox;
use crate::store::records::item::Item;
use crate::store::records::job::Funnel;
use crate::store::records::statistics::{OrderStatistics, Spend};
use crate::store::tables::{
    InstallTable, JobFunnels, OrderOutcomes, PlayedStatistics, ProviderSpend, ProviderStatistics,
};
use crate::store::usage::Day;
use crate::store::{Reads, StoreError, Tx, WorkspaceScope};

#[derive(Debug, Default)]
pub(super) struct Measures {
    /// By place of the step and segment.
    steps: BTreeMap<(usize, String), Measured>,
    /// By segment.
    leads: BTreeMap<String, OrderStatistics>,
    /// By slug of an external provider.
    spend: BTreeMap<String, Spend>,
}

impl Measures {
    pub fn step(&mut self, place: usize, segment: &str, sample: &Sample<'_>) {
        match self.steps.get_mut(&(place, segment.to_owned())) {
            Some(known) => known.note(sample),
            None => self.steps.entry((place, segment.to_owned())).or_default().note(sample),
        }
    }

    /// A call of an external provider, whatever came of it.
    pub fn called(&mut self, provider: &str, cost: u64) {
        let spend = match self.spend.get_mut(provider) {
            Some(spend) => spend,
            None => self.spend.entry(provider.to_owned()).or_default(),
        };
        spend.calls += 1;
        spend.cost += cost;
    }

    /// An item has ended. What a person stopped, or what was never worked on, says nothing of other leads.
    pub fn ended(&mut self, item: &Item, state: ItemState, worst: u64) {
        let counts = match state {
            ItemState::Found | ItemState::Partial | ItemState::NotFound | ItemState::Failed => true,
            ItemState::Skipped(reason) => matches!(reason, SkipReason::MissingInput | SkipReason::Policy),
            _ => false,
        };
        if !counts || item.started_at.is_none() {
            return;
        }
        self.leads.entry(item.segment.clone()).or_default().add(&OrderStatistics {
            leads: 1,
            charged: u64::from(item.charged > 0),
            credits: item.charged,
            worst,
            cost: item.cost,
            calls: u64::from(item.attempts),
        });
    }

    pub fn write(
        self,
        tx: &mut Tx<'_>,
        scope: &WorkspaceScope,
        (job, now): (JobId, Time),
        steps: &[JobStep],
    ) -> Result<(), StoreError> {
        for (provider, more) in &self.spend {
            let key = (Day::of(now).0, provider.clone());
            let known = tx.get::<ProviderSpend>(scope, key.clone())?.unwrap_or_default();
            let sum = Spend { calls: known.calls + more.calls, cost: known.cost + more.cost };
            tx.put::<ProviderSpend>(scope, key, &sum)?;
        }
        if !self.steps.is_empty() {
            let mut funnel = tx.get::<JobFunnels>(scope, (job,))?.unwrap_or_default();
            self.add_to(&mut funnel, steps.len());
            tx.put::<JobFunnels>(scope, (job,), &funnel)?;
        }
        let mut operations: BTreeMap<(&str, u8, &str), Measured> = BTreeMap::new();
        for ((place, segment), measured) in &self.steps {
            let Some(step) = steps.get(*place) else { continue };
            // What costs nothing and answers everybody is the same everywhere.
            let segment = if step.external { segment.as_str() } else { "" };
            operations.entry((&step.provider, step.operation as u8, segment)).or_default().add(measured);
        }
        if operations.is_empty() && self.leads.is_empty() {
            return Ok(());
        }
        let world = World::of(tx, scope)?;
        for ((provider, operation, segment), measured) in operations {
            world.add(tx, (provider.to_owned(), operation, segment.to_owned()), &measured)?;
        }
        if !self.leads.is_empty() {
            let plan = world.plan_key(steps);
            for (segment, came_to) in self.leads {
                let mut row = tx.get_install::<OrderOutcomes>((plan, segment.clone()))?.unwrap_or_default();
                row.add(&came_to);
                tx.put_install::<OrderOutcomes>((plan, segment), &row)?;
            }
        }
        Ok(())
    }

    fn add_to(&self, funnel: &mut Funnel, steps: usize) {
        if funnel.steps.len() < steps {
            funnel.steps.resize(steps, Measured::default());
        }
        for ((place, _), measured) in &self.steps {
            if let Some(step) = funnel.steps.get_mut(*place) {
                step.add(measured);
            }
        }
    }
}

/// Where calls are made: out in the world, or played in a sandbox. What was measured in one says nothing of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    Live,
    Played,
}

/// Provider, operation and segment of figures.
type Place = (String, u8, String);

impl World {
    /// That of a workspace.
    ///
    /// # Errors
    /// When its row cannot be read.
    pub fn of(reads: &impl Reads, scope: &WorkspaceScope) -> Result<Self, StoreError> {
        Ok(if is_sandbox(reads, scope)? { Self::Played } else { Self::Live })
    }

    /// Visits the figures of providers that were measured in it, whose places begin with `prefix`.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn each_measured(
        self,
        reads: &impl Reads,
        prefix: &impl Key,
        visit: &mut dyn FnMut(Place, Measured) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Live => reads.scan_install::<ProviderStatistics>(prefix, Order::Ascending, visit),
            Self::Played => reads.scan_install::<PlayedStatistics>(prefix, Order::Ascending, visit),
        }
    }

    fn add(self, tx: &mut Tx<'_>, place: Place, more: &Measured) -> Result<(), StoreError> {
        match self {
            Self::Live => add::<ProviderStatistics>(tx, place, more),
            Self::Played => add::<PlayedStatistics>(tx, place, more),
        }
    }

    /// Stands for a plan in it; see [`plan_key`].
    pub fn plan_key(self, steps: &[JobStep]) -> [u8; 32] {
        let plan = plan_key(steps);
        match self {
            Self::Live => plan,
            Self::Played => *blake3::keyed_hash(&plan, b"played").as_bytes(),
        }
    }
}

fn add<T: InstallTable<Key = Place, Value = Measured>>(
    tx: &mut Tx<'_>,
    place: Place,
    more: &Measured,
) -> Result<(), StoreError> {
    let mut row = tx.get_install::<T>(place.clone())?.unwrap_or_default();
    row.add(more);
    tx.put_install::<T>(place, &row)
}

/// Stands for a plan: jobs whose leads go through the same steps are measured together.
pub fn plan_key(steps: &[JobStep]) -> [u8; 32] {
    // Writing into a Vec cannot fail.
    let bytes = minicbor::to_vec(steps).unwrap_or_default();
    *blake3::hash(&bytes).as_bytes()
}
