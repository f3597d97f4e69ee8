//! The gate: every call of a provider passes here, in this order.
//!
//! 1. *Policy* and *suppression*: judged when the intent of the call was written, and again here when a rule or the list of
//!    those to be left alone has changed since.
//! 2. *Budget*: the lease has held what the lead may cost, so a call that comes here is covered.
//! 3. *Cache*: what is known, or being asked, does not come here (`slice`).
//! 4. *Rate*: a permit of the provider's gate, shared by all jobs.
//! 5. *Call*: unless the job was stopped meanwhile; with a time limit; a panic is a broken provider.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;

use super::course::Course;
use super::under_way::{Enter, UnderWay};
use crate::actors::provider_gate::{Choices, Claim, Closed, Gates};
use crate::actors::scheduler::{Agenda, Pick};
use crate::deps::Deps;
use crate::domain::enrichment::{Limits, Operation, Outcome, Reply};
use crate::providers::{CallContext, Provider, Request};

/// What may be called.
#[derive(Clone)]
pub struct Policy {
    /// `enrichment.dns_lookup`.
    pub dns_lookup: bool,
    /// What the operator has switched off, and his figures.
    pub choices: Choices,
}

impl Default for Policy {
    fn default() -> Self {
        Self { dns_lookup: true, choices: Choices::default() }
    }
}

/// Counts the changes of rules and of the list of those to be left alone. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct PolicyRevision(Arc<AtomicU64>);

impl PolicyRevision {
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// To be told once a change is durable: calls that were judged before it are judged again.
    pub fn changed(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// How a call went through.
#[derive(Debug)]
pub enum Passed {
    /// One reply for each request; how long the call took, where one was made.
    Answered { replies: Vec<Reply>, latency: Option<Duration> },
    /// The job was stopped before the call, or the rules have changed: none was made.
    Stopped,
}

pub struct Gate {
    /// What the policy leaves of the outside world.
    deps: Deps,
    timeout: Duration,
    gates: Gates,
    choices: Choices,
    revision: PolicyRevision,
}

impl Gate {
    pub fn new(policy: Policy, deps: &Deps, timeout: Duration, gates: Gates, revision: PolicyRevision) -> Self {
        let deps = if policy.dns_lookup { deps.clone() } else { deps.clone().without_dns() };
        Self { deps, timeout, gates, choices: policy.choices, revision }
    }

    /// The revision of the rules that calls are judged by from now on.
    pub fn revision(&self) -> u64 {
        self.revision.now()
    }

    pub fn limits(&self, provider: &dyn Provider, operation: Operation) -> Limits {
        self.choices.limits(provider, operation)
    }

    /// Calls of a provider that are worth having under way.
    pub fn wanted_in_flight(&self, provider: &dyn Provider, operation: Operation, course: &Course) -> usize {
        self.gates.wanted_in_flight(&course.gate(provider.slug()), &self.limits(provider, operation))
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
        if !self.choices.is_on(provider.slug()) {
            return Passed::Answered { replies: all(&switched_off()), latency: None };
        }
        let key = course.key(provider.slug());
        if provider.needs_key() && key.is_none() {
            let forbidden = Outcome::Forbidden { reason: "there is no key for the provider any more".to_owned() };
            return Passed::Answered { replies: all(&forbidden), latency: None };
        }
        if provider.is_instant() {
            let context = CallContext { deps: &self.deps, credential: None, timeout: self.timeout, further: None };
            let Some(_call) = agenda.begin_call(pick) else { return Passed::Stopped };
            let answered = AssertUnwindSafe(provider.call(requests, context)).catch_unwind().await;
            let replies = answered.unwrap_or_else(|_panic| all(&broken("the provider's code failed")));
            return Passed::Answered { replies, latency: Some(Duration::ZERO) };
        }
        let claim = Claim {
            workspace: pick.scope.workspace(),
            weight: pick.weight,
            individual: pick.individual,
            priority: pick.priority,
            job: pick.job,
            operation,
        };
        let (limits, key_of_gate) = (self.limits(provider, operation), course.gate(provider.slug()));
        let permit = tokio::select! {
            permit = self.gates.enter(&key_of_gate, &limits, &claim) => permit,
            () = agenda.stopped(pick) => return Passed::Stopped,
        };
        let permit = match permit {
            Ok(permit) => permit,
            Err(closed) => {
                let outcome = self.turned_away(closed);
                let replies = requests.iter().map(|request| self.kept(request, outcome.clone()).into()).collect();
                return Passed::Answered { replies, latency: None };
            }
        };
        // It may have been switched off while this waited.
        if !self.choices.is_on(provider.slug()) {
            permit.unused();
            return Passed::Answered { replies: all(&switched_off()), latency: None };
        }
        // It was judged by rules that have changed while it waited: it goes back and is judged again.
        let is_outdated = course.revision != self.revision.now() && provider.is_external();
        let Some(_call) = agenda.begin_call(pick).filter(|_| !is_outdated) else {
            permit.unused();
            return Passed::Stopped;
        };
        let deps = course.played.as_ref().unwrap_or(&self.deps);
        let enter = Enter { gates: &self.gates, key: &key_of_gate, limits: &limits, claim, agenda, pick };
        let under_way = UnderWay::new(enter, &self.deps, self.timeout, permit);
        let credential = key.map(|key| &key.secret);
        let context = CallContext { deps, credential, timeout: self.timeout, further: Some(&under_way) };
        let answered = AssertUnwindSafe(provider.call(requests, context)).catch_unwind();
        let replies = tokio::select! {
            answered = answered => answered.unwrap_or_else(|_panic| all(&broken("the provider's code failed"))),
            () = under_way.out_of_time() => all(&broken("no answer in time")),
        };
        let latency = under_way.ended(&replies);
        Passed::Answered { replies, latency: Some(latency) }
    }

    /// What a provider works on is not asked for anew because it cannot be looked after now.
    fn kept(&self, request: &Request, outcome: Outcome) -> Outcome {
        let again_in = match &outcome {
            Outcome::Closed { until, .. } => Some(until.since(self.deps.clock.now())),
            Outcome::RateLimited { retry_after } => *retry_after,
            _ => None,
        };
        match (&request.ticket, again_in) {
            (Some(ticket), Some(again_in)) => {
                Outcome::Pending { ticket: ticket.clone(), again_in: again_in.max(Duration::from_secs(1)) }
            }
            _ => outcome,
        }
    }

    /// What a closed gate means for those who came to it.
    fn turned_away(&self, closed: Closed) -> Outcome {
        match closed {
            Closed::AuthFailed => Outcome::AuthFailed,
            // It comes back by itself, and soon: nobody else is asked for that.
            Closed::Limited { until } => Outcome::RateLimited { retry_after: Some(until.since(self.deps.clock.now())) },
            Closed::BreakerOpen { until } | Closed::OutOfQuota { until } => {
                Outcome::Closed { until, reason: closed.to_string() }
            }
        }
    }
}

fn switched_off() -> Outcome {
    Outcome::Forbidden { reason: "the provider is switched off".to_owned() }
}

fn broken(reason: &str) -> Outcome {
    Outcome::Broken { reason: reason.to_owned() }
}
