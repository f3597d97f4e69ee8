//! A provider that is down in the middle of a long job: the job goes on, and the provider is used again when it is back.

use std::time::Duration;

use galena::actors::provider_gate::BreakerState;
use galena::domain::enrichment::{JobOptions, JobStatus};
use galena::providers::simulator::OutageKind;

use super::whole_house::{House, checks};

const MINUTE: Duration = Duration::from_secs(60);
const LEADS: u64 = 1_200;

fn goes_on(kind: OutageKind) {
    let first = checks("first", r#"{ calls = 150, per = "1m" }"#, "");
    let second = checks("second", r#"{ calls = 150, per = "1m" }"#, "");
    let mut house = House::new(vec![first, second]);
    let scope = house.workspace("one");
    let job = house.job(scope, LEADS as usize, JobOptions::default());
    house.run(MINUTE * 2);
    let before = house.street.count("first");
    assert!((230..=250).contains(&before), "{before}");
    assert_eq!(house.street.count("second"), 0, "nobody else is asked while the first answers");

    house.outage("first", kind, MINUTE * 2);
    house.run(MINUTE * 2);
    let (during, meanwhile) = (house.street.count("first") - before, house.street.count("second"));
    println!("{kind:?}: {during} calls of the first while it was down, {meanwhile} of the second");
    assert!(during <= 30, "{during}: the breaker opens");
    let down = house.now() - MINUTE * 2;
    let probes = |from: Duration| house.street.asked("first").iter().filter(|one| one.at >= down + from).count();
    assert!(probes(MINUTE) >= 1, "and somebody tries, also later on");
    assert!(meanwhile >= 150, "{meanwhile}: the job goes on through the next step");
    assert_eq!(house.row(scope, job).counts.failed, 0);

    let back = house.now();
    let (first, second) = (house.street.count("first"), house.street.count("second"));
    let closes = house.run_until(MINUTE, |house| house.gate("first").breaker == BreakerState::Closed);
    assert!(closes, "the breaker closes again");
    println!("closed after {:?}", house.now() - back);
    house.run(MINUTE);
    let by_first = house.street.count("first") - first;
    assert!(by_first >= 110, "{by_first}: it is used again");
    let again = house.street.count("second") - second;
    println!("{by_first} of the first, {again} of the second once it was back");
    house.run_until(MINUTE * 20, House::all_over);

    let row = house.row(scope, job);
    assert_eq!((row.status, row.counts.found, row.counts.failed), (JobStatus::Completed, LEADS, 0));
    assert_eq!(row.credits_used, LEADS * 150, "each is charged once");
    house.audit();
    let answered = |slug| house.street.answered(slug);
    let twice = answered("first").values().chain(answered("second").values()).filter(|times| **times > 1).count();
    assert_eq!(twice, 0, "nobody who answered is asked again");
    let both = answered("first").keys().filter(|question| answered("second").contains_key(*question)).count();
    assert_eq!(both, 0, "and no answer is bought of both");
}

#[test]
fn errors_for_two_minutes_do_not_stop_a_job() {
    goes_on(OutageKind::Broken);
}

#[test]
fn silence_for_two_minutes_does_not_stop_a_job() {
    goes_on(OutageKind::Silent);
}

#[test]
fn nobody_at_the_address_for_two_minutes_does_not_stop_a_job() {
    goes_on(OutageKind::Down);
}
