//! The Janitor in simulated time: what has had its time goes, what has not stays, and `check` is clean after every step.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use galena::actors::importer::hands::Hands;
use galena::actors::indexer::feed::{Fed, Feed, FeedError};
use galena::actors::janitor::{Chore, Sweep, Swept};
use galena::deps::Simulation;
use galena::domain::id::{Id, ListId, UploadId, UserId, WorkspaceId};
use galena::domain::lead::Lead;
use galena::domain::list::List;
use galena::search::SearchIndex;
use galena::store::check::{Check, IndexAtHand, Report};
use galena::store::directory::DataDirectory;
use galena::store::engine::{Engine, MemoryEngine};
use galena::store::records::access::Session;
use galena::store::records::export::{ExportSelection, ExportSpec, ExportState};
use galena::store::records::outbox::Lane;
use galena::store::tables::{Exports, Leads, Lists, Sessions, TABLE_NAMES, Uploads};
use galena::store::transactions::access::{NewWorkspace, SetUp};
use galena::store::transactions::exports::{CreateExport, ExportEnd, FinishExport};
use galena::store::transactions::identity::FlushIdentity;
use galena::store::transactions::leads::{AddLeads, OnDuplicate};
use galena::store::transactions::lists::{CreateList, DeleteList, RestoreList};
use galena::store::transactions::once::{Claim, Once};
use galena::store::transactions::outbox::TrimOutbox;
use galena::store::transactions::retention::Keeping;
use galena::store::transactions::sessions::SignIn;
use galena::store::transactions::uploads::{AdvanceUpload, CreateUpload};
use galena::store::{
    IdentityHasher, Origin, Reads, Store, StoreOptions, SystemScope, Transaction, Urgency, WorkspaceScope, outbox,
};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

struct House {
    folder: tempfile::TempDir,
    simulation: Simulation,
    engine: Arc<MemoryEngine>,
    store: Store,
    index: SearchIndex,
    sweep: Sweep,
}

fn scope() -> WorkspaceScope {
    SystemScope::for_the_house().within(WorkspaceId::from_u64(1))
}

fn keeping() -> Keeping {
    Keeping {
        idempotency: DAY,
        events: 1_000 * DAY,
        deleted_lists: 30 * DAY,
        import_originals: 90 * DAY,
        before_images: 30 * DAY,
        uploads: DAY,
        jobs: 365 * DAY,
        dead_letters: 90 * DAY,
        raw_answers: 90 * DAY,
        lookups: Duration::from_secs(24 * 3_600),
        outbox_max_entries: 1_000_000,
    }
}

fn open(engine: &Arc<MemoryEngine>, simulation: &Simulation) -> Store {
    let plain: Arc<dyn Engine> = engine.clone();
    let hasher = IdentityHasher::new([3; 32]);
    let (store, core) = Store::open(plain, simulation.deps.clone(), hasher, StoreOptions::default()).unwrap();
    store.serve_inline(core);
    store
}

fn sweep(store: &Store, folder: &tempfile::TempDir, keeping: Keeping) -> Sweep {
    let directory = Some(DataDirectory::new(folder.path()));
    Sweep::new(store.clone(), SystemScope::for_the_house(), directory, keeping, Hands::Inline)
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["uploads", "exports"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let simulation = Simulation::from_seed(5);
        let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
        let store = open(&engine, &simulation);
        let sweep = sweep(&store, &folder, keeping());
        let index = SearchIndex::in_ram().unwrap();
        let house = Self { folder, simulation, engine, store, index, sweep };
        let workspace = NewWorkspace {
            id: WorkspaceId::from_u64(1),
            name: "Main".to_owned(),
            plan: "appliance".to_owned(),
            region: None,
            parent: None,
            grant: None,
            sandbox: false,
        };
        house.submit(SetUp {
            origin: house.origin(),
            workspace,
            user: UserId::from_u64(5),
            email: "owner@galena.example".to_owned(),
            password_hash: "unused".to_owned(),
            key: None,
            token: None,
        });
        house
    }

    fn origin(&self) -> Origin {
        Origin::system(self.simulation.deps.clock.now())
    }

    fn submit<T: Transaction>(&self, transaction: T) -> T::Out {
        self.store.submit(transaction, Urgency::Interactive).now_or_never().unwrap().unwrap().out
    }

    fn later(&self, by: Duration) {
        self.simulation.clock.advance(by);
    }

    /// A whole round, with `check` after each step; returns the number of steps.
    fn round(&mut self) -> usize {
        for steps in 1.. {
            let swept = self.sweep.step().now_or_never().unwrap().unwrap();
            self.assert_clean();
            if swept == Swept::RoundDone {
                return steps;
            }
        }
        0
    }

    fn assert_clean(&self) -> Report {
        let check = Check {
            system: SystemScope::for_the_house(),
            store: self.store.clone(),
            index: IndexAtHand::Open(self.index.clone()),
            directory: Some(DataDirectory::new(self.folder.path())),
            alone: false,
        };
        let report = check.run().unwrap();
        assert!(report.ok, "{report:#?}");
        report
    }

    fn list_with(&self, name: &str, leads: usize) -> ListId {
        let ids = &self.simulation.deps.ids;
        let list = List { name: name.to_owned(), ..List::default() };
        let list = self.submit(CreateList { scope: scope(), origin: self.origin(), id: ids.next(), list });
        let lead = |n| Lead { email: Some(format!("{name}{n}@acme.example")), ..Lead::default() };
        let rows = (0..leads).map(|n| (ids.next(), lead(n))).collect();
        let (origin, on_duplicate) = (self.origin(), OnDuplicate::Skip);
        self.submit(AddLeads { scope: scope(), origin, list, rows, on_duplicate });
        list
    }

    fn feed(&self) {
        while !self.store.identity_is_flushed() {
            self.submit(FlushIdentity { store: self.store.clone(), most: 50 });
        }
        let mut feed = Feed::resume(self.store.clone(), self.index.clone(), 15 << 20).unwrap();
        while feed.step().unwrap() != Fed::CaughtUp {
            self.later(Duration::from_secs(3));
        }
        feed.rest().unwrap();
    }
}

#[test]
fn a_deleted_list_goes_with_its_leads_when_it_can_no_longer_be_restored() {
    let mut house = House::new();
    let (gone, kept, back) = (house.list_with("gone", 100), house.list_with("kept", 10), house.list_with("back", 10));
    house.feed();
    for id in [gone, back] {
        house.submit(DeleteList { scope: scope(), origin: house.origin(), id, expected: None });
    }
    house.later(29 * DAY);
    house.round();
    assert_eq!(house.assert_clean().counts["leads"], 120);
    house.submit(RestoreList { scope: scope(), origin: house.origin(), id: back, window: 30 * DAY });
    house.later(2 * DAY);
    house.round();
    let view = house.store.view().unwrap();
    assert_eq!(view.get::<Lists>(&scope(), (gone,)).unwrap(), None);
    assert!(view.get::<Lists>(&scope(), (kept,)).unwrap().is_some());
    let report = house.assert_clean();
    assert_eq!((report.counts["leads"], report.counts["lists"]), (20, 2));
    house.feed();
    assert_eq!(house.assert_clean().counts["documents"], 20);
}

#[test]
fn the_removal_of_a_list_goes_on_after_a_crash() {
    use galena::store::transactions::retention::{RemoveDeletedList, Removed};

    let mut house = House::new();
    let list = house.list_with("gone", 100);
    house.submit(DeleteList { scope: scope(), origin: house.origin(), id: list, expected: None });
    house.later(31 * DAY);
    let part = RemoveDeletedList { scope: scope(), origin: house.origin(), list, window: 30 * DAY, most: 33 };
    assert_eq!(house.submit(part.clone()), Removed { leads: 33, finished: false });
    house.assert_clean();
    house.engine = Arc::new(house.engine.durable_copy());
    house.store = open(&house.engine, &house.simulation);
    house.sweep = sweep(&house.store, &house.folder, keeping());
    house.round();
    assert_eq!(house.assert_clean().counts.get("leads"), None);
    assert_eq!(house.submit(part), Removed { leads: 0, finished: true }, "running it again changes nothing");
    assert!(!house.store.view().unwrap().has::<Leads>(&scope(), (Id::from_u64(1),)).unwrap());
}

#[test]
fn what_was_remembered_for_a_day_is_forgotten_after_it() {
    let mut house = House::new();
    let claim = Claim { scope: scope(), key_hash: [1; 32], request_hash: [2; 32], status: 201, at: house.origin().at };
    let list = List { name: "once".to_owned(), ..List::default() };
    let id: ListId = house.simulation.deps.ids.next();
    let inner = CreateList { scope: scope(), origin: house.origin(), id, list };
    house.submit(Once { claim: Some(claim), inner, location: |_| None });
    let until = house.origin().at.plus(DAY);
    let session = Session { user: UserId::from_u64(5), expires_at: until, ..Session::default() };
    house.submit(SignIn {
        origin: house.origin(),
        token_hash: [9; 32],
        session,
        verified: "unused".to_owned(),
        rehashed: None,
        replaces: None,
    });
    house.later(23 * HOUR);
    house.round();
    let rows = house.assert_clean().rows;
    assert_eq!((rows["idempotency"], rows["sessions"]), (1, 1));
    house.later(HOUR);
    house.round();
    let rows = house.assert_clean().rows;
    assert_eq!((rows["idempotency"], rows["sessions"]), (0, 0));
    assert!(house.store.view().unwrap().get_install::<Sessions>(([9; 32],)).unwrap().is_none());
}

#[test]
fn old_events_go_with_everything_that_finds_them() {
    let mut house = House::new();
    house.list_with("old", 20);
    house.later(999 * DAY);
    house.list_with("new", 5);
    house.later(2 * DAY);
    house.round();
    let report = house.assert_clean();
    // The list and its five leads, each found by the lead and by its list.
    assert_eq!((report.counts["events"], report.rows["event_subjects"]), (6, 11));
}

#[test]
fn an_upload_that_nobody_imports_goes_row_and_file() {
    let mut house = House::new();
    let id: UploadId = house.simulation.deps.ids.next();
    let origin = house.origin();
    house.submit(CreateUpload { scope: scope(), origin: origin.clone(), id, file_name: None, size: None });
    let file = house.folder.path().join("uploads").join(id.to_string());
    std::fs::write(&file, "email\n").unwrap();
    house.submit(AdvanceUpload { scope: scope(), origin, id, from: 0, to: 6, complete: true });
    house.later(23 * HOUR);
    house.round();
    assert!(file.exists());
    house.later(2 * HOUR);
    house.round();
    assert!(!file.exists());
    assert!(!house.store.view().unwrap().has::<Uploads>(&scope(), (id,)).unwrap());
}

#[test]
fn an_export_expires_then_its_file_goes_then_its_row() {
    let mut house = House::new();
    let id = house.simulation.deps.ids.next();
    let spec = ExportSpec { selection: ExportSelection::default(), ..ExportSpec::default() };
    house.submit(CreateExport { scope: scope(), origin: house.origin(), id, spec });
    let file = house.folder.path().join(format!("exports/{id}.csv"));
    std::fs::write(&file, "email\n").unwrap();
    let expires_at = house.origin().at.plus(DAY);
    let end = ExportEnd::Ready { rows: 0, bytes: 6, expires_at };
    house.submit(FinishExport { scope: scope(), origin: house.origin(), id, end });
    house.later(23 * HOUR);
    house.round();
    assert!(file.exists());
    house.later(2 * HOUR);
    house.round();
    assert!(!file.exists());
    let row = |house: &House| house.store.view().unwrap().get::<Exports>(&scope(), (id,)).unwrap();
    assert_eq!(row(&house).unwrap().state, ExportState::Expired);
    // A crash between row and file leaves the file to the next round.
    std::fs::write(&file, "email\n").unwrap();
    house.round();
    assert!(!file.exists());
    house.later(31 * DAY);
    house.round();
    assert_eq!(row(&house), None);
}

#[test]
fn a_file_that_nobody_knows_goes_after_a_grace_time() {
    let mut house = House::new();
    let real_now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = galena::domain::time::Time(i64::try_from(real_now.as_millis()).unwrap());
    house.simulation.clock.set_wall(now);
    let stray = house.folder.path().join("exports/stray.csv.part");
    std::fs::write(&stray, "x").unwrap();
    house.round();
    assert!(stray.exists());
    house.later(HOUR + Duration::from_secs(60));
    house.round();
    assert!(!stray.exists());
}

#[test]
fn an_index_that_fell_too_far_behind_is_passed_over_and_notices() {
    let house = House::new();
    house.list_with("many", 50);
    while !house.store.identity_is_flushed() {
        house.submit(FlushIdentity { store: house.store.clone(), most: 50 });
    }
    assert_eq!(
        house.submit(TrimOutbox { most: 1_000, max_entries: 50 }),
        0,
        "within the limit everybody is waited for"
    );
    assert_eq!(house.submit(TrimOutbox { most: 1_000, max_entries: 20 }), 30);
    let left = outbox::pending(&house.store.view().unwrap(), Lane::Live, 0, 1_000).unwrap();
    assert_eq!(left.len(), 20);
    let mut feed = Feed::resume(house.store.clone(), house.index.clone(), 15 << 20).unwrap();
    assert!(matches!(feed.step(), Err(FeedError::PassedOver)));
    let report = house.assert_clean();
    assert!(report.pending.iter().any(|pending| pending.code == "INDEX_BUILD"), "{report:?}");
    assert_eq!(Chore::ALL.len(), 16);
}
