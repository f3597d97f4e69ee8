//! The operator's choices for a provider: the switch, the vendor's plan, typed figures; at once, for all, over a restart.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;
use crate::vendors::{Vendors, leads, order, over, people, until};

const OWN: &str = r#"
slug = "acme-data"
name = "Acme Data"
docs = "https://docs.acme.example"
region = "eu"
base_url = "https://api.acme.example"
auth = { kind = "query", name = "token" }
default_plan = "starter"

[plans.starter]
limits = [{ calls = 60, per = "1m" }, { calls = 100, per = "1d" }]
concurrent = 2

[plans.growth]
limits = [{ calls = 600, per = "1m" }, { bucket = "finder", calls = 9, per = "1s" }]

[operations."email.find"]
needs = [["firstName", "lastName", "companyDomain"]]
buckets = ["finder"]

[operations."email.find".request]
path = "/find"

[operations."email.find".map]
email = "email"

[operations."email.find".simulate]
hit_rate = 1.0

[operations."email.find".simulate.answers.found]
body = { email = "{{ fake.email }}" }
"#;

async fn with_own(server: &TestServer) {
    server.post("/providers", &json!({ "manifest": OWN })).await.expect(201);
}

#[tokio::test]
async fn a_plan_and_typed_figures_hold_at_once_and_are_taken_back() {
    let server = TestServer::start().await;
    with_own(&server).await;
    let shown = server.get("/providers/acme-data").await.expect(200);
    let setup = &shown["setup"];
    assert_eq!((&setup["plan"], &setup["planBy"]), (&json!("starter"), &json!("manifest")));
    assert_eq!((&setup["concurrent"], &setup["concurrentBy"]), (&json!(2), &json!("manifest")));
    assert_eq!(shown["operations"][0]["limits"]["windows"].as_array().map(Vec::len), Some(2));

    let picked = server.patch("/providers/acme-data", &json!({ "plan": "growth" })).await.expect(200);
    assert_eq!(
        (&picked["plan"], &picked["planBy"], &picked["concurrent"]),
        (&json!("growth"), &json!("choice"), &json!(null))
    );
    let shown = server.get("/providers/acme-data").await.expect(200);
    let windows = &shown["operations"][0]["limits"]["windows"];
    assert_eq!((&windows[0]["calls"], &windows[1]["bucket"]), (&json!(600), &json!("finder")));

    let typed =
        json!({ "limits": { "windows": [{ "calls": 7, "seconds": 2.5, "bucket": "finder" }], "concurrent": 3 } });
    let set = server.patch("/providers/acme-data", &typed).await.expect(200);
    assert_eq!(
        (&set["windowsBy"], &set["concurrentBy"], &set["planBy"]),
        (&json!("choice"), &json!("choice"), &json!("choice"))
    );
    let shown = server.get("/providers/acme-data").await.expect(200);
    let limits =
        json!({ "windows": [{ "bucket": "finder", "calls": 7, "seconds": 2.5, "burst": null }], "concurrent": 3 });
    assert_eq!(shown["operations"][0]["limits"], limits);

    let back = server.patch("/providers/acme-data", &json!({ "limits": null, "plan": null })).await.expect(200);
    assert_eq!((&back["plan"], &back["windows"], &back["concurrent"]), (&json!("starter"), &json!(null), &json!(2)));
    let events = server.get("/audit?limit=10").await.expect(200);
    let told = events["data"].as_array().unwrap().iter().filter(|event| event["kind"] == "provider.updated").count();
    assert_eq!(told, 3, "{events}");
}

#[tokio::test]
async fn what_a_provider_does_not_have_cannot_be_chosen() {
    let server = TestServer::start().await;
    with_own(&server).await;
    let told =
        server.patch("/providers/acme-data", &json!({ "plan": "gold" })).await.expect_problem(400, "VALIDATION_FAILED");
    assert!(told["errors"][0].to_string().contains("growth, starter"), "{told}");
    for (limits, at) in [
        (json!({ "concurrent": 0 }), "/limits/concurrent"),
        (json!({ "windows": [{ "calls": 0, "seconds": 1 }] }), "/limits/windows/0/calls"),
        (json!({ "windows": [{ "calls": 1, "seconds": 0 }] }), "/limits/windows/0/seconds"),
        (json!({ "windows": [{ "calls": 1, "seconds": 1e300 }] }), "/limits/windows/0/seconds"),
        (json!({ "windows": [{ "calls": 1, "seconds": 1, "bucket": "other" }] }), "/limits/windows/0/bucket"),
        (json!({ "windows": [{ "calls": 1, "seconds": 1 }, { "calls": 2, "seconds": 1 }] }), "/limits/windows/1"),
    ] {
        let told = server.patch("/providers/acme-data", &json!({ "limits": limits })).await;
        let told = told.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(told["errors"][0]["pointer"], at, "{told}");
    }
    server.patch("/providers/nobody", &json!({ "enabled": false })).await.expect_problem(404, "PROVIDER_NOT_FOUND");
    server
        .patch("/providers/acme-data", &json!({ "baseUrl": "http://10.0.0.1" }))
        .await
        .expect_problem(400, "VALIDATION_FAILED");
    // What works in the server can be switched off, and has no plan.
    let built_in = server.get("/providers").await.expect(200);
    let built_in =
        built_in["data"].as_array().unwrap().iter().find(|one| one["builtIn"] == true).unwrap()["id"].clone();
    let slug = built_in.as_str().unwrap();
    server
        .patch(&format!("/providers/{slug}"), &json!({ "plan": "gold" }))
        .await
        .expect_problem(400, "VALIDATION_FAILED");
    let off = server.patch(&format!("/providers/{slug}"), &json!({ "enabled": false })).await.expect(200);
    assert_eq!((&off["enabled"], &off["enabledBy"]), (&json!(false), &json!("choice")));
}

#[tokio::test]
async fn a_provider_that_is_switched_off_is_left_out_with_the_reason() {
    let server = TestServer::start().await;
    with_own(&server).await;
    server.post("/settings/terms", &json!({})).await.expect(200);
    let key = json!({ "secret": "t0ken-of-the-test" });
    server.send(server.request(Method::PUT, "/providers/acme-data/credential").json(&key)).await.expect(200);
    server.patch("/providers/acme-data", &json!({ "enabled": false })).await.expect(200);
    let list = server.list("Fair").await;
    let estimate = json!({ "listId": list, "options": { "enrichmentLevel": "premium" } });
    let told = server.post("/leads/enrich/estimate", &estimate).await.expect(200).to_string();
    assert!(told.contains("switched off"), "{told}");
    let order = json!({ "operation": "email.find", "lead": { "email": "a@acme.test" } });
    server.post("/providers/acme-data/test", &order).await.expect_problem(409, "CONFLICT");
    server.patch("/providers/acme-data", &json!({ "enabled": null })).await.expect(200);
    let told = server.post("/leads/enrich/estimate", &estimate).await.expect(200).to_string();
    assert!(!told.contains("switched off"), "{told}");
}

#[tokio::test]
async fn only_the_version_that_was_seen_is_changed_and_a_start_knows_it() {
    let server = TestServer::start().await;
    let key = server.key.clone();
    let first = server.patch("/providers/hunter", &json!({ "limits": { "concurrent": 3 } })).await;
    let tag = first.header("etag").to_owned();
    first.expect(200);
    server.patch("/providers/hunter", &json!({ "limits": { "concurrent": 4 } })).await.expect(200);
    let stale = server.request(Method::PATCH, "/providers/hunter").header("if-match", tag);
    server.send(stale.json(&json!({ "enabled": false }))).await.expect_problem(412, "PRECONDITION_FAILED");
    let mut server = TestServer::start_bare(server.stop().await, |_| ()).await;
    server.key = key;
    let shown = server.get("/providers/hunter").await.expect(200);
    assert_eq!((&shown["setup"]["concurrent"], &shown["setup"]["enabled"]), (&json!(4), &json!(true)));
    assert_eq!(shown["operations"][0]["limits"]["concurrent"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_under_way_go_on_by_what_is_chosen() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["hunter"], |_| ()).await;
    let checker = json!({ "name": "checker", "points": [{ "point": "emailStatus",
        "steps": [{ "provider": "hunter", "operation": "email.verify" }] }] });
    server.post("/enrichment/templates", &checker).await.expect(201);
    let pace = async |calls: u32| {
        let limits = json!({ "limits": { "windows": [{ "calls": calls, "seconds": 600 }] } });
        server.patch("/providers/hunter", &limits).await.expect(200);
    };
    let ordered = async |name: &str, rows: &[Value]| {
        let list = server.list(name).await;
        leads(&server, &list, rows).await;
        order(&server, &json!({ "listId": list, "options": { "templateId": "checker" } })).await
    };
    let people = people(12);
    pace(1).await;
    let job = ordered("slow", &people[..8]).await;
    until("the first is called", || vendors.count("hunter") == 1).await;
    pace(600_000).await;
    assert_eq!(over(&server, &job).await["status"], "completed");
    assert_eq!(vendors.count("hunter"), 8, "who waited was called at once");

    pace(1).await;
    let job = ordered("off", &people[8..]).await;
    let state = async || server.get("/providers").await.expect(200);
    let mut waiting = false;
    for _ in 0..600 {
        let all = state().await;
        let hunter = all["data"].as_array().unwrap().iter().find(|one| one["id"] == "hunter").unwrap();
        waiting = hunter["live"]["waiting"].as_u64() > Some(0);
        if waiting {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(waiting, "nobody waits at the gate");
    let called = vendors.count("hunter");
    server.patch("/providers/hunter", &json!({ "enabled": false })).await.expect(200);
    over(&server, &job).await;
    assert_eq!(vendors.count("hunter"), called, "nobody is called any more");
    server.stop().await;
}
