//! What an actor is made of: a role, the messages it handles, and how it says that it cannot go on.

use super::outcome::Outcome;
use super::turn::Turn;

/// The behaviour of one actor: a plain struct that lives on one thread and is never shared.
pub trait Role: Sized + 'static {
    /// The name in logs, metrics and errors, in snake case: `store_writer`.
    const NAME: &'static str;

    /// Called before the first message and after every failure: throw away caches, pending groups and held replies,
    /// build them again from the store, set alarms (`Turn::alarm`). After a panic the struct may be half changed, so
    /// nothing in it may be trusted. The mailbox waits meanwhile.
    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError>;

    /// The last call at an orderly shutdown, after everything accepted was answered. Never during a panic.
    fn stopping(&mut self) -> Result<(), RoleError> {
        Ok(())
    }
}

/// A command or a fact that an actor handles: one struct, owned data, in batches.
pub trait Message: Send + 'static {
    type Reply: Send + 'static;
}

/// How a role handles one kind of message.
///
/// The reply is given at once (`Outcome::now`), kept for later (`Outcome::later`) or comes from a future that runs
/// beside later messages (`Turn::run`, `Turn::run_here`).
pub trait Handle<M: Message>: Role {
    fn handle(&mut self, message: M, turn: &mut Turn<Self>) -> Outcome<M::Reply>;
}

/// Why a role cannot go on as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// A restart may help; it counts against the budget.
    #[error("{0}")]
    Restart(String),
    /// No restart can help: escalate at once.
    #[error("{0}")]
    Fatal(String),
}

impl RoleError {
    pub fn restart(reason: impl ToString) -> Self {
        Self::Restart(reason.to_string())
    }

    pub fn fatal(reason: impl ToString) -> Self {
        Self::Fatal(reason.to_string())
    }
}
