//! One slice of a job: lease, call, record, until every leased item is done, waits or was given back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::EnricherParts;
use super::callback::Rung;
use super::course::{Course, batch_of};
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
use crate::store::records::known_answer::AskedBy;
use crate::store::tables::Jobs;
use crate::store::transactions::jobs::{
    Answered, Begun, CompanyDesk, ItemLines, LEASE_ITEMS, LeaseItems, Leased, RecordAnswers, Recorded, RecordedItem,
    ReturnItems,
};
use crate::store::{Origin, Reads as _, Reject, SubmitError, Transaction, Urgency};

/// Calls of a slice that may be under way however far the disk is behind: what is written together costs less.
const ALWAYS: usize = 32;
/// The part of the calls it may have under way that a slice leaves its place with.
const STRAGGLERS: usize = 4;
/// For a step that takes more at once than a lease usually has.
const LARGEST_LEASE: usize = 128;

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
    /// The question that it asks for all who ask the same; nobody knows its answer.
    asks: Option<First>,
    /// The question that its provider works on.
    question: Option<QuestionKey>,
}

enum Ended {
    /// Who asks the same hears of it until the answer is written: then it is known.
    Answered(Box<Answered>, Option<First>),
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
struct InWork<'a> {
    parts: &'a EnricherParts,
    pick: Pick,
    /// Another slice has its place.
    only_stragglers: bool,
}

impl InWork<'_> {
    /// It waits for its last calls: the next slice may begin.
    fn leave_the_place(&mut self) {
        if !self.only_stragglers && self.parts.agenda.only_stragglers(&self.pick) {
            self.only_stragglers = true;
            self.parts.enricher.wake();
        }
    }
}

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        match self.only_stragglers {
            true => self.parts.agenda.stragglers_ended(&self.pick),
            false => self.parts.agenda.slice_ended(&self.pick),
        }
    }
}

type Ending<'s> = FuturesUnordered<BoxFuture<'s, Vec<Ended>>>;

/// What a slice waits for.
struct UnderWay<'s> {
    parts: &'s EnricherParts,
    calls: Ending<'s>,
    /// Answers to what somebody else asks: they take nobody's place.
    heard: Ending<'s>,
    /// Calls whose answers are not on the disk yet: after a crash they are made again, like those under way, so they take
    /// their place among them.
    unwritten: usize,
}

impl<'s> UnderWay<'s> {
    fn new(parts: &'s EnricherParts) -> Self {
        Self { parts, calls: Ending::default(), heard: Ending::default(), unwritten: 0 }
    }

    /// Calls that would be made again after a crash.
    fn begun(&self) -> usize {
        self.calls.len() + self.unwritten
    }

    /// What ended next; nothing when all did.
    async fn next(&mut self) -> Option<Vec<Ended>> {
        tokio::select! {
            biased;
            Some(ended) = self.calls.next() => {
                self.unwritten += 1;
                self.parts.window.answered();
                Some(ended)
            }
            Some(ended) = self.heard.next() => Some(ended),
            else => None,
        }
    }

    /// The answers of so many calls are on the disk, or there was nothing to write.
    fn written(&mut self, calls: usize) {
        self.unwritten -= calls;
        self.parts.window.written(calls, self.parts.agenda.all_calls_in_flight());
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.parts.window.given_up(self.unwritten);
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
        let mut in_work = InWork { parts: &self.parts, pick: self.pick, only_stragglers: false };
        let revision = self.parts.gate.revision();
        let Some(leased) = self.lease().await? else { return Ok(SliceEnd { leased: 0, job: None }) };
        self.parts.agenda.set_due(self.pick.job, leased.next_due);
        let count = leased.items.len();
        let mut job = leased.job;
        let course = Course::of(&self.parts, &self.pick, &job, revision).await?;
        let tasks = leased.items.into_iter().map(|one| Task {
            item: one.item,
            begun: one.begun,
            ticket: one.ticket,
            tally: one.tally,
            lead_id: one.lead_id,
            lead: one.lead,
            calls_again: one.calls_again,
            asks: None,
            question: one.question,
        });
        let mut waiting: VecDeque<Task> = tasks.collect();
        let mut under_way = UnderWay::new(&self.parts);
        let in_flight = self.in_flight(&course);
        let mut ended: Vec<Ended> = Vec::new();
        loop {
            ended.extend(self.enter(&mut waiting, &mut under_way, &course, in_flight).await?);
            self.start(&mut under_way, &mut waiting, &course, in_flight);
            if ended.is_empty() {
                if waiting.is_empty() && under_way.calls.len() <= (in_flight / STRAGGLERS).max(1) {
                    in_work.leave_the_place();
                }
                let Some(first) = under_way.next().await else { break };
                ended = first;
            }
            // What is ready at once goes into the same transaction.
            while let Some(Some(next)) = under_way.next().now_or_never() {
                ended.extend(next);
                self.start(&mut under_way, &mut waiting, &course, in_flight);
            }
            let to_write = under_way.unwritten;
            let (mut answers, mut not_called, mut told) = (Vec::new(), Vec::new(), Vec::new());
            for one in ended.drain(..) {
                match one {
                    Ended::Answered(answer, first) => {
                        answers.push(*answer);
                        told.extend(first);
                    }
                    Ended::NotCalled(item) => not_called.push(item),
                    Ended::AskItself(task) => waiting.push_front(*task),
                }
            }
            if !not_called.is_empty()
                && let Some(after) = self.give_back(not_called).await?
            {
                job = after;
            }
            if answers.is_empty() {
                under_way.written(to_write);
            } else {
                // Nobody who waits at a gate or for an answer is kept from it by the disk.
                let mut recording = std::pin::pin!(self.record(answers));
                let recorded = loop {
                    tokio::select! {
                        biased;
                        recorded = &mut recording => break recorded?,
                        Some(more) = under_way.next() => ended.extend(more),
                    }
                    self.start(&mut under_way, &mut waiting, &course, in_flight);
                };
                // From here on it is found where answers are kept.
                drop(told);
                under_way.written(to_write);
                let Some(recorded) = recorded else { continue };
                job = recorded.job;
                let next = recorded.items.into_iter().filter_map(|one| match one {
                    RecordedItem::Next { item, begun, tally, lead_id, lead, calls_again } => {
                        let lead = *lead;
                        let (ticket, asks, question) = (None, None, None);
                        Some(Task { item, begun, ticket, tally, lead_id, lead, calls_again, asks, question })
                    }
                    RecordedItem::Done(_) | RecordedItem::Stale(_) => None,
                });
                // Who has begun goes before those who have not: when a provider is down, they do not all go past it at
                // once, and somebody is left to see that it is back. Where many go into one call they gather.
                let (gather, alone): (Vec<Task>, Vec<Task>) = next.partition(|task| course.batch(task.begun.step) > 1);
                alone.into_iter().rev().for_each(|task| waiting.push_front(task));
                waiting.extend(gather);
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

    /// Puts the questions of those whose turn is near, twice as many as are called at once: what somebody else asks right now is waited for, what is known is
    /// answered, the others ask. Who asks is found by the others until the answer is written, and looks only then whether
    /// it is known: between the two nobody asks again.
    async fn enter<'s>(
        &'s self,
        waiting: &mut VecDeque<Task>,
        under_way: &mut UnderWay<'s>,
        course: &'s Course,
        in_flight: usize,
    ) -> Result<Vec<Ended>, SubmitError> {
        let room = in_flight.saturating_mul(2).saturating_sub(under_way.calls.len());
        let mut room = room.saturating_mul(course.largest_batch());
        let (mut keys, mut place) = (Vec::new(), 0);
        while room > 0 && place < waiting.len() {
            let task = &mut waiting[place];
            if is_ready(task, course) {
                (room, place) = (room - 1, place + 1);
                continue;
            }
            let Some(step) = course.steps.get(task.begun.step) else { break };
            let workspace = self.pick.scope.workspace();
            let key = question_key(&self.parts.sealer, workspace, &step.provider, step.operation, &task.begun.inputs);
            match self.parts.shared.enter(key) {
                Part::Waits(answer) => {
                    if let Some(task) = waiting.remove(place) {
                        under_way.heard.push(self.wait_for(task, course, answer).boxed());
                    }
                }
                Part::First(first) => {
                    task.asks = Some(first);
                    if !task.calls_again {
                        let company = of_company(step).then(|| Input::CompanyDomain.of(&task.lead)).flatten();
                        keys.push((place, key, company.map(|domain| (domain, step.clone()))));
                    }
                    (room, place) = (room - 1, place + 1);
                }
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
                && let Some(mut task) = waiting.remove(place)
            {
                // Who waits with it looks for itself while its provider works on it.
                if let Some(first) = task.asks.take().filter(|_| known.outcome.is_final()) {
                    first.is_known(known.clone());
                }
                ended.push(self.answered_by_what_is_known(task, course, known).await);
            }
        }
        Ok(ended)
    }

    /// Starts calls up to `in_flight`, as far as the store keeps up: a few are always under way.
    fn start<'s>(
        &'s self,
        under_way: &mut UnderWay<'s>,
        waiting: &mut VecDeque<Task>,
        course: &'s Course,
        in_flight: usize,
    ) {
        let mut room = self.parts.window.room(self.parts.agenda.all_calls_in_flight());
        while under_way.begun() < in_flight && (room > 0 || under_way.begun() < ALWAYS) {
            room = room.saturating_sub(1);
            let Some(first) = waiting.iter().position(|task| is_ready(task, course)) else { return };
            let Some(task) = waiting.remove(first) else { return };
            let batch = gather(task, waiting, course);
            under_way.calls.push(self.call(batch, course).boxed());
        }
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
            Some(known) => self.answered_by_what_is_known(task, course, known).await,
            None => Ended::AskItself(Box::new(task)),
        }]
    }

    async fn answered_by_what_is_known(&self, task: Task, course: &Course, known: Known) -> Ended {
        let Known { since, outcome, of_company } = known;
        let at = self.now();
        let (item, attempt) = (task.item, task.begun.attempt);
        let then = self.follow_up(course, task, &outcome).await;
        let known = outcome.is_final().then_some(since);
        let answered = Answered {
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
        Ended::Answered(Box::new(answered), None)
    }

    /// Makes one call for all tasks of a batch.
    async fn call(&self, batch: Vec<Task>, course: &Course) -> Vec<Ended> {
        let Some(lead) = batch.first() else { return Vec::new() };
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
            .map(|task| Request {
                id: task.begun.attempt,
                operation: step.operation,
                inputs: task.begun.inputs.clone(),
                ticket: task.ticket.clone(),
                callback: self.callback(provider.needs_callback(step.operation), course, task),
            })
            .collect();
        let passed = self.parts.gate.call(&self.parts.agenda, &self.pick, &*provider, &requests, course).await;
        match passed {
            Passed::Stopped => batch.into_iter().map(|task| Ended::NotCalled(task.item)).collect(),
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

    /// Where the provider may say that it is done.
    fn callback(&self, is_needed: bool, course: &Course, task: &Task) -> Option<String> {
        if course.played.is_some() {
            // Nobody rings in a sandbox; it is asked again.
            return is_needed.then(|| "https://sandbox.invalid/callbacks/none".to_owned());
        }
        let rung = Rung {
            workspace: self.pick.scope.workspace(),
            job: self.pick.job,
            item: task.item,
            attempt: task.begun.attempt,
        };
        self.parts.callbacks.address(&rung, &*self.parts.store.deps().random)
    }

    async fn answer(
        &self,
        batch: Vec<Task>,
        replies: Vec<Reply>,
        course: &Course,
        latency: Option<Duration>,
    ) -> Vec<Ended> {
        let mut ended = Vec::with_capacity(batch.len());
        let mut replies = replies.into_iter();
        for mut task in batch {
            let none = || Outcome::Broken { reason: "the provider left a request without a reply".to_owned() }.into();
            let Reply { outcome, cost, raw, .. } = replies.next().unwrap_or_else(none);
            let at = self.now();
            let (item, attempt, lead) = (task.item, task.begun.attempt, task.lead_id);
            let first = task.asks.take();
            let question = first.as_ref().map(First::key).or(task.question);
            let random = &*self.parts.store.deps().random;
            let (sealer, ttl) = (&self.parts.sealer, self.parts.settings.cache_ttl);
            let whose = (lead, AskedBy { job: self.pick.job, item, attempt });
            let remember = question.and_then(|key| {
                remembered(sealer, random, &key, &outcome, whose, at, ttl).map(|known| Box::new((key, known)))
            });
            // A failure is nobody's answer: the next of them may ask.
            let first = first.filter(|first| first.answer(at, &outcome) || remember.is_some());
            let raw = raw.filter(|_| course.keeps_raw).and_then(|raw| self.seal(lead, attempt, &raw));
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
            ended.push(Ended::Answered(Box::new(answered), first));
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

    /// As many leads as fill whole calls of a step that takes many at once.
    async fn lease_size(&self) -> usize {
        let usual = self.parts.settings.lease_items.max(1);
        let (scope, job) = (self.pick.scope, self.pick.job);
        let read = self.parts.store.read(move |view| view.get::<Jobs>(&scope, (job,)));
        let Ok(Some(job)) = read.await else { return usual };
        let batch = job.steps.iter().map(|step| batch_of(&self.parts.registry, step)).max().unwrap_or(1);
        match usual / batch {
            _ if usual < LEASE_ITEMS => usual,
            0 => batch.min(LARGEST_LEASE),
            whole => whole * batch,
        }
    }

    async fn lease(&self) -> Result<Option<Leased>, SubmitError> {
        let most = self.lease_size().await;
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

/// Whether its provider can be called now: it asks for all, or there is nothing that others could ask.
fn is_ready(task: &Task, course: &Course) -> bool {
    task.asks.is_some() || task.ticket.is_some() || !course.is_external(task.begun.step)
}

/// The task with those that can go into the same call.
fn gather(task: Task, waiting: &mut VecDeque<Task>, course: &Course) -> Vec<Task> {
    let size = course.batch(task.begun.step);
    let mut batch = vec![task];
    let mut place = 0;
    while batch.len() < size && place < waiting.len() {
        let (other, lead) = (&waiting[place], &batch[0]);
        let alike = other.begun.step == lead.begun.step
            && ticket_group(other.ticket.as_deref()) == ticket_group(lead.ticket.as_deref())
            && is_ready(other, course);
        match alike {
            true => batch.extend(waiting.remove(place)),
            false => place += 1,
        }
    }
    batch
}

/// What several requests of one run have in common.
fn ticket_group(ticket: Option<&str>) -> Option<&str> {
    ticket.map(|ticket| ticket.split_once('#').map_or(ticket, |(group, _)| group))
}

pub(super) fn missing(slug: &str) -> Outcome {
    Outcome::Forbidden { reason: format!("the provider {slug} is not set up") }
}
