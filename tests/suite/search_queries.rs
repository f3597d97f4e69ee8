//! What people type and what they find; filters, orders, pages and facets.

use std::ops::Bound;

use galena::domain::id::Id;
use galena::domain::lead::{EnrichmentStatus, Lead, LeadField};
use galena::domain::time::Time;
use galena::search::*;
use proptest::prelude::*;

use super::search_fixture::*;

fn people() -> SearchIndex {
    let mut noted = named("Zoë O'Brien-Łukasz");
    noted.custom_fields = vec![
        ("Notes".to_owned(), "met at Booking.com, write to zoe.private@mail.example.org.\nsecond line".to_owned()),
        ("Employees".to_owned(), "250".to_owned()),
    ];
    noted.tags = vec!["Hot Lead".to_owned(), "Messe".to_owned()];
    let mut other = lead(&[
        (LeadField::FirstName, "李"),
        (LeadField::LastName, "小龙"),
        (LeadField::Website, "https://www.node.js-shop.de/team"),
    ]);
    other.custom_fields = vec![("Employees".to_owned(), "30.0".to_owned())];
    index_of(&[
        lead(&[
            (LeadField::FullName, "Anna Müller"),
            (LeadField::Email, "anna.mueller@mail.acme.co.uk"),
            (LeadField::Phone, "+493012345678"),
            (LeadField::CompanyName, "Straßenbau Groß GmbH"),
            (LeadField::JobTitle, "VP Sales"),
            (LeadField::LinkedInUrl, "https://www.linkedin.com/in/anna-mueller-42"),
            (LeadField::City, "Berlin"),
        ]),
        lead(&[
            (LeadField::FullName, "Hannah Annand"),
            (LeadField::Email, "hannah@acme.co.uk"),
            (LeadField::Phone, "+442071234567;ext=89"),
            (LeadField::JobTitle, "Sales Manager, VP"),
            (LeadField::City, "BERLIN"),
        ]),
        noted,
        other,
    ])
}

#[test]
fn words_are_found_without_regard_to_accents_case_and_order() {
    let index = people();
    for (q, found) in [
        ("muller", vec![1u64]),
        ("MÜLLER anna", vec![1]),
        ("strassenbau", vec![1]),
        ("anna", vec![1, 2]),
        ("\"anna\"", vec![1]),
        ("ann", vec![1, 2]),
        ("anna sales", vec![1]),
        ("sales vp", vec![1, 2]),
        ("\"vp sales\"", vec![1]),
        ("\"vp sal", vec![1]),
        ("o'brien", vec![3]),
        ("o’bri", vec![3]),
        ("obrien", vec![]),
        ("lukasz", vec![3]),
        ("zoe", vec![3]),
        ("hot messe", vec![3]),
        ("小龙", vec![4]),
        ("李小", vec![4]),
        ("\"李 小\"", vec![4]),
        ("龙小", vec![]),
        ("nobody", vec![]),
        ("anna nobody", vec![]),
    ] {
        assert_eq!(find_text(&index, q), found, "{q}");
    }
}

#[test]
fn short_beginnings_find_names_companies_and_mailboxes() {
    let index = people();
    assert_eq!(find_text(&index, "a"), [1, 2]);
    assert_eq!(find_text(&index, "an"), [1, 2]);
    assert_eq!(find_text(&index, "ha"), [2]);
    assert_eq!(find_text(&index, "st"), [1]);
    assert_eq!(find_text(&index, "anna m"), [1]);
    // A whole short word counts wherever it stands.
    assert_eq!(find_text(&index, "vp"), [1, 2]);
    assert_eq!(find_text(&index, "be"), Vec::<u64>::new());
    assert_eq!(find_text(&index, "ber"), [1, 2]);
}

#[test]
fn addresses_are_found_whole_in_part_and_in_notes() {
    let index = people();
    for (q, found) in [
        ("anna.mueller@mail.acme.co.uk", vec![1u64]),
        ("ANNA.MUELLER@MAIL.ACME.CO.UK", vec![1]),
        ("<anna.mueller@mail.acme.co.uk>,", vec![1]),
        ("anna.mueller@mail.acme.co.uk sales", vec![1]),
        ("mueller@mail.acme.co.uk", vec![]),
        ("anna.muel", vec![1]),
        ("anna.mueller@ma", vec![1]),
        ("acme.co.uk", vec![1, 2]),
        ("@acme.co.uk", vec![1, 2]),
        ("mail.acme.co.uk", vec![1]),
        ("https://www.acme.co.uk/", vec![1, 2]),
        ("acme", vec![1, 2]),
        ("anna-mueller-42", vec![1]),
        ("https://linkedin.com/in/anna-mueller-42/?utm=1", vec![1]),
        ("zoe.private@mail.example.org", vec![3]),
        ("booking.com", vec![3]),
        ("example.org", vec![3]),
        ("js-shop.de", vec![4]),
    ] {
        assert_eq!(find_text(&index, q), found, "{q}");
    }
}

#[test]
fn phones_are_found_in_any_spelling() {
    let index = people();
    for (q, found) in [
        ("+493012345678", vec![1u64]),
        ("+49 (0)30 / 1234-5678", vec![1]),
        ("0049 30 12345678", vec![1]),
        ("030 12345678", vec![1]),
        ("345678", vec![1]),
        ("34-56-78", vec![1]),
        ("+49 30 1234", vec![1]),
        ("anna 030 12345678", vec![1]),
        ("hannah 030 12345678", vec![]),
        ("234567", vec![2]),
        ("2071234567", vec![2]),
        ("999999", vec![]),
    ] {
        assert_eq!(find_text(&index, q), found, "{q}");
    }
}

fn filtered(index: &SearchIndex, clause: Clause) -> Vec<u64> {
    let mut found = find(index, &SearchRequest { filter: Some(clause), ..SearchRequest::default() });
    found.sort_unstable();
    found
}

#[test]
fn filters_compare_folded_keywords_and_custom_values() {
    let index = people();
    let city = || SearchField::Lead(LeadField::City);
    let field = |name: &str| SearchField::from_name(name).unwrap();
    let test = |name: &str, test| filtered(&index, Clause::test(field(name), test));
    assert_eq!(test("city", Test::Eq("berlin".into())), [1, 2]);
    assert_eq!(test("city", Test::Ne("Berlin".into())), [3, 4]);
    assert_eq!(test("city", Test::Empty), [3, 4]);
    assert_eq!(test("city", Test::In(vec!["Bonn".into(), "Berlin".into()])), [1, 2]);
    assert_eq!(test("city", Test::Contains("ERL".into())), [1, 2]);
    assert_eq!(test("city", Test::Contains("e.l".into())), Vec::<u64>::new());
    assert_eq!(test("email", Test::Prefix("Anna.".into())), [1]);
    assert_eq!(test("phone", Test::Eq("+49 30 12345678".into())), [1]);
    assert_eq!(test("linkedInUrl", Test::Eq("http://linkedin.com/in/Anna-Mueller-42/".into())), [1]);
    assert_eq!(test("linkedInUrl", Test::Prefix("https://www.linkedin.com/in/anna".into())), [1]);
    assert_eq!(test("createdAt", Test::Empty), Vec::<u64>::new());
    assert_eq!(test("domain", Test::Eq("acme.co.uk".into())), [2]);
    assert_eq!(test("tags", Test::Eq("hot lead".into())), [3]);
    assert_eq!(test("customFields.Employees", Test::NotEmpty), [3, 4]);
    assert_eq!(test("customFields.Notes", Test::Contains("second LINE".into())), [3]);
    assert_eq!(test("customFields.Employees", Test::Eq(Value::Number(30.0))), [4]);
    assert_eq!(test("customFields.Employees", Test::Eq("30.0".into())), [4]);
    assert_eq!(test("customFields.Employees", Test::Eq("30".into())), Vec::<u64>::new());
    assert_eq!(test("customFields.employees", Test::NotEmpty), Vec::<u64>::new());
    assert_eq!(test("emailVerified", Test::Eq(Value::Bool(false))), [1, 2, 3, 4]);
    let ids = [2, 9].map(|number| Value::Text(lead_id(number).to_string()));
    assert_eq!(test("id", Test::In(ids.to_vec())), [2]);
    let over = |number| Test::Range { from: Bound::Excluded(Value::Number(number)), to: Bound::Unbounded };
    assert_eq!(test("customFields.Employees", over(30.0)), [3]);
    assert_eq!(test("customFields.Employees", over(4.0)), [3, 4]);
    let early = Test::Range { from: Bound::Unbounded, to: Bound::Included("b".into()) };
    assert_eq!(test("fullName", early), [1]);
    let both = Clause::All(vec![
        Clause::test(city(), Test::Eq("berlin".into())),
        Clause::Not(Box::new(Clause::test(field("jobTitle"), Test::Prefix("vp".into())))),
    ]);
    assert_eq!(filtered(&index, both), [2]);
    assert_eq!(filtered(&index, Clause::Any(vec![])), Vec::<u64>::new());
    assert_eq!(filtered(&index, Clause::All(vec![])), [1, 2, 3, 4]);
    let odd = SearchRequest {
        filter: Some(Clause::test(field("qualityScore"), Test::Eq("many".into()))),
        ..SearchRequest::default()
    };
    assert!(matches!(index.search(&everything(1), &odd), Err(SearchError::Query(QueryError::BadValue { .. }))));
}

#[test]
fn filters_compare_numbers_times_states_and_lists() {
    let leads: Vec<Lead> = (0..10)
        .map(|number| Lead {
            list: list_id(number % 3 + 1),
            quality_score: number as u8 * 10,
            created_at: Time(1_700_000_000_000 + number as i64 * 1_000),
            enriched_at: (number >= 5).then_some(Time(-1)),
            enrichment_status: if number >= 5 { EnrichmentStatus::Enriched } else { EnrichmentStatus::NotFound },
            ..named("Anna")
        })
        .collect();
    let index = index_of(&leads);
    let test = |name: &str, test| filtered(&index, Clause::test(SearchField::from_name(name).unwrap(), test));
    let range = |from, to| Test::Range { from, to };
    assert_eq!(test("qualityScore", Test::Eq(Value::Number(30.0))), [4]);
    assert_eq!(test("qualityScore", Test::Eq(Value::Number(30.5))), Vec::<u64>::new());
    assert_eq!(test("qualityScore", range(Bound::Excluded(Value::Number(70.0)), Bound::Unbounded)), [9, 10]);
    assert_eq!(test("qualityScore", range(Bound::Included("5".into()), Bound::Excluded(Value::Number(20.5)))), [2, 3]);
    let time = range(Bound::Unbounded, Bound::Included("2023-11-14T22:13:21Z".into()));
    assert_eq!(test("createdAt", time), [1, 2]);
    assert_eq!(test("enrichedAt", Test::Empty), [1, 2, 3, 4, 5]);
    assert_eq!(test("enrichmentStatus", Test::Eq("not_found".into())), [1, 2, 3, 4, 5]);
    assert_eq!(test("listId", Test::Eq(Value::Text(list_id(3).to_string()))), [3, 6, 9]);
    let request = SearchRequest { list: Some(list_id(2)), ..SearchRequest::text("anna") };
    assert_eq!(find(&index, &request), [8, 5, 2]);
}

#[test]
fn facets_count_what_matches() {
    let mut batch = Batch::new();
    for number in 1..=30u64 {
        let mut one = lead(&[(LeadField::City, ["Berlin", "BERLIN", "Bonn"][number as usize % 3])]);
        one.tags = (0..number % 3).map(|tag| format!("Tag {tag}")).collect();
        // The other workspace has a city of its own.
        let owner = if number > 24 { 2 } else { 1 };
        if owner == 2 {
            one.set_field(LeadField::City, Some("Secret".to_owned()));
        }
        batch.add_new(LeadDocument::new(workspace(owner), lead_id(number), &one));
    }
    let index = SearchIndex::in_ram().unwrap();
    store(&index, batch);
    let mut batch = Batch::new();
    batch.delete(lead_id(1));
    batch.upsert(LeadDocument::new(workspace(1), lead_id(100), &lead(&[(LeadField::City, "Ulm")])));
    store(&index, batch);
    let fields = vec![SearchField::Lead(LeadField::City), SearchField::Tags];
    let page = index.search(&everything(1), &SearchRequest { facets: fields, limit: 1, ..Default::default() }).unwrap();
    let counts =
        |facet: &Facets| facet.buckets.iter().map(|bucket| (bucket.value.clone(), bucket.count)).collect::<Vec<_>>();
    assert_eq!(page.total, 24);
    assert_eq!(counts(&page.facets[0]), [("berlin".into(), 15), ("bonn".into(), 8), ("ulm".into(), 1)]);
    assert_eq!(counts(&page.facets[1]), [("tag 0".into(), 15), ("tag 1".into(), 8)]);
    assert_eq!(page.facets[0].buckets[2].example, lead_id(100));
    let refused = SearchRequest { facets: vec![SearchField::Lead(LeadField::Street)], ..Default::default() };
    assert!(matches!(
        index.search(&everything(1), &refused),
        Err(SearchError::Query(QueryError::UnfacetedField { .. }))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Pages in any order give every lead once, in the order of a plain sort, over several segments.
    #[test]
    fn pages_follow_the_order_and_miss_nothing(
        rows in proptest::collection::vec((0u8..4, proptest::option::of("[abÄ]{1,2}"), proptest::option::of(-3i64..3)), 1..40),
        splits in proptest::collection::vec(1usize..40, 0..4),
        score_down in any::<bool>(),
        name_down in any::<bool>(),
        limit in 1usize..9,
    ) {
        let index = SearchIndex::in_ram().unwrap();
        let leads: Vec<(u64, Lead)> = (1..).zip(&rows).map(|(number, (score, name, at))| {
            let mut one = Lead { quality_score: *score, enriched_at: at.map(Time), ..lead(&[]) };
            one.set_field(LeadField::CompanyName, name.clone());
            (number, one)
        }).collect();
        let mut rest = leads.as_slice();
        for split in splits.iter().copied().chain([usize::MAX]) {
            let (now, later) = rest.split_at(split.min(rest.len()));
            let mut batch = Batch::new();
            for (number, one) in now {
                batch.add_new(LeadDocument::new(workspace(1), lead_id(*number), one));
            }
            store(&index, batch);
            rest = later;
        }
        let company = SearchField::Lead(LeadField::CompanyName);
        let sort = |field, down| if down { Sort::descending(field) } else { Sort::ascending(field) };
        let mut request = SearchRequest {
            sort: vec![sort(company, name_down), sort(SearchField::EnrichedAt, score_down), sort(SearchField::QualityScore, score_down)],
            limit,
            ..SearchRequest::default()
        };
        let mut seen = Vec::new();
        loop {
            let page = index.search(&everything(1), &request).unwrap();
            prop_assert_eq!(page.total, rows.len() as u64);
            seen.extend(page.ids.iter().map(|id| id.as_u64()));
            match page.next_cursor {
                Some(cursor) => request.after = Some(cursor),
                None => break,
            }
            prop_assert!(seen.len() < rows.len());
        }
        let mut expected: Vec<u64> = leads.iter().map(|(number, _)| *number).collect();
        expected.sort_by(|left, right| {
            fn ordered<T: Ord>(left: Option<T>, right: Option<T>, down: bool) -> std::cmp::Ordering {
                match (left, right) {
                    (Some(left), Some(right)) if down => right.cmp(&left),
                    (Some(left), Some(right)) => left.cmp(&right),
                    (left, right) => left.is_none().cmp(&right.is_none()),
                }
            }
            let row = |number: &u64| &rows[*number as usize - 1];
            let name = |number: &u64| row(number).1.as_deref().map(|name| fold(name).into_owned());
            ordered(name(left), name(right), name_down)
                .then_with(|| ordered(row(left).2, row(right).2, score_down))
                .then_with(|| ordered(Some(row(left).0), Some(row(right).0), score_down))
                .then_with(|| right.cmp(left))
        });
        prop_assert_eq!(seen, expected);
    }
}

#[test]
fn a_page_stays_in_place_when_leads_come_and_go() {
    let leads: Vec<Lead> = (0..10).map(|number| lead(&[(LeadField::CompanyName, &format!("C{number}"))])).collect();
    let index = index_of(&leads);
    let sort = vec![Sort::ascending(SearchField::Lead(LeadField::CompanyName))];
    let mut request = SearchRequest { sort, limit: 4, ..SearchRequest::default() };
    let first = index.search(&everything(1), &request).unwrap();
    let mut batch = Batch::new();
    batch.delete(lead_id(4));
    batch.upsert(LeadDocument::new(workspace(1), lead_id(11), &lead(&[(LeadField::CompanyName, "A")])));
    batch.upsert(LeadDocument::new(workspace(1), lead_id(12), &lead(&[(LeadField::CompanyName, "C3b")])));
    store(&index, batch);
    request.after = first.next_cursor;
    assert_eq!(find(&index, &request), [12, 5, 6, 7]);
}

#[test]
fn bad_requests_are_told_why() {
    let index = people();
    let refused = |request: SearchRequest| match index.search(&everything(1), &request) {
        Err(SearchError::Query(error)) => error,
        other => panic!("{other:?}"),
    };
    let limit = |limit| refused(SearchRequest { limit, ..Default::default() });
    assert_eq!(limit(0), QueryError::LimitOutOfRange { max: MAX_LIMIT });
    assert_eq!(limit(501), QueryError::LimitOutOfRange { max: MAX_LIMIT });
    let sort = vec![Sort::ascending(SearchField::Custom("x".to_owned()))];
    assert!(matches!(refused(SearchRequest { sort, ..Default::default() }), QueryError::UnsortableField { .. }));
    let sort = vec![Sort::ascending(SearchField::CreatedAt); 4];
    assert!(matches!(refused(SearchRequest { sort, ..Default::default() }), QueryError::TooManySortKeys { .. }));
}
