//! What is known of a company serves all its people.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use galena::domain::enrichment::{
    Answer, Confidence, DataPoint, FoundValue, Input, JobOptions, Operation, Outcome, Reply, SkipRule, Template,
    TemplatePoint, TemplateStep,
};
use galena::domain::id::{JobId, LeadId, ListId};
use galena::domain::lead::LeadField;
use galena::providers::{Needs, Offer, Registry};
use galena::store::jobs::current_value;
use galena::store::records::company::Company;
use galena::store::records::job::Selection;
use galena::store::tables::{Companies, CompanyDomains, CompanyLeads};
use galena::store::transactions::jobs::CancelJob;
use galena::store::transactions::leads::{DeleteLead, LeadChanges, UpdateLead};
use galena::store::transactions::settings::AcceptTerms;
use galena::store::{Reads, engine::Order};
use serde_json::json;

use crate::enrichment_fixture::{Scripted, World};
use crate::server::TestServer;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn says(values: &[(&str, &str)]) -> Reply {
    let value = |(field, value): &(&str, &str)| FoundValue {
        field: (*field).to_owned(),
        value: (*value).to_owned(),
        confidence: Confidence::from_hundredths(80),
        about: None,
        evidence: None,
    };
    Reply { cost: 4_000, ..Outcome::Found(Answer { values: values.iter().map(value).collect() }).into() }
}

fn by_domain() -> &'static [Offer] {
    let offer = Offer {
        operation: Operation::CompanyEnrich,
        needs: Needs::Listed(vec![vec![Input::CompanyDomain]]),
        optional: vec![Input::Lead(LeadField::CompanyName)],
        batch: 1,
    };
    Box::leak(Box::new([offer]))
}

fn register(answer: impl Fn() -> Reply + Send + Sync + 'static) -> (World, Arc<Scripted>) {
    let provider = Arc::new(Scripted::new("register", move |_, _| answer()).offering(by_domain()).in_region("eu"));
    let registry = Registry::built_in().unwrap().with(provider.clone());
    let world = World::new(1_000_000, registry).with_mail(&["siemens.com"]);
    world.run(AcceptTerms { scope: world.scope, origin: world.origin(), version: "1".to_owned() });
    (world, provider)
}

/// First the domain, then what somebody knows of the company.
fn enrich(world: &World, list: ListId, options: JobOptions) -> JobId {
    let step = || TemplateStep { provider: "*".to_owned(), ..TemplateStep::default() };
    let point = |point: DataPoint| TemplatePoint {
        point: point.name().to_owned(),
        steps: vec![step()],
        ..TemplatePoint::default()
    };
    let points = vec![point(DataPoint::CompanyDomain), point(DataPoint::Company)];
    let template = Template { name: "Companies".to_owned(), points, ..Template::default() };
    let planned = world.plan(&template, &options);
    let order = world.order_of(planned, Selection { list: Some(list), ..Selection::default() }, options);
    let id = order.id;
    world.run(order);
    id
}

fn of_company() -> JobOptions {
    JobOptions { skip: SkipRule { enriched: false, recent_days: None }, ..JobOptions::default() }
}

fn companies(world: &World) -> Vec<Company> {
    let mut found = Vec::new();
    world
        .view()
        .scan::<Companies>(&world.scope, &(), Order::Ascending, &mut |_, company| {
            found.push(company);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn people(world: &World, lead: LeadId) -> usize {
    let Some(company) = world.lead(lead).company else { return 0 };
    let mut count = 0;
    world
        .view()
        .scan::<CompanyLeads>(&world.scope, &(company,), Order::Ascending, &mut |_, ()| {
            count += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    count
}

#[test]
fn leads_of_one_company_cause_one_call_and_the_next_ones_none() {
    let (world, provider) = register(|| says(&[("companyName", "Siemens AG"), ("industry", "Mining")]));
    let list = world.list("Fair");
    let leads = world.some_leads(list, 40);
    world.begin();
    enrich(&world, list, of_company());
    world.work(HOUR);
    assert_eq!(provider.count(), 1, "forty leads, one question");
    let known = companies(&world);
    assert_eq!(known.len(), 1);
    assert_eq!(
        (known[0].domain.as_str(), known[0].value("industry").unwrap().value.as_str()),
        ("siemens.com", "Mining")
    );
    assert_eq!((people(&world, leads[0]), people(&world, leads[39])), (40, 40));
    let learnt = known[0].enriched_at.unwrap();

    // Longer than answers are kept, shorter than companies are.
    world.sim.clock.advance(DAY * 20);
    let later = world.list("Later");
    let lead = world.leads(later, &["new.hire@siemens.com".to_owned()])[0];
    let before = world.account().used;
    let job = enrich(&world, later, of_company());
    world.work(HOUR);
    assert_eq!(provider.count(), 1, "nobody is asked again");
    assert_eq!(world.job(job).known, 1);
    assert_eq!(world.account().used, before, "what is known costs nothing");
    assert_eq!(world.lead(lead).field(LeadField::Industry), Some("Mining"));
    let value = current_value(&world.view(), &world.scope, lead, &world.lead(lead), "industry").unwrap().unwrap();
    assert_eq!((value.provider.as_str(), value.at, value.credits), ("register", learnt, 0), "its own source and time");
    assert_eq!(companies(&world)[0].enriched_at, Some(learnt), "used again is not learnt again");

    let refreshed = world.list("Refreshed");
    world.leads(refreshed, &["b@siemens.com".to_owned()]);
    enrich(&world, refreshed, JobOptions { refresh: true, ..of_company() });
    world.work(HOUR);
    assert_eq!(provider.count(), 2, "who wants it anew asks");
    world.sim.clock.advance(DAY * 31);
    let old = world.list("Old");
    world.leads(old, &["c@siemens.com".to_owned()]);
    enrich(&world, old, of_company());
    world.work(HOUR);
    assert_eq!(provider.count(), 3, "what is known is too old");
}

/// Takes ten seconds for an answer; says how often it was asked anew.
fn takes_its_time(ends: impl Fn() -> Reply + Send + Sync + 'static) -> (World, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let provider = Scripted::new("register", move |request, _| {
        let (ticket, again_in) = match request.ticket.as_deref() {
            None => {
                counted.fetch_add(1, Ordering::Relaxed);
                ("first", Duration::from_secs(6))
            }
            Some("first") => ("second", Duration::from_secs(4)),
            Some(_) => return ends(),
        };
        Outcome::Pending { ticket: ticket.to_owned(), again_in }.into()
    });
    let provider = provider.offering(by_domain()).in_region("eu");
    let registry = Registry::built_in().unwrap().with(Arc::new(provider));
    let world = World::new(1_000_000, registry).with_mail(&["siemens.com"]);
    world.run(AcceptTerms { scope: world.scope, origin: world.origin(), version: "1".to_owned() });
    (world, asked)
}

#[test]
fn an_answer_that_takes_time_is_waited_for_by_all_who_ask_the_same() {
    let (mut world, asked) = takes_its_time(|| says(&[("companyName", "Siemens AG"), ("industry", "Mining")]));
    let list = world.list("Fair");
    world.some_leads(list, 100);
    world.begin();
    let first = enrich(&world, list, of_company());
    world.work(Duration::from_secs(3));
    // Colleagues of them are ordered while the first is under way; then nobody is left who remembers either.
    let colleagues = world.list("Colleagues");
    let emails: Vec<String> = (0..100).map(|number| format!("colleague{number}@siemens.com")).collect();
    world.leads(colleagues, &emails);
    let other = enrich(&world, colleagues, of_company());
    world.work(Duration::from_secs(2));
    world = world.crash();
    world.begin();
    world.work(HOUR);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    for job in [first, other] {
        let row = world.job(job);
        assert!(row.status.is_over() && row.held == 0, "{:?} {:?}", row.status, row.counts);
        assert_eq!((row.counts.found, row.counts.failed), (100, 0));
    }
    // And what came late is known from then on.
    let later = world.list("Later");
    world.leads(later, &["new.hire@siemens.com".to_owned()]);
    let third = enrich(&world, later, of_company());
    world.work(HOUR);
    assert_eq!((world.job(third).counts.found, asked.load(Ordering::Relaxed)), (1, 1));
}

#[test]
fn who_waits_for_an_answer_that_never_comes_asks_in_turn() {
    let (world, asked) = takes_its_time(|| Outcome::AuthFailed.into());
    let list = world.list("Fair");
    world.some_leads(list, 3);
    world.begin();
    let job = enrich(&world, list, of_company());
    world.work(HOUR);
    assert!(world.job(job).status.is_over(), "{:?}", world.job(job).counts);
    assert!((1..=3).contains(&asked.load(Ordering::Relaxed)));
    // One that was stopped is waited for by nobody.
    let (world, asked) = takes_its_time(|| says(&[("companyName", "Siemens AG")]));
    let list = world.list("Fair");
    world.some_leads(list, 2);
    world.begin();
    let stopped = enrich(&world, list, JobOptions { max_leads: Some(1), ..of_company() });
    world.work(Duration::from_secs(3));
    let agenda = world.agenda.clone();
    world.run(CancelJob {
        scope: world.scope,
        origin: world.origin(),
        job: stopped,
        stopped: Arc::new(move |job| agenda.stop(job)),
    });
    world.work(Duration::from_secs(1));
    let job = enrich(&world, list, of_company());
    world.work(HOUR);
    assert_eq!((world.job(job).counts.found, asked.load(Ordering::Relaxed)), (2, 2));
}

#[test]
fn a_free_mail_address_is_of_no_company_and_an_answer_about_another_one_is_not_shared() {
    let (world, _) = register(|| says(&[("companyName", "Other"), ("website", "https://other.com/")]));
    let list = world.list("Fair");
    let leads = world.leads(list, &["a@siemens.com", "b@gmail.com"].map(str::to_owned));
    world.begin();
    enrich(&world, list, of_company());
    world.work(HOUR);
    let known = companies(&world);
    assert!(known.iter().all(|company| company.domain != "gmail.com"), "{known:?}");
    assert!(known.iter().all(|company| company.domain != "siemens.com" || company.values.is_empty()), "{known:?}");
    assert_eq!(world.lead(leads[1]).company, None);
}

#[test]
fn a_lead_that_goes_or_changes_its_company_is_no_longer_among_its_people() {
    let (world, _) = register(|| Outcome::NotFound.into());
    let list = world.list("Fair");
    let leads = world.some_leads(list, 3);
    world.begin();
    enrich(&world, list, of_company());
    world.work(HOUR);
    assert_eq!(people(&world, leads[0]), 3, "known by its domain alone");
    let company = world.lead(leads[0]).company.unwrap();
    let domain = world.view().get::<CompanyDomains>(&world.scope, ("siemens.com".to_owned(),)).unwrap();
    assert_eq!(domain, Some(company));
    world.run(DeleteLead { scope: world.scope, origin: world.origin(), id: leads[1], expected: None });
    assert_eq!(people(&world, leads[0]), 2);
    let fields = vec![(LeadField::Email, Some("x@example.com".to_owned()))];
    let changes = LeadChanges { fields, ..LeadChanges::default() };
    world.run(UpdateLead { scope: world.scope, origin: world.origin(), id: leads[2], expected: None, changes });
    assert_eq!((world.lead(leads[2]).company, people(&world, leads[0])), (None, 1));
}

#[tokio::test]
async fn companies_are_listed_found_and_lead_to_their_people() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    let rows = json!({ "leads": [
        { "email": "a@acme.test", "website": "https://acme.test" },
        { "email": "b@acme.test", "website": "https://acme.test" },
        { "email": "c@beta.test", "website": "https://beta.test" },
    ] });
    server.post(&format!("/leads/lists/{list}/leads"), &rows).await.expect(200);
    let order = json!({ "listId": list, "options": { "fields": ["companyDomain"] } });
    let job = server.post("/leads/enrich", &order).await.expect(202);
    let job = job["jobId"].as_str().unwrap().to_owned();
    for _ in 0..600 {
        if server.get(&format!("/leads/enrich/{job}")).await.expect(200)["status"] == "completed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let all = server.get("/companies").await.expect(200);
    let domains: Vec<_> = all["data"].as_array().unwrap().iter().map(|one| one["domain"].as_str().unwrap()).collect();
    assert_eq!(domains, ["acme.test", "beta.test"]);
    let first = server.get("/companies?limit=1").await.expect(200);
    let next =
        server.get(&format!("/companies?limit=1&after={}", first["nextCursor"].as_str().unwrap())).await.expect(200);
    assert_eq!((&next["data"][0]["domain"], next["nextCursor"].is_null()), (&json!("beta.test"), true));
    let found = server.get("/companies?q=ACM").await.expect(200);
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
    let id = found["data"][0]["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/companies/{id}")).await.expect(200)["domain"], "acme.test");
    let people = server.get(&format!("/companies/{id}/leads?limit=1")).await.expect(200);
    assert_eq!((&people["data"][0]["email"], &people["data"][0]["companyId"]), (&json!("a@acme.test"), &json!(id)));
    let cursor = people["nextCursor"].as_str().unwrap();
    let people = server.get(&format!("/companies/{id}/leads?limit=1&after={cursor}")).await.expect(200);
    assert_eq!((&people["data"][0]["email"], people["nextCursor"].is_null()), (&json!("b@acme.test"), true));
    server.get("/companies/comp_01p9s6z4c0000").await.expect_problem(404, "COMPANY_NOT_FOUND");
}
