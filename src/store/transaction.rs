//! What a transaction is: a named value with its inputs as fields that decides and writes inside the writer.
//!
//! It first reads, then decides, then writes. It may be run again (after an unknown outcome, or when a neighbour spoilt the
//! group), so time, ids and randomness come in as fields and `apply` is a function of them and the rows.

use std::any::Any;

use tokio::sync::oneshot;

use crate::store::read::StoreError;
use crate::store::reject::Reject;
use crate::store::tx::Tx;

/// Why `apply` did not go through.
#[derive(Debug)]
pub enum Refusal {
    /// The transaction said no; its writes are undone and its neighbours commit.
    Reject(Reject),
    /// The engine failed; the whole group fails.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<crate::store::engine::EngineError> for Refusal {
    fn from(error: crate::store::engine::EngineError) -> Self {
        Self::Store(error.into())
    }
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}

pub trait Transaction: Send + 'static {
    type Out: Send + 'static;
    /// For metrics, spans and errors: `lists.create`.
    const NAME: &'static str;

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Refusal>;
}

/// What a committed transaction answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed<T> {
    pub out: T,
    /// The last seq of its group: readers that wait for it see the change.
    pub seq: u64,
}

/// How a transaction that did not commit ended.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error(transparent)]
    Rejected(#[from] Reject),
    #[error("too many writes are waiting")]
    Overloaded,
    #[error("the writer has stopped")]
    Stopped,
    /// Whether it took effect is not known; run it again by its idempotency key.
    #[error("the outcome of the write is not known: {0}")]
    OutcomeUnknown(String),
    #[error("transaction {0} panicked")]
    Panicked(&'static str),
    #[error("the store failed: {0}")]
    Failed(String),
}

/// How a member of a group fared inside the write transaction.
pub(in crate::store) enum Fared {
    Applied,
    /// Refused or panicked: undo its writes.
    Refused,
    /// The engine failed: abort the group.
    Fatal(StoreError),
}

/// How a group ended.
#[derive(Debug, Clone)]
pub(in crate::store) enum GroupEnd {
    Committed(u64),
    Failed(String),
    Unknown(String),
}

/// A transaction without its type, as the writer's queues hold it.
pub trait Member: Send {
    #[doc(hidden)]
    fn run(&mut self, tx: &mut Tx<'_>) -> Ran;
    #[doc(hidden)]
    fn settle(self: Box<Self>, end: &Ended);
}

/// Opaque to everybody but the store.
pub struct Ran(pub(in crate::store) Fared);
/// Opaque to everybody but the store.
pub struct Ended(pub(in crate::store) GroupEnd);

/// Where the answer to a transaction arrives.
pub(in crate::store) type Answer<T> = oneshot::Receiver<Result<Committed<<T as Transaction>::Out>, SubmitError>>;

/// A typed transaction waiting for its group.
pub(in crate::store) struct Pending<T: Transaction> {
    transaction: T,
    outcome: Option<Result<T::Out, SubmitError>>,
    reply: oneshot::Sender<Result<Committed<T::Out>, SubmitError>>,
    /// Held until the reply is sent: the admission permit.
    _admission: Box<dyn Any + Send>,
}

impl<T: Transaction> Pending<T> {
    /// The member for the queue and where its answer arrives.
    pub(in crate::store) fn queued(transaction: T, admission: Box<dyn Any + Send>) -> (Box<dyn Member>, Answer<T>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Self { transaction, outcome: None, reply, _admission: admission }), answer)
    }
}

impl<T: Transaction> Member for Pending<T> {
    fn run(&mut self, tx: &mut Tx<'_>) -> Ran {
        let applied = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.transaction.apply(tx)));
        Ran(match applied {
            Ok(Ok(out)) => {
                self.outcome = Some(Ok(out));
                Fared::Applied
            }
            Ok(Err(Refusal::Reject(reject))) => {
                self.outcome = Some(Err(SubmitError::Rejected(reject)));
                Fared::Refused
            }
            Ok(Err(Refusal::Store(StoreError::Engine(error)))) => Fared::Fatal(StoreError::Engine(error)),
            // A damaged row is the trouble of who needs it, not of its neighbours.
            Ok(Err(Refusal::Store(damaged))) => {
                self.outcome = Some(Err(SubmitError::Failed(damaged.to_string())));
                Fared::Refused
            }
            Err(_panic) => {
                tracing::error!(transaction = T::NAME, "transaction panicked; its writes are undone");
                self.outcome = Some(Err(SubmitError::Panicked(T::NAME)));
                Fared::Refused
            }
        })
    }

    fn settle(self: Box<Self>, end: &Ended) {
        let answer = match (&end.0, self.outcome) {
            (GroupEnd::Committed(seq), Some(Ok(out))) => Ok(Committed { out, seq: *seq }),
            // A refusal stands whatever became of the neighbours.
            (_, Some(Err(error))) => Err(error),
            (GroupEnd::Unknown(detail), _) => Err(SubmitError::OutcomeUnknown(detail.clone())),
            (GroupEnd::Failed(detail), _) => Err(SubmitError::Failed(detail.clone())),
            (GroupEnd::Committed(_), None) => Err(SubmitError::Failed("the transaction was not run".to_owned())),
        };
        // The caller may be gone; the effect stands all the same.
        drop(self.reply.send(answer));
    }
}

/// Which of the writer's queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A person or a request waits for it.
    Interactive,
    /// Part of long work: imports, index flushes, clean-up.
    Bulk,
}
