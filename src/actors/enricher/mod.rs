//! Enricher: makes the calls of jobs and writes what comes back.
//!
//! Owns: the slices in work; every leased item belongs to one. Receives: `Begin` and `Look`, a wake-up and an alarm.
//! Sends: `jobs.lease`, `jobs.record`, `jobs.return` to the store, calls through the [`Gate`], a wake-up to the Scheduler.
//! Fails by: a result that cannot be written. Its leases, and those of slices that are dropped, are void at once.
//! Restarts with: a new boot, whose number the leases of before do not have.

pub mod callback;
mod course;
mod follow_up;
mod gate;
mod keys;
mod known;
pub mod planning;
mod sandbox;
mod single_flight;
mod slice;
mod under_way;
mod window;

use std::sync::Arc;
use std::time::Duration;

use self::callback::Callbacks;
pub use self::course::Course;
pub use self::gate::{Gate, Passed, Policy, PolicyRevision};
pub use self::keys::Keys;
pub use self::sandbox::Sandbox;
pub use self::single_flight::SharedCalls;
pub use self::slice::{Slice, SliceEnd};
pub use self::window::Window;
use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn, WakePort};
use crate::actors::scheduler::Agenda;
use crate::domain::enrichment::MAX_TRIES;
use crate::domain::settings::WorkspaceSettings;
use crate::providers::Registry;
use crate::providers::lists::Lists;
use crate::store::crypt::Sealer;
use crate::store::transactions::jobs::{ItemLines, LEASE_ITEMS, StartBoot, VoidLeases};
use crate::store::{Origin, Store, SubmitError, SystemScope, Urgency};

/// The longest between two looks at the agenda.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Void leases taken back in one transaction.
const VOID_SLICE: u32 = 1_000;
/// The default of `enrichment.company_ttl`.
const COMPANY_TTL: Duration = Duration::from_secs(30 * 24 * 3_600);
/// The default of `enrichment.cache_ttl`.
const CACHE_TTL: Duration = Duration::from_secs(7 * 24 * 3_600);

/// `[enrichment]`, as far as the Enricher goes by it.
#[derive(Debug, Clone)]
pub struct EnricherSettings {
    /// Calls in flight per slice, at least; more where the provider takes more.
    pub min_in_flight: usize,
    pub lease_items: usize,
    /// Calls per lead and step, the first one included.
    pub tries: u32,
    pub keep_raw_answers: bool,
    /// How long an answer is used again.
    pub cache_ttl: Duration,
    /// How long what is known of a company serves its other people.
    pub company_ttl: Duration,
    /// What holds for a workspace that has decided nothing.
    pub defaults: Arc<WorkspaceSettings>,
}

impl EnricherSettings {
    /// As the configuration has them when it says nothing.
    pub fn with_defaults(defaults: WorkspaceSettings) -> Self {
        Self {
            defaults: Arc::new(defaults),
            min_in_flight: 5,
            lease_items: LEASE_ITEMS,
            tries: MAX_TRIES,
            keep_raw_answers: true,
            cache_ttl: CACHE_TTL,
            company_ttl: COMPANY_TTL,
        }
    }
}

/// What the Enricher works with.
pub struct EnricherParts {
    pub store: Store,
    pub agenda: Agenda,
    pub registry: Registry,
    pub gate: Gate,
    pub keys: Keys,
    pub lists: Lists,
    pub callbacks: Callbacks,
    /// For workspaces that only play; without one they call nobody.
    pub sandbox: Option<Arc<Sandbox>>,
    /// Questions that are being asked.
    pub shared: SharedCalls,
    pub window: Window,
    pub sealer: Arc<Sealer>,
    pub system: SystemScope,
    pub settings: EnricherSettings,
    pub scheduler: WakePort,
    /// Its own: rung when there is room for another slice.
    pub enricher: WakePort,
}

/// The work itself, for the actor and for the simulation.
#[derive(Clone)]
pub struct EnricherWork {
    parts: Arc<EnricherParts>,
}

impl EnricherWork {
    pub fn new(parts: EnricherParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Begins a boot: leases of earlier ones are taken back, then the agenda opens.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn begin(&self) -> Result<u64, SubmitError> {
        let EnricherParts { store, agenda, system, scheduler, .. } = &*self.parts;
        agenda.close();
        let boot = store.submit(StartBoot, Urgency::Interactive).await?.out;
        loop {
            let void = VoidLeases {
                system: *system,
                origin: Origin::system(store.deps().clock.now()),
                boot,
                most: VOID_SLICE as usize,
                lines: ItemLines::new(store.deps().ids.next_block(2 * VOID_SLICE)),
            };
            let voided = store.submit(void, Urgency::Bulk).await?.out;
            if voided.items > 0 {
                tracing::info!(items = voided.items, "leases of an earlier start were taken back");
            }
            if voided.done {
                break;
            }
        }
        agenda.open(boot);
        scheduler.wake();
        Ok(boot)
    }

    /// The slice whose turn it is, if there is room for one. Nothing happens until it is run.
    pub fn next_slice(&self) -> Option<Slice> {
        let now = self.parts.store.deps().clock.now();
        self.parts.agenda.take(now).map(|pick| Slice::new(Arc::clone(&self.parts), pick))
    }
}

pub struct Enricher {
    work: EnricherWork,
}

/// Time to begin.
#[derive(Debug, Default)]
pub struct Begin;

impl Message for Begin {
    type Reply = ();
}

/// Time to look at the agenda.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl Enricher {
    pub fn new(parts: EnricherParts) -> Self {
        Self { work: EnricherWork::new(parts) }
    }

    fn ended(&mut self, end: Result<SliceEnd, SubmitError>, turn: &mut Turn<Self>) {
        match end {
            Ok(end) => {
                // It ended, was stopped, or has only items that wait: the rows tell what is next.
                if end.job.is_none_or(|job| !job.status.is_running() || job.counts.queued == 0) {
                    self.work.parts.scheduler.wake();
                }
                turn.notify(Look);
            }
            Err(SubmitError::Stopped) => {}
            Err(error) => turn.stop_with_error(RoleError::restart(error)),
        }
    }

    fn look(&self, turn: &mut Turn<Self>) {
        while !turn.is_stopping()
            && let Some(slice) = self.work.next_slice()
        {
            drop(turn.run(slice.run(), |role, end, turn| role.ended(end, turn)));
        }
        let now = self.work.parts.store.deps().clock.now();
        let due = self.work.parts.agenda.next_due().map_or(LOOK_EVERY, |due| due.since(now));
        turn.alarm(due.clamp(Duration::from_millis(20), LOOK_EVERY), Look);
    }
}

impl Role for Enricher {
    const NAME: &'static str = "enricher";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.work.parts.agenda.close();
        turn.notify(Begin);
        Ok(())
    }
}

impl Handle<Begin> for Enricher {
    fn handle(&mut self, _begin: Begin, turn: &mut Turn<Self>) -> Outcome<()> {
        let work = self.work.clone();
        drop(turn.run(async move { work.begin().await }, |_, begun, turn| match begun {
            Ok(boot) => {
                tracing::debug!(boot, "the enricher has begun");
                turn.notify(Look);
            }
            Err(SubmitError::Stopped) => {}
            Err(error) => turn.stop_with_error(RoleError::restart(error)),
        }));
        Outcome::now(())
    }
}

impl Handle<Look> for Enricher {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        if self.work.parts.agenda.is_open() {
            self.look(turn);
        }
        Outcome::now(())
    }
}
