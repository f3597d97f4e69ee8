//! Exported workbooks as another reader sees them, and what a killed attempt leaves.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use galena::domain::lead::Lead;
use galena::domain::time::Time;
use galena::store::Urgency;
use galena::store::records::export::{ExportFormat, ExportSpec, ExportState};
use galena::store::transactions::leads::{AddLeads, OnDuplicate};

use crate::exports::{Desk, of_list};
use crate::import_fixture::{House, scope};
use crate::naughty_texts::naughty_texts;

async fn desk_with(leads: impl Fn(galena::domain::id::ListId) -> Vec<Lead>) -> (Desk, ExportSpec) {
    let desk = Desk::over(House::new());
    let list = desk.house.named_list("people").await;
    let rows = leads(list).into_iter().map(|lead| (desk.house.deps.ids.next(), lead)).collect();
    let (scope, origin) = (scope(), desk.house.origin());
    let add = AddLeads { scope, origin, list, rows, on_duplicate: OnDuplicate::Skip };
    desk.house.store.submit(add, Urgency::Interactive).await.unwrap();
    (desk, ExportSpec { format: ExportFormat::Xlsx, ..of_list(list) })
}

async fn workbook(desk: &Desk, spec: ExportSpec) -> Vec<u8> {
    let id = desk.ask(spec).await;
    desk.run_all().unwrap();
    assert_eq!(desk.row(id).state, ExportState::Ready, "{:?}", desk.row(id));
    std::fs::read(desk.file(id)).unwrap()
}

fn part(file: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn cells_have_the_types_of_what_they_hold() {
    let at = Time::parse("2026-01-31T12:00:00Z").unwrap();
    let (desk, spec) = desk_with(|list| {
        vec![Lead {
            list,
            email: Some("ada@acme.example".to_owned()),
            phone: Some("+493012345678".to_owned()),
            postal_code: Some("01067".to_owned()),
            website: Some("https://acme.example/".to_owned()),
            quality_score: 80,
            is_qualified: Some(true),
            enriched_at: Some(at),
            tags: vec!["vip".to_owned(), "2026".to_owned()],
            ..Lead::default()
        }]
    })
    .await;
    let names =
        ["email", "phone", "postalCode", "website", "qualityScore", "isQualified", "enrichedAt", "tags", "city"];
    let fields = names.map(str::to_owned).to_vec();
    let file = workbook(&desk, ExportSpec { fields, ..spec }).await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.clone())).unwrap();
    let cells = book.worksheet_range("Leads").unwrap();
    assert_eq!(cells.rows().next().unwrap(), names.map(|name| Data::String(name.to_owned())));
    let row = cells.rows().nth(1).unwrap();
    let text = |text: &str| Data::String(text.to_owned());
    assert_eq!(row[..4], ["ada@acme.example", "+493012345678", "01067", "https://acme.example/"].map(text));
    assert!(matches!(row[4], Data::Float(score) if (0.0..=100.0).contains(&score)), "{:?}", row[4]);
    assert_eq!(row[5], Data::Bool(true));
    assert!(matches!(&row[6], Data::DateTime(time) if time.as_f64() == 46_053.5), "{:?}", row[6]);
    assert_eq!((&row[7], row.get(8).unwrap_or(&Data::Empty)), (&text("vip;2026"), &Data::Empty));

    let sheet = part(&file, "xl/worksheets/sheet1.xml");
    assert!(
        sheet.contains("state=\"frozen\"") && sheet.contains("<autoFilter ref=\"A1:I2\"") && sheet.contains("<cols>")
    );
    assert!(part(&file, "xl/styles.xml").contains("<b/>"));
    let core = part(&file, "docProps/core.xml");
    let nobody = ["<dc:creator></dc:creator>", "<cp:lastModifiedBy></cp:lastModifiedBy>", "<dc:title>Leads</dc:title>"];
    assert!(nobody.iter().all(|part| core.contains(part)), "{core}");
}

#[tokio::test]
async fn no_text_is_a_formula_or_a_link() {
    let texts = naughty_texts();
    let (desk, spec) = desk_with(|list| {
        let lead = |(number, text): (usize, &String)| {
            let mut lead = Lead { list, email: Some(format!("p{number}@acme.example")), ..Lead::default() };
            lead.set_custom_field("=1+1", Some(text.clone()));
            lead
        };
        texts.iter().enumerate().map(lead).collect()
    })
    .await;
    let file = workbook(&desk, spec).await;
    let sheet = part(&file, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>") && !sheet.contains("<f ") && !sheet.contains("hyperlink"));
    assert!(!part(&file, "[Content_Types].xml").contains("sharedStrings"), "texts are not held in memory");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file)).unwrap();
    let cells = book.worksheet_range("Leads").unwrap();
    assert_eq!(cells.height(), texts.len() + 1);
    for cell in cells.rows().flatten() {
        let Data::String(text) = cell else { continue };
        let is_run =
            text.starts_with(['=', '@', '\t', '\r']) || text.starts_with(['+', '-']) && text.contains(['!', '(']);
        assert!(!is_run, "{text:?}");
    }
}

#[tokio::test]
async fn a_killed_attempt_leaves_nothing_that_stays() {
    let (desk, spec) =
        desk_with(|list| vec![Lead { list, email: Some("a@acme.example".to_owned()), ..Lead::default() }]).await;
    let id = desk.ask(spec).await;
    desk.worker_halt().cancel();
    assert!(desk.run_all().is_err());
    assert_eq!((desk.files(), desk.row(id).state), (0, ExportState::Pending));
    let desk = desk.restarted();
    std::fs::write(desk.file(id).with_file_name(format!("{id}.xlsx.1.part")), "PK").unwrap();
    desk.run_all().unwrap();
    assert_eq!((desk.files(), desk.row(id).state), (1, ExportState::Ready));
}
