//! Exports: what comes out goes in again with the same text, and a file is whole or not there.

use std::time::Duration;

use futures::FutureExt;
use galena::actors::exporter::{ExportError, ExportWorker};
use galena::actors::importer::hands::Hands;
use galena::domain::id::{ExportId, ListId};
use galena::domain::lead::Lead;
use galena::store::directory::DataDirectory;
use galena::store::records::export::{Export, ExportFormat, ExportSelection, ExportSpec, ExportState};
use galena::store::records::import::DuplicateHandling;
use galena::store::tables::Exports;
use galena::store::transactions::exports::CreateExport;
use galena::store::transactions::lists::DeleteList;
use galena::store::{Reads, SystemScope, Urgency};
use tokio_util::sync::CancellationToken;

use crate::import_fixture::{House, choice, scope};

pub struct Desk {
    pub house: House,
    folder: tempfile::TempDir,
    worker: ExportWorker,
}

impl Desk {
    pub fn over(house: House) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("exports")).unwrap();
        let worker = ExportWorker {
            store: house.store.clone(),
            system: SystemScope::for_the_house(),
            directory: DataDirectory::new(folder.path()),
            ttl: Duration::from_secs(3_600),
            hands: Hands::Inline,
            halt: CancellationToken::new(),
        };
        Self { house, folder, worker }
    }

    pub fn worker_halt(&self) -> &CancellationToken {
        &self.worker.halt
    }

    /// As it starts again when its process was killed now.
    pub fn restarted(self) -> Self {
        let house = self.house.after_a_crash();
        let worker = ExportWorker { store: house.store.clone(), halt: CancellationToken::new(), ..self.worker };
        Self { house, worker, ..self }
    }

    pub async fn list(&self, name: &str, csv: &str) -> ListId {
        let list = self.house.named_list(name).await;
        self.house.import(list, csv.as_bytes(), &choice(DuplicateHandling::Create)).await;
        list
    }

    pub async fn ask(&self, spec: ExportSpec) -> ExportId {
        let (origin, id) = (self.house.origin(), self.house.deps.ids.next());
        let create = CreateExport { scope: scope(), origin, id, spec };
        self.house.store.submit(create, Urgency::Interactive).await.unwrap().out
    }

    pub fn row(&self, id: ExportId) -> Export {
        self.house.store.view().unwrap().get::<Exports>(&scope(), (id,)).unwrap().unwrap()
    }

    pub fn file(&self, id: ExportId) -> std::path::PathBuf {
        self.folder.path().join("exports").join(self.row(id).file_name(id))
    }

    pub fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("exports")).unwrap().count()
    }

    pub fn run_all(&self) -> Result<(), ExportError> {
        let open = self.worker.open(&self.house.store.view().unwrap()).unwrap();
        open.into_iter().try_for_each(|export| self.worker.run(export).now_or_never().unwrap().map(drop))
    }

    pub async fn export(&self, spec: ExportSpec) -> String {
        let id = self.ask(spec).await;
        self.run_all().unwrap();
        assert_eq!(self.row(id).state, ExportState::Ready, "{:?}", self.row(id));
        std::fs::read_to_string(self.file(id)).unwrap()
    }
}

pub fn of_list(list: ListId) -> ExportSpec {
    ExportSpec {
        selection: ExportSelection { list: Some(list), ..ExportSelection::default() },
        ..ExportSpec::default()
    }
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Payloads of published lists for CSV injection, and text that is often broken on the way.
const PAYLOADS: [&str; 14] = [
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "'=1+1",
    "''@x",
    "'tis",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "Zoë Łukasz 山田 🧪",
    "e\u{301}cole \u{200b}x",
    "a,b\"c\"",
    "two\nlines",
    "-",
    "Nice; here\ttoo",
];

#[tokio::test]
async fn what_comes_out_goes_in_again_with_the_same_text() {
    let desk = Desk::over(House::new());
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(["Email", "Company", "Job Title", "Fair", "City"]).unwrap();
    for (number, payload) in PAYLOADS.iter().enumerate() {
        // As a careful program writes it: with the mark in front.
        let cell = galena::domain::cell::neutralise(payload);
        let email = format!("p{number}@acme.example");
        file.write_record([email.as_str(), cell.as_ref(), cell.as_ref(), cell.as_ref(), "Köln"]).unwrap();
    }
    let csv = String::from_utf8(file.into_inner().unwrap()).unwrap();
    let first = desk.list("first", &csv).await;
    let before = desk.house.leads();
    assert_eq!(before.len(), PAYLOADS.len());
    for ((_, lead), payload) in before.iter().zip(PAYLOADS) {
        assert_eq!(lead.job_title.as_deref(), Some(payload));
        assert_eq!(lead.custom_field("Fair"), Some(payload));
    }

    let fields = ["email", "companyName", "jobTitle", "Fair", "city"].map(str::to_owned).to_vec();
    let exported = desk.export(ExportSpec { fields, ..of_list(first) }).await;
    for cell in rows(&exported).concat() {
        assert!(!cell.starts_with(['=', '+', '@']), "{cell:?} would be run by a spreadsheet");
    }
    let second = desk.list("second", &exported).await;
    let text = |lead: &Lead| Lead {
        list: ListId::default(),
        origin: None,
        created_at: Default::default(),
        updated_at: Default::default(),
        ..lead.clone()
    };
    let after = desk.house.leads();
    let again: Vec<Lead> = after.iter().filter(|(_, lead)| lead.list == second).map(|(_, lead)| text(lead)).collect();
    let was: Vec<Lead> = before.iter().map(|(_, lead)| text(lead)).collect();
    assert_eq!(again, was);
}

#[tokio::test]
async fn a_table_without_a_choice_has_every_field_and_every_custom_field_once() {
    let desk = Desk::over(House::new());
    let list = desk.list("people", "email,Fair,Score\na@acme.example,Köln,\nb@acme.example,,7\n").await;
    let table = rows(&desk.export(of_list(list)).await);
    let header = &table[0];
    assert_eq!((header[0].as_str(), header.len()), ("email", 30));
    assert_eq!(header[28..], ["Fair", "Score"]);
    assert_eq!(table[1][28..], ["Köln", ""]);
    assert_eq!(table[2][28..], ["", "7"]);
    assert_eq!(table.len(), 3);
    let json = desk.export(ExportSpec { format: ExportFormat::Json, ..of_list(list) }).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json[0]["Fair"].as_str(), json[0].get("phone")), (Some("Köln"), None));
    assert!(json[1]["qualityScore"].is_u64());
    let lines = desk.export(ExportSpec { format: ExportFormat::Ndjson, ..of_list(list) }).await;
    assert_eq!(lines.lines().count(), 2);
    let empty = desk.house.named_list("empty").await;
    assert_eq!(rows(&desk.export(of_list(empty)).await).len(), 1, "the header alone");
    let json = desk.export(ExportSpec { format: ExportFormat::Json, ..of_list(empty) }).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), serde_json::json!([]));
}

#[tokio::test]
async fn the_selection_decides_which_leads() {
    let desk = Desk::over(House::new());
    let list = desk.list("a", "email,city\na1@acme.example,Bonn\na2@acme.example,Köln\na3@acme.example,Bonn\n").await;
    let other = desk.list("b", "email,city\nb1@acme.example,Bonn\n").await;
    let leads = desk.house.leads();
    let emails = async |selection: ExportSelection| {
        let spec = ExportSpec { selection, fields: vec!["email".to_owned()], ..ExportSpec::default() };
        let table = rows(&desk.export(spec).await);
        table[1..].iter().map(|row| row[0].split('@').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let all = ExportSelection::default;
    assert_eq!(emails(all()).await, "a1 a2 a3 b1");
    let filter = Some(r#"{"field":"city","op":"eq","value":"bonn"}"#.to_owned());
    assert_eq!(emails(ExportSelection { filter: filter.clone(), ..all() }).await, "a1 a3 b1");
    let except = vec![leads[0].0];
    assert_eq!(emails(ExportSelection { list: Some(list), filter, except, ..all() }).await, "a3");
    let ids = Some(vec![leads[3].0, leads[1].0, leads[1].0, galena::domain::id::Id::from_u64(1)]);
    assert_eq!(emails(ExportSelection { ids, ..all() }).await, "a2 b1");
    assert_eq!(emails(ExportSelection { enriched_only: true, ..all() }).await, "");
    let delete = DeleteList { scope: scope(), origin: desk.house.origin(), id: other, expected: None };
    desk.house.store.submit(delete, Urgency::Interactive).await.unwrap();
    assert_eq!(emails(all()).await, "a1 a2 a3");
}

#[tokio::test]
async fn the_original_columns_come_as_they_were() {
    let desk = Desk::over(House::new());
    let list = desk.list("people", "E-Mail,Name\n Ada@ACME.example ,\"Lovelace, Ada\"\nbob@acme.example,\n").await;
    let fields = vec!["email".to_owned(), "fullName".to_owned()];
    let table = rows(&desk.export(ExportSpec { fields, include_original: true, ..of_list(list) }).await);
    assert_eq!(table[0], ["email", "fullName", "original.E-Mail", "original.Name"]);
    assert_eq!(table[1], ["ada@acme.example", "Ada Lovelace", " Ada@ACME.example ", "Lovelace, Ada"]);
    assert_eq!(table[2], ["bob@acme.example", "", "bob@acme.example", ""]);
}

#[tokio::test]
async fn a_file_is_whole_or_not_there_and_a_start_writes_it_anew() {
    let desk = Desk::over(House::new());
    let list = desk.list("people", "email\na@acme.example\nb@acme.example\n").await;
    let id = desk.ask(of_list(list)).await;
    desk.worker.halt.cancel();
    assert!(matches!(desk.run_all(), Err(ExportError::Stopped)));
    assert_eq!((desk.files(), desk.row(id).state), (0, ExportState::Pending));
    // Killed while it wrote: the half file stays under a name that nobody serves.
    std::fs::write(desk.folder.path().join(format!("exports/{id}.csv.1.part")), "email\na@ac").unwrap();
    let desk = desk.restarted();
    assert!(!desk.file(id).exists());
    desk.run_all().unwrap();
    let row = desk.row(id);
    assert_eq!((row.state, row.rows), (ExportState::Ready, 2));
    assert_eq!(std::fs::metadata(desk.file(id)).unwrap().len(), row.bytes);
    assert!(row.is_downloadable(desk.house.deps.clock.now()));

    // A folder that cannot be written: the export says so and nothing is retried for ever.
    let id = desk.ask(of_list(list)).await;
    std::fs::remove_dir_all(desk.folder.path().join("exports")).unwrap();
    desk.run_all().unwrap();
    let row = desk.row(id);
    assert_eq!(row.state, ExportState::Failed);
    assert!(row.error.unwrap().contains("cannot be written"));
}

#[tokio::test]
async fn leads_that_lie_far_apart_are_found_as_those_side_by_side() {
    let desk = Desk::over(House::new());
    let csv = |name: &str, rows: std::ops::Range<usize>| {
        rows.fold("email\n".to_owned(), |csv, row| csv + &format!("{name}{row:04}@acme.example\n"))
    };
    let apart = desk.list("apart", &csv("a", 0..5)).await;
    // More than a walk passes over, then a stretch where the two take turns.
    desk.list("between", &csv("b", 0..700)).await;
    let between = desk.house.named_list("turns").await;
    for turn in 0..4 {
        let (from, to) = (5 + turn * 50, 55 + turn * 50);
        desk.house.import(apart, csv("a", from..to).as_bytes(), &choice(DuplicateHandling::Create)).await;
        desk.house.import(between, csv("c", from..to).as_bytes(), &choice(DuplicateHandling::Create)).await;
    }
    for (list, first, rows) in [(apart, "a0000", 205), (between, "c0005", 200)] {
        let fields = vec!["email".to_owned()];
        let table = rows_of(&desk.export(ExportSpec { fields, ..of_list(list) }).await);
        assert_eq!((table.len(), &table[0][..5]), (rows, first));
        assert!(table.is_sorted(), "each once and in order");
    }
}

fn rows_of(csv: &str) -> Vec<String> {
    rows(csv).into_iter().skip(1).map(|row| row[0].clone()).collect()
}
