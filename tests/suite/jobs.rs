//! Jobs as rows: they end, stop when told, go on after a crash, and never do a thing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use galena::domain::enrichment::{
    ItemState, JobOptions, JobStatus, Outcome, PauseReason, Priority, SkipReason, SkipRule,
};
use galena::domain::lead::{EmailStatus, EnrichmentStatus};
use galena::domain::time::Time;
use galena::providers::Registry;
use galena::store::records::job::Selection;
use galena::store::transactions::jobs::{CancelJob, PauseJob, ResumeJob, RetryJob, StopHook};
use galena::store::transactions::leads::DeleteLead;
use galena::store::transactions::lists::DeleteList;
use galena::store::{Reject, SubmitError};

use super::enrichment_fixture::{Scripted, World, basic, found};

const HOUR: Duration = Duration::from_secs(3_600);

fn scripted(scripted: Scripted) -> (Arc<Scripted>, Registry) {
    let provider = Arc::new(scripted);
    (provider.clone(), Registry::default().with(provider))
}

fn valid(_: &galena::providers::Request, _: usize) -> galena::domain::enrichment::Reply {
    found("emailStatus", "valid")
}

impl World {
    fn stop_hook(&self) -> StopHook {
        let agenda = self.agenda.clone();
        Arc::new(move |job| agenda.stop(job))
    }

    fn resume_hook(&self) -> StopHook {
        let agenda = self.agenda.clone();
        Arc::new(move |job| agenda.resume(job))
    }
}

#[test]
fn a_job_over_a_thousand_leads_ends_with_every_item_done_and_the_ledger_balanced() {
    let (provider, registry) = scripted(Scripted::new("own", valid));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    let leads = world.some_leads(list, 1_000);
    world.begin();
    let job = world.job_for_list(list, basic());
    assert_eq!(world.job(job).status, JobStatus::Pending);
    world.work(HOUR);

    let row = world.job(job);
    assert_eq!(row.status, JobStatus::Completed);
    assert_eq!((row.counts.found, row.counts.total(), row.total()), (1_000, 1_000, 1_000));
    assert_eq!(world.states(job)["found"], 1_000);
    assert_eq!(provider.count(), 1_000);
    assert_eq!((row.credits_used, row.held, row.cost), (150_000, 0, 4_000_000));
    assert_eq!(row.breakdown.email_verified, 1_000);
    assert_eq!((row.started_at.is_some(), row.completed_at.is_some()), (true, true));
    let account = world.account();
    assert_eq!((account.used, account.held, account.remaining), (150_000, 0, 850_000));
    assert_eq!(world.enriched(list), 1_000);
    for lead in leads {
        let lead = world.lead(lead);
        assert_eq!(lead.enrichment_status, EnrichmentStatus::Enriched);
        assert_eq!((lead.email_status, lead.enrichment_job), (Some(EmailStatus::Valid), Some(job)));
    }
}

/// One answer of fifty takes twenty seconds: the others are not kept waiting with it.
#[test]
fn a_slow_answer_does_not_keep_the_job_from_going_on() {
    let provider = Scripted::new("own", valid).slow(Duration::from_millis(300)).at_most(64);
    let (provider, registry) = scripted(provider.stumbling(50, Duration::from_secs(20)));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    world.some_leads(list, 2_000);
    world.begin();
    let job = world.job_for_list(list, basic());
    let began = world.sim.deps.clock.monotonic();
    world.work(Duration::from_secs(3_600));
    let row = world.job(job);
    assert_eq!((row.status, row.counts.found, provider.count()), (JobStatus::Completed, 2_000, 2_000));
    let took = world.sim.deps.clock.monotonic() - began;
    assert!(took < Duration::from_secs(80), "{took:?}");
}

#[test]
fn an_empty_list_is_a_job_that_is_done() {
    let (_, registry) = scripted(Scripted::new("own", valid));
    let world = World::new(0, registry);
    let job = world.job_for_list(world.list("Empty"), basic());
    assert_eq!((world.job(job).status, world.job(job).total()), (JobStatus::Completed, 0));
    world.audit();
}

#[test]
fn after_a_cancel_is_acknowledged_no_call_starts() {
    let (provider, registry) = scripted(Scripted::new("own", valid).slow(Duration::from_secs(2)));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    let leads = world.some_leads(list, 500);
    world.begin();
    let job = world.job_for_list(list, basic());
    // The cancel comes while calls are in flight and leased items wait for their turn.
    let cancelled = std::cell::Cell::new(false);
    world.work_until(HOUR, |world| {
        if !cancelled.get() && provider.count() > 40 {
            let cancel = CancelJob { scope: world.scope, origin: world.origin(), job, stopped: world.stop_hook() };
            let answer = world.run(cancel);
            provider.forbidden.store(true, Ordering::SeqCst);
            assert_eq!(answer.status, JobStatus::Cancelled);
            assert!(world.agenda.calls_in_flight(job) > 0, "calls in flight are counted");
            cancelled.set(true);
        }
        false
    });
    assert!(cancelled.get());
    assert_eq!(provider.calls_while_forbidden.load(Ordering::SeqCst), 0);
    let row = world.job(job);
    assert_eq!(row.status, JobStatus::Cancelled);
    assert_eq!(row.counts.open(), 0);
    assert_eq!(row.counts.found as usize, provider.count(), "what was in flight is recorded and kept");
    assert_eq!(row.counts.found + row.counts.cancelled, 500);
    assert_eq!(world.account().used, row.counts.found * 150);
    let of = |status| leads.iter().filter(|lead| world.lead(**lead).enrichment_status == status).count() as u64;
    assert_eq!(of(EnrichmentStatus::Enriched), row.counts.found);
    assert_eq!(of(EnrichmentStatus::NotEnriched), row.counts.cancelled, "nobody is left pending");
    assert_eq!(world.agenda.calls_in_flight(job), 0);

    let again = CancelJob { scope: world.scope, origin: world.origin(), job, stopped: world.stop_hook() };
    assert!(matches!(
        world.try_run(again),
        Err(SubmitError::Rejected(Reject::JobState { state: "cancelled", asked: "cancelled" }))
    ));
}

#[test]
fn a_paused_job_rests_and_goes_on_where_it_was() {
    let (provider, registry) = scripted(Scripted::new("own", valid).slow(Duration::from_secs(1)));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    world.some_leads(list, 300);
    world.begin();
    let job = world.job_for_list(list, basic());
    let paused = std::cell::Cell::new(false);
    world.work_until(HOUR, |world| {
        if !paused.get() && provider.count() > 100 {
            world.run(PauseJob { scope: world.scope, origin: world.origin(), job, stopped: world.stop_hook() });
            provider.forbidden.store(true, Ordering::SeqCst);
            paused.set(true);
        }
        false
    });
    let row = world.job(job);
    assert_eq!(row.status, JobStatus::Paused(PauseReason::User));
    assert_eq!((row.counts.running, row.held), (0, 0), "nothing is held for a job that rests");
    assert_eq!(row.counts.found as usize, provider.count());
    assert_eq!(provider.calls_while_forbidden.load(Ordering::SeqCst), 0);

    provider.forbidden.store(false, Ordering::SeqCst);
    world.run(ResumeJob { scope: world.scope, origin: world.origin(), job, resumed: world.resume_hook() });
    world.work(HOUR);
    assert_eq!(world.job(job).status, JobStatus::Completed);
    assert_eq!(provider.count(), 300, "no lead was asked about twice");
}

#[test]
fn a_crash_at_any_moment_is_resumed_and_nothing_is_settled_twice() {
    for calls_before in [1, 30, 64, 65, 150] {
        let (provider, registry) = scripted(Scripted::new("own", valid).slow(Duration::from_secs(1)));
        let mut world = World::new(1_000_000, registry);
        let list = world.list("Fair");
        world.some_leads(list, 200);
        world.begin();
        let job = world.job_for_list(list, basic());
        world.work_until(HOUR, |_| provider.count() >= calls_before);
        assert!(world.job(job).counts.running > 0, "it dies with items in work");
        world = world.crash();
        world.begin();
        world.audit();
        assert_eq!((world.job(job).counts.running, world.job(job).held), (0, 0), "earlier leases are void");
        world.work(HOUR);
        let row = world.job(job);
        assert_eq!((row.status, row.counts.found), (JobStatus::Completed, 200));
        assert_eq!(row.credits_used, 200 * 150);
        assert_eq!(world.account().used, 200 * 150);
        assert!(provider.count() >= 200, "calls in flight at the crash were made again");
        let tried_twice = world.items(job).iter().filter(|(_, item)| item.attempts > 1).count();
        assert_eq!(200 + tried_twice, world.items(job).iter().map(|(_, item)| item.attempts as usize).sum::<usize>());
    }
}

#[test]
fn a_late_answer_of_an_earlier_boot_changes_nothing() {
    let (provider, registry) = scripted(Scripted::new("own", valid).slow(Duration::from_secs(1)));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    world.some_leads(list, 10);
    world.begin();
    let job = world.job_for_list(list, basic());
    futures::executor::block_on(world.scheduler.look()).unwrap();
    let mut pool = futures::executor::LocalPool::new();
    let slice = world.enricher.next_slice().unwrap();
    futures::task::LocalSpawnExt::spawn_local(&pool.spawner(), async move {
        slice.run().await.unwrap();
    })
    .unwrap();
    pool.run_until_stalled();
    assert_eq!(provider.count(), 1, "after a start one call goes ahead");
    world.sim.clock.advance(Duration::from_secs(1));
    pool.run_until_stalled();
    assert_eq!(provider.count(), 9, "then as many as the provider takes");
    // Another boot begins while those calls are in flight: their answers come too late.
    let in_time = world.job(job).counts.found;
    assert_eq!(in_time, 1, "the one that went ahead has been answered and written; the eight others have not");
    world.begin();
    world.sim.clock.advance(Duration::from_secs(1));
    pool.run_until_stalled();
    world.audit();
    assert_eq!(world.job(job).counts.found, in_time);
    world.work(HOUR);
    assert_eq!((world.job(job).counts.found, world.account().used), (10, 1_500));
}

#[test]
fn credits_that_do_not_reach_pause_the_job_and_say_how_many_leads_are_left() {
    let (provider, registry) = scripted(Scripted::new("own", valid));
    let world = World::new(150 * 100 + 70, registry);
    let list = world.list("Fair");
    world.some_leads(list, 250);
    world.begin();
    let order = world.order(Selection { list: Some(list), ..Selection::default() }, basic());
    assert!(matches!(
        world.try_run(order),
        Err(SubmitError::Rejected(Reject::InsufficientCredits { needed: 37_500, available: 15_070 }))
    ));
    let job = world.job_for_list(list, JobOptions { partial: true, ..basic() });
    world.work(HOUR);
    let row = world.job(job);
    assert_eq!(row.status, JobStatus::Paused(PauseReason::InsufficientCredits));
    assert_eq!((row.counts.found, row.left(), provider.count()), (100, 150, 100));
    let account = world.account();
    assert_eq!((account.used, account.held, account.remaining), (15_000, 0, 70));

    let job = world.job_for_list(world.list("Other"), JobOptions { spend_limit: Some(1), ..basic() });
    assert_eq!(world.job(job).status, JobStatus::Completed);
}

#[test]
fn a_spend_limit_is_never_passed() {
    let (provider, registry) = scripted(Scripted::new("own", valid));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    world.some_leads(list, 200);
    world.begin();
    let job = world.job_for_list(list, JobOptions { spend_limit: Some(10_000), ..basic() });
    world.work(HOUR);
    let row = world.job(job);
    assert_eq!(row.status, JobStatus::Paused(PauseReason::SpendLimit));
    assert_eq!((row.credits_used, provider.count()), (66 * 150, 66));
}

#[test]
fn failed_not_found_and_skipped_leads_cost_nothing() {
    let (_, registry) = scripted(Scripted::new("own", |request, _| {
        let email = request.input(galena::domain::lead::LeadField::Email).unwrap_or_default();
        match email.split('@').next().unwrap_or_default() {
            "found" => found("emailStatus", "valid"),
            "nobody" => Outcome::NotFound.into(),
            "optout" => Outcome::OptedOut.into(),
            _ => Outcome::Broken { reason: "500".to_owned() }.into(),
        }
    }));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    let emails = ["found@a.com", "nobody@a.com", "optout@a.com", "broken@a.com", ""].map(str::to_owned);
    let leads = world.leads(list, &emails);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work(HOUR);
    let states: Vec<ItemState> = leads.iter().map(|lead| world.item_state(job, *lead)).collect();
    assert_eq!(
        states,
        [
            ItemState::Found,
            ItemState::NotFound,
            ItemState::Skipped(SkipReason::OptedOut),
            ItemState::Failed,
            ItemState::Skipped(SkipReason::MissingInput),
        ]
    );
    let row = world.job(job);
    assert_eq!(row.status, JobStatus::Completed, "a job with failed items is completed, and its counts say so");
    assert_eq!((row.credits_used, world.account().used), (150, 150));
    assert_eq!(world.enriched(list), 1);
    let statuses: Vec<_> = leads.iter().map(|lead| world.lead(*lead).enrichment_status).collect();
    use EnrichmentStatus::{Enriched, Failed, NotFound, Skipped};
    assert_eq!(statuses, [Enriched, NotFound, Skipped, Failed, Skipped]);
    let (_, broken) = world.items(job).into_iter().find(|(_, item)| item.lead == leads[3]).unwrap();
    assert_eq!((broken.attempts, broken.error.as_deref()), (4, Some("500")), "three retries, further apart each time");
}

#[test]
fn failed_leads_are_tried_again_and_only_those() {
    let healed = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&healed);
    let (provider, registry) = scripted(Scripted::new("own", move |request, _| {
        let bad = request.input(galena::domain::lead::LeadField::Email).is_some_and(|email| email.starts_with("bad"));
        let works = !bad || is_well.load(Ordering::SeqCst);
        if works { found("emailStatus", "valid") } else { Outcome::Broken { reason: "500".to_owned() }.into() }
    }));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    let emails: Vec<String> =
        (0..30).map(|number| format!("{}{number}@a.com", if number % 3 == 0 { "bad" } else { "good" })).collect();
    world.leads(list, &emails);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work(HOUR);
    assert_eq!((world.job(job).counts.failed, world.enriched(list)), (10, 20));
    healed.store(true, Ordering::SeqCst);
    let retry = || RetryJob { scope: world.scope, origin: world.origin(), job, resumed: world.resume_hook() };
    let (row, leads) = world.run(retry());
    assert_eq!((row.status, leads), (JobStatus::Processing, 10));
    world.work(HOUR);
    assert_eq!((world.job(job).status, world.job(job).counts.found), (JobStatus::Completed, 30));
    assert_eq!((provider.count(), world.enriched(list), world.account().used), (20 + 40 + 10, 30, 4_500));
    assert_eq!(world.run(retry()).1, 0, "nothing is left to try again");
    assert_eq!(world.job(job).status, JobStatus::Completed);
}

#[test]
fn what_has_an_accepted_value_is_passed_over() {
    let (provider, registry) = scripted(Scripted::new("own", valid));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    let leads = world.some_leads(list, 20);
    world.begin();
    let first = world.job_for_list(list, JobOptions { max_leads: Some(5), ..basic() });
    world.work(HOUR);
    assert_eq!((provider.count(), world.job(first).counts.found, world.job(first).total()), (5, 5, 5));

    let second = world.job_for_list(list, basic());
    assert_eq!(world.job(second).estimate.leads, 15);
    world.work(HOUR);
    let row = world.job(second);
    assert_eq!((provider.count(), row.counts.skipped, row.counts.found), (20, 5, 15));
    assert_eq!(world.item_state(second, leads[0]), ItemState::Skipped(SkipReason::AlreadyEnriched));
    assert_eq!(world.enriched(list), 20);

    // An address that was changed since was never checked.
    let changes = galena::store::transactions::leads::LeadChanges {
        fields: vec![(galena::domain::lead::LeadField::Email, Some("new@siemens.com".to_owned()))],
        ..Default::default()
    };
    let id = leads[0];
    let edit = galena::store::transactions::leads::UpdateLead {
        scope: world.scope,
        origin: world.origin(),
        id,
        expected: None,
        changes,
    };
    world.run(edit);
    let again = JobOptions { skip: SkipRule::of(Some(false), None, false), ..basic() };
    let third = world.job_for_list(list, again);
    world.work(HOUR);
    assert_eq!((provider.count(), world.job(third).counts.found), (40, 20), "who says so gets every lead again");
    let recent = JobOptions { skip: SkipRule::of(Some(false), Some(30), false), ..basic() };
    assert_eq!(world.job(world.job_for_list(list, recent.clone())).counts.skipped, 20);
    world.sim.clock.advance(Duration::from_secs(31 * 24 * 3_600));
    assert_eq!(world.job(world.job_for_list(list, recent)).counts.skipped, 0);
}

#[test]
fn a_selection_may_name_leads_a_filter_and_exceptions() {
    let (provider, registry) = scripted(Scripted::new("own", valid));
    let world = World::new(1_000_000, registry);
    let list = world.list("Fair");
    let leads = world.some_leads(list, 10);
    world.begin();
    let ids = vec![leads[3], leads[1], leads[3]];
    let named = world.order(Selection { ids, ..Selection::default() }, basic());
    let job = named.id;
    world.run(named);
    world.work(HOUR);
    assert_eq!((provider.count(), world.job(job).total()), (2, 2));
    let filter = r#"{"field": "email", "op": "prefix", "value": "person"}"#;
    let rest =
        Selection { list: Some(list), filter: Some(filter.to_owned()), except: vec![leads[0]], ..Selection::default() };
    let order = world.order(rest, basic());
    let job = order.id;
    world.run(order);
    world.work(HOUR);
    assert_eq!((world.job(job).total(), world.job(job).counts.found, world.job(job).counts.skipped), (9, 7, 2));
    let other = World::new(0, Registry::default());
    let foreign = world.order(Selection { ids: vec![leads[0]], ..Selection::default() }, basic());
    let foreign = galena::store::transactions::jobs::CreateJob { scope: other.scope, ..foreign };
    assert!(matches!(other.try_run(foreign), Err(SubmitError::Rejected(Reject::NotFound(_)))));
}

#[test]
fn leads_and_lists_that_go_away_do_not_stop_a_job() {
    let (provider, registry) = scripted(Scripted::new("own", valid));
    let world = World::new(1_000_000, registry);
    let (one, two) = (world.list("One"), world.list("Two"));
    let leads = world.some_leads(one, 3);
    world.some_leads(two, 3);
    world.begin();
    let first = world.job_for_list(one, basic());
    let second = world.job_for_list(two, basic());
    let delete = DeleteLead { scope: world.scope, origin: world.origin(), id: leads[1], expected: None };
    world.run(delete);
    world.run(DeleteList { scope: world.scope, origin: world.origin(), id: two, expected: None });
    world.work(HOUR);
    assert_eq!(world.item_state(first, leads[1]), ItemState::Skipped(SkipReason::LeadGone));
    assert_eq!((world.job(first).counts.found, world.job(first).status), (2, JobStatus::Completed));
    assert_eq!((world.job(second).counts.skipped, world.job(second).status), (3, JobStatus::Completed));
    assert_eq!(provider.count(), 2);
}

#[test]
fn a_job_starts_when_it_is_due_and_the_urgent_one_first() {
    let (provider, registry) = scripted(Scripted::new("own", valid).slow(Duration::from_millis(100)));
    let world = World::new(1_000_000, registry);
    let (one, two) = (world.list("One"), world.list("Two"));
    world.some_leads(one, 64);
    world.leads(two, &["urgent@a.com".to_owned()]);
    world.begin();
    let start_at = Some(Time(world.sim.deps.clock.now().0 + 60_000));
    let late = world.job_for_list(one, JobOptions { start_at, ..basic() });
    world.work(Duration::from_secs(59));
    assert_eq!((provider.count(), world.job(late).status), (0, JobStatus::Pending));
    let urgent = world.job_for_list(two, JobOptions { start_at, priority: Priority::High, ..basic() });
    world.work(HOUR);
    assert_eq!(provider.seen.lock().unwrap()[0].inputs[0].1, "urgent@a.com");
    assert_eq!((world.job(late).status, world.job(urgent).status), (JobStatus::Completed, JobStatus::Completed));
}
