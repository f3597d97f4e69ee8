//! Imports in the simulation: started, driven step by step, cancelled, undone, and cut off wherever a crash falls.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures::FutureExt;
use galena::actors::importer::hands::Hands;
use galena::actors::importer::intake::{IntakeLimits, inspect};
use galena::actors::importer::memory::WorkspaceMemory;
use galena::actors::importer::plan::ImportChoice;
use galena::actors::importer::spool::{Spool, SpoolMemory, SpoolPart};
use galena::actors::importer::work::{ImportRun, ImportWorker, Step};
use galena::config::Config;
use galena::domain::id::{ImportId, UploadId, WorkspaceId};
use galena::store::engine::Order;
use galena::store::records::import::{Buckets, DuplicateHandling, Import, ImportState};
use galena::store::tables::{ImportRejects, Imports, Leads};
use galena::store::transactions::import_undo::UndoImport;
use galena::store::transactions::imports::{CancelImport, ImportTarget, StartImport, open_imports};
use galena::store::transactions::lead_rows::RESTORE_WINDOW;
use galena::store::transactions::uploads::{AdvanceUpload, CreateUpload};
use galena::store::{Reads, Reject, Store, SubmitError, SystemScope, Urgency, View, WorkspaceScope};

use super::world::{ListState, World, scope};

/// Small, so that a file takes many steps.
const CHUNK_ROWS: usize = 6;

/// The files, which outlive a crash, and the imports in hand, which do not.
pub struct ImportDesk {
    spool: SpoolMemory,
    worker: ImportWorker,
    in_hand: BTreeMap<(WorkspaceId, ImportId), ImportRun>,
    /// Rows of the file, and what became of them once the import had ended.
    promised: BTreeMap<(WorkspaceId, ImportId), (u64, Option<Buckets>)>,
}

impl ImportDesk {
    pub fn new(store: &Store) -> Self {
        let spool = SpoolMemory::default();
        Self { worker: worker(store, &spool), spool, in_hand: BTreeMap::new(), promised: BTreeMap::new() }
    }

    /// After a crash: the files are there, and nothing is in hand.
    pub fn restart(&mut self, store: &Store) {
        self.in_hand.clear();
        self.worker = worker(store, &self.spool);
    }
}

fn worker(store: &Store, spool: &SpoolMemory) -> ImportWorker {
    let files: Arc<dyn Spool> = Arc::new(spool.clone());
    // Memory for many at once: a step never waits for another import.
    ImportWorker::new(store.clone(), files, Hands::Inline, CHUNK_ROWS, 1 << 30)
}

impl World {
    /// A file of some of the people that `add_leads` knows, some of them twice, and of rows that are nobody.
    fn import_file(&mut self) -> (String, u64) {
        let rows = 1 + self.below(40);
        let mut file = String::from("Email,City\n");
        for _ in 0..rows {
            match self.below(12) {
                0 => file.push_str(",nobody\n"),
                city => {
                    // Fewer than those, so that most are known, or come twice.
                    let person = self.below(300);
                    file.push_str(&format!("person{person}@acme{}.example,City {city}\n", person % 40));
                }
            }
        }
        (file, rows)
    }

    pub fn start_import(&mut self, scope: WorkspaceScope, step: u64) {
        let Some(list) = self.any_list(scope, ListState::Open) else { return };
        let (file, rows) = self.import_file();
        let upload: UploadId = self.simulation.deps.ids.next();
        let create = CreateUpload { scope, origin: self.origin(), id: upload, file_name: None, size: None };
        self.submit(create, Urgency::Interactive).expect("an upload is made");
        let mut written = self.imports.spool.write(upload, SpoolPart::Sent, 0).expect("the spool takes it");
        written.write_all(file.as_bytes()).expect("written");
        written.finish().expect("durable");
        let to = file.len() as u64;
        let advance = AdvanceUpload { scope, origin: self.origin(), id: upload, from: 0, to, complete: true };
        self.submit(advance, Urgency::Interactive).expect("the upload is complete");
        let duplicates = if self.below(2) == 0 { DuplicateHandling::Skip } else { DuplicateHandling::Update };
        let choice = ImportChoice { duplicates, ..ImportChoice::default() };
        let memory = WorkspaceMemory { store: self.store.clone(), scope };
        let limits = IntakeLimits::of(&Config::default());
        let inspected = inspect(&self.imports.spool, upload, &choice, &limits, &memory).expect("a readable file");
        assert_eq!(inspected.survey.rows, rows);
        let id: ImportId = self.simulation.deps.ids.next();
        let start = StartImport {
            scope,
            origin: self.origin(),
            id,
            upload,
            target: ImportTarget::List(list),
            plan: inspected.plan,
            total_rows: rows,
            edits: inspected.edits,
            remember: inspected.remember,
        };
        match self.submit(start, Urgency::Interactive) {
            Ok(_) => drop(self.imports.promised.insert((scope.workspace(), id), (rows, None))),
            Err(error) => panic!("step {step}: {error}"),
        }
        self.note(format!("{step}: import {id} of {rows} rows into {list}"));
    }

    /// One step of one of the imports that have something to do.
    pub fn drive_import(&mut self, step: u64) {
        let system = SystemScope::for_the_house();
        let open = open_imports(&self.store.view().expect("a view"), system).expect("readable");
        let at = self.below(open.len() as u64) as usize;
        let Some((scope, id)) = open.get(at).copied() else { return };
        let key = (scope.workspace(), id);
        let worker = &self.imports.worker;
        let run = self.imports.in_hand.entry(key).or_insert_with(|| worker.run(scope, id));
        let went = run.step().now_or_never().expect("a step waits for nobody");
        if !matches!(went, Ok(Step::Went | Step::Held)) {
            self.imports.in_hand.remove(&key);
        }
        self.note(format!("{step}: a step of {id}: {went:?}"));
    }

    fn any_import(&mut self) -> Option<(WorkspaceScope, ImportId)> {
        let at = self.below(self.imports.promised.len() as u64) as usize;
        let ((workspace, id), _) = self.imports.promised.iter().nth(at)?;
        Some((scope(*workspace), *id))
    }

    pub fn cancel_import(&mut self, step: u64) {
        let Some((scope, id)) = self.any_import() else { return };
        let cancel = CancelImport { scope, origin: self.origin(), id };
        match self.submit(cancel, Urgency::Interactive) {
            Ok(row) => self.note_end(scope, id, &row),
            Err(SubmitError::Rejected(Reject::Conflict(_))) => {}
            Err(error) => panic!("step {step}: {error}"),
        }
        self.note(format!("{step}: cancel {id}"));
    }

    pub fn undo_import(&mut self, step: u64) {
        let Some((scope, id)) = self.any_import() else { return };
        let undo = UndoImport { scope, origin: self.origin(), id, window: RESTORE_WINDOW };
        match self.submit(undo, Urgency::Interactive) {
            Ok(_) | Err(SubmitError::Rejected(Reject::Conflict(_))) => {}
            Err(error) => panic!("step {step}: {error}"),
        }
        self.note(format!("{step}: undo {id}"));
    }

    fn note_end(&mut self, scope: WorkspaceScope, id: ImportId, row: &Import) {
        if let Some((_, ended)) = self.imports.promised.get_mut(&(scope.workspace(), id)) {
            ended.get_or_insert(row.results);
        }
    }

    /// Every row of every import in one bucket, and in none once the import has ended otherwise.
    pub fn audit_imports(&mut self, view: &View) {
        let promised = std::mem::take(&mut self.imports.promised);
        let created = leads_by_import(view);
        for ((workspace, id), (rows, ended)) in promised {
            let within = scope(workspace);
            let row = view.get::<Imports>(&within, (id,)).expect("readable");
            let row = row.unwrap_or_else(|| panic!("acknowledged import {id} is gone"));
            assert!(row.processed() <= rows, "{id} has more rows than its file");
            if row.state == ImportState::Completed {
                assert_eq!((row.processed(), row.total_rows), (rows, rows), "{id}");
            }
            if let Some(ended) = ended {
                assert_eq!(row.results, ended, "{id} went on after its end");
            }
            let mut rejected = 0;
            view.scan::<ImportRejects>(&within, &(id,), Order::Ascending, &mut |_, _| {
                rejected += 1;
                ControlFlow::Continue(())
            })
            .expect("readable");
            assert_eq!(rejected, row.results.rejected, "{id}");
            audit_created(id, &row, created.get(&(workspace, id)).copied().unwrap_or(0));
            let ended = if row.state.is_open() { None } else { Some(row.results) };
            self.imports.promised.insert((workspace, id), (rows, ended));
        }
    }

    /// Drives every import to its end.
    pub fn finish_imports(&mut self) {
        let system = SystemScope::for_the_house();
        for turn in 0_u64.. {
            let open = open_imports(&self.store.view().expect("a view"), system).expect("readable");
            if open.is_empty() {
                return;
            }
            assert!(turn < 1_000_000, "imports do not end: {open:?}");
            self.drive_import(turn);
            if self.store.identity_is_full() {
                self.flush_identity();
            }
        }
    }
}

/// How many of the leads that are there come from each import.
fn leads_by_import(view: &View) -> BTreeMap<(WorkspaceId, ImportId), u64> {
    let mut theirs = BTreeMap::new();
    view.scan_all::<Leads>(&mut |workspace, _, lead| {
        if let Some(origin) = lead.origin {
            *theirs.entry((workspace, origin.import)).or_default() += 1;
        }
        ControlFlow::Continue(())
    })
    .expect("readable");
    theirs
}

/// No more leads come from an import than it says it created, and after its undo none but those that were kept.
fn audit_created(id: ImportId, row: &Import, theirs: u64) {
    assert!(theirs <= row.results.created, "{id} made {theirs} leads and tells of {}", row.results.created);
    if let Some(undo) = row.undo.as_ref().filter(|undo| undo.completed_at.is_some()) {
        assert!(theirs <= undo.kept, "{theirs} leads of {id} are there after its undo, {} were kept", undo.kept);
    }
}
