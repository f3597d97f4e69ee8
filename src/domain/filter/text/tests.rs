use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::filter::{Field, MAX_TESTS, Op};

fn text(written: &str) -> Filter {
    Filter::parse_text(written).unwrap_or_else(|error| panic!("{written}: {error}"))
}

fn tree(json: &Value) -> Filter {
    Filter::parse(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn same(written: &str, json: Value) {
    assert_eq!(text(written), tree(&json), "{written}");
}

fn test(field: &str, op: &str, value: Value) -> Value {
    json!({ "field": field, "op": op, "value": value })
}

fn refused(written: &str) -> (usize, String) {
    let error = Filter::parse_text(written).expect_err(written);
    (error.position, error.problem.to_string())
}

#[test]
fn signs_stars_and_words_are_operators() {
    same("status:failed", test("enrichmentStatus", "eq", json!("failed")));
    same("title:\"vp sales\"", test("jobTitle", "eq", json!("vp sales")));
    same("title=\"say \\\"hi\\\" \\\\\"", test("jobTitle", "eq", json!("say \"hi\" \\")));
    same("title:*sales*", test("jobTitle", "contains", json!("sales")));
    same("title:*\"vp sales\"*", test("jobTitle", "contains", json!("vp sales")));
    same("company:ac*", test("companyName", "prefix", json!("ac")));
    same("country!=DE", test("country", "ne", json!("DE")));
    same("country:DE,AT,\"New Zealand\"", test("country", "in", json!(["DE", "AT", "New Zealand"])));
    same("country:(DE, AT)", test("country", "in", json!(["DE", "AT"])));
    same("country:()", test("country", "in", json!([])));
    same("country!=DE,AT", json!({ "not": test("country", "in", json!(["DE", "AT"])) }));
    same("phone:empty", json!({ "field": "phone", "op": "empty" }));
    same("phone:\"empty\"", test("phone", "eq", json!("empty")));
    same("phone:*", json!({ "field": "phone", "op": "notEmpty" }));
    same("phone!=*", json!({ "field": "phone", "op": "empty" }));
    same("score>=80", test("qualityScore", "gte", json!(80)));
    same("score:>-1.5", test("qualityScore", "gt", json!(-1.5)));
    same("score:10..20", test("qualityScore", "between", json!([10, 20])));
    same("score:10..", test("qualityScore", "gte", json!(10)));
    same("score:..10", test("qualityScore", "lte", json!(10)));
    same("name:\"a b\"..c", test("fullName", "between", json!(["a b", "c"])));
    same("tag:vip", test("tags", "eq", json!("vip")));
    same(
        "verified:yes qualified:false",
        json!({ "and": [test("emailVerified", "eq", json!(true)), test("isQualified", "eq", json!(false))] }),
    );
    same("missing:*zip*", test("missingFields", "contains", json!("postalCode")));
    same("EMAIL:a@b.co", test("email", "eq", json!("a@b.co")));
    same("list:list_0000000000003", test("listId", "eq", json!("list_0000000000003")));
    same("customFields.Fair:x", test("customFields.Fair", "eq", json!("x")));
    same("custom.\"Deal stage\":won", test("customFields.Deal stage", "eq", json!("won")));
    same("custom.Seats>50", test("customFields.Seats", "gt", json!(50)));
    same("custom.Seats>\"50\"", test("customFields.Seats", "gt", json!("50")));
}

#[test]
fn groups_bind_as_people_expect() {
    let (a, b, c) = (test("city", "eq", json!("a")), test("city", "eq", json!("b")), test("city", "eq", json!("c")));
    same("city:a city:b", json!({ "and": [a, b] }));
    same("city:a AND city:b", json!({ "and": [a, b] }));
    same("city:a or city:b city:c", json!({ "or": [a, { "and": [b, c] }] }));
    same("(city:a OR city:b) city:c", json!({ "and": [{ "or": [a, b] }, c] }));
    same("-city:a", json!({ "not": a }));
    same("NOT city:a", json!({ "not": a }));
    same("not(city:a city:b) -(-city:c)", json!({ "and": [{ "not": { "and": [a, b] } }, { "not": { "not": c } }] }));
    same("all()", json!({ "and": [] }));
    same("any()", json!({ "or": [] }));
    same("any(city:a, city:b city:c)", json!({ "or": [a, { "and": [b, c] }] }));
    same("any(city:a,b, city:c)", json!({ "or": [test("city", "in", json!(["a", "b"])), c] }));
    same("", json!({ "and": [] }));
    same("((((city:a))))", a);
}

#[test]
fn a_year_month_or_day_is_all_of_it() {
    let between = |from: &str, to: &str| test("createdAt", "between", json!([from, to]));
    same("created:2026", between("2026-01-01", "2026-12-31T23:59:59.999Z"));
    same("created:2026-02", between("2026-02-01", "2026-02-28T23:59:59.999Z"));
    same("created:2024-02-29", between("2024-02-29", "2024-02-29T23:59:59.999Z"));
    same("created:2026-01..2026-02", between("2026-01-01", "2026-02-28T23:59:59.999Z"));
    same("created>2026-01", test("createdAt", "gt", json!("2026-01-31T23:59:59.999Z")));
    same("created>=2026-01", test("createdAt", "gte", json!("2026-01-01")));
    same("created<2026-01", test("createdAt", "lt", json!("2026-01-01")));
    same("created<=2026-01-05", test("createdAt", "lte", json!("2026-01-05T23:59:59.999Z")));
    same("enriched:..2026", test("enrichedAt", "lte", json!("2026-12-31T23:59:59.999Z")));
    same("created:2026-01-01T10:00:00Z", test("createdAt", "eq", json!("2026-01-01T10:00:00Z")));
    same("created!=2026", json!({ "not": between("2026-01-01", "2026-12-31T23:59:59.999Z") }));
}

#[test]
fn mistakes_are_told_where_they_stand() {
    assert_eq!(refused("name:x emial:y"), (8, "unknown field \"emial\", did you mean \"email\"?".to_owned()));
    assert_eq!(refused("ünï:x").0, 1);
    assert_eq!(refused("name:ü titel:x").0, 8);
    assert!(refused("smith").1.contains("name:smith"));
    assert_eq!(refused("smith").0, 6);
    let (position, problem) = refused("name:x status:done");
    assert_eq!((position, problem.starts_with("expected one of not_enriched")), (8, true), "{problem}");
    let (position, problem) = refused("name:x score:*5*");
    assert_eq!((position, problem.starts_with("contains does not work on qualityScore")), (8, true), "{problem}");
    assert_eq!(refused("name:\"x").0, 6);
    assert_eq!(refused("(name:x").0, 1);
    assert_eq!(refused("name:x)").0, 7);
    assert_eq!(refused("name:").0, 6);
    assert_eq!(refused("name:x OR").0, 10);
    assert_eq!(refused("name:x AND").0, 8);
    assert_eq!(refused("name:*x").0, 6);
    assert_eq!(refused("score>1,2").0, 7);
    let json = Filter::parse(&json!("name:x emial:y")).expect_err("refused");
    assert_eq!((json.pointer.as_str(), json.problem.to_string().starts_with("at character 8: unknown")), ("", true));
}

#[test]
fn hostile_texts_are_refused() {
    let deep = format!("{}name:x{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(refused(&deep).1.contains("nested deeper"));
    assert!(refused(&format!("{}name:x", "-".repeat(10_000))).1.contains("nested deeper"));
    assert!(refused(&"all(".repeat(10_000)).1.contains("nested deeper"));
    assert!(refused(&"name:x ".repeat(MAX_TESTS + 1)).1.contains("tests"));
    assert!(refused(&format!("name:{}", "x,".repeat(2_000))).1.contains("values"));
    assert!(refused(&"x".repeat(MAX_FILTER_CHARS + 1)).1.contains("characters"));
}

#[test]
fn written_filters_may_be_json_or_text() {
    let parsed = |written: &str| Filter::parse_written(written);
    assert_eq!(parsed("{\"field\":\"city\",\"op\":\"empty\"}"), Ok(text("city:empty")));
    assert_eq!(parsed("city:empty"), Ok(text("city:empty")));
    assert!(parsed("{\"field\":\"city\"}").is_err());
    assert!(parsed("42").is_err());
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,12}".prop_map(Value::String),
        prop::sample::select(vec![
            "empty", "*", "a..b", "..", "a,b", "\"", "\\", "-5", "1e3", "007", "OR", "x)", "a b", " x ", "."
        ])
        .prop_map(|text| json!(text)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>()
            .prop_filter("JSON has no such number", |number| number.is_finite())
            .prop_map(|number| json!(number)),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    let names: Vec<String> = Field::names()
        .filter(|name| !name.ends_with('.'))
        .map(str::to_owned)
        .chain(
            ["customFields.Deal stage", "customFields.a\"b", "customFields.x:y", "customFields.ß."].map(str::to_owned),
        )
        .collect();
    let special = prop::sample::select(vec![
        json!("failed"),
        json!("catch-all"),
        json!("2026-01-31T10:00:00.123Z"),
        json!("2026-01-31"),
        json!(true),
        json!("list_0000000000003"),
        json!("user_0000000000003"),
        json!("lead_0000000000003"),
        json!("job_0000000000003"),
        json!("email"),
    ]);
    let any_value = prop_oneof![value(), special];
    (prop::sample::select(names), prop::sample::select(Op::ALL.to_vec()), prop::collection::vec(any_value, 0..4)).prop_map(
        |(field, op, values)| match op {
            Op::Empty | Op::NotEmpty => json!({ "field": field, "op": op.name() }),
            Op::In => json!({ "field": field, "op": op.name(), "value": values }),
            Op::Between => {
                let first = values.first().cloned().unwrap_or(json!("x"));
                json!({ "field": field, "op": op.name(), "value": [first, values.last().cloned().unwrap_or(json!("y"))] })
            }
            _ => json!({ "field": field, "op": op.name(), "value": values.first().cloned().unwrap_or(json!("x")) }),
        },
    )
}

fn any_tree() -> impl Strategy<Value = Value> {
    let fitting = leaf().prop_filter("a test that is taken", |json| Filter::parse(json).is_ok());
    fitting.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| json!({ "and": parts })),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| json!({ "or": parts })),
            inner.prop_map(|part| json!({ "not": part })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_local_rejects: 200_000, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_filter_written_down_reads_back_as_itself(json in any_tree()) {
        let filter = tree(&json);
        let written = filter.to_string();
        let read = Filter::parse_text(&written);
        prop_assert_eq!(read.as_ref(), Ok(&filter), "{}", written);
    }

    #[test]
    fn any_text_is_read_or_refused(written in "[a-z():*\"<>=!,. -]{0,40}|\\PC{0,40}|(name|score|-|:|\\(|\\)|\\*|x| |or|any\\(){0,12}") {
        let _read = Filter::parse_text(&written);
    }
}
