//! What earlier answers of the same order said: the ground for agreement, confirmation and settling.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::rows::OpenJob;
use crate::domain::enrichment::{AcceptRule, Answer, DataPoint, Earlier, FoundValue, JobStep, WriteRule, WriteRules};
use crate::domain::enrichment::{PointSet, WriteContext, take_over};
use crate::domain::id::{AttemptId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::records::item::Item;
use crate::store::records::value::FieldValue;
use crate::store::tables::Values;
use crate::store::{Reads, Refusal, StoreError, Tx};

/// What other answers said of a field.
pub(super) struct Witnesses;

impl Witnesses {
    pub const NONE: &'static [Earlier] = &[];

    /// What this order was told of the field so far, by calls or by what was known. Nothing is read where no step is done.
    pub fn of(tx: &Tx<'_>, job: &OpenJob<'_>, item: &Item, field: &str) -> Result<Vec<Earlier>, StoreError> {
        let mut earlier = Vec::new();
        if item.tally.done == 0 {
            return Ok(earlier);
        }
        tx.scan::<Values>(job.scope, &(item.lead, field.to_owned()), Order::Ascending, &mut |_, value| {
            if value.job == Some(job.id) {
                let FieldValue { provider, value, confidence, .. } = value;
                earlier.push(Earlier { provider, value, confidence });
            }
            ControlFlow::Continue(())
        })?;
        Ok(earlier)
    }
}

/// An answer as it was written.
pub(super) struct Told {
    pub attempt: AttemptId,
    pub provider: String,
    pub answer: Answer,
    rows: Vec<(String, FieldValue)>,
}

impl Told {
    /// The answers that this order was given for the lead.
    fn all(tx: &Tx<'_>, job: &OpenJob<'_>, lead: LeadId) -> Result<Vec<Self>, StoreError> {
        let mut found: BTreeMap<AttemptId, Vec<(String, FieldValue)>> = BTreeMap::new();
        tx.scan::<Values>(job.scope, &(lead,), Order::Ascending, &mut |(_, field, attempt), value| {
            if value.job == Some(job.id) {
                found.entry(attempt).or_default().push((field, value));
            }
            ControlFlow::Continue(())
        })?;
        let told = |(attempt, rows): (AttemptId, Vec<(String, FieldValue)>)| {
            let provider = rows.first().map(|(_, row)| row.provider.clone()).unwrap_or_default();
            let value = |(field, row): &(String, FieldValue)| FoundValue {
                field: field.clone(),
                value: row.value.clone(),
                confidence: row.confidence,
                about: row.about.clone(),
                evidence: None,
            };
            Self { attempt, provider, answer: Answer { values: rows.iter().map(value).collect() }, rows }
        };
        Ok(found.into_iter().map(told).collect())
    }

    pub fn of_attempt(
        tx: &Tx<'_>,
        job: &OpenJob<'_>,
        lead: LeadId,
        attempt: AttemptId,
    ) -> Result<Option<Self>, StoreError> {
        Ok(Self::all(tx, job, lead)?.into_iter().find(|told| told.attempt == attempt))
    }

    /// The surest of those that the rule accepts.
    pub fn best(
        tx: &Tx<'_>,
        job: &OpenJob<'_>,
        lead: LeadId,
        point: DataPoint,
        rule: &AcceptRule,
    ) -> Result<Option<Self>, StoreError> {
        let all = Self::all(tx, job, lead)?;
        let earlier: Vec<Earlier> = all
            .iter()
            .flat_map(|told| told.rows.iter())
            .filter(|(field, _)| field == point.field())
            .map(|(_, row)| Earlier {
                provider: row.provider.clone(),
                value: row.value.clone(),
                confidence: row.confidence,
            })
            .collect();
        let sure = |told: &Self| rule.accepts(point, &told.provider, &told.answer, &earlier).map(|(_, sure)| sure);
        let accepted = all.into_iter().filter_map(|told| sure(&told).map(|sure| (sure, told)));
        // Of equals the first: it was the surer source to those who wrote the template.
        Ok(accepted.rev().max_by_key(|(sure, _)| *sure).map(|(_, told)| told))
    }

    /// When it was given.
    pub fn at(&self) -> Time {
        self.rows.first().map(|(_, row)| row.at).unwrap_or_default()
    }

    /// Its values of the data point, with what belongs to them, count from now on.
    pub fn accept(&self, tx: &mut Tx<'_>, job: &OpenJob<'_>, lead: LeadId, point: DataPoint) -> Result<(), Refusal> {
        for (field, row) in &self.rows {
            if field == point.field() && !row.accepted {
                let row = FieldValue { accepted: true, ..row.clone() };
                tx.put::<Values>(job.scope, (lead, field.clone(), self.attempt), &row)?;
            }
        }
        Ok(())
    }

    /// The step it answered.
    pub fn step<'j>(&self, job: &'j OpenJob<'_>, point: DataPoint) -> Option<&'j JobStep> {
        let asked = |step: &&JobStep| step.point == point && step.provider == self.provider && !step.validates;
        job.row.steps.iter().find(asked)
    }
}

/// The lead as it would be with the value that waits to be confirmed.
pub(super) fn candidate_lead(
    tx: &Tx<'_>,
    job: &OpenJob<'_>,
    item: &Item,
    point: DataPoint,
    lead: &Lead,
) -> Result<Option<Lead>, Refusal> {
    let Some(candidate) = item.candidates.iter().find(|one| one.point == point) else { return Ok(None) };
    let Some(told) = Told::of_attempt(tx, job, item.lead, candidate.attempt)? else { return Ok(None) };
    let mut with = lead.clone();
    let rules = WriteRules::all(WriteRule::Always);
    let withheld: PointSet = DataPoint::ALL.into_iter().filter(|other| *other != point).collect();
    let current = |_| Default::default();
    take_over(&mut with, &told.answer, &WriteContext { rules: &rules, withheld, current: &current });
    Ok(Some(with))
}
