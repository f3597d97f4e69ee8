//! Durable edits of single leads by 64 writers at once, on the real engine: `cargo bench --bench edits`.
//!
//! The rival in the same run is SQLite in WAL mode with `synchronous=FULL` (Debian's python3 carries it): one connection
//! that commits one-row updates, which is what its single writer amounts to. Prints rates, their ratio and the longest wait.

#![allow(clippy::disallowed_methods)] // A bench measures the machine.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use galena::actors::kit::{ActorSystem, Spawn, WakePort};
use galena::actors::store_writer::{Serve, StoreWriter};
use galena::deps::Deps;
use galena::domain::id::{LeadId, WorkspaceId};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::list::List;
use galena::store::crypt::MasterKeySource;
use galena::store::directory::{DataDirectory, open};
use galena::store::transactions::leads::{AddLeads, LeadChanges, OnDuplicate, UpdateLead};
use galena::store::transactions::lists::CreateList;
use galena::store::{Origin, Store, StoreOptions, SystemScope, Urgency};

const WRITERS: usize = 64;
const LEADS: usize = 10_000;
const FOR: Duration = Duration::from_secs(5);

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (rate, longest) = runtime.block_on(galena(folder.path()))?;
    println!("galena: {rate:.0} durable edits/s with {WRITERS} writers, longest wait {longest:?}");
    let rival = sqlite(folder.path())?;
    println!("sqlite WAL synchronous=FULL: {rival:.0} durable edits/s");
    println!("ratio galena/sqlite: {:.2}", rate / rival);
    Ok(())
}

async fn galena(folder: &std::path::Path) -> anyhow::Result<(f64, Duration)> {
    let deps = Deps::real();
    let directory = DataDirectory::new(folder.join("galena"));
    let opened = open(&directory, deps.clone(), &MasterKeySource::default(), 96 << 20, StoreOptions::default())?;
    let store = opened.store;
    let system = ActorSystem::start(tokio::runtime::Handle::current(), |escalation| panic!("{escalation}"))?;
    let core = opened.writer;
    let writer = system.spawn(Spawn::dedicated(), move || StoreWriter::new(core))?;
    let wake = WakePort::new();
    writer.answer_wakes::<Serve>(&wake);
    store.on_work(move || wake.wake());

    let scope = SystemScope::for_the_house().within(deps.ids.next::<WorkspaceId>());
    let origin = Origin::system(deps.clock.now());
    let list = List { name: "bench".to_owned(), ..List::default() };
    let create = CreateList { scope, origin: origin.clone(), id: deps.ids.next(), list };
    let list = store.submit(create, Urgency::Interactive).await?.out;
    let leads: Vec<LeadId> = (0..LEADS).map(|_| deps.ids.next()).collect();
    for chunk in leads.chunks(500) {
        let rows = chunk.iter().map(|id| (*id, lead(&id.to_string()))).collect();
        let add = AddLeads { scope, origin: origin.clone(), list, rows, on_duplicate: OnDuplicate::Create };
        store.submit(add, Urgency::Interactive).await?;
    }

    let leads = Arc::new(leads);
    let started = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (store, leads, origin) = (store.clone(), leads.clone(), origin.clone());
            tokio::spawn(async move {
                let (mut edits, mut longest) = (0_u64, Duration::ZERO);
                while started.elapsed() < FOR {
                    let id = leads[(number + WRITERS * usize::try_from(edits).unwrap_or(0)) % leads.len()];
                    let asked = Instant::now();
                    edit(&store, scope, &origin, id, edits).await?;
                    longest = longest.max(asked.elapsed());
                    edits += 1;
                }
                anyhow::Ok((edits, longest))
            })
        })
        .collect();
    let (mut edits, mut longest) = (0, Duration::ZERO);
    for writer in writers {
        let (done, waited) = writer.await??;
        edits += done;
        longest = longest.max(waited);
    }
    let rate = edits as f64 / started.elapsed().as_secs_f64();
    system.shutdown(&[], Duration::from_secs(10)).await;
    Ok((rate, longest))
}

async fn edit(
    store: &Store,
    scope: galena::store::WorkspaceScope,
    origin: &Origin,
    id: LeadId,
    number: u64,
) -> anyhow::Result<()> {
    let title = format!("Head of Sales {number}");
    let changes = LeadChanges { fields: vec![(LeadField::JobTitle, Some(title))], ..LeadChanges::default() };
    let update = UpdateLead { scope, origin: origin.clone(), id, expected: None, changes };
    store.submit(update, Urgency::Interactive).await?;
    Ok(())
}

fn lead(name: &str) -> Lead {
    Lead {
        email: Some(format!("{name}@acme.example")),
        first_name: Some("Ada".to_owned()),
        last_name: Some(name.to_owned()),
        full_name: Some(format!("Ada {name}")),
        company_name: Some("Acme GmbH".to_owned()),
        ..Lead::default()
    }
}

fn sqlite(folder: &std::path::Path) -> anyhow::Result<f64> {
    const PROGRAM: &str = r"
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('pragma journal_mode=wal'); db.execute('pragma synchronous=full')
db.execute('create table leads (id integer primary key, email text unique, name text, company text, title text)')
db.execute('begin')
db.executemany('insert into leads values (?, ?, ?, ?, null)',
    ((n, f'{n}@acme.example', f'Ada {n}', 'Acme GmbH') for n in range(10000)))
db.execute('commit')
started = time.perf_counter(); edits = 0
while time.perf_counter() - started < 5:
    db.execute('update leads set title = ? where id = ?', (f'Head of Sales {edits}', edits % 10000))
    edits += 1
print(edits / (time.perf_counter() - started))
";
    let output = Command::new("python3").arg("-c").arg(PROGRAM).arg(folder.join("rival.sqlite")).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
