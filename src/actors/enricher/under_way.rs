//! A call under way: its permit, its time limit, and leave for each further request that it makes.
//!
//! Some answers take more than one request: the look at submitted work and the fetch of its result, a refusal and the
//! account that explains it. A vendor counts each of them, so each has a permit of its own, and after a stop there is none.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::actors::provider_gate::{Claim, GateKey, Gates, Permit};
use crate::actors::scheduler::{Agenda, Pick};
use crate::deps::Deps;
use crate::domain::enrichment::{Limits, Outcome, RateSigns, Reply};
use crate::providers::Further;

/// While a request waits for its permit, the time limit is looked at this often.
const WAITING: Duration = Duration::from_secs(1);

/// The way through the gate.
pub(super) struct Enter<'a> {
    pub gates: &'a Gates,
    pub key: &'a GateKey,
    pub limits: &'a Limits,
    pub claim: Claim,
    pub agenda: &'a Agenda,
    pub pick: &'a Pick,
}

pub(super) struct UnderWay<'a> {
    enter: Enter<'a>,
    deps: &'a Deps,
    timeout: Duration,
    state: Mutex<State>,
}

struct State {
    /// None while the next one is waited for.
    permit: Option<Permit>,
    /// When the request under way got its permit, on the monotonic clock.
    since: Duration,
    /// What the requests before it took.
    before: Duration,
}

impl<'a> UnderWay<'a> {
    pub fn new(enter: Enter<'a>, deps: &'a Deps, timeout: Duration, permit: Permit) -> Self {
        let state = State { permit: Some(permit), since: deps.clock.monotonic(), before: Duration::ZERO };
        Self { enter, deps, timeout, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the request under way has taken too long. Waiting for a permit takes no time of it.
    pub async fn out_of_time(&self) {
        loop {
            let left = {
                let state = self.lock();
                let until = state.since + self.timeout;
                state.permit.as_ref().map(|_| until.saturating_sub(self.deps.clock.monotonic()))
            };
            match left {
                Some(Duration::ZERO) => return,
                left => self.deps.clock.sleep(left.unwrap_or(WAITING)).await,
            }
        }
    }

    /// Tells the gate what came of it; how long it took, without the waiting.
    pub fn ended(self, replies: &[Reply]) -> Duration {
        let State { permit, since, before } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(permit) = permit else { return before };
        let last = self.deps.clock.monotonic().saturating_sub(since);
        permit.answered(replies, last);
        before + last
    }

    /// The request before was answered, whatever it said: there would be no further one otherwise.
    fn pause(&self) -> Duration {
        let now = self.deps.clock.monotonic();
        let mut state = self.lock();
        let took = now.saturating_sub(state.since);
        if let Some(permit) = state.permit.take() {
            state.before += took;
            let again_in = Duration::ZERO;
            permit.end(&Outcome::Pending { ticket: String::new(), again_in }, &RateSigns::default(), took);
        }
        now
    }
}

impl Further for UnderWay<'_> {
    fn one_more(&self) -> BoxFuture<'_, Option<Duration>> {
        async move {
            let began = self.pause();
            let Enter { gates, key, limits, claim, agenda, pick } = &self.enter;
            // What has begun is ended before something else begins.
            let claim = Claim { individual: true, ..*claim };
            let permit = tokio::select! {
                permit = gates.enter(key, limits, &claim) => permit.ok()?,
                () = agenda.stopped(pick) => return None,
            };
            // The same look as before a call, under the same lock as a stop.
            let Some(_leave) = agenda.begin_call(pick) else {
                permit.unused();
                return None;
            };
            let now = self.deps.clock.monotonic();
            let mut state = self.lock();
            (state.permit, state.since) = (Some(permit), now);
            Some(now.saturating_sub(began))
        }
        .boxed()
    }
}
