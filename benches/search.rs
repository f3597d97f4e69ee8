//! Searches over generated leads: `cargo bench --bench search -- [LEADS] [FOLDER] [ONLY]`.
//!
//! Prints, for every class of question, how long it takes in the process: the first time it is asked (nothing is
//! remembered of it), and p50 and p99 over many questions of the class. Rows are not read. With a FOLDER the index is kept
//! there, so that the next run need not fill it; ONLY runs the classes whose names hold that text.

#![allow(clippy::disallowed_methods)] // A bench measures the machine.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use galena::domain::filter::Filter;
use galena::domain::id::{Id, LeadId, ListId, WorkspaceId};
use galena::domain::lead::{EmailStatus, EnrichmentStatus, Lead, LeadField};
use galena::domain::time::Time;
use galena::search::{
    Batch, Checkpoint, Clause, DEFAULT_MEMORY_BYTES, Generations, LeadDocument, ListScope, OpenCheck, Opened,
    SearchField, SearchIndex, SearchRequest, SearchScope, Sort,
};
use galena::store::SystemScope;
use serde_json::{Value, json};

/// As the Indexer commits during an import.
const COMMIT_EVERY: u64 = 50_000;
const MS_BETWEEN_LEADS: i64 = 60_000;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let leads: u64 = words.first().map_or(Ok(100_000), |word| word.parse())?;
    let scratch = tempfile::tempdir()?;
    let folder = words.get(1).map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let only = words.get(2).map_or("", String::as_str);
    let index = open(&Generations::new(folder), leads)?;
    println!("{} leads, {} segments, resident {} MB", leads, index.segment_count(), resident_mb());
    let scope = SystemScope::for_the_house().within(WorkspaceId::from_u64(1));
    let scope = SearchScope::new(&scope, ListScope::Except([].into()));
    let mut all = Vec::new();
    println!("{:<34} {:>9} {:>9} {:>9} {:>9}", "", "found", "first", "p50", "p99");
    for (name, asked) in questions(leads) {
        if !name.contains(only) {
            continue;
        }
        let mut first = Vec::new();
        let mut again = Vec::new();
        let mut found = 0;
        for request in &asked {
            let begun = Instant::now();
            let page = index.search(&scope, request);
            first.push(begun.elapsed());
            found += page.map_or(0, |page| page.total);
        }
        while again.len() < 60 {
            for request in &asked {
                let begun = Instant::now();
                let _page = index.search(&scope, request);
                again.push(begun.elapsed());
            }
        }
        first.sort_unstable();
        again.sort_unstable();
        let worst = first.last().copied().unwrap_or_default();
        println!(
            "{name:<34} {:>9} {:>9} {:>9} {:>9}",
            found / asked.len() as u64,
            shown(worst),
            shown(percentile(&again, 50)),
            shown(percentile(&again, 99))
        );
        all.extend(first);
        all.extend(again);
    }
    all.sort_unstable();
    println!("all classes: p50 {}, p99 {}", shown(percentile(&all, 50)), shown(percentile(&all, 99)));
    println!("resident {} MB", resident_mb());
    Ok(())
}

fn open(generations: &Generations, leads: u64) -> anyhow::Result<SearchIndex> {
    if let Opened::Ready(index) = SearchIndex::open(generations, OpenCheck::Frame)?
        && index.document_count() == leads
    {
        return Ok(index);
    }
    let begun = Instant::now();
    let index = SearchIndex::create(generations)?;
    let mut writer = index.writer(DEFAULT_MEMORY_BYTES)?;
    let mut batch = Batch::new();
    for number in 1..=leads {
        batch.add_new(LeadDocument::new(WorkspaceId::from_u64(1), LeadId::from_u64(number), &lead(number)));
        if number % 4_000 == 0 || number == leads {
            writer.apply(std::mem::take(&mut batch))?;
        }
        if number % COMMIT_EVERY == 0 || number == leads {
            writer.commit(&Checkpoint::new(number, number, index.generation()))?;
        }
    }
    writer.close_idle()?;
    generations.publish(index.generation())?;
    index.reload()?;
    println!("filled in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(index)
}

/// The same number every time for the same place.
fn dice(number: u64, salt: u64) -> u64 {
    let mixed = (number ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 29)
}

/// Small numbers are much more frequent, as names are.
fn skewed(number: u64, salt: u64, below: u64) -> u64 {
    let (left, right) = (dice(number, salt) % below, dice(number, salt + 1_000) % below);
    left * right / below
}

fn syllables(number: u64, count: usize) -> String {
    const PARTS: [&str; 24] = [
        "ma", "jo", "ri", "an", "son", "lle", "ka", "ber", "to", "mi", "sch", "el", "da", "no", "hen", "vi", "ro",
        "sta", "li", "gu", "fer", "pe", "wa", "zu",
    ];
    (0..count as u64).map(|place| PARTS[(dice(number, 77 + place) % 24) as usize]).collect()
}

const FIRST: [&str; 20] = [
    "John", "Mary", "Anna", "James", "Sofia", "Michael", "Maria", "David", "Sarah", "Thomas", "José", "Zoë", "Martin",
    "Laura", "Peter", "Julia", "Stefan", "Émilie", "Paul", "Johanna",
];
const LAST: [&str; 20] = [
    "Smith",
    "Johnson",
    "Müller",
    "Schmidt",
    "Garcia",
    "Martínez",
    "Rossi",
    "Dubois",
    "Brown",
    "Jones",
    "Miller",
    "Davis",
    "Weber",
    "Novák",
    "Kowalski",
    "Silva",
    "Jansen",
    "Nguyễn",
    "Andersson",
    "O'Brien",
];
const TITLES: [&str; 16] = [
    "CEO",
    "VP Sales",
    "Head of Marketing",
    "Sales Manager",
    "Software Engineer",
    "Account Executive",
    "CTO",
    "Marketing Manager",
    "Director of Operations",
    "Purchasing Manager",
    "HR Manager",
    "Founder",
    "Consultant",
    "Product Manager",
    "Business Development Manager",
    "Data Analyst",
];
const CITIES: [&str; 12] = [
    "Berlin",
    "London",
    "New York",
    "Paris",
    "São Paulo",
    "Madrid",
    "München",
    "Amsterdam",
    "Toronto",
    "Wien",
    "Zürich",
    "Chicago",
];
const COUNTRIES: [&str; 8] =
    ["Germany", "United Kingdom", "United States", "France", "Brazil", "Spain", "Netherlands", "Austria"];
const SIZES: [&str; 6] = ["1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000"];

fn person(number: u64) -> (String, String) {
    let first = match skewed(number, 1, 400) {
        common @ 0..20 => FIRST[common as usize].to_owned(),
        rare => capital(&syllables(rare, 2)),
    };
    let last = match skewed(number, 2, 20_000) {
        common @ 0..20 => LAST[common as usize].to_owned(),
        rare => capital(&syllables(rare, 3)),
    };
    (first, last)
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

fn company(number: u64) -> u64 {
    skewed(number, 3, 100_000)
}

fn domain(company: u64) -> String {
    format!("{}{company}.{}", syllables(company, 2), ["com", "de", "co.uk", "io"][(company % 4) as usize])
}

fn lead(number: u64) -> Lead {
    let (first, last) = person(number);
    let company = company(number);
    let title = match skewed(number, 4, 2_000) {
        common @ 0..200 => TITLES[(common % 16) as usize].to_owned(),
        rare => format!("{} {}", TITLES[(rare % 16) as usize], capital(&syllables(rare, 3))),
    };
    let city = match skewed(number, 5, 3_000) {
        common @ 0..60 => CITIES[(common % 12) as usize].to_owned(),
        rare => capital(&syllables(rare, 3)),
    };
    let email = format!("{}.{}{}@{}", ascii(&first), ascii(&last), number % 1_000, domain(company));
    let mut lead = Lead {
        list: ListId::from_u64(1 + number % 20),
        created_at: Time(1_700_000_000_000 + number as i64 * MS_BETWEEN_LEADS),
        updated_at: Time(1_700_000_000_000 + (dice(number, 6) % 60_000_000_000) as i64),
        quality_score: (skewed(number, 7, 101)) as u8,
        source: Some("csv".to_owned()),
        ..Lead::default()
    };
    if number.is_multiple_of(3) {
        lead.enrichment_status = EnrichmentStatus::Enriched;
        lead.enriched_at = Some(Time(1_760_000_000_000 + number as i64));
        lead.email_status = Some(EmailStatus::Valid);
    }
    if number.is_multiple_of(7) {
        lead.tags = vec![format!("Campaign {}", number % 12), "Warm".to_owned()];
    }
    lead.custom_fields = vec![("Fair".to_owned(), format!("Hannover {}", 2_020 + number % 7))];
    if number.is_multiple_of(4) {
        lead.custom_fields.push(("Seats".to_owned(), (dice(number, 8) % 5_000).to_string()));
    }
    for (field, value) in [
        (LeadField::FullName, format!("{first} {last}")),
        (LeadField::Phone, format!("+49{:010}", dice(number, 9) % 9_000_000_000 + 1_000_000_000)),
        (
            LeadField::CompanyName,
            format!("{} {}", capital(&syllables(company, 3)), ["GmbH", "Inc.", "Ltd", "AG"][(company % 4) as usize]),
        ),
        (LeadField::LinkedInUrl, format!("https://www.linkedin.com/in/{}-{}-{number}", ascii(&first), ascii(&last))),
        (LeadField::Website, format!("https://www.{}", domain(company))),
        (LeadField::JobTitle, title),
        (LeadField::City, city),
        (LeadField::Country, COUNTRIES[skewed(number, 10, 8) as usize].to_owned()),
        (LeadField::Industry, format!("Industry {}", skewed(number, 11, 60))),
        (LeadField::CompanySize, SIZES[(company % 6) as usize].to_owned()),
        (LeadField::Email, email),
        (LeadField::FirstName, first),
        (LeadField::LastName, last),
    ] {
        lead.set_field(field, Some(value));
    }
    lead
}

fn ascii(text: &str) -> String {
    galena::search::fold(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

fn questions(leads: u64) -> Vec<(&'static str, Vec<SearchRequest>)> {
    let some = |count: u64| (1..=count).map(move |place| dice(place, 99) % leads + 1);
    let texts = |list: &[&str]| list.iter().map(|text| SearchRequest::text(*text)).collect::<Vec<_>>();
    let made =
        |make: &dyn Fn(u64) -> String| some(30).map(|number| SearchRequest::text(make(number))).collect::<Vec<_>>();
    let filters = |list: Vec<Value>| list.into_iter().map(|json| filtered(&json)).collect::<Vec<_>>();
    let test = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
    let facets = |q: &str, names: &[&str]| SearchRequest { facets: named(names), ..SearchRequest::text(q) };
    let sorted = |q: &str, sort: Sort| SearchRequest { sort: vec![sort], ..SearchRequest::text(q) };
    let field = |name: &str| SearchField::from_name(name).unwrap_or(SearchField::Id);
    vec![
        ("everything", texts(&[""])),
        ("one word", texts(&["smith ", "anna ", "berlin ", "manager ", "kowalski ", "germany "])),
        ("rare word", made(&|number| format!("{} ", person(number).1))),
        ("two words", made(&|number| format!("{} {} ", person(number).0, person(number).1))),
        ("three words", texts(&["anna berlin manager ", "sales manager germany ", "john smith london "])),
        ("phrase", texts(&["\"sales manager\"", "\"head of marketing\"", "\"anna smith\"", "\"new york\""])),
        ("prefix of 1", texts(&["a", "s", "m", "j", "z"])),
        ("prefix of 2", texts(&["ma", "jo", "sc", "an", "be"])),
        ("prefix of 3", texts(&["joh", "mar", "sch", "ber", "man", "491"])),
        ("prefix of 4", texts(&["john", "mari", "schm", "berl", "mana", "4915"])),
        ("word and prefix", texts(&["anna s", "john sm", "berlin man", "manager joh"])),
        ("e-mail", made(&|number| lead(number).email.unwrap_or_default())),
        ("part of e-mail", texts(&["john.smi", "maria.ro", "anna.s", "john@", "peter.web"])),
        ("domain", made(&|number| domain(company(number)))),
        (
            "phone tail",
            made(&|number| lead(number).phone.map(|phone| phone[phone.len() - 6..].to_owned()).unwrap_or_default()),
        ),
        (
            "filter eq",
            filters(vec![
                test("country", "eq", json!("germany")),
                test("enrichmentStatus", "eq", json!("enriched")),
                test("tags", "eq", json!("warm")),
                test("companySize", "eq", json!("11-50")),
            ]),
        ),
        (
            "filter in",
            filters(vec![
                test("city", "in", json!(["berlin", "paris", "wien"])),
                test("country", "in", json!(["france", "spain"])),
            ]),
        ),
        (
            "filter ne, not",
            filters(vec![
                test("country", "ne", json!("germany")),
                json!({ "not": test("city", "eq", json!("berlin")) }),
            ]),
        ),
        (
            "filter contains, rare",
            filters(vec![
                test("email", "contains", json!("smith77")),
                test("fullName", "contains", json!("kowal")),
                test("companyName", "contains", json!("berka")),
                test("jobTitle", "contains", json!("purch")),
            ]),
        ),
        (
            "filter contains, frequent",
            filters(vec![
                test("email", "contains", json!("a")),
                test("fullName", "contains", json!("an")),
                test("email", "contains", json!(".com")),
                test("companyName", "contains", json!("gmbh")),
            ]),
        ),
        (
            "filter contains, no column",
            filters(vec![
                test("website", "contains", json!("ma1")),
                test("linkedInUrl", "contains", json!("anna")),
                test("phone", "contains", json!("4915")),
                test("customFields.Fair", "contains", json!("2025")),
            ]),
        ),
        (
            "filter prefix",
            filters(vec![
                test("email", "prefix", json!("a")),
                test("email", "prefix", json!("john.smith")),
                test("companyName", "prefix", json!("ma")),
                test("fullName", "prefix", json!("ann")),
                test("phone", "prefix", json!("491")),
            ]),
        ),
        (
            "filter range of numbers",
            filters(vec![
                test("qualityScore", "gte", json!(50)),
                test("createdAt", "gt", json!("2024-02-01")),
                test("customFields.Seats", "lt", json!(1000)),
                test("qualityScore", "between", json!([10, 20])),
            ]),
        ),
        (
            "filter range of texts",
            filters(vec![
                test("email", "gt", json!("m")),
                test("companyName", "lt", json!("k")),
                test("lastName", "between", json!(["m", "n"])),
                test("street", "gt", json!("a")),
                test("website", "gt", json!("m")),
            ]),
        ),
        (
            "filter empty",
            filters(vec![
                test("enrichedAt", "empty", Value::Null),
                test("tags", "notEmpty", Value::Null),
                test("street", "empty", Value::Null),
            ]),
        ),
        (
            "filter and, or, not",
            filters(vec![
                json!({ "and": [test("country", "eq", json!("germany")), { "or": [test("qualityScore", "gt", json!(40)), test("tags", "eq", json!("warm"))] }, { "not": test("jobTitle", "contains", json!("sales")) }] }),
            ]),
        ),
        (
            "sort by number",
            vec![
                sorted("", Sort::descending(SearchField::QualityScore)),
                sorted("", Sort::ascending(SearchField::UpdatedAt)),
                sorted("manager ", Sort::descending(SearchField::UpdatedAt)),
            ],
        ),
        (
            "sort by text",
            vec![
                sorted("", Sort::ascending(field("lastName"))),
                sorted("", Sort::descending(field("companyName"))),
                sorted("", Sort::ascending(field("email"))),
                sorted("anna ", Sort::ascending(field("fullName"))),
            ],
        ),
        (
            "three sort keys",
            vec![SearchRequest {
                sort: vec![
                    Sort::ascending(field("country")),
                    Sort::descending(SearchField::QualityScore),
                    Sort::ascending(field("lastName")),
                ],
                ..SearchRequest::default()
            }],
        ),
        (
            "facets, few values",
            vec![
                facets("", &["country"]),
                facets("", &["companySize"]),
                facets("manager ", &["country"]),
                facets("", &["enrichmentStatus", "country", "industry", "tags", "listId"]),
            ],
        ),
        (
            "facets, many values",
            vec![
                facets("", &["companyName"]),
                facets("", &["jobTitle"]),
                facets("", &["email"]),
                facets("manager ", &["companyName"]),
                facets("anna ", &["email"]),
                facets("m", &["domain"]),
                facets("", &["companyName", "jobTitle", "city", "domain", "lastName"]),
            ],
        ),
        (
            "list",
            some(10)
                .map(|number| SearchRequest {
                    list: Some(ListId::from_u64(1 + number % 20)),
                    ..SearchRequest::text("")
                })
                .collect(),
        ),
        (
            "word in list, facets, sort",
            vec![SearchRequest {
                list: Some(ListId::from_u64(3)),
                sort: vec![Sort::ascending(field("lastName"))],
                facets: named(&["country", "jobTitle"]),
                ..SearchRequest::text("manager ")
            }],
        ),
        ("hostile", hostile()),
    ]
}

fn hostile() -> Vec<SearchRequest> {
    let many = |count: usize, make: &dyn Fn(usize) -> Value| (0..count).map(make).collect::<Vec<_>>();
    let mut asked: Vec<SearchRequest> = [
        "x".repeat(1_000),
        "a ".repeat(500),
        ('a'..='z').map(|letter| format!("{letter} ")).collect(),
        "\"a b c d e f g h\"".to_owned(),
        format!("\"{}\"", "a ".repeat(60)),
        "\"manager manager manager manager".to_owned(),
        "\"of mar".to_owned(),
        "com de io co".to_owned(),
        "4 49 491 4915".to_owned(),
        "000000".to_owned(),
        "+49 1 5 9 0 3 2".to_owned(),
        "((((\"\"\"***".to_owned(),
        "a.a.a.a.a.a.a".to_owned(),
        "linkedin.com/in/a".to_owned(),
        "1".to_owned(),
        "10".to_owned(),
        "100".to_owned(),
    ]
    .into_iter()
    .map(SearchRequest::text)
    .collect();
    let field = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
    let nested = (0..15).fold(field("email", "contains", json!("a")), |inner, _| json!({ "not": inner }));
    asked.extend(
        [
            json!({ "or": many(499, &|number| field("email", "contains", json!(format!("{number}")))) }),
            json!({ "or": many(499, &|number| field("email", "prefix", json!(format!("{}", (b'a' + (number % 26) as u8) as char)))) }),
            json!({ "and": many(499, &|_| field("email", "ne", json!("x"))) }),
            json!({ "or": many(499, &|number| field("qualityScore", "eq", json!(number))) }),
            field("email", "in", json!(many(1_000, &|number| json!(format!("a{number}@x.com"))))),
            field("customFields.Fair", "in", json!(many(1_000, &|number| json!(number)))),
            field("createdAt", "in", json!(many(1_000, &|number| json!(format!("2024-01-01T00:00:{:02}Z", number % 60))))),
            nested,
        ]
        .iter()
        .map(filtered),
    );
    asked
}

fn filtered(json: &Value) -> SearchRequest {
    let clause = Filter::parse(json).ok().and_then(|filter| Clause::try_from(&filter).ok());
    assert!(clause.is_some(), "{json}");
    SearchRequest { filter: clause, ..SearchRequest::default() }
}

fn named(names: &[&str]) -> Vec<SearchField> {
    names.iter().filter_map(|name| SearchField::from_name(name)).collect()
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1_024
}
