//! Each shipped manifest against its fixture pairs: what is asked, what the vendor answers, what comes of it.
//!
//! `tests/fixtures/providers/SLUG/*.json`: a lead (or several), the exchanges in their order, and the outcome with its
//! values. A manifest without one of the outcomes every vendor has fails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use galena::deps::{HeaderName, HeaderValue, HttpError, OutgoingRequest, OutgoingResponse, Simulation, StatusCode};
use galena::domain::enrichment::{Input, Operation, Outcome, Reply};
use galena::domain::id::AttemptId;
use galena::providers::manifest::{ManifestProvider, Setup, shipped};
use galena::providers::{CallContext, Provider, Request};
use galena::store::crypt::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const KEY: &str = "k3y-of-the-test";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fixture {
    operation: String,
    lead: Option<BTreeMap<String, String>>,
    leads: Option<Vec<BTreeMap<String, String>>>,
    /// The ticket that is collected.
    collect: Option<String>,
    exchanges: Vec<Exchange>,
    #[serde(default)]
    replies: Vec<Expected>,
    /// What is expected where there is one lead.
    #[serde(flatten)]
    only: Map<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Expected {
    outcome: String,
    values: BTreeMap<String, String>,
    /// Fields that must not be among the values.
    absent: Vec<String>,
    /// Texts that nothing of the reply may hold.
    gone: Vec<String>,
    confidence: BTreeMap<String, f64>,
    cost: Option<u64>,
    total_cost: Option<u64>,
    again_in: Option<u64>,
    /// The vendor's name of the work.
    ticket: Option<String>,
    /// Calls that the vendor says are left.
    left: Option<u64>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Exchange {
    method: String,
    path: String,
    query: Option<BTreeMap<String, String>>,
    body: Option<Value>,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    answer: Option<Value>,
    text: Option<String>,
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let decoded = |part: &str| percent_decoded(part);
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn percent_decoded(text: &str) -> String {
    galena::providers::manifest::template::percent_decoded(text).expect("a percent-encoded text")
}

fn provider(slug: &str) -> ManifestProvider {
    let manifest =
        shipped().expect("the manifests read").into_iter().find(|known| known.slug == slug).expect("shipped");
    let mut setup = Setup { base_url: Some("http://vendor.test".to_owned()), ..Setup::default() };
    if slug == "apify" {
        setup.settings.insert("actor_id".to_owned(), "me/finder".to_owned());
    }
    ManifestProvider::new(manifest, setup)
}

/// Compares what was sent with what the fixture says, and answers.
fn answered(request: &OutgoingRequest, expected: &Exchange) -> Result<OutgoingResponse, String> {
    let address = request.url.strip_prefix("http://vendor.test").ok_or("another host")?;
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut query = pairs(query);
    let mut body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let in_header = ["authorization", "x-api-key"].iter().any(|name| {
        request.headers.get(*name).is_some_and(|value| value.to_str().is_ok_and(|value| value.contains(KEY)))
    });
    let in_query = query.remove("api_key").is_some_and(|key| key == KEY);
    let in_body = body.as_object_mut().and_then(|body| body.remove("api_key")).is_some_and(|key| key == KEY);
    if usize::from(in_header) + usize::from(in_query) + usize::from(in_body) != 1 {
        return Err("the key is not in exactly one place".to_owned());
    }
    if (request.method.as_str(), path) != (expected.method.as_str(), expected.path.as_str()) {
        return Err(format!("{} {path} instead of {} {}", request.method, expected.method, expected.path));
    }
    if let Some(wanted) = &expected.query
        && *wanted != query
    {
        return Err(format!("query {query:?} instead of {wanted:?}"));
    }
    if let Some(wanted) = &expected.body
        && *wanted != body
    {
        return Err(format!("body {body} instead of {wanted}"));
    }
    let text = expected.text.clone();
    let body = text.or_else(|| Some(expected.answer.as_ref()?.to_string())).unwrap_or_default();
    let mut response = OutgoingResponse::new(StatusCode::from_u16(expected.status).expect("a status"), body);
    for (name, value) in &expected.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header");
        response.headers.insert(name, HeaderValue::from_str(value).expect("a value"));
    }
    Ok(response)
}

fn request(operation: Operation, lead: &BTreeMap<String, String>, ticket: Option<String>) -> Request {
    let inputs = lead.iter().map(|(name, value)| (Input::from_name(name).expect("an input"), value.clone()));
    let callback = Some("https://box.example/callbacks/x".to_owned());
    Request { id: AttemptId::default(), operation, inputs: inputs.collect(), ticket, callback }
}

/// What is wrong with a reply.
fn differences(reply: &Reply, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, fine: bool| {
        if !fine {
            wrong.push(format!("{what}: {reply:?}"));
        }
    };
    check(&format!("outcome is not {}", expected.outcome), reply.outcome.name() == expected.outcome);
    let values = match &reply.outcome {
        Outcome::Found(answer) | Outcome::Partial(answer) => answer.values.as_slice(),
        _ => &[],
    };
    let of = |field: &str| values.iter().find(|value| value.field == field);
    for (field, wanted) in &expected.values {
        check(&format!("{field} is not {wanted}"), of(field).is_some_and(|value| value.value == *wanted));
    }
    for field in &expected.absent {
        check(&format!("{field} is there"), of(field).is_none());
    }
    for (field, wanted) in &expected.confidence {
        let sure = of(field).map(|value| value.confidence.as_fraction());
        check(&format!("{field} is not sure to {wanted}"), sure.is_some_and(|sure| (sure - wanted).abs() < 0.001));
    }
    let raw = String::from_utf8(reply.raw.clone().unwrap_or_default()).expect("UTF-8");
    for text in &expected.gone {
        check(&format!("{text} was kept"), !raw.contains(text) && !format!("{values:?}").contains(text));
    }
    check("cost", expected.cost.is_none_or(|cost| cost == reply.cost));
    let wait = match &reply.outcome {
        Outcome::Pending { again_in, .. } => Some(*again_in),
        Outcome::RateLimited { retry_after } => *retry_after,
        _ => None,
    };
    check("wait", expected.again_in.is_none_or(|seconds| wait == Some(Duration::from_secs(seconds))));
    if let (Some(name), Outcome::Pending { ticket, .. }) = (&expected.ticket, &reply.outcome) {
        check("ticket", ticket.contains(&format!("~{name}#")));
    }
    let left = reply.signs.windows.iter().find_map(|window| window.left);
    check("calls left", expected.left.is_none_or(|wanted| left == Some(wanted)));
    wrong
}

fn run(slug: &str, fixture: Fixture) -> Vec<String> {
    let provider = provider(slug);
    let world = Simulation::from_seed(1);
    let script: Arc<Mutex<VecDeque<Exchange>>> = Arc::new(Mutex::new(fixture.exchanges.clone().into()));
    let wrong: Arc<Mutex<Vec<String>>> = Arc::default();
    {
        let (script, wrong) = (Arc::clone(&script), Arc::clone(&wrong));
        world.http.answer_with(move |request| {
            let tell = |text: String| {
                wrong.lock().expect("whole").push(text);
                Err(HttpError::Connect("not in the fixture".to_owned()))
            };
            match script.lock().expect("whole").pop_front() {
                None => tell(format!("one call too many: {} {}", request.method, request.url)),
                Some(expected) => answered(request, &expected).or_else(tell),
            }
        });
    }
    let operation = Operation::from_name(&fixture.operation).expect("an operation");
    let leads = fixture.leads.unwrap_or_else(|| fixture.lead.into_iter().collect());
    let requests: Vec<_> = leads.iter().map(|lead| request(operation, lead, fixture.collect.clone())).collect();
    let key = Secret::new(KEY);
    let context =
        CallContext { deps: &world.deps, credential: Some(&key), timeout: Duration::from_secs(30), further: None };
    let replies = provider.call(&requests, context).now_or_never().expect("answered without waiting");
    let expected = if fixture.replies.is_empty() {
        vec![serde_json::from_value(Value::Object(fixture.only.clone())).expect("what is expected")]
    } else {
        fixture.replies
    };
    let mut wrong = std::mem::take(&mut *wrong.lock().expect("whole"));
    if !script.lock().expect("whole").is_empty() {
        wrong.push("fewer calls than exchanges".to_owned());
    }
    if replies.len() != expected.len() {
        wrong.push(format!("{} replies for {} leads", replies.len(), expected.len()));
    }
    wrong.extend(replies.iter().zip(&expected).flat_map(|(reply, expected)| differences(reply, expected)));
    if let Some(total) = fixture.only.get("totalCost").and_then(Value::as_u64) {
        let sum: u64 = replies.iter().map(|reply| reply.cost).sum();
        if sum != total {
            wrong.push(format!("the call cost {sum}, not {total}"));
        }
    }
    wrong
}

fn fixtures(slug: &str) -> Vec<(String, Fixture)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/providers").join(slug);
    let entries = std::fs::read_dir(folder).unwrap_or_else(|_| panic!("{slug} has no fixtures"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a file");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let fixture = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{slug}/{name}: {error}"));
        (name, fixture)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_documented_answer_means_what_it_should() {
    let mut wrong = Vec::new();
    for manifest in shipped().expect("the manifests read") {
        for (name, fixture) in fixtures(&manifest.slug) {
            let problems = run(&manifest.slug, fixture);
            wrong.extend(problems.into_iter().map(|problem| format!("{}/{name}: {problem}", manifest.slug)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_provider_shows_the_outcomes_that_all_vendors_have() {
    for manifest in shipped().expect("the manifests read") {
        let outcome = |fixture: &Fixture| {
            let only = fixture.only.get("outcome").and_then(Value::as_str).map(str::to_owned);
            only.into_iter().chain(fixture.replies.iter().map(|reply| reply.outcome.clone())).collect::<Vec<_>>()
        };
        let shown: BTreeSet<String> =
            fixtures(&manifest.slug).iter().flat_map(|(_, fixture)| outcome(fixture)).collect();
        for needed in ["found", "not_found", "out_of_quota", "rate_limited", "auth_failed", "broken"] {
            assert!(shown.contains(needed), "{} has no fixture for {needed}: {shown:?}", manifest.slug);
        }
        let covered: BTreeSet<String> =
            fixtures(&manifest.slug).into_iter().map(|(_, fixture)| fixture.operation).collect();
        for spec in &manifest.operations {
            assert!(covered.contains(spec.operation.name()), "{} {:?} has no fixture", manifest.slug, spec.operation);
        }
    }
}

#[test]
fn without_a_key_nothing_is_sent() {
    for manifest in shipped().expect("the manifests read") {
        let provider = provider(&manifest.slug);
        let world = Simulation::from_seed(1);
        let operation = provider.offers()[0].operation;
        let lead = [("email".to_owned(), "ana@acme.test".to_owned())].into_iter().collect();
        let requests = [request(operation, &lead, None)];
        let context =
            CallContext { deps: &world.deps, credential: None, timeout: Duration::from_secs(30), further: None };
        let replies = provider.call(&requests, context).now_or_never().expect("answered");
        assert_eq!(replies[0].outcome, Outcome::AuthFailed, "{}", manifest.slug);
        assert!(world.http.sent().is_empty());
    }
}

/// A vendor may say anything.
fn said() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    let json = prop_oneof![
        Just(json!({ "data": 1, "person": [], "status": {}, "matches": {}, "error": [] })),
        Just(json!({ "data": { "status": 7, "email": [{}], "score": "x", "id": null }, "status": "\u{0}" })),
        Just(json!([[[]], {}, null, 1e308])),
        Just(json!({ "Credits": {}, "person": { "organization": "x", "contact": 5, "email": 3 }, "request_id": 1 })),
        Just(json!({ "email_batch": [1, null, { "address": 5 }], "errors": {}, "matches": [null, 5, "x"] })),
    ];
    prop_oneof![
        any::<Vec<u8>>(),
        json.prop_map(|json| json.to_string().into_bytes()),
        (json_noise(), 0_usize..200).prop_map(|(text, cut)| text.into_bytes().into_iter().take(cut).collect()),
    ]
}

fn json_noise() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::string::string_regex("[\\[\\]{}\":,0-9a-zé\\\\]{0,200}").expect("a pattern")
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, ..Default::default() })]
    #[test]
    fn no_answer_of_any_bytes_breaks_the_runner(body in said(), status in 200_u16..600, batch in 1_usize..3) {
        for manifest in shipped().expect("the manifests read") {
            let provider = provider(&manifest.slug);
            let world = Simulation::from_seed(1);
            let answer = OutgoingResponse::new(StatusCode::from_u16(status).expect("a status"), body.clone());
            world.http.answer_with(move |_| Ok(answer.clone()));
            for offer in provider.offers() {
                let lead: BTreeMap<_, _> = [("email", "ana@acme.test"), ("companyDomain", "acme.test"), ("firstName", "A"), ("lastName", "B")]
                    .into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                for ticket in [None, Some("1767225600000~r1#0".to_owned())] {
                    let requests = vec![request(offer.operation, &lead, ticket); batch.min(offer.batch)];
                    let key = Secret::new(KEY);
                    let context = CallContext { deps: &world.deps, credential: Some(&key), timeout: Duration::from_secs(30), further: None };
                    let replies = provider.call(&requests, context).now_or_never().expect("answered");
                    proptest::prop_assert_eq!(replies.len(), requests.len());
                }
            }
        }
    }
}
