//! Searching through the API: what was just written is found, what is gone is not, and no text breaks it.

use serde_json::{Value, json};

use crate::leads::naughty;
use crate::server::{Answered, TestServer};

/// A server with a list of people, and the seq that shows them all.
async fn people() -> (TestServer, String, u64) {
    let server = TestServer::start().await;
    let list = server.list("People").await;
    let rows = json!([
        { "email": "ada@acme.example", "fullName": "Ada Lovelace", "companyName": "Acme GmbH", "city": "Köln", "companySize": "51-200", "tags": ["vip"], "customFields": { "Seats": 9 } },
        { "email": "alan@acme.example", "fullName": "Alan Turing", "companyName": "ACME GmbH", "city": "London", "customFields": { "Seats": 120 } },
        { "email": "grace@navy.example", "fullName": "Grace Hopper", "companyName": "Navy", "jobTitle": "Admiral", "isQualified": true },
    ]);
    let answer = server.post(&format!("/leads/lists/{list}/leads"), &rows).await;
    let seq = answer.header("x-galena-seq").parse().unwrap();
    assert_eq!(answer.expect(200)["created"], 3);
    (server, list, seq)
}

async fn search(server: &TestServer, body: Value) -> Value {
    server.post("/leads/search", &body).await.expect(200)
}

/// A GET with query parameters of any text.
async fn page(server: &TestServer, path: &str, query: &[(&str, &str)]) -> Answered {
    let url = reqwest::Url::parse_with_params(&format!("{}/api/v1{path}", server.base), query).unwrap();
    server.send(server.client.get(url).bearer_auth(&server.key)).await
}

fn names(found: &Value) -> Vec<&str> {
    found["data"].as_array().unwrap().iter().map(|lead| lead["fullName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_search_sees_the_write_it_asks_for() {
    let (server, list, seq) = people().await;
    let found = search(&server, json!({ "q": "lovelace", "minSeq": seq })).await;
    assert_eq!((names(&found), &found["total"], found.get("stale")), (vec!["Ada Lovelace"], &json!(1), None));
    assert_eq!(found["data"][0]["listId"], list);
    let lead = found["data"][0]["id"].as_str().unwrap();
    let answer = server.patch(&format!("/leads/{lead}"), &json!({ "lastName": "King" })).await;
    let seq: u64 = answer.header("x-galena-seq").parse().unwrap();
    let found = search(&server, json!({ "q": "lovelace", "minSeq": seq })).await;
    assert_eq!(found["total"], 0);
    assert_eq!(search(&server, json!({ "q": "ada king" })).await["total"], 1);
    let late = search(&server, json!({ "q": "king", "minSeq": seq + 1_000_000 })).await;
    assert_eq!((&late["stale"], &late["total"]), (&json!(true), &json!(1)));
    let page = server.get(&format!("/leads/lists/{list}/leads?q=king&minSeq={seq}")).await.expect(200);
    assert_eq!(names(&page), ["Ada King"]);
}

#[tokio::test]
async fn filters_sort_facets_and_pages_agree() {
    let (server, list, seq) = people().await;
    let all = search(&server, json!({ "minSeq": seq, "sort": ["fullName"], "facets": ["companyName", "tags"] })).await;
    assert_eq!(names(&all), ["Ada Lovelace", "Alan Turing", "Grace Hopper"]);
    let facet = &all["facets"]["companyName"];
    assert_eq!((&facet["distinct"], &facet["values"][0]["count"]), (&json!(2), &json!(2)));
    assert!(["Acme GmbH", "ACME GmbH"].contains(&facet["values"][0]["label"].as_str().unwrap()));
    assert_eq!(all["facets"]["tags"]["values"], json!([{ "value": "vip", "label": "vip", "count": 1 }]));
    for (filter, expected) in [
        (json!({ "field": "city", "op": "eq", "value": "koln" }), vec!["Ada Lovelace"]),
        (json!({ "field": "city", "op": "empty" }), vec!["Grace Hopper"]),
        (json!({ "not": { "field": "companyName", "op": "prefix", "value": "ac" } }), vec!["Grace Hopper"]),
        (json!({ "field": "customFields.Seats", "op": "gt", "value": 50 }), vec!["Alan Turing"]),
        (json!("custom.Seats>50"), vec!["Alan Turing"]),
        (json!("-company:ac* OR city:koln"), vec!["Ada Lovelace", "Grace Hopper"]),
        (json!("domain:acme.example name:*ur*"), vec!["Alan Turing"]),
        (json!({ "field": "postalCode", "op": "lt", "value": 50 }), vec![]),
        (json!({ "field": "isQualified", "op": "eq", "value": true }), vec!["Grace Hopper"]),
        (
            json!({ "field": "missingFields", "op": "contains", "value": "companySize" }),
            vec!["Alan Turing", "Grace Hopper"],
        ),
        (json!({ "field": "missingFields", "op": "ne", "value": "jobTitle" }), vec!["Grace Hopper"]),
        (
            json!({ "and": [{ "field": "listId", "op": "eq", "value": list }, { "field": "createdAt", "op": "gt", "value": "2020-01-01" },
                         { "field": "email", "op": "contains", "value": "acme" }] }),
            vec!["Ada Lovelace", "Alan Turing"],
        ),
        (json!({ "or": [] }), vec![]),
    ] {
        let found = search(&server, json!({ "filter": filter, "sort": ["fullName"] })).await;
        assert_eq!(names(&found), expected, "{filter}");
        // The same filter over the rows themselves, as a bulk act has it.
        let body = json!({ "action": "delete", "listId": list, "filter": filter, "dryRun": true });
        let foreseen = server.post("/leads/bulk", &body).await.expect(200);
        assert_eq!(foreseen["matched"], expected.len(), "{filter}");
    }
    let descending = json!({ "sort": [{ "field": "fullName", "direction": "desc" }], "limit": 2 });
    let first = search(&server, descending.clone()).await;
    assert_eq!((names(&first), &first["total"]), (vec!["Grace Hopper", "Alan Turing"], &json!(3)));
    let mut next = descending;
    next["after"] = first["nextCursor"].clone();
    let second = search(&server, next.clone()).await;
    assert_eq!((names(&second), second.get("nextCursor")), (vec!["Ada Lovelace"], None));
    next["q"] = json!("ada");
    server.post("/leads/search", &next).await.expect_problem(400, "INVALID_CURSOR");
    let path = format!("/leads/lists/{list}/leads");
    for filter in [r#"{"field":"city","op":"notEmpty"}"#, "city:*"] {
        let page = page(&server, &path, &[("filter", filter), ("sort", "-fullName")]).await;
        assert_eq!(names(&page.expect(200)), ["Alan Turing", "Ada Lovelace"]);
    }
}

#[tokio::test]
async fn questions_that_have_no_answer_are_told() {
    let (server, list, _) = people().await;
    for (body, pointer) in [
        (json!({ "filter": { "field": "cty", "op": "empty" } }), "/filter/field"),
        (json!({ "filter": "cty:empty" }), "/filter"),
        (json!({ "sort": ["fullNam"] }), "/sort/0"),
        (json!({ "sort": ["street"] }), "/sort"),
        (json!({ "sort": [{ "field": "fullName", "direction": "up" }] }), "/sort/0"),
        (json!({ "facets": ["street"] }), "/facets"),
        (json!({ "limit": 501 }), "/limit"),
    ] {
        let problem = server.post("/leads/search", &body).await.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    let nowhere = json!({ "listId": "list_0000000000000" });
    server.post("/leads/search", &nowhere).await.expect_problem(404, "LIST_NOT_FOUND");
    let path = format!("/leads/lists/{list}/leads?filter=x");
    server.get(&path).await.expect_problem(400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn leads_of_a_deleted_list_are_not_found() {
    let (server, list, seq) = people().await;
    assert_eq!(search(&server, json!({ "minSeq": seq })).await["total"], 3);
    server.delete(&format!("/leads/lists/{list}")).await.expect(204);
    assert_eq!(search(&server, json!({ "q": "ada" })).await["total"], 0);
    server.post(&format!("/leads/lists/{list}/restore"), &json!({})).await.expect(200);
    assert_eq!(search(&server, json!({ "q": "ada" })).await["total"], 1);
}

#[tokio::test]
async fn a_stale_hit_of_a_deleted_lead_is_left_out() {
    let (server, _, seq) = people().await;
    let found = search(&server, json!({ "q": "ada", "minSeq": seq })).await;
    let lead = found["data"][0]["id"].as_str().unwrap();
    server.delete(&format!("/leads/{lead}")).await.expect(204);
    // Not waiting: the index may or may not have seen it.
    for _ in 0..5 {
        let found = search(&server, json!({ "q": "ada" })).await;
        assert_eq!((&found["total"], found["data"].as_array().unwrap().len()), (&json!(0), 0));
    }
}

#[tokio::test]
async fn no_text_breaks_a_search() {
    let (server, list, _) = people().await;
    let hostile = [
        "",
        " ",
        "\"",
        "\"\"\"",
        "((((",
        "a:b:c",
        "-",
        "--",
        "*",
        "?*~",
        "AND OR NOT",
        "\\",
        "/.*/",
        "[a TO z]",
        "\u{0}",
        "\u{feff}",
        "🦀",
        "ﷺ".repeat(300).as_str(),
        "a ".repeat(2_000).as_str(),
        "\"a\"~5",
        "+-&&||!(){}[]^\"~*?:\\/",
    ]
    .map(str::to_owned);
    for q in hostile.into_iter().chain(naughty()) {
        let answer = server.post("/leads/search", &json!({ "q": q })).await;
        assert_eq!(answer.status.as_u16(), 200, "{q:?}: {}", answer.text);
        let answer = page(&server, &format!("/leads/lists/{list}/leads"), &[("q", &q)]).await;
        assert!([200, 400].contains(&answer.status.as_u16()), "{q:?}: {}", answer.text);
    }
}
