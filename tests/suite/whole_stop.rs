//! Stops in the middle of everything: after the acknowledgement no vendor sees a new request, of whatever kind.

use std::time::Duration;

use galena::domain::enrichment::{ItemState, JobOptions, JobStatus, WaitReason};
use galena::domain::id::JobId;
use galena::providers::manifest::Manifest;
use galena::store::WorkspaceScope;

use super::whole_house::{House, batches, checks, works};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Cancel,
    Pause,
}

/// A hundred jobs of ten workspaces in the middle of their work.
fn at_work(manifest: Manifest, leads: usize) -> House {
    let mut house = House::new(vec![manifest]);
    let scopes: Vec<WorkspaceScope> = (0..10).map(|_| house.workspace("one")).collect();
    for number in 0..100 {
        house.job(scopes[number % 10], leads, JobOptions::default());
    }
    house
}

fn waiting(house: &House, reason: WaitReason) -> usize {
    let of = |(scope, job): &(WorkspaceScope, JobId)| {
        let items = galena::store::jobs::items_page(&house.world.view(), scope, *job, None, None, usize::MAX).unwrap();
        items.into_iter().filter(|(_, item)| item.state == ItemState::Waiting(reason)).count()
    };
    house.jobs.iter().map(of).sum()
}

/// Every job is stopped, one at a moment, while the others go on; then all rest, and where they were paused they go on.
fn stops(mut house: House, act: Act) {
    let jobs = house.jobs.clone();
    for (place, (scope, job)) in jobs.iter().enumerate() {
        match act {
            Act::Cancel => house.cancel(*scope, *job),
            Act::Pause => house.pause(*scope, *job),
        }
        // Nobody asks for a job that was told to stop, while others are asked for.
        if place % 10 == 9 && place < 99 {
            let before = house.street.requests();
            house.run(Duration::from_millis(400));
            let stopped = &jobs[..=place];
            for one in house.street.since(before) {
                assert!(!house.is_of(&one, stopped), "{one:?} after its job was stopped");
            }
        }
    }
    let acknowledged = house.street.requests();
    house.run(MINUTE * 10);
    let since = house.street.since(acknowledged);
    assert!(since.is_empty(), "{act:?}: {} requests after the stop, the first {:?}", since.len(), since.first());
    house.audit();
    for row in house.rows() {
        assert_eq!(row.counts.running, 0, "{:?}", row.counts);
        if act == Act::Cancel {
            assert_eq!((row.status, row.held, row.counts.open()), (JobStatus::Cancelled, 0, 0));
        }
    }
    if act == Act::Pause {
        for (scope, job) in &jobs {
            house.resume(*scope, *job);
        }
        assert!(house.run_until(MINUTE * 600, House::all_over), "all go on to their end");
        for row in house.rows() {
            assert_eq!((row.status, row.counts.found), (JobStatus::Completed, row.counts.total()), "{:?}", row.counts);
            assert_eq!(row.held, 0);
        }
        house.audit();
    }
}

fn both(make: impl Fn() -> House) {
    stops(make(), Act::Cancel);
    stops(make(), Act::Pause);
}

#[test]
fn while_calls_are_in_flight_and_others_wait_at_the_gate() {
    both(|| {
        let mut house = at_work(checks("vendor", r#"{ calls = 1200, per = "1m" }"#, ""), 30);
        house.street.simulator.set_latency(Some(Duration::from_secs(3)));
        house.run(Duration::from_secs(20));
        let gate = house.gate("vendor");
        assert!(gate.in_flight > 10 && gate.waiting > 50, "{gate:?}");
        house
    });
}

#[test]
fn while_leads_wait_for_their_next_try() {
    both(|| {
        let failing = "failures = { broken = 0.4 }";
        let mut house = at_work(checks("vendor", r#"{ calls = 1200, per = "1m" }"#, failing), 30);
        house.run(Duration::from_secs(20));
        // From here on everybody is answered.
        house.street.simulator.set_steady();
        assert!(waiting(&house, WaitReason::Retry) > 5);
        house
    });
}

#[test]
fn while_work_is_submitted_looked_after_and_fetched() {
    both(|| {
        let mut house = at_work(works("vendor", r#"{ calls = 1200, per = "1m" }"#, 10), 60);
        house.run(Duration::from_secs(40));
        assert!(waiting(&house, WaitReason::Provider) > 100);
        let paths = house.street.asked("vendor");
        assert!(paths.iter().any(|one| one.path.starts_with("/results/")), "some were fetched");
        house
    });
}

#[test]
fn while_calls_for_many_are_made() {
    both(|| {
        let mut house = at_work(batches("vendor", r#"{ calls = 300, per = "1m" }"#, 10), 40);
        house.run(Duration::from_secs(10));
        house
    });
}
