//! A house with jobs in it, on one thread and in simulated time: store, scheduler and enricher without their actors.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::executor::{LocalPool, block_on};
use futures::future::BoxFuture;
use futures::task::LocalSpawnExt;
use galena::actors::enricher::callback::Callbacks;
use galena::actors::enricher::{
    EnricherParts, EnricherSettings, EnricherWork, Gate, Keys, Policy, SharedCalls, Window,
};
use galena::actors::kit::WakePort;
use galena::actors::provider_gate::{GateSettings, Gates, restored};
use galena::actors::scheduler::{Agenda, PlanShares, SchedulerParts, SchedulerWork};
use galena::config::Config;
use galena::deps::{MailExchange, MxAnswer, Simulation};
use galena::domain::enrichment::{
    Answer, Confidence, DataPoint, FoundValue, ItemState, JobOptions, Level, Limits, Operation, Outcome, Price,
    PriceSource, Reply, Template, TemplatePoint, TemplateStep,
};
use galena::domain::id::{ItemId, JobId, LeadId, ListId, WorkspaceId};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::list::List;
use galena::providers::lists::Lists;
use galena::providers::{CallContext, Desk, Offer, Planned, Provider, Registry, Request, plan};
use galena::store::crypt::{DataKey, Sealer, Secret};
use galena::store::engine::{Engine, MemoryEngine};
use galena::store::records::item::Item;
use galena::store::records::job::{Job, Selection};
use galena::store::records::ledger::Account;
use galena::store::tables::{Counters, Jobs, Leads, TABLE_NAMES};
use galena::store::transactions::access::{CreateWorkspace, NewWorkspace};
use galena::store::transactions::jobs::{CreateJob, NewJob};
use galena::store::transactions::leads::{AddLeads, Added, OnDuplicate};
use galena::store::transactions::lists::CreateList;
use galena::store::{
    Counter, IdentityHasher, Origin, Reads, Store, StoreOptions, SubmitError, SystemScope, Transaction, Urgency, View,
    WorkspaceScope, estimate as estimates, job_audit, jobs, ledger,
};

type Script = dyn Fn(&Request, usize) -> Reply + Send + Sync;

/// A provider of the tests: answers by a script, counts, and can take its (simulated) time.
pub struct Scripted {
    pub calls: AtomicUsize,
    /// Calls that began while this was set.
    pub forbidden: AtomicBool,
    pub calls_while_forbidden: AtomicUsize,
    pub seen: Mutex<Vec<Request>>,
    script: Box<Script>,
    latency: Duration,
    /// Each so many-th call takes so long instead.
    stumbles: Option<(usize, Duration)>,
    source: PriceSource,
    slug: &'static str,
    offers: &'static [Offer],
    in_flight: usize,
    region: Option<&'static str>,
}

const VERIFIES: &[Offer] = &[Offer::single(Operation::EmailVerify, &[&[LeadField::Email]])];

impl Scripted {
    pub fn new(slug: &'static str, script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self {
            calls: AtomicUsize::new(0),
            forbidden: AtomicBool::new(false),
            calls_while_forbidden: AtomicUsize::new(0),
            seen: Mutex::default(),
            script: Box::new(script),
            latency: Duration::ZERO,
            stumbles: None,
            source: PriceSource::InstallKey,
            slug,
            offers: VERIFIES,
            in_flight: 8,
            region: None,
        }
    }

    pub fn slow(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    pub fn stumbling(self, each: usize, latency: Duration) -> Self {
        Self { stumbles: Some((each, latency)), ..self }
    }

    pub fn at_most(self, in_flight: usize) -> Self {
        Self { in_flight, ..self }
    }

    pub fn offering(self, offers: &'static [Offer]) -> Self {
        Self { offers, ..self }
    }

    /// It is somewhere else: what it is told leaves the box.
    pub fn in_region(self, region: &'static str) -> Self {
        Self { region: Some(region), ..self }
    }

    pub fn count(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Provider for Scripted {
    fn slug(&self) -> &str {
        self.slug
    }
    fn offers(&self) -> &[Offer] {
        self.offers
    }
    fn source(&self) -> PriceSource {
        self.source
    }
    fn region(&self) -> Option<&str> {
        self.region
    }
    fn limits(&self, _operation: Operation) -> Limits {
        Limits { concurrent: u32::try_from(self.in_flight).ok(), ..Limits::default() }
    }
    fn call<'a>(&'a self, requests: &'a [Request], context: CallContext<'a>) -> BoxFuture<'a, Vec<Reply>> {
        async move {
            let [request] = requests else { panic!("one request a call") };
            let number = self.calls.fetch_add(1, Ordering::SeqCst);
            if self.forbidden.load(Ordering::SeqCst) {
                self.calls_while_forbidden.fetch_add(1, Ordering::SeqCst);
            }
            self.seen.lock().unwrap().push(request.clone());
            let stumble = self.stumbles.filter(|(each, _)| number % each == each - 1).map(|(_, latency)| latency);
            let latency = stumble.unwrap_or(self.latency);
            if !latency.is_zero() {
                context.deps.clock.sleep(latency).await;
            }
            vec![(self.script)(request, number)]
        }
        .boxed()
    }
}

/// An answer that finds `value` in `field`.
pub fn found(field: &str, value: &str) -> Reply {
    let value = FoundValue {
        field: field.to_owned(),
        value: value.to_owned(),
        confidence: Confidence::from_hundredths(80),
        about: None,
        evidence: None,
    };
    Reply {
        cost: 4_000,
        raw: Some(b"{\"as\": \"it came\"}".to_vec()),
        ..Outcome::Found(Answer { values: vec![value] }).into()
    }
}

/// Everybody is asked for everything of the level, and every answer is good enough.
pub fn everybody(options: &JobOptions) -> Template {
    let step = || TemplateStep { provider: "*".to_owned(), ..TemplateStep::default() };
    let point = |point: &DataPoint| TemplatePoint {
        point: point.name().to_owned(),
        steps: vec![step()],
        ..TemplatePoint::default()
    };
    Template {
        name: "Everybody".to_owned(),
        points: options.level.points().iter().map(point).collect(),
        ..Template::default()
    }
}

/// What a world is set up with; the rest is as everywhere.
#[derive(Clone)]
pub struct Furniture {
    pub policy: Policy,
    /// Weights of the plans.
    pub plans: PlanShares,
    /// Slugs of providers that the install has a key for.
    pub keys: Vec<&'static str>,
    /// Slices at a time, and of one job.
    pub slices: (usize, usize),
}

impl Default for Furniture {
    fn default() -> Self {
        Self { policy: Policy::default(), plans: PlanShares::default(), keys: Vec::new(), slices: (8, 4) }
    }
}

pub struct World {
    pub sim: Simulation,
    pub engine: Arc<MemoryEngine>,
    pub store: Store,
    pub scope: WorkspaceScope,
    pub agenda: Agenda,
    pub registry: Registry,
    pub sealer: Arc<Sealer>,
    pub scheduler: SchedulerWork,
    pub enricher: EnricherWork,
    pub gates: Gates,
    pub furniture: Furniture,
}

/// A credit and a half, so that settling and releasing are told apart.
pub const PRICE: Price = Price { built_in: 0, workspace_key: 0, install_key: 150 };

impl World {
    /// A workspace with `credits` hundredths, and only `providers`.
    pub fn new(credits: u64, registry: Registry) -> Self {
        Self::furnished(credits, registry, Simulation::from_seed(7), Furniture::default())
    }

    /// The same, set up otherwise.
    pub fn furnished(credits: u64, registry: Registry, sim: Simulation, furniture: Furniture) -> Self {
        let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
        Store::prepare(&*engine, b"wrapped").unwrap();
        let scope = SystemScope::for_the_house().within(sim.deps.ids.next::<WorkspaceId>());
        let sealer = Arc::new(Sealer::new(&DataKey::generate(&*sim.deps.random)));
        let world = Self::on(sim, engine, scope, registry, sealer, furniture);
        world.found(scope, "appliance", credits);
        world
    }

    /// One more workspace.
    pub fn workspace(&self, plan: &str, credits: u64) -> WorkspaceScope {
        let scope = SystemScope::for_the_house().within(self.sim.deps.ids.next::<WorkspaceId>());
        self.found(scope, plan, credits);
        scope
    }

    fn found(&self, scope: WorkspaceScope, plan: &str, credits: u64) {
        let new = NewWorkspace {
            id: scope.workspace(),
            name: "Agency".to_owned(),
            plan: plan.to_owned(),
            region: None,
            parent: None,
            grant: (credits > 0).then(|| (self.sim.deps.ids.next(), credits)),
            sandbox: false,
        };
        self.run(CreateWorkspace { origin: self.origin(), workspace: new, owner: None, key: None });
    }

    fn on(
        sim: Simulation,
        engine: Arc<MemoryEngine>,
        scope: WorkspaceScope,
        registry: Registry,
        sealer: Arc<Sealer>,
        furniture: Furniture,
    ) -> Self {
        let hasher = IdentityHasher::new([3; 32]);
        let shared: Arc<dyn Engine> = engine.clone();
        let (store, core) = Store::open(shared, sim.deps.clone(), hasher, StoreOptions::default()).unwrap();
        store.serve_inline(core);
        let agenda = Agenda::new(furniture.slices.0, furniture.slices.1);
        let system = SystemScope::for_the_house();
        let scheduler = SchedulerWork::new(SchedulerParts {
            store: store.clone(),
            agenda: agenda.clone(),
            system,
            max_jobs: 100,
            plans: furniture.plans.clone(),
            defaults: Arc::new(Config::default().workspace_defaults().unwrap()),
            enricher: WakePort::new(),
        });
        let kept = restored(&store.view().unwrap()).unwrap();
        let gates = Gates::kept(&sim.deps, GateSettings::default(), Arc::new(store.clone()), kept);
        let key = |slug: &&'static str| ((*slug).to_owned(), Secret::new("key"));
        let keys: BTreeMap<String, Secret> = furniture.keys.iter().map(key).collect();
        let enricher = EnricherWork::new(EnricherParts {
            store: store.clone(),
            agenda: agenda.clone(),
            registry: registry.clone(),
            gate: Gate::new(
                furniture.policy.clone(),
                &sim.deps,
                Duration::from_secs(30),
                gates.clone(),
                Default::default(),
            ),
            keys: Keys::new(store.clone(), sealer.clone(), keys),
            lists: Lists::embedded().unwrap(),
            callbacks: Callbacks::new(sealer.clone(), None),
            sandbox: None,
            shared: SharedCalls::default(),
            window: Window::default(),
            sealer: sealer.clone(),
            system,
            settings: EnricherSettings::with_defaults(Config::default().workspace_defaults().unwrap()),
            scheduler: WakePort::new(),
            enricher: WakePort::new(),
        });
        Self { sim, engine, store, scope, agenda, registry, sealer, scheduler, enricher, gates, furniture }
    }

    /// What a start after a crash at this moment finds: the committed rows and nothing else.
    pub fn crash(self) -> Self {
        let engine = Arc::new(self.engine.durable_copy());
        let registry = self.registry.clone();
        Self::on(self.sim, engine, self.scope, registry, self.sealer, self.furniture)
    }

    pub fn with_policy(self, policy: Policy) -> Self {
        let furniture = Furniture { policy, ..self.furniture };
        Self::on(self.sim, self.engine, self.scope, self.registry, self.sealer, furniture)
    }

    pub fn origin(&self) -> Origin {
        Origin::system(self.sim.deps.clock.now())
    }

    pub fn run<T: Transaction>(&self, transaction: T) -> T::Out {
        self.try_run(transaction).unwrap()
    }

    pub fn try_run<T: Transaction>(&self, transaction: T) -> Result<T::Out, SubmitError> {
        block_on(self.store.submit(transaction, Urgency::Interactive)).map(|committed| committed.out)
    }

    pub fn view(&self) -> View {
        self.store.view().unwrap()
    }

    /// Makes every domain of `list` take mail.
    pub fn with_mail(self, domains: &[&str]) -> Self {
        for domain in domains {
            let exchange = MailExchange { preference: 10, host: format!("mx.{domain}") };
            self.sim.dns.set_mx(domain, Ok(MxAnswer::Exchanges(vec![exchange])));
        }
        self
    }

    pub fn list(&self, name: &str) -> ListId {
        let id = self.sim.deps.ids.next();
        let list = List { name: name.to_owned(), ..List::default() };
        self.run(CreateList { scope: self.scope, origin: self.origin(), id, list })
    }

    /// Adds leads with these addresses; an empty one makes a lead with a phone only.
    pub fn leads(&self, list: ListId, emails: &[String]) -> Vec<LeadId> {
        let mut ids = Vec::new();
        for chunk in emails.chunks(500) {
            let rows = chunk
                .iter()
                .enumerate()
                .map(|(place, email)| {
                    let lead = Lead {
                        email: Some(email.clone()).filter(|email| !email.is_empty()),
                        phone: email.is_empty().then(|| format!("+49301234{place:04}")),
                        full_name: Some(format!("Person {} {place}", ids.len())),
                        ..Lead::default()
                    };
                    (self.sim.deps.ids.next(), lead)
                })
                .collect();
            let add =
                AddLeads { scope: self.scope, origin: self.origin(), list, rows, on_duplicate: OnDuplicate::Create };
            ids.extend(self.run(add).into_iter().map(|added| match added {
                Added::Created { id, .. } => id,
                other => panic!("{other:?}"),
            }));
        }
        ids
    }

    pub fn some_leads(&self, list: ListId, count: usize) -> Vec<LeadId> {
        let emails: Vec<String> = (0..count).map(|number| format!("person{number}@siemens.com")).collect();
        self.leads(list, &emails)
    }

    pub fn order(&self, selection: Selection, options: JobOptions) -> CreateJob {
        let planned = self.plan(&everybody(&options), &options);
        self.order_of(planned, selection, options)
    }

    pub fn plan(&self, template: &Template, options: &JobOptions) -> Planned {
        let key_of = |slug: &str| self.furniture.keys.contains(&slug).then_some(PriceSource::InstallKey);
        let desk =
            Desk { registry: &self.registry, key_of: &key_of, switched_off: &HashSet::new(), can_be_rung: false };
        plan(&desk, template, options).unwrap()
    }

    pub fn order_of(&self, planned: Planned, selection: Selection, options: JobOptions) -> CreateJob {
        let Planned { steps, write, ceiling, .. } = planned;
        let quote = estimates::Quote {
            selection: &selection.clone().tidied(),
            options: &options,
            steps: &steps,
            write: &write,
            price: PRICE,
            ceiling,
            individual: false,
            now: self.sim.deps.clock.now(),
            pace: &|_| Vec::new(),
        };
        let estimate = estimates::estimate(&self.view(), &self.scope, &quote).unwrap().estimate;
        CreateJob {
            scope: self.scope,
            origin: self.origin(),
            id: self.sim.deps.ids.next(),
            new: NewJob {
                selection,
                options,
                steps,
                left_out: Vec::new(),
                write,
                ceiling,
                template: None,
                rest_of: None,
                price: PRICE,
                estimate,
                individual: false,
            },
            items: self.sim.deps.ids.next_block(64),
        }
    }

    pub fn job_for_list(&self, list: ListId, options: JobOptions) -> JobId {
        let order = self.order(Selection { list: Some(list), ..Selection::default() }, options);
        let id = order.id;
        self.run(order);
        id
    }

    /// Begins a boot, as a start does.
    pub fn begin(&self) -> u64 {
        block_on(self.enricher.begin()).unwrap()
    }

    /// Works until nothing is due, moving the clock on whenever everybody waits, for at most `patience` of simulated
    /// time. The audit is asked after every round.
    pub fn work(&self, patience: Duration) {
        self.work_until(patience, |_| false);
    }

    /// The same until `enough`; slices in work are then dropped where they stand.
    pub fn work_until(&self, patience: Duration, enough: impl Fn(&Self) -> bool) {
        let mut pool = LocalPool::new();
        let spawner = pool.spawner();
        let mut waited = Duration::ZERO;
        let mut idle_rounds = 0;
        let running = std::rc::Rc::new(std::cell::Cell::new(0_usize));
        loop {
            let before = *self.store.committed().borrow();
            let looked = block_on(self.scheduler.look()).unwrap();
            while let Some(slice) = self.enricher.next_slice() {
                let running = running.clone();
                running.set(running.get() + 1);
                spawner
                    .spawn_local(async move {
                        slice.run().await.unwrap();
                        running.set(running.get() - 1);
                    })
                    .unwrap();
            }
            pool.run_until_stalled();
            self.audit();
            if enough(self) {
                return;
            }
            // A slice that leased nothing is no progress: everybody waits for the clock.
            if looked.more || *self.store.committed().borrow() != before {
                idle_rounds = 0;
                continue;
            }
            let due = self.agenda.next_due().map(|due| due.since(self.sim.deps.clock.now()));
            let pause = match (self.sim.clock.until_next_sleeper(), due) {
                (Some(sleeper), Some(due)) if !due.is_zero() => sleeper.min(due),
                (Some(sleeper), _) if !sleeper.is_zero() => sleeper,
                (Some(_), _) => Duration::from_millis(100),
                (None, Some(due)) if !due.is_zero() => due,
                (None, Some(_)) => Duration::from_millis(100),
                (None, None) => {
                    idle_rounds += 1;
                    if idle_rounds > 1 && running.get() == 0 {
                        return;
                    }
                    continue;
                }
            };
            idle_rounds = 0;
            waited += pause;
            if waited > patience {
                return;
            }
            self.sim.clock.advance(pause);
        }
    }

    pub fn audit(&self) {
        let wrong = job_audit::audit(&self.view(), &self.scope).unwrap();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    pub fn job(&self, id: JobId) -> Job {
        self.view().get::<Jobs>(&self.scope, (id,)).unwrap().unwrap()
    }

    pub fn items(&self, job: JobId) -> Vec<(ItemId, Item)> {
        jobs::items_page(&self.view(), &self.scope, job, None, None, usize::MAX).unwrap()
    }

    pub fn states(&self, job: JobId) -> HashMap<&'static str, usize> {
        let mut states = HashMap::new();
        for (_, item) in self.items(job) {
            *states.entry(item.state.name()).or_default() += 1;
        }
        states
    }

    pub fn item_state(&self, job: JobId, lead: LeadId) -> ItemState {
        self.items(job).into_iter().find(|(_, item)| item.lead == lead).unwrap().1.state
    }

    pub fn lead(&self, id: LeadId) -> Lead {
        self.view().get::<Leads>(&self.scope, (id,)).unwrap().unwrap()
    }

    pub fn enriched(&self, list: ListId) -> i64 {
        let (kind, subject) = Counter::ListEnriched(list).key();
        self.view().get::<Counters>(&self.scope, (kind, subject)).unwrap().unwrap_or(0)
    }

    pub fn account(&self) -> Account {
        ledger::account(&self.view(), &self.scope).unwrap()
    }
}

pub fn basic() -> JobOptions {
    JobOptions { level: Level::Basic, ..JobOptions::default() }
}
