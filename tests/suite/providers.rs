//! Providers and the workspace's own keys for them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answered, TestServer};

async fn put(server: &TestServer, provider: &str, body: Value) -> Answered {
    server.send(server.request(Method::PUT, &format!("/providers/{provider}/credential")).json(&body)).await
}

async fn shown(server: &TestServer, id: &str) -> Option<Value> {
    let page = server.get("/providers").await.expect(200);
    page["data"].as_array().unwrap().iter().find(|provider| provider["id"] == id).cloned()
}

#[tokio::test]
async fn built_in_providers_are_there_and_take_no_key() {
    let server = TestServer::start().await;
    let page = server.get("/providers").await.expect(200);
    let all = page["data"].as_array().unwrap();
    let built_in: Vec<_> = all.iter().filter(|provider| provider["builtIn"] == true).collect();
    let ids: Vec<_> = built_in.iter().map(|provider| provider["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["galena.company", "galena.email", "galena.name", "galena.phone", "galena.title"]);
    let built_in = built_in[1];
    assert_eq!(built_in["operations"], json!(["email.verify"]));
    assert_eq!((&built_in["enabled"], &built_in["credential"]), (&json!(true), &Value::Null));
    let live = &built_in["live"];
    assert_eq!((&live["breaker"], &live["waiting"], &live["tokens"]), (&json!("closed"), &json!(0), &Value::Null));
    assert_eq!((&live["limitedUntil"], &live["latency"]), (&Value::Null, &Value::Null));
    let id = built_in["id"].as_str().unwrap();
    put(&server, id, json!({ "secret": "0123456789" })).await.expect_problem(409, "CONFLICT");
}

#[tokio::test]
async fn a_workspaces_key_is_set_replaced_and_forgotten() {
    let server = TestServer::start().await;
    assert_eq!(shown(&server, "apify").await, None);
    let set = put(&server, "apify", json!({ "secret": " apify_api_0123456789abcdef\n" })).await.expect(200);
    assert_eq!(set["credential"]["hint"], "...cdef", "without the line end of a file");
    assert_eq!(shown(&server, "apify").await.as_ref(), Some(&set));
    let replaced = put(&server, "apify", json!({ "apiKey": "short" })).await.expect(200);
    assert_eq!(replaced["credential"]["hint"], "...", "of a short key nothing is shown");
    server.delete("/providers/apify/credential").await.expect(204);
    server.delete("/providers/apify/credential").await.expect_problem(404, "CREDENTIAL_NOT_FOUND");
    assert_eq!(shown(&server, "apify").await, None);

    for wrong in [json!({ "secret": "  " }), json!({}), json!({ "secret": "x".repeat(10_001) })] {
        put(&server, "apify", wrong).await.expect_problem(400, "VALIDATION_FAILED");
    }
    put(&server, "No%20Slug", json!({ "secret": "0123456789" })).await.expect_problem(404, "PROVIDER_NOT_FOUND");
}

#[tokio::test]
async fn the_key_of_the_install_serves_until_the_workspace_has_its_own() {
    let server = TestServer::start_with(|config| {
        let provider = galena::config::Provider {
            api_key: Some("key-of-the-install".to_owned().into()),
            ..galena::config::Provider::default()
        };
        config.providers.insert("apify".to_owned(), provider);
    })
    .await;
    let of_install = shown(&server, "apify").await.unwrap();
    assert_eq!(of_install["credential"], json!({ "owner": "install" }));
    let own = put(&server, "apify", json!({ "secret": "0123456789abcdefgh" })).await.expect(200);
    assert_eq!((&own["credential"]["owner"], &own["credential"]["hint"]), (&json!("workspace"), &json!("...efgh")));
    server.delete("/providers/apify/credential").await.expect(204);
    assert_eq!(shown(&server, "apify").await.unwrap(), of_install);
}

#[tokio::test]
async fn the_state_of_a_gate_is_shown_to_those_whose_key_it_is() {
    use galena::actors::provider_gate::{Claim, GateKey};
    use galena::domain::enrichment::{Limit, Limits, Operation, Outcome, Priority, RateSigns};
    use galena::domain::id::{Id, JobId, WorkspaceId};

    let server = TestServer::start().await;
    put(&server, "apify", json!({ "secret": "apify_api_0123456789abcdef" })).await.expect(200);
    let app = &server.app;
    let page = server.get("/workspaces").await.expect(200);
    let workspace: WorkspaceId = page["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let limit = |calls, seconds| Limit {
        bucket: String::new(),
        calls,
        per: std::time::Duration::from_secs(seconds),
        burst: None,
    };
    let limits = Limits { windows: vec![limit(600, 60), limit(5_000, 86_400)], concurrent: None };
    let claim = Claim {
        workspace,
        weight: 1,
        individual: false,
        priority: Priority::Normal,
        job: JobId::from_u64(1),
        operation: Operation::EmailFind,
    };
    let permit = app.gates.enter(&GateKey::of_workspace("apify", workspace), &limits, &claim).await.unwrap();
    permit.end(&Outcome::NotFound, &RateSigns::default(), std::time::Duration::from_millis(250));
    let of_install = app.gates.enter(&GateKey::of_install("apify"), &limits, &claim).await.unwrap();
    of_install.end(&Outcome::AuthFailed, &RateSigns::default(), std::time::Duration::ZERO);

    let live = shown(&server, "apify").await.unwrap()["live"].take();
    assert_eq!((&live["breaker"], &live["limitedReason"]), (&json!("closed"), &Value::Null));
    assert_eq!(live["windows"][1]["tokens"], 4_999);
    assert_eq!(live["windows"][0]["limit"], 600);
    assert!((250..=300).contains(&live["latency"]["p95"].as_u64().unwrap()), "{live}");

    server.delete("/providers/apify/credential").await.expect(204);
}
