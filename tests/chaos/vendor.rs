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
    /// It was told to come again.
    put_off: bool,
    what: String,
}

/// What a kill came to.
#[derive(Debug, Default)]
pub struct Lost {
    /// Requests that the vendor had not answered.
    pub open: usize,
    /// Of them, served and asked again afterwards.
    pub repeated_open: usize,
    /// Asked again although they had been answered: how long before the kill.
    pub answered_before: Vec<Duration>,
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

    /// What was in flight when the client was killed: sent the signal at the first moment, gone at the second.
    /// `since`: when the kill before was over.
    pub fn lost_at(&self, since: Option<Instant>, killed: Instant, gone: Instant) -> Lost {
        let asked = self.desk.asked.lock().expect("no panic");
        let in_time = |one: &&Asked| one.began <= gone && since.is_none_or(|since| one.began > since);
        let is_open = |one: &&Asked| one.answered.is_none_or(|at| at > killed);
        let mut lost = Lost { open: asked.iter().filter(in_time).filter(is_open).count(), ..Lost::default() };
        // Whoever was served before and is served again after it was bought twice.
        for one in asked.iter().filter(in_time).filter(|one| one.served) {
            let again = |other: &&Asked| other.served && other.what == one.what && other.began > one.began;
            let next = asked.iter().filter(again).min_by_key(|other| other.began);
            if next.is_some_and(|next| next.began > gone) {
                match is_open(&one) {
                    true => lost.repeated_open += 1,
                    false => lost.answered_before.extend(one.answered.map(|at| killed - at)),
                }
            }
        }
        lost.answered_before.sort_unstable();
        lost
    }

    /// How often each request that was served came, failures not counted.
    pub fn served(&self) -> BTreeMap<String, usize> {
        let mut served = BTreeMap::new();
        for one in self.desk.asked.lock().expect("no panic").iter().filter(|one| one.served) {
            *served.entry(one.what.clone()).or_default() += 1;
        }
        served
    }

    /// Whether a request was told to come again: then it does, as the same attempt.
    pub fn has_put_off(&self, what: &str) -> bool {
        self.desk.asked.lock().expect("no panic").iter().any(|one| one.put_off && one.what == what)
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
        asked.push(Asked { began: Instant::now(), answered: None, served: false, put_off: false, what: path.clone() });
        asked.len() - 1
    };
    let mut outgoing = OutgoingRequest::new(parts.method, whole);
    outgoing.headers = parts.headers;
    let played = desk.simulator.play_for(desk.slug, &outgoing, &path);
    // Answered when it is computed: who goes away meanwhile has been served all the same.
    let answer = played.answer.expect("no outage is set");
    {
        let asked = &mut desk.asked.lock().expect("no panic")[place];
        (asked.served, asked.put_off) = (answer.status.as_u16() == 200, answer.status.as_u16() == 202);
    }
    tokio::time::sleep(played.latency).await;
    desk.asked.lock().expect("no panic")[place].answered = Some(Instant::now());
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
