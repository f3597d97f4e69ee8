//! Whose leads are answered when everybody wants the same provider: shares by plan, whatever the jobs look like.

use std::collections::BTreeMap;
use std::time::Duration;

use galena::domain::enrichment::{ItemState, JobOptions, Priority};
use galena::domain::id::{Id, JobId, LeadId};
use galena::store::WorkspaceScope;

use super::whole_house::{Asked, House, batches, checks, works};

const MINUTE: Duration = Duration::from_secs(60);
const PLANS: [(&str, f64); 3] = [("three", 3.0), ("two", 2.0), ("one", 1.0)];

fn prioritised(priority: Priority) -> JobOptions {
    JobOptions { priority, ..JobOptions::default() }
}

/// Leads that came to their end, by workspace.
fn answered(house: &House) -> BTreeMap<u64, f64> {
    let mut answered = BTreeMap::new();
    for ((scope, _), row) in house.jobs.iter().zip(house.rows()) {
        *answered.entry(scope.workspace().as_u64()).or_default() += row.counts.found as f64;
    }
    answered
}

/// What each workspace gets of what is answered in `lasts`, beside what its plan says; all queues are full all the time.
fn shares(house: &mut House, scopes: &[WorkspaceScope], warm: Duration, lasts: Duration) {
    house.run(warm);
    let before = answered(house);
    house.run(lasts);
    let after = answered(house);
    assert!(house.rows().iter().all(|row| !row.status.is_over()), "every queue is full to the end");
    let of = |scope: &WorkspaceScope| {
        let id = scope.workspace().as_u64();
        after[&id] - before[&id]
    };
    let total: f64 = scopes.iter().map(of).sum();
    for (scope, (plan, weight)) in scopes.iter().zip(PLANS) {
        let share = of(scope) / total * 6.0 / weight;
        println!("{plan}: {} of {total}, {share:.3} of its share", of(scope));
        assert!((share - 1.0).abs() <= 0.05, "{plan} gets {share:.3} of its share");
    }
    house.audit();
}

fn workspaces(house: &mut House) -> Vec<WorkspaceScope> {
    PLANS.iter().map(|(plan, _)| house.workspace(plan)).collect()
}

#[test]
fn shares_of_full_queues_follow_the_plans() {
    let mut house = House::new(vec![checks("vendor", r#"{ calls = 300, per = "1m" }"#, "")]);
    let scopes = workspaces(&mut house);
    for scope in &scopes {
        for _ in 0..4 {
            house.job(*scope, 600, JobOptions::default());
        }
    }
    shares(&mut house, &scopes, MINUTE * 2, MINUTE * 5);
}

#[test]
fn neither_the_number_of_jobs_nor_their_priority_buys_a_share() {
    let mut house = House::new(vec![checks("vendor", r#"{ calls = 300, per = "1m" }"#, "")]);
    let scopes = workspaces(&mut house);
    // The smallest plan orders the most, and all of it urgent.
    for _ in 0..2 {
        house.job(scopes[0], 800, prioritised(Priority::Low));
    }
    for priority in [Priority::High, Priority::Normal, Priority::Low] {
        house.job(scopes[1], 1_000, prioritised(priority));
    }
    for _ in 0..12 {
        house.job(scopes[2], 200, prioritised(Priority::High));
    }
    shares(&mut house, &scopes, MINUTE * 2, MINUTE * 5);
}

#[test]
fn neither_a_slow_vendor_nor_a_quick_one_changes_the_shares() {
    for latency in [Duration::ZERO, Duration::from_millis(20), Duration::from_secs(9)] {
        let mut house = House::new(vec![checks("vendor", r#"{ calls = 300, per = "1m" }"#, "")]);
        house.street.simulator.set_latency(Some(latency));
        let scopes = workspaces(&mut house);
        for (place, scope) in scopes.iter().enumerate() {
            for _ in 0..=2 * place {
                house.job(*scope, 1_200, JobOptions::default());
            }
        }
        println!("{latency:?}");
        shares(&mut house, &scopes, MINUTE * 2, MINUTE * 5);
    }
}

#[test]
fn calls_for_many_are_shared_like_calls_for_one() {
    // Three and ten leads in a call, and jobs of many sizes.
    for (size, jobs) in [(3, [2, 5, 3]), (10, [4, 1, 9])] {
        let mut house = House::new(vec![batches("vendor", r#"{ calls = 100, per = "1m" }"#, size)]);
        let scopes = workspaces(&mut house);
        for ((scope, (_, weight)), jobs) in scopes.iter().zip(PLANS).zip(jobs) {
            let leads = 100 * size * weight as usize;
            for job in 0..jobs {
                house.job(*scope, leads + 17 * job, JobOptions::default());
            }
        }
        shares(&mut house, &scopes, MINUTE, MINUTE * 4);
    }
}

#[test]
fn looks_at_submitted_work_are_calls_and_shared_like_calls() {
    let mut house = House::new(vec![works("vendor", r#"{ calls = 300, per = "1m" }"#, 10)]);
    let scopes = workspaces(&mut house);
    for (scope, jobs) in scopes.iter().zip([3, 1, 5]) {
        for _ in 0..jobs {
            house.job(*scope, 5_000 / jobs, JobOptions::default());
        }
    }
    // Whose work a look is for stands in no request: it is known by whose the submission was.
    house.run(MINUTE * 8);
    assert!(house.rows().iter().all(|row| !row.status.is_over()));
    let mut owners: BTreeMap<String, u64> = BTreeMap::new();
    let mut calls: BTreeMap<u64, f64> = BTreeMap::new();
    for one in house.street.asked("vendor") {
        let owner = match one.path.rsplit_once('/') {
            Some(("", "work")) => {
                let owner = house.owner_of(&one.body).workspace().as_u64();
                owners.insert(one.answer, owner);
                owner
            }
            _ => {
                let run = one.path.rsplit('/').next().unwrap();
                *owners.iter().find(|(answer, _)| answer.contains(run)).unwrap().1
            }
        };
        if one.at > MINUTE {
            *calls.entry(owner).or_default() += 1.0;
        }
    }
    let total: f64 = calls.values().sum();
    for (scope, (plan, weight)) in scopes.iter().zip(PLANS) {
        let share = calls[&scope.workspace().as_u64()] / total * 6.0 / weight;
        println!("{plan}: {share:.3} of its share of {total} calls");
        assert!((share - 1.0).abs() <= 0.05, "{plan} gets {share:.3} of its share");
    }
    assert_eq!(house.street.refused("vendor"), 0);
}

/// A hundred jobs of ten workspaces of one plan, all at work.
fn full() -> (House, Vec<WorkspaceScope>) {
    let mut house = House::new(vec![checks("vendor", r#"{ calls = 300, per = "1m" }"#, "")]);
    let scopes: Vec<WorkspaceScope> = (0..10).map(|_| house.workspace("one")).collect();
    for number in 0..100 {
        house.job(scopes[number % 10], 40, JobOptions::default());
    }
    house.run(MINUTE);
    assert_eq!(house.rows().iter().filter(|row| row.started_at.is_some()).count(), 100);
    (house, scopes)
}

fn lead_of(house: &House, scope: WorkspaceScope, job: JobId) -> Option<(LeadId, ItemState)> {
    let items = galena::store::jobs::items_page(&house.world.view(), &scope, job, None, None, 2).unwrap();
    items.first().map(|(_, item)| (item.lead, item.state))
}

#[test]
fn one_lead_in_a_full_house_is_taken_up_at_once_and_asked_about_next() {
    let (mut house, scopes) = full();
    // Where its workspace has ten jobs at work, and as a newcomer.
    let newcomer = house.workspace("one");
    for (scope, individual) in [(scopes[3], true), (scopes[4], false), (newcomer, true), (scopes[5], false)] {
        house.run(Duration::from_millis(7_300));
        let (entered, before) = (house.now(), house.street.count("vendor"));
        let priority = if individual { Priority::Normal } else { Priority::Low };
        let job = if individual { house.single(scope) } else { house.job(scope, 1, prioritised(priority)) };
        let address = format!("person{}%40", house.people_so_far());
        let leased = |house: &House| lead_of(house, scope, job).is_some_and(|(_, state)| state != ItemState::Queued);
        assert!(house.run_until(Duration::from_secs(1), leased), "leased within a second");
        println!("leased after {:?}", house.now() - entered);

        let asked = |house: &House| house.street.asked("vendor").iter().any(|one| one.path.contains(&address));
        assert!(house.run_until(MINUTE, asked), "asked about");
        let calls: Vec<Asked> = house.street.asked("vendor").split_off(before);
        let place = calls.iter().position(|one| one.path.contains(&address)).unwrap();
        println!("its call is the {place}. after {:?}", house.now() - entered);
        // Eleven take turns: whoever has just been served waits for the others.
        assert!(place <= 11, "{place} calls went before it");
        let own =
            calls[..place].iter().filter(|one| house.owner_of(&one.path).workspace() == scope.workspace()).count();
        assert_eq!(own, 0, "the next permit of its workspace is its own");
    }
}
