//! What the played vendors promise.

use std::time::Duration;

use futures::FutureExt;

use super::*;
use crate::deps::{Deps, Simulation};
use crate::domain::enrichment::{Input, Limit, Outcome, Reply};
use crate::domain::id::AttemptId;
use crate::domain::lead::LeadField;
use crate::providers::manifest::{ManifestProvider, shipped};
use crate::providers::{CallContext, Provider, Request};
use crate::store::crypt::Secret;

struct World {
    simulation: Simulation,
    simulator: Arc<Simulator>,
    deps: Deps,
}

fn setup(manifest: &Manifest) -> Setup {
    let mut setup = Setup::default();
    if manifest.slug == "apify" {
        setup.settings.insert("actor_id".to_owned(), "me~finder".to_owned());
    }
    setup
}

fn world(seed: u64) -> World {
    let simulation = Simulation::from_seed(seed);
    let manifests = shipped().expect("the manifests read").into_iter().map(|manifest| {
        let setup = setup(&manifest);
        (manifest, setup)
    });
    let simulator = Arc::new(Simulator::new(manifests, seed, Arc::clone(&simulation.deps.clock)));
    simulator.set_latency(Some(Duration::ZERO));
    // The clock stands still: the limits of a second would never let go.
    for slug in ["apify", "apollo", "hunter", "peopledatalabs", "zerobounce"] {
        simulator.set_limits(slug, Limits::default());
    }
    let deps = Deps { http: Arc::clone(&simulator) as Arc<dyn Http>, ..simulation.deps.clone() };
    World { simulation, simulator, deps }
}

fn provider(slug: &str) -> ManifestProvider {
    let manifest =
        shipped().expect("the manifests read").into_iter().find(|known| known.slug == slug).expect("shipped");
    let setup = setup(&manifest);
    ManifestProvider::new(manifest, setup)
}

fn request(operation: Operation, place: usize) -> Request {
    let email = format!("ana{place}@acme{place}.test");
    let inputs = [
        (Input::Lead(LeadField::Email), email),
        (Input::Lead(LeadField::FirstName), "Ana".to_owned()),
        (Input::Lead(LeadField::LastName), format!("Roe{place}")),
        (Input::CompanyDomain, format!("acme{place}.test")),
    ];
    let callback = Some("https://box.example/callbacks/x".to_owned());
    Request { id: AttemptId::default(), operation, inputs: inputs.to_vec(), ticket: None, callback }
}

fn ask(world: &World, provider: &ManifestProvider, requests: &[Request], key: &str) -> Vec<Reply> {
    let key = Secret::new(key);
    let context =
        CallContext { deps: &world.deps, credential: Some(&key), timeout: Duration::from_secs(30), further: None };
    provider.call(requests, context).now_or_never().expect("answered without waiting")
}

#[test]
fn the_same_seed_and_request_give_the_same_answer() {
    for slug in ["apollo", "hunter", "peopledatalabs", "zerobounce"] {
        let provider = provider(slug);
        for operation in provider.offers().iter().map(|offer| offer.operation) {
            let (left, right, other) = (world(3), world(3), world(4));
            let asked: Vec<_> = (0..40).map(|place| request(operation, place)).collect();
            let each = |world: &World| -> Vec<Reply> {
                asked.iter().flat_map(|one| ask(world, &provider, std::slice::from_ref(one), SANDBOX_KEY)).collect()
            };
            assert_eq!(each(&left), each(&right), "{slug} {operation:?}");
            assert_ne!(each(&left), each(&other), "{slug} {operation:?}");
            assert_eq!(left.simulator.tally(slug, Some(operation)).asked, 80, "two rounds of forty");
        }
    }
}

#[test]
fn hits_come_as_often_as_the_manifest_says() {
    let (world, hunter) = (world(1), provider("hunter"));
    world.simulator.set_steady();
    let found = (0..1_000)
        .filter(|place| {
            let asked = request(Operation::EmailFind, *place);
            matches!(ask(&world, &hunter, &[asked], SANDBOX_KEY)[0].outcome, Outcome::Found(_))
        })
        .count();
    assert!((570..=670).contains(&found), "{found} of 1000 at 0.62");
}

#[test]
fn a_batch_is_dealt_out_to_those_who_asked() {
    for (slug, operation) in [
        ("apollo", Operation::PersonEnrich),
        ("peopledatalabs", Operation::PersonEnrich),
        ("zerobounce", Operation::EmailVerify),
    ] {
        let (world, provider) = (world(5), provider(slug));
        world.simulator.set_steady();
        let batch = provider.offer(operation).expect("offered").batch;
        let asked: Vec<_> = (0..batch).map(|place| request(operation, place)).collect();
        let replies = ask(&world, &provider, &asked, SANDBOX_KEY);
        assert_eq!(replies.len(), batch);
        let mut found = 0;
        for (request, reply) in asked.iter().zip(&replies) {
            if let Outcome::Found(answer) = &reply.outcome {
                found += 1;
                let address = request.input(LeadField::Email);
                for value in answer.values.iter().filter(|value| value.field == "email") {
                    assert_eq!(Some(value.value.as_str()), address, "{slug}: everybody gets his own");
                }
            } else {
                assert_eq!(reply.outcome, Outcome::NotFound, "{slug}");
            }
        }
        assert!(found > batch / 4, "{slug}: {found}");
        let tally = world.simulator.tally(slug, Some(operation));
        assert_eq!((tally.asked, tally.leads), (1, batch as u64), "{slug}: one call");
    }
}

#[test]
fn submitted_work_is_collected_when_it_is_done() {
    let (world, apify) = (world(9), provider("apify"));
    world.simulator.set_steady();
    let mut asked: Vec<_> = (0..50).map(|place| request(Operation::PersonEnrich, place)).collect();
    for (request, reply) in asked.clone().iter().zip(ask(&world, &apify, &asked, SANDBOX_KEY)) {
        let Outcome::Pending { ticket, .. } = reply.outcome else { panic!("{:?}", reply.outcome) };
        let place = asked.iter().position(|one| one.inputs == request.inputs).expect("asked");
        asked[place].ticket = Some(ticket);
    }
    let groups: std::collections::BTreeSet<_> =
        asked.iter().filter_map(|one| one.ticket.as_ref()?.split('#').next()).collect();
    assert_eq!(groups.len(), 1, "one run, one group");
    let early = ask(&world, &apify, &asked, SANDBOX_KEY);
    assert!(early.iter().all(|reply| matches!(reply.outcome, Outcome::Pending { .. })));
    world.simulation.clock.advance(Duration::from_secs(60));
    // Some of the group alone are dealt their own, too.
    let replies = ask(&world, &apify, &asked[10..], SANDBOX_KEY);
    let found = replies.iter().filter(|reply| matches!(reply.outcome, Outcome::Found(_))).count();
    assert!((15..=35).contains(&found), "{found} of 40");
    for (request, reply) in asked[10..].iter().zip(&replies) {
        if let Outcome::Found(answer) = &reply.outcome {
            let email = answer.values.iter().find(|value| value.field == "email").expect("an address");
            assert_eq!(Some(email.value.as_str()), request.input(LeadField::Email));
        }
    }
    assert_eq!(replies.iter().map(|reply| reply.cost).sum::<u64>(), 31_000, "what the run cost is shared");
    assert_eq!(world.simulator.tally("apify", None).asked, 1);
}

#[test]
fn late_phones_are_looked_up() {
    let (world, apollo) = (world(2), provider("apollo"));
    world.simulator.set_hit_rate("apollo", Operation::PhoneFind, 1.0);
    let mut asked = request(Operation::PhoneFind, 1);
    let first = ask(&world, &apollo, &[asked.clone()], SANDBOX_KEY).remove(0);
    let Outcome::Pending { ticket, .. } = first.outcome else { panic!("{:?}", first.outcome) };
    asked.ticket = Some(ticket);
    let early = ask(&world, &apollo, &[asked.clone()], SANDBOX_KEY).remove(0);
    let again_in = Duration::from_secs(15);
    assert!(
        matches!(early.outcome, Outcome::Pending { again_in: told, .. } if told == again_in),
        "{:?}",
        early.outcome
    );
    world.simulation.clock.advance(Duration::from_secs(200));
    let late = ask(&world, &apollo, &[asked.clone()], SANDBOX_KEY).remove(0);
    let Outcome::Found(answer) = late.outcome else { panic!("{:?}", late.outcome) };
    assert!(answer.values.iter().any(|value| value.field == "phone" && value.value.starts_with("+33199")));
    world.simulation.clock.advance(Duration::from_secs(3_600));
    let over = ask(&world, &apollo, &[asked.clone()], SANDBOX_KEY).remove(0);
    assert!(matches!(over.outcome, Outcome::Broken { .. }), "the deadline is over");
    asked.ticket = None;
    asked.callback = None;
    let refused = ask(&world, &apollo, &[asked], SANDBOX_KEY).remove(0);
    assert!(matches!(refused.outcome, Outcome::InvalidInput { .. }), "without an address to ring");
}

#[test]
fn keys_limits_and_outages_are_kept_to_the_letter() {
    let (world, hunter) = (world(1), provider("hunter"));
    world.simulator.set_steady();
    let asked = |place| request(Operation::EmailFind, place);
    let one = |place, key| ask(&world, &hunter, &[asked(place)], key).remove(0).outcome;
    assert_eq!(one(1, "bad-key"), Outcome::AuthFailed);
    assert_eq!(one(2, "empty-key"), Outcome::OutOfQuota);
    let window = Limit { bucket: String::new(), calls: 3, per: Duration::from_secs(60), burst: None };
    world.simulator.set_limits("hunter", Limits { windows: vec![window], concurrent: None });
    for place in 0..3 {
        assert!(!matches!(one(place, SANDBOX_KEY), Outcome::RateLimited { .. }), "{place}");
    }
    assert_eq!(one(3, SANDBOX_KEY), Outcome::RateLimited { retry_after: Some(Duration::from_secs(1)) });
    assert_eq!(world.simulator.tally("hunter", None).over_limit, 1);
    world.simulation.clock.advance(Duration::from_secs(60));
    assert!(!matches!(one(3, SANDBOX_KEY), Outcome::RateLimited { .. }));
    let (from, until) = (world.simulator.now(), world.simulator.now() + Duration::from_secs(120));
    world.simulator.add_outage(Outage { slug: "hunter".to_owned(), from, until, kind: OutageKind::Down });
    assert_eq!(one(4, SANDBOX_KEY), Outcome::Broken { reason: "no connection".to_owned() });
    world.simulation.clock.advance(Duration::from_secs(120));
    assert!(!matches!(one(4, SANDBOX_KEY), Outcome::Broken { .. }));
    let (world, zerobounce) = (self::world(1), provider("zerobounce"));
    let one = |key| ask(&world, &zerobounce, &[request(Operation::EmailVerify, 1)], key).remove(0).outcome;
    assert_eq!((one("bad-key"), one("empty-key")), (Outcome::AuthFailed, Outcome::OutOfQuota), "by the account");
}
