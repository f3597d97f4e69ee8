//! The limits of vendors that count every request, through the whole engine: used to the full, and never refused.

use std::time::Duration;

use galena::domain::enrichment::{ItemState, JobOptions, JobStatus};
use galena::providers::manifest::Manifest;
use galena::providers::simulator::OutageKind;
use galena::store::WorkspaceScope;

use super::whole_house::{House, batches, checks, works};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A hundred jobs of ten workspaces, with so many leads each.
fn hundred_jobs(manifest: Manifest, leads: usize) -> House {
    let mut house = House::new(vec![manifest]);
    let scopes: Vec<WorkspaceScope> =
        (0..10).map(|number| house.workspace(["three", "two", "one"][number % 3])).collect();
    for number in 0..100 {
        house.job(scopes[number % 10], leads, JobOptions::default());
    }
    house
}

/// Requests of all kinds in the last `lasts`, as a share of four fifths of `a_minute`.
fn used(house: &House, lasts: Duration, a_minute: f64) -> f64 {
    let from = house.now() - lasts;
    let count = house.street.asked("vendor").iter().filter(|one| one.at >= from).count();
    count as f64 / (0.8 * a_minute * lasts.as_secs_f64() / 60.0)
}

#[track_caller]
fn uses_all_and_is_never_refused(house: &mut House, a_minute: f64, minutes: u32) {
    house.run(MINUTE);
    house.run(MINUTE * minutes);
    assert!(house.rows().iter().any(|row| !row.status.is_over()), "there is work to the end");
    let share = used(house, MINUTE * minutes, a_minute);
    let refused = house.street.refused("vendor");
    println!("{:.2} % of four fifths, {refused} refused, {} requests", share * 100.0, house.street.count("vendor"));
    assert_eq!(refused, 0);
    assert!((0.98..=1.005).contains(&share), "{share}");
    house.audit();
}

#[test]
fn a_hundred_jobs_use_the_limit_of_a_minute() {
    let mut house = hundred_jobs(checks("vendor", r#"{ calls = 600, per = "1m" }"#, ""), 70);
    uses_all_and_is_never_refused(&mut house, 600.0, 12);
}

#[test]
fn a_hundred_jobs_use_the_limit_of_a_second() {
    let mut house = hundred_jobs(checks("vendor", r#"{ calls = 12, per = "1s" }"#, ""), 60);
    uses_all_and_is_never_refused(&mut house, 720.0, 8);
}

#[test]
fn a_few_calls_a_minute_are_all_used() {
    let mut house = hundred_jobs(checks("vendor", r#"{ calls = 10, per = "1m" }"#, ""), 10);
    uses_all_and_is_never_refused(&mut house, 10.0, 100);
}

#[test]
fn the_stricter_of_two_windows_holds_and_both_are_kept() {
    let both = r#"{ calls = 20, per = "1s" }, { calls = 600, per = "1m" }, { calls = 100000, per = "1d" }"#;
    let mut house = hundred_jobs(checks("vendor", both, ""), 70);
    uses_all_and_is_never_refused(&mut house, 600.0, 12);
}

#[test]
fn calls_for_many_count_once() {
    let mut house = hundred_jobs(batches("vendor", r#"{ calls = 60, per = "1m" }"#, 10), 70);
    uses_all_and_is_never_refused(&mut house, 60.0, 10);
}

#[test]
fn looks_and_fetches_count_too() {
    for limit in [r#"{ calls = 240, per = "1m" }"#, r#"{ calls = 4, per = "1s" }"#] {
        let mut house = hundred_jobs(works("vendor", limit, 10), 200);
        uses_all_and_is_never_refused(&mut house, 240.0, 12);
        let paths = house.street.asked("vendor");
        assert!(paths.iter().any(|one| one.path.starts_with("/results/")), "some were fetched");
    }
}

#[test]
fn a_vendor_that_fails_often_is_not_called_more_often() {
    let failing = r#"failures = { broken = 0.3 }"#;
    let mut house = hundred_jobs(checks("vendor", r#"{ calls = 600, per = "1m" }"#, failing), 60);
    uses_all_and_is_never_refused(&mut house, 600.0, 8);
    let tally = house.tally("vendor");
    println!("{} of {} failed", tally.failed, tally.asked);
    assert!(tally.failed * 4 > tally.asked);
}

#[test]
fn after_a_storm_of_refusals_it_comes_back() {
    let mut house = hundred_jobs(checks("vendor", r#"{ calls = 600, per = "1m" }"#, ""), 110);
    house.run(MINUTE * 2);
    let before = house.street.count("vendor");
    house.outage("vendor", OutageKind::RateLimited, MINUTE * 2);
    house.run(MINUTE * 2);
    let during = house.street.count("vendor") - before;
    house.run(MINUTE * 5);
    let back = used(&house, MINUTE, 600.0);
    let refused = house.street.refused("vendor");
    house.run(MINUTE * 5);
    let share = used(&house, MINUTE * 5, 600.0);
    println!("{during} calls into the storm; {:.1} % after 5 minutes, {:.1} % then", back * 100.0, share * 100.0);
    assert!(during < 60, "{during}");
    assert!(back >= 0.9 && share >= 0.95, "{back} {share}");
    assert_eq!(house.street.refused("vendor"), refused, "and is not refused again");
    assert!(house.rows().iter().all(|row| row.counts.failed == 0));
    house.audit();
}

/// The reason that is told of somebody who waits.
fn told(house: &House) -> Option<String> {
    let (scope, job) = house.jobs[0];
    let items = galena::store::jobs::items_page(&house.world.view(), &scope, job, None, None, usize::MAX).unwrap();
    items.into_iter().find(|(_, item)| matches!(item.state, ItemState::Waiting(_))).and_then(|(_, item)| item.error)
}

#[test]
fn the_quota_of_a_day_is_used_to_the_last_call_and_then_the_next_day() {
    let both = r#"{ calls = 10, per = "1s" }, { calls = 1000, per = "1d" }"#;
    let mut house = House::new(vec![checks("vendor", both, "")]);
    let scope = house.workspace("one");
    let job = house.job(scope, 1_300, JobOptions::default());
    house.run(Duration::from_secs(600));
    assert_eq!((house.street.count("vendor"), house.street.refused("vendor")), (1_000, 0));
    house.run(DAY - Duration::from_secs(700));
    assert_eq!(house.street.count("vendor"), 1_000);
    house.run(Duration::from_secs(7_200));
    let row = house.row(scope, job);
    assert_eq!((row.status, row.counts.found, row.counts.failed), (JobStatus::Completed, 1_300, 0));
    assert_eq!((house.street.count("vendor"), house.street.refused("vendor")), (1_300, 0));
    house.audit();
}

#[test]
fn after_a_crash_at_nine_tenths_of_a_day_only_the_last_tenth_is_called() {
    for crashes in [1, 5] {
        let limits = r#"{ calls = 20, per = "1s" }, { calls = 1000, per = "1d" }"#;
        let mut house = House::new(vec![checks("vendor", limits, "")]);
        let scope = house.workspace("one");
        let job = house.job(scope, 1_400, JobOptions::default());
        assert!(house.run_until(MINUTE * 10, |house| house.street.count("vendor") >= 900));
        for crash in 0..crashes {
            house = house.crash();
            house.run(Duration::from_millis(300 + 170 * crash));
        }
        house.run(MINUTE * 10);
        let (called, refused) = (house.street.count("vendor"), house.street.refused("vendor"));
        println!("{called} calls of 1000 after {crashes} crashes, {refused} refused");
        assert!(called <= 1_000 && refused == 0, "{called} {refused}");
        assert!(called >= 1_000 - 4 * crashes as usize, "{called}: a crash forgets a block of calls at most");
        let row = house.row(scope, job);
        assert!(!row.status.is_over() && row.counts.failed == 0, "{:?}", row.counts);
        let told = told(&house).expect("somebody waits, and why is told");
        println!("{told}");
        assert!(told.contains("quota") && told.contains("2026-01-02T"), "{told}");
        house.run(DAY + MINUTE * 60);
        let row = house.row(scope, job);
        assert_eq!((row.status, row.counts.found, row.counts.failed), (JobStatus::Completed, 1_400, 0));
        assert_eq!(house.street.refused("vendor"), 0);
        house.audit();
    }
}
