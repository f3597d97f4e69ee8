//! Whether calls go through at all: the circuit breaker, the rest after *out of quota*, the lock after *auth failed*.
//!
//! Ten broken answers in a row, or sixteen of the last twenty, open the breaker; it rests five seconds, then ten, twenty,
//! thirty at most, and one call tries. While it is open and while that one call is under way nobody waits: the waterfall
//! goes to its next step. A gate that was just built does not know how the vendor is; the first call tries, too, and the
//! others wait for its answer, a few seconds at most.

use std::time::Duration;

use crate::domain::enrichment::Outcome;

const IN_A_ROW: u32 = 10;
/// Of the last [`LOOKED_AT`] answers.
const OF_THE_LAST: u32 = 16;
const LOOKED_AT: u32 = 20;
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(30);
/// Without a word of the vendor about it, a quota is looked at again after so long; then twice as long, an hour at most.
const FIRST_QUOTA_REST: Duration = Duration::from_secs(300);
const LONGEST_QUOTA_REST: Duration = Duration::from_secs(3_600);
/// The longest that others wait for the first call of a new gate.
const FIRST_ANSWER: Duration = Duration::from_secs(3);
/// When to ask again while the trying call is under way.
const SOON: Duration = Duration::from_secs(1);

/// What an answer tells about the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It works, whatever it said.
    Alive,
    Broken,
    SlowDown,
    OutOfQuota,
    BadKey,
}

impl Sign {
    pub const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Broken { .. } => Self::Broken,
            Outcome::RateLimited { .. } => Self::SlowDown,
            Outcome::OutOfQuota => Self::OutOfQuota,
            Outcome::AuthFailed => Self::BadKey,
            _ => Self::Alive,
        }
    }
}

/// What is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProviderBreaker)]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
}

/// What the breaker says to one more call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// Somebody tries for all; look again then.
    Wait(Duration),
    Broken(Duration),
    OutOfQuota(Duration),
    BadKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Broken,
    OutOfQuota,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// Nothing is known yet; the call that tries, since when.
    New(Option<(u64, Duration)>),
    Resting {
        why: Why,
        until: Duration,
    },
    /// The call that tries.
    Trying(Why, Option<u64>),
    Locked,
}

#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    in_a_row: u32,
    /// The last answers, one bit each: 1 = broken.
    history: u32,
    /// Rests since it was last closed.
    rests: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::New(None), in_a_row: 0, history: 0, rests: 0 }
    }
}

impl Breaker {
    pub fn verdict(&mut self, now: Duration) -> Verdict {
        if let State::Resting { why, until } = self.state
            && until <= now
        {
            self.state = State::Trying(why, None);
        }
        match self.state {
            State::Closed | State::New(None) | State::Trying(_, None) => Verdict::Pass,
            State::New(Some((_, since))) if since + FIRST_ANSWER <= now => Verdict::Pass,
            State::New(Some((_, since))) => Verdict::Wait(since + FIRST_ANSWER),
            State::Resting { why: Why::Broken, until } => Verdict::Broken(until),
            State::Resting { why: Why::OutOfQuota, until } => Verdict::OutOfQuota(until),
            State::Trying(Why::Broken, Some(_)) => Verdict::Broken(now + SOON),
            State::Trying(Why::OutOfQuota, Some(_)) => Verdict::OutOfQuota(now + SOON),
            State::Locked => Verdict::BadKey,
        }
    }

    /// A call begins that the verdict let pass.
    pub fn begun(&mut self, call: u64, now: Duration) {
        match &mut self.state {
            State::New(trying @ None) => *trying = Some((call, now)),
            State::Trying(_, trying @ None) => *trying = Some(call),
            _ => {}
        }
    }

    /// A call went away without an answer.
    pub fn dropped(&mut self, call: u64) {
        match &mut self.state {
            State::New(trying) if trying.is_some_and(|(trying, _)| trying == call) => *trying = None,
            State::Trying(_, trying) if *trying == Some(call) => *trying = None,
            _ => {}
        }
    }

    /// What came of a call. `reset`: when the vendor says that there is quota again.
    pub fn answered(&mut self, call: u64, sign: Sign, reset: Option<Duration>, now: Duration) {
        let tried = matches!(self.state, State::Trying(_, Some(trying)) if trying == call);
        self.dropped(call);
        if self.state == State::Locked {
            return;
        }
        match sign {
            Sign::BadKey => self.state = State::Locked,
            Sign::OutOfQuota => self.rest(Why::OutOfQuota, reset, now),
            // What was begun before the rest says nothing about now.
            _ if !tried && matches!(self.state, State::Resting { .. } | State::Trying(..)) => {}
            Sign::Alive | Sign::SlowDown => {
                self.state = State::Closed;
                self.in_a_row = 0;
                self.rests = 0;
                self.history <<= 1;
            }
            Sign::Broken => {
                self.in_a_row += 1;
                self.history = self.history << 1 | 1;
                let lately = (self.history & ((1 << LOOKED_AT) - 1)).count_ones();
                let first = matches!(self.state, State::New(_));
                if tried || first || self.in_a_row >= IN_A_ROW || lately >= OF_THE_LAST {
                    self.rest(Why::Broken, None, now);
                }
            }
        }
    }

    /// The credential is another one, or somebody says that it works again.
    pub fn renewed(&mut self) {
        *self = Self::default();
    }

    fn rest(&mut self, why: Why, until: Option<Duration>, now: Duration) {
        let (first, longest) = match why {
            Why::Broken => (FIRST_REST, LONGEST_REST),
            Why::OutOfQuota => (FIRST_QUOTA_REST, LONGEST_QUOTA_REST),
        };
        // Those that were on their way together say it once.
        if let State::Resting { why: before, until: rests_until } = &mut self.state
            && *before == why
        {
            *rests_until = until.unwrap_or(*rests_until).max(*rests_until);
            return;
        }
        let rest = first.saturating_mul(1 << self.rests.min(8)).min(longest);
        self.rests += 1;
        (self.in_a_row, self.history) = (0, 0);
        self.state = State::Resting { why, until: until.unwrap_or(now + rest) };
    }

    pub fn shown(&self, now: Duration) -> BreakerState {
        match self.state {
            State::Closed | State::New(_) => BreakerState::Closed,
            State::Resting { until, .. } if until > now => BreakerState::Open,
            State::Resting { .. } | State::Trying(..) => BreakerState::HalfOpen,
            State::Locked => BreakerState::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn working() -> Breaker {
        let mut breaker = Breaker::default();
        breaker.begun(0, at(0));
        breaker.answered(0, Sign::Alive, None, at(0));
        breaker
    }

    #[test]
    fn ten_in_a_row_open_it_one_tries_and_it_closes() {
        let mut breaker = working();
        (0..9).for_each(|call| breaker.answered(call, Sign::Broken, None, at(1)));
        assert_eq!(breaker.verdict(at(1)), Verdict::Pass);
        breaker.answered(9, Sign::Broken, None, at(1));
        assert_eq!(breaker.verdict(at(1)), Verdict::Broken(at(6)));
        assert_eq!(breaker.shown(at(1)), BreakerState::Open);
        breaker.answered(10, Sign::Alive, None, at(2));
        assert_eq!(breaker.verdict(at(2)), Verdict::Broken(at(6)), "it was begun before");
        assert_eq!(breaker.verdict(at(6)), Verdict::Pass);
        assert_eq!(breaker.shown(at(6)), BreakerState::HalfOpen);
        breaker.begun(11, at(6));
        assert_eq!(breaker.verdict(at(7)), Verdict::Broken(at(8)));
        breaker.answered(11, Sign::Broken, None, at(7));
        assert_eq!(breaker.verdict(at(7)), Verdict::Broken(at(17)), "longer each time");
        assert_eq!(breaker.verdict(at(17)), Verdict::Pass);
        breaker.begun(12, at(17));
        breaker.dropped(12);
        assert_eq!(breaker.verdict(at(17)), Verdict::Pass, "a call that went away tries nothing");
        breaker.begun(13, at(17));
        breaker.answered(13, Sign::Alive, None, at(18));
        assert_eq!((breaker.verdict(at(18)), breaker.shown(at(18))), (Verdict::Pass, BreakerState::Closed));
    }

    #[test]
    fn mostly_broken_opens_it_and_now_and_then_does_not() {
        let mut breaker = working();
        (0..400).for_each(|call| {
            breaker.answered(call, if call % 3 == 0 { Sign::Broken } else { Sign::Alive }, None, at(1));
        });
        assert_eq!(breaker.verdict(at(1)), Verdict::Pass);
        (0..40).for_each(|call| {
            breaker.answered(call, if call % 7 == 0 { Sign::Alive } else { Sign::Broken }, None, at(1));
        });
        assert!(matches!(breaker.verdict(at(1)), Verdict::Broken(_)));
    }

    #[test]
    fn a_new_gate_sends_one_ahead_and_the_others_wait_a_little() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.verdict(at(0)), Verdict::Pass);
        breaker.begun(1, at(0));
        assert_eq!(breaker.verdict(at(1)), Verdict::Wait(at(3)));
        assert_eq!(breaker.verdict(at(3)), Verdict::Pass);
        breaker.answered(1, Sign::Broken, None, at(1));
        assert_eq!(breaker.verdict(at(1)), Verdict::Broken(at(6)));
    }

    #[test]
    fn a_bad_key_locks_until_it_is_another_one() {
        let mut breaker = working();
        breaker.answered(1, Sign::BadKey, None, at(1));
        breaker.answered(2, Sign::Alive, None, at(1));
        assert_eq!(breaker.verdict(at(100_000)), Verdict::BadKey);
        breaker.renewed();
        assert_eq!(breaker.verdict(at(100_000)), Verdict::Pass);
    }

    #[test]
    fn out_of_quota_rests_until_the_reset_or_a_while() {
        let mut breaker = working();
        (1..9).for_each(|call| breaker.answered(call, Sign::OutOfQuota, None, at(1)));
        assert_eq!(breaker.verdict(at(1)), Verdict::OutOfQuota(at(301)), "said eight times, meant once");
        assert_eq!(breaker.verdict(at(301)), Verdict::Pass);
        breaker.begun(9, at(301));
        breaker.answered(9, Sign::OutOfQuota, Some(at(5_000)), at(302));
        assert_eq!(breaker.verdict(at(302)), Verdict::OutOfQuota(at(5_000)));
    }
}
