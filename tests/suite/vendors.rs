//! Played vendors behind a real socket, and a server that is set up to call them instead of the real ones.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use galena::config::{Config, Provider};
use galena::deps::{Clock, Deps, HttpError, OutgoingRequest, StatusCode};
use galena::providers::manifest::{Manifest, Setup, shipped};
use galena::providers::simulator::{SANDBOX_KEY, Simulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::server::TestServer;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Seen {
    pub slug: String,
    /// With the query, percent signs as they came.
    pub path: String,
    pub body: String,
    /// On the monotonic clock.
    pub at: Duration,
}

impl Seen {
    /// Whether the text stands anywhere in it.
    pub fn tells(&self, text: &str) -> bool {
        let escaped = text.replace('@', "%40").replace(' ', "+");
        [text, &escaped].iter().any(|text| self.path.contains(*text) || self.body.contains(*text))
    }
}

type Hook = Box<dyn Fn(&Seen) + Send + Sync>;

struct Desk {
    simulator: Simulator,
    clock: Arc<dyn Clock>,
    seen: Mutex<Vec<Seen>>,
    hook: Mutex<Option<Hook>>,
}

/// All shipped vendors, played on one port of the loopback; steady, at once, without limits unless told otherwise.
pub struct Vendors {
    desk: Arc<Desk>,
    base: String,
    serving: JoinHandle<()>,
}

impl Drop for Vendors {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Vendors {
    pub async fn start() -> Self {
        Self::playing(shipped().unwrap().into_iter().map(|manifest| (manifest, Setup::default())).collect(), 7).await
    }

    pub async fn playing(manifests: Vec<(Manifest, Setup)>, seed: u64) -> Self {
        let clock = Deps::real().clock;
        let simulator = Simulator::new(manifests, seed, Arc::clone(&clock));
        simulator.set_steady();
        simulator.set_latency(Some(Duration::ZERO));
        let desk = Arc::new(Desk { simulator, clock, seen: Mutex::default(), hook: Mutex::default() });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { desk, base, serving }
    }

    pub fn simulator(&self) -> &Simulator {
        &self.desk.simulator
    }

    /// Runs when a request comes, before it is answered.
    pub fn on_request(&self, hook: impl Fn(&Seen) + Send + Sync + 'static) {
        *self.desk.hook.lock().unwrap() = Some(Box::new(hook));
    }

    /// The provider is called here, with a key of the install.
    pub fn configure(&self, config: &mut Config, slug: &str) {
        self.configure_without_key(config, slug);
        config.providers.get_mut(slug).unwrap().api_key = Some(SANDBOX_KEY.to_owned().into());
    }

    pub fn configure_without_key(&self, config: &mut Config, slug: &str) {
        let provider = Provider {
            base_url: Some(format!("{}/{slug}", self.base)),
            rate_limit: 600_000,
            actor_id: (slug == "apify").then(|| "galena~test".to_owned()),
            ..Provider::default()
        };
        config.providers.insert(slug.to_owned(), provider);
        self.desk.simulator.set_limits(slug, galena::domain::enrichment::Limits::default());
    }

    /// A server whose providers `slugs` are played, with keys of the install; the terms are accepted.
    pub async fn server(&self, slugs: &[&str], change: impl FnOnce(&mut Config)) -> TestServer {
        let server = TestServer::start_with(|config| {
            for slug in slugs {
                self.configure(config, slug);
            }
            change(config);
        })
        .await;
        server.post("/settings/terms", &json!({})).await.expect(200);
        server
    }

    /// What came for a vendor.
    pub fn seen(&self, slug: &str) -> Vec<Seen> {
        self.desk.seen.lock().unwrap().iter().filter(|seen| seen.slug == slug).cloned().collect()
    }

    pub fn count(&self, slug: &str) -> usize {
        self.desk.seen.lock().unwrap().iter().filter(|seen| seen.slug == slug).count()
    }
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let whole = parts.uri.path_and_query().unwrap().as_str();
    let rest = whole.trim_start_matches('/');
    let (slug, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let seen = Seen {
        slug: slug.to_owned(),
        path: path.to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        at: desk.clock.monotonic(),
    };
    if let Some(hook) = desk.hook.lock().unwrap().as_ref() {
        hook(&seen);
    }
    desk.seen.lock().unwrap().push(seen);
    let mut asked = OutgoingRequest::new(parts.method, whole);
    asked.headers = parts.headers;
    asked.body = body;
    let played = desk.simulator.play_for(slug, &asked, path);
    if !played.latency.is_zero() {
        desk.clock.sleep(played.latency).await;
    }
    match played.answer {
        Ok(answer) => {
            let mut response = Response::new(Body::from(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            response
        }
        Err(HttpError::Connect(_)) => StatusCode::BAD_GATEWAY.into_response(),
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}

/// Adds leads; gives their ids in the order they are listed in.
pub async fn leads(server: &TestServer, list: &str, rows: &[Value]) -> Vec<String> {
    let mut ids = Vec::new();
    for chunk in rows.chunks(500) {
        let answer = server.post(&format!("/leads/lists/{list}/leads"), &json!({ "leads": chunk })).await.expect(200);
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), chunk.len(), "{answer}");
        ids.extend(results.iter().map(|row| row["id"].as_str().unwrap_or_else(|| panic!("{row}")).to_owned()));
    }
    ids
}

/// People with an address each.
pub fn people(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| {
            json!({ "email": format!("person{number}@firm{number}.com"), "firstName": format!("Ada{number}"),
                "lastName": "Lovelace", "website": format!("https://firm{number}.com") })
        })
        .collect()
}

/// Orders and gives the id of the job.
pub async fn order(server: &TestServer, body: &Value) -> String {
    let made = server.post("/leads/enrich", body).await.expect(202);
    made["jobId"].as_str().unwrap().to_owned()
}

pub async fn job(server: &TestServer, id: &str) -> Value {
    server.get(&format!("/leads/enrich/{id}")).await.expect(200)
}

/// Waits for the end.
pub async fn over(server: &TestServer, id: &str) -> Value {
    for _ in 0..1_200 {
        let row = job(server, id).await;
        if !matches!(row["status"].as_str(), Some("pending" | "processing")) {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("job {id} does not end: {}", job(server, id).await);
}

/// Waits until `holds`.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never comes to pass that {what}");
}
