//! Wake-ups: "there is new work in the store". Any number of them is one message.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// A way to wake an actor without a queue: rings before the actor looks collapse into one.
///
/// It exists before the actor does, so that two actors can wake each other: make it, give it away, and tie it to its
/// actor with `ActorRef::answer_wakes`. Rings before that are kept as one.
#[derive(Clone, Default)]
pub struct WakePort {
    bell: Arc<Bell>,
}

#[derive(Default)]
pub(super) struct Bell {
    /// A wake-up is on its way or waits to be tied.
    rung: AtomicBool,
    /// Sends one wake-up message; set once.
    target: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl WakePort {
    pub fn new() -> Self {
        Self::default()
    }

    /// Never blocks, never queues.
    pub fn wake(&self) {
        if !self.bell.rung.swap(true, Ordering::SeqCst)
            && let Some(send) = self.bell.target.get()
        {
            send();
        }
    }

    /// Ties the port to its actor; false when it was tied before.
    pub(super) fn tie(&self, make: impl FnOnce(Arc<Bell>) -> Box<dyn Fn() + Send + Sync>) -> bool {
        let tied = self.bell.target.set(make(self.bell.clone())).is_ok();
        // a ring that came before the target was set sent nothing; one that raced with it sends twice, which `take` folds
        if tied
            && self.bell.rung.load(Ordering::SeqCst)
            && let Some(send) = self.bell.target.get()
        {
            send();
        }
        tied
    }
}

impl Bell {
    /// Lowers the bell before the actor looks, so that a ring while it looks is a new one. False: already answered.
    pub fn take(&self) -> bool {
        self.rung.swap(false, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_message_that_was_sent_twice_is_answered_once() {
        let port = WakePort::new();
        port.wake();
        assert!(port.bell.take());
        assert!(!port.bell.take());
    }

    #[test]
    fn only_the_first_ring_sends_until_it_is_taken() {
        let (port, sent) = (WakePort::new(), Arc::new(AtomicUsize::new(0)));
        let count = sent.clone();
        port.tie(|_| {
            Box::new(move || {
                count.fetch_add(1, Ordering::SeqCst);
            })
        });
        assert_eq!(sent.load(Ordering::SeqCst), 0, "nothing rang before");
        port.wake();
        port.wake();
        assert_eq!(sent.load(Ordering::SeqCst), 1);
        assert!(port.bell.take());
        port.wake();
        assert_eq!(sent.load(Ordering::SeqCst), 2);
    }
}
