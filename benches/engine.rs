//! How fast the enrichment engine is without limits of providers: `cargo bench --bench engine -- [LEADS] [JOBS] [inside|http]`.
//!
//! Each lead is one call, its answer is accepted, written and charged, in a store on disk. First with a provider in the
//! process, then through HTTP to a played vendor on the loopback of the same machine. Prints leads a second from the first
//! order to the last lead done, the processor time of the whole process, and the memory it holds before, at the most and
//! afterwards.

#![allow(clippy::disallowed_methods)] // A bench measures the machine.

use std::net::Ipv4Addr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use galena::app::set_up::new_workspace;
use galena::app::{App, Running};
use galena::config::plans::{Plans, PriceLevel, PriceSource as PlanSource};
use galena::config::{Config, Provider as Configured};
use galena::deps::Deps;
use galena::domain::enrichment::{
    Answer, Confidence, DataPoint, FoundValue, JobOptions, Limits, Operation, Outcome, Price, PriceSource, Reply,
};
use galena::domain::id::{JobId, WorkspaceId};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::list::List;
use galena::providers::manifest::{Setup, shipped};
use galena::providers::simulator::{SANDBOX_KEY, Simulator};
use galena::providers::{CallContext, Offer, Provider, Request};
use galena::store::crypt::Passwords;
use galena::store::directory::DataDirectory;
use galena::store::engine::Order;
use galena::store::records::job::{Estimate, Selection};
use galena::store::tables::{Jobs, Lines};
use galena::store::transactions::access::CreateWorkspace;
use galena::store::transactions::jobs::{CreateJob, NewJob};
use galena::store::transactions::leads::{AddLeads, OnDuplicate};
use galena::store::transactions::lists::CreateList;
use galena::store::transactions::settings::AcceptTerms;
use galena::store::{Origin, Reads, SystemScope, Urgency, WorkspaceScope, ledger};

/// As in the product: what it holds is a question of the allocator, too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = words.iter().filter_map(|word| word.parse::<usize>().ok());
    let (leads, jobs) = (numbers.next().unwrap_or(50_000), numbers.next().unwrap_or(100).max(1));
    let wants = |name: &str| {
        words.iter().any(|word| word == name) || !words.iter().any(|word| word == "inside" || word == "http")
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if wants("inside") {
            measure("a provider in the process", "bench", leads, jobs, Config::default()).await?;
        }
        if wants("http") {
            let vendors: Vec<_> = shipped()?.into_iter().map(|manifest| (manifest, Setup::default())).collect();
            let simulator = Arc::new(Simulator::new(vendors, 7, Deps::real().clock));
            simulator.set_steady();
            simulator.set_latency(Some(Duration::ZERO));
            simulator.set_limits("hunter", Limits::default());
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = format!("http://{}/hunter", listener.local_addr()?);
            let router = simulator.router();
            let serving = tokio::spawn(async move { axum::serve(listener, router).await });
            let mut config = Config::default();
            let hunter = Configured {
                base_url: Some(address),
                api_key: Some(SANDBOX_KEY.to_owned().into()),
                rate_limit: 60_000_000,
                ..Configured::default()
            };
            config.providers.insert("hunter".to_owned(), hunter);
            measure("through HTTP to a played vendor", "hunter", leads, jobs, config).await?;
            let asked = simulator.tally("hunter", None).asked;
            println!("  the vendor was asked {asked} times");
            serving.abort();
        }
        Ok(())
    })
}

/// Answers at once, and counts as somebody outside.
struct Inside;

const VERIFIES: &[Offer] = &[Offer::single(Operation::EmailVerify, &[&[LeadField::Email]])];

impl Provider for Inside {
    fn slug(&self) -> &str {
        "bench"
    }

    fn offers(&self) -> &[Offer] {
        VERIFIES
    }

    fn source(&self) -> PriceSource {
        PriceSource::InstallKey
    }

    fn region(&self) -> Option<&str> {
        Some("eu")
    }

    fn call<'a>(&'a self, requests: &'a [Request], _context: CallContext<'a>) -> BoxFuture<'a, Vec<Reply>> {
        let reply = |request: &Request| {
            let value = FoundValue {
                field: "emailStatus".to_owned(),
                value: "valid".to_owned(),
                confidence: Confidence::from_hundredths(90),
                about: request.input(LeadField::Email).map(str::to_owned),
                evidence: None,
            };
            Reply { cost: 4_000, ..Outcome::Found(Answer { values: vec![value] }).into() }
        };
        async move { requests.iter().map(reply).collect() }.boxed()
    }
}

async fn measure(what: &str, slug: &str, leads: usize, jobs: usize, mut config: Config) -> anyhow::Result<()> {
    config.enrichment.dns_lookup = false;
    config.enrichment.max_jobs = config.enrichment.max_jobs.max(jobs);
    let folder = tempfile::tempdir()?;
    let plans = Plans::built_in().map_err(|error| anyhow::anyhow!("{error}"))?;
    let directory = DataDirectory::new(folder.path());
    let running = Running::start(config, plans, Deps::real(), directory, Passwords::default()).await?;
    let app = Arc::clone(&running.app);
    app.providers.put(Arc::new(Inside));
    let bench = Bench::new(app).await?;
    let selections = bench.leads(leads, jobs).await?;
    let (before, processor) = (resident(), processor_time());
    let started = Instant::now();
    let mut ids = Vec::new();
    for selection in selections {
        ids.push(bench.order(slug, selection).await?);
    }
    let (mut most, mut done) = (before, 0);
    while done < jobs {
        tokio::time::sleep(Duration::from_millis(20)).await;
        most = most.max(resident());
        let view = bench.app.store.view()?;
        done = 0;
        for id in &ids {
            let job = view.get::<Jobs>(&bench.scope, (*id,))?.ok_or_else(|| anyhow::anyhow!("a job is gone"))?;
            done += usize::from(!job.status.is_running());
        }
        anyhow::ensure!(started.elapsed() < Duration::from_secs(600), "{done} of {jobs} jobs end");
    }
    let took = started.elapsed();
    let busy = processor_time() - processor;
    let charged = bench.charged()?;
    println!(
        "{what}: {leads} leads in {jobs} jobs: {:.0} leads/s, {:.1} s of processor time ({:.0} µs a lead), {charged} credits; memory {} MB before, {} at most, {} after",
        leads as f64 / took.as_secs_f64(),
        busy.as_secs_f64(),
        busy.as_secs_f64() * 1e6 / leads as f64,
        before / 1_000_000,
        most / 1_000_000,
        resident() / 1_000_000,
    );
    running.stop(Duration::from_secs(60)).await;
    Ok(())
}

struct Bench {
    app: Arc<App>,
    scope: WorkspaceScope,
}

impl Bench {
    async fn new(app: Arc<App>) -> anyhow::Result<Self> {
        let mut workspace = new_workspace(&app, "Bench".to_owned())?;
        workspace.grant = Some((app.deps.ids.next(), 1_000_000_000));
        let id: WorkspaceId = workspace.id;
        let bench = Self { scope: SystemScope::for_the_house().within(id), app };
        let create = CreateWorkspace { origin: bench.origin(), workspace, owner: None, key: None };
        bench.app.store.submit(create, Urgency::Interactive).await?;
        let accept = AcceptTerms { scope: bench.scope, origin: bench.origin(), version: "1".to_owned() };
        bench.app.store.submit(accept, Urgency::Interactive).await?;
        Ok(bench)
    }

    fn origin(&self) -> Origin {
        Origin::system(self.app.deps.clock.now())
    }

    /// A list for each job.
    async fn leads(&self, leads: usize, jobs: usize) -> anyhow::Result<Vec<Selection>> {
        let mut selections = Vec::new();
        for job in 0..jobs {
            let list = List { name: format!("List {job}"), ..List::default() };
            let id = self.app.deps.ids.next();
            let create = CreateList { scope: self.scope, origin: self.origin(), id, list };
            let list = self.app.store.submit(create, Urgency::Interactive).await?.out;
            let numbers: Vec<usize> = (0..leads).filter(|lead| lead % jobs == job).collect();
            for chunk in numbers.chunks(500) {
                let row = |number: &usize| {
                    let lead = Lead {
                        email: Some(format!("person{number}@firm{}.com", number % 5_000)),
                        full_name: Some(format!("Person {number}")),
                        company_name: Some(format!("Firm {}", number % 5_000)),
                        country: Some("US".to_owned()),
                        ..Lead::default()
                    };
                    (self.app.deps.ids.next(), lead)
                };
                let rows = chunk.iter().map(row).collect();
                let on_duplicate = OnDuplicate::Create;
                let add = AddLeads { scope: self.scope, origin: self.origin(), list, rows, on_duplicate };
                self.app.store.submit(add, Urgency::Bulk).await?;
            }
            let until = Some(self.app.deps.ids.next());
            selections.push(Selection { list: Some(list), until, ..Selection::default() });
        }
        Ok(selections)
    }

    async fn order(&self, slug: &str, selection: Selection) -> anyhow::Result<JobId> {
        let options = JobOptions {
            sources: vec![slug.to_owned()],
            fields: vec![DataPoint::EmailStatus],
            partial: true,
            ..JobOptions::default()
        };
        let planned = self.app.planning.plan(&self.app.store.view()?, &self.scope, &options)??;
        let plan = self.app.config.credits.plan.as_str();
        let price = |source| u64::try_from(self.app.plans.price(plan, source, PriceLevel::Standard)).unwrap_or(0);
        let create = CreateJob {
            scope: self.scope,
            origin: self.origin(),
            id: self.app.deps.ids.next(),
            new: NewJob {
                selection,
                options,
                steps: planned.steps,
                left_out: planned.left_out,
                write: planned.write,
                ceiling: planned.ceiling,
                template: Some(planned.template),
                rest_of: None,
                price: Price {
                    built_in: price(PlanSource::BuiltIn),
                    workspace_key: price(PlanSource::WorkspaceKey),
                    install_key: price(PlanSource::InstallKey),
                },
                estimate: Estimate::default(),
                individual: false,
            },
            items: self.app.deps.ids.next_block(64),
        };
        let id = create.id;
        self.app.store.submit(create, Urgency::Interactive).await?;
        self.app.wakes.scheduler.wake();
        Ok(id)
    }

    /// Credits, once the lines of the ledger agree with the account.
    fn charged(&self) -> anyhow::Result<f64> {
        let view = self.app.store.view()?;
        let mut lines = 0_u64;
        view.scan::<Lines>(&self.scope, &(), Order::Ascending, &mut |_, _| {
            lines += 1;
            ControlFlow::Continue(())
        })?;
        let account = ledger::account(&view, &self.scope)?;
        anyhow::ensure!(account.held == 0 && lines > 0, "{} held after the end", account.held);
        Ok(account.used as f64 / 100.0)
    }
}

/// Bytes; pages are of 4 KiB.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok()).unwrap_or(0);
    pages * 4_096
}

/// Of all threads, in user and system mode; the kernel counts hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
