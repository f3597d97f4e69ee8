//! One slice of a job: lease, call, record, until every leased item is done, waits or was given back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::EnricherParts;
use super::course::Course;
use super::known::{Known, QuestionKey, of_company, question_key, recall, recall_company, remembered};
use super::single_flight::{First, Part, heard};
use crate::actors::enricher::gate::Passed;
use crate::actors::scheduler::Pick;
use crate::deps::Ids;
use crate::domain::enrichment::{Input, Outcome, Reply, Tally};
use crate::domain::id::{AttemptId, ItemId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::providers::{Request, refined};
use crate::store::crypt::Purpose;
use crate::store::jobs::raw_answer_context;
use crate::store::records::job::Job;
use crate::store::transactions::jobs::{
    Answered, Begun, CompanyDesk, ItemLines, LeaseItems, Leased, RecordAnswers, Recorded, RecordedItem, ReturnItems,
};
use crate::store::{Origin, Reject, SubmitError, Transaction, Urgency};

/// A call to make.
pub(super) struct Task {
    pub item: ItemId,
    pub begun: Begun,
    pub ticket: Option<String>,
    pub tally: Tally,
    pub lead_id: LeadId,
    pub lead: Lead,
    /// Whatever is known, somebody is called.
    calls_again: bool,
    /// The question, for what may be known or be asked by others, too.
    question: Option<QuestionKey>,
    /// It was looked up; nothing was known.
    looked_up: bool,
}

enum Ended {
    Answered(Box<Answered>),
    NotCalled(ItemId),
    /// Who asked the same was not answered: it is this one's turn.
    AskItself(Box<Task>),
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
    pub(super) parts: Arc<EnricherParts>,
    pub(super) pick: Pick,
}

/// The slice counts as ended however it ends.
struct InWork<'a>(&'a EnricherParts, Pick);

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        self.0.agenda.slice_ended(&self.1);
    }
}

type Calls<'s> = FuturesUnordered<BoxFuture<'s, Vec<Ended>>>;

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
        let count = leased.items.len();
        let mut job = leased.job;
        let course = Course::of(&self.parts, &self.pick, &job).await?;
        let tasks = leased.items.into_iter().map(|one| Task {
            item: one.item,
            begun: one.begun,
            ticket: one.ticket,
            tally: one.tally,
            lead_id: one.lead_id,
            lead: one.lead,
            calls_again: one.calls_again,
            question: None,
            looked_up: false,
        });
        let mut waiting: VecDeque<Task> = tasks.collect();
        let mut calls: Calls<'_> = FuturesUnordered::new();
        let in_flight = self.in_flight(&course);
        loop {
            let mut ended = self.look_up(&mut waiting, &course).await?;
            self.start(&mut calls, &mut waiting, &course, in_flight);
            if ended.is_empty() {
                let Some(first) = calls.next().await else { break };
                ended = first;
            }
            // What is ready at once goes into the same transaction.
            while let Some(Some(next)) = calls.next().now_or_never() {
                ended.extend(next);
                self.start(&mut calls, &mut waiting, &course, in_flight);
            }
            let (mut answers, mut not_called) = (Vec::new(), Vec::new());
            for one in ended {
                match one {
                    Ended::Answered(answer) => answers.push(*answer),
                    Ended::NotCalled(item) => not_called.push(item),
                    Ended::AskItself(task) => waiting.push_front(*task),
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
                    RecordedItem::Next { item, begun, tally, lead_id, lead, calls_again } => Some(Task {
                        item,
                        begun,
                        ticket: None,
                        tally,
                        lead_id,
                        lead: *lead,
                        calls_again,
                        question: None,
                        looked_up: false,
                    }),
                    RecordedItem::Done(_) | RecordedItem::Stale(_) => None,
                }));
            }
        }
        Ok(SliceEnd { leased: count, job: Some(job) })
    }

    /// As many as the quickest of its providers needs: the gates hold back what is too much for the others.
    fn in_flight(&self, course: &Course) -> usize {
        let of = |step: &crate::domain::enrichment::JobStep| {
            let provider = self.parts.registry.get(&step.provider)?;
            Some(self.parts.gate.wanted_in_flight(&*provider, step.operation, course))
        };
        let most = course.steps.iter().filter_map(of).max();
        most.unwrap_or(1).max(self.parts.settings.min_in_flight)
    }

    /// Answers what is known already; what is not stays in `waiting`, with the key of its question.
    async fn look_up(&self, waiting: &mut VecDeque<Task>, course: &Course) -> Result<Vec<Ended>, SubmitError> {
        let asks = |task: &Task| !task.looked_up && task.ticket.is_none() && course.is_external(task.begun.step);
        let mut keys = Vec::new();
        for (place, task) in waiting.iter_mut().enumerate() {
            if !asks(task) {
                continue;
            }
            task.looked_up = true;
            let Some(step) = course.steps.get(task.begun.step) else { continue };
            let workspace = self.pick.scope.workspace();
            let key = question_key(&self.parts.sealer, workspace, &step.provider, step.operation, &task.begun.inputs);
            task.question = Some(key);
            if !task.calls_again {
                let company = of_company(step).then(|| Input::CompanyDomain.of(&task.lead)).flatten();
                keys.push((place, key, company.map(|domain| (domain, step.clone()))));
            }
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (scope, sealer, now) = (self.pick.scope, Arc::clone(&self.parts.sealer), self.now());
        // Who wants everything asked again still asks each question once.
        let (not_before, ttl) = (course.refresh_since, self.parts.settings.company_ttl);
        let read = self.parts.store.read(move |view| {
            let mut known = Vec::new();
            for (place, key, company) in keys {
                let mut answer = recall(view, &scope, &sealer, &key, now, not_before)?;
                if let (None, Some((domain, step))) = (&answer, company) {
                    answer = recall_company(view, &scope, &domain, &step, now, (ttl, not_before))?;
                }
                known.push((place, answer));
            }
            Ok::<_, crate::store::StoreError>(known)
        });
        let known = match read.await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(%error, "known answers cannot be read; they are asked for again");
                return Ok(Vec::new());
            }
        };
        let mut ended = Vec::new();
        for (place, answer) in known.into_iter().rev() {
            if let Some(known) = answer
                && let Some(task) = waiting.remove(place)
            {
                ended.push(self.answered_by_what_is_known(task, course, known).await);
            }
        }
        Ok(ended)
    }

    /// Starts calls up to `in_flight`.
    fn start<'s>(&'s self, calls: &mut Calls<'s>, waiting: &mut VecDeque<Task>, course: &'s Course, in_flight: usize) {
        while calls.len() < in_flight {
            let Some(first) = waiting
                .iter()
                .position(|task| task.looked_up || !course.is_external(task.begun.step) || task.ticket.is_some())
            else {
                return;
            };
            let Some(task) = waiting.remove(first) else { return };
            match task.question.filter(|_| task.ticket.is_none()).map(|key| self.parts.shared.enter(key)) {
                Some(Part::Waits(answer)) => {
                    calls.push(self.wait_for(task, course, answer).boxed());
                }
                Some(Part::First(first)) => self.start_batch(calls, task, Some(first), waiting, course),
                None => self.start_batch(calls, task, None, waiting, course),
            }
        }
    }

    /// Puts those that can go into the same call with it, and makes it.
    fn start_batch<'s>(
        &'s self,
        calls: &mut Calls<'s>,
        task: Task,
        first: Option<First>,
        waiting: &mut VecDeque<Task>,
        course: &'s Course,
    ) {
        let size = course.batch(task.begun.step);
        let mut batch = vec![(task, first)];
        let mut place = 0;
        while batch.len() < size && place < waiting.len() {
            let other = &waiting[place];
            let lead = &batch[0].0;
            let alike = other.begun.step == lead.begun.step
                && ticket_group(other.ticket.as_deref()) == ticket_group(lead.ticket.as_deref())
                && (other.looked_up || other.ticket.is_some());
            if !alike {
                place += 1;
                continue;
            }
            let Some(other) = waiting.remove(place) else { break };
            match other.question.filter(|_| other.ticket.is_none()).map(|key| self.parts.shared.enter(key)) {
                Some(Part::Waits(answer)) => calls.push(self.wait_for(other, course, answer).boxed()),
                Some(Part::First(first)) => batch.push((other, Some(first))),
                None => batch.push((other, None)),
            }
        }
        calls.push(self.call(batch, course).boxed());
    }

    /// Somebody asks the same right now.
    async fn wait_for(
        &self,
        task: Task,
        course: &Course,
        answer: tokio::sync::watch::Receiver<super::single_flight::SharedAnswer>,
    ) -> Vec<Ended> {
        let heard = tokio::select! {
            heard = heard(answer) => heard,
            () = self.parts.agenda.stopped(&self.pick) => return vec![Ended::NotCalled(task.item)],
        };
        vec![match heard {
            Some((since, outcome)) => {
                let known = Known { since, outcome, of_company: None };
                self.answered_by_what_is_known(task, course, known).await
            }
            None => Ended::AskItself(Box::new(task)),
        }]
    }

    async fn answered_by_what_is_known(&self, task: Task, course: &Course, known: Known) -> Ended {
        let Known { since, outcome, of_company } = known;
        let at = self.now();
        let (item, attempt) = (task.item, task.begun.attempt);
        let then = self.follow_up(course, task, &outcome).await;
        let known = Some(since);
        let answered =
            Answered {
                item,
                attempt,
                at,
                outcome,
                cost: 0,
                raw: None,
                then,
                known,
                of_company,
                remember: None,
                latency: None,
            };
        Ended::Answered(Box::new(answered))
    }

    /// Makes one call for all tasks of a batch.
    async fn call(&self, batch: Vec<(Task, Option<First>)>, course: &Course) -> Vec<Ended> {
        let Some((lead, _)) = batch.first() else { return Vec::new() };
        let Some(step) = course.steps.get(lead.begun.step) else {
            let reply = || Outcome::Forbidden { reason: "the job has no such step".to_owned() }.into();
            let replies = batch.iter().map(|_| reply()).collect();
            return self.answer(batch, replies, course, None).await;
        };
        let Some(provider) = self.parts.registry.get(&step.provider) else {
            let replies = batch.iter().map(|_| missing(&step.provider).into()).collect();
            return self.answer(batch, replies, course, None).await;
        };
        let requests: Vec<Request> = batch
            .iter()
            .map(|(task, _)| Request {
                id: task.begun.attempt,
                operation: step.operation,
                inputs: task.begun.inputs.clone(),
                ticket: task.ticket.clone(),
                callback: None,
            })
            .collect();
        let passed = self.parts.gate.call(&self.parts.agenda, &self.pick, &*provider, &requests, course).await;
        match passed {
            Passed::Stopped => batch.into_iter().map(|(task, _)| Ended::NotCalled(task.item)).collect(),
            Passed::Answered { replies, latency } => {
                let lists = &self.parts.lists;
                let reliability = provider.reliability(step.operation);
                let replies = replies
                    .into_iter()
                    .map(|reply| match step.external {
                        true => Reply { outcome: refined(reply.outcome, reliability, lists), ..reply },
                        false => reply,
                    })
                    .collect();
                self.answer(batch, replies, course, latency).await
            }
        }
    }

    async fn answer(
        &self,
        batch: Vec<(Task, Option<First>)>,
        replies: Vec<Reply>,
        course: &Course,
        latency: Option<Duration>,
    ) -> Vec<Ended> {
        let mut ended = Vec::with_capacity(batch.len());
        let mut replies = replies.into_iter();
        for (task, first) in batch {
            let none = || Outcome::Broken { reason: "the provider left a request without a reply".to_owned() }.into();
            let Reply { outcome, cost, raw, .. } = replies.next().unwrap_or_else(none);
            let at = self.now();
            let (item, attempt, lead) = (task.item, task.begun.attempt, task.lead_id);
            if let Some(first) = first {
                first.answer(at, &outcome);
            }
            let random = &*self.parts.store.deps().random;
            let (sealer, ttl) = (&self.parts.sealer, self.parts.settings.cache_ttl);
            let remember = task.question.and_then(|key| {
                remembered(sealer, random, &key, &outcome, lead, at, ttl).map(|known| Box::new((key, known)))
            });
            let raw = raw.and_then(|raw| self.seal(lead, attempt, &raw));
            let then = self.follow_up(course, task, &outcome).await;
            let answered = Answered {
                item,
                attempt,
                at,
                outcome,
                cost,
                raw,
                then,
                known: None,
                of_company: None,
                remember,
                latency,
            };
            ended.push(Ended::Answered(Box::new(answered)));
        }
        ended
    }

    fn seal(&self, lead: LeadId, attempt: AttemptId, raw: &[u8]) -> Option<Vec<u8>> {
        if !self.parts.settings.keep_raw_answers {
            return None;
        }
        let context = raw_answer_context(self.pick.scope.workspace(), lead, attempt);
        let sealed = self.parts.sealer.seal(Purpose::RawAnswers, &context, raw, &*self.parts.store.deps().random);
        sealed.inspect_err(|error| tracing::warn!(%error, %attempt, "a raw answer was not kept")).ok()
    }

    async fn lease(&self) -> Result<Option<Leased>, SubmitError> {
        let most = self.parts.settings.lease_items.max(1);
        let count = u32::try_from(most).unwrap_or(u32::MAX);
        let ids = self.ids();
        let lease = LeaseItems {
            scope: self.pick.scope,
            origin: Origin::system(self.now()),
            job: self.pick.job,
            boot: self.pick.boot,
            most,
            hold: ids.next(),
            line: ids.next(),
            attempts: ids.next_block(count),
            lines: self.lines(count),
            defaults: Arc::clone(&self.parts.settings.defaults),
        };
        self.submit(&lease).await
    }

    async fn record(&self, answers: Vec<Answered>) -> Result<Option<Recorded>, SubmitError> {
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
            dice: self.parts.store.deps().random.u64(),
            defaults: Arc::clone(&self.parts.settings.defaults),
            companies: CompanyDesk {
                lists: self.parts.lists.clone(),
                ids: self.ids().next_block(count),
                ttl: self.parts.settings.company_ttl,
            },
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

    pub(super) fn ids(&self) -> &Ids {
        &self.parts.store.deps().ids
    }

    fn lines(&self, items: u32) -> ItemLines {
        ItemLines::new(self.ids().next_block(items.saturating_mul(2)))
    }

    pub(super) fn now(&self) -> Time {
        self.parts.store.deps().clock.now()
    }
}

/// What several requests of one run have in common.
fn ticket_group(ticket: Option<&str>) -> Option<&str> {
    ticket.map(|ticket| ticket.split_once('#').map_or(ticket, |(group, _)| group))
}

pub(super) fn missing(slug: &str) -> Outcome {
    Outcome::Forbidden { reason: format!("the provider {slug} is not set up") }
}
