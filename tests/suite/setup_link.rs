//! The first owner through the one-time link.

use galena::app::set_up;
use galena::config::Period;
use serde_json::json;

use crate::browser::{Browser, try_sign_in};
use crate::server::{Answered, TestServer};

const PASSWORD: &str = "a long pass phrase";

async fn bare() -> TestServer {
    TestServer::start_bare(tempfile::tempdir().unwrap(), |_| ()).await
}

async fn set_up_with(server: &TestServer, token: &str, password: &str) -> Answered {
    let body = json!({ "token": token, "email": "First@Example.com", "password": password, "workspaceName": "Agency" });
    server.send(server.client.post(format!("{}/api/v1/setup", server.base)).json(&body)).await
}

async fn state(server: &TestServer) -> serde_json::Value {
    server.send(server.client.get(format!("{}/api/v1/setup", server.base))).await.expect(200)
}

#[tokio::test]
async fn the_link_makes_the_first_owner_and_works_once() {
    let server = bare().await;
    assert_eq!(state(&server).await, json!({ "needed": true, "passwordMinChars": 10, "encrypted": false }));
    let token = set_up::new_link(&server.app).await.unwrap();

    let short = set_up_with(&server, token.expose(), "short").await.expect_problem(400, "VALIDATION_FAILED");
    assert_eq!(short["errors"][0]["pointer"], "/password");
    set_up_with(&server, "galu_0000000000000000000000000000000000000000", PASSWORD)
        .await
        .expect_problem(404, "SETUP_LINK_NOT_FOUND");

    let done = set_up_with(&server, token.expose(), PASSWORD).await;
    let cookie = crate::browser::cookie_of(&done);
    let done = done.expect(201);
    assert_eq!(done["session"]["rights"].as_array().unwrap().len(), 5);
    assert_eq!(done["session"]["workspaces"][0]["name"], "Agency");
    assert_eq!(done["workspaceId"], done["session"]["workspace"]);
    let csrf = done["session"]["csrfToken"].as_str().unwrap().to_owned();
    let browser = Browser { server: &server, cookie, csrf, session: done["session"].clone() };
    browser.post("/leads/lists", &json!({ "name": "First" })).await.expect(201);
    let with_key = server.client.get(format!("{}/api/v1/leads/lists", server.base));
    let lists = server.send(with_key.bearer_auth(done["apiKey"].as_str().unwrap())).await.expect(200);
    assert_eq!(lists["total"], 1);

    assert_eq!(state(&server).await["needed"], false);
    set_up_with(&server, token.expose(), PASSWORD).await.expect_problem(409, "CONFLICT");
    try_sign_in(&server, "first@example.com", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn a_new_link_voids_the_one_before_and_every_link_expires() {
    let server = bare().await;
    let first = set_up::new_link(&server.app).await.unwrap();
    let second = set_up::new_link(&server.app).await.unwrap();
    set_up_with(&server, first.expose(), PASSWORD).await.expect_problem(404, "SETUP_LINK_NOT_FOUND");
    set_up_with(&server, second.expose(), PASSWORD).await.expect(201);

    let server = TestServer::start_bare(tempfile::tempdir().unwrap(), |config| {
        config.limits.setup_link_ttl = Period(std::time::Duration::ZERO);
    })
    .await;
    let over = set_up::new_link(&server.app).await.unwrap();
    set_up_with(&server, over.expose(), PASSWORD).await.expect_problem(404, "SETUP_LINK_NOT_FOUND");
}

#[tokio::test]
async fn without_a_link_only_the_box_itself_can_set_up() {
    let server = bare().await;
    let body = json!({ "email": "first@example.com", "password": PASSWORD });
    let over_tcp = server.client.post(format!("{}/api/v1/setup", server.base)).json(&body);
    server.send(over_tcp).await.expect_problem(404, "SETUP_LINK_NOT_FOUND");

    let local = crate::server::client(reqwest::Client::builder().unix_socket(server.socket()));
    server.send(local.post("http://localhost/api/v1/setup").json(&body)).await.expect(201);
}
