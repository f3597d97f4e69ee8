//! Every row of a file in exactly one bucket, judged by the match rule inside the transaction that writes it.

use std::ops::ControlFlow;

use galena::actors::importer::dry_run::{Target, dry_run};
use galena::actors::indexer::feed::{Fed, Feed};
use galena::domain::lead::{ImportOrigin, Lead};
use galena::domain::list::{DedupeScope, IdentityDemand, List};
use galena::search::{ListScope, SearchIndex, SearchRequest, SearchScope};
use galena::store::engine::Order;
use galena::store::originals::original_of;
use galena::store::records::import::{DuplicateHandling, ImportState, UpdatePolicy};
use galena::store::tables::{ImportRejects, Lists, PossibleDuplicates};
use galena::store::transactions::leads::{AddLeads, OnDuplicate};
use galena::store::transactions::lists::DeleteList;
use galena::store::{Lane, Reads, Urgency, outbox};
use serde_json::Value;

use super::import_fixture::{House, buckets, choice, scope};
use super::shared_data;

const SAMPLE: &[u8] = include_bytes!("../../src/cli/demo/sample.csv");
const EXPECTED: &str = include_str!("../../src/cli/demo/sample-expected.json");
const FIVE_ROWS: &[u8] = include_bytes!("../fixtures/five-rows.csv");
const SEMICOLON: &[u8] = include_bytes!("../fixtures/semicolon.csv");

fn rejected_rows(house: &House, import: galena::domain::id::ImportId) -> Vec<(u64, u64, Vec<String>)> {
    let mut rows = Vec::new();
    let view = house.store.view().unwrap();
    view.scan::<ImportRejects>(&scope(), &(import,), Order::Ascending, &mut |(_, row), rejected| {
        rows.push((row + 1, rejected.line, rejected.cells));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

#[tokio::test]
async fn the_sample_of_the_demo_comes_out_as_described() {
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let count = |key: &str| expected[key].as_u64().unwrap();
    let house = House::new();
    let list = house.named_list("fairs").await;
    let (id, import) = house.import(list, SAMPLE, &choice(DuplicateHandling::Skip)).await;
    assert_eq!(import.state, ImportState::Completed);
    assert_eq!((import.total_rows, import.processed()), (count("rows"), count("rows")));
    assert_eq!(buckets(&import), [count("created"), 0, count("duplicates"), count("rejected")]);
    assert_eq!(import.duplicates, count("duplicates"));
    assert_eq!(house.count(list), i64::try_from(count("created")).unwrap());
    assert_eq!(house.leads().len() as u64, count("created"));
    let rejected: Vec<u64> = rejected_rows(&house, id).into_iter().map(|(row, ..)| row).collect();
    assert_eq!(serde_json::json!(rejected), expected["rejectedRows"]);
    let duplicates: u64 =
        import.reasons.counts.iter().filter(|(name, _)| name.starts_with("duplicate_")).map(|(_, n)| n).sum();
    assert_eq!(duplicates + import.reasons.of("no_identity"), count("duplicates") + count("rejected"));
    assert!(import.possible_duplicates >= 1, "the row called `two leads`");
    // A second time nobody is new.
    let (_, again) = house.import(list, SAMPLE, &choice(DuplicateHandling::Skip)).await;
    assert_eq!(buckets(&again), [0, 0, count("rows") - count("rejected"), count("rejected")]);
}

#[tokio::test]
async fn the_shared_leads_are_all_accounted_for() {
    let Some(file) = shared_data::read("data/leads/leads-10000.csv") else { return };
    let house = House::new();
    let list = house.named_list("shared").await;
    let (_, import) = house.import(list, file.as_bytes(), &choice(DuplicateHandling::Skip)).await;
    assert_eq!((import.state, import.total_rows, import.processed()), (ImportState::Completed, 10_000, 10_000));
    assert_eq!(house.count(list), i64::try_from(import.results.created).unwrap());
    assert!(import.results.created > 9_900, "{:?} {:?}", import.results, import.reasons);
    let (_, again) = house.import(list, file.as_bytes(), &choice(DuplicateHandling::Update)).await;
    assert_eq!(again.results.created, 0);
    assert_eq!(again.processed(), 10_000);
}

#[tokio::test]
async fn small_files_are_read_right() {
    let house = House::new();
    let list = house.named_list("five").await;
    let (id, import) = house.import(list, FIVE_ROWS, &choice(DuplicateHandling::Skip)).await;
    assert_eq!(buckets(&import), [3, 0, 1, 1]);
    assert_eq!(rejected_rows(&house, id), [(4, 5, ["", "Nobody", "", ""].map(str::to_owned).to_vec())]);

    let german = house.named_list("semikolon").await;
    let (_, import) = house.import(german, SEMICOLON, &choice(DuplicateHandling::Skip)).await;
    let rows = import.total_rows;
    assert_eq!(import.results.created, rows);
    let (_, lead) = house.leads().into_iter().find(|(_, lead)| lead.list == german).unwrap();
    assert_eq!(lead.company_name.as_deref(), Some("Grün; Söhne GmbH"));
    assert_eq!(lead.custom_field("Notiz"), Some("erste Zeile\r\nzweite Zeile"));
}

#[tokio::test]
async fn the_original_row_stands_beside_the_clean_one() {
    let house = House::new();
    let list = house.named_list("originals").await;
    let mut file = String::from("Email,Note\n");
    for row in 0..700 {
        file.push_str(&format!("  Person{row}@Acme.example ,'=note {row}\n"));
    }
    let (id, import) = house.import(list, file.as_bytes(), &choice(DuplicateHandling::Skip)).await;
    assert_eq!(import.results.created, 700);
    let view = house.store.view().unwrap();
    for row in [0, 99, 100, 255, 256, 699] {
        let original = original_of(&view, &scope(), ImportOrigin { import: id, row }).unwrap().unwrap();
        let expected = [
            ("Email".to_owned(), format!("  Person{row}@Acme.example ")),
            ("Note".to_owned(), format!("'=note {row}")),
        ];
        assert_eq!(original, expected);
    }
    assert_eq!(original_of(&view, &scope(), ImportOrigin { import: id, row: 700 }).unwrap(), None);
    let (_, lead) = &house.leads()[3];
    assert_eq!(lead.email.as_deref(), Some("person3@acme.example"));
    assert_eq!(lead.custom_field("Note"), Some("=note 3"));
}

#[tokio::test]
async fn a_bad_cell_never_costs_the_row() {
    let house = House::new();
    let list = house.named_list("cells").await;
    let file = b"Name,Company,Email,Phone\nAda Byron,Acme,not an address,123\nBob Roe,Acme,bob@acme.example,\n";
    let (_, import) = house.import(list, file, &choice(DuplicateHandling::Skip)).await;
    assert_eq!(buckets(&import), [2, 0, 0, 0]);
    assert_eq!(import.cell_errors, 2);
    let error = &import.errors[0];
    assert_eq!((error.row, error.line, error.field.as_deref()), (1, 2, Some("email")));
    assert_eq!((error.code.as_str(), error.column.as_deref()), ("INVALID_EMAIL", Some("Email")));
}

#[tokio::test]
async fn update_keeps_fills_and_overwrites_as_asked() {
    let house = House::new();
    let list = house.named_list("update").await;
    house.import(list, b"Email,Title,City\nada@acme.example,CEO,\n", &choice(DuplicateHandling::Skip)).await;
    let mut update = choice(DuplicateHandling::Update);
    update.on_update.insert("jobTitle".to_owned(), UpdatePolicy::Keep);
    update.on_update.insert("city".to_owned(), UpdatePolicy::Fill);
    let (_, import) =
        house.import(list, b"Email,Title,City,Fair\nada@acme.example,CTO,Berlin,Hannover\n", &update).await;
    assert_eq!(buckets(&import), [0, 1, 0, 0]);
    let (_, lead) = &house.leads()[0];
    let fields = (lead.job_title.as_deref(), lead.city.as_deref(), lead.custom_field("Fair"), lead.version);
    assert_eq!(fields, (Some("CEO"), Some("Berlin"), Some("Hannover"), 2));
    // The same once more changes nothing, and says so.
    let (_, import) = house.import(list, b"Email,Title,City,Fair\nada@acme.example,CTO,Bonn,Hannover\n", &update).await;
    assert_eq!((buckets(&import), import.reasons.of("unchanged")), ([0, 1, 0, 0], 1));
    assert_eq!(house.leads()[0].1.version, 2);
}

#[tokio::test]
async fn create_makes_a_second_lead_on_purpose() {
    let house = House::new();
    let list = house.named_list("twice").await;
    let (_, import) =
        house.import(list, b"Email\na@acme.example\na@acme.example\n", &choice(DuplicateHandling::Create)).await;
    assert_eq!(buckets(&import), [2, 0, 0, 0]);
}

#[tokio::test]
async fn the_scope_of_duplicates_is_the_list_or_the_workspace() {
    let house = House::new();
    let first = house.named_list("first").await;
    let alone = house.named_list("alone").await;
    let wide = List { name: "wide".to_owned(), dedupe_scope: DedupeScope::Workspace, ..List::default() };
    let wide = house.list(wide).await;
    let skip = choice(DuplicateHandling::Skip);
    let file = b"Email,City\nada@acme.example,Bonn\n";
    assert_eq!(buckets(&house.import(first, file, &skip).await.1), [1, 0, 0, 0]);
    assert_eq!(buckets(&house.import(alone, file, &skip).await.1), [1, 0, 0, 0]);
    assert_eq!(buckets(&house.import(wide, file, &skip).await.1), [0, 0, 1, 0]);
    let (_, updated) =
        house.import(wide, b"Email,City\nada@acme.example,Ulm\n", &choice(DuplicateHandling::Update)).await;
    assert_eq!((buckets(&updated), updated.reasons.of("updated_in_another_list")), ([0, 1, 0, 0], 1));
    assert_eq!(house.leads()[0].1.city.as_deref(), Some("Ulm"), "the lowest number decides");
    // The leads of a deleted list are nobody's duplicates.
    for list in [first, alone] {
        let delete = DeleteList { scope: scope(), origin: house.origin(), id: list, expected: None };
        house.store.submit(delete, Urgency::Interactive).await.unwrap();
    }
    assert_eq!(buckets(&house.import(wide, file, &skip).await.1), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_list_may_demand_an_identity() {
    let house = House::new();
    let list = List { name: "mail".to_owned(), identity: IdentityDemand::Email, ..List::default() };
    let list = house.list(list).await;
    let file = b"Name,Company,Email\nAda Byron,Acme,\nBob Roe,Acme,bob@acme.example\n";
    let (_, import) = house.import(list, file, &choice(DuplicateHandling::Skip)).await;
    assert_eq!((buckets(&import), import.reasons.of("no_email")), ([1, 0, 0, 1], 1));
}

#[tokio::test]
async fn keys_of_several_leads_are_possible_duplicates() {
    let house = House::new();
    let list = house.named_list("several").await;
    let file = b"Email,LinkedIn\na@acme.example,\n,https://www.linkedin.com/in/bea-gd1\na@acme.example,https://www.linkedin.com/in/bea-gd1\n";
    let (_, import) = house.import(list, file, &choice(DuplicateHandling::Skip)).await;
    assert_eq!((buckets(&import), import.possible_duplicates), ([2, 0, 1, 0], 1));
    let leads = house.leads();
    let view = house.store.view().unwrap();
    assert!(view.get::<PossibleDuplicates>(&scope(), (leads[0].0, leads[1].0)).unwrap().is_some());
}

#[tokio::test]
async fn eight_imports_of_one_shuffled_file_and_the_api_give_one_lead_per_identity() {
    let house = House::new();
    let list = house.named_list("race").await;
    let rows: Vec<String> = (0..300).map(|n| format!("p{n}@acme{}.example,Name{n},Last{n}\n", n % 40)).collect();
    let mut ids = Vec::new();
    for turn in 0..8 {
        let mut shuffled = rows.clone();
        for place in (1..shuffled.len()).rev() {
            let other = usize::try_from(house.deps.random.u64() % (place as u64 + 1)).unwrap();
            shuffled.swap(place, other);
        }
        let file = format!("Email,First Name,Last Name\n{}", shuffled.concat());
        ids.push((turn, house.start(list, file.as_bytes(), &choice(DuplicateHandling::Skip)).await));
    }
    let mut runs: Vec<_> = ids.iter().map(|(_, id)| house.run(*id)).collect();
    let mut open = runs.len();
    let mut added = 0;
    while open > 0 {
        open = 0;
        for run in &mut runs {
            if run.step().await.unwrap() != galena::actors::importer::work::Step::Ended {
                open += 1;
            }
            let person = house.deps.random.u64() % 300;
            let lead = Lead { email: Some(format!("p{person}@acme{}.example", person % 40)), ..Lead::default() };
            let add = AddLeads {
                scope: scope(),
                origin: house.origin(),
                list,
                rows: vec![(house.deps.ids.next(), lead)],
                on_duplicate: OnDuplicate::Skip,
            };
            let answers = house.store.submit(add, Urgency::Interactive).await.unwrap().out;
            added += u64::from(matches!(answers[0], galena::store::transactions::leads::Added::Created { .. }));
        }
    }
    let imports: Vec<_> = ids.iter().map(|(_, id)| house.import_row(*id)).collect();
    assert!(imports.iter().all(|import| import.state == ImportState::Completed && import.processed() == 300));
    let created: u64 = imports.iter().map(|import| import.results.created).sum();
    assert_eq!((created + added, house.leads().len()), (300, 300));
    assert_eq!(house.count(list), 300);
}

#[tokio::test]
async fn created_rows_are_told_as_runs_and_updates_one_by_one() {
    let house = House::new();
    let list = house.named_list("outbox").await;
    let file: String =
        std::iter::once("Email\n".to_owned()).chain((0..250).map(|n| format!("p{n}@acme.example\n"))).collect();
    house.import(list, file.as_bytes(), &choice(DuplicateHandling::Skip)).await;
    let entries = |house: &House| outbox::pending(&house.store.view().unwrap(), Lane::Bulk, 0, 1_000).unwrap();
    let runs = entries(&house);
    assert_eq!(runs.len(), 3, "one entry for each chunk of 100 rows");
    assert!(runs.iter().all(|(_, entry)| entry.all_new));
    let mut seen = 0;
    for (_, entry) in &runs {
        outbox::leads_of(&house.store.view().unwrap(), entry, &mut |_, _, lead| seen += u64::from(lead.is_some()))
            .unwrap();
    }
    assert_eq!(seen, 250);
    house.import(list, b"Email,City\np1@acme.example,Bonn\n", &choice(DuplicateHandling::Update)).await;
    let last = entries(&house).pop().unwrap().1;
    assert_eq!((last.first == last.last, last.all_new), (true, false));
}

#[tokio::test]
async fn a_lead_is_one_document_however_its_rows_fall() {
    let house = House::new();
    let list = house.named_list("documents").await;
    // Runs that fill a step of the feed to the last document, and rows that change a lead of their own chunk.
    let mut file = String::from("Email,City\n");
    for n in 0..8_200 {
        file += &format!("p{n}@acme.example,Ulm\n");
        if n > 8_050 && n % 10 == 0 {
            file += &format!("p{}@acme.example,Bonn\n", n - 1);
        }
    }
    let (_, import) = house.import(list, file.as_bytes(), &choice(DuplicateHandling::Update)).await;
    assert_eq!(buckets(&import), [8_200, 14, 0, 0]);
    let index = SearchIndex::in_ram().unwrap();
    let mut feed = Feed::resume(house.store.clone(), index.clone(), 15 << 20).unwrap();
    // What was there before a feed began is looked for anyway: this is what comes afterwards.
    let other = house.named_list("afterwards").await;
    house.import(other, file.as_bytes(), &choice(DuplicateHandling::Update)).await;
    while feed.step().unwrap() == Fed::More {}
    feed.commit().unwrap();
    let request = SearchRequest::text("");
    let found = index.search(&SearchScope::new(&scope(), ListScope::All), &request).unwrap();
    assert_eq!(found.total, 16_400);
}

#[tokio::test]
async fn a_rehearsal_counts_what_the_import_then_does() {
    let house = House::new();
    let list = house.named_list("rehearsed").await;
    house.import(list, SAMPLE, &choice(DuplicateHandling::Skip)).await;
    let wide = List { name: "wide".to_owned(), dedupe_scope: DedupeScope::Workspace, ..List::default() };
    let wide = house.list(wide).await;
    let more = [SAMPLE, b"\r\n"].concat();
    for (target, handling) in [
        (list, DuplicateHandling::Skip),
        (list, DuplicateHandling::Update),
        (wide, DuplicateHandling::Update),
        (house.named_list("new").await, DuplicateHandling::Update),
        (house.named_list("newer").await, DuplicateHandling::Skip),
        (list, DuplicateHandling::Create),
    ] {
        let upload = house.upload(&more).await;
        let inspected = house.inspect(upload, &choice(handling)).unwrap();
        let row = house.store.view().unwrap().get::<Lists>(&scope(), (target,)).unwrap().unwrap();
        let before = house.leads();
        let into = Target { id: target, list: row };
        let run = dry_run(&house.store, &house.spool, scope(), upload, &inspected, into).unwrap();
        assert_eq!(house.leads(), before, "nothing is written");
        let (_, import) = house.import(target, &more, &choice(handling)).await;
        assert_eq!((run.results, run.duplicates), (import.results, import.duplicates), "{handling:?}");
        assert_eq!(run.reasons.counts, import.reasons.counts, "{handling:?}");
        assert_eq!((run.cell_errors, &run.warnings), (import.cell_errors, &import.warnings));
        assert_eq!(run.possible_duplicates, import.possible_duplicates);
        assert!(
            handling != DuplicateHandling::Update || run.samples.iter().all(|sample| sample.before != sample.after)
        );
    }
}
