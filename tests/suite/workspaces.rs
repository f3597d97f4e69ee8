//! Workspaces, and that two of them see nothing of each other.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Answered, EMAIL, PASSWORD, TestServer};

async fn foreign(server: &TestServer, method: Method, path: &str, body: &Value) -> Answered {
    let request = server.client.request(method, format!("{}/api/v1{path}", server.base));
    let request = request.bearer_auth(&server.foreign_key);
    server.send(if body.is_null() { request } else { request.json(body) }).await
}

#[tokio::test]
async fn who_makes_a_workspace_owns_it() {
    let server = TestServer::start().await;
    let browser = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    let new = json!({ "name": "Client", "region": "de", "createKey": true });
    let made = browser.post("/workspaces", &new).await.expect(201);
    assert_eq!((&made["name"], &made["region"], &made["role"]), (&json!("Client"), &json!("DE"), &json!("owner")));
    let id = made["id"].as_str().unwrap();

    let all = browser.get("/workspaces").await.expect(200);
    let names: Vec<_> = all["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Main", "Client"]);
    assert!(all["data"][1].get("apiKey").is_none());
    assert_eq!(browser.get(&format!("/workspaces/{id}")).await.expect(200)["plan"], "appliance");

    // The key is of the new workspace; the browser picks it by header.
    let request = server.client.post(format!("{}/api/v1/leads/lists", server.base));
    let request = request.bearer_auth(made["apiKey"].as_str().unwrap()).json(&json!({ "name": "Theirs" }));
    server.send(request).await.expect(201);
    let request = browser.bare(Method::GET, "/leads/lists").header("x-workspace", id);
    assert_eq!(server.send(request).await.expect(200)["data"][0]["name"], "Theirs");
    assert_eq!(browser.get("/leads/lists").await.expect(200)["total"], 0);
    browser.post("/workspaces", &json!({ "name": " ", "region": "XX" })).await.expect_problem(400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn an_owner_key_makes_workspaces_that_it_does_not_see() {
    let server = TestServer::start().await;
    let made = server.post("/workspaces", &json!({ "name": "Client", "createKey": true })).await.expect(201);
    assert_eq!(made["role"], Value::Null);
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    server.get(&path).await.expect_problem(404, "WORKSPACE_NOT_FOUND");
    assert_eq!(server.get("/workspaces").await.expect(200)["total"], 1);
    let request = server.client.get(format!("{}/api/v1{path}", server.base));
    server.send(request.bearer_auth(made["apiKey"].as_str().unwrap())).await.expect(200);
}

#[tokio::test]
async fn what_one_workspace_has_is_not_there_for_the_other() {
    let server = TestServer::start().await;
    let user = json!({ "email": "ada@example.com", "password": PASSWORD });
    let user = server.post("/users", &user).await.expect(201)["id"].as_str().unwrap().to_owned();
    let key = server.post("/api-keys", &json!({ "name": "k" })).await.expect(201)["id"].as_str().unwrap().to_owned();
    let workspace = server.get("/workspaces").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    server.list("Secret plans").await;
    server
        .send(server.request(Method::PUT, "/providers/apify/credential").json(&json!({ "secret": "abcdefgh" })))
        .await
        .expect(200);

    for (method, path, code) in [
        (Method::GET, format!("/users/{user}"), "USER_NOT_FOUND"),
        (Method::PATCH, format!("/users/{user}"), "USER_NOT_FOUND"),
        (Method::DELETE, format!("/users/{user}"), "USER_NOT_FOUND"),
        (Method::GET, format!("/api-keys/{key}"), "KEY_NOT_FOUND"),
        (Method::DELETE, format!("/api-keys/{key}"), "KEY_NOT_FOUND"),
        (Method::GET, format!("/workspaces/{workspace}"), "WORKSPACE_NOT_FOUND"),
        (Method::DELETE, "/providers/apify/credential".to_owned(), "CREDENTIAL_NOT_FOUND"),
    ] {
        let body = if method == Method::PATCH { json!({ "role": "viewer" }) } else { Value::Null };
        foreign(&server, method, &path, &body).await.expect_problem(404, code);
    }
    assert_eq!(foreign(&server, Method::GET, "/users", &Value::Null).await.expect(200)["total"], 0);
    assert_eq!(foreign(&server, Method::GET, "/api-keys", &Value::Null).await.expect(200)["total"], 1);
    let providers = foreign(&server, Method::GET, "/providers", &Value::Null).await;
    assert!(!providers.text.contains("apify"), "{}", providers.text);
    let log = foreign(&server, Method::GET, "/audit", &Value::Null).await;
    assert!(!log.text.contains("Secret plans") && !log.text.contains(&user), "{}", log.text);
    let about = foreign(&server, Method::GET, &format!("/audit?subject={user}"), &Value::Null).await.expect(200);
    assert_eq!(about["data"], json!([]));
    server.get(&format!("/users/{user}")).await.expect(200);
    server.get(&format!("/api-keys/{key}")).await.expect(200);

    let request = server.request(Method::GET, "/leads/lists").header("x-workspace", "ws_0000000000000");
    server.send(request).await.expect_problem(404, "WORKSPACE_NOT_FOUND");
}
