//! Writing results: everything an answer means, in one transaction.

use std::sync::Arc;
use std::time::Duration;

use super::advance::{Begun, advance, told};
use super::companies::{CompanyDesk, CompanySaid, share};
use super::evidence::{Told, Witnesses};
use super::forgetting::forget_words;
use super::lead_edit::LeadEdit;
use super::rows::{ItemLines, LeadWrite, OpenJob};
use crate::deps::IdBlock;
use crate::domain::enrichment::{
    DataPoint, ItemState, JobStep, MAX_TRIES, MAX_WAITS, Outcome, PointSet, Sample, SkipReason, Tally, Verdict,
    WaitReason, Walk, pause_before, same_call, with_jitter,
};
use crate::domain::id::{AttemptId, Id, ItemId, JobId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Time;
use crate::store::lookups::worked_on;
use crate::store::record::Blob;
use crate::store::records::attempt::Attempt;
use crate::store::records::company::Company;
use crate::store::records::item::{Candidate, Failure, Item};
use crate::store::records::job::Job;
use crate::store::records::known_answer::KnownAnswer;
use crate::store::records::value::FieldValue;
use crate::store::tables::{Attempts, Items, KnownAnswers, LeadAnswers, RawAnswers, Values};
use crate::store::{Fact, Origin, Reads, Refusal, Subject, Transaction, Tx, WorkspaceScope};

/// How one call ended.
#[derive(Debug, Clone)]
pub struct Answered {
    pub item: ItemId,
    pub attempt: AttemptId,
    pub at: Time,
    pub outcome: Outcome,
    /// Millionths of the currency's unit.
    pub cost: u64,
    /// The answer as it came, sealed for (workspace, lead, attempt).
    pub raw: Option<Vec<u8>>,
    /// Calls of instant providers that were made on the strength of this answer, in their order.
    pub then: Vec<FollowUp>,
    /// Nobody was called: it was known since then.
    pub known: Option<Time>,
    /// It is what was known of the company of the lead: the values have sources of their own.
    pub of_company: Option<Box<Company>>,
    /// To be used again, or to be waited for: the row and its key.
    pub remember: Option<Box<([u8; 32], KnownAnswer)>>,
    pub latency: Option<Duration>,
}

/// A call that needed no intent: it is free, has no effect and takes no time, so it may be made again after a crash.
#[derive(Debug, Clone)]
pub struct FollowUp {
    /// Place of the step among those of the job.
    pub step: usize,
    pub attempt: AttemptId,
    pub at: Time,
    pub outcome: Outcome,
}

/// Writes the results of calls: values with their source, the outcome of the attempt, settlement, the lead, the next
/// intent where the steps go on. An answer whose item is not leased by this boot any more, or was answered before,
/// changes nothing: the state of the item decides, so nothing is settled twice.
#[derive(Debug, Clone)]
pub struct RecordAnswers {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub job: JobId,
    pub boot: u64,
    pub answers: Vec<Answered>,
    /// One for each answer, should the steps go on.
    pub attempts: IdBlock<AttemptId>,
    /// For each answer.
    pub lines: ItemLines,
    /// Calls per step before it counts as failed.
    pub most_tries: u32,
    /// Spreads the pauses before the next tries.
    pub dice: u64,
    /// What holds for a workspace that has decided nothing.
    pub defaults: Arc<WorkspaceSettings>,
    pub companies: CompanyDesk,
}

impl RecordAnswers {
    pub const DEFAULT_TRIES: u32 = MAX_TRIES;
}

/// What became of an answer.
#[derive(Debug, Clone)]
pub enum RecordedItem {
    /// The item stays leased: this call is next.
    Next { item: ItemId, begun: Begun, tally: Tally, lead_id: LeadId, lead: Box<Lead>, calls_again: bool },
    /// Nothing is left to do for this lease.
    Done(ItemId),
    /// It came too late and was not written.
    Stale(ItemId),
}

#[derive(Debug, Clone)]
pub struct Recorded {
    /// In the order of the answers.
    pub items: Vec<RecordedItem>,
    pub job: Job,
}

impl Transaction for RecordAnswers {
    type Out = Recorded;
    const NAME: &'static str = "jobs.record";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Recorded, Refusal> {
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?.under(&self.defaults);
        job.companies = Some(self.companies.clone());
        let (mut lines, mut attempts) = (self.lines.clone(), self.attempts.clone());
        let mut items = Vec::with_capacity(self.answers.len());
        let mut ended: Vec<u64> = Vec::new();
        for answer in &self.answers {
            let next = attempts.next();
            let row = tx.get::<Items>(&self.scope, (self.job, answer.item))?;
            let leased = |item: &Item| {
                item.state == ItemState::Running && item.boot == self.boot && item.attempt == Some(answer.attempt)
            };
            let Some(mut item) = row.filter(leased) else {
                items.push(RecordedItem::Stale(answer.item));
                continue;
            };
            let lead = item.lead;
            let recorded = self.record(tx, &mut job, answer, &mut item, next, &mut lines)?;
            if item.state.is_terminal() {
                ended.push(lead.as_u64());
            }
            items.push(recorded);
        }
        if !ended.is_empty() {
            // One event for the chunk: the timeline of a lead is joined from its items.
            let fact = Fact::new("job.progressed", Subject::job(self.job)).ids(ended);
            tx.event(&self.scope, &self.origin, fact)?;
        }
        Ok(Recorded { items, job: job.close(tx)? })
    }
}

impl RecordAnswers {
    fn record(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        answer: &Answered,
        item: &mut Item,
        next: Option<AttemptId>,
        lines: &mut ItemLines,
    ) -> Result<RecordedItem, Refusal> {
        let done = RecordedItem::Done(answer.item);
        let place = item.step as usize;
        count_call(job, answer, item);
        if let Some(wait) = self.wait(tx, job, answer, item)? {
            self.put_off(tx, job, answer, item, wait, lines)?;
            return Ok(done);
        }
        let Some(before) = worked_on(tx, &self.scope, item.lead)? else {
            // Nothing is kept about a lead that was deleted meanwhile, and nothing charged.
            item.owed = item.charged;
            end_attempt(tx, job, answer, item, 0, "not charged: the lead was deleted")?;
            forget_words(tx, &self.scope, item.lead)?;
            job.settle(tx, answer.item, item, lines)?;
            job.end(tx, answer.item, item, ItemState::Skipped(SkipReason::LeadGone), LeadWrite::ByCaller)?;
            return Ok(done);
        };
        let steps = job.row.steps.clone();
        if place >= steps.len() {
            job.settle(tx, answer.item, item, lines)?;
            job.end(tx, answer.item, item, ItemState::Failed, LeadWrite::Here)?;
            return Ok(done);
        }
        let mut edit = LeadEdit::new(item.lead, before);
        let call = Call {
            attempt: answer.attempt,
            at: answer.at,
            cost: answer.cost,
            known: answer.known.is_some(),
            made: answer.latency.is_some(),
            latency: answer.latency,
            since: answer.known.unwrap_or(answer.at),
            company: answer.of_company.as_deref(),
        };
        let noted = self.note(tx, job, &steps, place, &call, &answer.outcome, item)?;
        end_attempt(tx, job, answer, item, noted.credits, &noted.receipt)?;
        self.take(tx, job, &steps, place, &call, &answer.outcome, &noted, item, &mut edit)?;
        if let Some(raw) = &answer.raw
            && matches!(answer.outcome, Outcome::Found(_) | Outcome::Partial(_))
        {
            tx.put::<RawAnswers>(&self.scope, (item.lead, answer.attempt), &Blob(raw.clone()))?;
        }
        if let Some(remember) = &answer.remember {
            self.remember(tx, item.lead, remember)?;
        }
        item.attempt = None;
        item.ticket = None;
        item.tries = 0;
        item.waits = 0;
        let mut from = place + 1;
        for next in &answer.then {
            // Calls that the state of the job no longer asks for are as if they had not been made.
            let room = job.row.ceiling.map(|ceiling| ceiling.saturating_sub(item.cost));
            let walk = Walk { steps: &steps, tally: &item.tally, lead: &edit.after, room };
            if walk.next(from) != Some(next.step) || !job.row.status.is_running() {
                break;
            }
            item.step = u32::try_from(next.step).unwrap_or(u32::MAX);
            self.follow_up(tx, job, answer.item, next, &steps, item, &mut edit)?;
            from = next.step + 1;
        }
        self.settle_points(tx, job, &steps, from, item, &mut edit)?;
        if let (true, Some(attempt)) = (job.row.status.is_running(), next)
            && let Some(begun) = advance(tx, job, answer.item, item, &edit.after, from, attempt)?
        {
            job.put(tx, answer.item, item)?;
            share(tx, job, &mut edit)?;
            let lead = Box::new(edit.write(tx, job)?);
            let (tally, lead_id, calls_again) = (item.tally, item.lead, item.calls_again);
            return Ok(RecordedItem::Next { item: answer.item, begun, tally, lead_id, lead, calls_again });
        }
        let room = job.row.ceiling.map(|ceiling| ceiling.saturating_sub(item.cost));
        let later = Walk { steps: &steps, tally: &item.tally, lead: &edit.after, room }.next(from);
        if let Some(later) = later.filter(|_| !job.row.status.is_over()) {
            // Paused: it goes on here when the job does.
            item.step = u32::try_from(later).unwrap_or(u32::MAX);
            job.settle(tx, answer.item, item, lines)?;
            job.enqueue(tx, answer.item, item, ItemState::Queued, self.origin.at)?;
        } else {
            // Steps that could not be asked may have been the last for a data point.
            self.settle_points(tx, job, &steps, steps.len(), item, &mut edit)?;
            let end = item.tally.end(job.row.asked);
            job.settle(tx, answer.item, item, lines)?;
            job.end(tx, answer.item, item, end, LeadWrite::ByCaller)?;
            edit.end(item, end, self.job, answer.at);
        }
        share(tx, job, &mut edit)?;
        edit.write(tx, job)?;
        Ok(done)
    }

    /// Whether the item has to wait, for what and until when, and whether its attempt goes on.
    fn wait(
        &self,
        tx: &Tx<'_>,
        job: &OpenJob<'_>,
        answer: &Answered,
        item: &mut Item,
    ) -> Result<Option<Wait>, Refusal> {
        let dice = self.dice ^ answer.item.as_u64();
        let jittered = |pause: Duration| with_jitter(pause, dice);
        let wait = |reason, due, keeps_attempt| Ok(Some(Wait { reason, due, keeps_attempt }));
        match &answer.outcome {
            Outcome::Pending { again_in, .. } => wait(WaitReason::Provider, answer.at.plus(*again_in), true),
            Outcome::RateLimited { retry_after } => {
                item.waits += 1;
                // The gate slows down by itself; who was refused comes back soon, and later each time.
                let soon = Duration::from_secs(1 << item.waits.min(5)).min(Duration::from_secs(30));
                let pause = retry_after.unwrap_or_else(|| jittered(soon));
                if item.waits > MAX_WAITS {
                    return Ok(None);
                }
                wait(WaitReason::RateLimited, answer.at.plus(pause), false)
            }
            Outcome::Closed { until, .. } => {
                item.waits += 1;
                // Somebody else may know: the waterfall goes on without it.
                if item.waits > MAX_WAITS || somebody_else(tx, job, item)? {
                    return Ok(None);
                }
                let due = (*until).max(answer.at.plus(Duration::from_secs(1)));
                wait(WaitReason::Closed, due, false)
            }
            Outcome::Asked { again } => wait(WaitReason::Asked, *again, false),
            Outcome::Broken { .. } => {
                item.tries += 1;
                match pause_before(item.tries, self.most_tries) {
                    Some(pause) => wait(WaitReason::Retry, answer.at.plus(jittered(pause)), false),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn put_off(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        answer: &Answered,
        item: &mut Item,
        wait: Wait,
        lines: &mut ItemLines,
    ) -> Result<(), Refusal> {
        item.error = answer.outcome.detail().map(str::to_owned);
        match &answer.outcome {
            // Somebody works on it: what it may cost stays held.
            Outcome::Pending { ticket, .. } if wait.keeps_attempt && !job.row.status.is_over() => {
                item.ticket = Some(ticket.clone());
                if let Some(remember) = &answer.remember
                    && item.question.is_none()
                {
                    item.question = Some(remember.0);
                    self.remember(tx, item.lead, remember)?;
                }
            }
            // As if it had not been begun: nobody was told anything.
            Outcome::Asked { .. } => {
                job.settle(tx, answer.item, item, lines)?;
                tx.remove::<Attempts>(&self.scope, (item.lead, answer.attempt))?;
                item.attempt = None;
            }
            _ => {
                job.settle(tx, answer.item, item, lines)?;
                end_attempt(tx, job, answer, item, 0, "not charged: no answer")?;
                item.attempt = None;
                item.ticket = None;
            }
        }
        if job.row.status.is_over() {
            return job.end(tx, answer.item, item, ItemState::Cancelled, LeadWrite::Here);
        }
        job.enqueue(tx, answer.item, item, ItemState::Waiting(wait.reason), wait.due)
    }

    fn remember(&self, tx: &mut Tx<'_>, lead: LeadId, known: &([u8; 32], KnownAnswer)) -> Result<(), Refusal> {
        tx.put::<KnownAnswers>(&self.scope, (known.0,), &known.1)?;
        Ok(tx.put::<LeadAnswers>(&self.scope, (lead, known.0), &())?)
    }

    /// Adds the answer to what the steps have come to, and to what the lead costs.
    #[allow(clippy::too_many_arguments)]
    fn note(
        &self,
        tx: &Tx<'_>,
        job: &mut OpenJob<'_>,
        steps: &[JobStep],
        place: usize,
        call: &Call<'_>,
        outcome: &Outcome,
        item: &mut Item,
    ) -> Result<Noted, Refusal> {
        let step = &steps[place];
        let earlier = |item: &Item, step: &JobStep| -> Result<_, Refusal> {
            // A check is asked once, and never about what others have said.
            if !step.external || !matches!(outcome, Outcome::Found(_)) {
                return Ok(Vec::new());
            }
            Ok(Witnesses::of(tx, job, item, step.point.field())?)
        };
        let witnesses = earlier(item, step)?;
        let verdict = item.tally.note(steps, place, outcome, &witnesses);
        let mut verdicts = vec![(place, verdict)];
        for shared in same_call(steps, place, &item.tally) {
            let witnesses = earlier(item, &steps[shared])?;
            verdicts.push((shared, item.tally.note_shared(steps, shared, outcome, &witnesses)));
        }
        let owed_before = item.owed;
        let mut settled = PointSet::default();
        for (place, verdict) in &verdicts {
            let step = &steps[*place];
            match verdict {
                Verdict::Accepted(_) => {
                    settled.insert(step.point);
                    if !call.known {
                        item.owed = item.owed.max(job.row.price.of(step.source));
                    }
                    count_found(job, step.point, outcome);
                }
                Verdict::Candidate => {
                    item.candidates.retain(|one| one.point != step.point);
                    item.candidates.push(Candidate { point: step.point, attempt: call.attempt });
                }
                Verdict::Confirmed | Verdict::Refuted | Verdict::No => {}
            }
        }
        let accepted = verdict.settles();
        if !accepted {
            item.error = outcome.detail().map(str::to_owned).or_else(|| item.error.take());
        }
        if is_failure(outcome) {
            let (provider, class) = (step.provider.clone(), outcome.name().to_owned());
            item.failure = Some(Failure { provider, operation: step.operation, class });
        }
        let credits = item.owed - owed_before;
        let Call { known, cost, latency, .. } = *call;
        if call.made || known {
            let sample = Sample { outcome, accepted: !settled.is_empty() || accepted, known, cost, credits, latency };
            let segment = if step.external { item.segment.as_str() } else { "" };
            job.measures.step(place, segment, &sample);
        }
        let receipt = receipt(step, outcome, accepted || !settled.is_empty(), known, credits);
        Ok(Noted { verdict, settled, credits, receipt })
    }

    /// Writes the values of an answer and what of them the lead takes over.
    #[allow(clippy::too_many_arguments)]
    fn take(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        steps: &[JobStep],
        place: usize,
        call: &Call<'_>,
        outcome: &Outcome,
        noted: &Noted,
        item: &mut Item,
        edit: &mut LeadEdit,
    ) -> Result<(), Refusal> {
        let step = &steps[place];
        self.keep(tx, job, call, step, outcome, noted, item.lead)?;
        if noted.settled.contains(DataPoint::Company)
            && call.company.is_none()
            && let Outcome::Found(found) = outcome
        {
            let (provider, operation, answer) = (step.provider.clone(), step.operation, found.clone());
            edit.said.push(CompanySaid { provider, operation, at: call.since, answer });
        }
        match noted.verdict {
            Verdict::Confirmed => {
                self.accept_candidate(tx, job, step.point, item, edit)?;
                edit.take(tx, job, outcome, PointSet::default())?;
            }
            Verdict::Refuted => item.candidates.retain(|one| one.point != step.point),
            Verdict::Accepted(_) | Verdict::Candidate | Verdict::No => {
                let withheld = if step.external { job.row.asked.without(noted.settled) } else { PointSet::default() };
                edit.take(tx, job, outcome, withheld)?;
            }
        }
        Ok(())
    }

    /// What waited to be confirmed is: it counts and goes to the lead.
    fn accept_candidate(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        point: DataPoint,
        item: &mut Item,
        edit: &mut LeadEdit,
    ) -> Result<(), Refusal> {
        let Some(place) = item.candidates.iter().position(|one| one.point == point) else { return Ok(()) };
        let candidate = item.candidates.remove(place);
        let Some(told) = Told::of_attempt(tx, job, item.lead, candidate.attempt)? else { return Ok(()) };
        self.accept_told(tx, job, point, &told, item, edit)
    }

    fn accept_told(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        point: DataPoint,
        told: &Told,
        item: &mut Item,
        edit: &mut LeadEdit,
    ) -> Result<(), Refusal> {
        told.accept(tx, job, item.lead, point)?;
        let was_known = tx.get::<Attempts>(job.scope, (item.lead, told.attempt))?.is_some_and(|attempt| attempt.cached);
        if let Some(step) = told.step(job, point).filter(|_| !was_known) {
            item.owed = item.owed.max(job.row.price.of(step.source));
        }
        if point == DataPoint::Company
            && let Some(step) = told.step(job, point)
        {
            let (provider, operation) = (told.provider.clone(), step.operation);
            edit.said.push(CompanySaid { provider, operation, at: told.at(), answer: told.answer.clone() });
        }
        let outcome = Outcome::Found(told.answer.clone());
        count_found(job, point, &outcome);
        let others = DataPoint::ALL.into_iter().filter(|other| *other != point).collect();
        edit.take(tx, job, &outcome, others)
    }

    /// Data points that nobody is left to be asked for take the best of what was said, where their template is content
    /// with it.
    fn settle_points(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        steps: &[JobStep],
        from: usize,
        item: &mut Item,
        edit: &mut LeadEdit,
    ) -> Result<(), Refusal> {
        for point in job.row.asked.without(item.tally.accepted).iter() {
            let rule = steps.iter().find(|step| step.point == point).and_then(|step| step.settle.as_ref());
            let Some(rule) = rule else { continue };
            let room = job.row.ceiling.map(|ceiling| ceiling.saturating_sub(item.cost));
            let walk = Walk { steps, tally: &item.tally, lead: &edit.after, room };
            if walk.goes_on_for(point, from) {
                continue;
            }
            if let Some(told) = Told::best(tx, job, item.lead, point, rule)? {
                item.tally.settle(point);
                self.accept_told(tx, job, point, &told, item, edit)?;
            }
        }
        Ok(())
    }

    /// Writes a call that had no intent, with its result.
    #[allow(clippy::too_many_arguments)]
    fn follow_up(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        id: ItemId,
        next: &FollowUp,
        steps: &[JobStep],
        item: &mut Item,
        edit: &mut LeadEdit,
    ) -> Result<(), Refusal> {
        let step = &steps[next.step];
        let call = Call {
            attempt: next.attempt,
            at: next.at,
            cost: 0,
            known: false,
            made: true,
            latency: None,
            since: next.at,
            company: None,
        };
        let noted = self.note(tx, job, steps, next.step, &call, &next.outcome, item)?;
        if next.outcome.is_call() {
            item.attempts += 1;
            job.row.calls += 1;
            let fields = told(tx, job, item, step, &edit.after)?.unwrap_or_default();
            let row = Attempt {
                job: job.id,
                item: id,
                provider: step.provider.clone(),
                operation: step.operation,
                point: step.point,
                started_at: next.at,
                ended_at: Some(next.at),
                outcome: Some(next.outcome.name().to_owned()),
                detail: next.outcome.detail().map(str::to_owned),
                credits: noted.credits,
                cost: 0,
                receipt: Some(noted.receipt.clone()),
                fields: fields.iter().map(|(input, _)| input.name().to_owned()).collect(),
                cached: false,
                external: false,
            };
            tx.put::<Attempts>(job.scope, (item.lead, next.attempt), &row)?;
        }
        self.take(tx, job, steps, next.step, &call, &next.outcome, &noted, item, edit)
    }

    #[allow(clippy::too_many_arguments)]
    fn keep(
        &self,
        tx: &mut Tx<'_>,
        job: &OpenJob<'_>,
        call: &Call<'_>,
        step: &JobStep,
        outcome: &Outcome,
        noted: &Noted,
        lead: LeadId,
    ) -> Result<(), Refusal> {
        let (Outcome::Found(found) | Outcome::Partial(found)) = outcome else { return Ok(()) };
        let sandbox = step.external && job.standing(tx)?.is_some_and(|standing| standing.sandbox);
        for value in &found.values {
            let settles = noted.settled.iter().any(|point| point.field() == value.field);
            let owner = settles && value.field == step.point.field();
            let confidence = match noted.verdict {
                Verdict::Accepted(sure) if owner => sure,
                _ => value.confidence,
            };
            // What is known of the company keeps the source it came from.
            let source = call.company.and_then(|company| company.value(&value.field));
            let row = FieldValue {
                value: value.value.clone(),
                provider: source.map_or(&step.provider, |source| &source.provider).clone(),
                operation: source.map_or(step.operation, |source| source.operation),
                at: source.map_or(call.at, |source| source.at),
                confidence,
                credits: if owner { noted.credits } else { 0 },
                cost: if owner { call.cost } else { 0 },
                accepted: settles,
                about: value.about.clone(),
                evidence: value.evidence.clone(),
                job: Some(self.job),
                sandbox,
            };
            tx.put::<Values>(&self.scope, (lead, value.field.clone(), call.attempt), &row)?;
        }
        Ok(())
    }
}

/// What an item waits for.
struct Wait {
    reason: WaitReason,
    due: Time,
    /// The provider works on it: the attempt goes on.
    keeps_attempt: bool,
}

/// A call, or what stands for one.
struct Call<'c> {
    attempt: AttemptId,
    at: Time,
    cost: u64,
    known: bool,
    /// Somebody was called.
    made: bool,
    latency: Option<Duration>,
    /// When it was learnt.
    since: Time,
    /// The record that answered it.
    company: Option<&'c Company>,
}

/// What an answer did to its item.
struct Noted {
    verdict: Verdict,
    /// The data points that it settled.
    settled: PointSet,
    /// What it added to the price of the lead.
    credits: u64,
    receipt: String,
}

fn count_call(job: &mut OpenJob<'_>, answer: &Answered, item: &mut Item) {
    if answer.known.is_some() {
        job.row.known += 1;
    } else if answer.latency.is_some() && answer.outcome.is_call() {
        item.attempts += 1;
        job.row.calls += 1;
        if let Some(step) = job.row.steps.get(item.step as usize).filter(|step| step.external) {
            job.used.called(step.operation, &answer.outcome, answer.cost);
            job.measures.called(&step.provider, answer.cost);
        }
    }
    item.cost += answer.cost;
    job.row.cost += answer.cost;
}

/// Whether the template has somebody else to ask for the data point of the current step.
fn somebody_else(tx: &Tx<'_>, job: &OpenJob<'_>, item: &Item) -> Result<bool, Refusal> {
    let place = item.step as usize;
    let Some(step) = job.row.steps.get(place) else { return Ok(false) };
    let Some(lead) = worked_on(tx, job.scope, item.lead)? else { return Ok(true) };
    let room = job.row.ceiling.map(|ceiling| ceiling.saturating_sub(item.cost));
    let walk = Walk { steps: &job.row.steps, tally: &item.tally, lead: &lead, room };
    Ok(walk.goes_on_for(step.point, place + 1))
}

const fn is_failure(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::AuthFailed
            | Outcome::OutOfQuota
            | Outcome::RateLimited { .. }
            | Outcome::Broken { .. }
            | Outcome::Closed { .. }
            | Outcome::Asked { .. }
            | Outcome::Pending { .. }
    )
}

fn end_attempt(
    tx: &mut Tx<'_>,
    job: &OpenJob<'_>,
    answer: &Answered,
    item: &Item,
    credits: u64,
    receipt: &str,
) -> Result<(), Refusal> {
    let key = (item.lead, answer.attempt);
    if let Some(mut attempt) = tx.get::<Attempts>(job.scope, key)? {
        attempt.ended_at = Some(answer.at);
        attempt.outcome = Some(answer.outcome.name().to_owned());
        attempt.detail = answer.outcome.detail().map(str::to_owned);
        attempt.credits = credits;
        attempt.cost = answer.cost;
        attempt.receipt = Some(receipt.to_owned());
        attempt.cached = answer.known.is_some();
        tx.put::<Attempts>(job.scope, key, &attempt)?;
    }
    Ok(())
}

/// Why charged or not, for people.
fn receipt(step: &JobStep, outcome: &Outcome, accepted: bool, known: bool, credits: u64) -> String {
    match (accepted, credits) {
        _ if known => "not charged: the answer was known".to_owned(),
        (true, 0) => format!("accepted; a lead costs nothing more with a {}", step.source.name()),
        (true, _) => format!("accepted; the price of a lead with a {}", step.source.name()),
        (false, _) => format!("not charged: {}", outcome.name()),
    }
}

fn count_found(job: &mut OpenJob<'_>, point: DataPoint, outcome: &Outcome) {
    let Outcome::Found(found) = outcome else { return };
    let breakdown = &mut job.row.breakdown;
    match point {
        DataPoint::EmailStatus => {
            let valid = found.values.iter().any(|value| value.field == "emailStatus" && value.value == "valid");
            breakdown.email_verified += u64::from(valid);
        }
        DataPoint::Email => breakdown.email_found += 1,
        DataPoint::Phone => {
            breakdown.phone_found += 1;
            let mobile = found.values.iter().any(|value| value.field == "phoneType" && value.value == "mobile");
            breakdown.phone_mobile += u64::from(mobile);
        }
        DataPoint::LinkedIn => breakdown.linkedin_found += 1,
        DataPoint::Company => breakdown.company_found += 1,
        DataPoint::Professional
        | DataPoint::PhoneStatus
        | DataPoint::Name
        | DataPoint::Seniority
        | DataPoint::CompanyDomain
        | DataPoint::CompanyBaseName => {}
    }
}
