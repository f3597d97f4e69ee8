//! What a role may ask for while it handles a message. The kit does it after the handler has returned.
//!
//! A turn only collects: it knows nothing of actix, so a role can be driven by anything that reads a turn.

use std::any::{Any, TypeId};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::admission::{OpenWork, Phase, Shared};
use super::outcome::Outcome;
use super::role::{Handle, Message, RoleError};
use super::work::{Act, Completion, Work, panic_text};

/// One call of a role.
pub struct Turn<R> {
    pub(super) shared: Arc<Shared>,
    pub(super) main: runtime::Handle,
    /// Puts a completion into the mailbox.
    pub(super) complete: Arc<dyn Fn(Completion) + Send + Sync>,
    pub(super) what: &'static str,
    pub(super) effects: Vec<Effect<R>>,
    pub(super) error: Option<RoleError>,
}

/// What the kit does after the call, in the order asked for.
pub(super) enum Effect<R> {
    Notify(Errand<R>),
    Timer { delay: Duration, alarm: Option<TypeId>, errand: Errand<R> },
    Work(Work<R>),
    Here(LocalWork<R>),
}

/// A future on the actor's own thread; ends like the ones elsewhere.
pub(super) struct LocalWork<R> {
    pub what: &'static str,
    pub open: OpenWork,
    pub future: Pin<Box<dyn Future<Output = Result<Act<R>, String>>>>,
}

/// Something to do with the role, and what to call it in the log.
pub(super) struct Errand<R> {
    pub what: &'static str,
    pub act: Act<R>,
    /// Keeps a shutdown waiting until it is done; timers do not.
    pub _open: Option<OpenWork>,
}

impl<R> Turn<R> {
    /// The name of this actor, with its instance.
    pub fn actor(&self) -> &str {
        &self.shared.name
    }

    /// How often this actor has been built, this time included: 1 in the first `rebuild`.
    pub fn builds(&self) -> u64 {
        self.shared.builds()
    }

    /// True when the actor drains: finish what was accepted, start nothing new.
    pub fn is_stopping(&self) -> bool {
        self.shared.phase() != Phase::Open
    }

    /// Sends `message` to this actor; it runs after everything that lies in the mailbox now. One flush for all that
    /// queued during the last commit. Not kept over a restart.
    pub fn notify<M: Message>(&mut self, message: M)
    where
        R: Handle<M>,
    {
        let errand = Errand { _open: Some(self.shared.open()), ..errand(message) };
        self.effects.push(Effect::Notify(errand));
    }

    /// Sends `message` to this actor after `delay`. Kept over a restart; dropped at shutdown.
    pub fn after<M: Message>(&mut self, delay: Duration, message: M)
    where
        R: Handle<M>,
    {
        self.effects.push(Effect::Timer { delay, alarm: None, errand: errand(message) });
    }

    /// Like `after`, but there is one alarm for each message type: setting it again moves it. What `rebuild` uses, so
    /// that a restart does not leave two.
    pub fn alarm<M: Message>(&mut self, delay: Duration, message: M)
    where
        R: Handle<M>,
    {
        self.effects.push(Effect::Timer { delay, alarm: Some(TypeId::of::<M>()), errand: errand(message) });
    }

    /// Restarts the actor after this call (or gives it up, if the error is fatal).
    pub fn stop_with_error(&mut self, error: RoleError) {
        self.error = Some(error);
    }

    /// Runs `work` on the main runtime beside later messages, then `finish` with the role in hand. What the role holds
    /// may have changed in between; `finish` is the commit point. A panic of either restarts the actor.
    pub fn run<F, T>(
        &mut self,
        work: F,
        finish: impl FnOnce(&mut R, F::Output, &mut Turn<R>) -> T + 'static,
    ) -> Outcome<T>
    where
        F: Future<Output: Send> + Send + 'static,
        T: 'static,
        R: 'static,
    {
        let (reply, outcome) = Outcome::later();
        let (id, complete) = (self.shared.next_id(), self.complete.clone());
        let task = async move {
            let ended =
                AssertUnwindSafe(work).catch_unwind().await.map(|output| Box::new(output) as Box<dyn Any + Send>);
            complete(Completion { id, ended });
        };
        let work = Work {
            id,
            what: self.what,
            _task: AbortOnDropHandle::new(self.main.spawn(task.in_current_span())),
            _open: self.shared.open(),
            finish: Box::new(move |ended| match ended.and_then(|output| output.downcast::<F::Output>()) {
                Ok(output) => Ok(Box::new(move |role: &mut R, turn: &mut Turn<R>| {
                    let answer = finish(role, *output, turn);
                    reply.send(answer);
                }) as Act<R>),
                Err(payload) => {
                    reply.panicked();
                    Err(panic_text(&*payload))
                }
            }),
        };
        self.effects.push(Effect::Work(work));
        outcome
    }

    /// Like `run`, on the actor's own thread: for futures that are not `Send`. Every one is polled whenever the actor
    /// wakes, so this is for a few at a time; blocking in it blocks the actor.
    pub fn run_here<F, T>(
        &mut self,
        work: F,
        finish: impl FnOnce(&mut R, F::Output, &mut Turn<R>) -> T + 'static,
    ) -> Outcome<T>
    where
        F: Future + 'static,
        T: 'static,
        R: 'static,
    {
        let (reply, outcome) = Outcome::later();
        let future = async move {
            match AssertUnwindSafe(work).catch_unwind().await {
                Ok(output) => Ok(Box::new(move |role: &mut R, turn: &mut Turn<R>| {
                    let answer = finish(role, output, turn);
                    reply.send(answer);
                }) as Act<R>),
                Err(payload) => {
                    reply.panicked();
                    Err(panic_text(&*payload))
                }
            }
        };
        let work = LocalWork { what: self.what, open: self.shared.open(), future: Box::pin(future.in_current_span()) };
        self.effects.push(Effect::Here(work));
        outcome
    }
}

/// A message to oneself, whose answer nobody waits for.
fn errand<R: Handle<M>, M: Message>(message: M) -> Errand<R> {
    let act = move |role: &mut R, turn: &mut Turn<R>| role.handle(message, turn).settle(None);
    Errand { what: std::any::type_name::<M>(), act: Box::new(act), _open: None }
}
