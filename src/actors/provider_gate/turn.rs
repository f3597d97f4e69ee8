//! Waiting for a turn, and the permit that comes of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Closed;
use super::gate::{AGAIN, Gate, Granted, Look, Next};
use super::keeping::NotKept;
use crate::domain::enrichment::{Outcome, RateSigns, Reply};

/// Waits for its turn. Dropped, it gives its place back.
pub(super) struct Turn {
    gate: Arc<Gate>,
    /// Taken when the answer is there.
    number: Option<u64>,
    watch: Watch,
}

/// What the one who watches does meanwhile.
enum Watch {
    Nothing,
    Sleep(Duration, BoxFuture<'static, ()>),
    Write {
        window: usize,
        revision: u64,
        writing: BoxFuture<'static, Result<(), NotKept>>,
    },
    /// Writing failed: a while until the next try.
    Rest(BoxFuture<'static, ()>),
}

impl Turn {
    pub fn new(gate: Arc<Gate>, number: u64) -> Self {
        Self { gate, number: Some(number), watch: Watch::Nothing }
    }

    /// Polls what it watches; true when something came of it.
    fn watched(&mut self, context: &mut Context<'_>) -> bool {
        match &mut self.watch {
            Watch::Nothing => false,
            Watch::Sleep(_, sleep) | Watch::Rest(sleep) => {
                if sleep.poll_unpin(context).is_pending() {
                    return false;
                }
                self.watch = Watch::Nothing;
                true
            }
            Watch::Write { window, revision, writing } => {
                let Poll::Ready(kept) = writing.poll_unpin(context) else { return false };
                let (window, revision) = (*window, *revision);
                self.watch = match &kept {
                    Ok(()) => Watch::Nothing,
                    Err(error) => {
                        tracing::warn!(%error, provider = self.gate.key.provider, "calls wait until their quota is on disk");
                        Watch::Rest(self.gate.deps.clock.sleep(AGAIN))
                    }
                };
                self.gate.written(window, revision, kept.is_ok());
                true
            }
        }
    }

    /// Begins to watch for what is next; what is under way already goes on.
    fn set(&mut self, next: Next) {
        if matches!(self.watch, Watch::Write { .. } | Watch::Rest(_)) {
            return;
        }
        match next {
            Next::Event => self.watch = Watch::Nothing,
            Next::At(at) if matches!(self.watch, Watch::Sleep(until, _) if until == at) => {}
            Next::At(at) => {
                let clock = &self.gate.deps.clock;
                self.watch = Watch::Sleep(at, clock.sleep(at.saturating_sub(clock.monotonic())));
            }
            Next::Write(window) => {
                let Some((key, order)) = self.gate.order(window) else { return };
                let revision = order.revision;
                let writing = match &self.gate.keep {
                    Some(keep) => keep.keep(key, order.row),
                    None => futures::future::ready(Ok(())).boxed(),
                };
                self.watch = Watch::Write { window, revision, writing };
            }
        }
    }

    /// A row that nobody waits for any more is written or not: what it reserves is granted to nobody.
    fn stop_watching(&mut self) {
        if let Watch::Write { window, revision, .. } = std::mem::replace(&mut self.watch, Watch::Nothing) {
            self.gate.written(window, revision, false);
        }
    }
}

impl Future for Turn {
    type Output = Result<Permit, Closed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let Some(number) = this.number else { return Poll::Pending };
            match this.gate.look(number, context.waker()) {
                Look::Answered(answer) => {
                    this.number = None;
                    this.stop_watching();
                    let gate = Arc::clone(&this.gate);
                    return Poll::Ready(answer.map(|granted| Permit { gate, granted: Some(granted) }));
                }
                Look::Wait => {
                    this.stop_watching();
                    return Poll::Pending;
                }
                Look::Watch(next) => this.set(next),
            }
            if !this.watched(context) {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.stop_watching();
        if let Some(number) = self.number {
            self.gate.leave(number);
        }
    }
}

/// Leave to make one call. Dropped without [`Permit::end`], the call counts as made and as not answered.
#[must_use]
pub struct Permit {
    gate: Arc<Gate>,
    granted: Option<Granted>,
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Permit").field("gate", &self.gate.key).finish_non_exhaustive()
    }
}

impl Permit {
    /// The call was answered, or given up after its time limit: what came of it, what the answer said about being called
    /// again, and how long it took.
    pub fn end(mut self, outcome: &Outcome, signs: &RateSigns, latency: Duration) {
        if let Some(granted) = self.granted.take() {
            self.gate.with(|state, now| state.ended(&granted, outcome, signs, latency, now));
        }
    }

    /// The same of a call for many requests, with a reply for each: what most of all says how the vendor is counts. One
    /// request that is broken among others that are not says nothing.
    pub fn answered(self, replies: &[Reply], latency: Duration) {
        let telling = |reply: &&Reply| match reply.outcome {
            Outcome::AuthFailed => 4,
            Outcome::OutOfQuota => 3,
            Outcome::RateLimited { .. } => 2,
            Outcome::Broken { .. } => 0,
            _ => 1,
        };
        // Of several that say the same the first: what a whole answer tells stands there.
        match replies.iter().rev().max_by_key(telling) {
            Some(reply) => self.end(&reply.outcome, &reply.signs, latency),
            None => self.unused(),
        }
    }

    /// The call was not made after all: somebody else may make one instead.
    pub fn unused(mut self) {
        if let Some(granted) = self.granted.take() {
            self.gate.with(|state, _| state.unused(&granted));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(granted) = self.granted.take() {
            self.gate.with(|state, _| state.dropped(&granted));
        }
    }
}
