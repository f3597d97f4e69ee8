use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::id::{Id, ListId, UserId};
use crate::domain::lead::{EmailStatus, EnrichmentStatus};

const ID: u64 = 7;

fn lead() -> Lead {
    Lead {
        list: ListId::from_u64(3),
        owner: Some(UserId::from_u64(4)),
        email: Some("zoe@example.org".to_owned()),
        full_name: Some("Zoë Ångström".to_owned()),
        company_size: Some("250".to_owned()),
        custom_fields: vec![("Fair".to_owned(), "Hannover 2026".to_owned())],
        tags: vec!["Hot Lead".to_owned(), "eu".to_owned()],
        source: Some("csv".to_owned()),
        enrichment_status: EnrichmentStatus::Failed,
        email_status: Some(EmailStatus::CatchAll),
        quality_score: 62,
        created_at: Time::parse("2026-11-20T10:00:00Z").expect("a time"),
        ..Lead::default()
    }
}

fn holds(json: Value) -> bool {
    Filter::parse(&json).unwrap_or_else(|error| panic!("{error}")).matches(LeadId::from_u64(ID), &lead())
}

fn test(field: &str, op: &str, value: Value) -> bool {
    holds(json!({"field": field, "op": op, "value": value}))
}

fn refused(json: Value) -> (String, String) {
    let error = Filter::parse(&json).expect_err("refused");
    (error.pointer, error.problem.to_string())
}

#[test]
fn text_is_compared_folded() {
    assert!(test("fullName", "eq", json!("ZOE ANGSTROM")));
    assert!(test("fullName", "contains", json!("angst")));
    assert!(test("fullName", "prefix", json!("zoe")));
    assert!(!test("fullName", "prefix", json!("ang")));
    assert!(test("fullName", "in", json!(["x", "zoe angstrom"])));
    assert!(test("fullName", "gt", json!("yan")));
    assert!(test("fullName", "between", json!(["z", "zz"])));
    assert!(test("customFields.Fair", "contains", json!("hannover")));
    assert!(test("source", "eq", json!("CSV")));
}

#[test]
fn numbers_in_text_are_compared_as_numbers_where_the_filter_has_one() {
    assert!(test("companySize", "gt", json!(99)));
    assert!(!test("companySize", "gt", json!("99")), "as text 250 comes before 99");
    assert!(test("companySize", "eq", json!(250.0)));
    assert!(test("companySize", "between", json!([200, 300])));
    assert!(!test("fullName", "gt", json!(1)));
}

#[test]
fn a_field_without_a_value_matches_empty_and_ne_only() {
    for (op, value, expected) in [
        ("eq", json!("x"), false),
        ("ne", json!("x"), true),
        ("contains", json!(""), false),
        ("lt", json!("x"), false),
        ("empty", Value::Null, true),
        ("notEmpty", Value::Null, false),
    ] {
        assert_eq!(test("phone", op, value.clone()), expected, "{op}");
        assert_eq!(test("customFields.None", op, value), expected, "{op}");
    }
    assert!(test("enrichedAt", "empty", Value::Null));
    assert!(!test("enrichedAt", "lt", json!("2030-01-01")));
    assert!(test("isQualified", "ne", json!(true)));
}

#[test]
fn every_kind_of_field_is_compared_by_its_type() {
    assert!(test("enrichmentStatus", "eq", json!("failed")));
    assert!(test("enrichmentStatus", "in", json!(["pending", "failed"])));
    assert!(test("emailStatus", "eq", json!("catch-all")));
    assert!(test("emailVerified", "eq", json!(false)));
    assert!(test("qualityScore", "gte", json!(62)));
    assert!(test("qualityScore", "between", json!([60, 62])));
    assert!(test("createdAt", "gte", json!("2026-11-20")));
    assert!(test("createdAt", "lt", json!("2026-11-20T11:00:01+01:00")));
    assert!(test("listId", "eq", json!(ListId::from_u64(3).to_string())));
    assert!(test("owner", "in", json!([UserId::from_u64(4).to_string()])));
    assert!(test("id", "ne", json!(LeadId::from_u64(8).to_string())));
    assert!(test("tags", "eq", json!("hot lead")));
    assert!(test("tags", "prefix", json!("hot")));
    assert!(!test("tags", "ne", json!("EU")));
    assert!(test("missingFields", "contains", json!("linkedInUrl")));
    assert!(!test("missingFields", "in", json!(["email", "fullName"])));
}

#[test]
fn groups_combine() {
    let yes = json!({"field": "email", "op": "notEmpty"});
    let no = json!({"field": "email", "op": "empty"});
    assert!(holds(json!({"and": [yes, {"not": no}]})));
    assert!(holds(json!({"or": [no, yes]})));
    assert!(!holds(json!({"and": [yes, no]})));
    assert!(holds(json!({"and": []})));
    assert!(!holds(json!({"or": []})));
}

#[test]
fn errors_point_at_what_is_wrong_and_name_the_closest() {
    let (pointer, problem) = refused(json!({"and": [{"field": "emial", "op": "eq", "value": "x"}]}));
    assert_eq!(pointer, "/and/0/field");
    assert_eq!(problem, "unknown field \"emial\", did you mean \"email\"?");
    let (pointer, problem) = refused(json!({"field": "email", "op": "equal", "value": "x"}));
    assert_eq!((pointer.as_str(), problem.as_str()), ("/op", "unknown op \"equal\", did you mean \"eq\"?"));
    let (pointer, problem) = refused(json!({"not": {"field": "qualityScore", "op": "contains", "value": 1}}));
    assert_eq!(pointer, "/not/op");
    assert!(problem.starts_with("contains does not work on qualityScore"), "{problem}");
    let (pointer, problem) = refused(json!({"field": "enrichmentStatus", "op": "in", "value": ["failed", "done"]}));
    assert_eq!(pointer, "/value/1");
    assert!(problem.starts_with("expected one of not_enriched"), "{problem}");
    for (json, pointer) in [
        (json!([]), ""),
        (json!({}), ""),
        (json!({"and": [], "or": []}), ""),
        (json!({"and": {}}), "/and"),
        (json!({"field": 5, "op": "eq"}), "/field"),
        (json!({"field": "email"}), "/op"),
        (json!({"field": "email", "op": "eq"}), "/value"),
        (json!({"field": "email", "op": "eq", "value": null}), "/value"),
        (json!({"field": "email", "op": "empty", "value": 1}), "/value"),
        (json!({"field": "email", "op": "eq", "valeu": "x"}), "/valeu"),
        (json!({"field": "createdAt", "op": "between", "value": ["2026-01-01"]}), "/value"),
        (json!({"field": "createdAt", "op": "gt", "value": "yesterday"}), "/value"),
        (json!({"field": "listId", "op": "eq", "value": "lead_0000000000000"}), "/value"),
        (json!({"field": "customFields.", "op": "empty"}), "/field"),
    ] {
        assert_eq!(refused(json.clone()).0, pointer, "{json}");
    }
}

#[test]
fn hostile_filters_are_refused() {
    let leaf = json!({"field": "email", "op": "empty"});
    let nested = |depth: usize| (0..depth).fold(leaf.clone(), |inner, _| json!({"and": [inner]}));
    assert!(Filter::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(refused(nested(MAX_DEPTH + 1)).1.contains("nested deeper"));
    let denied = (0..60).fold(leaf.clone(), |inner, _| json!({"not": inner}));
    assert!(refused(denied).1.contains("nested deeper"));
    assert!(refused(json!({"or": vec![leaf; MAX_TESTS]})).1.contains("tests"));
    let values = vec!["x"; MAX_VALUES + 1];
    assert!(refused(json!({"field": "email", "op": "in", "value": values})).1.contains("values"));
    let long = "x".repeat(MAX_TEXT_CHARS + 1);
    assert!(refused(json!({"field": "email", "op": "eq", "value": long})).1.contains("characters"));
    assert!(refused(json!({"field": long, "op": "empty"})).1.contains("characters"));
}

proptest! {
    #[test]
    fn not_turns_every_answer_around(
        field in prop::sample::select(Field::names().collect::<Vec<_>>()),
        op in prop::sample::select(Op::ALL.to_vec()),
        value in prop::sample::select(vec![
            json!("zoe"), json!(60), json!(true), json!("failed"), json!("2026-11-20"), json!(["a", "b"]), json!([1, 99]),
            Value::Null, json!("list_0000000000003"), json!("email"),
        ]),
    ) {
        let json = json!({"field": field, "op": op.name(), "value": value});
        if let Ok(filter) = Filter::parse(&json) {
            let (id, lead) = (LeadId::from_u64(ID), lead());
            let not = Filter::parse(&json!({"not": json})).unwrap();
            prop_assert_ne!(filter.matches(id, &lead), not.matches(id, &lead));
        }
    }
}
