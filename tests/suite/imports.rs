//! Imports over HTTP: forms in any order, uploads in pieces, previews, bad files, the rejected file, cancel and undo.

use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::server::{Answered, TestServer};

const FIVE_ROWS: &[u8] = include_bytes!("../fixtures/five-rows.csv");
const HEADER_ONLY: &[u8] = include_bytes!("../fixtures/header-only.csv");
const SEMICOLON: &[u8] = include_bytes!("../fixtures/semicolon.csv");

fn file(bytes: &[u8]) -> Part {
    Part::bytes(bytes.to_vec()).file_name("leads.csv")
}

async fn send(server: &TestServer, path: &str, form: Form) -> Answered {
    server.send(server.request(Method::POST, path).multipart(form)).await
}

async fn ended(server: &TestServer, id: &str) -> Value {
    for _ in 0..400 {
        let import = server.get(&format!("/leads/imports/{id}")).await.expect(200);
        let undoing = import["undo"]["status"] == "running";
        if import["searchable"] == true && !undoing {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the import does not end");
}

/// Starts an import and waits for its end.
pub async fn import(server: &TestServer, list: &str, bytes: &[u8], options: Value) -> Value {
    let form = Form::new().part("file", file(bytes)).text("options", options.to_string());
    let started = send(server, &format!("/leads/lists/{list}/import"), form).await;
    let place = started.header("location").to_owned();
    let body = started.expect(202);
    let id = body["importId"].as_str().unwrap();
    assert!(place.ends_with(&format!("/leads/imports/{id}")), "{place}");
    ended(server, id).await
}

#[tokio::test]
async fn a_form_in_any_order_is_read_into_a_list() {
    let server = TestServer::start().await;
    let list = server.list("five").await;
    let first = import(&server, &list, FIVE_ROWS, json!({ "tags": ["fair"] })).await;
    assert_eq!(first["status"], "completed");
    assert_eq!(first["progress"], json!({ "processed": 5, "total": 5, "percentage": 100 }));
    let results =
        json!({ "created": 3, "updated": 0, "skipped": 1, "rejected": 1, "imported": 3, "duplicates": 1, "errors": 1 });
    assert_eq!(first["results"], results);
    assert_eq!(first["reasons"], json!({ "duplicate_email": 1, "no_identity": 1 }));
    assert_eq!(first["errors"][0]["row"], 4);
    let shown = server.get(&format!("/leads/lists/{list}")).await.expect(200);
    assert_eq!(shown["totalLeads"], 3);

    // The file first, a mapping of its own, and a list that is made.
    let form = Form::new()
        .part("file", file(SEMICOLON))
        .text("options", json!({ "listName": "Messe", "skipDuplicates": true }).to_string())
        .text("mapping", json!({ "E-Mail": "email", "Firma": "companyName", "Notiz": null }).to_string());
    let started = send(&server, "/leads/imports", form).await.expect(202);
    let done = ended(&server, started["importId"].as_str().unwrap()).await;
    assert_eq!(done["results"]["created"], done["totalRows"]);
    assert_eq!(done["mapping"]["Notiz"], Value::Null);
    assert_eq!(done["mapping"]["Vorname"], "customFields.Vorname");
    let made = server.get(&format!("/leads/lists/{}", done["listId"].as_str().unwrap())).await.expect(200);
    assert_eq!((made["name"].as_str(), made["source"].as_str()), (Some("Messe"), Some("csv")));

    let page = server.get("/leads/imports?limit=1").await.expect(200);
    assert_eq!(page["data"][0]["importId"], done["importId"], "the newest first");
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("/leads/imports?limit=1&after={cursor}")).await.expect(200);
    assert_eq!(rest["data"][0]["importId"], first["importId"]);
    assert!(rest.get("nextCursor").is_none());
    let of_list = server.get(&format!("/leads/imports?listId={list}")).await.expect(200);
    assert_eq!(of_list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_upload_goes_on_where_it_broke_off_and_stands_for_the_file() {
    let server = TestServer::start().await;
    let list = server.list("pieces").await;
    let made = server.post("/uploads", &json!({ "fileName": "leads.csv", "size": FIVE_ROWS.len() })).await.expect(201);
    let id = made["uploadId"].as_str().unwrap().to_owned();
    let patch = |offset: usize, bytes: &[u8]| {
        server
            .request(Method::PATCH, &format!("/uploads/{id}"))
            .header("upload-offset", offset.to_string())
            .header("content-type", "application/octet-stream")
            .body(bytes.to_vec())
    };
    let first = server.send(patch(0, &FIVE_ROWS[..40])).await.expect(200);
    assert_eq!((first["offset"].as_u64(), first["complete"].as_bool()), (Some(40), Some(false)));
    let wrong = server.send(patch(10, &FIVE_ROWS[10..])).await.expect_problem(409, "CONFLICT");
    assert_eq!(wrong["offset"], 40);
    // Not complete yet.
    let form = || Form::new().text("file", id.clone());
    send(&server, &format!("/leads/lists/{list}/import"), form()).await.expect_problem(409, "CONFLICT");
    server.send(patch(40, &[FIVE_ROWS, b"more"].concat()[40..])).await.expect_problem(400, "VALIDATION_FAILED");
    let last = server.send(patch(40, &FIVE_ROWS[40..])).await.expect(200);
    assert_eq!(last["complete"], true);
    let started = send(&server, &format!("/leads/lists/{list}/import"), form()).await.expect(202);
    let done = ended(&server, started["importId"].as_str().unwrap()).await;
    assert_eq!(done["results"]["created"], 3);
    let known = server.get(&format!("/uploads/{id}")).await.expect(200);
    assert_eq!(known["importId"], started["importId"]);
}

#[tokio::test]
async fn a_preview_says_how_the_file_would_be_read() {
    let server = TestServer::start().await;
    let looked = send(&server, "/leads/imports/preview", Form::new().part("file", file(SEMICOLON))).await.expect(200);
    assert_eq!((looked["delimiter"].as_str(), looked["encoding"].as_str()), (Some(";"), Some("utf-8")));
    assert_eq!((looked["headerRow"].as_u64(), looked["sheets"].clone()), (Some(1), json!([])));
    assert_eq!(looked["columns"][0]["suggestedField"], "email");
    assert_eq!(looked["columns"][4]["suggestedField"], Value::Null);
    assert!(looked["sampleRows"].as_array().unwrap().len() >= 2);
    // Its upload may be imported.
    let form = Form::new().text("uploadId", looked["uploadId"].as_str().unwrap().to_owned());
    let form = form.text("options", json!({ "listName": "From a preview" }).to_string());
    send(&server, "/leads/imports", form).await.expect(202);
    // What it would do is said without doing it.
    let form = Form::new().part("file", file(FIVE_ROWS)).text("options", json!({ "listName": "Nowhere" }).to_string());
    let checked = send(&server, "/leads/imports/check", form).await.expect(200);
    assert_eq!((checked["results"]["created"].as_u64(), checked["results"]["rejected"].as_u64()), (Some(3), Some(1)));
    let lists = server.get("/leads/lists?q=Nowhere").await.expect(200);
    assert_eq!(lists["total"], 0);
    // A header alone can be looked at, and not imported.
    let alone = Form::new().part("file", file(HEADER_ONLY));
    let looked = send(&server, "/leads/imports/preview", alone).await.expect(200);
    assert_eq!(looked["warnings"][0]["code"], "NO_ROWS");
    assert_eq!(looked["columns"][0]["suggestedField"], "email");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_writes_nothing_and_says_where() {
    let server = TestServer::start_with(|config| {
        config.import.max_file_bytes = galena::config::ByteSize(64 << 10);
        config.import.max_rows = 300;
        config.import.max_record_bytes = galena::config::ByteSize(2_000);
    })
    .await;
    let list = server.list("bad").await;
    let good = "ada@acme.example,Ada\n".repeat(200);
    let after = |bad: &str| format!("Email,Name\n{good}{bad}").into_bytes();
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([0_u8; 600]);
    /// File, status, code, a word of the detail, line.
    type Case = (Vec<u8>, u16, &'static str, &'static str, Option<u64>);
    let cases: Vec<Case> = vec![
        (Vec::new(), 400, "INVALID_CSV", "EMPTY_FILE", Some(1)),
        (b"\xef\xbb\xbf\r\n".to_vec(), 400, "INVALID_CSV", "EMPTY_FILE", Some(1)),
        (HEADER_ONLY.to_vec(), 400, "INVALID_CSV", "NO_ROWS", None),
        (after("x@acme.example,\"open\nnever closed\n"), 400, "INVALID_CSV", "UNTERMINATED_QUOTE", Some(202)),
        (after(&"y".repeat(3_000)), 400, "INVALID_CSV", "RECORD_TOO_LONG", Some(202)),
        (after("x@acme.example,a\0b\n"), 400, "INVALID_CSV", "NOT_TEXT", Some(202)),
        (png, 400, "INVALID_CSV", "NOT_TEXT", Some(1)),
        (b"PK\x03\x04 and then no archive".to_vec(), 400, "INVALID_CSV", "DAMAGED_WORKBOOK", None),
        (after(&good), 413, "FILE_TOO_LARGE", "TOO_MANY_ROWS", None),
        (vec![b'a'; 65 << 10], 413, "FILE_TOO_LARGE", "TOO_MANY_BYTES", None),
    ];
    for (bytes, status, code, reason, line) in cases {
        let form = Form::new().part("file", file(&bytes));
        let answer = send(&server, &format!("/leads/lists/{list}/import"), form).await;
        let problem = answer.expect_problem(status, code);
        assert_eq!(problem["reason"], reason, "{problem}");
        if line.is_some() {
            assert_eq!(problem["line"].as_u64(), line, "{problem}");
        }
    }
    let mut latin = after("");
    latin.extend(b"x@acme.example,Zo\xeb\n");
    let told = Form::new().part("file", file(&latin)).text("options", json!({ "encoding": "utf-8" }).to_string());
    let problem = send(&server, &format!("/leads/lists/{list}/import"), told).await;
    let problem = problem.expect_problem(400, "INVALID_CSV");
    assert_eq!(
        (&problem["reason"], &problem["line"], &problem["column"]),
        (&json!("INVALID_UTF8"), &json!(202), &json!(2))
    );
    let shown = server.get(&format!("/leads/lists/{list}")).await.expect(200);
    assert_eq!(shown["totalLeads"], 0);
    let imports = server.get("/leads/imports").await.expect(200);
    assert_eq!(imports["data"], json!([]));
    let left = std::fs::read_dir(server.app.directory.uploads()).unwrap().count();
    assert_eq!(left, 0, "nothing is left of a refused file");

    let refused = |form: Form| async { send(&server, &format!("/leads/lists/{list}/import"), form).await };
    refused(Form::new().text("options", "{}")).await.expect_problem(400, "VALIDATION_FAILED");
    let wrong = Form::new().part("file", file(FIVE_ROWS)).text("mapping", json!({ "Emial": "email" }).to_string());
    let problem = refused(wrong).await.expect_problem(400, "INVALID_COLUMN_MAPPING");
    assert!(problem["detail"].as_str().unwrap().contains("did you mean \"Email\""));
    let wrong = Form::new().part("file", file(FIVE_ROWS)).text("options", json!({ "tags": "x" }).to_string());
    let problem = refused(wrong).await.expect_problem(400, "VALIDATION_FAILED");
    assert_eq!(problem["errors"][0]["pointer"], "/options/tags");
    let unknown = Form::new().text("file", "upl_0000000000000");
    refused(unknown).await.expect_problem(404, "UPLOAD_NOT_FOUND");
}

#[tokio::test]
async fn rejected_rows_come_back_as_a_file_that_imports_clean_once_mended() {
    let server = TestServer::start().await;
    let list = server.list("mend").await;
    let bytes = b"Email,Name,Note\nada@acme.example,Ada,\n,Nobody,\"a, \"\"b\"\"\"\nnot-mail,,=1+1\n";
    let done = import(&server, &list, bytes, json!({})).await;
    assert_eq!(done["results"]["rejected"], 2);
    let answer = server.get(&format!("/leads/imports/{}/rejected.csv", done["importId"].as_str().unwrap())).await;
    assert!(answer.header("content-type").starts_with("text/csv"));
    assert_eq!(answer.status, 200);
    let mut lines = answer.text.lines();
    assert_eq!(lines.next(), Some("Email,Name,Note,Rejected Line,Rejected Reason"));
    let second = lines.next().unwrap();
    assert!(second.starts_with(",Nobody,\"a, \"\"b\"\"\",3,"), "{second}");
    let third = lines.next().unwrap();
    assert!(third.starts_with("not-mail,,'=1+1,4,") && third.contains("Email: "), "{third}");
    let mended = answer.text.replace(",Nobody", "nobody@acme.example,Nobody").replace("not-mail", "some@acme.example");
    let again = import(&server, &list, mended.as_bytes(), json!({})).await;
    assert_eq!(
        again["results"],
        json!({ "created": 2, "updated": 0, "skipped": 0, "rejected": 0, "imported": 2, "duplicates": 0, "errors": 0 })
    );
    assert_eq!(again["mapping"]["Rejected Reason"], Value::Null);
}

#[tokio::test]
async fn the_same_request_is_done_once() {
    let server = TestServer::start().await;
    let list = server.list("once").await;
    let request = |bytes: &[u8]| {
        server
            .request(Method::POST, &format!("/leads/lists/{list}/import"))
            .header("idempotency-key", "k1")
            .multipart(Form::new().part("file", file(bytes)))
    };
    let first = server.send(request(FIVE_ROWS)).await.expect(202);
    let again = server.send(request(FIVE_ROWS)).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(202)["importId"], first["importId"]);
    server.send(request(SEMICOLON)).await.expect_problem(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(server.get("/leads/imports").await.expect(200)["data"].as_array().unwrap().len(), 1);
    assert_eq!(std::fs::read_dir(server.app.directory.uploads()).unwrap().count(), 1);
}

#[tokio::test]
async fn undo_over_http_takes_everything_back() {
    let server = TestServer::start().await;
    let list = server.list("undo").await;
    let done = import(&server, &list, FIVE_ROWS, json!({})).await;
    let id = done["importId"].as_str().unwrap().to_owned();
    server.post(&format!("/leads/imports/{id}/cancel"), &json!({})).await.expect_problem(409, "CONFLICT");
    server.post(&format!("/leads/imports/{id}/undo"), &json!({})).await.expect(202);
    let undone = ended(&server, &id).await;
    assert_eq!((undone["undo"]["removed"].as_u64(), undone["undo"]["kept"].as_u64()), (Some(3), Some(0)));
    assert_eq!(server.get(&format!("/leads/lists/{list}")).await.expect(200)["totalLeads"], 0);
}

#[tokio::test]
async fn a_stopped_server_goes_on_with_its_imports() {
    let server = TestServer::start_with(|config| config.import.chunk_rows = 50).await;
    let list = server.list("long").await;
    let rows: String = (0..20_000).map(|n| format!("p{n}@acme.example,Name {n}\n")).collect();
    let form = Form::new().part("file", file(format!("Email,Name\n{rows}").as_bytes()));
    let started = send(&server, &format!("/leads/lists/{list}/import"), form).await.expect(202);
    let id = started["importId"].as_str().unwrap().to_owned();
    let key = server.key.clone();
    let directory = server.stop().await;
    let mut server = TestServer::start_bare(directory, |config| config.import.chunk_rows = 50).await;
    server.key = key;
    let done = ended(&server, &id).await;
    assert_eq!(done["results"]["created"], 20_000);
    assert_eq!(server.get(&format!("/leads/lists/{list}")).await.expect(200)["totalLeads"], 20_000);
}

#[tokio::test]
async fn nobody_sees_the_imports_of_another_workspace() {
    let server = TestServer::start().await;
    let list = server.list("mine").await;
    let done = import(&server, &list, FIVE_ROWS, json!({})).await;
    let (id, upload) = (done["importId"].as_str().unwrap(), done["uploadId"].as_str().unwrap());
    let foreign = |method: Method, path: String| {
        let url = server.request(method.clone(), &path).build().unwrap().url().clone();
        server.client.request(method, url).bearer_auth(&server.foreign_key)
    };
    for (method, path) in [
        (Method::GET, format!("/leads/imports/{id}")),
        (Method::GET, format!("/leads/imports/{id}/rejected.csv")),
        (Method::POST, format!("/leads/imports/{id}/cancel")),
        (Method::POST, format!("/leads/imports/{id}/undo")),
    ] {
        server.send(foreign(method, path)).await.expect_problem(404, "IMPORT_NOT_FOUND");
    }
    server.send(foreign(Method::GET, format!("/uploads/{upload}"))).await.expect_problem(404, "UPLOAD_NOT_FOUND");
    let append = foreign(Method::PATCH, format!("/uploads/{upload}")).header("upload-offset", "0").body("x");
    server.send(append).await.expect_problem(404, "UPLOAD_NOT_FOUND");
    let form = Form::new().part("file", file(FIVE_ROWS));
    let into = foreign(Method::POST, format!("/leads/lists/{list}/import")).multipart(form);
    server.send(into).await.expect_problem(404, "LIST_NOT_FOUND");
    let by_upload = Form::new().text("file", upload.to_owned()).text("options", json!({ "listName": "x" }).to_string());
    let into = foreign(Method::POST, "/leads/imports".to_owned()).multipart(by_upload);
    server.send(into).await.expect_problem(404, "UPLOAD_NOT_FOUND");
}
