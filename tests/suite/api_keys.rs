//! API keys: shown once, scoped, revoked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Answered, PASSWORD, TestServer};

async fn make(server: &TestServer, name: &str, scopes: Value) -> (String, String) {
    let made = server.post("/api-keys", &json!({ "name": name, "scopes": scopes })).await.expect(201);
    (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
}

async fn with(server: &TestServer, key: &str, method: Method, path: &str, body: Value) -> Answered {
    let request = server.client.request(method, format!("{}/api/v1{path}", server.base)).bearer_auth(key);
    server.send(if body.is_null() { request } else { request.json(&body) }).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_opens_its_workspace_until_it_is_revoked() {
    let server = TestServer::start().await;
    let (id, key) = make(&server, "CRM", json!(["read"])).await;
    assert!(key.starts_with("gal_"));
    let shown = server.get(&format!("/api-keys/{id}")).await.expect(200);
    assert_eq!(shown["shown"], format!("gal_...{}", &key[key.len() - 4..]));
    let page = server.get("/api-keys").await;
    assert!(!page.text.contains(&key[4..]), "{}", page.text);
    assert_eq!(page.expect(200)["total"], 2);

    with(&server, &key, Method::GET, "/leads/lists", Value::Null).await.expect(200);
    server.delete(&format!("/api-keys/{id}")).await.expect(204);
    let refused = with(&server, &key, Method::GET, "/leads/lists", Value::Null).await;
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    refused.expect_problem(401, "UNAUTHENTICATED");
    assert!(server.get(&format!("/api-keys/{id}")).await.expect(200)["revokedAt"].is_string());
    server.delete(&format!("/api-keys/{id}")).await.expect(204);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let server = TestServer::start().await;
    let acts: [(&str, Method, &str, Value); 5] = [
        ("read", Method::GET, "/leads/lists", Value::Null),
        ("write", Method::POST, "/leads/lists", json!({ "name": "x" })),
        ("admin", Method::GET, "/api-keys", Value::Null),
        ("admin", Method::GET, "/audit", Value::Null),
        ("own", Method::POST, "/workspaces", json!({ "name": "x" })),
    ];
    for (scope, may) in [
        ("owner", &["read", "write", "admin", "own"][..]),
        ("read", &["read"]),
        ("write", &["read", "write"]),
        ("enrich", &["read"]),
        ("admin", &["read", "admin"]),
    ] {
        let (_, key) = make(&server, scope, json!([scope])).await;
        for (right, method, path, body) in &acts {
            let body = match body["name"].as_str() {
                Some(_) => json!({ "name": format!("by {scope}") }),
                None => Value::Null,
            };
            let answer = with(&server, &key, method.clone(), path, body).await;
            if may.contains(right) {
                assert!(answer.status.is_success(), "{scope} {path}: {}", answer.text);
            } else {
                answer.expect_problem(403, "FORBIDDEN");
            }
        }
    }
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_more_than_they() {
    let server = TestServer::start().await;
    let (_, admin) = make(&server, "admin", json!(["admin"])).await;
    for scopes in [json!(["owner"]), json!(["admin", "write"])] {
        let body = json!({ "name": "more", "scopes": scopes });
        with(&server, &admin, Method::POST, "/api-keys", body).await.expect_problem(403, "FORBIDDEN");
    }
    let made = with(&server, &admin, Method::POST, "/api-keys", json!({ "name": "same" })).await.expect(201);
    assert_eq!(made["scopes"], json!(["read", "admin"]));

    let admin = json!({ "email": "admin@example.com", "role": "admin", "password": PASSWORD });
    let id = server.post("/users", &admin).await.expect(201)["id"].clone();
    let admin = Browser::sign_in(&server, "admin@example.com", PASSWORD).await;
    admin.post("/api-keys", &json!({ "name": "up", "scopes": ["owner"] })).await.expect_problem(403, "FORBIDDEN");
    let made = admin.post("/api-keys", &json!({ "name": "all of mine" })).await.expect(201);
    assert_eq!(made["scopes"], json!(["read", "write", "enrich", "admin"]));
    assert_eq!(made["createdBy"], id);
}

#[tokio::test]
async fn a_repeated_request_makes_one_key_and_does_not_show_it_again() {
    let server = TestServer::start().await;
    let ask = async || {
        let request = server.request(Method::POST, "/api-keys").header("idempotency-key", "once");
        server.send(request.json(&json!({ "name": "CRM" }))).await
    };
    let first = ask().await.expect(201);
    let again = ask().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    let again = again.expect(201);
    assert_eq!((&again["id"], again.get("key")), (&first["id"], None));
    assert_eq!(server.get("/api-keys").await.expect(200)["total"], 2);
}

#[tokio::test]
async fn keys_are_paged_in_the_order_they_were_made() {
    let server = TestServer::start().await;
    for number in 0..4 {
        make(&server, &format!("key {number}"), json!(["read"])).await;
    }
    let (mut names, mut path) = (Vec::new(), "/api-keys?limit=2".to_owned());
    loop {
        let page = server.get(&path).await.expect(200);
        names.extend(page["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api-keys?limit=2&after={cursor}");
    }
    assert_eq!(names, ["owner", "key 0", "key 1", "key 2", "key 3"]);
    server.get("/users?after=rubbish").await.expect_problem(400, "INVALID_CURSOR");
}
