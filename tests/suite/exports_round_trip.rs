//! What comes out goes in again with the same text: every format and preset, any Unicode, hostile titles as well.

use futures::FutureExt;
use galena::domain::cell::neutralise;
use galena::domain::id::ListId;
use galena::domain::lead::Lead;
use galena::domain::text::trim_cell;
use galena::store::Urgency;
use galena::store::records::export::{CsvPreset, ExportFormat, ExportSpec, ExportState};
use galena::store::records::import::DuplicateHandling;
use galena::store::transactions::leads::{AddLeads, OnDuplicate};
use proptest::prelude::*;

use crate::exports::{Desk, of_list};
use crate::import_fixture::{House, choice, scope};
use crate::naughty_texts::naughty_texts;
use crate::shared_data;

const TABLES: [(ExportFormat, CsvPreset); 4] = [
    (ExportFormat::Csv, CsvPreset::Plain),
    (ExportFormat::Csv, CsvPreset::ExcelEu),
    (ExportFormat::Csv, CsvPreset::ExcelUs),
    (ExportFormat::Xlsx, CsvPreset::Plain),
];
const FIELDS: [&str; 6] = ["email", "companyName", "jobTitle", "industry", "city", "street"];

/// As the API stores it: at most as long as the field, without white space around it.
fn stored(text: &str) -> Option<String> {
    let short: String = text.chars().take(100).collect();
    Some(trim_cell(&short).to_owned()).filter(|text| !text.is_empty())
}

/// A lead that holds the text wherever a lead holds free text.
fn lead(list: ListId, number: usize, text: &str, title: &str) -> Lead {
    let mut lead = Lead {
        list,
        email: Some(format!("p{number}@acme.example")),
        company_name: stored(text),
        job_title: stored(text),
        industry: stored(text),
        city: stored(text),
        street: stored(text),
        ..Lead::default()
    };
    lead.set_custom_field(title, stored(text));
    lead.set_custom_field("Note", stored(text));
    lead
}

/// All that a file carries of a lead.
fn carried(lead: &Lead) -> Vec<Option<String>> {
    let fields = [&lead.email, &lead.company_name, &lead.job_title, &lead.industry, &lead.city, &lead.street];
    let mut carried: Vec<Option<String>> = fields.into_iter().cloned().collect();
    let mut custom = lead.custom_fields.clone();
    custom.sort();
    carried.extend(custom.into_iter().map(|(name, text)| Some(format!("{name}\u{0}{text}"))));
    carried
}

fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("all is done on this thread")
}

fn leads_of(desk: &Desk, list: ListId) -> Vec<Vec<Option<String>>> {
    desk.house.leads().iter().filter(|(_, lead)| lead.list == list).map(|(_, lead)| carried(lead)).collect()
}

fn filled(texts: &[String], title: &str) -> (Desk, ListId) {
    let desk = Desk::over(House::new());
    let list = now(desk.house.named_list("first"));
    let rows = texts.iter().enumerate().map(|(n, text)| (desk.house.deps.ids.next(), lead(list, n, text, title)));
    let (scope, origin) = (scope(), desk.house.origin());
    let add = AddLeads { scope, origin, list, rows: rows.collect(), on_duplicate: OnDuplicate::Skip };
    now(desk.house.store.submit(add, Urgency::Interactive)).expect("leads");
    (desk, list)
}

fn file(desk: &Desk, spec: ExportSpec) -> Vec<u8> {
    let id = now(desk.ask(spec));
    desk.run_all().expect("an end");
    assert_eq!(desk.row(id).state, ExportState::Ready, "{:?}", desk.row(id));
    std::fs::read(desk.file(id)).expect("a file")
}

/// Exports in each way, imports each file into a list of its own without a word on how to read it, and compares.
fn assert_round_trips(texts: &[String], title: &str) {
    let (desk, list) = filled(texts, title);
    let before = leads_of(&desk, list);
    assert_eq!(before.len(), texts.len());
    let fields: Vec<String> =
        FIELDS.iter().map(ToString::to_string).chain([format!("customFields.{title}"), "Note".to_owned()]).collect();
    for (format, preset) in TABLES {
        let bytes = file(&desk, ExportSpec { format, preset, fields: fields.clone(), ..of_list(list) });
        let again = now(desk.house.named_list(&format!("{format:?} {preset:?}")));
        let (_, import) = now(desk.house.import(again, &bytes, &choice(DuplicateHandling::Create)));
        let shown = || String::from_utf8_lossy(&bytes).chars().take(2_000).collect::<String>();
        assert_eq!(import.results.created, texts.len() as u64, "{format:?} {preset:?}: {import:?}\n{}", shown());
        let after = leads_of(&desk, again);
        for (was, is) in before.iter().zip(&after) {
            assert_eq!(is, was, "{format:?} {preset:?}\n{}", shown());
        }
    }
    for format in [ExportFormat::Json, ExportFormat::Ndjson] {
        let text = String::from_utf8(file(&desk, ExportSpec { format, fields: fields.clone(), ..of_list(list) }))
            .expect("UTF-8");
        let rows: Vec<serde_json::Value> = match format {
            ExportFormat::Json => serde_json::from_str(&text).expect("an array"),
            _ => text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect(),
        };
        let texts: Vec<_> =
            rows.iter().map(|row| row.get("city").and_then(|city| city.as_str().map(str::to_owned))).collect();
        assert_eq!(texts, before.iter().map(|lead| lead[4].clone()).collect::<Vec<_>>());
        let notes: Vec<_> = rows.iter().filter_map(|row| row.get("Note")?.as_str()).collect();
        assert_eq!(notes.len(), texts.iter().flatten().count());
    }
}

#[test]
fn naughty_texts_come_back_from_every_table() {
    let texts = naughty_texts();
    assert!(texts.len() >= 500, "{}", texts.len());
    assert_round_trips(&texts, "Fair");
}

#[test]
fn one_naughty_text_alone_comes_back_too() {
    // With few rows the reader has little to tell the dialect from.
    for text in naughty_texts().into_iter().step_by(9) {
        assert_round_trips(&[text], "Fair");
    }
}

#[test]
fn hostile_titles_come_back_too() {
    let titles = [
        "=1+1",
        "=cmd|'/c calc'!A0",
        "+49",
        "@x",
        "'=x",
        "Phone",
        "E-Mail",
        "email",
        "tags",
        "a,b;c\"d",
        "two\nlines",
        "<script>",
        "_x0041_",
        "_x0041\u{b}",
        "山田",
        "sep=;",
        "12345",
        "2026-01-31",
        "ada@acme.example",
        "https://acme.example/?a=b",
        "\u{202e}x",
    ];
    for title in titles {
        let texts = ["Köln".to_owned(), "x".to_owned(), "two".to_owned()];
        assert_round_trips(&texts, trim_cell(title));
    }
}

#[test]
fn published_payloads_come_back_from_every_table() {
    let Some(text) = shared_data::read("data/strings/csv-injection.json") else { return };
    let cases: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let list =
        |key: &str| cases[key].as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned());
    let mut texts: Vec<String> = list("payloads").chain(list("legitimate_values_starting_with_a_trigger")).collect();
    texts.extend(list("trigger_first_characters").map(|first| format!("{first}SUM(1)")));
    println!("{} payloads through {} tables", texts.len(), TABLES.len());
    assert_round_trips(&texts, "Fair");
}

#[test]
fn no_cell_of_a_table_is_run_by_a_spreadsheet() {
    let (desk, list) = filled(&naughty_texts(), "=cmd|'/c calc'!A0");
    let is_run = |cell: &str| cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && neutralise(cell) != cell;
    for (format, preset) in TABLES.into_iter().take(3) {
        let bytes = file(&desk, ExportSpec { format, preset, ..of_list(list) });
        let delimiter = if preset == CsvPreset::ExcelEu { b';' } else { b',' };
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        assert_eq!(text.len() < bytes.len(), preset != CsvPreset::Plain, "the mark is for Excel");
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(text);
        let mut cells = 0;
        for record in reader.records() {
            for cell in &record.expect("a record") {
                assert!(!is_run(cell), "{cell:?}");
                cells += 1;
            }
        }
        assert!(cells > 1_000);
    }
}

/// Texts as people and attackers write them: the characters that files and spreadsheets trip over come often.
fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 éß山🧪]{1,6}",
        3 => prop::sample::select(vec![
            "=", "+", "-", "@", "'", "\"", ",", ";", "\t", "|", "\n", "\r", "\r\n", "_x", "_x0041_", "_x005F_", "0041",
            "_", "\0", "\u{b}", "\u{1}", "\u{1f}", "\u{7f}", "\u{85}", "\u{feff}", "\u{fffe}", "\u{ffff}", "\u{202e}",
            "\u{2066}", "\u{200b}", "\u{301}", "\u{a0}", "<", "&", "]]>", "&amp;", "\\", "\\\"", "sep=", "=cmd|'/c calc'!A0",
            "'=", "''@", "1E5", "007", "TRUE", "#N/A", "#REF!",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(|c| c.to_string()),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back_from_every_table(texts in prop::collection::vec(odd_text(), 1..6), title in odd_text()) {
        let title = stored(&title).filter(|title| title != "Note" && !title.contains('\0')).unwrap_or_else(|| "Fair".to_owned());
        assert_round_trips(&texts, &title);
    }
}
