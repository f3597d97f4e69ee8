//! Answers of played vendors over real sockets: asked once, kept, asked again when somebody wants that, batched, collected.

use std::time::Duration;

use galena::domain::enrichment::Operation;
use serde_json::json;

use crate::vendors::{Vendors, job, leads, order, over, people, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_leads_of_one_company_are_one_call() {
    let vendors = Vendors::start().await;
    // Few at a time: most leads come to it when the call is over.
    let few = |config: &mut galena::config::Config| config.providers.get_mut("apollo").unwrap().concurrency = 2;
    let server = vendors.server(&["apollo"], few).await;
    let rows: Vec<_> = (0..200)
        .map(|number| json!({ "email": format!("p{number}@siemens.com"), "website": "https://www.siemens.com/x" }))
        .collect();
    let list = server.list("Fair").await;
    leads(&server, &list, &rows).await;
    vendors.simulator().set_hit_rate("apollo", Operation::CompanyEnrich, 1.0);
    vendors.simulator().set_latency(Some(Duration::from_millis(30)));
    let body = json!({ "listId": list, "sources": ["apollo"],
        "options": { "fields": ["company"], "templateId": "one" } });
    let template = json!({ "name": "One", "points": [{ "point": "company",
        "steps": [{ "provider": "apollo", "operation": "company.enrich" }] }] });
    server.post("/enrichment/templates", &template).await.expect(201);
    let id = order(&server, &body).await;
    let ended = over(&server, &id).await;
    assert_eq!(ended["counts"]["found"], 200, "{ended}");
    assert_eq!(vendors.count("apollo"), 1, "{:?}", vendors.seen("apollo"));
    assert_eq!((&ended["calls"], &ended["knownAnswers"]), (&json!(1), &json!(199)));
    let price = server
        .post("/leads/enrich/estimate", &json!({ "listId": list, "options": { "templateId": "one", "refresh": true } }))
        .await
        .expect(200);
    assert_eq!(ended["creditsUsed"], price["pricePerLead"], "one of them is charged");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_costs_nothing_and_what_is_asked_again_is_charged() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["zerobounce"], |_| ()).await;
    vendors.simulator().set_hit_rate("zerobounce", Operation::EmailVerify, 0.5);
    let list = server.list("Fair").await;
    leads(&server, &list, &people(30)).await;
    let body = |options: serde_json::Value| json!({ "listId": list, "sources": ["zerobounce"], "options": options });
    let base = json!({ "fields": ["emailStatus"], "skipEnriched": false });

    let first = over(&server, &order(&server, &body(base.clone())).await).await;
    let calls = vendors.count("zerobounce");
    assert!(calls > 0, "{first}");
    assert_eq!(first["status"], "completed");
    let charged = first["creditsUsed"].as_f64().unwrap();
    assert!(charged > 0.0, "{first}");

    // The same order twice: nothing is asked, nothing charged.
    let second = over(&server, &order(&server, &body(base.clone())).await).await;
    assert_eq!((vendors.count("zerobounce"), &second["creditsUsed"]), (calls, &json!(0.0)), "{second}");

    // Another order for the same fact: it is known, also that there is nothing.
    let other = json!({ "name": "Other", "points": [{ "point": "emailStatus", "accept": { "minConfidence": 0.01 },
        "steps": [{ "provider": "zerobounce" }] }] });
    server.post("/enrichment/templates", &other).await.expect(201);
    let with = |more: serde_json::Value| {
        let mut options = base.clone();
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body(options)
    };
    let third = over(&server, &order(&server, &with(json!({ "templateId": "other" }))).await).await;
    assert_eq!((vendors.count("zerobounce"), &third["creditsUsed"]), (calls, &json!(0.0)), "{third}");
    assert_eq!(third["knownAnswers"], 30, "{third}");

    // Other rules for what is done with the same answers are another order, and need no calls.
    let rewritten = json!({ "name": "Rewritten", "write": { "default": "always" }, "points": other["points"] });
    server.post("/enrichment/templates", &rewritten).await.expect(201);
    let fourth = over(&server, &order(&server, &with(json!({ "templateId": "rewritten" }))).await).await;
    assert_eq!((vendors.count("zerobounce"), &fourth["knownAnswers"]), (calls, &json!(30)), "{fourth}");

    // Asked again on purpose: called, and charged.
    let fresh = over(&server, &order(&server, &with(json!({ "refresh": true }))).await).await;
    let after = vendors.count("zerobounce");
    assert_eq!(after, calls * 2, "{fresh}");
    assert_eq!(fresh["creditsUsed"].as_f64().unwrap(), charged, "{fresh}");
    assert_eq!(fresh["knownAnswers"], 0);

    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_with_batches_make_no_more_calls_than_needed() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["apollo"], |_| ()).await;
    let list = server.list("Fair").await;
    leads(&server, &list, &people(128)).await;
    let template = json!({ "name": "One", "points": [{ "point": "phone",
        "steps": [{ "provider": "apollo", "operation": "person.enrich" }] }] });
    server.post("/enrichment/templates", &template).await.expect(201);
    let ended =
        over(&server, &order(&server, &json!({ "listId": list, "options": { "templateId": "one" } })).await).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let calls = vendors.count("apollo");
    // Leases are whole calls.
    assert_eq!(calls, 13, "calls of at most ten leads for 128");
    let sent: usize = vendors.seen("apollo").iter().map(|seen| seen.body.matches("\"email\"").count()).sum();
    assert_eq!(sent, 128);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_submitted_is_collected_later_and_stays_held() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["apify"], |_| ()).await;
    let list = server.list("Fair").await;
    leads(&server, &list, &people(60)).await;
    let template = json!({ "name": "One", "points": [{ "point": "phone",
        "steps": [{ "provider": "apify", "operation": "person.enrich" }] }] });
    server.post("/enrichment/templates", &template).await.expect(201);
    let id = order(&server, &json!({ "listId": list, "options": { "templateId": "one" } })).await;
    let submits = || vendors.seen("apify").iter().filter(|seen| seen.path.contains("/runs")).count();
    until("the runs are started", || submits() > 0).await;
    for _ in 0..100 {
        let state = job(&server, &id).await;
        if state["counts"]["waiting"] == 60 {
            assert!(state["creditsHeld"].as_f64().unwrap() > 0.0, "{state}");
            assert_eq!(state["callsInFlight"], 0);
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = over(&server, &id).await;
    assert_eq!((&ended["status"], &ended["creditsHeld"]), (&json!("completed"), &json!(0.0)), "{ended}");
    assert_eq!(
        submits(),
        2,
        "batches of fifty: {:?}",
        vendors.seen("apify").iter().map(|seen| &seen.path).collect::<Vec<_>>()
    );
    let found = ended["counts"]["found"].as_u64().unwrap() + ended["counts"]["partial"].as_u64().unwrap();
    assert!(found > 10, "{ended}");
    server.stop().await;
}
