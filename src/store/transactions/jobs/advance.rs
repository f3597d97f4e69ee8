//! From one step of an item to the next: who is asked, what he may be told, and the intent of the call.

use super::evidence::{Witnesses, candidate_lead};
use super::rows::OpenJob;
use crate::domain::enrichment::{Input, JobStep, Outcome, Walk, inputs_of};
use crate::domain::id::{AttemptId, ItemId};
use crate::domain::lead::Lead;
use crate::domain::policy::{Denial, ProviderFacts};
use crate::store::records::attempt::Attempt;
use crate::store::records::item::Item;
use crate::store::tables::Attempts;
use crate::store::{Refusal, Tx};

/// A call whose intent is written.
#[derive(Debug, Clone)]
pub struct Begun {
    pub attempt: AttemptId,
    /// Place of the step among those of the job.
    pub step: usize,
    /// What the provider is told.
    pub inputs: Vec<(Input, String)>,
}

/// Takes the item to the next step at `from` or behind it whose provider may be asked, and writes the intent of the call
/// as `attempt`. Steps that lack their inputs, or that a rule forbids, are noted and passed over. `None`: no step is left.
pub(super) fn advance(
    tx: &mut Tx<'_>,
    job: &OpenJob<'_>,
    id: ItemId,
    item: &mut Item,
    lead: &Lead,
    from: usize,
    attempt: AttemptId,
) -> Result<Option<Begun>, Refusal> {
    let mut from = from;
    loop {
        let room = job.row.ceiling.map(|ceiling| ceiling.saturating_sub(item.cost));
        let walk = Walk { steps: &job.row.steps, tally: &item.tally, lead, room };
        let Some(place) = walk.next(from) else { return Ok(None) };
        item.step = u32::try_from(place).unwrap_or(u32::MAX);
        let step = &job.row.steps[place];
        match told(tx, job, item, step, lead)? {
            Ok(inputs) => {
                let leaves = step.external && !job.standing(tx)?.is_some_and(|standing| standing.sandbox);
                let intent = intent_of(job, id, step, &inputs, leaves);
                tx.put::<Attempts>(job.scope, (item.lead, attempt), &intent)?;
                item.attempt = Some(attempt);
                item.ticket = None;
                item.question = None;
                return Ok(Some(Begun { attempt, step: place, inputs }));
            }
            Err(refused) => {
                item.error = refused.detail().map(str::to_owned).or_else(|| item.error.take());
                item.tally.note(&job.row.steps, place, &refused, Witnesses::NONE);
                from = place + 1;
            }
        }
    }
}

/// What the provider of a step is told of the lead, or why it is not asked.
pub(super) fn told(
    tx: &Tx<'_>,
    job: &OpenJob<'_>,
    item: &Item,
    step: &JobStep,
    lead: &Lead,
) -> Result<Result<Vec<(Input, String)>, Outcome>, Refusal> {
    let subject = if step.validates { candidate_lead(tx, job, item, step.point, lead)? } else { None };
    let subject = subject.as_ref().unwrap_or(lead);
    let standing = if step.external { job.standing(tx)? } else { None };
    let Some(standing) = standing else {
        let inputs = inputs_of(&step.needs, &step.optional, subject);
        return Ok(inputs.ok_or_else(|| Outcome::InvalidInput { reason: lacking(step) }));
    };
    let provider = ProviderFacts {
        slug: &step.provider,
        external: !standing.sandbox,
        region: step.region.as_deref(),
        // Without one it would be no step, and its price is held.
        has_key: true,
        budget_covers: true,
    };
    Ok(match standing.judge(tx, subject, &provider, &step.needs, &step.optional)? {
        Ok(inputs) => Ok(inputs),
        Err(Denial::MissingInputs(_)) => Err(Outcome::InvalidInput { reason: lacking(step) }),
        Err(denial) => Err(Outcome::Forbidden { reason: denial.to_string() }),
    })
}

fn lacking(step: &JobStep) -> String {
    let names = |inputs: &Vec<Input>| inputs.iter().map(|input| input.name()).collect::<Vec<_>>().join(" and ");
    format!("the lead lacks {}", step.needs.iter().map(names).collect::<Vec<_>>().join(", or "))
}

fn intent_of(job: &OpenJob<'_>, id: ItemId, step: &JobStep, inputs: &[(Input, String)], leaves: bool) -> Attempt {
    Attempt {
        job: job.id,
        item: id,
        provider: step.provider.clone(),
        operation: step.operation,
        point: step.point,
        started_at: job.now(),
        ended_at: None,
        outcome: None,
        detail: None,
        credits: 0,
        cost: 0,
        receipt: None,
        fields: inputs.iter().map(|(input, _)| input.name().to_owned()).collect(),
        cached: false,
        external: leaves,
    }
}
