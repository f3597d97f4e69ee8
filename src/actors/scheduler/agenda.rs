//! What may run now and what is running: the fair queue over workspaces, the slices in work, the calls in flight, the
//! stops.
//!
//! A slice goes to the job whose turn it is (see [`FairQueue`]): workspaces by the weight of their plans, inside one the
//! leads that somebody waits for, then jobs by priority, in turns. A job that has no slice in work may begin one although
//! all slots are taken: a full house must not keep a small job waiting. There are as many slices as slots and offered
//! jobs at most, and beside them those that only wait for their last calls: one slow answer must not keep a job from going
//! on.
//!
//! The Scheduler fills it from the job rows, the Enricher takes from it. It holds nothing that the rows do not say: after
//! a restart it is filled again. The one thing that must be exact is a stop: [`Agenda::stop`] and [`Agenda::begin_call`]
//! meet under one lock, so after a stop no call begins.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::actors::fair_queue::{FairQueue, Waiting};
use crate::domain::enrichment::Priority;
use crate::domain::id::{Id, JobId};
use crate::domain::time::Time;
use crate::store::WorkspaceScope;

/// Shared by Scheduler, Enricher and the transactions that stop a job. Cheap to clone.
#[derive(Clone)]
pub struct Agenda {
    state: Arc<Mutex<State>>,
    /// Rung at every stop.
    stops: watch::Sender<()>,
}

struct State {
    /// The boot that leases are taken by; none while the Enricher is being built.
    boot: Option<u64>,
    /// The process is ending: nothing begins any more.
    shut: bool,
    slots: usize,
    slots_per_job: usize,
    jobs: BTreeMap<JobId, Entry>,
    stopped: HashSet<JobId>,
    calls: HashMap<JobId, usize>,
    /// The jobs that could begin a slice when they were last looked at.
    ready: FairQueue,
}

struct Entry {
    scope: WorkspaceScope,
    priority: Priority,
    individual: bool,
    /// When something of it is due; `None`: nothing that is known.
    due: Option<Time>,
    slices: usize,
    /// Slices that have given their place back and wait for their last calls.
    stragglers: usize,
    /// No further slice is wanted; it goes when its last slice ends.
    leaving: bool,
    weight: u32,
    /// Its place among those that are ready.
    place: Option<Waiting>,
}

/// Classes of the queue: a job's first slice needs no slot.
const FIRST_SLICE: usize = 0;
const FURTHER_SLICE: usize = 1;
/// Slices of a job that only wait for their last calls, for each that it may have otherwise.
const STRAGGLERS: usize = 16;

/// A job as the Scheduler offers it.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    pub job: JobId,
    pub scope: WorkspaceScope,
    pub priority: Priority,
    /// Somebody waits for it.
    pub individual: bool,
    pub due: Option<Time>,
    /// The weight of its workspace beside others.
    pub weight: u32,
}

/// Whose turn it is. Ends with [`Agenda::slice_ended`].
#[derive(Debug, Clone, Copy)]
pub struct Pick {
    pub job: JobId,
    pub scope: WorkspaceScope,
    pub individual: bool,
    pub priority: Priority,
    /// The weight of its workspace beside others.
    pub weight: u32,
    pub boot: u64,
}

/// A call in flight; dropped when its result is known.
pub struct CallGuard {
    agenda: Agenda,
    job: JobId,
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let mut state = self.agenda.lock();
        if let Some(calls) = state.calls.get_mut(&self.job) {
            *calls -= 1;
            if *calls == 0 {
                state.calls.remove(&self.job);
            }
        }
    }
}

impl Agenda {
    /// At most `slots` slices at a time, `slots_per_job` of one job.
    pub fn new(slots: usize, slots_per_job: usize) -> Self {
        let state = State {
            boot: None,
            shut: false,
            slots,
            slots_per_job,
            jobs: BTreeMap::new(),
            stopped: HashSet::new(),
            calls: HashMap::new(),
            ready: FairQueue::default(),
        };
        Self { state: Arc::new(Mutex::new(state)), stops: watch::Sender::new(()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Enricher begins anew: slices and calls of before are gone.
    pub fn close(&self) {
        let mut state = self.lock();
        state.boot = None;
        state.jobs.clear();
        state.ready = FairQueue::default();
        state.calls.clear();
        drop(state);
        self.stops.send_replace(());
    }

    pub fn open(&self, boot: u64) {
        self.lock().boot = Some(boot);
    }

    pub fn is_open(&self) -> bool {
        self.lock().boot.is_some()
    }

    /// The process ends: no slice and no call begins any more; what is in work is given back.
    pub fn shut(&self) {
        self.lock().shut = true;
        self.stops.send_replace(());
    }

    /// Takes over what the rows say; jobs that are not offered leave.
    pub fn offer(&self, offers: &[Offer]) {
        let mut state = self.lock();
        let offered: HashSet<JobId> = offers.iter().map(|offer| offer.job).collect();
        for (job, entry) in &mut state.jobs {
            entry.leaving = !offered.contains(job);
        }
        let gone = state.jobs.iter().filter(|(_, entry)| entry.leaving && entry.is_idle()).map(|(job, _)| *job);
        gone.collect::<Vec<JobId>>().into_iter().for_each(|job| state.forget(job));
        for offer in offers {
            let fresh = Entry {
                scope: offer.scope,
                priority: offer.priority,
                individual: offer.individual,
                due: offer.due,
                slices: 0,
                stragglers: 0,
                leaving: false,
                weight: offer.weight,
                place: None,
            };
            let entry = state.jobs.entry(offer.job).or_insert(fresh);
            entry.priority = offer.priority;
            entry.due = offer.due;
            entry.weight = offer.weight;
        }
    }

    /// Stops are remembered while the job still has rows in work.
    pub fn forget_stops_but(&self, active: &HashSet<JobId>) {
        self.lock().stopped.retain(|job| active.contains(job));
    }

    /// The next slice, if there is room for one.
    pub fn take(&self, now: Time) -> Option<Pick> {
        let mut state = self.lock();
        let boot = state.boot.filter(|_| !state.shut)?;
        state.queue_up(now);
        let is_full = state.is_full();
        let job = state.ready.pop(|class| class == FIRST_SLICE || !is_full).map(JobId::from_u64)?;
        let entry = state.jobs.get_mut(&job)?;
        entry.place = None;
        entry.slices += 1;
        let Entry { scope, individual, priority, weight, .. } = *entry;
        Some(Pick { job, scope, individual, priority, weight, boot })
    }

    /// A lease came back: when the job has something due again.
    pub fn set_due(&self, job: JobId, due: Option<Time>) {
        if let Some(entry) = self.lock().jobs.get_mut(&job) {
            entry.due = due;
        }
    }

    /// A slice has nothing left to begin and waits for its last calls: another may have its place. False when the job has
    /// enough of those; else the slice ends with [`Agenda::stragglers_ended`].
    pub fn only_stragglers(&self, pick: &Pick) -> bool {
        let mut state = self.lock();
        if state.boot != Some(pick.boot) {
            return false;
        }
        let most = state.slots_per_job * STRAGGLERS;
        let entry = state.jobs.get_mut(&pick.job).filter(|entry| entry.stragglers < most && entry.slices > 0);
        let Some(entry) = entry else { return false };
        entry.slices -= 1;
        entry.stragglers += 1;
        true
    }

    pub fn slice_ended(&self, pick: &Pick) {
        self.ended(pick, |entry| entry.slices = entry.slices.saturating_sub(1));
    }

    pub fn stragglers_ended(&self, pick: &Pick) {
        self.ended(pick, |entry| entry.stragglers = entry.stragglers.saturating_sub(1));
    }

    fn ended(&self, pick: &Pick, count: impl FnOnce(&mut Entry)) {
        let mut state = self.lock();
        if state.boot != Some(pick.boot) {
            return;
        }
        if let Some(entry) = state.jobs.get_mut(&pick.job) {
            count(entry);
            if entry.leaving && entry.is_idle() {
                state.forget(pick.job);
            }
        }
    }

    /// When the next job has something due, of those with room for another slice.
    pub fn next_due(&self) -> Option<Time> {
        let state = self.lock();
        let most = if state.is_full() { 1 } else { state.slots_per_job };
        let waiting = state.jobs.values().filter(|entry| !entry.leaving && entry.slices < most);
        waiting.filter_map(|entry| entry.due).min()
    }

    /// From now on no call of the job begins.
    pub fn stop(&self, job: JobId) {
        self.lock().stopped.insert(job);
        self.stops.send_replace(());
    }

    pub fn resume(&self, job: JobId) {
        self.lock().stopped.remove(&job);
    }

    /// Waits until no call of the slice may begin any more.
    pub async fn stopped(&self, pick: &Pick) {
        let mut stops = self.stops.subscribe();
        loop {
            let is_over = {
                let state = self.lock();
                state.shut || state.boot != Some(pick.boot) || state.stopped.contains(&pick.job)
            };
            // The sender lives as long as the agenda.
            if is_over || stops.changed().await.is_err() {
                return;
            }
        }
    }

    /// Leave to call for a slice; `None` when its job was stopped, or its leases are void.
    pub fn begin_call(&self, pick: &Pick) -> Option<CallGuard> {
        let mut state = self.lock();
        if state.shut || state.boot != Some(pick.boot) || state.stopped.contains(&pick.job) {
            return None;
        }
        *state.calls.entry(pick.job).or_default() += 1;
        Some(CallGuard { agenda: self.clone(), job: pick.job })
    }

    /// Calls that have begun and whose result is not known yet.
    pub fn calls_in_flight(&self, job: JobId) -> usize {
        self.lock().calls.get(&job).copied().unwrap_or(0)
    }

    /// The same of all jobs.
    pub fn all_calls_in_flight(&self) -> usize {
        self.lock().calls.values().sum()
    }
}

impl State {
    fn forget(&mut self, job: JobId) {
        if let Some(place) = self.jobs.remove(&job).and_then(|entry| entry.place) {
            self.ready.remove(&place);
        }
    }

    fn is_full(&self) -> bool {
        self.jobs.values().map(|entry| entry.slices).sum::<usize>() >= self.slots
    }

    /// Every job that could begin a slice now stands in the queue, and no other.
    fn queue_up(&mut self, now: Time) {
        for (job, entry) in &mut self.jobs {
            let is_ready = !entry.leaving
                && entry.slices < self.slots_per_job
                && entry.due.is_some_and(|due| due <= now)
                && !self.stopped.contains(job);
            let wanted = is_ready.then(|| entry.place_of(*job));
            if wanted == entry.place {
                continue;
            }
            if let Some(place) = entry.place.take() {
                self.ready.remove(&place);
            }
            if let Some(place) = wanted {
                self.ready.push(place);
            }
            entry.place = wanted;
        }
    }
}

impl Entry {
    fn is_idle(&self) -> bool {
        self.slices + self.stragglers == 0
    }

    fn place_of(&self, job: JobId) -> Waiting {
        Waiting {
            number: job.as_u64(),
            workspace: self.scope.workspace(),
            weight: self.weight,
            individual: self.individual,
            priority: self.priority,
            job,
            class: if self.is_idle() { FIRST_SLICE } else { FURTHER_SLICE },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::WorkspaceId;
    use crate::store::SystemScope;

    fn offer(workspace: u64, job: u64, priority: Priority) -> Offer {
        let scope = SystemScope::for_the_house().within(WorkspaceId::from_u64(workspace));
        Offer { job: JobId::from_u64(job), scope, priority, individual: false, due: Some(Time(0)), weight: 1 }
    }

    fn open(slots: usize, per_job: usize, offers: &[Offer]) -> Agenda {
        let agenda = Agenda::new(slots, per_job);
        agenda.open(1);
        agenda.offer(offers);
        agenda
    }

    /// Serves `count` slices one after the other.
    fn serve(agenda: &Agenda, count: usize) -> Vec<u64> {
        let next = |_| {
            let pick = agenda.take(Time(0)).expect("something is due");
            agenda.slice_ended(&pick);
            pick.job.as_u64()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn workspaces_take_turns_however_many_jobs_they_have() {
        let mut offers: Vec<Offer> = (10..20).map(|job| offer(1, job, Priority::High)).collect();
        offers.push(offer(2, 90, Priority::Low));
        let served = serve(&open(1, 4, &offers), 20);
        assert_eq!(served.iter().filter(|job| **job == 90).count(), 10);
        let of_the_first: HashSet<u64> = served.into_iter().filter(|job| *job != 90).collect();
        assert_eq!(of_the_first.len(), 10, "and inside a workspace its jobs do");
    }

    #[test]
    fn inside_a_workspace_the_urgent_go_first() {
        let offers = [offer(1, 1, Priority::Low), offer(1, 2, Priority::High), offer(1, 3, Priority::High)];
        let served = serve(&open(1, 4, &offers), 170);
        let of = |job: u64| served.iter().filter(|one| **one == job).count();
        assert_eq!((of(1), of(2), of(3)), (10, 80, 80), "and starve nobody");
        let waited_for = Offer { individual: true, ..offer(1, 4, Priority::Low) };
        assert_eq!(serve(&open(1, 4, &[offers[1], waited_for]), 2), [4, 4]);
    }

    #[test]
    fn slices_follow_the_weights_of_the_plans() {
        let weighted = |number: u64| Offer {
            weight: [3, 2, 1][number as usize % 3],
            ..offer(number % 3, number, Priority::Normal)
        };
        let offers: Vec<Offer> = (0..100).map(weighted).collect();
        let served = serve(&open(8, 4, &offers), 1_200);
        let of = |workspace: u64| served.iter().filter(|job| **job % 3 == workspace).count();
        assert_eq!((of(0), of(1), of(2)), (600, 400, 200));
        let each = |job: u64| served.iter().filter(|one| **one == job).count();
        assert!((0..100).all(|job| each(job) >= 6), "nobody starves");
    }

    #[test]
    fn a_full_house_lets_a_newcomer_begin_at_once() {
        let mut offers: Vec<Offer> = (1..=4).map(|job| offer(1, job, Priority::High)).collect();
        let agenda = open(8, 4, &offers);
        while agenda.take(Time(0)).is_some() {}
        offers.extend([offer(1, 50, Priority::Low), offer(2, 60, Priority::Normal)]);
        agenda.offer(&offers);
        assert_eq!(agenda.next_due(), Some(Time(0)));
        let next: HashSet<u64> =
            [agenda.take(Time(0)), agenda.take(Time(0))].into_iter().flatten().map(|pick| pick.job.as_u64()).collect();
        assert_eq!(next, HashSet::from([50, 60]));
        assert!(agenda.take(Time(0)).is_none(), "one slice each, no more");
        assert_eq!(agenda.next_due(), None, "nobody has to look before a slice ends");
    }

    #[test]
    fn slots_are_bounded_and_given_in_turns() {
        let agenda = open(3, 2, &[offer(1, 1, Priority::Normal), offer(2, 2, Priority::Normal)]);
        let jobs: Vec<u64> = std::iter::from_fn(|| agenda.take(Time(0))).map(|pick| pick.job.as_u64()).collect();
        assert_eq!(jobs, [1, 2, 1]);
    }

    #[test]
    fn who_only_waits_for_the_last_calls_leaves_its_place_to_the_next() {
        let job = offer(1, 1, Priority::Normal);
        let agenda = open(2, 2, &[job]);
        let take = || agenda.take(Time(0));
        let (first, second) = (take().expect("due"), take().expect("due"));
        assert!(take().is_none());
        for _ in 0..2 * STRAGGLERS {
            assert!(agenda.only_stragglers(&first));
            assert!(take().is_some() && take().is_none());
        }
        assert!(!agenda.only_stragglers(&second), "and there are not more and more of them");
        agenda.offer(&[]);
        agenda.slice_ended(&first);
        agenda.slice_ended(&second);
        agenda.offer(&[job]);
        agenda.stop(job.job);
        assert!(take().is_none() && agenda.begin_call(&first).is_none(), "a stop stops them, too");
        agenda.resume(job.job);
        (0..2 * STRAGGLERS).for_each(|_| agenda.stragglers_ended(&first));
        assert!(take().is_some());
    }

    #[test]
    fn what_is_not_due_or_not_offered_any_more_is_not_taken() {
        let agenda = open(4, 4, &[Offer { due: Some(Time(50)), ..offer(1, 1, Priority::Normal) }]);
        assert!(agenda.take(Time(49)).is_none());
        assert_eq!(agenda.next_due(), Some(Time(50)));
        let pick = agenda.take(Time(50)).expect("due");
        agenda.offer(&[]);
        assert!(agenda.take(Time(50)).is_none());
        agenda.slice_ended(&pick);
        assert_eq!(agenda.next_due(), None);
    }

    #[test]
    fn a_job_that_leaves_while_it_is_ready_leaves_no_trace() {
        let both = [offer(1, 1, Priority::Normal), offer(1, 2, Priority::Normal)];
        let agenda = open(1, 4, &both);
        let first = agenda.take(Time(0)).expect("due");
        assert!(agenda.take(Time(0)).is_some_and(|pick| pick.job.as_u64() == 2), "its first slice needs no slot");
        agenda.offer(&both[..1]);
        agenda.slice_ended(&Pick { job: JobId::from_u64(2), ..first });
        agenda.offer(&[]);
        agenda.offer(&[offer(3, 9, Priority::Low)]);
        agenda.slice_ended(&first);
        assert_eq!(serve(&agenda, 3), [9, 9, 9]);
    }

    #[test]
    fn after_a_stop_no_call_begins_until_it_is_resumed() {
        let agenda = open(4, 4, &[offer(1, 1, Priority::Normal)]);
        let job = JobId::from_u64(1);
        let pick = agenda.take(Time(0)).expect("due");
        let call = agenda.begin_call(&pick).expect("not stopped");
        agenda.stop(job);
        assert!(agenda.begin_call(&pick).is_none() && agenda.take(Time(0)).is_none());
        assert_eq!(agenda.calls_in_flight(job), 1);
        drop(call);
        assert_eq!(agenda.calls_in_flight(job), 0);
        agenda.resume(job);
        assert!(agenda.begin_call(&pick).is_some());
        let elsewhen = Pick { boot: pick.boot + 1, ..pick };
        assert!(agenda.begin_call(&elsewhen).is_none(), "leases of another boot are void");
        agenda.shut();
        assert!(agenda.begin_call(&pick).is_none() && agenda.take(Time(0)).is_none());
    }
}
