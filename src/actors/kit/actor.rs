//! How an actor is spawned, and what the composition root holds of it: the place where its ports are made.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;

use super::admission::{Lane, Shared};
use super::mailbox::{Ring, RingFor};
use super::port::{AskError, Port};
use super::restart::RestartPolicy;
use super::role::{Handle, Message, Role};
use super::shell::Shell;
use super::wake::WakePort;

/// On which thread an actor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// With the other orchestrators on one thread: handlers are short and never block.
    #[default]
    Shared,
    /// A thread of its own: handlers may block (StoreWriter) or are many.
    Dedicated,
    /// A thread of its own that gives way to the others where the processors are busy, and so do the threads it starts:
    /// for work that may lag behind (Indexer).
    Background,
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

    pub fn background() -> Self {
        Self { placement: Placement::Background, ..Self::default() }
    }
}

/// One actor as the composition root sees it: the place where its ports are made.
pub struct ActorRef<R: Role> {
    pub(super) address: Addr<Shell<R>>,
    pub(super) shared: Arc<Shared>,
    /// The default one.
    pub(super) lane: Lane,
}

impl<R: Role> Clone for ActorRef<R> {
    fn clone(&self) -> Self {
        let Self { address, shared, lane } = self;
        Self { address: address.clone(), shared: shared.clone(), lane: lane.clone() }
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
