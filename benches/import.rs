//! A generated lead file into a new list on the real engine: `cargo bench --bench import -- [ROWS] [BEFORE]`.
//!
//! Prints the rate from the start of the import (the file is spooled and looked over before, as a request does, and that
//! is counted too) to the last row durable, then until searches see all of it; the longest wait of another writer who
//! edits a lead all the while, and until searches show what he wrote; how long searches take meanwhile; and the processor
//! time of the whole. BEFORE rows are imported first, unmeasured.

#![allow(clippy::disallowed_methods)] // A bench measures the machine.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use galena::actors::importer::intake::{IntakeLimits, inspect};
use galena::actors::importer::memory::NoMemory;
use galena::actors::importer::plan::ImportChoice;
use galena::actors::importer::spool::SpoolPart;
use galena::app::{App, Running};
use galena::config::Config;
use galena::config::plans::Plans;
use galena::deps::Deps;
use galena::domain::id::{ImportId, ListId, UploadId, WorkspaceId};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::list::List;
use galena::search::{ListScope, SearchField, SearchRequest, SearchScope, Sort};
use galena::store::crypt::Passwords;
use galena::store::directory::DataDirectory;
use galena::store::records::import::Import;
use galena::store::transactions::imports::{ImportTarget, StartImport, import};
use galena::store::transactions::leads::{AddLeads, LeadChanges, OnDuplicate, UpdateLead};
use galena::store::transactions::lists::CreateList;
use galena::store::transactions::uploads::{AdvanceUpload, CreateUpload};
use galena::store::{Origin, SystemScope, Urgency, WorkspaceScope};

fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let rows = numbers.next().unwrap_or(100_000);
    let before = numbers.next().unwrap_or(0);
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let config = Config::default();
        let directory = DataDirectory::new(folder.path());
        let plans = Plans::built_in().map_err(|error| anyhow::anyhow!("{error}"))?;
        let running = Running::start(config, plans, Deps::real(), directory, Passwords::default()).await?;
        let bench = Bench { app: Arc::clone(&running.app), scope: scope(&running.app) };
        let list = bench.list("leads").await?;
        if before > 0 {
            bench.import(list, &file(before, "old")).await?;
            println!("{before} leads are in the list");
        }
        let bytes = file(rows, "new");
        bench.measured(list, &bytes, rows, false).await?;
        let list = bench.list("again").await?;
        bench.measured(list, &bytes, rows, true).await?;
        running.stop(Duration::from_secs(60)).await;
        Ok(())
    })
}

fn scope(app: &App) -> WorkspaceScope {
    SystemScope::for_the_house().within(app.deps.ids.next::<WorkspaceId>())
}

/// Rows as lead files have them: nine columns, 160 bytes.
fn file(rows: usize, mark: &str) -> Vec<u8> {
    const FIRST: [&str; 8] = ["Anna", "Bernd", "Chiara", "Dmitri", "Elif", "François", "Grace", "Hiro"];
    const LAST: [&str; 7] = ["Meier", "Schmidt", "Rossi", "Ivanov", "Yılmaz", "Dupont", "Tanaka"];
    const TITLE: [&str; 5] = ["CEO", "Head of Sales", "VP Marketing", "Software Engineer", "Purchasing Manager"];
    let mut file = String::from("First Name,Last Name,Email,Phone,Company,Job Title,LinkedIn URL,City,Country\n");
    for row in 0..rows {
        let (first, last, company) = (FIRST[row % 8], LAST[row % 7], row / 12);
        let (phone, title) = (2_000_000 + row, TITLE[row % 5]);
        // Writing into a String cannot fail.
        let _infallible = writeln!(
            file,
            "{first},{last}{mark}{row},p{row}@{mark}{company}.example,+1 415 {phone},{mark} Works {company} Inc.,{title},\
             https://www.linkedin.com/in/{mark}-person-{row},San Francisco,United States"
        );
    }
    file.into_bytes()
}

struct Bench {
    app: Arc<App>,
    scope: WorkspaceScope,
}

impl Bench {
    fn origin(&self) -> Origin {
        Origin::system(self.app.deps.clock.now())
    }

    async fn list(&self, name: &str) -> anyhow::Result<ListId> {
        let list = List { name: name.to_owned(), ..List::default() };
        let create = CreateList { scope: self.scope, origin: self.origin(), id: self.app.deps.ids.next(), list };
        Ok(self.app.store.submit(create, Urgency::Interactive).await?.out)
    }

    async fn measured(&self, list: ListId, bytes: &[u8], rows: usize, contended: bool) -> anyhow::Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        let longest = Arc::new(AtomicU64::new(0));
        let edits = Arc::new(AtomicU64::new(0));
        let other = if contended {
            let (stop, longest, edits) = (Arc::clone(&stop), Arc::clone(&longest), Arc::clone(&edits));
            let (app, scope, origin) = (Arc::clone(&self.app), self.scope, self.origin());
            let aside = self.list("aside").await?;
            let lead = Lead { email: Some("edited@aside.example".to_owned()), ..Lead::default() };
            let id = app.deps.ids.next();
            let add = AddLeads {
                scope,
                origin: origin.clone(),
                list: aside,
                rows: vec![(id, lead)],
                on_duplicate: OnDuplicate::Create,
            };
            app.store.submit(add, Urgency::Interactive).await?;
            Some(tokio::spawn(async move {
                let mut unseen = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let number = edits.fetch_add(1, Ordering::Relaxed);
                    let fields = vec![(LeadField::JobTitle, Some(format!("title {number}")))];
                    let changes = LeadChanges { fields, ..LeadChanges::default() };
                    let update = UpdateLead { scope, origin: origin.clone(), id, expected: None, changes };
                    let began = Instant::now();
                    let Ok(written) = app.store.submit(update, Urgency::Interactive).await else { return unseen };
                    let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    longest.fetch_max(waited, Ordering::Relaxed);
                    // One edit in ten is waited for, so that the others come as fast as before.
                    if number.is_multiple_of(10) {
                        app.index.wait_for(&*app.deps.clock, written.seq, false, Duration::from_secs(60)).await;
                        unseen.push(began.elapsed());
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                unseen
            }))
        } else {
            None
        };
        let searching = contended.then(|| self.searching(Arc::clone(&stop)));
        let (cpu, began) = (processor_time(), Instant::now());
        let row = self.import(list, bytes).await?;
        let durable = began.elapsed();
        let cpu = processor_time() - cpu;
        let seen = self.app.index.wait_for(&*self.app.deps.clock, row.ended_seq, true, Duration::from_secs(600)).await;
        let searchable = began.elapsed();
        stop.store(true, Ordering::Relaxed);
        let unseen = match other {
            Some(other) => other.await?,
            None => Vec::new(),
        };
        let searches = match searching {
            Some(searching) => searching.await?,
            None => Vec::new(),
        };
        println!(
            "{rows} rows: durable after {durable:.2?} ({:.0} rows/s), searchable after {searchable:.2?}{}, {:.1} µs of \
             processor a row until durable",
            rows as f64 / durable.as_secs_f64(),
            if seen { "" } else { " (not yet)" },
            cpu * 1e6 / rows as f64,
        );
        println!("  {:?}", row.results);
        if contended {
            let longest = Duration::from_micros(longest.load(Ordering::Relaxed));
            println!("  another writer: {} edits, longest wait {longest:?}", edits.load(Ordering::Relaxed));
            println!("  an edit is found after {}", spread(unseen));
            println!("  a search takes {}", spread(searches));
        }
        Ok(())
    }

    /// Searches one after the other until it is told to stop, and how long each took.
    fn searching(&self, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<Vec<Duration>> {
        let (app, scope) = (Arc::clone(&self.app), SearchScope::new(&self.scope, ListScope::All));
        tokio::task::spawn_blocking(move || {
            let facets = vec![SearchField::Lead(LeadField::CompanyName), SearchField::Lead(LeadField::City)];
            let asked = ["", "anna", "sales manager", "m", "ros", "415 200"].map(SearchRequest::text);
            let sorted = SearchRequest {
                sort: vec![Sort::ascending(SearchField::Lead(LeadField::LastName))],
                ..asked[2].clone()
            };
            let counted = SearchRequest { facets, ..asked[2].clone() };
            let asked: Vec<SearchRequest> = asked.into_iter().chain([sorted, counted]).collect();
            let mut took = Vec::new();
            for request in asked.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                if let Some(index) = app.index.get() {
                    let began = Instant::now();
                    let _page = index.search(&scope, request);
                    took.push(began.elapsed());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            took
        })
    }

    async fn import(&self, list: ListId, bytes: &[u8]) -> anyhow::Result<Import> {
        let (app, scope) = (&self.app, self.scope);
        let upload: UploadId = app.deps.ids.next();
        let create =
            CreateUpload { scope, origin: self.origin(), id: upload, file_name: None, size: Some(bytes.len() as u64) };
        app.store.submit(create, Urgency::Interactive).await?;
        let mut file = app.spool.write(upload, SpoolPart::Sent, 0)?;
        file.write_all(bytes)?;
        file.finish()?;
        drop(file);
        let to = bytes.len() as u64;
        let advance = AdvanceUpload { scope, origin: self.origin(), id: upload, from: 0, to, complete: true };
        app.store.submit(advance, Urgency::Interactive).await?;
        let (spool, limits) = (Arc::clone(&app.spool), IntakeLimits::of(&app.config).unlimited());
        let began = Instant::now();
        let looked = move || inspect(&*spool, upload, &ImportChoice::default(), &limits, &NoMemory);
        let inspected = tokio::task::spawn_blocking(looked).await??;
        println!("  looked over in {:.2?}", began.elapsed());
        let id: ImportId = app.deps.ids.next();
        let start = StartImport {
            scope,
            origin: self.origin(),
            id,
            upload,
            target: ImportTarget::List(list),
            plan: inspected.plan,
            total_rows: inspected.survey.rows,
            edits: inspected.edits,
            remember: inspected.remember,
        };
        app.store.submit(start, Urgency::Interactive).await?;
        app.wakes.importer.wake();
        loop {
            let row =
                app.store.read(move |view| Ok::<_, galena::store::StoreError>(import(view, &scope, id).ok())).await?;
            let row = row.ok_or_else(|| anyhow::anyhow!("the import is gone"))?;
            if !row.state.is_open() {
                return Ok(row);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let part = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
    let [middle, late, last] = [50, 99, 100].map(|percent| part(percent).unwrap_or_default());
    format!("{middle:.1?} (p50), {late:.1?} (p99), {last:.1?} (longest of {})", times.len())
}

/// Seconds of processor time of this process so far.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // utime and stime, in hundredths of a second on every Linux this runs on.
    (ticks(11) + ticks(12)) / 100.0
}
