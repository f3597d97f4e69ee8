//! Going on with the steps that instant providers answer, so that one transaction writes what all of them say.

use super::course::Course;
use super::gate::Passed;
use super::slice::{Slice, Task};
use crate::domain::enrichment::{
    Answer, Confidence, Outcome, PointSet, Walk, WriteContext, WriteRule, inputs_of, take_over,
};
use crate::domain::lead::{Lead, LeadField};
use crate::providers::Request;
use crate::store::transactions::jobs::FollowUp;

impl Slice {
    /// The calls that follow on `first`. Ends where a call has to be announced first, or went wrong: that step is then
    /// taken the usual way.
    pub(super) async fn follow_up(&self, course: &Course, task: Task, first: &Outcome) -> Vec<FollowUp> {
        let Task { begun, mut tally, mut lead, .. } = task;
        let steps = course.steps.as_slice();
        let mut place = begun.step;
        let mut calls: Vec<FollowUp> = Vec::new();
        loop {
            let outcome = calls.last().map_or(first, |call| &call.outcome);
            let Some(step) = steps.get(place).filter(|_| outcome.is_final()) else { return calls };
            if step.confirm || step.validates || step.settle.is_some() {
                // What it comes to is seen from the rows.
                return calls;
            }
            let verdict = tally.note(steps, place, outcome, &[]);
            if let Outcome::Found(found) | Outcome::Partial(found) = outcome {
                if step.external && (!verdict.settles() || replaces(course, &lead, found)) {
                    return calls;
                }
                take(course, &mut lead, found);
            }
            let walk = Walk { steps, tally: &tally, lead: &lead, room: None };
            let Some(next) = walk.next(place + 1) else { return calls };
            let attempt = self.ids().next();
            let outcome = match self.instant(course, next, attempt, &lead).await {
                Some(outcome) => outcome,
                None => return calls,
            };
            calls.push(FollowUp { step: next, attempt, at: self.now(), outcome });
            place = next;
        }
    }

    /// What the instant provider of a step says; nothing where its provider is not instant, or something went wrong.
    async fn instant(
        &self,
        course: &Course,
        place: usize,
        id: crate::domain::id::AttemptId,
        lead: &Lead,
    ) -> Option<Outcome> {
        let step = course.steps.get(place)?;
        let provider = self.parts.registry.get(&step.provider).filter(|provider| provider.is_instant())?;
        // What lacks its inputs is noted where the next step is taken.
        let inputs = inputs_of(&step.needs, &step.optional, lead)?;
        let request = Request { id, operation: step.operation, inputs, ticket: None, callback: None };
        let requests = std::slice::from_ref(&request);
        match self.parts.gate.call(&self.parts.agenda, &self.pick, &*provider, requests, course).await {
            Passed::Answered { mut replies, .. } => {
                replies.pop().filter(|reply| reply.outcome.is_final() && reply.cost == 0).map(|reply| reply.outcome)
            }
            Passed::Stopped => None,
        }
    }
}

/// Whether it may change a field that has a value: how sure that one is stands in the rows.
fn replaces(course: &Course, lead: &Lead, found: &Answer) -> bool {
    found.values.iter().any(|value| {
        let known = LeadField::from_name(&value.field).and_then(|field| lead.field(field));
        let may = course.write.of(&value.field) == WriteRule::IfMoreConfident;
        may && known.is_some_and(|known| known != value.value)
    })
}

fn take(course: &Course, lead: &mut Lead, found: &Answer) {
    let current = |_| Confidence::from_hundredths(100);
    let context = WriteContext { rules: &course.write, withheld: PointSet::default(), current: &current };
    take_over(lead, found, &context);
}
