//! The gate: every call of a provider passes here, in this order.
//!
//! 1. *Policy*: is the provider switched on; a look-up that is switched off is taken out of the call's hands.
//! 2. *Suppression*: who asked not to be looked up. Nobody can ask yet, so there is nothing to look at.
//! 3. *Budget*: the lease has held what the lead may cost, so a call that comes here is covered.
//! 4. *Cache*: an answer that is known is not bought again. Built-in checks remember what they learn themselves.
//! 5. *Rate*: a permit of the provider.
//! 6. *Call*: unless the job was stopped meanwhile; with a time limit; a panic is a broken provider.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::Semaphore;

use crate::actors::scheduler::{Agenda, Pick};
use crate::deps::Deps;
use crate::domain::enrichment::{Operation, Outcome, Reply};
use crate::providers::{CallContext, Provider, Request};

use super::course::Course;

/// What is switched on.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `enrichment.dns_lookup`.
    pub dns_lookup: bool,
    /// Slugs of providers that are switched off.
    pub switched_off: HashSet<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { dns_lookup: true, switched_off: HashSet::new() }
    }
}

/// How a call went through.
#[derive(Debug)]
pub enum Passed {
    /// One reply for each request; how long the call took, where one was made.
    Answered { replies: Vec<Reply>, latency: Option<Duration> },
    /// The job was stopped before the call: none was made.
    Stopped,
}

pub struct Gate {
    policy: Policy,
    /// What the policy leaves of the outside world.
    deps: Deps,
    timeout: Duration,
    permits: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Gate {
    pub fn new(policy: Policy, deps: &Deps, timeout: Duration) -> Self {
        let deps = if policy.dns_lookup { deps.clone() } else { deps.clone().without_dns() };
        Self { policy, deps, timeout, permits: Mutex::default() }
    }

    /// Makes one call for all requests.
    pub async fn call(
        &self,
        agenda: &Agenda,
        pick: &Pick,
        provider: &dyn Provider,
        requests: &[Request],
        course: &Course,
    ) -> Passed {
        let all = |outcome: &Outcome| requests.iter().map(|_| outcome.clone().into()).collect();
        let Some(operation) = requests.first().map(|request| request.operation) else { return Passed::Stopped };
        if self.policy.switched_off.contains(provider.slug()) {
            let forbidden = Outcome::Forbidden { reason: "the provider is switched off".to_owned() };
            return Passed::Answered { replies: all(&forbidden), latency: None };
        }
        let key = course.key(provider.slug());
        if provider.needs_key() && key.is_none() {
            let forbidden = Outcome::Forbidden { reason: "there is no key for the provider any more".to_owned() };
            return Passed::Answered { replies: all(&forbidden), latency: None };
        }
        let permits = self.permits(provider, operation);
        let permit = tokio::select! {
            permit = permits.acquire() => permit,
            () = agenda.stopped(pick) => return Passed::Stopped,
        };
        let Ok(_permit) = permit else { return Passed::Stopped };
        let Some(_call) = agenda.begin_call(pick) else { return Passed::Stopped };
        let context = CallContext { deps: &self.deps, credential: key.map(|key| &key.secret), timeout: self.timeout };
        let begun = self.deps.clock.now();
        let answered = AssertUnwindSafe(provider.call(requests, context)).catch_unwind();
        let replies = tokio::select! {
            answered = answered => answered.unwrap_or_else(|_panic| all(&broken("the provider's code failed"))),
            () = self.deps.clock.sleep(self.timeout) => all(&broken("no answer in time")),
        };
        Passed::Answered { replies, latency: Some(self.deps.clock.now().since(begun)) }
    }

    fn permits(&self, provider: &dyn Provider, operation: Operation) -> Arc<Semaphore> {
        let concurrent = provider.limits(operation).concurrent.map_or(Semaphore::MAX_PERMITS, |most| most as usize);
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        let known = permits.entry(provider.slug().to_owned());
        Arc::clone(known.or_insert_with(|| Arc::new(Semaphore::new(concurrent.max(1)))))
    }
}

fn broken(reason: &str) -> Outcome {
    Outcome::Broken { reason: reason.to_owned() }
}
