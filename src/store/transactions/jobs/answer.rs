//! Writing results: everything an answer means, in one transaction.

use super::lead_edit::LeadEdit;
use super::lease::begin_attempt;
use super::rows::{ItemLines, LeadWrite, OpenJob};
use crate::deps::IdBlock;
use crate::domain::enrichment::{
    DataPoint, ItemState, JobStep, MAX_TRIES, Outcome, SkipReason, Tally, WaitReason, next_step, pause_before,
};
use crate::domain::id::{AttemptId, Id, ItemId, JobId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::record::Blob;
use crate::store::records::attempt::Attempt;
use crate::store::records::item::Item;
use crate::store::records::job::Job;
use crate::store::records::value::FieldValue;
use crate::store::tables::{Attempts, Items, Leads, RawAnswers, Values};
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
}

impl RecordAnswers {
    pub const DEFAULT_TRIES: u32 = MAX_TRIES;
}

/// What became of an answer.
#[derive(Debug, Clone)]
pub enum RecordedItem {
    /// The item stays leased: this call is next.
    Next { item: ItemId, attempt: AttemptId, step: usize, tally: Tally, lead_id: LeadId, lead: Box<Lead> },
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
        let mut job = OpenJob::open(tx, &self.scope, &self.origin, self.job)?;
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
        if answer.outcome.is_call() {
            item.attempts += 1;
            job.row.calls += 1;
        }
        job.row.cost += answer.cost;
        if let Some((reason, due, keeps_attempt)) = self.wait(answer, item) {
            item.error = answer.outcome.detail().map(str::to_owned);
            job.settle(tx, answer.item, item, lines)?;
            match (&answer.outcome, keeps_attempt) {
                (Outcome::Pending { ticket, .. }, true) if !job.row.status.is_over() => {
                    item.ticket = Some(ticket.clone())
                }
                _ => {
                    self.end_attempt(tx, job, answer, item, 0, "not charged: no answer")?;
                    item.attempt = None;
                }
            }
            if job.row.status.is_over() {
                job.end(tx, answer.item, item, ItemState::Cancelled, LeadWrite::Here)?;
            } else {
                job.enqueue(tx, answer.item, item, ItemState::Waiting(reason), due)?;
            }
            return Ok(done);
        }
        let Some(before) = tx.get::<Leads>(&self.scope, (item.lead,))? else {
            // Nothing is kept about a lead that was deleted meanwhile, and nothing charged.
            item.owed = item.charged;
            self.end_attempt(tx, job, answer, item, 0, "not charged: the lead was deleted")?;
            job.settle(tx, answer.item, item, lines)?;
            job.end(tx, answer.item, item, ItemState::Skipped(SkipReason::LeadGone), LeadWrite::ByCaller)?;
            return Ok(done);
        };
        let steps = job.row.steps.clone();
        let Some(step) = steps.get(item.step as usize) else {
            job.settle(tx, answer.item, item, lines)?;
            job.end(tx, answer.item, item, ItemState::Failed, LeadWrite::Here)?;
            return Ok(done);
        };
        let mut edit = LeadEdit::new(item.lead, before);
        let noted = note_answer(job, step, &answer.outcome, item);
        self.end_attempt(tx, job, answer, item, noted.credits, &noted.receipt)?;
        let kept = Kept { attempt: answer.attempt, at: answer.at, cost: answer.cost, noted: &noted };
        self.keep(tx, &kept, step, &answer.outcome, item.lead)?;
        edit.take(&answer.outcome, job);
        if let Some(raw) = &answer.raw
            && matches!(answer.outcome, Outcome::Found(_) | Outcome::Partial(_))
        {
            tx.put::<RawAnswers>(&self.scope, (item.lead, answer.attempt), &Blob(raw.clone()))?;
        }
        item.attempt = None;
        item.tries = 0;
        let mut following = next_step(&steps, item.step as usize, &item.tally);
        for next in &answer.then {
            // Calls that the state of the job no longer asks for are as if they had not been made.
            let Some(step) = following.filter(|place| *place == next.step).and_then(|place| steps.get(place)) else {
                break;
            };
            if !job.row.status.is_running() {
                break;
            }
            item.step = u32::try_from(next.step).unwrap_or(u32::MAX);
            self.follow_up(tx, job, answer.item, next, step, item)?;
            edit.take(&next.outcome, job);
            following = next_step(&steps, next.step, &item.tally);
        }
        let goes_on = following.filter(|_| !job.row.status.is_over());
        let recorded = match (goes_on, next) {
            (Some(place), Some(attempt)) if job.row.status.is_running() => {
                item.step = u32::try_from(place).unwrap_or(u32::MAX);
                begin_attempt(tx, job, answer.item, item, attempt)?;
                job.put(tx, answer.item, item)?;
                let lead = edit.write(tx, job)?;
                let lead_id = item.lead;
                return Ok(RecordedItem::Next {
                    item: answer.item,
                    attempt,
                    step: place,
                    tally: item.tally,
                    lead_id,
                    lead: Box::new(lead),
                });
            }
            (Some(place), _) => {
                item.step = u32::try_from(place).unwrap_or(u32::MAX);
                job.settle(tx, answer.item, item, lines)?;
                job.enqueue(tx, answer.item, item, ItemState::Queued, self.origin.at)?;
                done
            }
            (None, _) => {
                let end = item.tally.end(job.row.asked);
                job.settle(tx, answer.item, item, lines)?;
                job.end(tx, answer.item, item, end, LeadWrite::ByCaller)?;
                edit.end(item, end, self.job, answer.at);
                done
            }
        };
        edit.write(tx, job)?;
        Ok(recorded)
    }

    /// Whether the item has to wait, for what and until when, and whether its attempt goes on.
    fn wait(&self, answer: &Answered, item: &mut Item) -> Option<(WaitReason, Time, bool)> {
        match &answer.outcome {
            Outcome::Pending { again_in, .. } => Some((WaitReason::Provider, answer.at.plus(*again_in), true)),
            Outcome::RateLimited { retry_after } => {
                let pause = retry_after.unwrap_or(std::time::Duration::from_secs(30));
                Some((WaitReason::RateLimited, answer.at.plus(pause), false))
            }
            Outcome::Broken { .. } => {
                item.tries += 1;
                let pause = pause_before(item.tries, self.most_tries)?;
                Some((WaitReason::Retry, answer.at.plus(pause), false))
            }
            _ => None,
        }
    }

    fn end_attempt(
        &self,
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
            tx.put::<Attempts>(job.scope, key, &attempt)?;
        }
        Ok(())
    }

    /// Writes a call that had no intent, with its result.
    fn follow_up(
        &self,
        tx: &mut Tx<'_>,
        job: &mut OpenJob<'_>,
        id: ItemId,
        call: &FollowUp,
        step: &JobStep,
        item: &mut Item,
    ) -> Result<(), Refusal> {
        let noted = note_answer(job, step, &call.outcome, item);
        if !call.outcome.is_call() {
            return Ok(());
        }
        item.attempts += 1;
        job.row.calls += 1;
        let row = Attempt {
            job: job.id,
            item: id,
            provider: step.provider.clone(),
            operation: step.operation,
            point: step.point,
            started_at: call.at,
            ended_at: Some(call.at),
            outcome: Some(call.outcome.name().to_owned()),
            detail: call.outcome.detail().map(str::to_owned),
            credits: noted.credits,
            cost: 0,
            receipt: Some(noted.receipt.clone()),
            fields: Vec::new(),
            cached: false,
        };
        tx.put::<Attempts>(job.scope, (item.lead, call.attempt), &row)?;
        let kept = Kept { attempt: call.attempt, at: call.at, cost: 0, noted: &noted };
        self.keep(tx, &kept, step, &call.outcome, item.lead)
    }

    fn keep(
        &self,
        tx: &mut Tx<'_>,
        kept: &Kept<'_>,
        step: &JobStep,
        outcome: &Outcome,
        lead: LeadId,
    ) -> Result<(), Refusal> {
        let (Outcome::Found(found) | Outcome::Partial(found)) = outcome else { return Ok(()) };
        for value in &found.values {
            let settles = kept.noted.accepted && value.field == step.point.field();
            let row = FieldValue {
                value: value.value.clone(),
                provider: step.provider.clone(),
                operation: step.operation,
                at: kept.at,
                confidence: value.confidence,
                credits: if settles { kept.noted.credits } else { 0 },
                cost: if settles { kept.cost } else { 0 },
                accepted: settles,
                about: value.about.clone(),
                evidence: value.evidence.clone(),
                job: Some(self.job),
            };
            tx.put::<Values>(&self.scope, (lead, value.field.clone(), kept.attempt), &row)?;
        }
        Ok(())
    }
}

/// What an answer did to its item.
struct Noted {
    accepted: bool,
    /// What it added to the price of the lead.
    credits: u64,
    receipt: String,
}

/// The call that values come from.
struct Kept<'a> {
    attempt: AttemptId,
    at: Time,
    cost: u64,
    noted: &'a Noted,
}

fn note_answer(job: &mut OpenJob<'_>, step: &JobStep, outcome: &Outcome, item: &mut Item) -> Noted {
    let accepted = item.tally.note(step, outcome);
    let owed_before = item.owed;
    if accepted {
        item.owed = item.owed.max(job.row.price.of(step.source));
        count_found(job, step, outcome);
    } else {
        item.error = outcome.detail().map(str::to_owned).or_else(|| item.error.take());
    }
    let credits = item.owed - owed_before;
    Noted { accepted, credits, receipt: receipt(step, outcome, accepted, credits) }
}

/// Why charged or not, for people.
fn receipt(step: &JobStep, outcome: &Outcome, accepted: bool, credits: u64) -> String {
    match (accepted, credits) {
        (true, 0) => format!("accepted; a lead costs nothing more with a {}", step.source.name()),
        (true, _) => format!("accepted; the price of a lead with a {}", step.source.name()),
        (false, _) => format!("not charged: {}", outcome.name()),
    }
}

fn count_found(job: &mut OpenJob<'_>, step: &JobStep, outcome: &Outcome) {
    let Outcome::Found(found) = outcome else { return };
    let breakdown = &mut job.row.breakdown;
    match step.point {
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
