//! The steps of a template, and what they have come to for one lead.

use minicbor::{Decode, Encode};

use super::accept::{AcceptRule, Earlier};
use super::condition::RunCondition;
use super::confidence::Confidence;
use super::data_point::{DataPoint, Operation, PointSet};
use super::input::Input;
use super::level::PriceSource;
use super::outcome::Outcome;
use super::state::{ItemState, SkipReason};
use crate::domain::lead::Lead;

/// The most steps of a job: what a lead has been through is kept as bits.
pub const MAX_STEPS: usize = 64;

/// One step: whom to ask for what, when, and when the answer is good enough. A job keeps the steps it was made with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct JobStep {
    #[n(0)]
    pub point: DataPoint,
    /// Slug of the provider.
    #[n(1)]
    pub provider: String,
    #[n(2)]
    pub operation: Operation,
    #[n(3)]
    #[cbor(default)]
    pub source: PriceSource,
    /// A value that it does not accept is kept, but does not settle the data point.
    #[n(5)]
    #[cbor(default)]
    pub accept: AcceptRule,
    #[n(6)]
    #[cbor(default)]
    pub when: RunCondition,
    /// What it must be told: one of these alternatives.
    #[n(7)]
    #[cbor(default)]
    pub needs: Vec<Vec<Input>>,
    /// What it is told as well.
    #[n(8)]
    #[cbor(default)]
    pub optional: Vec<Input>,
    /// Something of the lead leaves the box.
    #[n(9)]
    #[cbor(default)]
    pub external: bool,
    /// What a call is expected to cost for a lead at most, in millionths of the currency's unit.
    #[n(10)]
    #[cbor(default)]
    pub cost: u64,
    /// It confirms what the step before it found, instead of finding something itself.
    #[n(11)]
    #[cbor(default)]
    pub validates: bool,
    /// What it finds has to be confirmed by the step behind it.
    #[n(12)]
    #[cbor(default)]
    pub confirm: bool,
    /// Once nobody is left to be asked for the data point: the best of its answers that this rule accepts is taken.
    #[n(13)]
    pub settle: Option<AcceptRule>,
    /// Where the provider processes what it is told.
    #[n(14)]
    pub region: Option<String>,
}

impl JobStep {
    /// Runs for every lead, accepts everything, stays in the process.
    pub fn new(point: DataPoint, provider: &str, operation: Operation, source: PriceSource) -> Self {
        Self {
            point,
            provider: provider.to_owned(),
            operation,
            source,
            accept: AcceptRule::default(),
            when: RunCondition::default(),
            needs: Vec::new(),
            optional: Vec::new(),
            external: false,
            cost: 0,
            validates: false,
            confirm: false,
            settle: None,
            region: None,
        }
    }

    /// Whether one call answers both: the provider is asked the same.
    fn shares_call_with(&self, other: &Self) -> bool {
        !self.validates && !other.validates && self.provider == other.provider && self.operation == other.operation
    }
}

/// What an answer is to the data point of its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It settles it, with this confidence.
    Accepted(Confidence),
    /// It would, if it is confirmed.
    Candidate,
    /// The candidate is confirmed, and settles it.
    Confirmed,
    /// The candidate is not confirmed.
    Refuted,
    No,
}

impl Verdict {
    pub const fn settles(self) -> bool {
        matches!(self, Self::Accepted(_) | Self::Confirmed)
    }
}

/// What the steps so far have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Tally {
    #[n(0)]
    #[cbor(default)]
    pub accepted: PointSet,
    #[n(1)]
    #[cbor(default)]
    pub partial: bool,
    #[n(2)]
    #[cbor(default)]
    pub not_found: bool,
    #[n(3)]
    #[cbor(default)]
    pub failed: bool,
    #[n(4)]
    #[cbor(default)]
    pub opted_out: bool,
    #[n(5)]
    #[cbor(default)]
    pub forbidden: bool,
    /// Checks that say nothing because the lead has nothing for them to look at, or nothing that tells: they do not
    /// count.
    #[n(6)]
    #[cbor(default)]
    pub lacking: PointSet,
    /// The steps that are behind it, one bit each.
    #[n(7)]
    #[cbor(default)]
    pub done: u64,
    /// Data points with a value that waits to be confirmed.
    #[n(8)]
    #[cbor(default)]
    pub candidates: PointSet,
}

impl Tally {
    pub const fn is_done(&self, place: usize) -> bool {
        place < MAX_STEPS && self.done & (1 << place) != 0
    }

    const fn set_done(&mut self, place: usize) {
        if place < MAX_STEPS {
            self.done |= 1 << place;
        }
    }

    /// Adds how the step at `place` ended for good. `earlier`: what other answers of this order said of the field.
    pub fn note(&mut self, steps: &[JobStep], place: usize, outcome: &Outcome, earlier: &[Earlier]) -> Verdict {
        let Some(step) = steps.get(place) else { return Verdict::No };
        self.set_done(place);
        if step.validates {
            return self.note_validation(step, outcome);
        }
        let verdict = self.judge(step, outcome, earlier);
        match outcome {
            _ if verdict.settles() || verdict == Verdict::Candidate => {}
            // A free mail address tells no company, and no other source would tell more of it.
            Outcome::Partial(_) if step.point.is_check() && !step.point.always_has_an_answer() => {
                self.lacking.insert(step.point);
            }
            Outcome::Found(_) | Outcome::Partial(_) => self.partial = true,
            Outcome::NotFound => {
                self.not_found = true;
                if step.point.is_check() {
                    self.lacking.insert(step.point);
                }
            }
            Outcome::OptedOut => self.opted_out = true,
            Outcome::Forbidden { .. } => self.forbidden = true,
            // Nothing was asked: the lead lacks what the step needs.
            Outcome::InvalidInput { .. } => {
                if step.point.is_check() {
                    self.lacking.insert(step.point);
                }
            }
            Outcome::AuthFailed
            | Outcome::OutOfQuota
            | Outcome::RateLimited { .. }
            | Outcome::Broken { .. }
            | Outcome::Closed { .. }
            | Outcome::Asked { .. }
            | Outcome::Pending { .. } => self.failed = true,
        }
        verdict
    }

    /// Adds the same answer for another step that would have made the same call.
    pub fn note_shared(&mut self, steps: &[JobStep], place: usize, outcome: &Outcome, earlier: &[Earlier]) -> Verdict {
        let Some(step) = steps.get(place) else { return Verdict::No };
        self.set_done(place);
        self.judge(step, outcome, earlier)
    }

    fn judge(&mut self, step: &JobStep, outcome: &Outcome, earlier: &[Earlier]) -> Verdict {
        let Outcome::Found(answer) = outcome else { return Verdict::No };
        if self.accepted.contains(step.point) {
            return Verdict::No;
        }
        match step.accept.accepts(step.point, &step.provider, answer, earlier) {
            None => Verdict::No,
            Some(_) if step.confirm => {
                self.candidates.insert(step.point);
                Verdict::Candidate
            }
            Some((_, confidence)) => {
                self.accepted.insert(step.point);
                Verdict::Accepted(confidence)
            }
        }
    }

    fn note_validation(&mut self, step: &JobStep, outcome: &Outcome) -> Verdict {
        if !self.candidates.contains(step.point) {
            return Verdict::No;
        }
        self.candidates = self.candidates.without([step.point].into_iter().collect());
        let confirmed = match outcome {
            Outcome::Found(answer) => {
                let asked = DataPoint::of_operation(step.operation).unwrap_or(step.point);
                step.accept.accepts(asked, &step.provider, answer, &[]).is_some()
            }
            _ => false,
        };
        if confirmed {
            self.accepted.insert(step.point);
            Verdict::Confirmed
        } else {
            self.partial = true;
            Verdict::Refuted
        }
    }

    /// A data point is settled by an answer that was passed over before.
    pub const fn settle(&mut self, point: DataPoint) {
        self.accepted.insert(point);
    }

    /// The state of the item once no step is left.
    pub fn end(&self, asked: PointSet) -> ItemState {
        let asked = asked.without(self.lacking.without(self.accepted));
        if self.opted_out {
            ItemState::Skipped(SkipReason::OptedOut)
        } else if !asked.is_empty() && self.accepted.holds(asked) {
            ItemState::Found
        } else if self.partial || !self.candidates.is_empty() || !self.accepted.is_empty() {
            ItemState::Partial
        } else if self.failed {
            ItemState::Failed
        } else if self.not_found {
            ItemState::NotFound
        } else if self.forbidden {
            ItemState::Skipped(SkipReason::Policy)
        } else {
            ItemState::Skipped(SkipReason::MissingInput)
        }
    }
}

/// The way of one lead through the steps.
#[derive(Debug, Clone, Copy)]
pub struct Walk<'a> {
    pub steps: &'a [JobStep],
    pub tally: &'a Tally,
    /// The lead as it is now: run conditions look at it.
    pub lead: &'a Lead,
    /// What its calls may still cost, in millionths; `None`: as much as they do.
    pub room: Option<u64>,
}

impl Walk<'_> {
    /// The next step at `from` or behind it. Nothing follows once the person has opted out.
    pub fn next(&self, from: usize) -> Option<usize> {
        if self.tally.opted_out {
            return None;
        }
        (from..self.steps.len()).find(|place| self.runs(*place))
    }

    /// Whether anybody could still be asked for the data point at `from` or behind it.
    pub fn goes_on_for(&self, point: DataPoint, from: usize) -> bool {
        !self.tally.opted_out
            && (from..self.steps.len()).any(|place| self.steps[place].point == point && self.runs(place))
    }

    fn runs(&self, place: usize) -> bool {
        let step = &self.steps[place];
        if self.tally.accepted.contains(step.point) || self.tally.is_done(place) {
            return false;
        }
        if step.validates != self.tally.candidates.contains(step.point) {
            // Whoever found something is confirmed before anybody else is asked.
            return false;
        }
        step.when.holds(self.lead) && self.room.is_none_or(|room| step.cost <= room)
    }
}

/// Other steps that the call at `place` answers as well.
pub fn same_call<'s>(steps: &'s [JobStep], place: usize, tally: &Tally) -> impl Iterator<Item = usize> + 's {
    let tally = *tally;
    let asked = steps.get(place);
    steps.iter().enumerate().filter_map(move |(other, step)| {
        let shares = asked.is_some_and(|asked| other != place && step.shares_call_with(asked));
        (shares && !tally.is_done(other) && !tally.accepted.contains(step.point)).then_some(other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::{Answer, FoundValue};

    fn step(point: DataPoint, provider: &str, accept_from: u8) -> JobStep {
        let accept = AcceptRule { min_confidence: Confidence::from_hundredths(accept_from), ..AcceptRule::default() };
        let operation = if point == DataPoint::Phone { Operation::PersonEnrich } else { Operation::CompanyEnrich };
        JobStep { accept, ..JobStep::new(point, provider, operation, PriceSource::BuiltIn) }
    }

    fn found(field: &str, confidence: u8) -> Outcome {
        let value = FoundValue {
            field: field.to_owned(),
            value: "x".to_owned(),
            confidence: Confidence::from_hundredths(confidence),
            about: None,
            evidence: None,
        };
        Outcome::Found(Answer { values: vec![value] })
    }

    fn next(steps: &[JobStep], from: usize, tally: &Tally) -> Option<usize> {
        Walk { steps, tally, lead: &Lead::default(), room: None }.next(from)
    }

    #[test]
    fn the_next_provider_is_asked_until_one_answer_is_good_enough() {
        let steps =
            [step(DataPoint::Phone, "a", 50), step(DataPoint::Phone, "b", 50), step(DataPoint::Company, "c", 0)];
        let asked = [DataPoint::Phone, DataPoint::Company].into_iter().collect();
        let mut tally = Tally::default();
        assert!(!tally.note(&steps, 0, &found("phone", 49), &[]).settles());
        assert_eq!(next(&steps, 1, &tally), Some(1));
        assert!(tally.note(&steps, 1, &found("phone", 50), &[]).settles());
        assert_eq!(next(&steps, 2, &tally), Some(2));
        assert_eq!(tally.end(asked), ItemState::Partial);
        assert!(tally.note(&steps, 2, &found("companyName", 0), &[]).settles());
        assert_eq!((next(&steps, 3, &tally), tally.end(asked)), (None, ItemState::Found));

        let mut first = Tally::default();
        first.note(&steps, 0, &found("phone", 80), &[]);
        assert_eq!(next(&steps, 1, &first), Some(2), "the second source of a settled point is not paid");
    }

    #[test]
    fn one_call_answers_every_step_that_would_make_it() {
        let mut steps = vec![step(DataPoint::Phone, "a", 0), step(DataPoint::Phone, "b", 0)];
        steps.push(JobStep { point: DataPoint::Email, ..step(DataPoint::Phone, "a", 0) });
        let mut tally = Tally::default();
        let both = match (found("phone", 60), found("email", 70)) {
            (Outcome::Found(mut phone), Outcome::Found(email)) => {
                phone.values.extend(email.values);
                Outcome::Found(phone)
            }
            _ => unreachable!("both were found"),
        };
        tally.note(&steps, 0, &both, &[]);
        let shared: Vec<usize> = same_call(&steps, 0, &tally).collect();
        assert_eq!(shared, [2]);
        assert!(tally.note_shared(&steps, 2, &both, &[]).settles());
        assert_eq!(next(&steps, 1, &tally), None);
    }

    #[test]
    fn what_has_to_be_confirmed_settles_only_then() {
        let find = |provider| JobStep { confirm: true, ..step(DataPoint::Phone, provider, 0) };
        let check = |provider| JobStep {
            validates: true,
            operation: Operation::PhoneValidate,
            ..step(DataPoint::Phone, provider, 50)
        };
        let steps = [find("a"), check("v"), find("b"), check("v")];
        let asked = [DataPoint::Phone].into_iter().collect();
        let mut tally = Tally::default();
        assert_eq!(next(&steps, 0, &tally), Some(0));
        assert_eq!(tally.note(&steps, 0, &found("phone", 80), &[]), Verdict::Candidate);
        assert_eq!(next(&steps, 1, &tally), Some(1));
        assert_eq!(tally.note(&steps, 1, &found("phoneStatus", 10), &[]), Verdict::Refuted);
        assert_eq!((next(&steps, 2, &tally), tally.end(asked)), (Some(2), ItemState::Partial));
        tally.note(&steps, 2, &found("phone", 80), &[]);
        assert_eq!(tally.note(&steps, 3, &found("phoneStatus", 90), &[]), Verdict::Confirmed);
        assert_eq!((next(&steps, 4, &tally), tally.end(asked)), (None, ItemState::Found));
        let mut nothing = Tally::default();
        nothing.note(&steps, 0, &Outcome::NotFound, &[]);
        assert_eq!(next(&steps, 1, &nothing), Some(2), "nothing to confirm");
    }

    #[test]
    fn conditions_and_the_ceiling_of_a_row_keep_a_step_from_running() {
        let mut dear = step(DataPoint::Phone, "a", 0);
        dear.cost = 100;
        let mut here = step(DataPoint::Company, "b", 0);
        here.when.present = vec!["website".to_owned()];
        let steps = [dear, here];
        let tally = Tally::default();
        let lead = Lead { website: Some("https://a.com/".to_owned()), ..Lead::default() };
        let walk = |lead, room| Walk { steps: &steps, tally: &tally, lead, room };
        assert_eq!(walk(&lead, Some(100)).next(0), Some(0));
        assert_eq!(walk(&lead, Some(99)).next(0), Some(1));
        let nobody = Lead::default();
        assert_eq!(walk(&nobody, Some(99)).next(0), None);
        assert!(walk(&lead, None).goes_on_for(DataPoint::Company, 1));
        assert!(!walk(&lead, None).goes_on_for(DataPoint::Phone, 1));
    }

    #[test]
    fn a_check_without_anything_to_look_at_does_not_count() {
        let steps = [step(DataPoint::EmailStatus, "a", 0), step(DataPoint::CompanyDomain, "b", 0)];
        let asked = [DataPoint::EmailStatus, DataPoint::CompanyDomain].into_iter().collect();
        let lacking = Outcome::InvalidInput { reason: String::new() };
        let mut tally = Tally::default();
        tally.note(&steps, 0, &found("emailStatus", 90), &[]);
        assert_eq!(tally.end(asked), ItemState::Partial, "not asked yet");
        for nothing in [lacking.clone(), Outcome::NotFound, Outcome::Partial(Answer::default())] {
            let mut tally = tally;
            tally.note(&steps, 1, &nothing, &[]);
            assert_eq!(tally.end(asked), ItemState::Found, "{nothing:?}");
        }
        let mut open = Tally::default();
        open.note(&steps, 0, &Outcome::Partial(Answer::default()), &[]);
        open.note(&steps, 1, &lacking, &[]);
        assert_eq!(open.end(asked), ItemState::Partial, "another try could say more of the address");
        let mut empty = Tally::default();
        for place in 0..steps.len() {
            empty.note(&steps, place, &lacking, &[]);
        }
        assert_eq!(empty.end(asked), ItemState::Skipped(SkipReason::MissingInput));
    }

    #[test]
    fn the_end_says_the_best_that_happened() {
        let steps = [step(DataPoint::Phone, "a", 0)];
        let asked = [DataPoint::Phone].into_iter().collect();
        let end = |outcomes: &[Outcome]| {
            let mut tally = Tally::default();
            for outcome in outcomes {
                tally.note(&steps, 0, outcome, &[]);
            }
            tally.end(asked)
        };
        let broken = Outcome::Broken { reason: String::new() };
        let lacking = Outcome::InvalidInput { reason: String::new() };
        assert_eq!(end(&[]), ItemState::Skipped(SkipReason::MissingInput));
        assert_eq!(end(std::slice::from_ref(&lacking)), ItemState::Skipped(SkipReason::MissingInput));
        assert_eq!(end(&[lacking.clone(), Outcome::NotFound]), ItemState::NotFound);
        assert_eq!(end(&[Outcome::NotFound, broken.clone()]), ItemState::Failed);
        assert_eq!(end(&[broken, Outcome::Partial(Answer::default())]), ItemState::Partial);
        assert_eq!(end(&[found("phone", 1), Outcome::OptedOut]), ItemState::Skipped(SkipReason::OptedOut));
    }
}
