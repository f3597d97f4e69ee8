//! What the shipped manifests send, over real sockets, against the vendors' own OpenAPI files: the path, the method, the
//! parameters and the body are ones that the vendor knows.
//!
//! The files lie beside the repository; without them the test is skipped.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Incoming;
use axum::response::Response;
use galena::deps::Deps;
use galena::domain::enrichment::Input;
use galena::domain::id::AttemptId;
use galena::providers::manifest::{ManifestProvider, Setup, shipped};
use galena::providers::{CallContext, Provider, Request};
use galena::store::crypt::Secret;
use serde_json::{Value, json};

use crate::shared_data;

/// A request as it came over the socket.
#[derive(Debug, Clone)]
struct Captured {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: Value,
}

fn decoded(text: &str) -> String {
    galena::providers::manifest::template::percent_decoded(text).expect("percent-encoded")
}

/// A server that answers everything with `answer` and keeps what it was asked.
async fn vendor(answer: Value) -> (String, Arc<Mutex<Vec<Captured>>>, tokio::task::JoinHandle<()>) {
    let seen: Arc<Mutex<Vec<Captured>>> = Arc::default();
    let keep = Arc::clone(&seen);
    let app = Router::new().fallback(move |request: Incoming| {
        let (keep, answer) = (Arc::clone(&keep), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
            let query = parts.uri.query().unwrap_or_default();
            let pairs = query.split('&').filter(|pair| !pair.is_empty());
            let captured = Captured {
                method: parts.method.as_str().to_lowercase(),
                path: parts.uri.path().to_owned(),
                query: pairs
                    .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                    .map(|(name, value)| (decoded(name), decoded(value)))
                    .collect(),
                body: serde_json::from_slice(&bytes).unwrap_or_default(),
            };
            keep.lock().expect("whole").push(captured);
            Response::new(Body::from(answer.to_string()))
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let served = tokio::spawn(async move { axum::serve(listener, app).await.expect("served") });
    (address, seen, served)
}

/// Everything the shipped manifest of this name can send, each operation with each of its alternatives.
async fn sent_by(slug: &str, answer: Value) -> Vec<Captured> {
    let (address, seen, served) = vendor(answer).await;
    let manifest =
        shipped().expect("the manifests read").into_iter().find(|known| known.slug == slug).expect("shipped");
    let base = manifest.base_url.splitn(4, '/').nth(3).map_or(String::new(), |path| format!("/{path}"));
    let mut setup = Setup { base_url: Some(format!("{address}{base}")), ..Setup::default() };
    if slug == "apify" {
        setup.settings.insert("actor_id".to_owned(), "me~finder".to_owned());
    }
    let provider = ManifestProvider::new(manifest, setup);
    let deps = Deps::real();
    let key = Secret::new("key");
    for offer in provider.offers() {
        for needs in offer.needs.alternatives() {
            let request = |ticket: Option<&str>| Request {
                id: AttemptId::default(),
                operation: offer.operation,
                inputs: needs.iter().chain(&offer.optional).map(|input| (*input, sample(*input))).collect(),
                ticket: ticket.map(str::to_owned),
                callback: Some("https://box.example/callbacks/x".to_owned()),
            };
            let context =
                CallContext { deps: &deps, credential: Some(&key), timeout: Duration::from_secs(20), further: None };
            let far = format!("{}~12#0", deps.clock.now().0);
            let calls = [vec![request(None)], vec![request(None); 2.min(offer.batch)], vec![request(Some(&far))]];
            for requests in calls {
                assert_eq!(provider.call(&requests, context).await.len(), requests.len());
            }
        }
    }
    served.abort();
    let seen = std::mem::take(&mut *seen.lock().expect("whole"));
    assert!(!seen.is_empty());
    seen
}

fn sample(input: Input) -> String {
    match input.name() {
        "email" => "ana@acme.test",
        "phone" => "+33612345678",
        "companyDomain" | "website" => "acme.test",
        "linkedInUrl" => "https://www.linkedin.com/in/ana-roe",
        "companyLinkedInUrl" => "https://www.linkedin.com/company/acme",
        _ => "Ana & \"Roe\"/?",
    }
    .to_owned()
}

/// A vendor's OpenAPI file.
struct Api(Value);

impl Api {
    fn read(path: &str) -> Option<Self> {
        Some(Self(serde_json::from_str(&shared_data::read(path)?).expect("JSON")))
    }

    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(place) => self.resolve(self.0.pointer(place.trim_start_matches('#')).expect("what is referred to")),
            None => value,
        }
    }

    /// What is wrong with a request. `base` is the path of the server's address.
    fn problems(&self, base: &str, request: &Captured) -> Vec<String> {
        let path = request.path.strip_prefix(base).unwrap_or(&request.path);
        let paths = self.0["paths"].as_object().expect("paths");
        let Some((template, item)) =
            paths.iter().find(|(template, item)| fits(template, path) && item.get(&request.method).is_some())
        else {
            return vec![format!("{} {path} is not in the file", request.method)];
        };
        let operation = &item[&request.method];
        let all = [&item["parameters"], &operation["parameters"]];
        let parameters: Vec<&Value> =
            all.iter().flat_map(|list| list.as_array().into_iter().flatten()).map(|one| self.resolve(one)).collect();
        let mut wrong = Vec::new();
        let in_query = |name: &str| parameters.iter().find(|known| known["in"] == "query" && known["name"] == name);
        for (name, value) in &request.query {
            match in_query(name) {
                None => wrong.push(format!("{template}: no parameter {name}")),
                Some(known) => {
                    let schema = self.resolve(&known["schema"]);
                    if !text_fits(schema, value) {
                        wrong.push(format!("{template}: {name}={value} is no {}", schema["type"]));
                    }
                }
            }
        }
        for needed in parameters.iter().filter(|known| known["in"] == "query" && known["required"] == true) {
            if !request.query.iter().any(|(name, _)| needed["name"] == name.as_str()) {
                wrong.push(format!("{template}: {} is missing", needed["name"]));
            }
        }
        let body = self.resolve(&operation["requestBody"]);
        let schema = &body["content"]["application/json"]["schema"];
        if request.body.is_null() {
            if body["required"] == true {
                wrong.push(format!("{template}: needs a body"));
            }
        } else if schema.is_null() {
            wrong.push(format!("{template}: takes no JSON body"));
        } else {
            self.check(template, schema, &request.body, &mut wrong);
        }
        wrong
    }

    fn check(&self, place: &str, schema: &Value, value: &Value, wrong: &mut Vec<String>) {
        let schema = self.resolve(schema);
        let fits = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            _ => true,
        };
        if !fits {
            wrong.push(format!("{place}: {value} is no {}", schema["type"]));
        }
        let properties = schema["properties"].as_object();
        if let (Some(known), Some(members)) = (properties, value.as_object()) {
            for (name, member) in members {
                match known.get(name) {
                    Some(schema) => self.check(&format!("{place}.{name}"), schema, member, wrong),
                    None => wrong.push(format!("{place}: no member {name}")),
                }
            }
        }
        for needed in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if value.get(needed).is_none() {
                wrong.push(format!("{place}: {needed} is missing"));
            }
        }
        for member in value.as_array().into_iter().flatten() {
            self.check(&format!("{place}[]"), &schema["items"], member, wrong);
        }
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

fn text_fits(schema: &Value, text: &str) -> bool {
    match schema["type"].as_str() {
        Some("boolean") => matches!(text, "true" | "false"),
        Some("integer") => text.parse::<i64>().is_ok(),
        Some("number") => text.parse::<f64>().is_ok(),
        _ => schema["enum"].as_array().is_none_or(|known| known.iter().any(|one| one == text)),
    }
}

fn assert_none(slug: &str, mut wrong: Vec<String>) {
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{slug}:\n  {}", wrong.join("\n  "));
}

#[tokio::test]
async fn apollo() {
    let Some(api) = Api::read("specs/apollo/apollo-rest-api.json") else { return };
    let answer = json!({ "request_id": 12, "person": null, "matches": [null, null], "organization": null });
    let sent = sent_by("apollo", answer).await;
    assert!(sent.iter().any(|one| one.path.ends_with("/people/bulk_match")));
    assert!(sent.iter().any(|one| one.path.ends_with("/webhook_result/12")));
    assert_none("apollo", sent.iter().flat_map(|one| api.problems("/api/v1", one)).collect());
}

#[tokio::test]
async fn apify() {
    let Some(api) = Api::read("specs/apify/apify-openapi.json") else { return };
    let sent =
        sent_by("apify", json!({ "data": { "id": "12", "status": "SUCCEEDED", "defaultDatasetId": "d1" } })).await;
    assert!(sent.iter().any(|one| one.path == "/v2/datasets/d1/items"), "the dataset was read: {sent:?}");
    assert_none("apify", sent.iter().flat_map(|one| api.problems("", one)).collect());
}

/// The batch of persons is in the vendor's documents and programs, but in neither of its files.
#[tokio::test]
async fn people_data_labs() {
    let Some(api) = Api::read("specs/peopledatalabs/pdl-specs.json") else { return };
    let sent = sent_by("peopledatalabs", json!([{ "status": 404 }, { "status": 404 }])).await;
    let (bulk, known): (Vec<_>, Vec<_>) = sent.into_iter().partition(|one| one.path == "/v5/person/bulk");
    assert_none("peopledatalabs", known.iter().flat_map(|one| api.problems("", one)).collect());
    let single: Vec<String> = api.0["paths"]["/v5/person/enrich"]["get"]["parameters"]
        .as_array()
        .expect("parameters")
        .iter()
        .filter_map(|one| Some(api.resolve(one)["name"].as_str()?.to_owned()))
        .collect();
    assert!(!bulk.is_empty());
    for request in bulk {
        for one in request.body["requests"].as_array().expect("requests") {
            for name in one["params"].as_object().expect("params").keys() {
                assert!(single.contains(name), "{name} is no parameter of a person");
            }
        }
    }
}

/// There is no official file: what a third party wrote down is a hint, and the parameters it names are compared.
#[tokio::test]
async fn hunter() {
    let files = [
        ("/v2/email-finder", "email-finder"),
        ("/v2/email-verifier", "email-verifier"),
        ("/v2/domain-search", "domain-search"),
    ];
    let texts: Vec<_> = files
        .iter()
        .filter_map(|(path, name)| {
            Some((*path, shared_data::read(&format!("specs/hunter/hunter-{name}-thirdparty.yaml"))?))
        })
        .collect();
    if texts.is_empty() {
        return;
    }
    let sent = sent_by("hunter", json!({ "data": { "email": null } })).await;
    for request in sent.iter().filter(|one| one.path != "/v2/account") {
        let (_, text) =
            texts.iter().find(|(path, _)| *path == request.path).unwrap_or_else(|| panic!("{}", request.path));
        for (name, _) in &request.query {
            assert!(text.contains(&format!("- name: {name}\n")), "{} has no parameter {name}", request.path);
        }
    }
}

#[test]
fn the_check_can_fail() {
    let api = Api(json!({ "paths": { "/a/{id}": { "post": {
        "parameters": [{ "name": "n", "in": "query", "required": true, "schema": { "type": "integer" } }],
        "requestBody": { "content": { "application/json": { "schema": { "type": "object", "required": ["x"],
            "properties": { "x": { "type": "string" } } } } } },
    } } } }));
    let request = |path: &str, query: &[(&str, &str)], body: Value| {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        api.problems("", &Captured { method: "post".to_owned(), path: path.to_owned(), query, body }).len()
    };
    assert_eq!(request("/a/1", &[("n", "1")], json!({ "x": "y" })), 0);
    assert_eq!(request("/b/1", &[], json!({})), 1);
    assert_eq!(request("/a/1", &[("n", "one"), ("m", "1")], json!({ "y": 1 })), 4);
}
