//! Futures that an actor has running on the main runtime while it handles other messages.

use std::any::Any;
use std::collections::HashMap;

use tokio_util::task::AbortOnDropHandle;

use super::admission::OpenWork;
use super::turn::{Errand, Turn};

/// What a future ended with: its output, or the payload of its panic.
pub(super) type Ended = Result<Box<dyn Any + Send>, Box<dyn Any + Send>>;

/// Sent to the mailbox by a future that has ended.
pub(super) struct Completion {
    pub id: u64,
    pub ended: Ended,
}

/// One running future. Dropped (at a restart), the future is aborted and its asker is told `Interrupted`.
pub(super) struct Work<R> {
    pub id: u64,
    pub what: &'static str,
    pub _task: AbortOnDropHandle<()>,
    pub _open: OpenWork,
    /// Turns the output into the code that changes the role; a panic into its text.
    pub finish: Box<dyn FnOnce(Ended) -> Result<Act<R>, String>>,
}

/// Code that runs with the role in hand.
pub(super) type Act<R> = Box<dyn FnOnce(&mut R, &mut Turn<R>)>;

/// The running futures by id.
pub(super) struct Running<R>(HashMap<u64, Work<R>>);

impl<R> Default for Running<R> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<R> Running<R> {
    pub fn add(&mut self, work: Work<R>) {
        self.0.insert(work.id, work);
    }

    /// The errand that follows a completion; `None` when a restart dropped the work.
    pub fn complete(&mut self, completion: Completion) -> Option<Result<Errand<R>, (&'static str, String)>> {
        let Work { what, finish, _open, .. } = self.0.remove(&completion.id)?;
        Some(match finish(completion.ended) {
            Ok(act) => Ok(Errand { what, act, _open: Some(_open) }),
            Err(panic) => Err((what, panic)),
        })
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The text of a panic, as far as it has one.
pub(super) fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without text".to_owned())
}
