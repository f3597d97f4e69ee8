//! Manifests over HTTP: added, shown, tried against a played vendor behind a socket, forgotten.

use std::sync::Arc;

use galena::deps::{Clock, SystemClock};
use galena::providers::manifest::{Setup, read};
use galena::providers::simulator::Simulator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answered, TestServer};

const OWN: &str = r#"
slug = "acme-data"
name = "Acme Data"
docs = "https://docs.acme.example"
region = "eu"
base_url = "BASE"
auth = { kind = "query", name = "token" }

[operations."email.find"]
needs = [["firstName", "lastName", "companyDomain"]]
price = { per_found = "0.01" }
confidence = { from = "sure", of = 100 }

[operations."email.find".request]
method = "POST"
path = "/find"
body = { person = { first = "{{ firstName }}", last = "{{ lastName }}" }, at = "{{ companyDomain }}" }

[operations."email.find".map]
email = "email"
"custom.pool" = { from = "pool", type = "number" }

[operations."email.find".simulate]
hit_rate = 1.0
latency = "0ms"

[operations."email.find".simulate.answers.found]
body = { email = "{{ fake.email }}", sure = 93, pool = 7, religion = "none of your business" }
"#;

async fn post(server: &TestServer, manifest: &str) -> Answered {
    server
        .send(
            server
                .request(Method::POST, "/providers")
                .header("content-type", "application/toml")
                .body(manifest.to_owned()),
        )
        .await
}

/// The manifest played behind a socket, and its text with the address.
async fn played() -> (String, Arc<Simulator>, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/acme-data", listener.local_addr().unwrap());
    let text = OWN.replace("BASE", &base);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let simulator = Arc::new(Simulator::new([(read("own", &text).unwrap(), Setup::default())], 1, clock));
    let router = simulator.router();
    let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (text, simulator, served)
}

#[tokio::test]
async fn a_manifest_of_ones_own_works_at_once_and_shows_what_it_does() {
    let server = TestServer::start().await;
    let (text, simulator, served) = played().await;
    let added = post(&server, &text).await.expect(201);
    assert_eq!((&added["id"], &added["own"], &added["region"]), (&json!("acme-data"), &json!(true), &json!("eu")));
    assert_eq!(added["operations"][0]["needs"], json!([["firstName", "lastName", "companyDomain"]]));
    let key = json!({ "secret": "t0ken-of-the-test" });
    server.send(server.request(Method::PUT, "/providers/acme-data/credential").json(&key)).await.expect(200);
    let lead = json!({ "firstName": "Ana", "lastName": "O\"Roe", "website": "https://acme.test" });
    let order = json!({ "operation": "email.find", "lead": lead });
    server.post("/providers/acme-data/test", &order).await.expect_problem(403, "POLICY_FORBIDS");
    server.post("/settings/terms", &json!({})).await.expect(200);
    let tried = server.post("/providers/acme-data/test", &order).await.expect(200);
    assert_eq!(tried["outcome"], "found");
    assert_eq!(tried["values"][0]["field"], "email");
    assert_eq!(tried["values"][1]["field"], "customFields.pool");
    assert_eq!(tried["costMillionths"], 10_000);
    let exchange = &tried["exchanges"][0];
    assert_eq!(exchange["status"], 200);
    let sent: Value = serde_json::from_str(exchange["body"].as_str().unwrap()).unwrap();
    assert_eq!(sent, json!({ "person": { "first": "Ana", "last": "O\"Roe" }, "at": "acme.test" }));
    assert!(exchange["url"].as_str().unwrap().ends_with("/find?token=***"));
    let all = tried.to_string();
    assert!(!all.contains("t0ken") && !all.contains("religion"), "{all}");
    assert_eq!(simulator.tally("acme-data", None).asked, 1);

    let replaced = post(&server, &text.replace("Acme Data", "Acme Finder")).await.expect(200);
    assert_eq!(replaced["name"], "Acme Finder");
    assert_eq!(server.get("/providers/acme-data").await.expect(200)["manifest"], replaced["manifest"]);
    server.delete("/providers/acme-data").await.expect(204);
    server.get("/providers/acme-data").await.expect_problem(404, "PROVIDER_NOT_FOUND");
    served.abort();
}

#[tokio::test]
async fn what_is_wrong_with_a_manifest_is_told_by_line_and_key() {
    let server = TestServer::start().await;
    server.post("/settings/terms", &json!({})).await.expect(200);
    let wrong = OWN.replace("BASE", "https://api.acme.example").replace("region = ", "regoin = ");
    let problem = post(&server, &wrong).await.expect_problem(400, "VALIDATION_FAILED");
    let told = problem["errors"].to_string();
    assert!(told.contains("line 5: regoin is not known; did you mean `region`?"), "{told}");
    let shipped = OWN.replace("BASE", "https://api.acme.example").replace("acme-data", "hunter");
    post(&server, &shipped).await.expect_problem(409, "CONFLICT");
    server.delete("/providers/hunter").await.expect_problem(409, "CONFLICT");
    server.delete("/providers/nobody").await.expect_problem(404, "PROVIDER_NOT_FOUND");
    let order = json!({ "operation": "email.find", "lead": { "email": "a@acme.test" } });
    server.post("/providers/hunter/test", &order).await.expect_problem(400, "VALIDATION_FAILED");
    let order = json!({ "operation": "email.verify", "lead": { "email": "a@acme.test" } });
    server.post("/providers/hunter/test", &order).await.expect_problem(409, "PROVIDER_NOT_CONFIGURED");
    let as_json = json!({ "manifest": OWN.replace("BASE", "https://api.acme.example") });
    server.post("/providers", &as_json).await.expect(201);
}
