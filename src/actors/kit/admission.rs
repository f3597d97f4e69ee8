//! Who may enter an actor, and how the kit knows that nothing accepted is still open.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::meter::Meter;
use super::port::AskError;

/// A bounded entrance of an actor with its own permits, so that one kind of caller cannot crowd out another.
#[derive(Clone)]
pub struct Lane {
    pub(super) permits: Arc<Semaphore>,
    /// How long a caller may wait for a permit before it is told `Overloaded`.
    pub(super) patience: Duration,
}

impl Lane {
    /// `capacity`: requests accepted and not yet answered.
    pub fn new(capacity: usize, patience: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(capacity.min(Semaphore::MAX_PERMITS))), patience }
    }

    /// Permits that are free now.
    pub fn free(&self) -> usize {
        self.permits.available_permits()
    }
}

/// Where an actor is in its life. Only ever moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    Open = 0,
    /// Answers what it accepted, accepts nothing new.
    Draining = 1,
    /// Ended in order; its role is not called again.
    Stopped = 2,
    /// Given up; its role is not called again.
    Failed = 3,
}

/// What everyone who deals with one actor shares.
pub(super) struct Shared {
    pub name: Arc<str>,
    pub meter: Meter,
    /// A `Phase`; read by every asker, moved by the shutdown and by the shell.
    phase: AtomicU8,
    /// Pieces of work accepted and not yet ended.
    open_work: AtomicUsize,
    /// Rung when `open_work` falls to zero.
    idle: Notify,
    /// Rung at shutdown so that a pause before a restart is cut short.
    pub hurry: Notify,
    /// How often the role was built, counted when the build begins.
    builds: AtomicU64,
    /// Whether the role can be called; what `ActorRef::ready` waits on.
    pub ready: watch::Sender<bool>,
    /// Closed when draining begins, so that callers who wait for a permit need not wait in vain.
    lanes: Mutex<Vec<Arc<Semaphore>>>,
    next_id: AtomicU64,
}

impl Shared {
    pub fn new(name: Arc<str>, meter: Meter) -> Arc<Self> {
        Arc::new(Self {
            name,
            meter,
            phase: AtomicU8::new(Phase::Open as u8),
            open_work: AtomicUsize::new(0),
            idle: Notify::new(),
            hurry: Notify::new(),
            builds: AtomicU64::new(0),
            ready: watch::Sender::new(false),
            lanes: Mutex::default(),
            next_id: AtomicU64::new(0),
        })
    }

    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Open,
            1 => Phase::Draining,
            2 => Phase::Stopped,
            _ => Phase::Failed,
        }
    }

    /// True once the role is not called any more.
    pub fn over(&self) -> bool {
        self.phase() >= Phase::Stopped
    }

    /// Moves on to `phase`; from anything but `Open` the lanes are closed.
    pub fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::SeqCst);
        for lane in self.lanes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            lane.close();
        }
        self.hurry.notify_one();
        // whoever waits for `ready` looks at the phase
        self.ready.send_modify(|_| ());
    }

    /// Ties a lane to this actor's life.
    pub fn adopt(&self, lane: &Lane) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if !lanes.iter().any(|known| Arc::ptr_eq(known, &lane.permits)) {
            lanes.push(lane.permits.clone());
        }
        if self.phase() != Phase::Open {
            lane.permits.close();
        }
    }

    pub fn builds(&self) -> u64 {
        self.builds.load(Ordering::SeqCst)
    }

    /// Counts a build that begins.
    pub fn count_build(&self) {
        self.builds.fetch_add(1, Ordering::SeqCst);
    }

    pub fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts work as open until the guard is dropped. Counted first and asked for the phase second: a shutdown that
    /// moved the phase and then saw no open work has missed nobody.
    pub fn enter(self: &Arc<Self>) -> Result<OpenWork, AskError> {
        let work = self.open();
        match self.phase() {
            Phase::Open => Ok(work),
            _ => Err(AskError::Stopped(self.name.clone())),
        }
    }

    /// Counts work that the actor made for itself, which it may do while it drains.
    pub fn open(self: &Arc<Self>) -> OpenWork {
        self.open_work.fetch_add(1, Ordering::SeqCst);
        self.meter.depth.increment(1.0);
        OpenWork(self.clone())
    }

    pub fn open_work(&self) -> usize {
        self.open_work.load(Ordering::SeqCst)
    }

    /// Returns when nothing accepted is open any more.
    pub async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if self.open_work() == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// One piece of open work.
pub(super) struct OpenWork(Arc<Shared>);

impl OpenWork {
    pub fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Drop for OpenWork {
    fn drop(&mut self) {
        self.0.meter.depth.decrement(1.0);
        if self.0.open_work.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

/// The right to have one request in an actor, from its acceptance to its answer.
pub(super) struct Admitted {
    pub work: OpenWork,
    /// Given back with the answer.
    _permit: OwnedSemaphorePermit,
}

impl Admitted {
    pub fn new(work: OpenWork, permit: OwnedSemaphorePermit) -> Self {
        Self { work, _permit: permit }
    }
}
