//! Data providers: what each can do, and how it is asked.
//!
//! A built-in check and an external service stand behind the same [`Provider`]; who runs a job sees no difference. This
//! room makes answers; whether a call may be made at all is decided by the gate of the Enricher.

pub mod areas;
pub mod builtin;
pub mod lists;
pub mod manifest;
mod plan;
mod refine;
mod registry;
pub mod simulator;

use std::time::Duration;

use futures::future::BoxFuture;

pub use plan::{Desk, NoProvider, NotTaken, Planned, plan};
pub use refine::refined;
pub use registry::{DamagedLists, Registry};

use crate::deps::Deps;
use crate::domain::enrichment::{Input, Limits, Operation, PriceSource, Reply, inputs_of};
use crate::domain::id::AttemptId;
use crate::domain::lead::{Lead, LeadField};
use crate::store::crypt::Secret;

/// What an operation must be told: each alternative is enough on its own, all inputs of an alternative are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    Fixed(&'static [&'static [LeadField]]),
    Listed(Vec<Vec<Input>>),
}

impl Needs {
    pub fn alternatives(&self) -> Vec<Vec<Input>> {
        match self {
            Self::Fixed(alternatives) => {
                alternatives.iter().map(|fields| fields.iter().copied().map(Input::Lead).collect()).collect()
            }
            Self::Listed(alternatives) => alternatives.clone(),
        }
    }
}

/// One thing a provider does, and what it must be told for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub operation: Operation,
    pub needs: Needs,
    /// Told as well where the lead has them.
    pub optional: Vec<Input>,
    /// Requests that go into one call, at most; 1 or more.
    pub batch: usize,
}

impl Offer {
    /// One request a call, nothing optional.
    pub const fn single(operation: Operation, needs: &'static [&'static [LeadField]]) -> Self {
        Self { operation, needs: Needs::Fixed(needs), optional: Vec::new(), batch: 1 }
    }

    /// The inputs of the first alternative that the lead can fill, with the optional ones it has; nothing when it can
    /// fill none. Only what is needed leaves the lead.
    pub fn inputs(&self, lead: &Lead) -> Option<Vec<(Input, String)>> {
        inputs_of(&self.needs.alternatives(), &self.optional, lead)
    }
}

/// What a provider is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The id of the attempt: an external provider gets it as the request id, so that a repeated call is recognised.
    pub id: AttemptId,
    pub operation: Operation,
    pub inputs: Vec<(Input, String)>,
    /// The ticket of an earlier answer `Pending`.
    pub ticket: Option<String>,
    /// An address the provider may ring when it is done; what it says there is not believed, only looked up again.
    pub callback: Option<String>,
}

impl Request {
    pub fn input(&self, field: LeadField) -> Option<&str> {
        self.value(Input::Lead(field))
    }

    pub fn value(&self, input: Input) -> Option<&str> {
        self.inputs.iter().find(|(known, _)| *known == input).map(|(_, value)| value.as_str())
    }
}

/// What a call is made with.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    pub deps: &'a Deps,
    /// The key, for a provider that needs one.
    pub credential: Option<&'a Secret>,
    /// For the whole call.
    pub timeout: Duration,
    /// Who is asked before the call makes another request than its first; nobody: as many as it needs.
    pub further: Option<&'a dyn Further>,
}

/// Leave for one more request of a call that is under way: a vendor counts each, and after a stop there is none.
pub trait Further: Send + Sync {
    /// Waits until the next request may go: how long that took, which does not count as time of the call. Nothing: none
    /// may go any more.
    fn one_more(&self) -> BoxFuture<'_, Option<Duration>>;
}

/// A source of values.
///
/// Implementors: a call has no effect beyond its answer, may be made again after a crash with the same request, uses the
/// outside world only through `deps`, and never panics on what comes from outside. An error is an
/// [`Outcome`](crate::domain::enrichment::Outcome), never a panic.
pub trait Provider: Send + Sync {
    /// Its name in templates, provenance and settings; never changes.
    fn slug(&self) -> &str;

    fn offers(&self) -> &[Offer];

    /// Whether it can only be called with a key of the workspace or the install.
    fn needs_key(&self) -> bool {
        false
    }

    /// What an answer is priced as, for a provider that needs no key; with a key its owner decides.
    fn source(&self) -> PriceSource {
        PriceSource::BuiltIn
    }

    /// Of a hundred values it is sure of, how many are right: what it says of itself is weighed by it.
    fn reliability(&self, _operation: Operation) -> u8 {
        100
    }

    /// What a call costs for one lead at most, in millionths of the currency's unit.
    fn cost(&self, _operation: Operation) -> u64 {
        0
    }

    /// Why it cannot be called as it is set up, in a few words; `None`: it can.
    fn lacks(&self) -> Option<String> {
        None
    }

    /// Whether it only tells what it found to an address that it can ring.
    fn needs_callback(&self, _operation: Operation) -> bool {
        false
    }

    /// Where it processes what it is told: `eu`, `us`, a country; `None` for what stays in this process.
    fn region(&self) -> Option<&str> {
        None
    }

    /// What the vendor publishes about calls of the operation.
    fn limits(&self, _operation: Operation) -> Limits {
        Limits::default()
    }

    /// Whether something of the lead leaves the box.
    fn is_external(&self) -> bool {
        self.needs_key() || self.region().is_some()
    }

    /// Answers without waiting for anything outside the process, and for free: no intent is written before such a call,
    /// and its answer may be written together with the one before.
    fn is_instant(&self) -> bool {
        false
    }

    /// Makes one call for all requests, which ask for the same operation and are no more than the batch of its offer;
    /// those with tickets all belong to one group (the text before `#`). One reply each, in their order.
    fn call<'a>(&'a self, requests: &'a [Request], context: CallContext<'a>) -> BoxFuture<'a, Vec<Reply>>;

    fn offer(&self, operation: Operation) -> Option<&Offer> {
        self.offers().iter().find(|offer| offer.operation == operation)
    }
}

/// Asks a provider for one thing.
pub async fn call_one(provider: &dyn Provider, request: &Request, context: CallContext<'_>) -> Option<Reply> {
    provider.call(std::slice::from_ref(request), context).await.pop()
}
