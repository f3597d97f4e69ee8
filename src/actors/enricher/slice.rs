//! One slice of a job: lease, call, record, until every leased item is done, waits or was given back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::EnricherParts;
use super::gate::Passed;
use crate::actors::scheduler::Pick;
use crate::deps::Ids;
use crate::domain::enrichment::{JobStep, Outcome, Reply, Tally, next_step, take_over};
use crate::domain::id::{AttemptId, ItemId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::providers::Request;
use crate::store::crypt::Purpose;
use crate::store::jobs::raw_answer_context;
use crate::store::records::job::Job;
use crate::store::transactions::jobs::{
    Answered, FollowUp, ItemLines, LeaseItems, RecordAnswers, RecordedItem, ReturnItems,
};
use crate::store::{Origin, Reject, SubmitError, Transaction, Urgency};

/// A call to make.
struct Task {
    item: ItemId,
    attempt: AttemptId,
    step: usize,
    ticket: Option<String>,
    tally: Tally,
    lead_id: LeadId,
    lead: Lead,
}

/// What a job goes by.
struct Course {
    steps: Vec<JobStep>,
    overwrites: bool,
}

enum Ended {
    Answered(Answered),
    NotCalled(ItemId),
}

/// How a slice ended.
#[derive(Debug, Clone)]
pub struct SliceEnd {
    pub leased: usize,
    /// The job as it was last written; `None` when it is gone.
    pub job: Option<Job>,
}

/// A slice about to be worked on.
pub struct Slice {
    parts: Arc<EnricherParts>,
    pick: Pick,
}

/// The slice counts as ended however it ends.
struct InWork<'a>(&'a EnricherParts, Pick);

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        self.0.agenda.slice_ended(&self.1);
    }
}

impl Slice {
    pub(super) fn new(parts: Arc<EnricherParts>, pick: Pick) -> Self {
        Self { parts, pick }
    }

    /// Works on it to the end.
    ///
    /// # Errors
    /// When a result could not be written: the leases then wait for the next boot.
    pub async fn run(self) -> Result<SliceEnd, SubmitError> {
        let _in_work = InWork(&self.parts, self.pick);
        let Some(leased) = self.lease().await? else { return Ok(SliceEnd { leased: 0, job: None }) };
        // Nothing came although something is due (credits are short while calls run): the next look at the rows tells.
        let due = leased.next_due.filter(|_| !leased.items.is_empty());
        self.parts.agenda.set_due(self.pick.job, due);
        let (steps, overwrites) = (leased.job.steps.clone(), leased.job.options.overwrite_existing);
        let course = Course { steps, overwrites };
        let count = leased.items.len();
        let mut job = leased.job;
        let mut waiting: VecDeque<Task> = leased
            .items
            .into_iter()
            .map(|one| Task {
                item: one.item,
                attempt: one.attempt,
                step: one.step,
                ticket: one.ticket,
                tally: one.tally,
                lead_id: one.lead_id,
                lead: one.lead,
            })
            .collect();
        let mut calls: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        let in_flight = self.in_flight(&course.steps);
        loop {
            while calls.len() < in_flight
                && let Some(task) = waiting.pop_front()
            {
                calls.push(self.call(task, &course).boxed());
            }
            let Some(first) = calls.next().await else { break };
            let mut ended = vec![first];
            // What is ready at once goes into the same transaction.
            while let Some(Some(next)) = calls.next().now_or_never() {
                ended.push(next);
                while calls.len() < in_flight
                    && let Some(task) = waiting.pop_front()
                {
                    calls.push(self.call(task, &course).boxed());
                }
            }
            let (mut answers, mut not_called) = (Vec::new(), Vec::new());
            for one in ended {
                match one {
                    Ended::Answered(answer) => answers.push(answer),
                    Ended::NotCalled(item) => not_called.push(item),
                }
            }
            if !not_called.is_empty()
                && let Some(after) = self.give_back(not_called).await?
            {
                job = after;
            }
            if !answers.is_empty() {
                let Some(recorded) = self.record(answers).await? else { continue };
                job = recorded.job;
                waiting.extend(recorded.items.into_iter().filter_map(|one| match one {
                    RecordedItem::Next { item, attempt, step, tally, lead_id, lead } => {
                        Some(Task { item, attempt, step, ticket: None, tally, lead_id, lead: *lead })
                    }
                    RecordedItem::Done(_) | RecordedItem::Stale(_) => None,
                }));
            }
        }
        Ok(SliceEnd { leased: count, job: Some(job) })
    }

    /// As many as the slowest of its providers takes, at least the setting.
    fn in_flight(&self, steps: &[JobStep]) -> usize {
        let of = |step: &JobStep| self.parts.registry.get(&step.provider)?.limits(step.operation).concurrent;
        steps.iter().filter_map(of).min().map_or(64, |most| most as usize).max(self.parts.settings.min_in_flight)
    }

    async fn call(&self, task: Task, course: &Course) -> Ended {
        let Task { item, attempt, step, ticket, tally, lead_id, lead } = task;
        let reply = match self.prepare(&course.steps, step, attempt, ticket, &lead) {
            Err(outcome) => outcome.into(),
            Ok((slug, request)) => match self.parts.registry.get(&slug) {
                None => missing(&slug).into(),
                Some(provider) => {
                    let gate = &self.parts.gate;
                    match gate.call(&self.parts.agenda, &self.pick, &**provider, &request).await {
                        Passed::Answered(reply) => reply,
                        Passed::Stopped => return Ended::NotCalled(item),
                    }
                }
            },
        };
        let Reply { outcome, cost, raw, .. } = reply;
        let raw = raw.and_then(|raw| self.seal(lead_id, attempt, &raw));
        let at = self.now();
        let then = self.follow_up(course, step, tally, lead, &outcome).await;
        Ended::Answered(Answered { item, attempt, at, outcome, cost, raw, then })
    }

    /// Goes on with the steps that instant providers answer, so that one transaction writes what all of them say. Ends
    /// where a call has to be announced first, or went wrong: that step is then taken the usual way.
    async fn follow_up(
        &self,
        course: &Course,
        mut place: usize,
        mut tally: Tally,
        mut lead: Lead,
        first: &Outcome,
    ) -> Vec<FollowUp> {
        let steps = course.steps.as_slice();
        let mut calls: Vec<FollowUp> = Vec::new();
        loop {
            let outcome = calls.last().map_or(first, |call| &call.outcome);
            let Some(step) = steps.get(place).filter(|_| outcome.is_final()) else { return calls };
            tally.note(step, outcome);
            if let Outcome::Found(found) | Outcome::Partial(found) = outcome {
                take_over(&mut lead, found, course.overwrites);
            }
            let Some(next) = next_step(steps, place, &tally) else { return calls };
            let attempt = self.ids().next();
            let outcome = match self.prepare(steps, next, attempt, None, &lead) {
                Err(outcome) => outcome,
                Ok((slug, request)) => {
                    let Some(provider) = self.parts.registry.get(&slug).filter(|provider| provider.is_instant()) else {
                        return calls;
                    };
                    let passed = self.parts.gate.call(&self.parts.agenda, &self.pick, &**provider, &request).await;
                    match passed {
                        Passed::Answered(reply) if reply.outcome.is_final() && reply.cost == 0 => reply.outcome,
                        Passed::Answered(_) | Passed::Stopped => return calls,
                    }
                }
            };
            calls.push(FollowUp { step: next, attempt, at: self.now(), outcome });
            place = next;
        }
    }

    /// Only what the operation needs goes into the request.
    fn prepare(
        &self,
        steps: &[JobStep],
        step: usize,
        attempt: AttemptId,
        ticket: Option<String>,
        lead: &Lead,
    ) -> Result<(String, Request), Outcome> {
        let Some(step) = steps.get(step) else {
            return Err(Outcome::Forbidden { reason: "the job has no such step".to_owned() });
        };
        let offer =
            self.parts.registry.get(&step.provider).and_then(|provider| provider.offer(step.operation).cloned());
        let Some(offer) = offer else { return Err(missing(&step.provider)) };
        let Some(inputs) = offer.inputs(lead) else {
            let needs: Vec<String> = offer
                .needs
                .alternatives()
                .iter()
                .map(|inputs| inputs.iter().map(|input| input.name()).collect::<Vec<_>>().join(" and "))
                .collect();
            return Err(Outcome::InvalidInput { reason: format!("the lead lacks {}", needs.join(", or ")) });
        };
        Ok((step.provider.clone(), Request { id: attempt, operation: step.operation, inputs, ticket, callback: None }))
    }

    fn seal(&self, lead: LeadId, attempt: AttemptId, raw: &[u8]) -> Option<Vec<u8>> {
        if !self.parts.settings.keep_raw_answers {
            return None;
        }
        let context = raw_answer_context(self.pick.scope.workspace(), lead, attempt);
        let sealed = self.parts.sealer.seal(Purpose::RawAnswers, &context, raw, &*self.parts.store.deps().random);
        sealed.inspect_err(|error| tracing::warn!(%error, %attempt, "a raw answer was not kept")).ok()
    }

    async fn lease(&self) -> Result<Option<crate::store::transactions::jobs::Leased>, SubmitError> {
        let most = self.parts.settings.lease_items.max(1);
        let ids = self.ids();
        let lease = LeaseItems {
            scope: self.pick.scope,
            origin: Origin::system(self.now()),
            job: self.pick.job,
            boot: self.pick.boot,
            most,
            hold: ids.next(),
            line: ids.next(),
            attempts: ids.next_block(u32::try_from(most).unwrap_or(u32::MAX)),
        };
        self.submit(&lease).await
    }

    async fn record(
        &self,
        answers: Vec<Answered>,
    ) -> Result<Option<crate::store::transactions::jobs::Recorded>, SubmitError> {
        let count = u32::try_from(answers.len()).unwrap_or(u32::MAX);
        let record = RecordAnswers {
            scope: self.pick.scope,
            origin: Origin::system(self.now()),
            job: self.pick.job,
            boot: self.pick.boot,
            answers,
            attempts: self.ids().next_block(count),
            lines: self.lines(count),
            most_tries: self.parts.settings.tries,
        };
        self.submit(&record).await
    }

    async fn give_back(&self, items: Vec<ItemId>) -> Result<Option<Job>, SubmitError> {
        let lines = self.lines(u32::try_from(items.len()).unwrap_or(u32::MAX));
        let back = ReturnItems {
            scope: self.pick.scope,
            origin: Origin::system(self.now()),
            job: self.pick.job,
            boot: self.pick.boot,
            items,
            lines,
        };
        self.submit(&back).await
    }

    /// Waits as long as the store is busy. `None`: the job is gone.
    async fn submit<T: Transaction + Clone>(&self, transaction: &T) -> Result<Option<T::Out>, SubmitError> {
        let urgency = if self.pick.individual { Urgency::Interactive } else { Urgency::Bulk };
        loop {
            match self.parts.store.submit(transaction.clone(), urgency).await {
                Ok(committed) => return Ok(Some(committed.out)),
                Err(SubmitError::Rejected(Reject::NotFound(_))) => return Ok(None),
                Err(SubmitError::Overloaded) => {
                    self.parts.store.deps().clock.sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn ids(&self) -> &Ids {
        &self.parts.store.deps().ids
    }

    fn lines(&self, items: u32) -> ItemLines {
        ItemLines::new(self.ids().next_block(items.saturating_mul(2)))
    }

    fn now(&self) -> Time {
        self.parts.store.deps().clock.now()
    }
}

fn missing(slug: &str) -> Outcome {
    Outcome::Forbidden { reason: format!("the provider {slug} is not set up") }
}
