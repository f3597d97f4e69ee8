//! `check` finds each kind of damage and nothing in a house that is whole. Damage is done by raw rows through the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use galena::actors::indexer::feed::{Fed, Feed};
use galena::deps::Simulation;
use galena::domain::id::{Id, LeadId, LineId, ListId, UserId, WorkspaceId};
use galena::domain::lead::{EnrichmentStatus, Lead};
use galena::domain::list::List;
use galena::search::{Batch, Checkpoint, Generations, LeadDocument, SearchIndex};
use galena::store::check::{Check, Code, IndexAtHand, Report};
use galena::store::crypt::MasterKeySource;
use galena::store::directory::{self, DataDirectory};
use galena::store::engine::{Engine, Order, TableId};
use galena::store::key::Key;
use galena::store::record::Record;
use galena::store::records::ledger::{Account, Line, LineKind};
use galena::store::records::outbox::Lane;
use galena::store::tables::{
    Accounts, Counters, EventSubjects, Identity, InstallTable, Leads, Lines, ListLeads, ListNames, TenantTable,
    UserEmails,
};
use galena::store::transactions::access::{NewWorkspace, SetUp};
use galena::store::transactions::identity::FlushIdentity;
use galena::store::transactions::leads::{AddLeads, Added, DeleteLead, OnDuplicate};
use galena::store::transactions::lists::CreateList;
use galena::store::{
    Counter, Origin, Reads, Store, StoreOptions, SystemScope, Transaction, Urgency, WorkspaceScope, outbox,
};

use crate::server::{TestServer, client};

/// A prepared directory with one workspace, one list and some leads; nothing runs on it.
struct House {
    folder: tempfile::TempDir,
    store: Store,
    engine: Arc<dyn Engine>,
    index: SearchIndex,
    list: ListId,
    leads: Vec<LeadId>,
    simulation: Simulation,
}

const WORKSPACE: u64 = 1;

fn scope() -> WorkspaceScope {
    SystemScope::for_the_house().within(WorkspaceId::from_u64(WORKSPACE))
}

fn open(folder: &Path, simulation: &Simulation) -> (Store, Arc<dyn Engine>) {
    let source = MasterKeySource::default();
    let directory = DataDirectory::new(folder);
    let opened =
        directory::open(&directory, simulation.deps.clone(), &source, 8 << 20, StoreOptions::default()).unwrap();
    opened.store.serve_inline(opened.writer);
    (opened.store, opened.engine)
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let simulation = Simulation::from_seed(11);
        let (store, engine) = open(folder.path(), &simulation);
        let generations = Generations::new(folder.path().join("index"));
        let index = SearchIndex::create(&generations).unwrap();
        generations.publish(index.generation()).unwrap();
        let mut house = Self { folder, store, engine, index, list: ListId::from_u64(0), leads: Vec::new(), simulation };
        house.furnish();
        house
    }

    fn origin(&self) -> Origin {
        Origin::system(self.simulation.deps.clock.now())
    }

    fn submit<T: Transaction>(&self, transaction: T) -> T::Out {
        self.store.submit(transaction, Urgency::Interactive).now_or_never().unwrap().unwrap().out
    }

    fn furnish(&mut self) {
        let ids = self.simulation.deps.ids.clone();
        let workspace = NewWorkspace {
            id: WorkspaceId::from_u64(WORKSPACE),
            name: "Main".to_owned(),
            plan: "appliance".to_owned(),
            region: None,
            parent: None,
            grant: Some((ids.next(), 5_000)),
            sandbox: false,
        };
        self.submit(SetUp {
            origin: self.origin(),
            workspace,
            user: UserId::from_u64(5),
            email: "Owner@Galena.example".to_owned(),
            password_hash: "unused".to_owned(),
            key: None,
            token: None,
        });
        let list = List { name: "Fair 2026".to_owned(), ..List::default() };
        let create = CreateList { scope: scope(), origin: self.origin(), id: ids.next(), list };
        self.list = self.submit(create);
        self.add(60);
    }

    fn add(&mut self, count: usize) {
        let start = self.leads.len();
        let rows = (start..start + count).map(|n| {
            let status = if n % 3 == 0 { EnrichmentStatus::Enriched } else { EnrichmentStatus::NotEnriched };
            let lead = Lead {
                email: Some(format!("person{n}@acme.example")),
                phone: Some(format!("+4930{n:07}")),
                full_name: Some(format!("Person Number{n}")),
                enrichment_status: status,
                ..Lead::default()
            };
            (self.simulation.deps.ids.next(), lead)
        });
        let rows = rows.collect();
        let (list, origin) = (self.list, self.origin());
        let added = self.submit(AddLeads { scope: scope(), origin, list, rows, on_duplicate: OnDuplicate::Skip });
        self.leads.extend(added.iter().map(|added| match added {
            Added::Created { id, .. } => *id,
            other => panic!("{other:?}"),
        }));
    }

    /// Lets identity and search catch up.
    fn catch_up(&self) {
        while !self.store.identity_is_flushed() {
            self.submit(FlushIdentity { store: self.store.clone(), most: 50 });
        }
        let mut feed = Feed::resume(self.store.clone(), self.index.clone(), 15 << 20).unwrap();
        while feed.step().unwrap() != Fed::CaughtUp {
            self.simulation.clock.advance(Duration::from_secs(3));
        }
        feed.rest().unwrap();
    }

    fn settled() -> Self {
        let house = Self::new();
        house.catch_up();
        house
    }

    fn check(&self) -> Report {
        let check = Check {
            system: SystemScope::for_the_house(),
            store: self.store.clone(),
            index: IndexAtHand::Open(self.index.clone()),
            directory: Some(DataDirectory::new(self.folder.path())),
            alone: true,
        };
        check.run().unwrap()
    }

    /// Writes or, with `None`, removes a row behind the back of the store.
    fn damage(&self, table: TableId, key: &[u8], value: Option<Vec<u8>>) {
        let mut was_there = false;
        self.engine
            .write(&mut |raw| match &value {
                Some(value) => raw.insert(table, key, value),
                None => {
                    was_there = raw.remove(table, key)?;
                    Ok(())
                }
            })
            .unwrap();
        assert!(value.is_some() || was_there, "there was nothing to remove");
    }

    fn damage_tenant<T: TenantTable>(&self, rest: T::Rest, value: Option<T::Value>) {
        let mut key = WORKSPACE.to_be_bytes().to_vec();
        rest.put_key(&mut key);
        self.damage(T::ID, &key, value.map(|value| value.to_bytes()));
    }
}

/// Exactly these codes were found.
fn assert_found(report: &Report, codes: &[Code]) {
    let found: Vec<&str> = report.totals.keys().copied().collect();
    let mut wanted: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{report:#?}");
    assert_eq!(report.ok, codes.is_empty());
}

fn pending(report: &Report) -> Vec<&str> {
    report.pending.iter().map(|pending| pending.code).collect()
}

#[test]
fn a_house_that_is_whole_is_clean_and_counted() {
    let house = House::settled();
    let report = house.check();
    assert_found(&report, &[]);
    assert_eq!(pending(&report), [""; 0]);
    for (what, count) in
        [("lists", 1), ("leads", 60), ("documents", 60), ("ledgerLines", 1), ("users", 1), ("staleIdentityKeys", 0)]
    {
        assert_eq!(report.counts[what], count, "{what}");
    }
    assert!(report.counts["identityKeys"] >= 120);
    assert_eq!(report.rows["leads"], 60);
}

#[test]
fn work_that_a_start_would_finish_is_pending_and_no_finding() {
    let mut house = House::settled();
    house.add(10);
    let report = house.check();
    assert_found(&report, &[]);
    assert_eq!(pending(&report), ["IDENTITY_REPLAY", "INDEX_REPLAY"]);

    // A removal on its way leaves a document and stale keys for a while.
    house.catch_up();
    let (id, origin) = (house.leads[3], house.origin());
    house.submit(DeleteLead { scope: scope(), origin, id, expected: None });
    let report = house.check();
    assert_found(&report, &[]);
    assert!(report.counts["staleIdentityKeys"] >= 2, "{report:?}");

    // Killed now: the same directory, opened again.
    let House { folder, simulation, store, engine, .. } = house;
    drop((store, engine));
    let (store, _engine) = open(folder.path(), &simulation);
    let index = IndexAtHand::open(&Generations::new(folder.path().join("index"))).unwrap();
    let directory = Some(DataDirectory::new(folder.path()));
    let check = Check { system: SystemScope::for_the_house(), store, index, directory, alone: true };
    let report = check.run().unwrap();
    assert_found(&report, &[]);
    assert!(pending(&report).contains(&"INDEX_REPLAY"), "{report:?}");
}

#[test]
fn a_missing_identity_entry_is_found() {
    let house = House::settled();
    let view = house.store.view().unwrap();
    let mut entry = None;
    view.scan::<Identity>(&scope(), &(), Order::Ascending, &mut |rest, ()| {
        entry = Some(rest);
        std::ops::ControlFlow::Break(())
    })
    .unwrap();
    drop(view);
    let entry = entry.unwrap();
    house.damage_tenant::<Identity>(entry, None);
    let report = house.check();
    assert_found(&report, &[Code::IdentityMissing]);
    assert_eq!(report.findings[0].key, entry.3.to_string());
}

#[test]
fn a_wrong_counter_is_found() {
    for counter in [Counter::Leads, Counter::ListLeads(House::new().list)] {
        let house = House::settled();
        house.damage_tenant::<Counters>(counter.key(), Some(61));
        assert_found(&house.check(), &[Code::CounterWrong]);
        house.damage_tenant::<Counters>(counter.key(), None);
        assert_found(&house.check(), &[Code::CounterWrong]);
    }
}

#[test]
fn documents_and_leads_that_do_not_meet_are_found() {
    let house = House::settled();
    let mut writer = house.index.writer(15 << 20).unwrap();
    let reached = house.index.checkpoint().unwrap().unwrap();
    let workspace = WorkspaceId::from_u64(WORKSPACE);
    let stranger = LeadId::from_u64(77);
    let document = |workspace, id, list| LeadDocument::new(workspace, id, &Lead { list, ..Lead::default() });
    let mut batch = Batch::new();
    batch.upsert(document(workspace, stranger, house.list));
    batch.delete(house.leads[5]);
    batch.upsert(document(workspace, house.leads[6], ListId::from_u64(9)));
    batch.add_new(document(workspace, house.leads[7], house.list));
    writer.apply(batch).unwrap();
    writer.commit(&reached).unwrap();
    let report = house.check();
    assert_found(
        &report,
        &[Code::DocumentWithoutLead, Code::LeadWithoutDocument, Code::DocumentInOtherList, Code::DocumentTwice],
    );
    let key_of = |code| report.findings.iter().find(|found| found.code == code).map(|found| found.key.clone());
    assert_eq!(key_of(Code::DocumentWithoutLead), Some(stranger.to_string()));
    assert_eq!(key_of(Code::LeadWithoutDocument), Some(house.leads[5].to_string()));

    // A document of a workspace that nobody has.
    let house = House::settled();
    let mut writer = house.index.writer(15 << 20).unwrap();
    let mut batch = Batch::new();
    batch.add_new(document(WorkspaceId::from_u64(404), stranger, house.list));
    writer.apply(batch).unwrap();
    writer.commit(&house.index.checkpoint().unwrap().unwrap()).unwrap();
    assert_found(&house.check(), &[Code::DocumentWithoutLead]);
}

#[test]
fn an_unbalanced_ledger_is_found() {
    let house = House::settled();
    let right = house.store.view().unwrap().get::<Accounts>(&scope(), ()).unwrap().unwrap();
    house.damage_tenant::<Accounts>((), Some(Account { remaining: right.remaining - 1, ..right }));
    assert_found(&house.check(), &[Code::AccountUnbalanced, Code::AccountNotSumOfLines]);

    // Balanced in itself, but not what its lines say.
    house.damage_tenant::<Accounts>((), Some(Account { remaining: right.remaining - 1, used: 1, ..right }));
    assert_found(&house.check(), &[Code::AccountNotSumOfLines]);

    // A line that takes more of a hold than there is.
    house.damage_tenant::<Accounts>((), Some(right));
    let hold = Some(house.simulation.deps.ids.next());
    let id: LineId = house.simulation.deps.ids.next();
    house.damage_tenant::<Lines>((id,), Some(Line { kind: LineKind::Settle, amount: 1, hold, ..Line::default() }));
    assert_found(&house.check(), &[Code::AccountNotSumOfLines, Code::HoldUnmatched]);
}

#[test]
fn a_file_without_a_row_is_found() {
    for folder in ["uploads", "exports"] {
        let house = House::settled();
        let path = house.folder.path().join(folder);
        std::fs::write(path.join("half.csv.part"), "x").unwrap();
        let report = house.check();
        assert_found(&report, &[]);
        assert_eq!(pending(&report), ["UNFINISHED_FILES"]);
        std::fs::write(path.join("stray.csv"), "x").unwrap();
        let report = house.check();
        assert_found(&report, &[Code::FileWithoutRow]);
        assert_eq!((report.findings[0].table, report.findings[0].key.as_str()), (folder, "stray.csv"));
    }
}

#[test]
fn rows_that_only_find_other_rows_are_checked_both_ways() {
    let (house, user) = (House::settled(), UserId::from_u64(5));
    house.damage_tenant::<ListLeads>((house.list, house.leads[0]), None);
    assert_found(&house.check(), &[Code::ListLeadMissing]);

    let house = House::settled();
    house.damage_tenant::<ListLeads>((house.list, LeadId::from_u64(3)), Some(()));
    assert_found(&house.check(), &[Code::ListLeadOrphan]);

    let house = House::settled();
    house.damage_tenant::<ListNames>(("fair 2026".to_owned(),), None);
    assert_found(&house.check(), &[Code::ListNameMissing]);
    house.damage_tenant::<ListNames>(("other".to_owned(),), Some(house.list));
    assert_found(&house.check(), &[Code::ListNameMissing, Code::ListNameOrphan]);

    let house = House::settled();
    house.damage_tenant::<EventSubjects>((2, 1, 999_999), Some(()));
    assert_found(&house.check(), &[Code::EventSubjectOrphan]);

    let house = House::settled();
    house.damage(UserEmails::ID, &("other@galena.example".to_owned(),).encode(), Some(user.to_bytes()));
    assert_found(&house.check(), &[Code::UserEmailOrphan]);
}

#[test]
fn a_row_that_cannot_be_read_is_named_and_the_rest_still_checked() {
    let house = House::settled();
    let mut key = WORKSPACE.to_be_bytes().to_vec();
    (house.leads[0],).put_key(&mut key);
    house.damage(Leads::ID, &key, Some(vec![1, 0xff, 0xff]));
    std::fs::write(house.folder.path().join("exports/stray.csv"), "x").unwrap();
    let report = house.check();
    assert!(report.has(Code::RowDamaged) && report.has(Code::FileWithoutRow), "{report:#?}");
    let damaged = report.findings.iter().find(|found| found.code == Code::RowDamaged).unwrap();
    assert_eq!(damaged.table, "leads");
}

#[test]
fn damaged_index_files_are_found() {
    let house = House::settled();
    let generations = Generations::new(house.folder.path().join("index"));
    let files = std::fs::read_dir(generations.folder(house.index.generation())).unwrap();
    let fast = files.map(|file| file.unwrap().path()).find(|path| path.extension().is_some_and(|end| end == "fast"));
    let path = fast.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[10] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let index = IndexAtHand::open(&generations).unwrap();
    let (store, system) = (house.store.clone(), SystemScope::for_the_house());
    let report = Check { system, store, index, directory: None, alone: false }.run().unwrap();
    assert_found(&report, &[Code::IndexDamaged]);
}

#[test]
fn an_index_that_a_start_would_build_anew_is_pending() {
    let house = House::settled();
    let mut writer = house.index.writer(15 << 20).unwrap();
    writer.commit(&Checkpoint::new(u64::MAX / 2, u64::MAX / 2, house.index.generation())).unwrap();
    let report = house.check();
    assert_found(&report, &[]);
    assert_eq!(pending(&report), ["INDEX_BUILD"]);
    let last = outbox::last(&house.store.view().unwrap(), Lane::Live).unwrap();
    assert!(last.is_some());
}

/// `POST /check` through the socket of a server.
async fn check_live(server: &TestServer) -> serde_json::Value {
    let client = client(reqwest::Client::builder().unix_socket(server.socket()));
    let answer = client.post("http://localhost/api/v1/check").json(&serde_json::json!({})).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_at_work_is_clean_and_says_so_through_its_socket_alone() {
    let server = TestServer::start().await;
    let list = server.list("busy").await;
    let path = format!("/leads/lists/{list}/leads");
    let work = async {
        for round in 0..12 {
            let lead = |n: usize| serde_json::json!({ "email": format!("p{round}.{n}@acme.example") });
            let leads: Vec<serde_json::Value> = (0..40).map(lead).collect();
            server.post(&path, &serde_json::json!({ "leads": leads })).await.expect(200);
            let page = server.get(&format!("{path}?limit=3")).await.expect(200);
            for lead in page["data"].as_array().unwrap() {
                server.delete(&format!("/leads/{}", lead["id"].as_str().unwrap())).await.expect(204);
            }
            server.post("/leads/exports", &serde_json::json!({ "listId": list })).await.expect(201);
        }
    };
    let checks = async {
        for _ in 0..6 {
            let report = check_live(&server).await;
            assert_eq!(report["ok"], true, "{report:#}");
        }
    };
    tokio::join!(work, checks);
    let report = check_live(&server).await;
    assert_eq!((&report["ok"], &report["counts"]["leads"]), (&true.into(), &444.into()), "{report:#}");

    let stray = server.app.directory.exports().join("stray.csv");
    std::fs::write(&stray, "x").unwrap();
    let report = check_live(&server).await;
    assert_eq!(report["findings"][0]["code"], "FILE_WITHOUT_ROW", "{report:#}");
    server.post("/check", &serde_json::json!({})).await.expect_problem(404, "NOT_FOUND");

    // The command: through the socket, and alone when nobody is there any more.
    let galena = |data: std::path::PathBuf| {
        tokio::task::spawn_blocking(move || {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_galena"));
            command.args(["check", "--json", "--data-dir"]).arg(data).env_clear().output().unwrap()
        })
    };
    let data = server.app.directory.root().to_owned();
    let output = galena(data.clone()).await.unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["ok"]), (Some(4), &false.into()));
    std::fs::remove_file(&stray).unwrap();
    assert_eq!(galena(data.clone()).await.unwrap().status.code(), Some(0));
    let _directory = server.stop().await;
    let output = galena(data.clone()).await.unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["counts"]["leads"]), (Some(0), &444.into()), "{report:#}");
    std::fs::write(&stray, "x").unwrap();
    assert_eq!(galena(data).await.unwrap().status.code(), Some(4));
}
