//! What an answer becomes: values with their source, the lead, the raw answer, the next step.

use std::sync::Arc;
use std::time::Duration;

use galena::actors::enricher::Policy;
use galena::actors::provider_gate::Choices;
use galena::config;
use galena::domain::enriched_field::EnrichedField;
use galena::domain::enrichment::{ItemState, JobOptions, JobStatus, Level, Operation, Outcome, SkipReason};
use galena::domain::lead::{EmailStatus, EnrichmentStatus, LeadField};
use galena::providers::{Offer, Registry};
use galena::store::crypt::Purpose;
use galena::store::jobs::{attempts_of, current_value, raw_answer_context, values_of};
use galena::store::tables::{PossibleDuplicates, RawAnswers};
use galena::store::{Reads, engine::Order};

use super::enrichment_fixture::{Scripted, World, basic, found};

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn without_any_key_the_address_is_checked_and_every_verdict_has_its_source() {
    let world = World::new(0, Registry::built_in().unwrap()).with_mail(&["siemens.com", "gmail.com"]);
    let list = world.list("Fair");
    let emails = ["anna@siemens.com", "info@gmail.com", "bob@gone-for-good.com", "eve@firm.test", ""];
    let leads = world.leads(list, &emails.map(str::to_owned));
    world.begin();
    let job = world.job_for_list(list, JobOptions { level: Level::Standard, ..JobOptions::default() });
    world.work(HOUR);
    let statuses: Vec<_> = leads.iter().map(|lead| world.lead(*lead).email_status).collect();
    use EmailStatus::{Invalid, Valid};
    assert_eq!(statuses, [Some(Valid), Some(Valid), Some(Invalid), Some(Invalid), None]);
    // Without an address there are still a name and a number to look at.
    assert_eq!(world.item_state(job, leads[4]), ItemState::Found);
    assert_eq!(world.lead(leads[4]).enriched_field(EnrichedField::PhoneType), Some("fixed_line"));
    assert_eq!((world.enriched(list), world.job(job).breakdown.email_verified), (5, 2));
    assert_eq!(world.job(job).status, JobStatus::Completed);

    let (view, lead) = (world.view(), world.lead(leads[0]));
    let value = current_value(&view, &world.scope, leads[0], &lead, "emailStatus").unwrap().unwrap();
    assert_eq!((value.value.as_str(), value.provider.as_str()), ("valid", "galena.email"));
    assert_eq!((value.operation, value.confidence.hundredths()), (Operation::EmailVerify, 70));
    assert_eq!((value.credits, value.cost, value.accepted), (0, 0, true));
    assert_eq!(value.about.as_deref(), Some("anna@siemens.com"));
    let evidence: serde_json::Value = serde_json::from_str(value.evidence.as_deref().unwrap()).unwrap();
    assert_eq!(evidence["mailExchanges"][0], "mx.siemens.com");
    let attempts = attempts_of(&view, &world.scope, leads[0], 10).unwrap();
    let asked: Vec<_> = attempts.iter().rev().map(|(_, attempt)| attempt.provider.as_str()).collect();
    assert_eq!(asked, ["galena.email", "galena.name", "galena.company"], "what it does not have is not asked about");
    assert!(attempts.iter().all(|(_, attempt)| attempt.outcome.as_deref() == Some("found")));
    assert_eq!(lead.enriched_field(EnrichedField::CompanyDomain), Some("siemens.com"));
    assert_eq!(lead.enriched_field(EnrichedField::EmailType), Some("business"));
    assert!(attempts[0].1.receipt.as_deref().unwrap().contains("built-in"), "a zero has a receipt too");
    assert!(lead.quality_score > 0 && lead.enriched_at.is_some());
}

#[test]
fn a_lead_without_anything_a_check_looks_at_is_passed_over() {
    let world = World::new(0, Registry::built_in().unwrap());
    let list = world.list("Fair");
    let leads = world.leads(list, &[String::new()]);
    world.begin();
    let fields = vec![galena::domain::enrichment::DataPoint::EmailStatus];
    let job = world.job_for_list(list, JobOptions { fields, ..basic() });
    world.work(HOUR);
    assert_eq!(world.item_state(job, leads[0]), ItemState::Skipped(SkipReason::MissingInput));
}

#[test]
fn without_the_dns_the_verdict_is_partial_and_a_later_job_asks_again() {
    let dns_lookup = false;
    let policy = Policy { dns_lookup, ..Policy::default() };
    let world = World::new(0, Registry::built_in().unwrap()).with_policy(policy).with_mail(&["siemens.com"]);
    let list = world.list("Fair");
    let leads = world.some_leads(list, 3);
    world.begin();
    world.job_for_list(list, basic());
    world.work(HOUR);
    let lead = world.lead(leads[0]);
    assert_eq!((lead.email_status, lead.enrichment_status), (Some(EmailStatus::Unknown), EnrichmentStatus::Partial));
    let value = current_value(&world.view(), &world.scope, leads[0], &lead, "emailStatus").unwrap().unwrap();
    assert!(value.evidence.unwrap().contains("dns_switched_off") && !value.accepted);

    let world = world.with_policy(Policy::default());
    world.begin();
    let again = world.job_for_list(list, basic());
    world.work(HOUR);
    assert_eq!(world.job(again).counts.found, 3);
    assert_eq!(world.lead(leads[0]).email_status, Some(EmailStatus::Valid));
    let values = values_of(&world.view(), &world.scope, leads[0]).unwrap();
    let verdicts = values.iter().filter(|(field, ..)| field == "emailStatus").count();
    assert_eq!(verdicts, 2, "the value that lost is kept");
}

#[test]
fn a_provider_that_is_switched_off_is_not_called() {
    let provider = Arc::new(Scripted::new("own", |_, _| found("emailStatus", "valid")));
    let off = config::Provider { enabled: false, ..config::Provider::default() };
    let choices = Choices::new([("own".to_owned(), off)].into(), Default::default());
    let policy = Policy { choices, ..Policy::default() };
    let world = World::new(1_000_000, Registry::default().with(provider.clone())).with_policy(policy);
    let list = world.list("Fair");
    let leads = world.some_leads(list, 2);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work(HOUR);
    assert_eq!(provider.count(), 0);
    assert_eq!(world.item_state(job, leads[0]), ItemState::Skipped(SkipReason::Policy));
    assert_eq!(world.account().used, 0);
}

#[test]
fn the_raw_answer_is_sealed_and_opens_only_in_its_place() {
    let provider = Arc::new(Scripted::new("own", |_, _| found("emailStatus", "valid")));
    let world = World::new(1_000_000, Registry::default().with(provider));
    let leads = world.some_leads(world.list("Fair"), 1);
    world.begin();
    world.job_for_list(world.lead(leads[0]).list, basic());
    world.work(HOUR);
    let mut kept = Vec::new();
    world
        .view()
        .scan::<RawAnswers>(&world.scope, &(leads[0],), Order::Ascending, &mut |(lead, attempt), raw| {
            kept.push((lead, attempt, raw.0));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    let [(lead, attempt, sealed)] = kept.as_slice() else { panic!("one answer, not {}", kept.len()) };
    assert!(!sealed.windows(4).any(|part| part == b"came"));
    let context = raw_answer_context(world.scope.workspace(), *lead, *attempt);
    let opened = world.sealer.open(Purpose::RawAnswers, &context, sealed).unwrap();
    assert_eq!(&*opened, b"{\"as\": \"it came\"}");
    assert!(world.sealer.open(Purpose::RawAnswers, b"elsewhere", sealed).is_err());
}

const FINDS: &[Offer] = &[Offer::single(Operation::PersonEnrich, &[&[LeadField::LinkedInUrl], &[LeadField::Email]])];

#[test]
fn the_second_source_is_asked_when_the_first_has_nothing_and_only_then() {
    // Slugs decide the order: `a` before `b`.
    let first = Arc::new(
        Scripted::new("a", |request, _| {
            let known = request.input(LeadField::Email) == Some("known@a.com");
            if known { found("phone", "+49301111111") } else { Outcome::NotFound.into() }
        })
        .offering(FINDS),
    );
    let second = Arc::new(Scripted::new("b", |_, _| found("phone", "+49302222222")).offering(FINDS));
    let world = World::new(1_000_000, Registry::default().with(first.clone()).with(second.clone()));
    let list = world.list("Fair");
    let leads = world.leads(list, &["known@a.com", "other@a.com"].map(str::to_owned));
    world.begin();
    let phone = vec![galena::domain::enrichment::DataPoint::Phone];
    let job = world.job_for_list(list, JobOptions { fields: phone, ..basic() });
    world.work(HOUR);
    assert_eq!((first.count(), second.count()), (2, 1));
    assert_eq!(world.lead(leads[0]).phone.as_deref(), Some("+49301111111"));
    assert_eq!(world.lead(leads[1]).phone.as_deref(), Some("+49302222222"));
    let row = world.job(job);
    assert_eq!((row.counts.found, row.breakdown.phone_found, row.calls), (2, 2, 3));
    assert_eq!(row.credits_used, 300, "a lead is charged once, however many were asked");
    let providers: Vec<_> = attempts_of(&world.view(), &world.scope, leads[1], 10).unwrap();
    assert_eq!(providers.iter().map(|(_, attempt)| attempt.provider.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(providers.iter().map(|(_, attempt)| attempt.credits).collect::<Vec<_>>(), [150, 0]);
    let seen = first.seen.lock().unwrap();
    assert!(seen.iter().all(|request| request.inputs.len() == 1), "only what is needed leaves the box");
}

#[test]
fn a_found_value_fills_what_is_empty_and_never_merges_two_leads() {
    let provider =
        Arc::new(Scripted::new("own", |_, _| found("linkedInUrl", "https://www.linkedin.com/in/anna")).offering(FINDS));
    let world = World::new(1_000_000, Registry::default().with(provider));
    let list = world.list("Fair");
    let leads = world.leads(list, &["one@a.com", "two@b.com"].map(str::to_owned));
    world.begin();
    let linkedin = vec![galena::domain::enrichment::DataPoint::LinkedIn];
    let job = world.job_for_list(list, JobOptions { fields: linkedin, ..basic() });
    world.work(HOUR);
    assert_eq!(world.job(job).counts.found, 2);
    assert!(leads.iter().all(|lead| world.lead(*lead).linkedin_url.is_some()), "both stay");
    let mut pairs = Vec::new();
    world
        .view()
        .scan::<PossibleDuplicates>(&world.scope, &(), Order::Ascending, &mut |pair, _| {
            pairs.push(pair);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(pairs, [(leads[0], leads[1])]);
}

#[test]
fn a_provider_that_takes_long_is_asked_again_under_the_same_id_and_counts_once() {
    let provider = Arc::new(Scripted::new("own", |request, _| match &request.ticket {
        None => Outcome::Pending { ticket: "run-7".to_owned(), again_in: Duration::from_secs(20) }.into(),
        Some(ticket) => {
            assert_eq!(ticket, "run-7");
            found("emailStatus", "valid")
        }
    }));
    let world = World::new(1_000_000, Registry::default().with(provider.clone()));
    let list = world.list("Fair");
    world.some_leads(list, 3);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work(Duration::from_secs(10));
    assert_eq!(world.states(job)["waiting"], 3);
    assert_eq!(world.account().held, 450, "what it may cost stays held while somebody works on it");
    world.work(HOUR);
    assert_eq!((world.job(job).counts.found, provider.count(), world.account().used), (3, 6, 450));
    let seen = provider.seen.lock().unwrap();
    let ids: std::collections::BTreeSet<_> = seen.iter().map(|request| request.id).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_slow_down_is_waited_for_and_a_silent_or_panicking_provider_is_broken() {
    let provider = Arc::new(Scripted::new("own", |_, number| match number {
        0 => Outcome::RateLimited { retry_after: Some(Duration::from_secs(120)) }.into(),
        1 => panic!("a bug in a provider"),
        _ => found("emailStatus", "valid"),
    }));
    let world = World::new(1_000_000, Registry::default().with(provider.clone()));
    let list = world.list("Fair");
    let start = world.sim.deps.clock.now();
    world.some_leads(list, 1);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work(HOUR);
    assert_eq!((world.job(job).counts.found, provider.count()), (1, 3));
    assert!(world.sim.deps.clock.now().since(start) >= Duration::from_millis(121_500));

    let silent = Arc::new(Scripted::new("silent", |_, _| found("emailStatus", "valid")).slow(HOUR));
    let world = World::new(1_000_000, Registry::default().with(silent.clone()));
    let list = world.list("Fair");
    world.some_leads(list, 1);
    world.begin();
    let job = world.job_for_list(list, basic());
    world.work(HOUR);
    assert_eq!((world.job(job).counts.failed, silent.count()), (1, 4), "each call is given up after its time limit");
}

#[test]
fn two_jobs_over_one_lead_leave_it_with_the_better_result() {
    let provider = Arc::new(Scripted::new("own", |_, number| {
        if number == 0 { found("emailStatus", "valid") } else { Outcome::NotFound.into() }
    }));
    let world = World::new(1_000_000, Registry::default().with(provider.clone()));
    let list = world.list("Fair");
    let leads = world.some_leads(list, 1);
    world.begin();
    world.job_for_list(list, basic());
    world.job_for_list(list, basic());
    world.work(HOUR);
    assert_eq!(provider.count(), 2);
    assert_eq!(world.lead(leads[0]).enrichment_status, EnrichmentStatus::Enriched);
    assert_eq!(world.enriched(list), 1);
}
