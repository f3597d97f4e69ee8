//! The actix actor around a role: every call of a role's code goes through `Shell::call`, and no panic leaves it.
//!
//! A failure stops the actix context. Its supervisor then drops running futures and `notify` messages, keeps the
//! mailbox and the addresses, and calls `started` again: there we wait, rebuild, and set the timers anew. actix calls
//! its own `stopping` and `stopped` during a panic unwind too, so nothing is done in them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, SpawnHandle, Supervised, WrapFuture};
use tokio::runtime;
use tokio::time::Instant;
use tracing::{Span, error, info, warn};

use super::admission::{Phase, Shared};
use super::restart::{FailureLog, RestartPolicy, Verdict};
use super::role::{Role, RoleError};
use super::system::Escalation;
use super::turn::{Effect, Errand, Turn};
use super::work::{Completion, Running, panic_text};

pub(super) struct Shell<R: Role> {
    /// Kept over restarts, as actix keeps it; `Role::rebuild` puts it in order. Taken when the actor is over, so that
    /// the replies and files it holds are let go.
    role: Option<Box<R>>,
    pub(super) shared: Arc<Shared>,
    /// Where `Turn::run` runs.
    main: runtime::Handle,
    span: Span,
    escalate: Arc<dyn Fn(Escalation) + Send + Sync>,
    policy: RestartPolicy,
    failures: FailureLog,
    spawned: Instant,
    /// The pause before the next build.
    pause: Option<Duration>,
    /// False from a failure until the role is rebuilt.
    built: bool,
    timers: BTreeMap<u64, Timer<R>>,
    pub(super) running: Running<R>,
    /// How a future brings its output back; made once, since an address is not cheap to clone.
    complete: Option<Arc<dyn Fn(Completion) + Send + Sync>>,
}

struct Timer<R> {
    due: Instant,
    alarm: Option<std::any::TypeId>,
    handle: SpawnHandle,
    errand: Errand<R>,
}

/// Why a call of the role has no result.
pub(super) enum NoResult {
    Panicked,
    /// The role is not called any more, or not before it is rebuilt.
    Closed,
}

/// What a shell is made with.
pub(super) struct Fittings {
    pub shared: Arc<Shared>,
    pub main: runtime::Handle,
    pub escalate: Arc<dyn Fn(Escalation) + Send + Sync>,
    pub policy: RestartPolicy,
}

impl<R: Role> Shell<R> {
    /// A panic of `make` is a failure that no restart can help.
    pub fn new(make: impl FnOnce() -> R, fittings: Fittings) -> Self {
        let Fittings { shared, main, escalate, policy } = fittings;
        let role = catch_unwind(AssertUnwindSafe(|| Box::new(make())));
        let unmade = role.as_ref().err().map(|payload| panic_text(&**payload));
        let mut shell = Self {
            role: role.ok(),
            span: tracing::info_span!("actor", name = %shared.name),
            shared,
            main,
            escalate,
            policy,
            failures: FailureLog::default(),
            spawned: Instant::now(),
            pause: None,
            built: false,
            timers: BTreeMap::new(),
            running: Running::default(),
            complete: None,
        };
        if let Some(text) = unmade {
            shell.give_up("making the role", &RoleError::fatal(format_args!("panicked: {text}")));
        }
        shell
    }

    /// Calls the role when it is fit to be called, and does what the turn asks for.
    pub(super) fn call<T>(
        &mut self,
        what: &'static str,
        ctx: &mut Context<Self>,
        act: impl FnOnce(&mut R, &mut Turn<R>) -> T,
    ) -> Result<T, NoResult> {
        if !self.built || self.shared.over() {
            return Err(NoResult::Closed);
        }
        let result = self.call_unchecked(what, ctx, act);
        if result.is_ok() {
            self.shared.meter.handled.increment(1);
        }
        result
    }

    fn call_unchecked<T>(
        &mut self,
        what: &'static str,
        ctx: &mut Context<Self>,
        act: impl FnOnce(&mut R, &mut Turn<R>) -> T,
    ) -> Result<T, NoResult> {
        let span = self.span.clone();
        let _inside = span.enter();
        let Some(role) = self.role.as_deref_mut() else { return Err(NoResult::Closed) };
        let complete = self.complete.get_or_insert_with(|| {
            let address = ctx.address();
            Arc::new(move |completion| address.do_send(completion))
        });
        let mut turn = Turn {
            shared: self.shared.clone(),
            main: self.main.clone(),
            complete: complete.clone(),
            what,
            effects: Vec::new(),
            error: None,
        };
        match catch_unwind(AssertUnwindSafe(|| act(role, &mut turn))) {
            Ok(value) => {
                for effect in turn.effects {
                    self.do_effect(effect, ctx);
                }
                if let Some(error) = turn.error {
                    self.fail(what, error, ctx);
                }
                Ok(value)
            }
            Err(payload) => {
                self.fail(what, panicked(&panic_text(&*payload)), ctx);
                Err(NoResult::Panicked)
            }
        }
    }

    fn do_effect(&mut self, effect: Effect<R>, ctx: &mut Context<Self>) {
        match effect {
            Effect::Notify(errand) => ctx.notify(errand),
            Effect::Timer { delay, alarm, errand } => {
                if let Some(kind) = alarm {
                    self.cancel_alarm(kind, ctx);
                }
                let (id, due) = (self.shared.next_id(), Instant::now() + delay);
                let handle = set_timer(id, due, ctx);
                self.timers.insert(id, Timer { due, alarm, handle, errand });
            }
            Effect::Work(work) => self.running.add(work),
            Effect::Here(work) => {
                let (what, open) = (work.what, work.open);
                ctx.spawn(work.future.into_actor(self).map(move |ended, shell, ctx| match ended {
                    Ok(act) => shell.run_errand(Errand { what, act, _open: Some(open) }, ctx),
                    Err(panic) => shell.fail(what, panicked(&panic), ctx),
                }));
            }
        }
    }

    fn cancel_alarm(&mut self, kind: std::any::TypeId, ctx: &mut Context<Self>) {
        let earlier = self.timers.iter().find(|(_, timer)| timer.alarm == Some(kind)).map(|(id, _)| *id);
        if let Some(timer) = earlier.and_then(|id| self.timers.remove(&id)) {
            ctx.cancel_future(timer.handle);
        }
    }

    /// An errand of a closed actor is dropped; whoever waits for it is told by its reply.
    pub(super) fn run_errand(&mut self, errand: Errand<R>, ctx: &mut Context<Self>) {
        let Errand { what, act, _open } = errand;
        let _ = self.call(what, ctx, act);
    }

    fn fire(&mut self, id: u64, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timers.remove(&id) {
            self.run_errand(timer.errand, ctx);
        }
    }

    /// Counts a failure, and either stops the context, so that its supervisor starts it again, or gives up.
    pub(super) fn fail(&mut self, what: &'static str, error: RoleError, ctx: &mut Context<Self>) {
        if self.shared.over() {
            return;
        }
        self.built = false;
        self.shared.ready.send_replace(false);
        self.shared.meter.failed.increment(1);
        let verdict = match &error {
            RoleError::Restart(_) => self.failures.record(&self.policy, self.spawned.elapsed()),
            RoleError::Fatal(_) => Verdict::GiveUp,
        };
        match verdict {
            Verdict::RestartAfter(pause) => {
                warn!(parent: &self.span, %error, message = what, pause_ms = pause.as_millis() as u64, "actor restarts");
                self.pause = Some(pause);
            }
            Verdict::GiveUp => self.give_up(what, &error),
        }
        self.running.clear();
        ctx.stop();
    }

    fn give_up(&mut self, what: &'static str, error: &RoleError) {
        error!(parent: &self.span, %error, message = what, "actor given up");
        self.shared.advance(Phase::Failed);
        self.let_go();
        let escalation = Escalation { actor: self.shared.name.clone(), reason: error.to_string() };
        if catch_unwind(AssertUnwindSafe(|| (self.escalate)(escalation))).is_err() {
            error!(parent: &self.span, "the escalation callback panicked");
        }
    }

    /// Drops the role and what it was going to do; replies still owed say `Stopped`.
    fn let_go(&mut self) {
        self.timers.clear();
        self.running.clear();
        let role = self.role.take();
        if catch_unwind(AssertUnwindSafe(|| drop(role))).is_err() {
            error!(parent: &self.span, "the role panicked while it was dropped");
        }
    }

    fn rebuild(&mut self, ctx: &mut Context<Self>) {
        if self.shared.over() {
            return;
        }
        self.shared.count_build();
        let mut failure = None;
        let called = self.call_unchecked("rebuild", ctx, |role, turn| failure = role.rebuild(turn).err());
        match (called, failure) {
            (Ok(()), None) => {
                self.built = ctx.state().alive();
                self.shared.ready.send_replace(self.built);
                info!(parent: &self.span, builds = self.shared.builds(), "actor built");
            }
            (Ok(()), Some(error)) => self.fail("rebuild", error, ctx),
            (Err(_), _) => {}
        }
    }

    /// The last call of the role, which is dropped after it.
    pub(super) fn end(&mut self) -> Result<(), String> {
        match self.shared.phase() {
            Phase::Failed => return Err("given up before".to_owned()),
            Phase::Stopped => {
                self.let_go();
                return Ok(());
            }
            Phase::Open | Phase::Draining => self.shared.advance(Phase::Stopped),
        }
        let span = self.span.clone();
        let _inside = span.enter();
        let ended = match self.role.as_deref_mut() {
            Some(role) if self.built => catch_unwind(AssertUnwindSafe(|| role.stopping())),
            _ => Ok(Err(RoleError::restart("was not rebuilt after a failure"))),
        };
        self.let_go();
        ended.unwrap_or_else(|payload| Err(panicked(&panic_text(&*payload)))).map_err(|error| error.to_string())
    }
}

pub(super) fn panicked(text: &str) -> RoleError {
    RoleError::restart(format_args!("panicked: {text}"))
}

fn set_timer<R: Role>(id: u64, due: Instant, ctx: &mut Context<Shell<R>>) -> SpawnHandle {
    ctx.run_later(due.saturating_duration_since(Instant::now()), move |shell, ctx| shell.fire(id, ctx))
}

impl<R: Role> Actor for Shell<R> {
    type Context = Context<Self>;

    /// Called at first and after every failure; nothing of the mailbox is handled before the role is built.
    fn started(&mut self, ctx: &mut Context<Self>) {
        let Some(pause) = self.pause.take() else { return self.rebuild(ctx) };
        if self.shared.over() {
            return;
        }
        self.shared.meter.restarts.increment(1);
        for (id, timer) in &mut self.timers {
            timer.handle = set_timer(*id, timer.due, ctx);
        }
        let shared = self.shared.clone();
        let wait = async move {
            if shared.phase() == Phase::Open {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shared.hurry.notified() => {}
                }
            }
        };
        ctx.wait(wait.into_actor(self).map(|(), shell, ctx| shell.rebuild(ctx)));
    }
}

impl<R: Role> Supervised for Shell<R> {}
