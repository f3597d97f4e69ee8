//! The steps of a template, and what they have come to for one lead.

use minicbor::{Decode, Encode};

use super::confidence::Confidence;
use super::data_point::{DataPoint, Operation, PointSet};
use super::level::PriceSource;
use super::outcome::{Answer, Outcome};
use super::state::{ItemState, SkipReason};

/// One step: whom to ask for what, and when the answer is good enough. A job keeps the steps it was made with.
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
    /// A value below it is kept, but does not settle the data point.
    #[n(4)]
    #[cbor(default)]
    pub accept_from: Confidence,
}

impl JobStep {
    /// The acceptance rule: the answer is whole, and the value of the data point is sure enough.
    pub fn accepts(&self, outcome: &Outcome) -> bool {
        let Outcome::Found(Answer { values }) = outcome else { return false };
        values.iter().any(|value| value.field == self.point.field() && value.confidence >= self.accept_from)
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
}

impl Tally {
    /// Adds how a step ended for good; true when it settled its data point.
    pub fn note(&mut self, step: &JobStep, outcome: &Outcome) -> bool {
        let accepted = step.accepts(outcome);
        match outcome {
            _ if accepted => self.accepted.insert(step.point),
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
            | Outcome::Pending { .. } => self.failed = true,
        }
        accepted
    }

    /// The state of the item once no step is left.
    pub fn end(&self, asked: PointSet) -> ItemState {
        let asked = asked.without(self.lacking.without(self.accepted));
        if self.opted_out {
            ItemState::Skipped(SkipReason::OptedOut)
        } else if !asked.is_empty() && self.accepted.holds(asked) {
            ItemState::Found
        } else if self.partial || !self.accepted.is_empty() {
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

/// The first step; `None` for a template without any.
pub fn first_step(steps: &[JobStep]) -> Option<usize> {
    (!steps.is_empty()).then_some(0)
}

/// The step after `current`, those of settled data points left out. Nothing follows once the person has opted out.
pub fn next_step(steps: &[JobStep], current: usize, tally: &Tally) -> Option<usize> {
    if tally.opted_out {
        return None;
    }
    let later = steps.iter().enumerate().skip(current + 1);
    later.filter(|(_, step)| !tally.accepted.contains(step.point)).map(|(place, _)| place).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::FoundValue;

    fn step(point: DataPoint, provider: &str, accept_from: u8) -> JobStep {
        JobStep {
            point,
            provider: provider.to_owned(),
            operation: Operation::PersonEnrich,
            source: PriceSource::BuiltIn,
            accept_from: Confidence::from_hundredths(accept_from),
        }
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

    #[test]
    fn the_next_provider_is_asked_until_one_answer_is_good_enough() {
        let steps =
            [step(DataPoint::Phone, "a", 50), step(DataPoint::Phone, "b", 50), step(DataPoint::Company, "c", 0)];
        let asked = [DataPoint::Phone, DataPoint::Company].into_iter().collect();
        let mut tally = Tally::default();
        assert!(!tally.note(&steps[0], &found("phone", 49)));
        assert_eq!(next_step(&steps, 0, &tally), Some(1));
        assert!(tally.note(&steps[1], &found("phone", 50)));
        assert_eq!(next_step(&steps, 1, &tally), Some(2));
        assert_eq!(tally.end(asked), ItemState::Partial);
        assert!(tally.note(&steps[2], &found("companyName", 0)));
        assert_eq!((next_step(&steps, 2, &tally), tally.end(asked)), (None, ItemState::Found));

        let mut first = Tally::default();
        first.note(&steps[0], &found("phone", 80));
        assert_eq!(next_step(&steps, 0, &first), Some(2), "the second source of a settled point is not paid");
    }

    #[test]
    fn a_check_without_anything_to_look_at_does_not_count() {
        let steps = [step(DataPoint::EmailStatus, "a", 0), step(DataPoint::CompanyDomain, "b", 0)];
        let asked = [DataPoint::EmailStatus, DataPoint::CompanyDomain].into_iter().collect();
        let lacking = Outcome::InvalidInput { reason: String::new() };
        let mut tally = Tally::default();
        tally.note(&steps[0], &found("emailStatus", 90));
        assert_eq!(tally.end(asked), ItemState::Partial, "not asked yet");
        for nothing in [lacking.clone(), Outcome::NotFound, Outcome::Partial(Answer::default())] {
            let mut tally = tally;
            tally.note(&steps[1], &nothing);
            assert_eq!(tally.end(asked), ItemState::Found, "{nothing:?}");
        }
        let mut open = Tally::default();
        open.note(&steps[0], &Outcome::Partial(Answer::default()));
        open.note(&steps[1], &lacking);
        assert_eq!(open.end(asked), ItemState::Partial, "another try could say more of the address");
        let mut empty = Tally::default();
        for step in &steps {
            empty.note(step, &lacking);
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
                tally.note(&steps[0], outcome);
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
