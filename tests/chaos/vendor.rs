//! A played vendor in the process of the scenario: it outlives every kill, and counts what comes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use galena::deps::{Deps, OutgoingRequest};
use galena::providers::manifest::{Setup, shipped};
use galena::providers::simulator::Simulator;

/// A request and what became of it.
struct Asked {
    began: Instant,
    answered: Option<Instant>,
    /// It got what it came for.
    served: bool,
    what: String,
}

struct Desk {
    simulator: Simulator,
    slug: &'static str,
    asked: Mutex<Vec<Asked>>,
}

/// Its port answers until it is dropped.
pub struct Vendor {
    desk: Arc<Desk>,
    pub address: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Vendor {
    /// Plays a shipped provider with the failures of its manifest.
    pub async fn playing(slug: &'static str, seed: u64, latency: Duration) -> Self {
        let manifests = shipped().expect("they read").into_iter().map(|manifest| (manifest, Setup::default()));
        let simulator = Simulator::new(manifests, seed, Deps::real().clock);
        simulator.set_latency(Some(latency));
        simulator.set_limits(slug, galena::domain::enrichment::Limits::default());
        let desk = Arc::new(Desk { simulator, slug, asked: Mutex::default() });
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = format!("http://{}/{slug}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self { desk, address, serving }
    }

    /// Requests that were open at that moment, and those that were answered so shortly before that the answer may not
    /// have been on the disk.
    pub fn in_flight_at(&self, moment: Instant, shortly: Duration) -> (usize, usize) {
        let asked = self.desk.asked.lock().expect("no panic");
        let had_begun = || asked.iter().filter(|one| one.began <= moment);
        let open = had_begun().filter(|one| one.answered.is_none_or(|at| at > moment)).count();
        let fresh = had_begun().filter(|one| one.answered.is_some_and(|at| at <= moment && at + shortly >= moment));
        (open, fresh.count())
    }

    /// How often each request that was served came, failures not counted.
    pub fn served(&self) -> BTreeMap<String, usize> {
        let mut served = BTreeMap::new();
        for one in self.desk.asked.lock().expect("no panic").iter().filter(|one| one.served) {
            *served.entry(one.what.clone()).or_default() += 1;
        }
        served
    }

    pub fn asked(&self) -> usize {
        self.desk.asked.lock().expect("no panic").len()
    }
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let whole = parts.uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
    let path = whole.trim_start_matches('/').trim_start_matches(desk.slug).to_owned();
    let place = {
        let mut asked = desk.asked.lock().expect("no panic");
        asked.push(Asked { began: Instant::now(), answered: None, served: false, what: path.clone() });
        asked.len() - 1
    };
    let mut outgoing = OutgoingRequest::new(parts.method, whole);
    outgoing.headers = parts.headers;
    let played = desk.simulator.play_for(desk.slug, &outgoing, &path);
    // Answered when it is computed: who goes away meanwhile has been served all the same.
    let answer = played.answer.expect("no outage is set");
    desk.asked.lock().expect("no panic")[place].served = answer.status.as_u16() == 200;
    tokio::time::sleep(played.latency).await;
    desk.asked.lock().expect("no panic")[place].answered = Some(Instant::now());
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
