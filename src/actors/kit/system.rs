//! Where actors live: the threads, how one is spawned on them, and the orderly end.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use actix::{Addr, Supervisor};
use actix_rt::{Arbiter, ArbiterHandle, System};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::admission::{Lane, Phase, Shared};
use super::meter::Meter;
use super::port::{AskError, Port};
use super::restart::RestartPolicy;
use super::role::{Handle, Message, Role};
use super::shell::{End, Fittings, Ring, RingFor, Shell};
use super::wake::WakePort;

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

/// On which thread an actor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// With the other orchestrators on one thread: handlers are short and never block.
    #[default]
    Shared,
    /// A thread of its own: handlers may block (StoreWriter, Indexer) or are many.
    Dedicated,
}

/// How an actor is spawned.
#[derive(Debug, Clone)]
pub struct Spawn {
    pub placement: Placement,
    /// Which of several actors of the same role; shown behind its name.
    pub instance: Option<String>,
    /// Requests accepted and not yet answered, in the default lane.
    pub capacity: usize,
    /// How long a caller of the default lane waits for a permit.
    pub patience: Duration,
    pub restarts: RestartPolicy,
}

impl Default for Spawn {
    fn default() -> Self {
        Self {
            placement: Placement::Shared,
            instance: None,
            capacity: 256,
            patience: Duration::from_secs(2),
            restarts: RestartPolicy::default(),
        }
    }
}

impl Spawn {
    pub fn dedicated() -> Self {
        Self { placement: Placement::Dedicated, ..Self::default() }
    }
}

/// One actor as the composition root sees it: the place where its ports are made.
pub struct ActorRef<R: Role> {
    address: Addr<Shell<R>>,
    shared: Arc<Shared>,
    lane: Lane,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> Clone for ActorRef<R> {
    fn clone(&self) -> Self {
        let Self { address, shared, lane, role } = self;
        Self { address: address.clone(), shared: shared.clone(), lane: lane.clone(), role: *role }
    }
}

impl<R: Role> ActorRef<R> {
    /// A port through the default lane.
    pub fn port<M: Message>(&self) -> Port<M>
    where
        R: Handle<M>,
    {
        self.port_in(&self.lane)
    }

    /// A port through `lane`, which has its own permits.
    pub fn port_in<M: Message>(&self, lane: &Lane) -> Port<M>
    where
        R: Handle<M>,
    {
        self.shared.adopt(lane);
        Port { mailbox: Arc::new(self.address.clone()), shared: self.shared.clone(), lane: lane.clone() }
    }

    /// Ties `port` to this actor: it gets one `M` for any number of rings. False when the port was tied before.
    pub fn answer_wakes<M>(&self, port: &WakePort) -> bool
    where
        M: Message<Reply = ()> + Default,
        R: Handle<M>,
    {
        let (address, shared) = (self.address.clone(), self.shared.clone());
        port.tie(|bell| {
            Box::new(move || {
                // a stopping actor needs no wake-up: its work is in the store
                if let Ok(open) = shared.enter() {
                    let ring = Ring { bell: bell.clone(), _open: open, wake: std::any::type_name::<M>() };
                    address.do_send(RingFor { ring, make: M::default });
                }
            })
        })
    }

    /// Waits for the first rebuild to succeed; `Stopped` when the actor was given up instead.
    pub async fn ready(&self) -> Result<(), AskError> {
        let mut ready = self.shared.ready.subscribe();
        let over = self.shared.clone();
        // the sender lives in `shared`, which we hold
        let _ = ready.wait_for(|ready| *ready || over.over()).await;
        if self.shared.over() { Err(AskError::Stopped(self.shared.name.clone())) } else { Ok(()) }
    }

    /// Requests, wake-ups and running futures that are accepted and not yet ended.
    pub fn open_work(&self) -> usize {
        self.shared.open_work()
    }

    /// How often the role was built: 1 plus its restarts.
    pub fn builds(&self) -> u64 {
        self.shared.builds()
    }

    /// The name in logs and errors.
    pub fn name(&self) -> &str {
        &self.shared.name
    }
}

/// What is needed to end one actor.
#[derive(Clone)]
struct Member {
    shared: Arc<Shared>,
    end: Arc<dyn Fn(End) + Send + Sync>,
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
        let address = Supervisor::start_in_arbiter(&thread, move |_| Shell::new(make(), fittings));
        let ender = address.clone();
        let end = Arc::new(move |end| ender.do_send(end));
        self.members.lock().unwrap_or_else(PoisonError::into_inner).push(Member { shared: shared.clone(), end });
        Ok(ActorRef { address, shared, lane, role: PhantomData })
    }

    /// Ends every actor, one after the other: those named in `first` (`NAME` or `NAME[instance]`), then the others
    /// from the last spawned to the first. Each stops accepting, answers what it accepted, and makes its last flush;
    /// who comes later may still be asked by who ends now. After `deadline` the rest is cut off and reported.
    pub async fn shutdown(&self, first: &[&str], deadline: Duration) -> ShutdownReport {
        let until = Instant::now() + deadline;
        let mut report = ShutdownReport::default();
        for Member { shared, end } in self.in_order(first) {
            let name = shared.name.to_string();
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
                Ok(Ok(())) => report.ended.push(name),
                Ok(Err(reason)) => report.unclean.push((name, reason)),
                Err(_elapsed) => {
                    let open = shared.open_work();
                    report.unclean.push((name, format!("{open} accepted requests open at the deadline")));
                    shared.advance(Phase::Stopped);
                }
            }
        }
        self.end_threads(report.unclean.is_empty()).await;
        report
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
