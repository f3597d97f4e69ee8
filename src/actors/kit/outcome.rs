//! How a request is answered: at once, later, or never (and then the asker is told why).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::admission::Admitted;
use super::port::AskError;

/// What a handler returns.
pub struct Outcome<T>(Kind<T>);

enum Kind<T> {
    Now(T),
    Later(Arc<Mutex<Slot<T>>>),
}

impl<T> Outcome<T> {
    pub fn now(value: T) -> Self {
        Self(Kind::Now(value))
    }

    /// The actor keeps the `Reply` and answers when it can: a group commit answers all of its group after the fsync.
    pub fn later() -> (Reply<T>, Self) {
        let slot = Arc::new(Mutex::new(Slot::Open));
        (Reply { slot: slot.clone() }, Self(Kind::Later(slot)))
    }

    /// Ties the outcome to who asked; `None` when nobody waits for it.
    pub(super) fn settle(self, asker: Option<ReplyTo<T>>) {
        match (self.0, asker) {
            (Kind::Now(value), Some(asker)) => asker.send(value),
            (Kind::Now(_), None) => {}
            (Kind::Later(slot), Some(asker)) => attach(&slot, asker),
            (Kind::Later(slot), None) => drop(replace(&slot, Slot::Nobody)),
        }
    }
}

impl<T> From<T> for Outcome<T> {
    fn from(value: T) -> Self {
        Self::now(value)
    }
}

/// The meeting place of a deferred answer and its asker; either may come first.
enum Slot<T> {
    /// Neither is here yet.
    Open,
    Asker(ReplyTo<T>),
    Answer(T),
    /// The reply was given up; with true, because the code that held it panicked.
    GivenUp {
        panicked: bool,
    },
    /// Nobody asked, or all is done.
    Nobody,
}

/// Only moves values under the lock, so a poisoned lock still holds a whole slot.
fn replace<T>(slot: &Mutex<Slot<T>>, new: Slot<T>) -> Slot<T> {
    std::mem::replace(&mut slot.lock().unwrap_or_else(PoisonError::into_inner), new)
}

fn attach<T>(slot: &Mutex<Slot<T>>, asker: ReplyTo<T>) {
    let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match std::mem::replace(&mut *held, Slot::Nobody) {
        Slot::Open => *held = Slot::Asker(asker),
        Slot::Answer(value) => asker.send(value),
        Slot::GivenUp { panicked: true } => asker.panicked(),
        Slot::GivenUp { panicked: false } | Slot::Nobody | Slot::Asker(_) => drop(asker),
    }
}

/// The answer that an actor still owes. Dropped without `send`, the asker is told `Interrupted` (`Panicked` when a
/// panic dropped it, `Stopped` when the actor is over).
pub struct Reply<T> {
    slot: Arc<Mutex<Slot<T>>>,
}

impl<T> Reply<T> {
    pub fn send(self, value: T) {
        let mut held = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *held, Slot::Nobody) {
            Slot::Open => *held = Slot::Answer(value),
            Slot::Asker(asker) => {
                drop(held);
                asker.send(value);
            }
            Slot::Answer(_) | Slot::GivenUp { .. } | Slot::Nobody => {}
        }
    }

    /// False when the asker has gone. A side effect asked for is still owed; a scarce good (a permit) is not.
    pub fn is_awaited(&self) -> bool {
        match &*self.slot.lock().unwrap_or_else(PoisonError::into_inner) {
            Slot::Asker(asker) => asker.is_awaited(),
            Slot::Open => true,
            Slot::Answer(_) | Slot::GivenUp { .. } | Slot::Nobody => false,
        }
    }

    /// Tells the asker that the work panicked.
    pub(super) fn panicked(self) {
        self.give_up(true);
    }

    fn give_up(&self, panicked: bool) {
        let mut held = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *held, Slot::Nobody) {
            Slot::Open => *held = Slot::GivenUp { panicked },
            Slot::Asker(asker) if panicked => asker.panicked(),
            Slot::Asker(asker) => drop(asker),
            answered @ Slot::Answer(_) => *held = answered,
            Slot::GivenUp { panicked } => *held = Slot::GivenUp { panicked },
            Slot::Nobody => {}
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        self.give_up(std::thread::panicking());
    }
}

/// The way back to one asker. Its permit is held until it is answered.
pub(super) struct ReplyTo<T> {
    sender: Option<oneshot::Sender<Result<T, AskError>>>,
    admitted: Admitted,
}

impl<T> ReplyTo<T> {
    pub fn new(admitted: Admitted) -> (Self, oneshot::Receiver<Result<T, AskError>>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender: Some(sender), admitted }, receiver)
    }

    /// An asker that has gone is no error: what it asked for was done.
    pub fn send(mut self, value: T) {
        self.finish(Ok(value));
    }

    pub fn panicked(mut self) {
        self.finish(Err(AskError::Panicked(self.admitted.work.shared().name.clone())));
    }

    fn is_awaited(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    fn finish(&mut self, answer: Result<T, AskError>) {
        if let Some(sender) = self.sender.take() {
            // the send fails only when the asker has gone
            let _ = sender.send(answer);
        }
    }
}

impl<T> Drop for ReplyTo<T> {
    fn drop(&mut self) {
        if self.sender.is_some() {
            let shared = self.admitted.work.shared();
            let name = shared.name.clone();
            let why = match () {
                () if std::thread::panicking() => AskError::Panicked(name),
                () if shared.over() => AskError::Stopped(name),
                () => AskError::Interrupted(name),
            };
            self.finish(Err(why));
        }
    }
}
