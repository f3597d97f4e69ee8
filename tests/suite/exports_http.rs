//! Exports over HTTP and on the command line.

use std::time::Duration;

use galena::config::Period;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;

async fn list_with(server: &TestServer, name: &str, leads: usize) -> String {
    let list = server.list(name).await;
    let leads: Vec<Value> = (0..leads)
        .map(|n| json!({ "email": format!("p{n}@acme.example"), "city": "=Köln", "customFields": { "Fair": "2026" } }))
        .collect();
    server.post(&format!("/leads/lists/{list}/leads"), &json!({ "leads": leads })).await.expect(200);
    list
}

#[tokio::test]
async fn a_small_export_is_ready_at_once() {
    let server = TestServer::start().await;
    let list = list_with(&server, "Köln \"2026\"", 3).await;
    let request = json!({ "listId": list, "options": { "fields": ["email", "city"], "filename": "Köln" } });
    let export = server.post("/leads/exports", &request).await.expect(201);
    assert_eq!((&export["status"], &export["rows"]), (&json!("ready"), &json!(3)));
    let id = export["exportId"].as_str().unwrap();
    let path = export["downloadUrl"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let file = server.get(&path).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").contains("filename*=UTF-8''K%C3%B6ln.csv"));
    assert_eq!(
        file.text,
        "email,city\np0@acme.example,\"'=Köln\"\np1@acme.example,\"'=Köln\"\np2@acme.example,\"'=Köln\"\n"
    );
    assert_eq!(export["bytes"], file.text.len());

    let shown = server.get(&format!("/leads/exports/{id}")).await.expect(200);
    assert_eq!(shown["status"], "ready");
    let page = server.get("/leads/exports").await.expect(200);
    assert_eq!(page["data"][0]["exportId"], export["exportId"]);

    let foreign = |path: String| {
        server.client.request(Method::GET, format!("{}/api/v1{path}", server.base)).bearer_auth(&server.foreign_key)
    };
    for path in [format!("/leads/exports/{id}"), path] {
        server.send(foreign(path)).await.expect_problem(404, "EXPORT_NOT_FOUND");
    }
    let body = json!({ "listId": list });
    let request = server.client.post(format!("{}/api/v1/leads/exports", server.base)).bearer_auth(&server.foreign_key);
    server.send(request.json(&body)).await.expect_problem(404, "LIST_NOT_FOUND");
    server.get("/leads/exports/export_nonsense").await.expect_problem(404, "EXPORT_NOT_FOUND");
}

#[tokio::test]
async fn what_is_wrong_in_a_request_is_told_where_it_stands() {
    let server = TestServer::start().await;
    let list = list_with(&server, "people", 1).await;
    for (format, options, pointer) in [
        ("pdf", json!({}), "/format"),
        ("csv", json!({ "preset": "excel" }), "/options/preset"),
        ("xlsx", json!({ "preset": "excel-us" }), "/options/preset"),
        ("csv", json!({ "fields": ["email", "email"] }), "/options/fields/1"),
        ("csv", json!({ "dateRange": { "start": "yesterday" } }), "/options/dateRange/start"),
        ("csv", json!({ "filename": "" }), "/options/filename"),
    ] {
        let request = json!({ "listId": list, "format": format, "options": options });
        let problem = server.post("/leads/exports", &request).await.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[tokio::test]
async fn a_workbook_is_sent_as_one() {
    let server = TestServer::start().await;
    let list = list_with(&server, "people", 3).await;
    let request = json!({ "listId": list, "format": "excel", "options": { "filename": "Köln.xlsx", "notify": true } });
    let export = server.post("/leads/exports", &request).await.expect(201);
    assert_eq!((&export["status"], &export["format"], &export["rows"]), (&json!("ready"), &json!("xlsx"), &json!(3)));
    let path = export["downloadUrl"].as_str().unwrap();
    let request = server.client.get(format!("{}{path}", server.base)).bearer_auth(&server.key);
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    let name = "attachment; filename=\"K_ln.xlsx\"; filename*=UTF-8''K%C3%B6ln.xlsx";
    assert_eq!((header("content-disposition").as_str(), header("x-content-type-options").as_str()), (name, "nosniff"));
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(export["bytes"], bytes.len());
    assert!(bytes.starts_with(b"PK"));
    let left = std::fs::read_dir(server.app.directory.exports()).unwrap().count();
    assert_eq!(left, 1, "nothing but the file");
}

#[tokio::test]
async fn excel_gets_a_csv_file_as_it_wants_it() {
    let server = TestServer::start().await;
    let list = list_with(&server, "people", 1).await;
    let options = |preset: &str| json!({ "preset": preset, "fields": ["email", "Fair"] });
    for (preset, text) in [
        ("plain", "email,Fair\np0@acme.example,2026\n"),
        ("excel-us", "\u{feff}email,Fair\r\np0@acme.example,2026\r\n"),
        ("excel-eu", "\u{feff}email;Fair\r\np0@acme.example;2026\r\n"),
    ] {
        let request = json!({ "listId": list, "options": options(preset) });
        let export = server.post("/leads/exports", &request).await.expect(201);
        assert_eq!(export["preset"], preset);
        let path = export["downloadUrl"].as_str().unwrap();
        let file = server.client.get(format!("{}{path}", server.base)).bearer_auth(&server.key).send().await.unwrap();
        assert_eq!(String::from_utf8(file.bytes().await.unwrap().to_vec()).unwrap(), text, "{preset}");
    }
}

#[tokio::test]
async fn a_large_export_is_followed_and_asked_for_once() {
    let server = TestServer::start_with(|config| config.export.inline_rows = 1).await;
    let list = list_with(&server, "people", 5).await;
    let ask = || {
        let request = server.request(Method::POST, "/leads/exports").header("idempotency-key", "once");
        request.json(&json!({ "listId": list, "format": "ndjson" }))
    };
    let asked = server.send(ask()).await;
    let place = asked.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let export = asked.json();
    assert_eq!(asked.status, 202, "{export}");
    let mut export = export;
    for _ in 0..200 {
        if export["status"] == "ready" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        export = server.get(&place).await.expect(200);
    }
    assert_eq!((&export["status"], &export["rows"]), (&json!("ready"), &json!(5)));
    let file = server.get(&format!("{place}/download")).await;
    assert_eq!((file.text.lines().count(), file.header("content-type")), (5, "application/x-ndjson"));
    let again = server.send(ask()).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["exportId"], export["exportId"]);
}

#[tokio::test]
async fn what_expired_is_said_to_be_expired() {
    let server = TestServer::start_with(|config| config.export.ttl = Period::millis(0)).await;
    let list = list_with(&server, "people", 1).await;
    let export = server.post("/leads/exports", &json!({ "listId": list })).await.expect(201);
    assert_eq!((&export["status"], &export["downloadUrl"]), (&json!("expired"), &Value::Null));
    let id = export["exportId"].as_str().unwrap();
    server.get(&format!("/leads/exports/{id}/download")).await.expect_problem(410, "EXPORT_EXPIRED");
}
