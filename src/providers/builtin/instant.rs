//! Checks that only look at what they are given: what they share as providers.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::domain::enrichment::Reply;
use crate::providers::{CallContext, Offer, Provider, Request};

/// A built-in check that needs neither the outside world nor time.
pub trait InstantCheck: Send + Sync {
    const SLUG: &'static str;
    const OFFERS: &'static [Offer];

    fn answer(&self, request: &Request) -> Reply;
}

impl<C: InstantCheck> Provider for C {
    fn slug(&self) -> &str {
        C::SLUG
    }

    fn offers(&self) -> &[Offer] {
        C::OFFERS
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn call<'a>(&'a self, requests: &'a [Request], _context: CallContext<'a>) -> BoxFuture<'a, Vec<Reply>> {
        std::future::ready(requests.iter().map(|request| self.answer(request)).collect()).boxed()
    }
}
