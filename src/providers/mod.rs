//! Data providers: what each can do, and how it is asked.
//!
//! A built-in check and an external service stand behind the same [`Provider`]; who runs a job sees no difference. This
//! room makes answers; whether a call may be made at all is decided by the gate of the Enricher.

pub mod areas;
pub mod builtin;
pub mod lists;
mod plan;
mod registry;

use futures::future::BoxFuture;

pub use plan::{NoProvider, plan};
pub use registry::{DamagedLists, Registry};

use crate::deps::Deps;
use crate::domain::enrichment::{Operation, PriceSource, Reply};
use crate::domain::id::AttemptId;
use crate::domain::lead::{Lead, LeadField};

/// One thing a provider does, and what it must be told for it.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    pub operation: Operation,
    /// Each entry is enough on its own; all fields of an entry are needed.
    pub needs: &'static [&'static [LeadField]],
}

impl Offer {
    /// The inputs of the first entry that the lead can fill, or nothing when it can fill none. Only what is needed leaves
    /// the lead.
    pub fn inputs(&self, lead: &Lead) -> Option<Vec<(LeadField, String)>> {
        self.needs.iter().find_map(|fields| {
            let value = |field: &LeadField| lead.field(*field).map(|value| (*field, value.to_owned()));
            fields.iter().map(value).collect()
        })
    }
}

/// What a provider is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The id of the attempt: an external provider gets it as the request id, so that a repeated call is recognised.
    pub id: AttemptId,
    pub operation: Operation,
    pub inputs: Vec<(LeadField, String)>,
    /// The ticket of an earlier answer `Pending`.
    pub ticket: Option<String>,
}

impl Request {
    pub fn input(&self, field: LeadField) -> Option<&str> {
        self.inputs.iter().find(|(known, _)| *known == field).map(|(_, value)| value.as_str())
    }
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

    /// Whose key it works with: decides what an answer costs.
    fn source(&self) -> PriceSource;

    /// The most calls at a time.
    fn in_flight(&self) -> usize;

    /// Answers without waiting for anything outside the process, and for free: no intent is written before such a call,
    /// and its answer may be written together with the one before.
    fn is_instant(&self) -> bool {
        false
    }

    fn call<'a>(&'a self, request: &'a Request, deps: &'a Deps) -> BoxFuture<'a, Reply>;

    fn offer(&self, operation: Operation) -> Option<&Offer> {
        self.offers().iter().find(|offer| offer.operation == operation)
    }
}
