//! A result of many pages: read to the vendor's own count, no further than need be, and said where it is not read to the end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::BoxFuture;
use galena::deps::{Deps, Http, HttpError, OutgoingRequest, OutgoingResponse, Simulation, StatusCode};
use galena::domain::enrichment::{Input, Operation, Outcome, Reply};
use galena::domain::id::{AttemptId, Id};
use galena::domain::lead::LeadField;
use galena::providers::manifest::{Manifest, ManifestProvider, Setup, read};
use galena::providers::{CallContext, Provider, Request};
use galena::store::crypt::Secret;
use serde_json::json;

const APIFY: &str = include_str!("../../providers/apify.toml");

/// A run that is over, with a dataset of `total` items of which every third is left out by `clean`. The item at `place`
/// is about `of`.
struct Vendor {
    total: usize,
    items: Vec<(usize, &'static str)>,
    tells_total: bool,
    /// Answers with 500 once, for the page at this offset.
    fails_at: Mutex<Option<usize>>,
    offsets: Mutex<Vec<usize>>,
}

impl Vendor {
    fn new(total: usize, items: &[(usize, &'static str)]) -> Arc<Self> {
        let (items, offsets) = (items.to_vec(), Mutex::default());
        Arc::new(Self { total, items, tells_total: true, fails_at: Mutex::default(), offsets })
    }

    fn page(&self, url: &str) -> OutgoingResponse {
        let query = |name: &str| {
            let (_, value) = url.split_once(&format!("{name}=")).expect("in the query");
            value.split('&').next().and_then(|value| value.parse::<usize>().ok()).expect("a number")
        };
        let (offset, limit) = (query("offset"), query("limit"));
        self.offsets.lock().unwrap().push(offset);
        if self.fails_at.lock().unwrap().take_if(|at| *at == offset).is_some() {
            return OutgoingResponse::new(StatusCode::INTERNAL_SERVER_ERROR, "");
        }
        let item = |place: usize| match self.items.iter().find(|(at, _)| *at == place) {
            Some((_, email)) => Some(json!({
                "input": { "email": email },
                "person": { "email": email, "title": format!("of item {place}") },
            })),
            None if self.tells_total && place.is_multiple_of(3) => None,
            None => Some(json!({ "input": { "email": format!("nobody{place}@acme.test") } })),
        };
        let list: Vec<_> = (offset..(offset + limit).min(self.total)).filter_map(item).collect();
        let mut answer = OutgoingResponse::new(StatusCode::OK, json!(list).to_string());
        if self.tells_total {
            answer.headers.insert("x-apify-pagination-total", self.total.to_string().parse().unwrap());
        }
        answer
    }
}

impl Http for Vendor {
    fn send(&self, request: OutgoingRequest) -> BoxFuture<'_, Result<OutgoingResponse, HttpError>> {
        let run =
            |status: &str| json!({ "data": { "id": "r1", "status": status, "defaultDatasetId": "d1" } }).to_string();
        let answer = match &request.url {
            url if url.contains("/datasets/d1/items") => self.page(url),
            url if url.contains("/actor-runs/r1") => OutgoingResponse::new(StatusCode::OK, run("SUCCEEDED")),
            _ => OutgoingResponse::new(StatusCode::CREATED, run("READY")),
        };
        async move { Ok(answer) }.boxed()
    }
}

fn manifest() -> Manifest {
    read("apify.toml", APIFY).expect("a manifest")
}

/// Submits for the addresses and collects once.
fn collected(vendor: &Arc<Vendor>, manifest: Manifest, emails: &[&str]) -> Vec<Reply> {
    let sim = Simulation::from_seed(3);
    let http: Arc<dyn Http> = vendor.clone();
    let deps = Deps { http, ..sim.deps.clone() };
    let setup = Setup { settings: [("actor_id".to_owned(), "acme/enrich".to_owned())].into(), ..Setup::default() };
    let provider = ManifestProvider::new(manifest, setup);
    let key = Secret::new("key");
    let context =
        || CallContext { deps: &deps, credential: Some(&key), timeout: Duration::from_secs(30), further: None };
    let mut requests: Vec<Request> = emails
        .iter()
        .zip(1..)
        .map(|(email, number)| Request {
            id: AttemptId::from_u64(number),
            operation: Operation::PersonEnrich,
            inputs: vec![(Input::Lead(LeadField::Email), (*email).to_owned())],
            ticket: None,
            callback: None,
        })
        .collect();
    let submitted = block_on(provider.call(&requests, context()));
    for (request, reply) in requests.iter_mut().zip(submitted) {
        let Outcome::Pending { ticket, .. } = reply.outcome else { panic!("{:?}", reply.outcome) };
        request.ticket = Some(ticket);
    }
    block_on(provider.call(&requests, context()))
}

fn title(reply: &Reply) -> Option<&str> {
    let (Outcome::Found(answer) | Outcome::Partial(answer)) = &reply.outcome else { return None };
    answer.values.iter().find(|value| value.field == "jobTitle").map(|value| value.value.as_str())
}

#[test]
fn items_behind_the_first_thousand_are_found_although_pages_are_short() {
    let vendor = Vendor::new(2_300, &[(10, "ana@acme.test"), (2_250, "bo@acme.test")]);
    let replies = collected(&vendor, manifest(), &["bo@acme.test", "ana@acme.test", "cy@acme.test"]);
    assert_eq!(title(&replies[0]), Some("of item 2250"));
    assert_eq!(title(&replies[1]), Some("of item 10"));
    assert_eq!(replies[2].outcome, Outcome::NotFound);
    assert_eq!(*vendor.offsets.lock().unwrap(), [0, 1_000, 2_000]);
}

#[test]
fn nothing_is_read_behind_the_last_item_that_somebody_waits_for() {
    let vendor = Vendor::new(40_000, &[(1, "ana@acme.test"), (1_400, "bo@acme.test")]);
    let replies = collected(&vendor, manifest(), &["ana@acme.test", "bo@acme.test"]);
    assert!(replies.iter().all(|reply| title(reply).is_some()));
    assert_eq!(*vendor.offsets.lock().unwrap(), [0, 1_000]);
}

#[test]
fn a_result_that_is_longer_than_what_is_read_says_so_and_is_no_not_found() {
    let vendor = Vendor::new(5_000, &[(1_500, "ana@acme.test"), (4_000, "bo@acme.test")]);
    let text = APIFY.replace("most = 50", "most = 2");
    let replies = collected(&vendor, read("apify.toml", &text).unwrap(), &["ana@acme.test", "bo@acme.test"]);
    assert_eq!(title(&replies[0]), Some("of item 1500"));
    let reason = "the result has more items than the 2000 that are read".to_owned();
    assert_eq!(replies[1].outcome, Outcome::InvalidInput { reason });
    assert_eq!(*vendor.offsets.lock().unwrap(), [0, 1_000]);
}

#[test]
fn a_page_that_fails_keeps_the_work_and_without_a_count_a_short_page_is_the_last() {
    let vendor = Vendor::new(2_300, &[(2_250, "bo@acme.test")]);
    *vendor.fails_at.lock().unwrap() = Some(1_000);
    let replies = collected(&vendor, manifest(), &["bo@acme.test"]);
    assert!(matches!(replies[0].outcome, Outcome::Pending { .. }), "{:?}", replies[0].outcome);
    let mut silent = Vendor::new(1_200, &[(1_100, "bo@acme.test")]);
    Arc::get_mut(&mut silent).unwrap().tells_total = false;
    let replies = collected(&silent, manifest(), &["bo@acme.test", "cy@acme.test"]);
    assert_eq!((title(&replies[0]), &replies[1].outcome), (Some("of item 1100"), &Outcome::NotFound));
    assert_eq!(*silent.offsets.lock().unwrap(), [0, 1_000]);
}
