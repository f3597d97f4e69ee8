//! The outside world of a simulated run: everything a seed and the test decide.

use std::sync::Arc;

use super::{Clock, Deps, Ids, ScriptedHttp, SeededRandom, SimulatedClock, SimulatedDns};
use crate::domain::time::Time;

/// [`Deps`] made of simulated parts, with the handles that move them.
pub struct Simulation {
    pub deps: Deps,
    pub clock: SimulatedClock,
    pub dns: Arc<SimulatedDns>,
    pub http: Arc<ScriptedHttp>,
}

impl Simulation {
    /// 2026-01-01T00:00:00Z, when nothing asks for another start.
    pub const START: Time = Time(1_767_225_600_000);

    pub fn from_seed(seed: u64) -> Self {
        let simulated = SimulatedClock::starting_at(Self::START);
        let clock: Arc<dyn Clock> = Arc::new(simulated.clone());
        let dns = Arc::new(SimulatedDns::default());
        let http = Arc::new(ScriptedHttp::new(clock.clone()));
        let deps = Deps {
            ids: Arc::new(Ids::new(clock.clone(), 0)),
            clock,
            random: Arc::new(SeededRandom::new(seed)),
            dns: dns.clone(),
            http: http.clone(),
        };
        Self { deps, clock: simulated, dns, http }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;
    use crate::deps::{HttpError, Method, OutgoingRequest, OutgoingResponse, StatusCode};
    use crate::domain::id::LeadId;

    #[test]
    fn two_runs_from_one_seed_see_the_same_world() {
        let (left, right) = (Simulation::from_seed(3), Simulation::from_seed(3));
        assert_eq!(left.deps.random.u64(), right.deps.random.u64());
        assert_eq!(left.deps.ids.next::<LeadId>(), right.deps.ids.next::<LeadId>());
        assert_eq!(left.deps.clock.now().to_string(), "2026-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_scripted_answer_takes_simulated_time() {
        let world = Simulation::from_seed(1);
        world.http.set_latency(Duration::from_secs(2));
        world.http.answer_with(|request| Ok(OutgoingResponse::new(StatusCode::OK, request.url.clone())));
        let mut call = world.deps.http.send(OutgoingRequest::new(Method::GET, "http://provider.test/"));
        assert!((&mut call).now_or_never().is_none());
        world.clock.advance(Duration::from_secs(2));
        let answer = (&mut call).now_or_never();
        assert_eq!(answer, Some(Ok(OutgoingResponse::new(StatusCode::OK, "http://provider.test/"))));
        assert_eq!(world.http.sent().len(), 1);
    }

    #[test]
    fn an_answer_slower_than_its_limit_is_a_timeout() {
        let world = Simulation::from_seed(1);
        world.http.set_latency(Duration::from_secs(60));
        let mut call = world.deps.http.send(OutgoingRequest::new(Method::GET, "http://provider.test/"));
        assert!((&mut call).now_or_never().is_none());
        world.clock.advance(OutgoingRequest::DEFAULT_TIMEOUT);
        assert_eq!((&mut call).now_or_never(), Some(Err(HttpError::Timeout(OutgoingRequest::DEFAULT_TIMEOUT))));
    }
}
