//! The role that the kit's tests put through its paces, and the few things every one of them needs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use galena::actors::kit::{
    ActorRef, ActorSystem, Escalation, Handle, Message, Outcome, Reply, RestartPolicy, Role, RoleError, Spawn, Turn,
};
use tokio::sync::mpsc;

/// Longer than anything here takes; only a hang reaches it.
pub const HANG: Duration = Duration::from_secs(20);

/// What the outside sees of a probe, over all its restarts.
#[derive(Default)]
pub struct Seen {
    pub added: Mutex<Vec<u32>>,
    pub rebuilds: AtomicUsize,
    pub stoppings: AtomicUsize,
    pub flushes: AtomicUsize,
    pub wakes: AtomicUsize,
    pub ticks: AtomicUsize,
    /// How many of the next rebuilds panic.
    pub panics_in_rebuild: AtomicUsize,
    pub panic_in_stopping: AtomicUsize,
}

impl Seen {
    pub fn added(&self) -> Vec<u32> {
        self.added.lock().unwrap().clone()
    }
}

/// Takes one from `left`, if there is one.
fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

pub struct Probe {
    pub seen: Arc<Seen>,
    pub sum: u32,
    pub group: Vec<Reply<usize>>,
    pub ticked: mpsc::UnboundedSender<()>,
    /// Set by `rebuild` as an alarm.
    pub tick_every: Option<Duration>,
}

impl Role for Probe {
    const NAME: &'static str = "probe";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.seen.rebuilds.fetch_add(1, Ordering::SeqCst);
        assert!(!take_one(&self.seen.panics_in_rebuild), "asked to panic in rebuild");
        self.sum = 0;
        self.group.clear();
        if let Some(delay) = self.tick_every {
            turn.alarm(delay, Tick);
        }
        Ok(())
    }

    fn stopping(&mut self) -> Result<(), RoleError> {
        self.seen.stoppings.fetch_add(1, Ordering::SeqCst);
        assert!(!take_one(&self.seen.panic_in_stopping), "asked to panic in stopping");
        Ok(())
    }
}

macro_rules! messages {
    ($($message:ty => $reply:ty),* $(,)?) => { $(impl Message for $message { type Reply = $reply; })* };
}

/// Adds to a sum that a rebuild sets to zero; answers the sum.
pub struct Add(pub u32);
/// Blocks the thread of the actor until told.
pub struct Block {
    pub entered: tokio::sync::oneshot::Sender<()>,
    pub release: std::sync::mpsc::Receiver<()>,
}
pub struct Boom;
/// Panics in a future on the main runtime.
pub struct BoomThere;
/// Panics in a future on the actor's thread.
pub struct BoomHere;
/// Panics when the future's output comes back to the role.
pub struct BoomAtFinish;
/// Answered by the next flush with its number.
pub struct Submit;
pub struct Flush;
/// Kept for ever.
pub struct Keep;
/// Never ends; holds its guard until it is dropped.
pub struct Forever(pub mpsc::UnboundedSender<()>);
#[derive(Default)]
pub struct Woken;
pub struct Tick;
pub struct TickAfter(pub Duration);
pub struct FailWith(pub RoleError);

messages! {
    Add => u32, Block => (), Boom => (), BoomThere => (), BoomHere => (), BoomAtFinish => (), Submit => usize,
    Flush => (), Keep => usize, Forever => (), Woken => (), Tick => (), TickAfter => (), FailWith => (),
}

impl Handle<Add> for Probe {
    fn handle(&mut self, Add(number): Add, _: &mut Turn<Self>) -> Outcome<u32> {
        self.seen.added.lock().unwrap().push(number);
        self.sum += number;
        self.sum.into()
    }
}

impl Handle<Block> for Probe {
    fn handle(&mut self, block: Block, _: &mut Turn<Self>) -> Outcome<()> {
        let _ = block.entered.send(());
        let _ = block.release.recv();
        ().into()
    }
}

impl Handle<Boom> for Probe {
    fn handle(&mut self, _: Boom, _: &mut Turn<Self>) -> Outcome<()> {
        self.sum = 1_000_000;
        panic!("asked to panic")
    }
}

impl Handle<BoomThere> for Probe {
    fn handle(&mut self, _: BoomThere, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.run(async { panic!("asked to panic in a future") }, |_, (), _| ())
    }
}

impl Handle<BoomHere> for Probe {
    fn handle(&mut self, _: BoomHere, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.run_here(
            async {
                tokio::task::yield_now().await;
                panic!("asked to panic in a local future")
            },
            |_, (), _| (),
        )
    }
}

impl Handle<BoomAtFinish> for Probe {
    fn handle(&mut self, _: BoomAtFinish, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.run(async {}, |_, (), _| panic!("asked to panic at the finish"))
    }
}

impl Handle<Submit> for Probe {
    fn handle(&mut self, _: Submit, turn: &mut Turn<Self>) -> Outcome<usize> {
        if self.group.is_empty() {
            turn.notify(Flush);
        }
        let (reply, outcome) = Outcome::later();
        self.group.push(reply);
        outcome
    }
}

impl Handle<Flush> for Probe {
    fn handle(&mut self, _: Flush, _: &mut Turn<Self>) -> Outcome<()> {
        let number = self.seen.flushes.fetch_add(1, Ordering::SeqCst) + 1;
        for reply in self.group.drain(..) {
            reply.send(number);
        }
        ().into()
    }
}

impl Handle<Keep> for Probe {
    fn handle(&mut self, _: Keep, _: &mut Turn<Self>) -> Outcome<usize> {
        let (reply, outcome) = Outcome::later();
        self.group.push(reply);
        outcome
    }
}

impl Handle<Forever> for Probe {
    fn handle(&mut self, Forever(guard): Forever, turn: &mut Turn<Self>) -> Outcome<()> {
        let work = async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        };
        turn.run(work, |_, (), _| ())
    }
}

impl Handle<Woken> for Probe {
    fn handle(&mut self, _: Woken, _: &mut Turn<Self>) -> Outcome<()> {
        self.seen.wakes.fetch_add(1, Ordering::SeqCst);
        ().into()
    }
}

impl Handle<Tick> for Probe {
    fn handle(&mut self, _: Tick, _: &mut Turn<Self>) -> Outcome<()> {
        self.seen.ticks.fetch_add(1, Ordering::SeqCst);
        let _ = self.ticked.send(());
        ().into()
    }
}

impl Handle<TickAfter> for Probe {
    fn handle(&mut self, TickAfter(delay): TickAfter, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.after(delay, Tick);
        ().into()
    }
}

impl Handle<FailWith> for Probe {
    fn handle(&mut self, FailWith(error): FailWith, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.stop_with_error(error);
        ().into()
    }
}

/// A system with one probe on a thread of its own.
pub struct Stage {
    pub system: ActorSystem,
    pub probe: ActorRef<Probe>,
    pub seen: Arc<Seen>,
    pub ticked: mpsc::UnboundedReceiver<()>,
    pub escalated: mpsc::UnboundedReceiver<Escalation>,
}

/// Restarts that a test need not wait for.
pub fn quick() -> RestartPolicy {
    let delay = Duration::from_millis(1);
    RestartPolicy { budget: 100, first_delay: delay, longest_delay: delay, ..RestartPolicy::default() }
}

pub fn stage(spawn: Spawn) -> Stage {
    stage_with(spawn, Arc::default(), None)
}

pub fn stage_with(spawn: Spawn, seen: Arc<Seen>, tick_every: Option<Duration>) -> Stage {
    let (escalate, escalated) = mpsc::unbounded_channel();
    let (tick, ticked) = mpsc::unbounded_channel();
    let system = ActorSystem::start(tokio::runtime::Handle::current(), move |escalation| {
        let _ = escalate.send(escalation);
    })
    .unwrap();
    let told = seen.clone();
    let make = move || Probe { seen: told, sum: 0, group: Vec::new(), ticked: tick, tick_every };
    let probe = system.spawn(spawn, make).unwrap();
    Stage { system, probe, seen, ticked, escalated }
}

pub fn dedicated() -> Spawn {
    Spawn { restarts: quick(), ..Spawn::dedicated() }
}

/// Holds the probe in a handler until dropped.
pub struct Stuck(Option<std::sync::mpsc::Sender<()>>);

impl Stuck {
    pub fn release(mut self) {
        self.0.take();
    }
}

/// Returns once the probe is inside the blocking handler.
pub async fn stick(probe: &ActorRef<Probe>) -> Stuck {
    let (entered, inside) = tokio::sync::oneshot::channel();
    let (hold, release) = std::sync::mpsc::channel();
    drop(probe.port::<Block>().try_admit().unwrap().send(Block { entered, release }));
    inside.await.unwrap();
    Stuck(Some(hold))
}

/// Waits until `condition` holds; fails the test when it never does.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let reached = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(HANG, reached).await.is_ok(), "never came: {what}");
}

/// The value of `future`, unless it hangs.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, future).await.expect("it hangs")
}
