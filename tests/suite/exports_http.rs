//! Exports over HTTP and on the command line.

use std::time::Duration;

use galena::config::Period;
use reqwest::Method;
use serde_json::{Value, json};

use crate::imports::import;
use crate::naughty_texts::naughty_texts;
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

/// The leads of a list as the API shows them, in its order.
async fn shown(server: &TestServer, list: &str) -> Vec<Value> {
    let (mut leads, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/leads/lists/{list}/leads?limit=500{after}")).await.expect(200);
        leads.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        after = format!("&after={cursor}");
    }
    leads.sort_by_key(|lead| lead["email"].as_str().unwrap_or_default().to_owned());
    leads
}

#[tokio::test]
async fn hundreds_of_naughty_texts_come_back_from_api_to_file_to_api() {
    let server = TestServer::start().await;
    let list = server.list("naughty").await;
    let texts: Vec<String> = naughty_texts().into_iter().filter(|text| text.chars().count() <= 100).collect();
    assert!(texts.len() >= 500);
    let leads: Vec<Value> = (0_usize..)
        .zip(&texts)
        .map(|(n, text)| {
            json!({ "email": format!("p{n:04}@acme.example"), "firstName": text, "lastName": text, "companyName": text,
                    "customFields": { "Note": text } })
        })
        .collect();
    for part in leads.chunks(400) {
        server.post(&format!("/leads/lists/{list}/leads"), &json!({ "leads": part })).await.expect(200);
    }
    let before = shown(&server, &list).await;
    for (lead, text) in before.iter().zip(&texts) {
        assert_eq!(
            (lead["firstName"].as_str(), lead["customFields"]["Note"].as_str()),
            (Some(text.as_str()), Some(text.as_str()))
        );
    }
    let fields = ["email", "firstName", "lastName", "companyName", "Note"];
    for (format, preset) in [("csv", "plain"), ("csv", "excel-eu"), ("xlsx", "plain"), ("json", "plain")] {
        let request = json!({ "listId": list, "format": format, "options": { "fields": fields, "preset": preset } });
        let export = server.post("/leads/exports", &request).await.expect(201);
        let path = export["downloadUrl"].as_str().unwrap();
        let file = server.client.get(format!("{}{path}", server.base)).bearer_auth(&server.key).send().await.unwrap();
        let bytes = file.bytes().await.unwrap();
        if format == "json" {
            let rows: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
            let names: Vec<&str> = rows.iter().map(|row| row["companyName"].as_str().unwrap()).collect();
            assert_eq!(names, texts.iter().map(String::as_str).collect::<Vec<_>>());
            continue;
        }
        let again = server.list(&format!("{format} {preset}")).await;
        let imported = import(&server, &again, &bytes, json!({ "duplicateHandling": "create" })).await;
        assert_eq!(imported["results"]["created"], texts.len(), "{format} {preset}: {imported}");
        for (was, is) in before.iter().zip(&shown(&server, &again).await) {
            for field in ["email", "firstName", "lastName", "companyName", "customFields"] {
                assert_eq!(was[field], is[field], "{format} {preset}");
            }
        }
    }
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let server = TestServer::start().await;
    let list = list_with(&server, "people", 3).await;
    let export = server.post("/leads/exports", &json!({ "listId": list })).await.expect(201);
    let path = export["downloadUrl"].as_str().unwrap().to_owned();
    let ask = |headers: &[(&str, &str)]| {
        let mut request = server.client.get(format!("{}{path}", server.base)).bearer_auth(&server.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        server.send(request)
    };
    let whole = ask(&[]).await;
    let tag = whole.header("etag").to_owned();
    assert_eq!((whole.status.as_u16(), whole.header("accept-ranges")), (200, "bytes"));
    let length = whole.text.len();
    let rest = ask(&[("range", "bytes=10-"), ("if-range", &tag)]).await;
    assert_eq!((rest.status.as_u16(), rest.text.as_str()), (206, &whole.text[10..]));
    assert_eq!(rest.header("content-range"), format!("bytes 10-{}/{length}", length - 1));
    assert_eq!(rest.header("content-length"), (length - 10).to_string());
    let middle = ask(&[("range", "bytes=3-5")]).await;
    assert_eq!((middle.status.as_u16(), middle.text.as_str()), (206, &whole.text[3..6]));
    let end = ask(&[("range", "bytes=-4")]).await;
    assert_eq!((end.status.as_u16(), end.text.as_str()), (206, &whole.text[length - 4..]));
    assert_eq!(ask(&[("range", "bytes=10-"), ("if-range", "\"other\"")]).await.status.as_u16(), 200);
    assert_eq!(ask(&[("range", "lines=1-2")]).await.status.as_u16(), 200);
    let beyond = ask(&[("range", "bytes=999999-")]).await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, format!("bytes */{length}").as_str()));
    assert_eq!(ask(&[("if-none-match", &tag)]).await.status.as_u16(), 304);
}
