//! Where actors live: the threads, how one is spawned on them, and the orderly end.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use actix::Supervisor;
use actix_rt::{Arbiter, ArbiterHandle, System};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::actor::{ActorRef, Placement, Spawn};
use super::admission::{Lane, Phase, Shared};
use super::mailbox::End;
use super::meter::Meter;
use super::role::Role;
use super::shell::{Fittings, Shell};

/// An actor that was given up. The process should end and say so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{actor} cannot go on: {reason}")]
pub struct Escalation {
    pub actor: Arc<str>,
    pub reason: String,
}

/// The threads of the actors could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    #[error("cannot start an actor thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error("the actor system has ended")]
    Ended,
}

/// What is needed to end one actor.
#[derive(Clone)]
struct Member {
    shared: Arc<Shared>,
    end: Arc<dyn Fn(End) + Send + Sync>,
}

impl Member {
    async fn end_until(&self, until: Instant) -> Result<(), String> {
        let Self { shared, end } = self;
        shared.advance(Phase::Draining);
        let ended = async {
            if shared.phase() != Phase::Failed {
                shared.drained().await;
            }
            let (done, told) = oneshot::channel();
            end(End { done });
            told.await.unwrap_or_else(|_| Err("its thread has ended".to_owned()))
        };
        match timeout_at(until, ended).await {
            Ok(ended) => ended,
            Err(_elapsed) => {
                let open = shared.open_work();
                shared.advance(Phase::Stopped);
                // when it comes to it, the role is dropped without its last flush
                end(End { done: oneshot::channel().0 });
                Err(format!("{open} accepted requests open at the deadline"))
            }
        }
    }
}

/// The actors of the process.
pub struct ActorSystem {
    main: runtime::Handle,
    escalate: Arc<dyn Fn(Escalation) + Send + Sync>,
    /// Set while the system runs.
    system: System,
    shared_thread: ArbiterHandle,
    /// Threads to end and to wait for.
    threads: Mutex<Threads>,
    /// In the order of their start.
    members: Mutex<Vec<Member>>,
}

#[derive(Default)]
struct Threads {
    arbiters: Vec<Arbiter>,
    system: Option<std::thread::JoinHandle<()>>,
}

/// How a shutdown went.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Answered all they had accepted and made their last flush, in this order.
    pub ended: Vec<String>,
    /// Not done, and why.
    pub unclean: Vec<(String, String)>,
}

impl ActorSystem {
    /// Starts the threads. `main` is the runtime where `Turn::run` runs; `escalate` is told about an actor that was
    /// given up, on that actor's thread.
    pub fn start(
        main: runtime::Handle,
        escalate: impl Fn(Escalation) + Send + Sync + 'static,
    ) -> Result<Self, SystemError> {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new().name("actors".to_owned()).spawn(move || {
            let runner = System::new();
            let _ = tell.send((System::current(), Arbiter::try_new()));
            if let Err(error) = runner.run() {
                tracing::error!(%error, "the actor system ended with an error");
            }
        })?;
        let (system, arbiter) = told.recv().map_err(|_| SystemError::Ended)?;
        let arbiter = arbiter.inspect_err(|_| system.stop())?;
        Ok(Self {
            main,
            escalate: Arc::new(escalate),
            system,
            shared_thread: arbiter.handle(),
            threads: Mutex::new(Threads { arbiters: vec![arbiter], system: Some(thread) }),
            members: Mutex::default(),
        })
    }

    /// Spawns an actor from any thread. `make` runs on the thread of the actor, which the role then never leaves.
    /// Give it the ports it sends to: what is spawned later is stopped earlier.
    pub fn spawn<R: Role>(
        &self,
        spawn: Spawn,
        make: impl FnOnce() -> R + Send + 'static,
    ) -> Result<ActorRef<R>, SystemError> {
        let thread = match spawn.placement {
            Placement::Shared => self.shared_thread.clone(),
            Placement::Dedicated => self.new_thread()?,
            Placement::Background => {
                let thread = self.new_thread()?;
                thread.spawn_fn(give_way);
                thread
            }
        };
        let name: Arc<str> = match &spawn.instance {
            Some(instance) => format!("{}[{instance}]", R::NAME).into(),
            None => R::NAME.into(),
        };
        let shared = Shared::new(name, Meter::new(R::NAME));
        let lane = Lane::new(spawn.capacity, spawn.patience);
        shared.adopt(&lane);
        let fittings = Fittings {
            shared: shared.clone(),
            main: self.main.clone(),
            escalate: self.escalate.clone(),
            policy: spawn.restarts,
        };
        let address = Supervisor::start_in_arbiter(&thread, move |_| Shell::new(make, fittings));
        let ender = address.clone();
        let end = Arc::new(move |end| ender.do_send(end));
        self.members.lock().unwrap_or_else(PoisonError::into_inner).push(Member { shared: shared.clone(), end });
        Ok(ActorRef { address, shared, lane })
    }

    /// Ends every actor, one after the other: those named in `first` (`NAME` or `NAME[instance]`), then the others
    /// from the last spawned to the first. Each stops accepting, answers what it accepted, and makes its last flush;
    /// who comes later may still be asked by who ends now. After `deadline` the rest is cut off and reported.
    pub async fn shutdown(&self, first: &[&str], deadline: Duration) -> ShutdownReport {
        let until = Instant::now() + deadline;
        let mut report = ShutdownReport::default();
        for member in self.in_order(first) {
            let name = member.shared.name.to_string();
            match member.end_until(until).await {
                Ok(()) => report.ended.push(name),
                Err(reason) => report.unclean.push((name, reason)),
            }
        }
        self.end_threads(report.unclean.is_empty()).await;
        report
    }

    /// Ends one actor as `shutdown` does, while the others go on: a gate whose credential was removed. The error says
    /// what was left undone.
    pub async fn retire<R: Role>(&self, actor: &ActorRef<R>, deadline: Duration) -> Result<(), String> {
        let member = {
            let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            let place = members.iter().position(|member| Arc::ptr_eq(&member.shared, &actor.shared));
            place.map(|place| members.remove(place))
        };
        match member {
            Some(member) => member.end_until(Instant::now() + deadline).await,
            None => Ok(()),
        }
    }

    fn in_order(&self, first: &[&str]) -> Vec<Member> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner).clone();
        members.reverse();
        let place = |member: &Member| {
            let name = &*member.shared.name;
            let role = name.split('[').next().unwrap_or(name);
            first.iter().position(|wanted| *wanted == name || *wanted == role).unwrap_or(first.len())
        };
        members.sort_by_key(place);
        members
    }

    /// A thread that is stuck in a handler is not waited for: the process ends without it.
    async fn end_threads(&self, wait: bool) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for arbiter in &threads.arbiters {
            arbiter.stop();
        }
        self.system.stop();
        if !wait {
            return;
        }
        let joined = tokio::task::spawn_blocking(move || {
            let actors = threads.arbiters.into_iter().map(Arbiter::join);
            actors.chain(threads.system.map(std::thread::JoinHandle::join)).filter(Result::is_err).count()
        });
        if !matches!(joined.await, Ok(0)) {
            tracing::error!("an actor thread panicked while it ended");
        }
    }

    /// Arbiters can only be made on a thread of the system.
    fn new_thread(&self) -> Result<ArbiterHandle, SystemError> {
        let (tell, told) = mpsc::channel();
        let asked = self.system.arbiter().spawn_fn(move || {
            let _ = tell.send(Arbiter::try_new());
        });
        if !asked {
            return Err(SystemError::Ended);
        }
        let arbiter = told.recv().map_err(|_| SystemError::Ended)??;
        let handle = arbiter.handle();
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).arbiters.push(arbiter);
        Ok(handle)
    }
}

impl Drop for ActorSystem {
    /// Without a `shutdown` this is a crash on purpose: what was accepted is dropped and its askers are told.
    fn drop(&mut self) {
        for member in self.members.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            member.shared.advance(Phase::Stopped);
        }
        self.system.stop();
    }
}

/// How far a background thread steps back: it keeps about a seventh of a processor that others want, too, so that what
/// a user writes is still seen within a second.
const GIVES_WAY: i32 = 8;

/// Lowers the priority of this thread; threads it starts have the same.
fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, GIVES_WAY) {
        tracing::debug!(%error, "the priority of a background thread stays as it is");
    }
}
