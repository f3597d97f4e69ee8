//! The one home of actix: panic capture, restart, permits, metrics, orderly stop.
//!
//! An actor is a plain struct with plain methods (`Role`, `Handle<M>`); the rest of the house holds its `Port<M>`s and
//! never sees actix. What the kit promises, each promise with a test in `tests/suite/kit_traps.rs`:
//!
//! - **Bounded.** A request enters with a permit that it gives back with its answer. actix mailboxes bound nothing
//!   when many callers send at once, so the permit is the bound: over it the caller gets `AskError::Overloaded`.
//! - **Accepted means run.** Once a request is in the mailbox, a caller that goes away does not take it back.
//! - **A panic costs one request.** Its caller gets `AskError::Panicked`; the role rebuilds itself from the store, the
//!   same ports keep working, and the mailbox and the timers are kept. Running futures and `notify` messages are not:
//!   what matters is a row in the store, and `Role::rebuild` looks there.
//! - **Restarts are counted.** Each waits longer than the one before; over the budget the escalation callback is told,
//!   and the process ends with a clear message instead of spinning.
//! - **Stop is orderly.** Actor by actor: admission ends, what was accepted is answered, `Role::stopping` runs, and
//!   only then the threads end.
//!
//! Who starts what: `ActorSystem::start` on the main runtime, `ActorSystem::spawn` for each role, `ActorSystem::shutdown`.

#![allow(clippy::disallowed_methods)] // Timers, restart windows, mailbox ages: figures about the machine itself.

mod actor;
mod admission;
mod mailbox;
mod meter;
mod outcome;
mod port;
mod restart;
mod role;
mod shell;
mod system;
mod turn;
mod wake;
mod work;

pub use actor::{ActorRef, Placement, Spawn};
pub use admission::Lane;
pub use outcome::{Outcome, Reply};
pub use port::{Admission, Answer, AskError, Port};
pub use restart::RestartPolicy;
pub use role::{Handle, Message, Role, RoleError};
pub use system::{ActorSystem, Escalation, ShutdownReport, SystemError};
pub use turn::Turn;
pub use wake::WakePort;
