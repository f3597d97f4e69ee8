//! The composition root: configuration, store, actors, and their orderly end.
//!
//! [`App`] is what requests and commands share. [`Running`] owns the actors behind it.

pub mod set_up;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::actors::dedup_index::DedupIndex;
use crate::actors::enricher::callback::Callbacks;
use crate::actors::enricher::planning::Planning;
use crate::actors::enricher::{
    self, Enricher, EnricherParts, EnricherSettings, Gate, Keys, Policy, PolicyRevision, Sandbox, SharedCalls, Window,
};
use crate::actors::exporter::{self, ExportWorker, Exporter, ExporterParts};
use crate::actors::importer::hands::Hands;
use crate::actors::importer::spool::{Spool, SpoolFolder};
use crate::actors::importer::work::ImportWorker;
use crate::actors::importer::{self, Importer, ImporterParts};
use crate::actors::indexer::{CurrentIndex, Indexer, IndexerParts, Look};
use crate::actors::janitor::{Janitor, Sweep, keeping};
use crate::actors::kit::{ActorSystem, Escalation, ShutdownReport, Spawn, SystemError, WakePort};
use crate::actors::provider_gate::{self, Choices, GateSettings, Gates, KeepQuotas, KeepingError};
use crate::actors::scheduler::{self, Agenda, Scheduler, SchedulerParts};
use crate::actors::store_door::StoreDoor;
use crate::actors::store_writer::{Serve, StoreWriter};
use crate::actors::task_runner::{self, TaskRunner};
use crate::config::plans::Plans;
use crate::config::{Config, PolicyError};
use crate::deps::Deps;
use crate::domain::settings::WorkspaceSettings;
use crate::http::enrichment::enrich_imported;
use crate::http::search::SearchPermits;
use crate::http::{Admission, Cursors, EventStreams, LoginThrottle, PasswordDesk, PlanRates, RateLimits};

use crate::providers::lists::Lists;
use crate::providers::manifest::{ManifestError, ManifestFolder, Shelf};
use crate::providers::{DamagedLists, Registry};
use crate::search::{Generations, SearchError};
use crate::store::check::{Check, IndexAtHand};
use crate::store::crypt::{MasterKeySource, Passwords, Sealer, Secret};
use crate::store::directory::{self, DataDirectory, OpenError};
use crate::store::{Store, StoreError, StoreOptions, SystemScope, WriterCore, WriterPace};

/// What requests share. Behind one `Arc`.
pub struct App {
    pub config: Config,
    pub plans: Plans,
    pub deps: Deps,
    pub directory: DataDirectory,
    pub store: Store,
    pub sealer: Arc<Sealer>,
    pub passwords: Passwords,
    pub providers: Registry,
    /// What the providers that are described by a manifest do.
    pub manifests: Arc<Shelf>,
    /// Plays the providers for workspaces that are a sandbox.
    pub sandbox: Arc<Sandbox>,
    /// Keys that providers are called with.
    pub keys: Keys,
    pub planning: Planning,
    /// What the operator says of providers.
    pub choices: Choices,
    /// Addresses that providers may ring.
    pub callbacks: Callbacks,
    /// Told of every change of the rules that calls are judged by.
    pub policy_revision: PolicyRevision,
    /// What holds for a workspace that has decided nothing.
    pub workspace_defaults: Arc<WorkspaceSettings>,
    pub index: CurrentIndex,
    pub wakes: Wakes,
    /// What of the jobs may run now; stops are told here.
    pub agenda: Agenda,
    /// When providers may be called.
    pub gates: Gates,
    /// Where uploaded files lie.
    pub spool: Arc<dyn Spool>,
    /// Cancelled when the house ends: long work stops at its next row and goes on at the next start.
    pub halt: CancellationToken,
    pub cursors: Cursors,
    pub admission: Admission,
    pub rates: RateLimits,
    pub plan_rates: PlanRates,
    pub logins: LoginThrottle,
    pub password_desk: PasswordDesk,
    pub event_streams: EventStreams,
    pub searches: SearchPermits,
    /// Whether searches worked at any time since the start.
    pub index_was_open: AtomicBool,
    broken: AtomicBool,
}

/// The bells of the actors: a handler writes a row and rings.
#[derive(Clone, Default)]
pub struct Wakes {
    pub store_writer: WakePort,
    pub indexer: WakePort,
    pub importer: WakePort,
    pub exporter: WakePort,
    pub task_runner: WakePort,
    pub scheduler: WakePort,
    pub enricher: WakePort,
}

impl App {
    /// Whether an actor was given up, and the process is about to end.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// The check of the house while it works.
    pub fn check(&self) -> Check {
        Check {
            system: SystemScope::for_the_house(),
            store: self.store.clone(),
            index: self.index.complete().map_or(IndexAtHand::ToBeBuilt, IndexAtHand::Open),
            directory: Some(self.directory.clone()),
            alone: false,
        }
    }
}

/// Opens the data directory for a check alone: nothing runs, and nothing is written but what opening needs.
///
/// # Errors
/// When the directory cannot be opened, or its index not be read.
pub async fn check_alone(config: &Config, directory: DataDirectory) -> Result<Check, CheckAloneError> {
    let opened = open(config, &Deps::real(), &directory).await?;
    let index = IndexAtHand::open(&Generations::new(directory.index()))?;
    let (system, store) = (SystemScope::for_the_house(), opened.store);
    Ok(Check { system, store, index, directory: Some(directory), alone: true })
}

#[derive(Debug, thiserror::Error)]
pub enum CheckAloneError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// Why the house does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Directory(#[from] OpenError),
    #[error(transparent)]
    Actors(#[from] SystemError),
    #[error(transparent)]
    Lists(#[from] DamagedLists),
    #[error("a provider of the program is damaged: {0}")]
    Manifests(#[from] ManifestError),
    #[error(transparent)]
    Gates(#[from] KeepingError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the key file of the provider {provider} cannot be read ({}): {cause}", path.display())]
    KeyFile { provider: String, path: std::path::PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("the opening of the store panicked")]
    OpeningPanicked,
}

/// The house at work.
pub struct Running {
    pub app: Arc<App>,
    system: ActorSystem,
    escalated: watch::Receiver<Option<Escalation>>,
    /// Rings the indexer after every commit.
    forwarding: JoinHandle<()>,
}

impl Running {
    /// Opens the data directory and starts the actors. Needs a tokio runtime with timers.
    ///
    /// # Errors
    /// See [`StartError`]; nothing runs then.
    pub async fn start(
        config: Config,
        plans: Plans,
        deps: Deps,
        directory: DataDirectory,
        passwords: Passwords,
    ) -> Result<Self, StartError> {
        let deps = if config.enrichment.dns_lookup { deps } else { deps.without_dns() };
        let opened = open(&config, &deps, &directory).await?;
        let sealer = Arc::new(opened.sealer);
        let spool: Arc<dyn Spool> = Arc::new(SpoolFolder::new(directory.uploads()));
        let keys = Keys::new(opened.store.clone(), Arc::clone(&sealer), install_keys(&config)?);
        let lists = Lists::embedded().map_err(DamagedLists::from)?;
        let providers = Registry::built_in()?;
        let folder = ManifestFolder::new(directory.manifests());
        let (manifests, broken) = Shelf::open(providers.clone(), folder, &config.providers)?;
        let manifests = Arc::new(manifests);
        broken.iter().for_each(|error| tracing::error!("a provider is left out: {error}"));
        let choices = Choices::stored(config.providers.clone(), &opened.store.view()?)?;
        choices.chosen().for_each(|slug| manifests.set_up(&slug, choices.setup(&slug)));
        let workspace_defaults = Arc::new(config.workspace_defaults()?);
        let callbacks = Callbacks::new(Arc::clone(&sealer), config.server.public_url.as_deref());
        let planning = Planning {
            registry: providers.clone(),
            keys: keys.clone(),
            choices: choices.clone(),
            can_be_rung: callbacks.can_be_rung(),
            system: SystemScope::for_the_house(),
            defaults: Arc::clone(&workspace_defaults),
        };
        let agenda = Agenda::new(config.enrichment.max_jobs, SLICES_PER_JOB);
        let gates = gates(&config, &deps, &opened.store)?;
        let sandbox = Arc::new(Sandbox::new(Arc::clone(&manifests), &deps, config.enrichment.sandbox_seed));
        let app = Arc::new(App {
            cursors: Cursors::new(Arc::clone(&sealer), Arc::clone(&deps.random)),
            admission: Admission::new(config.server.max_in_flight),
            rates: RateLimits::new(config.limits.requests_per_minute),
            plan_rates: PlanRates::default(),
            logins: LoginThrottle::new(config.limits.login_attempts, config.limits.login_window.0),
            password_desk: PasswordDesk::default(),
            event_streams: EventStreams::new(config.server.max_event_streams),
            searches: SearchPermits::default(),
            config,
            plans,
            deps,
            directory,
            store: opened.store,
            sealer,
            passwords,
            providers,
            sandbox,
            manifests,
            keys,
            planning,
            choices,
            callbacks,
            policy_revision: PolicyRevision::default(),
            workspace_defaults,
            index: CurrentIndex::default(),
            wakes: Wakes::default(),
            agenda,
            gates,
            spool,
            halt: CancellationToken::new(),
            index_was_open: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        });
        let (tell, escalated) = watch::channel(None);
        let marked = Arc::clone(&app);
        let system = ActorSystem::start(tokio::runtime::Handle::current(), move |escalation| {
            tracing::error!(%escalation, "an actor was given up; the process ends");
            marked.broken.store(true, Ordering::Relaxed);
            tell.send_replace(Some(escalation));
        })?;
        spawn_actors(&system, &app, opened.writer, lists)?;
        let forwarding = tokio::spawn(follow_commits(Arc::clone(&app)));
        Ok(Self { app, system, escalated, forwarding })
    }

    /// Waits until an actor was given up.
    pub async fn escalated(&self) -> Escalation {
        let mut escalated = self.escalated.clone();
        loop {
            if let Some(escalation) = escalated.borrow_and_update().clone() {
                return escalation;
            }
            if escalated.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends the actors, the last spawned first and the writer last; what they accepted is done before `deadline`.
    pub async fn stop(self, deadline: Duration) -> ShutdownReport {
        self.forwarding.abort();
        self.app.halt.cancel();
        // Leased leads are given back instead of called.
        self.app.agenda.shut();
        let given_back = self.app.gates.settle();
        tokio::select! {
            () = given_back => {}
            () = self.app.deps.clock.sleep(deadline.min(LAST_WORDS)) => {}
        }
        self.system.shutdown(&[], deadline).await
    }
}

async fn open(config: &Config, deps: &Deps, directory: &DataDirectory) -> Result<directory::Opened, StartError> {
    let mut source = MasterKeySource::from_environment(None);
    if let Some(key) = &config.store.master_key {
        source.environment = Some(Secret::new(key.expose()));
    }
    let options = StoreOptions {
        identity_bytes: config.memory.identity_bytes.as_usize(),
        reads: config.store.read_threads.max(1),
        pace: WriterPace {
            group_members: config.store.group_transactions,
            group_time: config.store.group_time.0,
            bulk_contended: config.store.bulk_slice_waiting.0,
            bulk_alone: config.store.bulk_slice.0,
        },
        weights: config.quality.weights(),
        ..StoreOptions::default()
    };
    let cache_bytes = config.store.cache_bytes.as_usize();
    let (directory, deps) = (directory.clone(), deps.clone());
    let opening = tokio::task::spawn_blocking(move || directory::open(&directory, deps, &source, cache_bytes, options));
    Ok(opening.await.map_err(|_panicked| StartError::OpeningPanicked)??)
}

/// The longest that an end waits for used quota to be written. What is not counts as used.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The gates of providers, with the quota that was used before this start.
fn gates(config: &Config, deps: &Deps, store: &Store) -> Result<Gates, KeepingError> {
    let settings = GateSettings {
        rate_percent: config.enrichment.rate_percent,
        least_in_flight: config.enrichment.min_in_flight.max(1),
        ..GateSettings::default()
    };
    let rows = provider_gate::restored(&store.view()?)?;
    let keep: Arc<dyn KeepQuotas> = Arc::new(store.clone());
    Ok(Gates::kept(deps, settings, keep, rows))
}

/// Who is spawned later is ended earlier: the writer comes first.
fn spawn_actors(system: &ActorSystem, app: &Arc<App>, writer: WriterCore, lists: Lists) -> Result<(), SystemError> {
    let store = &app.store;
    // The actors below tend all workspaces.
    let house = SystemScope::for_the_house();

    let bell = app.wakes.store_writer.clone();
    store.on_work(move || bell.wake());
    let store_writer = system.spawn(Spawn::dedicated(), move || StoreWriter::new(writer))?;
    store_writer.answer_wakes::<Serve>(&app.wakes.store_writer);

    let door = store.clone();
    system.spawn(Spawn::default(), move || StoreDoor::new(door))?;

    let dedup = store.clone();
    system.spawn(Spawn::default(), move || DedupIndex::new(dedup, house))?;

    let parts = IndexerParts {
        store: store.clone(),
        generations: Generations::new(app.directory.index()),
        current: app.index.clone(),
        memory_bytes: app.config.search.writer_bytes.as_usize(),
    };
    let indexer = system.spawn(Spawn::background(), move || Indexer::new(parts))?;
    indexer.answer_wakes::<Look>(&app.wakes.indexer);

    let parts = importer_parts(app);
    let importer = system.spawn(Spawn::default(), move || Importer::new(parts))?;
    importer.answer_wakes::<importer::Look>(&app.wakes.importer);

    let parts = exporter_parts(app);
    let exporter = system.spawn(Spawn::default(), move || Exporter::new(parts))?;
    exporter.answer_wakes::<exporter::Look>(&app.wakes.exporter);

    let sweep = Sweep::new(store.clone(), house, Some(app.directory.clone()), keeping(&app.config), Hands::Pool);
    system.spawn(Spawn::default(), move || Janitor::new(sweep))?;

    let tasks = store.clone();
    let task_runner = system.spawn(Spawn::default(), move || TaskRunner::new(tasks, house))?;
    task_runner.answer_wakes::<task_runner::Look>(&app.wakes.task_runner);

    let parts = scheduler_parts(app, house);
    let scheduler = system.spawn(Spawn::dedicated(), move || Scheduler::new(parts))?;
    scheduler.answer_wakes::<scheduler::Look>(&app.wakes.scheduler);

    let parts = enricher_parts(app, house, lists);
    let enricher = system.spawn(Spawn::default(), move || Enricher::new(parts))?;
    enricher.answer_wakes::<enricher::Look>(&app.wakes.enricher);
    Ok(())
}

fn importer_parts(app: &App) -> ImporterParts {
    let (import, memory) = (&app.config.import, app.config.memory.import_chunks_bytes.as_usize());
    let spool = Arc::clone(&app.spool);
    ImporterParts {
        worker: ImportWorker::new(app.store.clone(), spool, Hands::Pool, import.chunk_rows, memory),
        system: SystemScope::for_the_house(),
        concurrency: import.concurrency,
        halt: app.halt.clone(),
    }
}

fn exporter_parts(app: &App) -> ExporterParts {
    let export = &app.config.export;
    ExporterParts {
        worker: ExportWorker {
            store: app.store.clone(),
            system: SystemScope::for_the_house(),
            directory: app.directory.clone(),
            ttl: export.ttl.0,
            hands: Hands::Pool,
            halt: app.halt.clone(),
        },
        concurrency: export.concurrency,
        inline_rows: export.inline_rows,
    }
}

/// Slices of one job in work at a time: while one is written the next is called.
const SLICES_PER_JOB: usize = 4;

fn scheduler_parts(app: &App, system: SystemScope) -> SchedulerParts {
    SchedulerParts {
        store: app.store.clone(),
        agenda: app.agenda.clone(),
        system,
        max_jobs: app.config.enrichment.max_jobs,
        plans: scheduler::PlanShares::of(app.plans.clone()),
        defaults: Arc::clone(&app.workspace_defaults),
        enricher: app.wakes.enricher.clone(),
    }
}

fn enricher_parts(app: &App, system: SystemScope, lists: Lists) -> EnricherParts {
    let config = &app.config.enrichment;
    let policy = Policy { dns_lookup: config.dns_lookup, choices: app.choices.clone() };
    EnricherParts {
        store: app.store.clone(),
        agenda: app.agenda.clone(),
        registry: app.providers.clone(),
        gate: Gate::new(policy, &app.deps, config.call_timeout.0, app.gates.clone(), app.policy_revision.clone()),
        keys: app.keys.clone(),
        lists,
        callbacks: app.callbacks.clone(),
        sandbox: Some(Arc::clone(&app.sandbox)),
        shared: SharedCalls::default(),
        window: Window::default(),
        sealer: Arc::clone(&app.sealer),
        system,
        settings: EnricherSettings {
            min_in_flight: config.min_in_flight,
            lease_items: config.lease_items,
            tries: config.attempts,
            keep_raw_answers: !app.config.retention.raw_answers.0.is_zero(),
            cache_ttl: config.cache_ttl.0,
            company_ttl: config.company_ttl.0,
            defaults: Arc::clone(&app.workspace_defaults),
        },
        scheduler: app.wakes.scheduler.clone(),
        enricher: app.wakes.enricher.clone(),
    }
}

/// The keys of the configuration, by slug of their provider.
fn install_keys(config: &Config) -> Result<BTreeMap<String, Secret>, StartError> {
    let mut keys = BTreeMap::new();
    for (slug, provider) in &config.providers {
        let key = match (&provider.api_key, &provider.api_key_file) {
            (Some(key), _) => Secret::new(key.expose()),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|cause| StartError::KeyFile {
                    provider: slug.clone(),
                    path: path.clone(),
                    cause,
                })?;
                Secret::new(text.trim())
            }
            (None, None) => continue,
        };
        if !key.is_empty() {
            keys.insert(slug.clone(), key);
        }
    }
    Ok(keys)
}

/// What follows on commits without being asked for.
async fn follow_commits(app: Arc<App>) {
    tokio::join!(ring_after_commits(&app), enrich_imported(&app, SystemScope::for_the_house()));
}

async fn ring_after_commits(app: &App) {
    let mut committed = app.store.committed();
    while committed.changed().await.is_ok() {
        app.wakes.indexer.wake();
    }
}
