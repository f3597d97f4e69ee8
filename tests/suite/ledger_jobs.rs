//! Jobs and the ledger, over random histories: whatever providers do, whenever the process dies or a person steps in, the
//! books agree and nobody pays more than was estimated.

use std::sync::Arc;
use std::time::Duration;

use galena::domain::enrichment::{JobOptions, JobStatus, Outcome};
use galena::providers::Registry;
use galena::store::transactions::jobs::{CancelJob, PauseJob, ResumeJob, RetryJob, StopHook};
use proptest::prelude::*;

use super::enrichment_fixture::{Scripted, World, basic, found};

/// What happens in the middle of a job.
#[derive(Debug, Clone, Copy)]
enum Act {
    Pause,
    Resume,
    Cancel,
    Retry,
    Crash,
    Work,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Pause),
        4 => Just(Act::Resume),
        1 => Just(Act::Cancel),
        2 => Just(Act::Retry),
        3 => Just(Act::Crash),
        6 => Just(Act::Work),
    ]
}

/// A provider with moods, the same for the same number of call.
fn moody(seed: u64) -> Scripted {
    Scripted::new("own", move |_, number| match (number as u64).wrapping_mul(seed | 1) % 11 {
        0 => Outcome::Broken { reason: "500".to_owned() }.into(),
        1 => Outcome::RateLimited { retry_after: None }.into(),
        2 => Outcome::NotFound.into(),
        3 => Outcome::AuthFailed.into(),
        4 => Outcome::Pending { ticket: "t".to_owned(), again_in: Duration::from_secs(3) }.into(),
        _ => found("emailStatus", "valid"),
    })
    .slow(Duration::from_millis(700))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_books_agree_after_any_history(
        seed: u64,
        leads in 1_usize..150,
        credits in 0_u64..20_000,
        acts in prop::collection::vec((act(), 0_u64..5_000), 0..8),
    ) {
        let mut world = World::new(credits, Registry::default().with(Arc::new(moody(seed))));
        let list = world.list("Fair");
        world.some_leads(list, leads);
        world.begin();
        let job = world.job_for_list(list, JobOptions { partial: true, ..basic() });
        let worst = world.job(job).estimate.worst;
        for (act, pause) in acts {
            let started = world.sim.deps.clock.monotonic();
            // The audit of the fixture looks at the rows after every round of this.
            world.work_until(Duration::from_millis(pause), |world| {
                world.sim.deps.clock.monotonic() - started >= Duration::from_millis(pause)
            });
            let agenda = world.agenda.clone();
            let stopped: StopHook = Arc::new(move |job| agenda.stop(job));
            let agenda = world.agenda.clone();
            let resumed: StopHook = Arc::new(move |job| agenda.resume(job));
            let (scope, origin) = (world.scope, world.origin());
            // A refusal is an answer too.
            match act {
                Act::Pause => drop(world.try_run(PauseJob { scope, origin, job, stopped })),
                Act::Resume => drop(world.try_run(ResumeJob { scope, origin, job, resumed })),
                Act::Cancel => drop(world.try_run(CancelJob { scope, origin, job, stopped })),
                Act::Retry => drop(world.try_run(RetryJob { scope, origin, job, resumed })),
                Act::Work => continue,
                Act::Crash => {}
            }
            // Slices in work were dropped: the rows are all that is left, as after a kill.
            world = world.crash();
            world.begin();
            world.audit();
        }
        let (scope, origin) = (world.scope, world.origin());
        let agenda = world.agenda.clone();
        drop(world.try_run(ResumeJob { scope, origin, job, resumed: Arc::new(move |job| agenda.resume(job)) }));
        world.begin();
        world.work(Duration::from_secs(48 * 3_600));
        let row = world.job(job);
        prop_assert!(row.status.is_over() || matches!(row.status, JobStatus::Paused(_)), "{:?}", row.status);
        prop_assert_eq!((row.held, row.counts.running), (0, 0));
        prop_assert!(row.credits_used <= worst && row.credits_used <= credits);
        prop_assert_eq!(row.credits_used, row.counts.found * 150);
        prop_assert_eq!(world.enriched(list) as u64, row.counts.found);
        if row.status == JobStatus::Completed {
            prop_assert_eq!((row.counts.open(), row.counts.total()), (0, leads as u64));
        }
    }
}

/// What waits for credits waits for the provider that may give some back, not for nobody.
#[test]
fn a_job_short_of_credits_looks_after_what_providers_still_work_on() {
    let world = World::new(1_050, Registry::default().with(Arc::new(moody(12_769_372_845_877_670_048))));
    let list = world.list("Fair");
    world.some_leads(list, 13);
    world.begin();
    let job = world.job_for_list(list, JobOptions { partial: true, ..basic() });
    world.work(Duration::from_secs(48 * 3_600));
    let row = world.job(job);
    assert!(matches!(row.status, JobStatus::Paused(_)), "{:?} {:?}", row.status, row.counts);
    assert_eq!((row.held, row.credits_used), (0, 1_050));
}
