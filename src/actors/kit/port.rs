//! What others hold of an actor: a typed, bounded, cloneable way in.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, TryAcquireError, oneshot};

use super::admission::{Admitted, Lane, Shared};
use super::outcome::ReplyTo;
use super::role::Message;

/// Why a request has no answer. Each names the actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Not accepted: no permit was free in time. Ask again later (over HTTP 503 with `Retry-After`).
    #[error("{0} has no room for another request")]
    Overloaded(Arc<str>),
    /// Not run: the actor is stopping, has stopped, or was given up.
    #[error("{0} has stopped")]
    Stopped(Arc<str>),
    /// Accepted, and its handling panicked: what was committed before the panic stands.
    #[error("{0} failed on this request")]
    Panicked(Arc<str>),
    /// Accepted and perhaps run, but the actor restarted, or gave the reply up, before it answered.
    #[error("{0} restarted before it answered")]
    Interrupted(Arc<str>),
}

/// A message on its way, with the way back.
pub(super) struct Delivery<M: Message> {
    pub message: M,
    pub reply_to: ReplyTo<M::Reply>,
    pub sent: Instant,
}

/// The mailbox of some actor that handles `M`.
pub(super) trait Deliver<M: Message>: Send + Sync {
    fn deliver(&self, delivery: Delivery<M>);
}

/// A way to ask an actor for `M`.
pub struct Port<M: Message> {
    pub(super) mailbox: Arc<dyn Deliver<M>>,
    pub(super) shared: Arc<Shared>,
    pub(super) lane: Lane,
}

impl<M: Message> Clone for Port<M> {
    fn clone(&self) -> Self {
        Self { mailbox: self.mailbox.clone(), shared: self.shared.clone(), lane: self.lane.clone() }
    }
}

impl<M: Message> fmt::Debug for Port<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port<{}>({})", std::any::type_name::<M>(), self.shared.name)
    }
}

impl<M: Message> Port<M> {
    /// Asks and waits for the answer. Waits for a permit as long as the lane allows, then `Overloaded`. From the
    /// moment of acceptance the request runs, whether or not this future is still there.
    pub async fn ask(&self, message: M) -> Result<M::Reply, AskError> {
        self.admit().await?.send(message).await
    }

    /// Like `ask`, but waits for a permit as long as it takes: back-pressure for our own batch producers.
    pub async fn ask_patiently(&self, message: M) -> Result<M::Reply, AskError> {
        let permit = self.lane.permits.clone().acquire_owned().await.map_err(|_| self.stopped())?;
        self.admission(permit)?.send(message).await
    }

    /// A permit now or not at all. Held before the work of preparing a request is done.
    pub fn try_admit(&self) -> Result<Admission<M>, AskError> {
        match self.lane.permits.clone().try_acquire_owned() {
            Ok(permit) => self.admission(permit),
            Err(TryAcquireError::NoPermits) => Err(AskError::Overloaded(self.shared.name.clone())),
            Err(TryAcquireError::Closed) => Err(self.stopped()),
        }
    }

    /// A permit within the patience of the lane.
    pub async fn admit(&self) -> Result<Admission<M>, AskError> {
        match self.try_admit() {
            Err(AskError::Overloaded(_)) if !self.lane.patience.is_zero() => {}
            decided => return decided,
        }
        match tokio::time::timeout(self.lane.patience, self.lane.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => self.admission(permit),
            Ok(Err(_closed)) => Err(self.stopped()),
            Err(_elapsed) => Err(AskError::Overloaded(self.shared.name.clone())),
        }
    }

    fn admission(&self, permit: OwnedSemaphorePermit) -> Result<Admission<M>, AskError> {
        let admitted = Admitted::new(self.shared.enter()?, permit);
        Ok(Admission { mailbox: self.mailbox.clone(), admitted })
    }

    fn stopped(&self) -> AskError {
        AskError::Stopped(self.shared.name.clone())
    }
}

/// The right to send one message. A shutdown waits for it to be used or dropped.
pub struct Admission<M: Message> {
    mailbox: Arc<dyn Deliver<M>>,
    admitted: Admitted,
}

impl<M: Message> Admission<M> {
    /// Hands the message over: it is accepted when this returns. The answer may be awaited or dropped.
    pub fn send(self, message: M) -> Answer<M::Reply> {
        let name = self.admitted.work.shared().name.clone();
        let (reply_to, receiver) = ReplyTo::new(self.admitted);
        self.mailbox.deliver(Delivery { message, reply_to, sent: Instant::now() });
        Answer { receiver, name }
    }
}

/// The answer to an accepted request.
#[must_use = "the request runs anyway; drop the answer explicitly when it is not wanted"]
pub struct Answer<T> {
    receiver: oneshot::Receiver<Result<T, AskError>>,
    name: Arc<str>,
}

impl<T> Future for Answer<T> {
    type Output = Result<T, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver)
            .poll(cx)
            .map(|answer| answer.unwrap_or_else(|_| Err(AskError::Stopped(self.name.clone()))))
    }
}
