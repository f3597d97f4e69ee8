//! What is known to go wrong with a tantivy index, and must not here.

use std::fs;
use std::path::{Path, PathBuf};

use galena::domain::id::Id;
use galena::domain::lead::LeadField;
use galena::search::*;
use proptest::prelude::*;

use super::search_fixture::*;

fn generations() -> (tempfile::TempDir, Generations) {
    let folder = tempfile::tempdir().unwrap();
    let generations = Generations::new(folder.path().join("index"));
    (folder, generations)
}

/// A published index of `leads` leads called "Anna <number>", committed one by one with rising checkpoints.
fn published(generations: &Generations, leads: u64) -> SearchIndex {
    let index = SearchIndex::create(generations).unwrap();
    let mut writer = index.writer(MEMORY).unwrap();
    for number in 1..=leads {
        let mut batch = Batch::new();
        batch.add_new(LeadDocument::new(workspace(1), lead_id(number), &named(&format!("Anna {number}"))));
        writer.apply(batch).unwrap();
        writer.commit(&Checkpoint::new(number, number * 10, index.generation())).unwrap();
    }
    // Waits for merges, so that the files do not change below the tests.
    assert!(writer.close_idle().unwrap());
    generations.publish(index.generation()).unwrap();
    index.reload().unwrap();
    index
}

fn reopened(generations: &Generations, check: OpenCheck) -> Result<SearchIndex, RebuildReason> {
    match SearchIndex::open(generations, check).unwrap() {
        Opened::Ready(index) => Ok(index),
        Opened::NeedsRebuild(reason) => Err(reason),
    }
}

fn segment_files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

#[test]
fn the_checkpoint_survives_merges_and_reopening() {
    let (_folder, generations) = generations();
    // Twenty commits are enough for the merge policy to merge at least once.
    let index = published(&generations, 20);
    assert!(segment_files(&generations.folder(index.generation()), "idx").len() < 20);
    let expected = Checkpoint::new(20, 200, index.generation());
    assert_eq!(index.checkpoint().unwrap(), Some(expected.clone()));
    drop(index);
    let index = reopened(&generations, OpenCheck::Checksums).unwrap();
    assert_eq!(index.checkpoint().unwrap(), Some(expected));
    assert_eq!(index.document_count(), 20);
    // A commit without changes still carries its own checkpoint.
    let mut writer = index.writer(MEMORY).unwrap();
    writer.commit(&Checkpoint::new(21, 200, index.generation())).unwrap();
    assert_eq!(index.checkpoint().unwrap().map(|found| found.live), Some(21));
}

#[test]
fn nothing_there_is_a_reason_to_build() {
    let (_folder, generations) = generations();
    assert_eq!(reopened(&generations, OpenCheck::Frame).err(), Some(RebuildReason::Missing));
    let index = published(&generations, 1);
    fs::remove_dir_all(generations.folder(index.generation())).unwrap();
    assert_eq!(reopened(&generations, OpenCheck::Frame).err(), Some(RebuildReason::Missing));
    fs::write(generations.root().join("CURRENT"), b"\xff\xfe nonsense").unwrap();
    assert_eq!(reopened(&generations, OpenCheck::Frame).err(), Some(RebuildReason::Missing));
}

#[test]
fn an_index_that_was_never_committed_is_not_used() {
    let (_folder, generations) = generations();
    let index = SearchIndex::create(&generations).unwrap();
    generations.publish(index.generation()).unwrap();
    assert_eq!(reopened(&generations, OpenCheck::Frame).err(), Some(RebuildReason::NoCheckpoint));
}

#[test]
fn a_flipped_bit_is_found_by_checksums() {
    let (_folder, generations) = generations();
    let index = published(&generations, 3);
    let folder = generations.folder(index.generation());
    drop(index);
    for ending in ["idx", "term", "fast", "pos"] {
        let file = segment_files(&folder, ending).pop().unwrap();
        let sound = fs::read(&file).unwrap();
        let mut damaged = sound.clone();
        damaged[1] ^= 0x10;
        fs::write(&file, &damaged).unwrap();
        let found = reopened(&generations, OpenCheck::Checksums).err();
        assert!(matches!(found, Some(RebuildReason::Damaged(_))), "{ending}: {found:?}");
        fs::write(&file, &sound).unwrap();
    }
    let index = reopened(&generations, OpenCheck::Checksums).unwrap();
    assert!(index.validate_checksums().unwrap().is_empty());
}

#[test]
fn lost_cut_and_unreadable_files_are_found_when_opening() {
    let (_folder, generations) = generations();
    let index = published(&generations, 3);
    let folder = generations.folder(index.generation());
    drop(index);
    let meta = folder.join("meta.json");
    let term = segment_files(&folder, "term").pop().unwrap();
    let fast = segment_files(&folder, "fast").pop().unwrap();
    for file in [&meta, &term, &fast] {
        let sound = fs::read(file).unwrap();
        for damaged in [None, Some(Vec::new()), Some(sound[..sound.len() / 2].to_vec())] {
            match &damaged {
                Some(bytes) => fs::write(file, bytes).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
            let found = reopened(&generations, OpenCheck::Frame).err();
            assert!(found.is_some(), "{} {:?}", file.display(), damaged.map(|bytes| bytes.len()));
            fs::write(file, &sound).unwrap();
        }
    }
    assert!(reopened(&generations, OpenCheck::Frame).is_ok());
}

#[test]
fn another_schema_is_a_reason_to_build() {
    let (_folder, generations) = generations();
    let index = published(&generations, 1);
    let mut writer = index.writer(MEMORY).unwrap();
    let older = Checkpoint { schema_hash: "0123456789abcdef".to_owned(), ..Checkpoint::new(1, 1, index.generation()) };
    writer.commit(&older).unwrap();
    assert_eq!(reopened(&generations, OpenCheck::Frame).err(), Some(RebuildReason::OtherSchema));
}

#[test]
fn a_rebuild_is_not_seen_before_it_is_published() {
    let (_folder, generations) = generations();
    let old = published(&generations, 2);
    let new = SearchIndex::create(&generations).unwrap();
    assert!(new.generation() > old.generation());
    let mut writer = new.writer(MEMORY).unwrap();
    writer.commit(&Checkpoint::new(9, 9, new.generation())).unwrap();
    drop(writer);
    assert_eq!(reopened(&generations, OpenCheck::Frame).unwrap().generation(), old.generation());
    // A stop here leaves a half-built folder, which is never taken up.
    let newest = SearchIndex::create(&generations).unwrap();
    assert!(newest.generation() > new.generation());
    generations.publish(new.generation()).unwrap();
    assert_eq!(reopened(&generations, OpenCheck::Frame).unwrap().generation(), new.generation());
    generations.remove_all_but(new.generation()).unwrap();
    assert!(!generations.folder(old.generation()).exists());
    assert!(reopened(&generations, OpenCheck::Checksums).is_ok());
}

#[test]
fn there_is_one_writer_and_its_lock_ends_with_it() {
    let (_folder, generations) = generations();
    let index = published(&generations, 1);
    let mut first = index.writer(MEMORY).unwrap();
    assert!(matches!(index.writer(MEMORY), Err(SearchError::WriterBusy)));
    assert!(first.close_idle().unwrap());
    assert!(!first.is_open());
    drop(index.writer(MEMORY).unwrap());
    // Uncommitted work keeps it open; the next change after closing opens it again.
    let mut batch = Batch::new();
    batch.add_new(LeadDocument::new(workspace(1), lead_id(7), &named("Zoe")));
    first.apply(batch).unwrap();
    assert!(!first.close_idle().unwrap());
    first.commit(&Checkpoint::new(2, 2, index.generation())).unwrap();
    assert!(first.close_idle().unwrap());
    index.reload().unwrap();
    assert_eq!(find_text(&index, "zoe"), [7]);
}

#[test]
fn a_lock_file_left_by_a_crash_does_not_lock() {
    let (_folder, generations) = generations();
    let index = published(&generations, 1);
    let folder = generations.folder(index.generation());
    drop(index);
    for name in [".tantivy-writer.lock", ".tantivy-meta.lock"] {
        fs::write(folder.join(name), b"").unwrap();
    }
    let index = reopened(&generations, OpenCheck::Checksums).unwrap();
    index.writer(MEMORY).unwrap();
}

#[test]
fn dropped_work_is_gone_and_the_checkpoint_says_so() {
    let (_folder, generations) = generations();
    let index = published(&generations, 1);
    let mut writer = index.writer(MEMORY).unwrap();
    let mut batch = Batch::new();
    batch.add_new(LeadDocument::new(workspace(1), lead_id(2), &named("Lost")));
    writer.apply(batch).unwrap();
    drop(writer);
    let index = reopened(&generations, OpenCheck::Checksums).unwrap();
    assert_eq!(index.checkpoint().unwrap().map(|found| found.live), Some(1));
    assert!(find_text(&index, "lost").is_empty());
}

#[test]
fn a_failed_commit_means_reopening() {
    let (_folder, generations) = generations();
    let index = published(&generations, 1);
    let folder = generations.folder(index.generation());
    let mut writer = index.writer(MEMORY).unwrap();
    let mut batch = Batch::new();
    batch.add_new(LeadDocument::new(workspace(1), lead_id(2), &named("Late")));
    // Without the folder nothing can be written.
    let away = folder.with_extension("away");
    fs::rename(&folder, &away).unwrap();
    let applied = writer.apply(batch);
    let committed = writer.commit(&Checkpoint::new(2, 2, index.generation()));
    assert!(matches!(committed, Err(SearchError::MustReopen(_))), "{applied:?} {committed:?}");
    assert!(matches!(writer.commit(&Checkpoint::new(3, 3, 1)), Err(SearchError::MustReopen(_))));
    drop(writer);
    fs::rename(&away, &folder).unwrap();
    let index = reopened(&generations, OpenCheck::Checksums).unwrap();
    assert_eq!(index.checkpoint().unwrap().map(|found| found.live), Some(1));
    let mut batch = Batch::new();
    batch.upsert(LeadDocument::new(workspace(1), lead_id(2), &named("Late")));
    store(&index, batch);
    assert_eq!(find_text(&index, "late"), [2]);
}

#[test]
fn upserts_leave_one_document_and_deletes_none() {
    let index = index_of(&[named("Anna First")]);
    let mut batch = Batch::new();
    batch.upsert(LeadDocument::new(workspace(1), lead_id(1), &named("Anna Second")));
    batch.upsert(LeadDocument::new(workspace(1), lead_id(1), &named("Anna Third")));
    batch.upsert(LeadDocument::new(workspace(1), lead_id(2), &named("Anna Other")));
    store(&index, batch);
    assert_eq!(find_text(&index, "anna"), [1, 2]);
    assert_eq!(find_text(&index, "anna third"), [1]);
    assert!(find_text(&index, "second").is_empty());
    let mut batch = Batch::new();
    batch.delete(lead_id(1));
    batch.upsert(LeadDocument::new(workspace(1), lead_id(3), &named("Anna New")));
    batch.delete(lead_id(3));
    store(&index, batch);
    assert_eq!(find_text(&index, "anna"), [2]);
    assert_eq!(index.document_count(), 1);
}

/// The rest of the house must not get at what tantivy gets wrong.
#[test]
fn what_tantivy_gets_wrong_is_not_called() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/search");
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let forbidden = [
            "rollback(",
            "commit_opstamp",
            "delete_all_documents",
            ".abort(",
            ".commit()?",
            "QueryParser",
            "OnCommitWithDelay",
        ];
        for name in forbidden {
            assert!(!source.contains(name), "{} calls {name}", path.display());
        }
        // The one commit of tantivy stands behind a payload.
        let commits = source.matches(".prepare_commit()").count();
        assert_eq!(commits, source.matches(".set_payload(").count(), "{}", path.display());
        read += 1;
    }
    assert!(read > 10);
}

#[test]
fn tantivy_has_one_home() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, found),
                false => found.push(path),
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for path in files.iter().filter(|path| !path.starts_with(root.join("search"))) {
        let source = fs::read_to_string(path).unwrap_or_default();
        assert!(!source.contains("tantivy::"), "{}", path.display());
    }
}

const NAMES: [&str; 6] = ["Anna Smith", "Anna Müller", "Jean-Luc Picard", "Ann Annand", "李小龙", "O'Brien"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two workspaces with the same people: whatever is asked, in whatever scope, only own leads come back.
    #[test]
    fn a_foreign_workspace_never_leaks(
        people in proptest::collection::vec((0..NAMES.len(), 1u64..3, 1u64..4), 1..40),
        q in prop_oneof![Just(""), Just("a"), Just("ann"), Just("anna smith"), Just("acme.com"), Just("123456"), Just("o'b")],
        negated in any::<bool>(),
    ) {
        let index = SearchIndex::in_ram().unwrap();
        let mut batch = Batch::new();
        for (number, (name, owner, list)) in (1..).zip(&people) {
            let mut one = named(NAMES[*name]);
            one.set_field(LeadField::Email, Some(format!("p{number}@acme.com")));
            one.set_field(LeadField::Phone, Some("+4930123456".to_owned()));
            one.set_field(LeadField::CompanyName, Some("Acme".to_owned()));
            one.list = list_id(*list);
            batch.add_new(LeadDocument::new(workspace(*owner), lead_id(number), &one));
        }
        store(&index, batch);
        let field = SearchField::Lead(LeadField::City);
        let filter = negated.then(|| Clause::Not(Box::new(Clause::test(field, Test::NotEmpty))));
        let facets = vec![SearchField::Lead(LeadField::CompanyName), SearchField::List];
        let request = SearchRequest { filter, facets, limit: 500, ..SearchRequest::text(q) };
        for own in 1..3 {
            let owner = |id: u64| people[id as usize - 1];
            let page = index.search(&everything(own), &request).unwrap();
            prop_assert!(page.ids.iter().all(|id| owner(id.as_u64()).1 == own));
            prop_assert_eq!(page.total, page.ids.len() as u64);
            for facet in &page.facets {
                prop_assert_eq!(facet.buckets.iter().map(|bucket| bucket.count).sum::<u64>(), page.total);
                prop_assert!(facet.buckets.iter().all(|bucket| owner(bucket.example.as_u64()).1 == own));
            }
            if q.is_empty() {
                prop_assert_eq!(page.total, people.iter().filter(|lead| lead.1 == own).count() as u64);
            }
            let without = SearchScope::new(&scope(own), ListScope::Except([list_id(1), list_id(2)].into()));
            let only = SearchScope::new(&scope(own), ListScope::Only([list_id(1), list_id(2)].into()));
            let without = index.search(&without, &request).unwrap();
            let only = index.search(&only, &request).unwrap();
            prop_assert!(without.ids.iter().all(|id| owner(id.as_u64()).2 == 3));
            prop_assert!(only.ids.iter().all(|id| owner(id.as_u64()).2 != 3 && owner(id.as_u64()).1 == own));
            prop_assert_eq!(without.total + only.total, page.total);
        }
        let nothing = SearchScope::new(&scope(1), ListScope::Only([].into()));
        prop_assert_eq!(index.search(&nothing, &request).unwrap().total, 0);
        prop_assert_eq!(index.search(&everything(3), &request).unwrap().total, 0);
    }
}

#[test]
fn a_cursor_is_of_no_use_elsewhere() {
    let index = SearchIndex::in_ram().unwrap();
    let mut batch = Batch::new();
    for number in 1..=20 {
        batch.add_new(LeadDocument::new(workspace(number % 2 + 1), lead_id(number), &named("Anna")));
    }
    store(&index, batch);
    let request = SearchRequest { limit: 3, ..SearchRequest::text("anna") };
    let after = index.search(&everything(1), &request).unwrap().next_cursor;
    assert!(after.is_some());
    let next = SearchRequest { after: after.clone(), ..request.clone() };
    assert_eq!(index.search(&everything(1), &next).unwrap().ids.len(), 3);
    let refused = |scope: &SearchScope, request: &SearchRequest| {
        matches!(index.search(scope, request), Err(SearchError::Query(QueryError::BadCursor)))
    };
    assert!(refused(&everything(2), &next));
    assert!(refused(&everything(1), &SearchRequest { q: "ann".to_owned(), ..next.clone() }));
    for bad in ["", "x", "....", "eyJzIjoiIn0", &"A".repeat(10_000)] {
        assert!(refused(&everything(1), &SearchRequest { after: Some(bad.to_owned()), ..request.clone() }));
    }
}

fn answered(index: &SearchIndex, request: &SearchRequest) -> bool {
    matches!(index.search(&everything(1), request), Ok(_) | Err(SearchError::Query(_)))
}

fn dirty_index() -> SearchIndex {
    let mut odd = named("\u{0}\u{1}\"(*) AND \u{202e}ﷺ");
    odd.custom_fields = vec![("a.b\u{1}c\u{0}".to_owned(), "x".repeat(9_999)), (String::new(), "1e308".to_owned())];
    odd.tags = vec![String::new(), "\u{10ffff}".to_owned()];
    index_of(&[
        odd,
        named(&"long".repeat(2_000)),
        named("Anna"),
        lead(&[(LeadField::Email, "@"), (LeadField::Phone, "x")]),
    ])
}

#[test]
fn hostile_texts_are_answered() {
    let index = dirty_index();
    for q in [
        "\0",
        "\"",
        "\"\"",
        "\"\"\"",
        "*",
        "a*",
        "?",
        "a AND",
        "OR OR OR",
        "NOT",
        "(((((",
        "all:anna",
        "+-+-",
        "^9",
        "~2",
        "[a TO b]",
        "\\",
        "anna\\",
        "@",
        "@@",
        "a@",
        "@a.",
        ".",
        "..",
        "/",
        "://",
        "http://",
        "https://www.",
        "0",
        "000000",
        "0000000000",
        "(0)(0)(0)(0)(0)(0)",
        "+",
        "++++++",
        "123456789012345678901234567890",
        "\u{feff}",
        "\u{202e}abc",
        "ﷺ",
        "👩‍👩‍👧‍👦",
        "\u{10ffff}",
        "e\u{301}\u{301}\u{301}",
        "'; drop table leads; --",
        "anna\u{0}smith",
        "\"anna",
        "anna\"",
    ] {
        assert!(index.search(&everything(1), &SearchRequest::text(q)).is_ok(), "{q:?}");
    }
    for q in [
        "x".repeat(100_000),
        "a ".repeat(400),
        "ﷺ ".repeat(999),
        "\"a".repeat(600),
        "a b c d ".repeat(500),
        format!("\"{}\"", "a ".repeat(900)),
        "😀".repeat(3_000),
        "e\u{301}".repeat(2_000),
        "\u{301}".repeat(2_000),
        "\u{0}".repeat(2_000),
        "\u{5d0}\u{202e}\u{5d1} ".repeat(300),
        "+49 ".repeat(400),
        "1 ".repeat(900),
        "a.b@".repeat(400),
        "http://".repeat(300),
        "(".repeat(5_000),
    ] {
        assert!(index.search(&everything(1), &SearchRequest::text(&q)).is_ok(), "{q:?}");
    }
}

fn hostile_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::Text),
        any::<f64>().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Bool),
    ]
}

fn hostile_bound() -> impl Strategy<Value = std::ops::Bound<Value>> {
    use std::ops::Bound;
    prop_oneof![
        Just(Bound::Unbounded),
        hostile_value().prop_map(Bound::Included),
        hostile_value().prop_map(Bound::Excluded),
    ]
}

fn hostile_clause() -> impl Strategy<Value = Clause> {
    let field = prop_oneof![
        any::<String>().prop_map(SearchField::Custom),
        proptest::sample::select(vec![
            "email",
            "phone",
            "companyName",
            "tags",
            "qualityScore",
            "createdAt",
            "listId",
            "street"
        ])
        .prop_map(|name| SearchField::from_name(name).unwrap()),
    ];
    let test = prop_oneof![
        hostile_value().prop_map(Test::Eq),
        hostile_value().prop_map(Test::Ne),
        proptest::collection::vec(hostile_value(), 0..4).prop_map(Test::In),
        any::<String>().prop_map(Test::Contains),
        any::<String>().prop_map(Test::Prefix),
        (hostile_bound(), hostile_bound()).prop_map(|(from, to)| Test::Range { from, to }),
        Just(Test::Empty),
        Just(Test::NotEmpty),
    ];
    let leaf = (field, test).prop_map(|(field, test)| Clause::Test(field, test));
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Clause::All),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Clause::Any),
            inner.prop_map(|clause| Clause::Not(Box::new(clause))),
        ]
    })
}

#[test]
fn any_text_and_any_filter_get_an_answer_or_a_refusal() {
    let index = dirty_index();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    let piece = prop_oneof![any::<String>(), "[a-z0-9@./\"+() -]{0,30}", "\\PC{0,30}"];
    runner
        .run(&(piece, proptest::option::of(hostile_clause())), |(q, filter)| {
            let request = SearchRequest { filter, ..SearchRequest::text(q) };
            prop_assert!(answered(&index, &request));
            Ok(())
        })
        .unwrap();
}

#[test]
fn huge_filters_are_refused() {
    let index = dirty_index();
    let mut deep = Clause::All(Vec::new());
    for _ in 0..100 {
        deep = Clause::Not(Box::new(deep));
    }
    let wide = Clause::Test(SearchField::Tags, Test::In(vec![Value::from("x"); 10_001]));
    for clause in [deep, wide] {
        let request = SearchRequest { filter: Some(clause), ..SearchRequest::default() };
        let refused = index.search(&everything(1), &request);
        assert!(matches!(refused, Err(SearchError::Query(QueryError::FilterTooLarge { .. }))));
    }
}
