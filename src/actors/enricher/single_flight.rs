//! Calls that are shared: who asks what somebody is asking right now waits for that answer.
//!
//! Fifty leads of one company are one call. The first to ask makes it, the others wait; when it fails, the next of them
//! asks in turn, since a failure is nobody's answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::known::{Known, QuestionKey};
use crate::domain::enrichment::Outcome;
use crate::domain::time::Time;

/// An answer with when it was given.
pub type SharedAnswer = Option<Known>;

type Asking = HashMap<QuestionKey, watch::Receiver<SharedAnswer>>;

/// The questions that are being asked. Cheap to clone; a key is only ever that of one workspace.
#[derive(Clone, Default)]
pub struct SharedCalls {
    asking: Arc<Mutex<Asking>>,
}

/// Who makes the call.
pub enum Part {
    First(First),
    /// Somebody is asking: the answer comes here, or the sender goes without one.
    Waits(watch::Receiver<SharedAnswer>),
}

/// Makes the call for all. When it is dropped without an answer the next may; with one it is known by then.
pub struct First {
    key: QuestionKey,
    calls: SharedCalls,
    tell: watch::Sender<SharedAnswer>,
}

impl SharedCalls {
    pub fn enter(&self, key: QuestionKey) -> Part {
        match self.asking.lock().unwrap_or_else(PoisonError::into_inner).entry(key) {
            Entry::Occupied(asked) => Part::Waits(asked.get().clone()),
            Entry::Vacant(free) => {
                let (tell, hear) = watch::channel(None);
                free.insert(hear);
                Part::First(First { key, calls: self.clone(), tell })
            }
        }
    }
}

impl First {
    pub const fn key(&self) -> QuestionKey {
        self.key
    }

    /// Tells those who wait, and who asks until this is dropped: when the answer is where answers are kept. Only what may
    /// be kept is told; says whether it was.
    pub fn answer(&self, at: Time, outcome: &Outcome) -> bool {
        let may_be_kept = matches!(outcome, Outcome::Found(_) | Outcome::Partial(_) | Outcome::NotFound);
        if may_be_kept {
            self.is_known(Known { since: at, outcome: outcome.clone(), of_company: None });
        }
        may_be_kept
    }

    /// Tells those who wait that nobody has to be asked.
    pub fn is_known(&self, known: Known) {
        self.tell.send_replace(Some(known));
    }
}

impl Drop for First {
    fn drop(&mut self) {
        self.calls.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Waits for the answer; nothing when there will be none.
pub async fn heard(mut answer: watch::Receiver<SharedAnswer>) -> SharedAnswer {
    // The last value is seen even when the sender is gone already.
    let _gone = answer.wait_for(Option::is_some).await.is_err();
    answer.borrow().clone()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_others_hear_what_the_first_was_told_and_ask_themselves_when_it_failed() {
        let calls = SharedCalls::default();
        let (Part::First(first), Part::Waits(second)) = (calls.enter([1; 32]), calls.enter([1; 32])) else {
            panic!("one of them calls")
        };
        assert!(matches!(calls.enter([2; 32]), Part::First(_)), "another question");
        let mut waiting = heard(second).boxed();
        assert!((&mut waiting).now_or_never().is_none());
        assert!(first.answer(Time(5), &Outcome::NotFound));
        let known = Known { since: Time(5), outcome: Outcome::NotFound, of_company: None };
        assert_eq!(waiting.now_or_never(), Some(Some(known)));
        assert!(matches!(calls.enter([1; 32]), Part::Waits(_)), "it is not written yet");
        drop(first);
        let (Part::First(first), Part::Waits(second)) = (calls.enter([1; 32]), calls.enter([1; 32])) else {
            panic!("it is over")
        };
        assert!(!first.answer(Time(6), &Outcome::AuthFailed));
        drop(first);
        assert_eq!(heard(second).now_or_never(), Some(None));
        assert!(matches!(calls.enter([1; 32]), Part::First(_)));
    }
}
