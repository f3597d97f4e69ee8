//! The whole engine in simulated time: scheduler, agenda, enricher, gates and store, and vendors that count strictly.
//!
//! What the actors do with alarms and wake-ups is done here on one thread: the Scheduler looks once a second and when it
//! is rung, the Enricher when a slice ends, something is due or the Scheduler has looked.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::executor::{LocalPool, block_on};
use futures::future::BoxFuture;
use futures::task::LocalSpawnExt;
use galena::actors::provider_gate::GateState;
use galena::actors::scheduler::PlanShares;
use galena::config::plans::Plans;
use galena::deps::{Clock, Http, HttpError, OutgoingRequest, OutgoingResponse, Simulation};
use galena::domain::enrichment::{JobOptions, Operation, Template, TemplatePoint, TemplateStep};
use galena::domain::id::{JobId, ListId};
use galena::domain::lead::Lead;
use galena::providers::Registry;
use galena::providers::manifest::{Manifest, ManifestProvider, Setup, read};
use galena::providers::simulator::{Outage, OutageKind, Simulator};
use galena::store::WorkspaceScope;
use galena::store::records::job::{Job, Selection};
use galena::store::tables::Jobs;
use galena::store::transactions::jobs::{CancelJob, CreateJob, PauseJob, ResumeJob};
use galena::store::transactions::leads::{AddLeads, OnDuplicate};
use galena::store::transactions::settings::AcceptTerms;
use galena::store::{Reads, job_audit};

use super::enrichment_fixture::{Furniture, World};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const SHORTEST_ALARM: Duration = Duration::from_millis(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub slug: &'static str,
    /// Without the address of the vendor.
    pub path: String,
    pub body: String,
    /// On the monotonic clock.
    pub at: Duration,
    /// None while it is open, and where nobody answered.
    pub status: Option<u16>,
    /// What it was answered.
    pub answer: String,
}

/// Whoever the house calls: played vendors, and a book of every request.
pub struct Street {
    pub simulator: Simulator,
    clock: Arc<dyn Clock>,
    addresses: Vec<(&'static str, String)>,
    asked: Mutex<Vec<Asked>>,
}

impl Street {
    pub fn asked(&self, slug: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.slug == slug).cloned().collect()
    }

    /// Requests of all kinds to all vendors.
    pub fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// Those after so many.
    pub fn since(&self, before: usize) -> Vec<Asked> {
        self.asked.lock().unwrap()[before..].to_vec()
    }

    pub fn count(&self, slug: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.slug == slug).count()
    }

    pub fn refused(&self, slug: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.slug == slug && asked.status == Some(429)).count()
    }

    /// How often each question was answered well.
    pub fn answered(&self, slug: &str) -> BTreeMap<String, usize> {
        let mut answered = BTreeMap::new();
        for one in self.asked(slug).into_iter().filter(|asked| asked.status == Some(200)) {
            *answered.entry(one.path).or_default() += 1;
        }
        answered
    }
}

impl Http for Street {
    fn send(&self, request: OutgoingRequest) -> BoxFuture<'_, Result<OutgoingResponse, HttpError>> {
        let found =
            self.addresses.iter().find_map(|(slug, base)| Some((*slug, request.url.strip_prefix(base)?.to_owned())));
        let (slug, path) = found.expect("only these are called");
        let place = {
            let mut asked = self.asked.lock().unwrap();
            let body = String::from_utf8_lossy(&request.body).into_owned();
            asked.push(Asked { slug, path, body, at: self.clock.monotonic(), status: None, answer: String::new() });
            asked.len() - 1
        };
        async move {
            let answer = self.simulator.send(request).await;
            if let Ok(answer) = &answer {
                let one = &mut self.asked.lock().unwrap()[place];
                one.status = Some(answer.status.as_u16());
                one.answer = String::from_utf8_lossy(&answer.body).into_owned();
            }
            answer
        }
        .boxed()
    }
}

/// A vendor of the tests that checks addresses, one at a time. `limits`: as in a manifest.
pub fn checks(slug: &str, limits: &str, more: &str) -> Manifest {
    let text = r#"
slug = "SLUG"
name = "SLUG"
docs = "https://docs.SLUG.test"
region = "eu"
base_url = "https://api.SLUG.test"
auth = { kind = "bearer" }
default_plan = "standard"

[plans.standard]
limits = [LIMITS]

[[outcomes]]
status = 429
is = "rate_limited"

[operations."email.verify"]
needs = [["email"]]
price = { per_call = "0.004" }

[operations."email.verify".request]
path = "/verify"
query = { email = "{{ email }}" }

[operations."email.verify".map]
emailStatus = { from = "status", confidence = 0.9 }

[operations."email.verify".simulate]
hit_rate = 1.0
latency = ["150ms", "600ms"]
MORE

[operations."email.verify".simulate.answers.found]
json = '''{"status":"valid"}'''
"#;
    let text = text.replace("SLUG", slug).replace("LIMITS", limits).replace("MORE", more);
    read(slug, &text).unwrap()
}

/// A vendor that is given work for many at once, and looked after until it is done: each look and each fetch a request.
pub fn works(slug: &str, limits: &str, size: usize) -> Manifest {
    let text = r#"
slug = "SLUG"
name = "SLUG"
docs = "https://docs.SLUG.test"
region = "eu"
base_url = "https://api.SLUG.test"
auth = { kind = "bearer" }
default_plan = "standard"

[plans.standard]
limits = [LIMITS]

[[outcomes]]
status = 429
is = "rate_limited"

[operations."email.verify"]
needs = [["email"]]
price = { per_found = "0.004" }

[operations."email.verify".batch]
size = SIZE
items = "@"
keys = [{ request = "{{ email }}", answer = "email" }]

[operations."email.verify".batch.request]
method = "POST"
path = "/work"

[operations."email.verify".batch.request.body]
leads = { each = "{{ requests }}", one = { email = "{{ email }}" } }

[operations."email.verify".collect]
ticket = "id"
every = "5s"
deadline = "2h"

[operations."email.verify".collect.poll]
request = { path = "/work/{{ ticket }}" }

[[operations."email.verify".collect.poll.outcomes]]
status = 200
body = "status == 'done'"
is = "found"

[[operations."email.verify".collect.poll.outcomes]]
status = 200
body = "status"
is = "pending"

[operations."email.verify".collect.fetch]
request = { path = "/results/{{ ticket }}" }

[operations."email.verify".map]
emailStatus = { from = "verdict", confidence = 0.9 }

[operations."email.verify".simulate]
hit_rate = 1.0
latency = ["150ms", "600ms"]
work = ["8s", "30s"]

[operations."email.verify".simulate.answers.submitted]
status = 201
json = '''{"id":"{{ run }}"}'''

[operations."email.verify".simulate.answers.waiting]
json = '''{"id":"{{ run }}","status":"running"}'''

[operations."email.verify".simulate.answers.ready]
json = '''{"id":"{{ run }}","status":"done"}'''

[operations."email.verify".simulate.answers.fetched]
json = '''{"each":"{{ submitted.body.leads }}","one":{"email":"{{ item.email }}","verdict":"valid"}}'''
"#;
    let text = text.replace("SLUG", slug).replace("LIMITS", limits).replace("SIZE", &size.to_string());
    read(slug, &text).unwrap()
}

/// A vendor that takes many in one call and answers at once.
pub fn batches(slug: &str, limits: &str, size: usize) -> Manifest {
    let text = r#"
slug = "SLUG"
name = "SLUG"
docs = "https://docs.SLUG.test"
region = "eu"
base_url = "https://api.SLUG.test"
auth = { kind = "bearer" }
default_plan = "standard"

[plans.standard]
limits = [LIMITS]

[[outcomes]]
status = 429
is = "rate_limited"

[operations."email.verify"]
needs = [["email"]]
price = { per_call = "0.004" }

[operations."email.verify".batch]
size = SIZE
items = "@"
keys = [{ request = "{{ email }}", answer = "email" }]

[operations."email.verify".batch.request]
method = "POST"
path = "/many"

[operations."email.verify".batch.request.body]
leads = { each = "{{ requests }}", one = { email = "{{ email }}" } }

[operations."email.verify".map]
emailStatus = { from = "verdict", confidence = 0.9 }

[operations."email.verify".simulate]
hit_rate = 1.0
latency = ["150ms", "600ms"]

[operations."email.verify".simulate.answers.batch]
json = '''{"each":"{{ sent.body.leads }}","one":{"email":"{{ item.email }}","verdict":"valid"}}'''
"#;
    let text = text.replace("SLUG", slug).replace("LIMITS", limits).replace("SIZE", &size.to_string());
    read(slug, &text).unwrap()
}

/// Plans `three`, `two` and `one`, named after their weights.
fn plans() -> PlanShares {
    let plan = |(name, weight): (&str, u32)| {
        format!("[[plans]]\nslug = \"{name}\"\nname = \"{name}\"\ncredits = 1\nweight = {weight}\n")
    };
    let text: String = [("three", 3), ("two", 2), ("one", 1)].into_iter().map(plan).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text + "[[prices]]\ncredits = 1\n").unwrap();
    PlanShares::of(Plans::from_file(file.path()).unwrap())
}

type Ended = Rc<RefCell<Vec<Option<Job>>>>;

/// The house with its street, and its clock.
pub struct House {
    pub world: World,
    pub street: Arc<Street>,
    pool: LocalPool,
    ended: Ended,
    next_look: Duration,
    next_alarm: Duration,
    leads: u64,
    /// Whose the people are, in their order.
    owners: Vec<WorkspaceScope>,
    /// The jobs that people were added for.
    ordered: HashMap<u64, JobId>,
    /// Jobs by the workspace that ordered them.
    pub jobs: Vec<(WorkspaceScope, JobId)>,
    /// What one question is asked of, in their order.
    asks: Vec<&'static str>,
}

impl House {
    /// A house that asks these vendors, in their order.
    pub fn new(manifests: Vec<Manifest>) -> Self {
        let mut sim = Simulation::from_seed(7);
        let slugs: Vec<&'static str> = manifests.iter().map(|manifest| &*manifest.slug.clone().leak()).collect();
        let addresses = manifests.iter().zip(&slugs).map(|(one, slug)| (*slug, one.base_url.clone())).collect();
        let played = manifests.iter().map(|manifest| (manifest.clone(), Setup::default()));
        let street = Arc::new(Street {
            simulator: Simulator::new(played, 5, Arc::clone(&sim.deps.clock)),
            clock: Arc::clone(&sim.deps.clock),
            addresses,
            asked: Mutex::default(),
        });
        street.simulator.set_counts_looks();
        sim.deps.http = Arc::clone(&street) as Arc<dyn Http>;
        let with = |registry: Registry, manifest: Manifest| {
            registry.with(Arc::new(ManifestProvider::new(manifest, Setup::default())))
        };
        let registry = manifests.into_iter().fold(Registry::default(), with);
        let furniture = Furniture { keys: slugs.clone(), plans: plans(), slices: (100, 4), ..Furniture::default() };
        let world = World::furnished(0, registry, sim, furniture);
        world.begin();
        Self {
            world,
            street,
            pool: LocalPool::new(),
            ended: Rc::default(),
            next_look: Duration::ZERO,
            next_alarm: Duration::ZERO,
            leads: 0,
            owners: Vec::new(),
            ordered: HashMap::new(),
            jobs: Vec::new(),
            asks: slugs,
        }
    }

    pub fn now(&self) -> Duration {
        self.world.sim.deps.clock.monotonic()
    }

    /// A workspace of a plan, with as many credits as anybody needs, that may call.
    pub fn workspace(&mut self, plan: &str) -> WorkspaceScope {
        let scope = self.world.workspace(plan, 1_000_000_000);
        self.world.scope = scope;
        self.world.run(AcceptTerms { scope, origin: self.world.origin(), version: "1".to_owned() });
        scope
    }

    /// A list of `count` people whom nobody else has.
    pub fn people(&mut self, scope: WorkspaceScope, count: usize) -> ListId {
        self.world.scope = scope;
        let list = self.world.list(&format!("Fair {}", self.leads));
        let mut rows = Vec::new();
        for _ in 0..count {
            self.leads += 1;
            self.owners.push(scope);
            let email = Some(format!("person{0}@firm{0}.com", self.leads));
            rows.push((self.world.sim.deps.ids.next(), Lead { email, ..Lead::default() }));
        }
        for chunk in rows.chunks(1_000) {
            let (origin, rows) = (self.world.origin(), chunk.to_vec());
            self.world.run(AddLeads { scope, origin, list, rows, on_duplicate: OnDuplicate::Create });
        }
        list
    }

    /// The number of whoever was added last.
    pub fn people_so_far(&self) -> u64 {
        self.leads
    }

    /// Whose person a request is about; of several the first.
    pub fn owner_of(&self, asked: &str) -> WorkspaceScope {
        let text = asked.split_once("person").unwrap().1;
        let number: usize = text.split_once(|one: char| !one.is_ascii_digit()).unwrap().0.parse().unwrap();
        self.owners[number - 1]
    }

    /// Whether a request is about a lead of one of these jobs, directly or as work that was submitted before.
    pub fn is_of(&self, asked: &Asked, jobs: &[(WorkspaceScope, JobId)]) -> bool {
        let told = |text: &str| text.contains("person").then(|| self.people_of(text));
        let run = || {
            let run = asked.path.rsplit('/').next()?;
            let submitted =
                self.street.since(0).into_iter().find(|one| one.path == "/work" && one.answer.contains(run))?;
            told(&submitted.body)
        };
        let Some(people) = told(&asked.path).or_else(|| told(&asked.body)).or_else(run) else { return false };
        people.iter().any(|person| jobs.iter().any(|(_, job)| self.ordered.get(person) == Some(job)))
    }

    fn people_of(&self, text: &str) -> Vec<u64> {
        let numbers = text.split("person").skip(1);
        let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
        numbers.filter_map(|part| digits(part).parse().ok()).collect()
    }

    fn template(&self) -> Template {
        let step = |slug: &&'static str| TemplateStep { provider: (*slug).to_owned(), ..TemplateStep::default() };
        let steps = self.asks.iter().map(step).collect();
        let point = TemplatePoint { point: "emailStatus".to_owned(), steps, ..TemplatePoint::default() };
        Template { name: "Checked".to_owned(), points: vec![point], ..Template::default() }
    }

    /// A job over `selection`.
    pub fn order(&mut self, scope: WorkspaceScope, selection: Selection, options: JobOptions) -> CreateJob {
        self.world.scope = scope;
        let planned = self.world.plan(&self.template(), &options);
        self.world.order_of(planned, selection, options)
    }

    /// A job over `count` people of its own.
    pub fn job(&mut self, scope: WorkspaceScope, count: usize, options: JobOptions) -> JobId {
        let first = self.leads + 1;
        let list = self.people(scope, count);
        let order = self.order(scope, Selection { list: Some(list), ..Selection::default() }, options);
        self.ordered.extend((first..=self.leads).map(|person| (person, order.id)));
        self.begin_job(order)
    }

    /// A job over one person, for somebody who waits.
    pub fn single(&mut self, scope: WorkspaceScope) -> JobId {
        let list = self.people(scope, 1);
        let mut order =
            self.order(scope, Selection { list: Some(list), ..Selection::default() }, JobOptions::default());
        order.new.individual = true;
        self.begin_job(order)
    }

    fn begin_job(&mut self, order: CreateJob) -> JobId {
        let (scope, id) = (order.scope, order.id);
        self.world.run(order);
        self.jobs.push((scope, id));
        // As the route does.
        self.ring();
        id
    }

    pub fn cancel(&mut self, scope: WorkspaceScope, job: JobId) {
        let agenda = self.world.agenda.clone();
        let stopped = Arc::new(move |job| agenda.stop(job));
        self.world.run(CancelJob { scope, origin: self.world.origin(), job, stopped });
        self.ring();
    }

    pub fn pause(&mut self, scope: WorkspaceScope, job: JobId) {
        let agenda = self.world.agenda.clone();
        let stopped = Arc::new(move |job| agenda.stop(job));
        self.world.run(PauseJob { scope, origin: self.world.origin(), job, stopped });
        self.ring();
    }

    pub fn resume(&mut self, scope: WorkspaceScope, job: JobId) {
        let agenda = self.world.agenda.clone();
        let resumed = Arc::new(move |job| agenda.resume(job));
        self.world.run(ResumeJob { scope, origin: self.world.origin(), job, resumed });
        self.ring();
    }

    pub fn outage(&self, slug: &str, kind: OutageKind, lasts: Duration) {
        let from = self.now();
        self.street.simulator.add_outage(Outage { slug: slug.to_owned(), from, until: from + lasts, kind });
    }

    /// Rings the Scheduler.
    fn ring(&mut self) {
        self.next_look = self.now();
    }

    /// Goes on for so long.
    pub fn run(&mut self, lasts: Duration) {
        let until = self.now() + lasts;
        self.run_until(lasts, |_| false);
        assert!(self.now() >= until);
    }

    /// Goes on until `enough`; true when it came to that within `patience`.
    pub fn run_until(&mut self, patience: Duration, enough: impl Fn(&Self) -> bool) -> bool {
        let end = self.now() + patience;
        loop {
            self.act();
            if enough(self) {
                return true;
            }
            let now = self.now();
            if now >= end {
                return false;
            }
            let sleeper = self.world.sim.clock.until_next_sleeper().map(|left| now + left);
            let next = self.next_look.min(self.next_alarm).min(end).min(sleeper.unwrap_or(end));
            // Timers of a millisecond, as real ones are.
            let whole = Duration::from_millis(u64::try_from(next.as_nanos().div_ceil(1_000_000)).unwrap());
            self.world.sim.clock.advance(whole.saturating_sub(now));
        }
    }

    /// All there is to do at this moment.
    fn act(&mut self) {
        loop {
            let now = self.now();
            let looks = self.next_look <= now;
            if looks {
                let looked = block_on(self.world.scheduler.look()).unwrap();
                self.next_look = if looked.more { now } else { now + LOOK_EVERY };
            }
            let ended = std::mem::take(&mut *self.ended.borrow_mut());
            let is_over =
                |job: &Option<Job>| job.as_ref().is_none_or(|job| !job.status.is_running() || job.counts.queued == 0);
            if ended.iter().any(is_over) {
                self.next_look = now;
            }
            if looks || !ended.is_empty() || self.next_alarm <= now {
                self.begin_slices(now);
            }
            self.pool.run_until_stalled();
            if self.next_look > now && self.next_alarm > now && self.ended.borrow().is_empty() {
                return;
            }
        }
    }

    fn begin_slices(&mut self, now: Duration) {
        while let Some(slice) = self.world.enricher.next_slice() {
            let ended = Rc::clone(&self.ended);
            let run = async move {
                let end = slice.run().await.unwrap();
                ended.borrow_mut().push(end.job);
            };
            self.pool.spawner().spawn_local(run).unwrap();
        }
        let due = self.world.agenda.next_due().map(|due| due.since(self.world.sim.deps.clock.now()));
        self.next_alarm = now + due.unwrap_or(LOOK_EVERY).clamp(SHORTEST_ALARM, LOOK_EVERY);
    }

    /// The power goes; what was written is found again, and it begins anew.
    pub fn crash(self) -> Self {
        // Whatever was under way is gone, with the answers that were on their way.
        drop(self.pool);
        let world = self.world.crash();
        world.begin();
        Self {
            world,
            pool: LocalPool::new(),
            ended: Rc::default(),
            next_look: Duration::ZERO,
            next_alarm: Duration::ZERO,
            ..self
        }
    }

    pub fn row(&self, scope: WorkspaceScope, job: JobId) -> Job {
        self.world.view().get::<Jobs>(&scope, (job,)).unwrap().unwrap()
    }

    pub fn rows(&self) -> Vec<Job> {
        self.jobs.iter().map(|(scope, job)| self.row(*scope, *job)).collect()
    }

    pub fn all_over(&self) -> bool {
        self.rows().iter().all(|job| job.status.is_over())
    }

    pub fn gate(&self, slug: &str) -> GateState {
        self.world.gates.states().into_iter().find(|state| state.key.provider == slug).unwrap()
    }

    /// Everything agrees: items, attempts, ledger.
    pub fn audit(&self) {
        let mut seen = HashMap::new();
        for (scope, _) in &self.jobs {
            if seen.insert(scope.workspace(), ()).is_none() {
                let wrong = job_audit::audit(&self.world.view(), scope).unwrap();
                assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            }
        }
    }

    pub fn tally(&self, slug: &str) -> galena::providers::simulator::Tally {
        self.street.simulator.tally(slug, Some(Operation::EmailVerify))
    }
}
