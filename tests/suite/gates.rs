//! Gates in simulated time against vendors that count strictly, and count every call.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::executor::{LocalPool, block_on};
use futures::future::BoxFuture;
use futures::task::{LocalSpawnExt, noop_waker};
use galena::actors::provider_gate::{
    BreakerState, Claim, Closed, GateKey, GateSettings, Gates, KeepQuotas, NotKept, QuotaKey, Reason, restored,
};
use galena::deps::{Clock, Simulation};
use galena::domain::enrichment::{Limit, Limits, Operation, Outcome, Priority, RateSigns, WindowSign};
use galena::domain::id::{Id, JobId, WorkspaceId};
use galena::providers::Registry;
use galena::store::records::gate::QuotaRow;
use proptest::prelude::*;

use super::enrichment_fixture::World;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// How a vendor counts.
#[derive(Debug, Clone, Copy)]
enum Counting {
    Fixed,
    Sliding,
    /// A token bucket that holds one call.
    Bucket,
}

/// A vendor that answers every call and refuses those over its limit.
struct Vendor {
    clock: Arc<dyn Clock>,
    counting: Counting,
    calls: u32,
    per: Duration,
    latency: Duration,
    /// Moments of the calls it took.
    taken: RefCell<VecDeque<Duration>>,
    tokens: Cell<(f64, Duration)>,
    total: Cell<usize>,
    refused: Cell<usize>,
    /// Says this instead of anything else.
    mood: RefCell<Option<Outcome>>,
    retry_after: Cell<Option<Duration>>,
    /// Answers by workspace.
    by_workspace: RefCell<HashMap<u64, usize>>,
    order: RefCell<Vec<u64>>,
}

impl Vendor {
    fn new(sim: &Simulation, counting: Counting, calls: u32, per: Duration) -> Rc<Self> {
        Rc::new(Self {
            clock: sim.deps.clock.clone(),
            counting,
            calls,
            per,
            latency: Duration::from_millis(300),
            taken: RefCell::default(),
            tokens: Cell::new((1.0, Duration::ZERO)),
            total: Cell::new(0),
            refused: Cell::new(0),
            mood: RefCell::new(None),
            retry_after: Cell::new(None),
            by_workspace: RefCell::default(),
            order: RefCell::default(),
        })
    }

    fn limits(&self) -> Limits {
        limits(&[("", self.calls, self.per)])
    }

    fn has_room(&self, now: Duration) -> bool {
        let mut taken = self.taken.borrow_mut();
        match self.counting {
            Counting::Fixed => {
                // The windows of the vendor begin whenever they like.
                let window = |at: Duration| (at + Duration::from_millis(17_345)).as_nanos() / self.per.as_nanos();
                taken.retain(|at| window(*at) == window(now));
            }
            Counting::Sliding => {
                while taken.front().is_some_and(|at| *at + self.per <= now) {
                    taken.pop_front();
                }
            }
            Counting::Bucket => {
                let (tokens, at) = self.tokens.get();
                let filled = (now - at).as_secs_f64() * f64::from(self.calls) / self.per.as_secs_f64();
                let tokens = (tokens + filled).min(1.0);
                self.tokens.set(if tokens >= 1.0 { (tokens - 1.0, now) } else { (tokens, now) });
                return tokens >= 1.0;
            }
        }
        taken.len() < self.calls as usize
    }

    async fn call(&self, claim: &Claim) -> (Outcome, RateSigns) {
        let now = self.clock.monotonic();
        self.total.set(self.total.get() + 1);
        self.clock.sleep(self.latency / 2).await;
        let refused = Outcome::RateLimited { retry_after: self.retry_after.get() };
        let outcome = match self.mood.borrow().clone() {
            Some(mood) => mood,
            None if self.has_room(now) => {
                self.taken.borrow_mut().push_back(now);
                *self.by_workspace.borrow_mut().entry(claim.workspace.as_u64()).or_default() += 1;
                self.order.borrow_mut().push(claim.job.as_u64());
                Outcome::NotFound
            }
            None => refused,
        };
        if matches!(outcome, Outcome::RateLimited { .. }) {
            self.refused.set(self.refused.get() + 1);
        }
        self.clock.sleep(self.latency / 2).await;
        (outcome, RateSigns::default())
    }
}

fn limits(windows: &[(&str, u32, Duration)]) -> Limits {
    let limit = |(bucket, calls, per): &(&str, u32, Duration)| Limit {
        bucket: (*bucket).to_owned(),
        calls: *calls,
        per: *per,
        burst: None,
    };
    Limits { windows: windows.iter().map(limit).collect(), concurrent: None }
}

fn claim(workspace: u64, job: u64) -> Claim {
    Claim {
        workspace: WorkspaceId::from_u64(workspace),
        weight: 1,
        individual: false,
        priority: Priority::Normal,
        job: JobId::from_u64(job),
        operation: Operation::EmailVerify,
    }
}

fn key() -> GateKey {
    GateKey::of_install("strict")
}

/// One thread and a clock that jumps to whoever sleeps next.
struct Bench {
    sim: Simulation,
    pool: LocalPool,
    gates: Gates,
}

impl Bench {
    fn new() -> Self {
        let sim = Simulation::from_seed(11);
        let gates = Gates::new(&sim.deps, GateSettings::default());
        Self { sim, pool: LocalPool::new(), gates }
    }

    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.pool.spawner().spawn_local(work).expect("the pool is there");
    }

    /// A job that always has `in_flight` leads to ask about.
    fn job(&self, vendor: &Rc<Vendor>, claim: Claim, in_flight: usize) {
        for _ in 0..in_flight {
            let (gates, vendor, limits) = (self.gates.clone(), vendor.clone(), vendor.limits());
            self.spawn(async move {
                loop {
                    match gates.enter(&key(), &limits, &claim).await {
                        Ok(permit) => {
                            let begun = vendor.clock.monotonic();
                            let (outcome, signs) = vendor.call(&claim).await;
                            permit.end(&outcome, &signs, vendor.clock.monotonic() - begun);
                        }
                        // The waterfall goes on; the next lead comes.
                        Err(_) => vendor.clock.sleep(Duration::from_millis(500)).await,
                    }
                }
            });
        }
    }

    fn run(&mut self, duration: Duration) {
        let end = self.sim.clock.monotonic() + duration;
        loop {
            self.pool.run_until_stalled();
            let left = end.saturating_sub(self.sim.clock.monotonic());
            match self.sim.clock.until_next_sleeper() {
                Some(next) if next <= left => self.sim.clock.advance(next),
                _ => {
                    self.sim.clock.advance(left);
                    self.pool.run_until_stalled();
                    return;
                }
            }
        }
    }
}

/// At least this many calls are 98 % of four fifths of the limit.
fn floor(calls: u32, per: Duration, duration: Duration) -> f64 {
    0.98 * 0.8 * f64::from(calls) * duration.as_secs_f64() / per.as_secs_f64()
}

#[test]
fn a_long_job_uses_what_it_may_of_any_kind_of_limit_and_is_never_refused() {
    for counting in [Counting::Fixed, Counting::Sliding, Counting::Bucket] {
        for (calls, per) in [(6, MINUTE), (60, MINUTE), (1_000, MINUTE), (10, MINUTE / 60), (90, MINUTE / 60)] {
            let mut bench = Bench::new();
            let vendor = Vendor::new(&bench.sim, counting, calls, per);
            let wanted = bench.gates.wanted_in_flight(&key(), &vendor.limits());
            bench.job(&vendor, claim(1, 1), wanted);
            // With few calls a minute the one at either end would count too much.
            let duration = MINUTE * if calls < 50 { 60 } else { 10 };
            bench.run(duration);
            let used = vendor.total.get();
            let floor = floor(calls, per, duration);
            assert_eq!(vendor.refused.get(), 0, "{counting:?} {calls} in {per:?}");
            assert!(used as f64 >= floor, "{counting:?} {calls} in {per:?}: {used} of {floor}");
            assert!(used as f64 <= floor / 0.98 + 2.0, "{counting:?} {calls} in {per:?}: {used} of {floor}");
        }
    }
}

#[test]
fn a_hundred_jobs_of_ten_workspaces_use_the_same_and_nobody_starves() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 600, MINUTE);
    for job in 0..100 {
        bench.job(&vendor, claim(job % 10, job), 5);
    }
    bench.run(MINUTE * 10);
    assert_eq!(vendor.refused.get(), 0);
    assert!(vendor.total.get() as f64 >= floor(600, MINUTE, MINUTE * 10), "{}", vendor.total.get());
    let served = vendor.order.borrow();
    let of = |job: u64| served.iter().filter(|one| **one == job).count();
    assert!((0..100).all(|job| (46..=50).contains(&of(job))), "{:?}", (0..100).map(of).collect::<Vec<_>>());
}

#[test]
fn the_shares_of_full_queues_follow_the_weights() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 600, MINUTE);
    for workspace in 1..=3_u32 {
        for job in 0..5 {
            let weighted =
                Claim { weight: 4 - workspace, ..claim(u64::from(workspace), u64::from(workspace * 10 + job)) };
            bench.job(&vendor, weighted, 5);
        }
    }
    bench.run(MINUTE * 5);
    let served = vendor.by_workspace.borrow();
    let total: usize = served.values().sum();
    for (workspace, share) in [(1, 3.0 / 6.0), (2, 2.0 / 6.0), (3, 1.0 / 6.0)] {
        let own = served[&workspace] as f64 / total as f64;
        assert!((own / share - 1.0).abs() < 0.05, "{workspace}: {own}");
    }
}

#[test]
fn a_newcomer_gets_the_next_permit_of_its_workspace() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 60, MINUTE);
    for job in 0..40 {
        bench.job(&vendor, claim(1, job), 5);
    }
    bench.run(MINUTE);
    let before = vendor.order.borrow().len() + bench.gates.states()[0].in_flight as usize;
    bench.job(&vendor, claim(1, 777), 1);
    bench.run(Duration::from_secs(3));
    let place = vendor.order.borrow().iter().position(|job| *job == 777).expect("served within two turns");
    assert_eq!(place, before);
}

#[test]
fn after_a_storm_of_refusals_it_comes_back_by_itself() {
    for retry_after in [None, Some(Duration::from_secs(20))] {
        let mut bench = Bench::new();
        let vendor = Vendor::new(&bench.sim, Counting::Sliding, 300, MINUTE);
        bench.job(&vendor, claim(1, 1), 20);
        bench.run(MINUTE);
        *vendor.mood.borrow_mut() = Some(Outcome::RateLimited { retry_after });
        let before = vendor.total.get();
        bench.run(MINUTE * 2);
        let during = vendor.total.get() - before;
        assert!(during < 40, "{during} calls into two minutes of refusals");
        *vendor.mood.borrow_mut() = None;
        bench.run(MINUTE * 5);
        let before = vendor.total.get();
        bench.run(MINUTE * 5);
        let used = (vendor.total.get() - before) as f64;
        assert!(used >= floor(300, MINUTE, MINUTE * 5), "{used}");
    }
}

#[test]
fn a_vendor_that_publishes_nothing_is_slowed_down_to_what_it_takes() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 20, Duration::from_secs(1));
    for _ in 0..50 {
        let (gates, vendor) = (bench.gates.clone(), vendor.clone());
        bench.spawn(async move {
            while let Ok(permit) = gates.enter(&key(), &Limits::default(), &claim(1, 1)).await {
                let (outcome, signs) = vendor.call(&claim(1, 1)).await;
                permit.end(&outcome, &signs, vendor.latency);
            }
        });
    }
    bench.run(MINUTE * 10);
    let (total, refused) = (vendor.total.get(), vendor.refused.get());
    assert!(refused * 20 < total, "{refused} of {total} were refused");
    assert!(total > 3_000, "{total} of 12,000 that it takes");
}

#[test]
fn a_rest_that_was_asked_for_is_kept_to_the_moment() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 600, MINUTE);
    bench.job(&vendor, claim(1, 1), 5);
    bench.run(MINUTE);
    *vendor.mood.borrow_mut() = Some(Outcome::RateLimited { retry_after: Some(Duration::from_millis(12_340)) });
    bench.run(Duration::from_millis(400));
    *vendor.mood.borrow_mut() = None;
    // Those on their way come back, each with a rest of its own.
    bench.run(Duration::from_millis(400));
    let (until, reason) = bench.gates.limited_until(&key()).expect("it rests");
    assert_eq!(reason, Reason::RateLimited);
    let left = until.expect("it says").since(bench.sim.deps.clock.now());
    let before = vendor.total.get();
    // What is told is a wall clock's milliseconds.
    bench.run(left - Duration::from_millis(1));
    assert_eq!(vendor.total.get(), before, "nothing before");
    bench.run(Duration::from_millis(4));
    assert_eq!(vendor.total.get(), before + 1, "and one then");
}

#[test]
fn a_long_rest_is_told_to_who_asks_instead_of_waited_for() {
    let mut bench = Bench::new();
    let permit = block_on(bench.gates.enter(&key(), &Limits::default(), &claim(1, 1))).expect("open");
    let hour = Duration::from_secs(3_600);
    permit.end(&Outcome::RateLimited { retry_after: Some(hour) }, &RateSigns::default(), Duration::ZERO);
    let until = bench.sim.deps.clock.now().plus(hour);
    let asked = bench.gates.enter(&key(), &Limits::default(), &claim(1, 1)).now_or_never();
    assert_eq!(asked.map(Result::err), Some(Some(Closed::Limited { until })));
    assert_eq!(bench.gates.limited_until(&key()), Some((Some(until), Reason::RateLimited)));
    bench.run(hour);
    assert!(bench.gates.enter(&key(), &Limits::default(), &claim(1, 1)).now_or_never().is_some_and(|got| got.is_ok()));
}

#[test]
fn the_breaker_opens_while_the_vendor_is_down_and_closes_again() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 6_000, MINUTE);
    bench.job(&vendor, claim(1, 1), 20);
    bench.run(MINUTE);
    *vendor.mood.borrow_mut() = Some(Outcome::Broken { reason: "HTTP 503".to_owned() });
    let before = vendor.total.get();
    bench.run(MINUTE * 2);
    let tried = vendor.total.get() - before;
    assert!((12..60).contains(&tried), "{tried} calls while it was down");
    assert_ne!(bench.gates.states()[0].breaker, BreakerState::Closed);
    *vendor.mood.borrow_mut() = None;
    bench.run(Duration::from_secs(35));
    assert_eq!(bench.gates.states()[0].breaker, BreakerState::Closed);
    let before = vendor.total.get();
    bench.run(MINUTE);
    assert!((vendor.total.get() - before) as f64 > 0.75 * 20.0 / 0.3 * 60.0, "it is back at full speed");
}

#[test]
fn one_refused_credential_is_enough_until_it_is_another_one() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 6_000, MINUTE);
    *vendor.mood.borrow_mut() = Some(Outcome::AuthFailed);
    bench.job(&vendor, claim(1, 1), 20);
    bench.run(MINUTE * 60);
    assert_eq!(vendor.total.get(), 1, "a new gate sends one ahead");
    assert_eq!(bench.gates.limited_until(&key()), Some((None, Reason::AuthFailed)));
    *vendor.mood.borrow_mut() = None;
    bench.gates.credential_changed(&key());
    bench.run(MINUTE);
    assert!(vendor.total.get() > 1_000);
}

#[test]
fn windows_grant_together_or_not_at_all_and_buckets_are_apart() {
    let mut bench = Bench::new();
    let fast = limits(&[("", 60, MINUTE), ("", 600, MINUTE / 60)]);
    let searched = Limits { windows: limits(&[("", 60, MINUTE), ("search", 6, MINUTE)]).windows, ..Limits::default() };
    let counts = Rc::new(Cell::new((0, 0)));
    for search in [false, true] {
        let (gates, limits, counts) =
            (bench.gates.clone(), if search { searched.clone() } else { fast.clone() }, counts.clone());
        let operation = if search { Operation::LeadSearch } else { Operation::EmailVerify };
        bench.spawn(async move {
            let claim = Claim { operation, ..claim(1, u64::from(search)) };
            while let Ok(permit) = gates.enter(&key(), &limits, &claim).await {
                permit.end(&Outcome::NotFound, &RateSigns::default(), Duration::ZERO);
                let (others, searches) = counts.get();
                counts.set(if search { (others, searches + 1) } else { (others + 1, searches) });
            }
        });
    }
    bench.run(MINUTE * 10);
    let (others, searches) = counts.get();
    assert!((46..=50).contains(&searches), "{searches} of the small budget");
    assert!((476..=484).contains(&(others + searches)), "{others} beside them: nothing of the large one is lost");
}

#[test]
fn who_waits_goes_by_new_limits_at_once_and_what_is_used_stays_used() {
    let mut bench = Bench::new();
    let through = Rc::new(Cell::new(0));
    let slow = limits(&[("", 1, MINUTE), ("", 100, DAY)]);
    for _ in 0..3 {
        let (gates, slow, through) = (bench.gates.clone(), slow.clone(), through.clone());
        bench.spawn(async move {
            let permit = gates.enter(&key(), &slow, &claim(1, 1)).await.expect("open");
            through.set(through.get() + 1);
            permit.end(&Outcome::NotFound, &RateSigns::default(), Duration::ZERO);
        });
    }
    bench.run(Duration::from_secs(30));
    assert_eq!(through.get(), 1, "one in a minute and a quarter");
    bench.gates.limits_changed("another", |_| Limits::default());
    bench.run(Duration::from_secs(1));
    assert_eq!(through.get(), 1);
    bench.gates.limits_changed("strict", |_| limits(&[("", 6_000, MINUTE), ("", 50, DAY)]));
    bench.run(Duration::from_secs(1));
    assert_eq!(through.get(), 3);
    let state = bench.gates.states().remove(0);
    let quota = state.windows.iter().find(|window| window.per == DAY).expect("the quota");
    assert_eq!((quota.calls, quota.tokens), (50, 47));
    bench.gates.limits_changed("strict", |_| limits(&[("", 2, MINUTE / 60)]));
    assert_eq!(bench.gates.states()[0].windows.len(), 1, "what holds no more is not shown");
}

#[test]
fn calls_in_flight_are_bounded() {
    let mut bench = Bench::new();
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 6_000, MINUTE);
    let limits = Limits { concurrent: Some(3), ..Limits::default() };
    let most = Rc::new(Cell::new((0, 0)));
    for _ in 0..20 {
        let (gates, vendor, limits, most) = (bench.gates.clone(), vendor.clone(), limits.clone(), most.clone());
        bench.spawn(async move {
            while let Ok(permit) = gates.enter(&key(), &limits, &claim(1, 1)).await {
                let (now, peak) = most.get();
                most.set((now + 1, peak.max(now + 1)));
                vendor.clock.sleep(vendor.latency).await;
                permit.end(&Outcome::NotFound, &RateSigns::default(), vendor.latency);
                most.set((most.get().0 - 1, most.get().1));
            }
        });
    }
    bench.run(MINUTE);
    assert_eq!(most.get().1, 3);
    assert_eq!((bench.gates.states()[0].in_flight, bench.gates.states()[0].waiting), (3, 17));
    assert_eq!(bench.gates.wanted_in_flight(&key(), &limits), 3);
}

#[test]
fn what_the_vendor_says_of_its_windows_is_kept() {
    let mut bench = Bench::new();
    let made = Rc::new(RefCell::new(Vec::new()));
    let (gates, clock, log) = (bench.gates.clone(), bench.sim.deps.clock.clone(), made.clone());
    let start = clock.monotonic();
    bench.spawn(async move {
        for call in 0.. {
            // Nothing is published; the first answer tells of 60 a minute, the thirtieth that nothing is left.
            let told = WindowSign {
                per: Some(MINUTE),
                limit: Some(60),
                left: Some(if call == 30 { 0 } else { 40 }),
                resets_in: Some(Duration::from_secs(25)),
            };
            let permit = gates.enter(&key(), &Limits::default(), &claim(1, 1)).await.expect("open");
            log.borrow_mut().push(clock.monotonic() - start);
            let signs = RateSigns { windows: vec![told], ..RateSigns::default() };
            permit.end(&Outcome::NotFound, &signs, Duration::ZERO);
        }
    });
    bench.run(MINUTE * 2);
    let made = made.borrow();
    assert_eq!(made[2] - made[1], Duration::from_millis(1_250), "four fifths of what was told");
    assert_eq!(made[31] - made[30], Duration::from_secs(25), "and not before it begins anew");
}

/// A disk: rows are there once they are acknowledged, after a moment.
#[derive(Clone)]
struct Disk {
    rows: Arc<Mutex<HashMap<QuotaKey, QuotaRow>>>,
    clock: Arc<dyn Clock>,
}

impl KeepQuotas for Disk {
    fn keep(&self, key: QuotaKey, row: QuotaRow) -> BoxFuture<'static, Result<(), NotKept>> {
        let (rows, clock) = (self.rows.clone(), self.clock.clone());
        async move {
            clock.sleep(Duration::from_millis(3)).await;
            let mut rows = rows.lock().unwrap();
            if rows.get(&key).is_none_or(|there| there.revision < row.revision) {
                rows.insert(key, row);
            }
            Ok(())
        }
        .boxed()
    }
}

#[test]
fn after_restarts_no_more_than_the_rest_of_the_days_quota_is_called() {
    let mut bench = Bench::new();
    let disk = Disk { rows: Arc::default(), clock: bench.sim.deps.clock.clone() };
    let vendor = Vendor::new(&bench.sim, Counting::Sliding, 1_000, DAY);
    let limits = limits(&[("", 1_000, DAY), ("", 50, Duration::from_secs(1))]);
    // Crashes at any moment, at last at nine tenths of the day's quota.
    for stop_at in [100, 333, 334, 900, 10_000] {
        let rows = disk.rows.lock().unwrap().clone();
        bench.gates = Gates::kept(&bench.sim.deps, GateSettings::default(), Arc::new(disk.clone()), rows);
        bench.pool = LocalPool::new();
        for _ in 0..10 {
            let (gates, vendor, limits) = (bench.gates.clone(), vendor.clone(), limits.clone());
            bench.spawn(async move {
                while vendor.total.get() < stop_at {
                    match gates.enter(&key(), &limits, &claim(1, 1)).await {
                        Ok(permit) => {
                            let (outcome, signs) = vendor.call(&claim(1, 1)).await;
                            permit.end(&outcome, &signs, vendor.latency);
                        }
                        Err(closed) => {
                            assert!(matches!(closed, Closed::OutOfQuota { .. }), "{closed:?}");
                            return;
                        }
                    }
                }
                // Killed: nobody tidies up.
                std::future::pending::<()>().await;
            });
        }
        bench.run(MINUTE * 5);
    }
    assert_eq!(vendor.refused.get(), 0);
    assert!((980..=1_000).contains(&vendor.total.get()), "{} of 1,000", vendor.total.get());
    let (until, reason) = bench.gates.limited_until(&key()).expect("used up");
    assert_eq!(reason, Reason::OutOfQuota);
    bench.run(until.expect("told").since(bench.sim.deps.clock.now()));
    assert!(bench.gates.limited_until(&key()).is_none(), "and the next day it goes on");
}

#[test]
fn the_store_keeps_the_newest_row_and_tells_all_at_a_start() {
    let world = World::new(0, Registry::default());
    let row = |revision, reserved| QuotaRow { revision, reserved, ..QuotaRow::default() };
    let place = QuotaKey { gate: key(), bucket: "search".to_owned(), per: DAY };
    for (revision, reserved) in [(2, 20), (1, 10)] {
        block_on(world.store.keep(place.clone(), row(revision, reserved))).expect("kept");
    }
    let other = QuotaKey { gate: GateKey::of_workspace("strict", world.scope.workspace()), ..place.clone() };
    block_on(world.store.keep(other.clone(), row(1, 5))).expect("kept");
    let restored = restored(&world.view()).expect("readable");
    assert_eq!(restored, HashMap::from([(place, row(2, 20)), (other, row(1, 5))]));
}

#[test]
fn an_orderly_end_gives_back_what_was_not_used() {
    let bench = Bench::new();
    let disk = Disk { rows: Arc::default(), clock: bench.sim.deps.clock.clone() };
    let limits = limits(&[("", 100_000, DAY)]);
    let gates = Gates::kept(&bench.sim.deps, GateSettings::default(), Arc::new(disk.clone()), HashMap::new());
    let mut pool = LocalPool::new();
    let entering = gates.clone();
    let done = pool.spawner();
    done.spawn_local(async move {
        for _ in 0..7 {
            let permit = entering.enter(&key(), &limits, &claim(1, 1)).await.expect("open");
            permit.end(&Outcome::NotFound, &RateSigns::default(), Duration::ZERO);
        }
        entering.settle().await;
    })
    .expect("the pool is there");
    for _ in 0..20 {
        pool.run_until_stalled();
        bench.sim.clock.advance(Duration::from_millis(3));
    }
    let rows = disk.rows.lock().unwrap();
    let row = rows.values().next().expect("kept");
    assert_eq!((row.reserved, row.slices.iter().map(|slice| slice.calls).sum::<u32>()), (0, 7));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever goes away at any point leaves nothing behind: not a place, not a permit, not a token.
    #[test]
    fn who_goes_away_leaves_nothing_behind(acts in proptest::collection::vec((0_u8..7, 0_usize..50), 1..250)) {
        let bench = Bench::new();
        let limits = Limits { concurrent: Some(4), ..limits(&[("", 600, MINUTE), ("", 100_000, DAY)]) };
        let waker = noop_waker();
        let mut context = std::task::Context::from_waker(&waker);
        let mut waiting: Vec<BoxFuture<'static, Result<_, Closed>>> = Vec::new();
        let mut permits = Vec::new();
        for (act, which) in acts {
            match act {
                0 | 1 => {
                    let (gates, limits) = (bench.gates.clone(), limits.clone());
                    let claim = Claim { weight: 1 + which as u32 % 3, ..claim(which as u64 % 4, which as u64) };
                    waiting.push(async move { gates.enter(&key(), &limits, &claim).await }.boxed());
                }
                2 if !waiting.is_empty() => drop(waiting.remove(which % waiting.len())),
                3 if !permits.is_empty() => drop(permits.remove(which % permits.len())),
                4 if !permits.is_empty() => {
                    let permit: galena::actors::provider_gate::Permit = permits.remove(which % permits.len());
                    if which % 2 == 0 {
                        permit.unused();
                    } else {
                        permit.end(&Outcome::NotFound, &RateSigns::default(), Duration::from_millis(9));
                    }
                }
                5 => bench.sim.clock.advance(Duration::from_millis(which as u64 * 20)),
                _ => {
                    for mut one in std::mem::take(&mut waiting) {
                        match one.poll_unpin(&mut context) {
                            std::task::Poll::Ready(Ok(permit)) => permits.push(permit),
                            std::task::Poll::Ready(Err(closed)) => panic!("{closed:?}"),
                            std::task::Poll::Pending => waiting.push(one),
                        }
                    }
                    prop_assert!(permits.len() <= 4);
                }
            }
        }
        drop((waiting, permits));
        if let Some(state) = bench.gates.states().first() {
            prop_assert_eq!((state.in_flight, state.waiting), (0, 0));
        }
        bench.sim.clock.advance(MINUTE);
        prop_assert!(bench.gates.enter(&key(), &limits, &claim(9, 9)).now_or_never().is_some_and(|got| got.is_ok()));
    }
}

#[test]
fn a_gate_without_limits_costs_next_to_nothing() {
    let bench = Bench::new();
    let (count, clock) = (100_000_u32, galena::deps::SystemClock::start());
    for limits in [Limits::default(), limits(&[("", u32::MAX, MINUTE / 60)])] {
        let start = clock.monotonic();
        for _ in 0..count {
            let permit = bench.gates.enter(&key(), &limits, &claim(1, 1)).now_or_never();
            if let Some(Ok(permit)) = permit {
                permit.end(&Outcome::NotFound, &RateSigns::default(), Duration::ZERO);
            }
        }
        println!("{:?} for entering and leaving once", (clock.monotonic() - start) / count);
    }
    assert_eq!(bench.gates.states()[0].in_flight, 0);
}
