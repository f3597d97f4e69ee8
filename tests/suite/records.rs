//! Golden bytes of every record: what a released version wrote stays readable, and what is written today is known.
//!
//! `tests/fixtures/records/<name>.<format>.hex` holds one filled value of each kind. A record that gains a field keeps its old
//! file (it must still be read) and gets a new one under the next number. `GALENA_BLESS=1` writes files that are missing; it
//! never changes one that is there.

use std::fmt::Debug;
use std::path::PathBuf;

use galena::domain::company::CompanyValue;
use galena::domain::enriched_field::EnrichedField;
use galena::domain::enrichment::{Confidence, DataPoint, Operation};
use galena::domain::id::Id;
use galena::domain::lead::{EmailStatus, EnrichmentStatus, ImportOrigin, Lead, LeadField};
use galena::domain::list::{DedupeScope, IdentityDemand, List, Visibility};
use galena::domain::off_peak::OffPeak;
use galena::domain::policy::Rule;
use galena::domain::time::Time;
use galena::store::Actor;
use galena::store::record::Record;
use galena::store::records::access::{
    ApiKey, ApiKeyPlace, KeyScope, Membership, Role, Session, SetupToken, User, Workspace,
};
use galena::store::records::attempt::Attempt;
use galena::store::records::company::Company;
use galena::store::records::credential::Credential;
use galena::store::records::event::{Event, Subject};
use galena::store::records::export::{CsvPreset, Export, ExportFormat, ExportSelection, ExportSpec, ExportState};
use galena::store::records::gate::{QuotaRow, QuotaSlice};
use galena::store::records::idempotency::IdempotencyRecord;
use galena::store::records::import::{
    BeforeImage, Buckets, DuplicateHandling, Import, ImportPlan, ImportProblem, ImportState, NotEnriched,
    PlannedColumn, RejectedRow, RowError, Tally, Undo, UpdatePolicy,
};
use galena::store::records::import_edits::{Correction, ImportEdits};
use galena::store::records::job_trim::{JobTrim, TrimWalk};
use galena::store::records::ledger::{Account, Line, LineKind};
use galena::store::records::lookup::{Asked, Lookup};
use galena::store::records::outbox::{Checkpoint, OutboxEntry};
use galena::store::records::provider_choice::{ProviderChoice, TypedWindow};
use galena::store::records::recipe::{Recipe, RememberedMapping};
use galena::store::records::settings::{AcceptedTerms, PolicyRow, Settings};
use galena::store::records::suppression::Suppression;
use galena::store::records::task::{
    Act, Did, Duplicate, Left, ListSelection, Merge, MergeDuplicates, NewFlag, NewOwner, Selection, Task, TaskChanges,
    TaskLead, TaskOrder, TaskState,
};
use galena::store::records::upload::Upload;

const AT: Time = Time(1_790_000_000_123);

fn id<I: Id>(number: u64) -> I {
    I::from_u64(number)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ascii"), 16).expect("hex"))
        .collect()
}

/// Today's bytes are those of the newest golden file, and the value comes back from them.
fn golden<R: Record + PartialEq + Debug>(name: &str, value: &R) {
    golden_of(name, 1, value);
}

fn path_of(name: &str, format: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/records/{name}.{format}.hex"))
}

/// What an earlier format holds still reads as `value`, in which later fields are empty.
fn still_reads<R: Record + PartialEq + Debug>(name: &str, format: u32, value: &R) {
    let golden = unhex(&std::fs::read_to_string(path_of(name, format)).expect("readable"));
    assert_eq!(
        R::from_bytes(&golden).as_ref(),
        Ok(value),
        "{name} of format {format} reads otherwise than it was written"
    );
}

fn golden_of<R: Record + PartialEq + Debug>(name: &str, format: u32, value: &R) {
    let path = path_of(name, format);
    if !path.exists() {
        assert!(std::env::var_os("GALENA_BLESS").is_some(), "{} is missing; GALENA_BLESS=1 writes it", path.display());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, hex(&value.to_bytes()) + "\n").expect("written");
    }
    let golden = unhex(&std::fs::read_to_string(&path).expect("readable"));
    assert_eq!(R::from_bytes(&golden).as_ref(), Ok(value), "{name} reads otherwise than it was written");
    assert_eq!(hex(&value.to_bytes()), hex(&golden), "{name} is written otherwise than before");
}

#[test]
fn leads_and_lists() {
    let mut lead = Lead {
        list: id(1),
        owner: Some(id(2)),
        custom_fields: vec![("Fair".to_owned(), "Köln".to_owned()), ("Score".to_owned(), "7".to_owned())],
        tags: vec!["vip".to_owned()],
        source: Some("csv".to_owned()),
        data_source: Some("fair".to_owned()),
        data_collected_at: Some(AT),
        enrichment_status: EnrichmentStatus::Partial,
        email_status: Some(EmailStatus::CatchAll),
        quality_score: 77,
        is_qualified: Some(true),
        enriched_at: Some(AT),
        enrichment_job: Some(id(3)),
        origin: Some(ImportOrigin { import: id(4), row: 5 }),
        created_at: AT,
        updated_at: AT,
        version: 6,
        ..Lead::default()
    };
    for field in LeadField::ALL {
        lead.set_field(field, Some(format!("{} ✓", field.name())));
    }
    golden("lead", &lead);
    // The first twelve facts came with format 2, what providers find with 3.
    let (first, later) = EnrichedField::ALL.split_at(12);
    first.iter().for_each(|field| lead.enriched.set(*field, field.name().to_owned()));
    golden_of("lead", 2, &lead);
    later.iter().for_each(|field| lead.enriched.set(*field, field.name().to_owned()));
    golden_of("lead", 3, &lead);
    lead.company = Some(id(5));
    golden_of("lead", 4, &lead);
    golden("lead-empty", &Lead::default());
    let value = CompanyValue {
        field: "industry".to_owned(),
        value: "Mining".to_owned(),
        provider: "register".to_owned(),
        operation: Operation::CompanyEnrich,
        at: AT,
        confidence: Confidence::from_hundredths(80),
    };
    let company = Company { domain: "acme.com".to_owned(), values: vec![value], enriched_at: Some(AT), created_at: AT };
    golden("company", &company);
    let lookup = Lookup {
        lead: Lead { email: Some("a@b.com".to_owned()), ..Lead::default() },
        at: AT,
        given: Some("A@b.com".to_owned()),
        asked: Asked::Email,
    };
    golden("lookup", &lookup);
    let list = List {
        name: "Fair 2026".to_owned(),
        description: Some("d".to_owned()),
        folder: Some("f".to_owned()),
        tags: vec!["t".to_owned()],
        identity: IdentityDemand::LinkedIn,
        dedupe_scope: DedupeScope::Workspace,
        visibility: Visibility::Private,
        source: Some("csv".to_owned()),
        metadata: Some("{}".to_owned()),
        archived_at: Some(AT),
        deleted_at: Some(AT),
        created_by: Some(id(1)),
        created_at: AT,
        updated_at: AT,
        version: 3,
    };
    golden("list", &list);
}

#[test]
fn policy() {
    let settings = Settings {
        version: 3,
        policy: vec![PolicyRow { row: "EU".to_owned(), rule: Rule::CompanyOnly }],
        eu_providers_only: Some(true),
        time_zone: Some("Europe/Berlin".to_owned()),
        off_peak: OffPeak::parse("22:00-06:00").ok(),
        template: Some("basic".to_owned()),
        keep_raw_answers: Some(false),
        terms: Some(AcceptedTerms { version: "2026-11".to_owned(), at: AT, by: Actor::User(id(2)) }),
        updated_at: Some(AT),
    };
    golden("settings", &settings);
    let suppression =
        Suppression { value: "Acme GmbH".to_owned(), at: AT, by: Actor::Key(id(3)), note: Some("asked".to_owned()) };
    golden("suppression", &suppression);
    let choice = ProviderChoice {
        version: 2,
        enabled: Some(false),
        plan: Some("growth".to_owned()),
        windows: Some(vec![TypedWindow { bucket: "finder".to_owned(), calls: 7, per: 2_500, burst: Some(3) }]),
        concurrent: Some(4),
        updated_at: Some(AT),
    };
    golden("provider-choice", &choice);
}

#[test]
fn attempts() {
    let attempt = Attempt {
        job: id(1),
        item: id(2),
        provider: "hunter".to_owned(),
        operation: Operation::EmailFind,
        point: DataPoint::Email,
        started_at: AT,
        ended_at: Some(AT),
        outcome: Some("found".to_owned()),
        detail: Some("d".to_owned()),
        credits: 100,
        cost: 8_000,
        receipt: Some("accepted".to_owned()),
        fields: vec!["fullName".to_owned(), "companyDomain".to_owned()],
        cached: true,
        external: true,
    };
    golden("attempt", &attempt);
    golden(
        "job-trim",
        &JobTrim { removing: true, walked_at: Some(AT), walk: Some(TrimWalk { at: AT, after: Some(id(4)) }) },
    );
}

#[test]
fn access() {
    let workspace = Workspace {
        name: "Agency".to_owned(),
        parent: Some(id(1)),
        plan: "appliance".to_owned(),
        region: Some("DE".to_owned()),
        created_at: AT,
        sandbox: false,
    };
    still_reads("workspace", 1, &workspace);
    golden_of("workspace", 2, &Workspace { sandbox: true, ..workspace });
    let user = User {
        email: "ada@acme.example".to_owned(),
        name: Some("Ada".to_owned()),
        password_hash: Some("$argon2id$…".to_owned()),
        created_at: AT,
        disabled_at: Some(AT),
    };
    golden("user", &user);
    golden("membership", &Membership { role: Role::BillingAdmin, since: AT });
    golden("session", &Session { user: id(1), created_at: AT, expires_at: AT, csrf_hash: [7; 32] });
    let key = ApiKey {
        name: "crm".to_owned(),
        scopes: vec![KeyScope::Read, KeyScope::Enrich],
        shown: "gal_abcd…".to_owned(),
        hash: [8; 32],
        created_by: Some(id(1)),
        created_at: AT,
        revoked_at: Some(AT),
    };
    golden("api-key", &key);
    golden("api-key-place", &ApiKeyPlace { workspace: id(1), key: id(2) });
    let credential =
        Credential { sealed: vec![1, 2, 3], hint: "...7f3k".to_owned(), set_at: AT, set_by: Actor::User(id(1)) };
    golden("credential", &credential);
    let slices = vec![QuotaSlice { index: 994_444, calls: 40 }, QuotaSlice { index: 994_445, calls: 7 }];
    golden("quota", &QuotaRow { revision: 12, slices, reserved: 20, resets_at: Some(AT) });
    golden("setup-token", &SetupToken { created_at: AT, expires_at: AT });
}

#[test]
fn events_outbox_idempotency() {
    let event = Event {
        at: AT,
        actor: Actor::Key(id(9)),
        source: Some("192.0.2.1".to_owned()),
        request_id: Some("r-1".to_owned()),
        kind: "lead.updated".to_owned(),
        subject: Subject::lead(id(3)),
        ids: vec![1, 2, 3],
        also: vec![Subject::list(id(4))],
        before: Some(r#"{"city":"Köln"}"#.to_owned()),
        after: Some(r#"{"city":"Bonn"}"#.to_owned()),
    };
    golden("event", &event);
    golden("outbox-entry", &OutboxEntry { workspace: id(1), first: 2, last: 3, all_new: true });
    golden("checkpoint", &Checkpoint { live: 1, bulk: 2 });
    let record =
        IdempotencyRecord { request_hash: [1; 32], status: 201, location: Some("/api/v1/x".to_owned()), at: AT };
    golden("idempotency", &record);
}

#[test]
fn ledger() {
    let account = Account {
        granted: 1,
        received: 2,
        refunded: 3,
        used: 4,
        held: 5,
        remaining: 6,
        expired: 7,
        sent: 8,
        adjusted_down: 9,
    };
    golden("account", &account);
    let line = Line {
        at: AT,
        kind: LineKind::Settle,
        amount: 150,
        hold: Some(id(1)),
        job: Some(id(2)),
        item: Some(id(3)),
        reason: "email.verify: found".to_owned(),
        remaining_after: 99,
    };
    golden("ledger-line", &line);
}

#[test]
fn a_later_format_and_rubbish_are_errors_and_an_unknown_field_is_passed_over() {
    let bytes = Checkpoint { live: 1, bulk: 2 }.to_bytes();
    let mut later = bytes.clone();
    later[0] = 2;
    assert!(Checkpoint::from_bytes(&later).is_err());
    assert!(Checkpoint::from_bytes(&[]).is_err());
    assert!(Checkpoint::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    // {0: 1, 1: 2, 63: "new"}: written by a version that knows one field more.
    let newer = unhex("01 a3 00 01 01 02 18 3f 63 6e 65 77");
    assert_eq!(Checkpoint::from_bytes(&newer), Ok(Checkpoint { live: 1, bulk: 2 }));
}

#[test]
fn exports() {
    let selection = ExportSelection {
        list: Some(id(1)),
        ids: Some(vec![id(2), id(3)]),
        filter: Some("{}".to_owned()),
        except: vec![id(4)],
        enriched_only: true,
        enriched_from: Some(AT),
        enriched_to: Some(AT),
    };
    let spec = ExportSpec {
        selection,
        format: ExportFormat::Ndjson,
        fields: vec!["email".to_owned()],
        include_original: true,
        filename: Some("leads".to_owned()),
        preset: CsvPreset::ExcelEu,
    };
    let export = Export {
        spec,
        state: ExportState::Ready,
        created_at: AT,
        created_by: Actor::User(id(5)),
        expected: 6,
        rows: 5,
        bytes: 40,
        finished_at: Some(AT),
        expires_at: Some(AT),
        error: Some("the disk is full".to_owned()),
    };
    golden_of("export", 2, &export);
    let plain = ExportSpec { preset: CsvPreset::Plain, ..export.spec.clone() };
    still_reads("export", 1, &Export { spec: plain, ..export });
}

#[test]
fn uploads_and_imports() {
    let upload = Upload {
        file_name: Some("leads.csv".to_owned()),
        size: Some(1_000),
        received: 1_000,
        complete: true,
        import: Some(id(7)),
        actor: Actor::User(id(3)),
        created_at: AT,
        updated_at: AT,
        removed: true,
    };
    golden("upload", &upload);
    let plan = ImportPlan {
        delimiter: Some(b';'),
        quote: Some(b'"'),
        escape: Some(b'\\'),
        header_row: Some(2),
        columns: vec![PlannedColumn { title: "E-Mail".to_owned(), field: "email".to_owned() }],
        data_offset: 40,
        data_line: 3,
        region: Some("DE".to_owned()),
        duplicates: DuplicateHandling::Update,
        on_update: vec![("phone".to_owned(), UpdatePolicy::Fill)],
        tags: vec!["fair".to_owned()],
        enrich_after: true,
        encoding: "utf-8".to_owned(),
        max_record_bytes: 1 << 20,
        text: Some(7),
        sheet: Some("Leads".to_owned()),
    };
    let tally = |name: &str| Tally { counts: vec![(name.to_owned(), 2)] };
    let error = RowError {
        row: 4,
        line: 6,
        column: Some("E-Mail".to_owned()),
        field: Some("email".to_owned()),
        code: "INVALID_EMAIL".to_owned(),
        error: "no @".to_owned(),
    };
    let problem =
        ImportProblem { code: "INVALID_CSV".to_owned(), detail: "broken".to_owned(), line: Some(9), column: Some(1) };
    let undo = Undo {
        started_at: AT,
        completed_at: Some(AT),
        removed: 1,
        restored: 2,
        kept: 3,
        kept_leads: vec![5],
        removed_through: 6,
        restored_through: 7,
        actor: Actor::System,
        request_id: Some("r".to_owned()),
    };
    let import = Import {
        list: id(1),
        upload: id(2),
        file_name: Some("leads.csv".to_owned()),
        file_bytes: 1_000,
        state: ImportState::Failed,
        plan,
        total_rows: 10,
        offset: 900,
        line: 9,
        results: Buckets { created: 1, updated: 2, skipped: 3, rejected: 4 },
        duplicates: 5,
        reasons: tally("no_identity"),
        warnings: tally("EXTRA_CELLS"),
        cell_errors: 1,
        errors: vec![error],
        possible_duplicates: 1,
        rows_per_second: 50_000,
        told_at: AT,
        actor: Actor::Key(id(4)),
        request_id: Some("q".to_owned()),
        created_at: AT,
        started_at: Some(AT),
        completed_at: Some(AT),
        problem: Some(problem),
        undo: Some(undo),
        ended_seq: 77,
        enrichment_job: None,
        not_enriched: None,
    };
    golden_of("import", 2, &import);
    let first = ImportPlan { text: None, sheet: None, ..import.plan.clone() };
    still_reads("import", 1, &Import { plan: first, ..import.clone() });
    let not_enriched = NotEnriched { code: "INSUFFICIENT_CREDITS".to_owned(), detail: Some("40 leads".to_owned()) };
    let import = Import { enrichment_job: Some(id(9)), not_enriched: Some(not_enriched), ..import };
    golden_of("import", 3, &import);
    let rejected =
        RejectedRow { line: 6, reasons: vec!["no identity".to_owned()], cells: vec!["".to_owned(), "x".to_owned()] };
    golden("rejected-row", &rejected);
    let image = BeforeImage { lead: Some(Lead { list: id(1), ..Lead::default() }), version_after: 3, at: AT };
    golden("before-image", &image);
    let correction = Correction { row: 3, field: "email".to_owned(), value: "a@x.example".to_owned() };
    golden("import-edits", &ImportEdits { corrections: vec![correction], dropped: vec![2, 9] });
    let column = PlannedColumn { title: "E-Mail".to_owned(), field: "email".to_owned() };
    let recipe = Recipe {
        name: "Fair list".to_owned(),
        mapping: vec![column.clone()],
        options: r#"{"tags":["fair"]}"#.to_owned(),
        created_by: Some(id(3)),
        created_at: AT,
        updated_at: AT,
    };
    golden("recipe", &recipe);
    golden("remembered-mapping", &RememberedMapping { columns: vec![column], at: AT });
}

#[test]
fn tasks() {
    let task = Task {
        state: TaskState::Failed,
        created_at: AT,
        started_at: Some(AT),
        ended_at: Some(AT),
        total: 9,
        processed: 8,
        matched: 7,
        changed: 4,
        left: vec![(Left::Edited, 1), (Left::Merged, 2)],
        part: 1,
        after: Some(id(5)),
        met: 3,
        stay: 2,
        deleted_lists: vec![id(6)],
        failure: Some("list not found".to_owned()),
        undone_by: Some(id(7)),
    };
    golden("task", &task);
    let changes = TaskChanges {
        fields: vec![("city".to_owned(), Some("Bonn".to_owned())), ("state".to_owned(), None)],
        custom_fields: vec![("Fair".to_owned(), None)],
        tags: Some(vec!["a".to_owned()]),
        add_tags: vec!["b".to_owned()],
        remove_tags: vec!["c".to_owned()],
        owner: Some(NewOwner { owner: Some(id(8)) }),
        is_qualified: Some(NewFlag { flag: None }),
    };
    let merge =
        Merge { sources: vec![id(1), id(2)], into: id(3), duplicates: MergeDuplicates::Keep, made_target: true };
    let some = ListSelection { list: id(1), filter: Some("{}".to_owned()), except: vec![id(2)] };
    for (name, act, selection) in [
        ("update", Act::Update(changes), Some(Selection::List(some))),
        ("delete", Act::Delete, Some(Selection::Ids(vec![id(1), id(2)]))),
        ("move", Act::Move(id(4)), Some(Selection::List(ListSelection { list: id(1), ..ListSelection::default() }))),
        ("undo", Act::Undo(id(5)), None),
        ("merge", Act::Merge(merge), None),
        ("duplicate", Act::Duplicate(Duplicate { from: id(1), to: id(2) }), None),
    ] {
        let (source, request_id) = (Some("192.0.2.1".to_owned()), Some("r-1".to_owned()));
        let order = TaskOrder { act, selection, actor: Actor::Key(id(9)), source, request_id };
        golden(&format!("task-order-{name}"), &order);
    }
    let before = Some(Lead { list: id(1), version: 2, ..Lead::default() });
    let (left, other) = (Some(Left::Duplicate), Some(id(3)));
    golden("task-lead", &TaskLead { did: Did::Changed, before, version: 3, left, other });
}
