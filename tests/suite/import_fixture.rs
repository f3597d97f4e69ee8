//! A store in memory with files to import, the Importer driven by hand on the test's own thread.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use galena::actors::importer::hands::Hands;
use galena::actors::importer::intake::{Inspected, IntakeLimits, inspect};
use galena::actors::importer::memory::WorkspaceMemory;
use galena::actors::importer::plan::ImportChoice;
use galena::actors::importer::problem::FileProblem;
use galena::actors::importer::spool::{Spool, SpoolMemory, SpoolPart};
use galena::actors::importer::work::{ImportRun, ImportWorker, Step};
use galena::config::Config;
use galena::deps::{Deps, Simulation};
use galena::domain::id::{Id, ImportId, LeadId, ListId, UploadId, WorkspaceId};
use galena::domain::lead::Lead;
use galena::domain::list::List;
use galena::store::engine::{Engine, MemoryEngine, Order};
use galena::store::records::import::{DuplicateHandling, Import};
use galena::store::tables::{Imports, Leads, TABLE_NAMES};
use galena::store::transactions::imports::{ImportTarget, StartImport};
use galena::store::transactions::lists::CreateList;
use galena::store::transactions::uploads::{AdvanceUpload, CreateUpload};
use galena::store::{
    Counter, IdentityHasher, Origin, Reads, Store, StoreOptions, SystemScope, Urgency, WorkspaceScope,
};

pub struct House {
    pub engine: Arc<MemoryEngine>,
    pub store: Store,
    pub deps: Deps,
    pub spool: SpoolMemory,
    pub worker: ImportWorker,
}

pub fn scope() -> WorkspaceScope {
    SystemScope::for_the_house().within(WorkspaceId::from_u64(1))
}

pub fn choice(duplicates: DuplicateHandling) -> ImportChoice {
    ImportChoice { duplicates, ..ImportChoice::default() }
}

impl House {
    pub fn new() -> Self {
        Self::over(Arc::new(MemoryEngine::new(TABLE_NAMES)), Simulation::from_seed(3).deps, SpoolMemory::default())
    }

    fn over(engine: Arc<MemoryEngine>, deps: Deps, spool: SpoolMemory) -> Self {
        let plain: Arc<dyn Engine> = engine.clone();
        let (store, core) =
            Store::open(plain, deps.clone(), IdentityHasher::new([9; 32]), StoreOptions::default()).unwrap();
        store.serve_inline(core);
        let files: Arc<dyn Spool> = Arc::new(spool.clone());
        let worker = ImportWorker::new(store.clone(), files, Hands::Inline, 100, 32 << 20);
        Self { engine, store, deps, spool, worker }
    }

    /// The house as it starts again when its process was killed now: what was durable, and the files.
    pub fn after_a_crash(&self) -> Self {
        Self::over(Arc::new(self.engine.durable_copy()), self.deps.clone(), self.spool.clone())
    }

    pub fn origin(&self) -> Origin {
        Origin::system(self.deps.clock.now())
    }

    pub async fn list(&self, list: List) -> ListId {
        let create = CreateList { scope: scope(), origin: self.origin(), id: self.deps.ids.next(), list };
        self.store.submit(create, Urgency::Interactive).await.unwrap().out
    }

    pub async fn named_list(&self, name: &str) -> ListId {
        self.list(List { name: name.to_owned(), ..List::default() }).await
    }

    pub async fn upload(&self, bytes: &[u8]) -> UploadId {
        let id: UploadId = self.deps.ids.next();
        let create = CreateUpload {
            scope: scope(),
            origin: self.origin(),
            id,
            file_name: Some("leads.csv".to_owned()),
            size: Some(bytes.len() as u64),
        };
        self.store.submit(create, Urgency::Interactive).await.unwrap();
        let mut file = self.spool.write(id, SpoolPart::Sent, 0).unwrap();
        file.write_all(bytes).unwrap();
        file.finish().unwrap();
        let advance = AdvanceUpload {
            scope: scope(),
            origin: self.origin(),
            id,
            from: 0,
            to: bytes.len() as u64,
            complete: true,
        };
        self.store.submit(advance, Urgency::Interactive).await.unwrap();
        id
    }

    pub fn inspect(&self, upload: UploadId, choice: &ImportChoice) -> Result<Inspected, FileProblem> {
        let memory = WorkspaceMemory { store: self.store.clone(), scope: scope() };
        inspect(&self.spool, upload, choice, &IntakeLimits::of(&Config::default()), &memory)
    }

    /// Starts an import and does not drive it.
    pub async fn start(&self, list: ListId, bytes: &[u8], choice: &ImportChoice) -> ImportId {
        let upload = self.upload(bytes).await;
        let inspected = self.inspect(upload, choice).unwrap();
        let start = StartImport {
            scope: scope(),
            origin: self.origin(),
            id: self.deps.ids.next(),
            upload,
            target: ImportTarget::List(list),
            plan: inspected.plan,
            total_rows: inspected.survey.rows,
            edits: inspected.edits,
            remember: inspected.remember,
        };
        let id = start.id;
        self.store.submit(start, Urgency::Interactive).await.unwrap();
        id
    }

    pub fn run(&self, id: ImportId) -> ImportRun {
        self.worker.run(scope(), id)
    }

    pub async fn drive(&self, id: ImportId) -> Import {
        let mut run = self.run(id);
        while run.step().await.unwrap() != Step::Ended {}
        self.import_row(id)
    }

    pub async fn import(&self, list: ListId, bytes: &[u8], choice: &ImportChoice) -> (ImportId, Import) {
        let id = self.start(list, bytes, choice).await;
        (id, self.drive(id).await)
    }

    pub fn import_row(&self, id: ImportId) -> Import {
        self.store.view().unwrap().get::<Imports>(&scope(), (id,)).unwrap().unwrap()
    }

    /// Every lead of the workspace in the order of ids.
    pub fn leads(&self) -> Vec<(LeadId, Lead)> {
        let mut leads = Vec::new();
        let view = self.store.view().unwrap();
        view.scan::<Leads>(&scope(), &(), Order::Ascending, &mut |(id,), lead| {
            leads.push((id, lead));
            ControlFlow::Continue(())
        })
        .unwrap();
        leads
    }

    pub fn count(&self, list: ListId) -> i64 {
        let (kind, subject) = Counter::ListLeads(list).key();
        self.store.view().unwrap().stored_counter(&scope(), kind, subject).unwrap()
    }
}

/// created, updated, skipped, rejected.
pub fn buckets(import: &Import) -> [u64; 4] {
    let results = import.results;
    [results.created, results.updated, results.skipped, results.rejected]
}
