//! What an order will take: from what this install has measured, else from what is declared.
//!
//! *Worst* is the arithmetic maximum: every lead is found by the dearest source. *Typical* is what leads of the same
//! segments came to under the same steps; before the first such job it is composed of the hit rates of the providers, and
//! before their first calls of declared ones. *Best* is as far below it as lists differ from each other.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::enrichment::{JobOptions, JobStep, Measured, PointSet, Price, SkipReason, WriteRules};
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::jobs::{SelectionError, each_selected, skipped};
use crate::store::orders::{OrderDay, is_taken};
use crate::store::records::job::{Estimate, Selection};
use crate::store::records::statistics::OrderStatistics;
use crate::store::tables::OrderOutcomes;
use crate::store::transactions::jobs::World;
use crate::store::{Reads, StoreError, WorkspaceScope};

/// An order to be estimated.
pub struct Quote<'o> {
    pub selection: &'o Selection,
    pub options: &'o JobOptions,
    pub steps: &'o [JobStep],
    pub write: &'o WriteRules,
    pub price: Price,
    /// What the calls for one lead may cost, in millionths.
    pub ceiling: Option<u64>,
    pub individual: bool,
    pub now: Time,
    /// The windows that the calls of a step go through, where its provider has limits.
    pub pace: &'o dyn Fn(&JobStep) -> Vec<Pace>,
}

/// A window that holds back the calls of a step.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Steps that share the window name the same.
    pub window: String,
    /// How many it lets through.
    pub leads_per_second: f64,
}

/// What an order would take.
#[derive(Debug, Clone, Default)]
pub struct Estimated {
    pub estimate: Estimate,
    /// Why leads are passed over, and how many.
    pub skipped: BTreeMap<&'static str, u64>,
}

/// Leads that the box itself gets through in a second.
const LEADS_PER_SECOND: f64 = 1_000.0;
/// Share of leads that a provider is taken to find before it was asked for the first time: who can pay for that can pay
/// for what comes.
const DECLARED_HIT_RATE: f64 = 1.0;
/// The same where it says how many come to the next step.
const HALF: f64 = 0.5;
/// So many leads of a segment say as much as all that was measured elsewhere.
const PRIOR_LEADS: f64 = 20.0;
/// How far below the usual a list may be that nobody has seen before.
const SPREAD: f64 = 0.35;

/// Counts what the selection names and what of it will be worked on, and what that takes at best, typically and at worst.
///
/// # Errors
/// See [`SelectionError`].
pub fn estimate(reads: &impl Reads, scope: &WorkspaceScope, order: &Quote<'_>) -> Result<Estimated, SelectionError> {
    let counted = count(reads, scope, order)?;
    let price = order.price.worst(order.steps.iter().map(|step| step.source));
    let worst = counted.leads.saturating_mul(price);
    let known = Known::of(reads, World::of(reads, scope)?, order)?;
    let share = known.share_charged(&counted.segments);
    let limit = |credits: u64| credits.min(order.options.spend_limit.unwrap_or(u64::MAX));
    let typical = scaled(worst, share).min(worst);
    let best = if known.is_measured { scaled(worst, share - SPREAD) } else { 0 };
    let per_lead = dearest(order);
    let cost_worst = counted.leads.saturating_mul(per_lead);
    let cost_typical =
        known.cost(&counted.segments, counted.leads).unwrap_or_else(|| scaled(cost_worst, 0.5)).min(cost_worst);
    Ok(Estimated {
        estimate: Estimate {
            selected: counted.selected,
            leads: counted.leads,
            best: limit(best),
            typical: limit(typical),
            worst: limit(worst),
            seconds: seconds(order, counted.leads, &known),
            cost_best: scaled(cost_typical, 1.0 - SPREAD),
            cost_typical,
            cost_worst,
            is_measured: known.is_measured,
        },
        skipped: counted.skipped,
    })
}

#[derive(Default)]
struct Counted {
    selected: u64,
    leads: u64,
    /// Leads that will be worked on.
    segments: BTreeMap<String, u64>,
    skipped: BTreeMap<&'static str, u64>,
}

fn count(reads: &impl Reads, scope: &WorkspaceScope, order: &Quote<'_>) -> Result<Counted, SelectionError> {
    let asked: PointSet = order.steps.iter().map(|step| step.point).collect();
    let most = order.options.most();
    let day = OrderDay::of(scope, order.steps, order.write, order.now).filter(|_| !order.options.refresh);
    let (mut counted, mut failure) = (Counted::default(), None);
    each_selected(reads, scope, order.selection, None, &mut |id, lead| {
        let Some(lead) = lead else { return ControlFlow::Continue(()) };
        counted.selected += 1;
        let why = skipped(reads, scope, id, &lead, asked, &order.options.skip, order.now).and_then(|why| match &day {
            Some(day) if why.is_none() => {
                let taken = is_taken(reads, scope, day.key(id, &lead), order.individual)?;
                Ok(taken.then_some(SkipReason::OrderedToday))
            }
            _ => Ok(why),
        });
        match why {
            Ok(None) if counted.leads < most => {
                counted.leads += 1;
                *counted.segments.entry(lead.country.clone().unwrap_or_default()).or_default() += 1;
            }
            Ok(None) => {}
            Ok(Some(reason)) => *counted.skipped.entry(reason.name()).or_default() += 1,
            Err(error) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    failure.map_or(Ok(counted), |error| Err(error.into()))
}

/// What is known of orders like this one.
struct Known {
    by_segment: BTreeMap<String, OrderStatistics>,
    all: OrderStatistics,
    /// By place of the step: the share of those asked that were found.
    hit_rates: Vec<Option<f64>>,
    is_measured: bool,
    /// By place of the step: whether an answer of it costs credits.
    is_priced: Vec<bool>,
}

impl Known {
    fn of(reads: &impl Reads, world: World, order: &Quote<'_>) -> Result<Self, StoreError> {
        let steps = order.steps;
        let (mut by_segment, mut all) = (BTreeMap::new(), OrderStatistics::default());
        reads.scan_install::<OrderOutcomes>(
            &(world.plan_key(steps),),
            Order::Ascending,
            &mut |(_, segment), row| {
                all.add(&row);
                by_segment.insert(segment, row);
                ControlFlow::Continue(())
            },
        )?;
        let mut hit_rates = Vec::with_capacity(steps.len());
        for step in steps {
            hit_rates.push(hit_rate(reads, world, step)?);
        }
        let is_priced = steps.iter().map(|step| order.price.of(step.source) > 0).collect();
        Ok(Self { by_segment, all, hit_rates, is_measured: all.leads > 0, is_priced })
    }

    /// The share of the worst price that leads of these segments come to.
    fn share_charged(&self, segments: &BTreeMap<String, u64>) -> f64 {
        let before = self.declared_share();
        let overall = shrunk(self.all.credits, self.all.worst, self.all.leads, before, 1.0);
        let leads: u64 = segments.values().sum();
        let shares = segments.iter().map(|(segment, count)| {
            let own = self.by_segment.get(segment).copied().unwrap_or_default();
            float(*count) * shrunk(own.credits, own.worst, own.leads, overall, PRIOR_LEADS)
        });
        if leads == 0 { overall } else { shares.sum::<f64>() / float(leads) }
    }

    /// Composed of the single steps: somebody that is paid for finds something.
    fn declared_share(&self) -> f64 {
        let paid = self.hit_rates.iter().zip(&self.is_priced).filter(|(_, priced)| **priced);
        1.0 - paid.fold(1.0, |nobody, (rate, _)| nobody * (1.0 - rate.unwrap_or(DECLARED_HIT_RATE)))
    }

    fn cost(&self, segments: &BTreeMap<String, u64>, leads: u64) -> Option<u64> {
        (self.all.leads > 0).then(|| {
            let mean = |row: &OrderStatistics| float(row.cost) / float(row.leads.max(1));
            let of = |(segment, count): (&String, &u64)| {
                let own = self.by_segment.get(segment).filter(|row| float(row.leads) >= PRIOR_LEADS);
                float(*count) * own.map_or_else(|| mean(&self.all), mean)
            };
            if leads == 0 { 0 } else { whole(segments.iter().map(of).sum()) }
        })
    }
}

/// What was seen, drawn towards `before` as far as few leads were.
fn shrunk(credits: u64, worst: u64, leads: u64, before: f64, prior: f64) -> f64 {
    let seen = if worst == 0 { before } else { float(credits) / float(worst) };
    (seen * float(leads) + before * prior) / (float(leads) + prior)
}

fn hit_rate(reads: &impl Reads, world: World, step: &JobStep) -> Result<Option<f64>, StoreError> {
    let mut all = Measured::default();
    let prefix = (step.provider.clone(), step.operation as u8);
    world.each_measured(reads, &prefix, &mut |_, row| {
        all.add(&row);
        ControlFlow::Continue(())
    })?;
    Ok(all.hit_rate())
}

/// What the calls for one lead cost at most, in millionths.
fn dearest(order: &Quote<'_>) -> u64 {
    let mut calls: Vec<(&str, u8, u64)> = Vec::new();
    for step in order.steps {
        let call = (step.provider.as_str(), step.operation as u8, step.cost);
        // One call answers every step that asks the same; a confirmation is a call of its own.
        if step.validates || !calls.contains(&call) {
            calls.push(call);
        }
    }
    let sum = calls.iter().map(|(_, _, cost)| cost).sum::<u64>();
    sum.min(order.ceiling.unwrap_or(u64::MAX))
}

/// The slowest window decides: how many leads come to it, in all steps that share it, and how many a second it lets
/// through.
fn seconds(order: &Quote<'_>, leads: u64, known: &Known) -> u64 {
    let mut windows: BTreeMap<String, f64> = BTreeMap::new();
    for (place, step) in order.steps.iter().enumerate() {
        let same = |other: &JobStep| other.provider == step.provider && other.operation == step.operation;
        if !step.validates && order.steps[..place].iter().any(same) {
            // One call answers them both.
            continue;
        }
        let before = order.steps[..place].iter().zip(&known.hit_rates).filter(|(other, _)| other.point == step.point);
        let reach = before.fold(1.0, |reach, (_, rate)| reach * (1.0 - rate.unwrap_or(HALF)));
        for pace in (order.pace)(step).into_iter().filter(|pace| pace.leads_per_second > 0.0) {
            *windows.entry(pace.window).or_default() += float(leads) * reach / pace.leads_per_second;
        }
    }
    let own = float(leads) / LEADS_PER_SECOND;
    whole(windows.into_values().fold(own, f64::max).ceil())
}

fn scaled(amount: u64, share: f64) -> u64 {
    whole((float(amount) * share.clamp(0.0, 1.0)).ceil())
}

#[allow(clippy::cast_precision_loss)] // counts and credits stay far below 2^53
const fn float(amount: u64) -> f64 {
    amount as f64
}

/// Never negative, never beyond what a counter holds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(amount: f64) -> u64 {
    amount.clamp(0.0, 9e15) as u64
}
