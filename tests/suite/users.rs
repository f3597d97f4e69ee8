//! Users of a workspace: rank, the last owner, other workspaces.

use galena::store::records::access::KeyScope;
use serde_json::{Value, json};

use crate::browser::{Browser, try_sign_in};
use crate::server::{EMAIL, PASSWORD, TestServer};

async fn add(server: &TestServer, email: &str, role: &str) -> String {
    let user = json!({ "email": email, "role": role, "password": PASSWORD });
    let made = server.post("/users", &user).await.expect(201);
    assert_eq!((&made["email"], &made["role"], &made["disabled"]), (&json!(email), &json!(role), &json!(false)));
    made["id"].as_str().unwrap().to_owned()
}

async fn owner_id(server: &TestServer) -> String {
    server.get("/users").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn users_are_added_shown_changed_and_taken_out() {
    let server = TestServer::start().await;
    let id = add(&server, "ada@example.com", "viewer").await;
    let page = server.get("/users").await.expect(200);
    assert_eq!(page["total"], 2);
    assert!(!page.to_string().contains("argon2"), "{page}");

    let ada = Browser::sign_in(&server, "ada@example.com", PASSWORD).await;
    ada.post("/leads/lists", &json!({ "name": "x" })).await.expect_problem(403, "FORBIDDEN");
    ada.get("/users").await.expect_problem(403, "FORBIDDEN");
    let path = format!("/users/{id}");
    let changed = server.patch(&path, &json!({ "role": "member", "name": "Ada" })).await.expect(200);
    assert_eq!((&changed["role"], &changed["name"]), (&json!("member"), &json!("Ada")));
    ada.post("/leads/lists", &json!({ "name": "x" })).await.expect(201);

    server.delete(&path).await.expect(204);
    ada.get("/leads/lists").await.expect_problem(404, "WORKSPACE_NOT_FOUND");
    server.get(&path).await.expect_problem(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn a_disabled_user_and_one_with_a_new_password_are_out_at_once() {
    let server = TestServer::start().await;
    let id = add(&server, "ada@example.com", "member").await;
    let path = format!("/users/{id}");
    let ada = Browser::sign_in(&server, "ada@example.com", PASSWORD).await;
    server.patch(&path, &json!({ "password": "another pass phrase" })).await.expect(200);
    ada.get("/leads/lists").await.expect_problem(401, "UNAUTHENTICATED");
    try_sign_in(&server, "ada@example.com", PASSWORD).await.expect_problem(401, "UNAUTHENTICATED");

    let ada = Browser::sign_in(&server, "ada@example.com", "another pass phrase").await;
    assert_eq!(server.patch(&path, &json!({ "disabled": true })).await.expect(200)["disabled"], true);
    ada.get("/leads/lists").await.expect_problem(401, "UNAUTHENTICATED");
    try_sign_in(&server, "ada@example.com", "another pass phrase").await.expect_problem(401, "UNAUTHENTICATED");
    server.patch(&path, &json!({ "disabled": false })).await.expect(200);
    try_sign_in(&server, "ada@example.com", "another pass phrase").await.expect(201);
}

#[tokio::test]
async fn an_administrator_does_not_reach_above_their_rank() {
    let server = TestServer::start().await;
    let owner = owner_id(&server).await;
    add(&server, "admin@example.com", "admin").await;
    let admin = Browser::sign_in(&server, "admin@example.com", PASSWORD).await;
    let path = format!("/users/{owner}");
    for change in [json!({ "role": "viewer" }), json!({ "password": "taken over now" }), json!({ "disabled": true })] {
        admin.patch(&path, &change).await.expect_problem(403, "FORBIDDEN");
    }
    admin.delete(&path).await.expect_problem(403, "FORBIDDEN");
    let more = json!({ "email": "more@example.com", "role": "owner", "password": PASSWORD });
    admin.post("/users", &more).await.expect_problem(403, "FORBIDDEN");
    try_sign_in(&server, EMAIL, PASSWORD).await.expect(201);

    let reader = server.key_with(vec![KeyScope::Read, KeyScope::Write]).await;
    let request = server.client.get(format!("{}/api/v1/users", server.base)).bearer_auth(reader);
    server.send(request).await.expect_problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn the_last_owner_stays() {
    let server = TestServer::start().await;
    let owner = format!("/users/{}", owner_id(&server).await);
    for change in [json!({ "role": "admin" }), json!({ "disabled": true })] {
        server.patch(&owner, &change).await.expect_problem(409, "CONFLICT");
    }
    server.delete(&owner).await.expect_problem(409, "CONFLICT");
    let second = add(&server, "second@example.com", "owner").await;
    server.patch(&format!("/users/{second}"), &json!({ "disabled": true })).await.expect(200);
    server.patch(&owner, &json!({ "role": "admin" })).await.expect_problem(409, "CONFLICT");
    server.patch(&format!("/users/{second}"), &json!({ "disabled": false })).await.expect(200);
    server.patch(&owner, &json!({ "role": "admin" })).await.expect(200);
}

#[tokio::test]
async fn who_has_other_workspaces_is_not_taken_over_from_one_of_them() {
    let server = TestServer::start().await;
    let client = add(&server, "client@example.com", "member").await;
    let owner = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    let other = owner.post("/workspaces", &json!({ "name": "Client", "createKey": true })).await.expect(201);
    let key = other["apiKey"].as_str().unwrap();
    let in_other = async |method: reqwest::Method, path: &str, body: &Value| {
        let request = server.client.request(method, format!("{}/api/v1{path}", server.base)).bearer_auth(key);
        server.send(request.json(body)).await
    };
    // A key knows nobody of other workspaces; a stranger's address is a conflict and lets nobody in.
    let known = json!({ "email": "client@example.com", "role": "viewer" });
    in_other(reqwest::Method::POST, "/users", &known).await.expect_problem(409, "CONFLICT");
    // The owner of both knows them.
    let post = owner.bare(reqwest::Method::POST, "/users").header("x-csrf-token", &owner.csrf);
    let post = post.header("x-workspace", other["id"].as_str().unwrap()).json(&known);
    assert_eq!(server.send(post).await.expect(201)["id"], client.as_str());

    let path = format!("/users/{client}");
    for change in [json!({ "password": "taken over now" }), json!({ "disabled": true }), json!({ "name": "Me" })] {
        in_other(reqwest::Method::PATCH, &path, &change).await.expect_problem(403, "FORBIDDEN");
    }
    in_other(reqwest::Method::PATCH, &path, &json!({ "role": "member" })).await.expect(200);
    try_sign_in(&server, "client@example.com", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_place() {
    let server = TestServer::start().await;
    let wrong = json!({ "email": "nobody", "password": "short" });
    let problem = server.post("/users", &wrong).await.expect_problem(400, "VALIDATION_FAILED");
    let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(places, ["/email", "/password"]);
    let same = json!({ "email": "long.enough@example.com", "password": "Long.Enough@example.com" });
    server.post("/users", &same).await.expect_problem(400, "VALIDATION_FAILED");
    let problem = server.post("/users", &json!({ "email": "a@example.com" })).await;
    assert_eq!(problem.expect_problem(400, "VALIDATION_FAILED")["errors"][0]["pointer"], "/password");
}
