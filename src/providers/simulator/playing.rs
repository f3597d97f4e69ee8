//! Making an answer: what a vendor says, by the `simulate` section of its manifest.

use std::time::Duration;

use serde_json::{Value, json};

use super::people::{Draws, identity, invented};
use super::route::{self, Route, Step};
use super::{MOST_RUNS, OutageKind, Played, Simulator, State, Vendor};
use crate::deps::{HeaderValue, HttpError, OutgoingRequest, OutgoingResponse, StatusCode};
use crate::domain::enrichment::Operation;
use crate::providers::manifest::model::{Auth, OperationSpec, SimulatedBody, Verdict};
use crate::providers::manifest::template::{Scope, value_of};

/// Longer than anybody waits.
const NEVER: Duration = Duration::from_secs(86_400);

/// Submitted work.
#[derive(Clone)]
pub struct Run {
    sent: Value,
    /// On the monotonic clock.
    ready: Duration,
    id: String,
}

/// What one answer is made from.
struct Scene<'a> {
    vendor: &'a Vendor,
    spec: Option<&'a OperationSpec>,
    sent: &'a Value,
    submitted: &'a Value,
    run: &'a str,
    key: &'a str,
    hit_rate: f64,
}

impl Simulator {
    /// The answer to a request for the vendor of this name; `path` is what stands behind its address.
    pub fn play_for(&self, slug: &str, request: &OutgoingRequest, path: &str) -> Played {
        match self.vendors.iter().find(|vendor| vendor.manifest.slug == slug) {
            Some(vendor) => self.play(vendor, request, path),
            None => nobody(),
        }
    }

    pub(super) fn play_token(&self, request: &OutgoingRequest) -> Played {
        let asked = |vendor: &Vendor| match &vendor.manifest.auth {
            Auth::ClientCredentials { token_url, .. } => *token_url == request.url,
            _ => false,
        };
        if !self.vendors.iter().any(asked) {
            return nobody();
        }
        let body = json!({ "access_token": super::SANDBOX_KEY, "token_type": "bearer", "expires_in": 3_600 });
        Played {
            latency: Duration::from_millis(50),
            answer: Ok(OutgoingResponse::new(StatusCode::OK, body.to_string())),
        }
    }

    pub(super) fn play(&self, vendor: &Vendor, request: &OutgoingRequest, path: &str) -> Played {
        let sent = route::sent(request, path);
        let Some(route) = route::find(&vendor.manifest, &request.method, path, &sent) else {
            let answer = OutgoingResponse::new(StatusCode::NOT_FOUND, "{\"error\":\"no such route\"}");
            return Played { latency: Duration::ZERO, answer: Ok(answer) };
        };
        let now = self.clock.monotonic();
        let slug = &vendor.manifest.slug;
        let key = key_of(&vendor.manifest.auth, request, &sent, &route);
        let whole = whole(request, path);
        let mut state = self.state();
        let operation = route.spec.map(|spec| spec.operation);
        let latency = state.latency.unwrap_or_else(|| {
            let (least, most) = route.spec.map_or((Duration::ZERO, Duration::ZERO), |spec| spec.simulate.latency);
            between(least, most, Draws::from(self.seed, &[b"latency", &whole]).share())
        });
        self.count(&mut state, slug, &route, &sent);
        let hit_rate = operation.map_or(1.0, |operation| hit_rate(&state, slug, operation, route.spec));
        let scene =
            |submitted, run| Scene { vendor, spec: route.spec, sent: &sent, submitted, run, key: &key, hit_rate };
        let nothing = Value::Null;
        let fails =
            |scene: Scene<'_>, verdict: Verdict| Played { latency, answer: Ok(self.answer(&scene, verdict.name())) };
        let blocked = match state.meter.outage(slug, now) {
            Some(OutageKind::Down) => Some(Err(HttpError::Connect("nobody answers in the simulation".to_owned()))),
            Some(OutageKind::Silent) => {
                return Played { latency: NEVER, answer: Err(HttpError::Timeout(NEVER)) };
            }
            Some(OutageKind::Broken) => Some(Ok(Verdict::Broken)),
            Some(OutageKind::RateLimited) => Some(Ok(Verdict::RateLimited)),
            None => None,
        };
        match blocked {
            Some(Err(error)) => {
                self.count_failure(&mut state, slug, operation);
                return Played { latency: Duration::ZERO, answer: Err(error) };
            }
            Some(Ok(verdict)) => {
                let played = fails(scene(&nothing, ""), verdict);
                self.count_failure(&mut state, slug, operation);
                return played;
            }
            None => {}
        }
        if let Some(spec) = route.spec
            && (state.counts_looks || matches!(route.step, Step::Single | Step::Batch))
        {
            let limits = state.limits.get(slug).cloned();
            let limits = limits.unwrap_or_else(|| vendor.setup.limits(&vendor.manifest, spec));
            if !state.meter.lets_in(slug, &limits, now) {
                let played = fails(scene(&nothing, ""), Verdict::RateLimited);
                state.meter.of(slug, spec.operation).over_limit += 1;
                return played;
            }
        }
        if key.is_empty() && vendor.manifest.auth != Auth::None || key.starts_with("bad") {
            let verdict = if route.step == Step::Account { "account" } else { Verdict::AuthFailed.name() };
            let scene = Scene { key: "bad", ..scene(&nothing, "") };
            return Played { latency, answer: Ok(self.answer(&scene, verdict)) };
        }
        if key.starts_with("empty") {
            let verdict = if route.step == Step::Account { "account" } else { Verdict::OutOfQuota.name() };
            let scene = Scene { key: "empty", ..scene(&nothing, "") };
            return Played { latency, answer: Ok(self.answer(&scene, verdict)) };
        }
        if let Some(verdict) = self.chance(&mut state, &whole, &route) {
            let played = fails(scene(&nothing, ""), verdict);
            self.count_failure(&mut state, slug, operation);
            return played;
        }
        let number = Draws::from(self.seed, &[b"run", &whole]).number() >> 1;
        let run = format!("{number:016x}");
        let answer = match route.step {
            Step::Account => self.answer(&scene(&nothing, ""), "account"),
            Step::Poll | Step::Fetch => {
                let known = route.captured.first().and_then(|id| state.runs.get(id)).cloned();
                match known {
                    None => OutgoingResponse::new(StatusCode::NOT_FOUND, "{\"error\":\"unknown\"}"),
                    Some(run) => {
                        let name = match route.step {
                            Step::Fetch => "fetched",
                            _ if now < run.ready => "waiting",
                            _ => "ready",
                        };
                        self.answer(&scene(&run.sent, &run.id), name)
                    }
                }
            }
            Step::Single | Step::Batch => {
                let submits =
                    route.spec.is_some_and(|spec| spec.collect.as_ref().is_some_and(|collect| collect.poll.is_some()));
                let scene = scene(&sent, &run);
                let hit = route.step == Step::Batch || self.hits(&scene, &sent["query"], &sent["body"]);
                let name = match (hit, submits, route.step) {
                    (false, ..) => "not_found",
                    (true, true, _) => "submitted",
                    (true, false, Step::Batch) => "batch",
                    (true, false, _) => "found",
                };
                let answer = self.answer(&scene, name);
                if hit && submits {
                    let work = route.spec.map_or((Duration::ZERO, Duration::ZERO), |spec| spec.simulate.work);
                    let takes = between(work.0, work.1, Draws::from(self.seed, &[b"work", &whole]).share());
                    if state.runs.len() >= MOST_RUNS {
                        state.runs.clear();
                    }
                    let kept = Run { sent: sent.clone(), ready: now + takes, id: run.clone() };
                    state.runs.insert(number.to_string(), kept.clone());
                    state.runs.insert(run, kept);
                }
                answer
            }
        };
        Played { latency, answer: Ok(answer) }
    }

    fn count(&self, state: &mut State, slug: &str, route: &Route<'_>, sent: &Value) {
        let Some(spec) = route.spec else { return };
        let tally = state.meter.of(slug, spec.operation);
        match route.step {
            Step::Single => {
                tally.asked += 1;
                tally.leads += 1;
            }
            Step::Batch => {
                let members = sent["body"].as_object().into_iter().flat_map(|members| members.values());
                let leads = members.filter_map(Value::as_array).map(Vec::len).max().unwrap_or(1);
                tally.asked += 1;
                tally.leads += u64::try_from(leads).unwrap_or(0);
            }
            Step::Poll | Step::Fetch | Step::Account => tally.looks += 1,
        }
    }

    fn count_failure(&self, state: &mut State, slug: &str, operation: Option<Operation>) {
        if let Some(operation) = operation {
            state.meter.of(slug, operation).failed += 1;
        }
    }

    /// A failure by chance; another one each time the same request comes.
    fn chance(&self, state: &mut State, whole: &[u8], route: &Route<'_>) -> Option<Verdict> {
        let spec = route.spec.filter(|spec| !spec.simulate.failures.is_empty() && !state.steady)?;
        let hash = *blake3::hash(whole).as_bytes();
        if state.seen.len() >= MOST_RUNS {
            state.seen.clear();
        }
        let times = state.seen.entry(hash).or_default();
        *times = times.saturating_add(1);
        let mut share = Draws::from(self.seed, &[b"chance", whole, &times.to_le_bytes()]).share();
        for (verdict, rate) in &spec.simulate.failures {
            if share < *rate {
                return Some(*verdict);
            }
            share -= rate;
        }
        None
    }

    fn hits(&self, scene: &Scene<'_>, query: &Value, body: &Value) -> bool {
        let who = format!("{}|{}", identity(query), identity(body));
        self.finds(scene, &who)
    }

    fn finds(&self, scene: &Scene<'_>, who: &str) -> bool {
        let operation = scene.spec.map_or("", |spec| spec.operation.name());
        let parts: [&[u8]; 4] = [b"hit", scene.vendor.manifest.slug.as_bytes(), operation.as_bytes(), who.as_bytes()];
        Draws::from(self.seed, &parts).share() < scene.hit_rate
    }

    /// The answer of this name: that of the operation, else that of the vendor, else a plain one.
    fn answer(&self, scene: &Scene<'_>, name: &str) -> OutgoingResponse {
        let own = scene.spec.and_then(|spec| spec.simulate.answers.get(name));
        let Some(template) = own.or_else(|| scene.vendor.manifest.simulated.get(name)) else { return plain(name) };
        let both = json!({ "query": scene.sent["query"], "body": scene.sent["body"] });
        let mut scope = Scope::new();
        let about = if scene.submitted.is_null() { &both } else { scene.submitted };
        scope.insert("sent".to_owned(), value_of(&both));
        scope.insert("submitted".to_owned(), value_of(scene.submitted));
        scope.insert("fake".to_owned(), value_of(invented(self.seed, about)));
        scope.insert("run".to_owned(), value_of(scene.run));
        scope.insert("number".to_owned(), value_of(i64::from_str_radix(scene.run, 16).unwrap_or(0)));
        scope.insert("key".to_owned(), value_of(scene.key));
        scope.insert("now".to_owned(), value_of(self.clock.now().to_string()));
        let element = |item: &minijinja::Value, place: usize| {
            let json = serde_json::to_value(item).unwrap_or_default();
            let mut inner = Scope::new();
            inner.insert("item".to_owned(), item.clone());
            inner.insert("place".to_owned(), minijinja::Value::from(place));
            inner.insert("fake".to_owned(), value_of(invented(self.seed, &json)));
            (inner, self.finds(scene, &identity(&json)))
        };
        let body = match &template.body {
            SimulatedBody::Text(text) => Ok(text.clone()),
            SimulatedBody::Json(tree) => tree.fill(&scope, &element).map(|json| json.unwrap_or_default().to_string()),
        };
        let Ok(body) = body else { return plain("broken") };
        let status = StatusCode::from_u16(template.status).unwrap_or(StatusCode::OK);
        let mut answer = OutgoingResponse::new(status, body);
        if matches!(template.body, SimulatedBody::Json(_)) {
            answer.headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        for (name, value) in &template.headers {
            let value = value.text(&scope).ok().flatten().and_then(|text| HeaderValue::from_str(&text).ok());
            answer.headers.extend(value.map(|value| (name.clone(), value)));
        }
        answer
    }
}

fn hit_rate(state: &State, slug: &str, operation: Operation, spec: Option<&OperationSpec>) -> f64 {
    let set = state.hit_rates.get(&(slug.to_owned(), operation)).copied();
    set.unwrap_or_else(|| spec.map_or(1.0, |spec| spec.simulate.hit_rate))
}

fn between(least: Duration, most: Duration, share: f64) -> Duration {
    least + most.saturating_sub(least).mul_f64(share)
}

/// The bytes that make a request the same: not its id or its key.
fn whole(request: &OutgoingRequest, path: &str) -> Vec<u8> {
    [request.method.as_str().as_bytes(), path.as_bytes(), &request.body].join(&b'\n')
}

/// What a vendor without an answer of its own says.
fn plain(name: &str) -> OutgoingResponse {
    let status = match name {
        "not_found" => StatusCode::NOT_FOUND,
        "pending" | "submitted" => StatusCode::ACCEPTED,
        "invalid_input" => StatusCode::UNPROCESSABLE_ENTITY,
        "auth_failed" => StatusCode::UNAUTHORIZED,
        "out_of_quota" => StatusCode::PAYMENT_REQUIRED,
        "rate_limited" => StatusCode::TOO_MANY_REQUESTS,
        "opted_out" => StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS,
        "broken" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    OutgoingResponse::new(status, "{}")
}

fn nobody() -> Played {
    let answer = Err(HttpError::Connect("no vendor is played at this address".to_owned()));
    Played { latency: Duration::ZERO, answer }
}

fn key_of(auth: &Auth, request: &OutgoingRequest, sent: &Value, route: &Route<'_>) -> String {
    let step = route.spec.and_then(|spec| match route.step {
        Step::Single => spec.single.as_ref(),
        Step::Batch => spec.batch.as_ref().map(|batch| &batch.exchange),
        _ => None,
    });
    let auth = step.and_then(|exchange| exchange.request.auth.as_ref()).unwrap_or(auth);
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match auth {
        Auth::None => String::new(),
        Auth::Header(name) => header(name.as_str()).to_owned(),
        Auth::Query(name) => sent["query"][name.as_str()].as_str().unwrap_or_default().to_owned(),
        Auth::Body(name) => sent["body"][name.as_str()].as_str().unwrap_or_default().to_owned(),
        Auth::Bearer | Auth::ClientCredentials { .. } => header("authorization").replacen("Bearer ", "", 1),
        Auth::Basic => {
            use base64::Engine;
            let encoded = header("authorization").replacen("Basic ", "", 1);
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
            String::from_utf8_lossy(&decoded).into_owned()
        }
    }
}
