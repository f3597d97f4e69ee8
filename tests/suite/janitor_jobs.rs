//! Retention of jobs in simulated time: raw answers and dead letters go before the job, the job goes with everything of
//! it but the ledger, and nothing of a job that is not over goes at all.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use galena::actors::importer::hands::Hands;
use galena::actors::janitor::{Sweep, Swept};
use galena::domain::enrichment::{ItemState, JobStatus, Outcome};
use galena::domain::id::JobId;
use galena::providers::Registry;
use galena::store::check::{Check, IndexAtHand};
use galena::store::ledger;
use galena::store::tables::{
    Attempts, DeadLetters, ItemQueue, Items, JobFunnels, JobSelections, JobTrims, Jobs, LeadItems, Lines, Orders,
    RawAnswers, TenantTable, Values,
};
use galena::store::transactions::jobs::PauseJob;
use galena::store::transactions::retention::Keeping;
use galena::store::usage::{Day, Meter, of_day};
use galena::store::{Reads, SystemScope};

use super::enrichment_fixture::{Scripted, World, basic, found};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn sweep(world: &World) -> Sweep {
    let keeping = Keeping {
        idempotency: DAY,
        events: 1_000 * DAY,
        deleted_lists: 30 * DAY,
        import_originals: 90 * DAY,
        before_images: 30 * DAY,
        uploads: DAY,
        jobs: 365 * DAY,
        dead_letters: 90 * DAY,
        raw_answers: 30 * DAY,
        lookups: Duration::from_secs(24 * 3_600),
        outbox_max_entries: 1_000_000,
    };
    Sweep::new(world.store.clone(), SystemScope::for_the_house(), None, keeping, Hands::Inline)
}

/// A whole round of the Janitor; the books agree after every step of it.
fn round(world: &World, sweep: &mut Sweep) -> usize {
    for steps in 1.. {
        let swept = block_on(sweep.step()).unwrap();
        world.audit();
        if swept == Swept::RoundDone {
            return steps;
        }
    }
    0
}

fn check(world: &World) {
    let check = Check {
        system: SystemScope::for_the_house(),
        store: world.store.clone(),
        index: IndexAtHand::ToBeBuilt,
        directory: None,
        alone: false,
    };
    let report = check.run().unwrap();
    let of_jobs: Vec<_> = report.findings.iter().filter(|found| format!("{found:?}").contains("Job")).collect();
    assert!(of_jobs.is_empty(), "{of_jobs:#?}");
}

fn rows<T: TenantTable>(world: &World) -> usize {
    let mut count = 0;
    world
        .view()
        .scan_all::<T>(&mut |_, _, _| {
            count += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    count
}

/// A world with one job of `leads` leads that is over; every tenth lead fails.
fn worked(leads: usize) -> (World, JobId) {
    let provider = Scripted::new("own", |request, _| {
        let email = &request.inputs[0].1;
        match email.contains("0@") {
            true => Outcome::Broken { reason: "500".to_owned() }.into(),
            false => found("emailStatus", "valid"),
        }
    });
    let world = World::new(10_000_000, Registry::default().with(Arc::new(provider)));
    let list = world.list("Fair");
    world.some_leads(list, leads);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work(2 * HOUR);
    assert_eq!(world.job(job).status, JobStatus::Completed);
    (world, job)
}

#[test]
fn answers_go_first_then_letters_then_the_job_and_never_the_ledger() {
    let (world, job) = worked(700);
    let mut sweep = sweep(&world);
    let failed = usize::try_from(world.job(job).counts.failed).unwrap();
    let (answers, attempts, lines) = (rows::<RawAnswers>(&world), rows::<Attempts>(&world), rows::<Lines>(&world));
    assert!(failed == 70 && answers == 630 && attempts > 700, "{failed} {answers} {attempts}");
    assert_eq!(rows::<DeadLetters>(&world), failed);
    let used = ledger::account(&world.view(), &world.scope).unwrap();

    let day = Day::of(world.sim.deps.clock.now());
    let usage = of_day(&world.view(), &world.scope, day).unwrap();
    assert_eq!((usage.get(Meter::Units), usage.get(Meter::Credits)), (630, used.used));
    assert_eq!(of_day(&world.view(), &world.scope, Day(day.0 + 1)).unwrap().get(Meter::Units), 0);

    world.sim.clock.advance(29 * DAY);
    round(&world, &mut sweep);
    assert_eq!(rows::<RawAnswers>(&world), answers);
    assert_eq!(rows::<Orders>(&world), 0);
    world.sim.clock.advance(2 * DAY);
    round(&world, &mut sweep);
    assert_eq!((rows::<RawAnswers>(&world), rows::<Attempts>(&world)), (0, attempts));
    assert_eq!(rows::<DeadLetters>(&world), failed);
    world.sim.clock.advance(60 * DAY);
    round(&world, &mut sweep);
    assert_eq!((rows::<DeadLetters>(&world), rows::<Items>(&world)), (0, 700));
    check(&world);

    world.sim.clock.advance(273 * DAY);
    round(&world, &mut sweep);
    assert_eq!(world.job(job).counts.total(), 700, "a day is left");
    world.sim.clock.advance(2 * DAY);
    round(&world, &mut sweep);
    assert_eq!(world.view().get::<Jobs>(&world.scope, (job,)).unwrap(), None);
    let left = [
        rows::<Items>(&world),
        rows::<LeadItems>(&world),
        rows::<Attempts>(&world),
        rows::<ItemQueue>(&world),
        rows::<JobSelections>(&world),
        rows::<JobFunnels>(&world),
        rows::<JobTrims>(&world),
    ];
    assert_eq!(left, [0; 7]);
    assert_eq!(rows::<Lines>(&world), lines);
    assert_eq!(ledger::account(&world.view(), &world.scope).unwrap(), used);
    assert_eq!(rows::<Values>(&world), 630, "what was found stays with the leads");
    check(&world);
}

#[test]
fn a_removal_goes_on_after_a_crash_at_any_step() {
    let (mut world, job) = worked(1_200);
    world.sim.clock.advance(400 * DAY);
    let stands = |world: &World| (rows::<Jobs>(world), rows::<Items>(world), rows::<JobTrims>(world));
    let mut crashes = 0;
    loop {
        // As far as something of the job has gone, then the process dies.
        let (mut sweep, before) = (sweep(&world), stands(&world));
        let mut swept = Swept::More;
        while swept == Swept::More && stands(&world) == before {
            swept = block_on(sweep.step()).unwrap();
        }
        let ended = stands(&world) == before;
        world = world.crash();
        world.audit();
        check(&world);
        if ended {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 4, "{crashes}");
    assert_eq!(world.view().get::<Jobs>(&world.scope, (job,)).unwrap(), None);
    assert_eq!((rows::<Items>(&world), rows::<Attempts>(&world), rows::<RawAnswers>(&world)), (0, 0, 0));
}

#[test]
fn a_job_that_is_not_over_stays_for_good() {
    let provider = Scripted::new("own", |_, _| found("emailStatus", "valid")).slow(Duration::from_secs(20));
    let world = World::new(10_000_000, Registry::default().with(Arc::new(provider)));
    let list = world.list("Fair");
    world.some_leads(list, 300);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work_until(HOUR, |world| world.job(job).counts.found > 20);
    let scope = world.scope;
    world.run(PauseJob { scope, origin: world.origin(), job, stopped: Arc::new(|_| ()) });
    world.work(HOUR);
    let counts = world.job(job).counts;
    assert!(counts.open() > 0 && counts.found > 20, "{counts:?}");
    let answers = rows::<RawAnswers>(&world);
    assert!(answers > 20);

    let mut sweep = sweep(&world);
    world.sim.clock.advance(29 * DAY);
    round(&world, &mut sweep);
    assert_eq!(rows::<RawAnswers>(&world), answers);
    world.sim.clock.advance(500 * DAY);
    round(&world, &mut sweep);
    assert_eq!(rows::<RawAnswers>(&world), 0, "what was answered has its time all the same");
    assert_eq!(world.job(job).counts, counts);
    assert_eq!((rows::<Items>(&world), rows::<Attempts>(&world) as u64 >= counts.found), (300, true));
    let states = [ItemState::Queued, ItemState::Found];
    let mut seen = [0_usize; 2];
    world
        .view()
        .scan_all::<Items>(&mut |_, _, item| {
            for (place, state) in states.iter().enumerate() {
                seen[place] += usize::from(item.state == *state);
            }
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen.map(|count| count as u64), [counts.queued, counts.found]);
}
