//! What templates, keys and rules make of the calls to played vendors, over real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use galena::domain::enrichment::Operation;
use galena::store::{Reads, SystemScope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;
use crate::vendors::{Vendors, leads, order, over, people};

/// A template of one data point.
async fn template(server: &TestServer, name: &str, point: Value) {
    server.post("/enrichment/templates", &json!({ "name": name, "points": [point] })).await.expect(201);
}

async fn run(server: &TestServer, list: &str, template: &str) -> Value {
    let options = json!({ "templateId": template, "skipEnriched": false });
    over(server, &order(server, &json!({ "listId": list, "options": options })).await).await
}

async fn provenance(server: &TestServer, lead: &str) -> Value {
    server.get(&format!("/leads/{lead}/enrichment")).await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_are_accepted_by_their_rules() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["zerobounce", "hunter", "apollo", "peopledatalabs"], |_| ()).await;
    let list = server.list("Fair").await;
    let ids = leads(&server, &list, &people(20)).await;
    let verify =
        |provider: &str, accept: Value| json!({ "provider": provider, "operation": "email.verify", "accept": accept });

    // Nobody is ever that sure: both are asked, nothing is accepted, nothing charged.
    template(
        &server,
        "sure",
        json!({ "point": "emailStatus", "steps": [
        verify("zerobounce", json!({ "minConfidence": 1.0 })), verify("hunter", json!({ "minConfidence": 1.0 })) ] }),
    )
    .await;
    let sure = run(&server, &list, "sure").await;
    // The first takes a hundred at once.
    assert_eq!((vendors.count("zerobounce"), vendors.count("hunter")), (1, 20), "{sure}");
    assert_eq!((&sure["counts"]["partial"], &sure["creditsUsed"]), (&json!(20), &json!(0.0)), "{sure}");

    // Only a status of these settles it; the answers are known by now.
    template(
        &server,
        "status",
        json!({ "point": "emailStatus", "steps": [
        verify("zerobounce", json!({ "status": ["catch-all"] })), verify("hunter", json!({})) ] }),
    )
    .await;
    let status = run(&server, &list, "status").await;
    assert_eq!((vendors.count("zerobounce"), vendors.count("hunter")), (1, 20), "all were known");
    let catch_all = status["steps"][0]["funnel"]["accepted"].as_u64().unwrap();
    assert_eq!(status["steps"][1]["funnel"]["asked"].as_u64().unwrap() + catch_all, 20, "{}", status["steps"]);

    // Two sources have to say the same.
    template(&server, "agree", json!({ "point": "emailStatus", "accept": { "agree": 2 }, "steps": [
        { "provider": "zerobounce", "operation": "email.verify" }, { "provider": "hunter", "operation": "email.verify" } ] })).await;
    let agree = run(&server, &list, "agree").await;
    assert_eq!(agree["steps"][0]["funnel"]["accepted"], 0, "one alone is not two: {}", agree["steps"]);
    let agreed = agree["steps"][1]["funnel"]["accepted"].as_u64().unwrap();
    let mut alike = 0;
    for id in &ids {
        let shown = provenance(&server, id).await;
        let values = shown["values"].as_array().unwrap();
        let said = |provider: &str| {
            values
                .iter()
                .find(|value| value["field"] == "emailStatus" && value["provider"] == provider)
                .map(|value| value["value"].clone())
        };
        alike += u64::from(said("zerobounce").is_some() && said("zerobounce") == said("hunter"));
    }
    assert_eq!(agreed, alike, "{}", agree["steps"]);
    assert!(agreed > 0, "nobody agrees: this proves nothing");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_addresses_and_validators() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["zerobounce", "hunter", "apollo", "peopledatalabs"], |_| ()).await;
    for (slug, operation) in [
        ("apollo", Operation::PersonEnrich),
        ("peopledatalabs", Operation::PersonEnrich),
        ("hunter", Operation::EmailFind),
    ] {
        vendors.simulator().set_hit_rate(slug, operation, 1.0);
    }
    let list = server.list("Fair").await;
    let rows: Vec<Value> = (0..30)
        .map(|number| {
            json!({ "firstName": format!("Ada{number}"), "lastName": "Lovelace",
        "website": format!("https://firm{number}.com") })
        })
        .collect();
    let ids = leads(&server, &list, &rows).await;

    template(&server, "mobile", json!({ "point": "phone", "accept": { "kind": ["mobile"] }, "steps": [
        { "provider": "apollo", "operation": "person.enrich" }, { "provider": "peopledatalabs", "operation": "person.enrich" } ] })).await;
    let mobile = run(&server, &list, "mobile").await;
    let (mut mobiles, mut second) = (0, 0);
    for id in &ids {
        let shown = provenance(&server, id).await;
        let values = shown["values"].as_array().unwrap();
        let of = |provider: &str, field: &str| {
            values.iter().any(|value| {
                value["provider"] == provider
                    && value["field"] == field
                    && (field != "phoneType" || value["value"] == "mobile")
            })
        };
        mobiles += u64::from(of("apollo", "phoneType"));
        second += u64::from(values.iter().any(|value| value["provider"] == "peopledatalabs"));
    }
    println!("{mobiles} mobiles of the first, {second} asked of the second: {}", mobile["steps"]);
    assert_eq!(mobile["steps"][0]["funnel"]["accepted"].as_u64().unwrap(), mobiles, "{mobile}");

    template(
        &server,
        "corporate",
        json!({ "point": "email", "accept": { "corporate": true }, "steps": [
        { "provider": "hunter", "operation": "email.find" } ],
        "validate": { "provider": "zerobounce", "operation": "email.verify", "accept": { "status": ["valid"] } } }),
    )
    .await;
    let found = run(&server, &list, "corporate").await;
    let steps = found["steps"].as_array().unwrap();
    assert_eq!((&steps[0]["validates"], &steps[1]["validates"]), (&Value::Null, &json!(true)));
    assert_eq!(steps[0]["funnel"]["asked"], 30, "{found}");
    let checked = steps[1]["funnel"]["asked"].as_u64().unwrap();
    let confirmed = found["counts"]["found"].as_u64().unwrap();
    println!("{checked} checked, {confirmed} confirmed");
    assert!(checked > 0 && confirmed > 0 && confirmed <= checked, "{found}");
    assert_eq!(
        found["creditsUsed"].as_f64().unwrap(),
        confirmed as f64 * price(&server, &list, "corporate").await,
        "only what was confirmed is charged"
    );
    for id in &ids {
        let lead = server.get(&format!("/leads/{id}")).await.expect(200);
        if let Some(email) = lead["email"].as_str() {
            assert!(vendors.seen("zerobounce").iter().any(|seen| seen.tells(email)), "{email} was not checked");
        }
    }
    server.stop().await;
}

async fn price(server: &TestServer, list: &str, template: &str) -> f64 {
    let body = json!({ "listId": list, "options": { "templateId": template } });
    server.post("/leads/enrich/estimate", &body).await.expect(200)["pricePerLead"].as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_is_written_by_the_rules_and_within_the_ceiling() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["apollo", "hunter"], |_| ()).await;
    vendors.simulator().set_hit_rate("apollo", Operation::PersonEnrich, 1.0);
    let list = server.list("Fair").await;
    let rows = [
        json!({ "email": "a@firm1.com", "jobTitle": "Gardener", "firstName": "Ada", "lastName": "Lovelace", "website": "https://firm1.com" }),
        json!({ "email": "b@firm2.com", "firstName": "Bob", "lastName": "Stone", "website": "https://firm2.com" }),
    ];
    let ids = leads(&server, &list, &rows).await;
    let point = json!({ "point": "professional", "steps": [{ "provider": "apollo", "operation": "person.enrich" }] });
    for (name, rule, first, second) in
        [("never", "never", true, true), ("blank", "ifBlank", true, false), ("always", "always", false, false)]
    {
        let made = json!({ "name": name, "write": { "default": "ifMoreConfident", "fields": { "jobTitle": rule } }, "points": [point.clone()] });
        server.post("/enrichment/templates", &made).await.expect(201);
        // The same facts are not ordered twice a day, unless they are asked for again.
        let again = json!({ "templateId": name, "skipEnriched": false, "refresh": name != "never" });
        let ended = over(&server, &order(&server, &json!({ "listId": list, "options": again })).await).await;
        assert_eq!(ended["counts"]["found"], 2, "{ended}");
        let title = |lead: Value| lead["jobTitle"].clone();
        let kept = title(server.get(&format!("/leads/{}", ids[0])).await.expect(200));
        let given = title(server.get(&format!("/leads/{}", ids[1])).await.expect(200));
        assert_eq!((kept == "Gardener", given.is_null()), (first, second), "{name}: {kept} {given}");
    }
    assert_eq!(vendors.count("apollo"), 3, "one call for both, three times");

    // Two steps at 0.0245 and 0.02 are too dear for a row of 0.03.
    let dear = json!({ "name": "dear", "rowCeiling": "0.03", "points": [{ "point": "email", "accept": { "minConfidence": 1.0 }, "steps": [
        { "provider": "hunter", "operation": "email.find" }, { "provider": "apollo", "operation": "person.enrich" } ] }] });
    vendors.simulator().set_hit_rate("hunter", Operation::EmailFind, 1.0);
    server.post("/enrichment/templates", &dear).await.expect(201);
    let before = vendors.count("apollo");
    let list = server.list("Fresh").await;
    leads(&server, &list, &people(5)).await;
    let ended = run(&server, &list, "dear").await;
    assert_eq!((vendors.count("hunter"), vendors.count("apollo")), (5, before), "{ended}");
    let cost: f64 = ended["cost"]["amount"].as_str().unwrap().parse().unwrap();
    assert!(cost <= 5.0 * 0.03, "{cost}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_decide_the_price_and_who_is_asked() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["zerobounce"], |config| vendors.configure_without_key(config, "hunter")).await;
    let list = server.list("Fair").await;
    leads(&server, &list, &people(3)).await;
    let point = json!({ "point": "emailStatus", "steps": [{ "provider": "hunter" }, { "provider": "zerobounce" }] });
    template(&server, "both", point).await;
    template(&server, "hunter", json!({ "point": "emailStatus", "steps": [{ "provider": "hunter" }] })).await;
    let of = |name: &str| json!({ "listId": list, "options": { "templateId": name, "skipEnriched": false, "refresh": true } });

    server.post("/leads/enrich", &of("hunter")).await.expect_problem(409, "PROVIDER_NOT_CONFIGURED");
    let estimate = server.post("/leads/enrich/estimate", &of("both")).await.expect(200);
    assert_eq!(estimate["leftOut"], json!([{ "dataPoint": "emailStatus", "provider": "hunter", "reason": "no key" }]));
    assert_eq!(estimate["steps"][0]["source"], "install_key");
    let dear = estimate["pricePerLead"].as_f64().unwrap();
    let ended = over(&server, &order(&server, &of("both")).await).await;
    assert_eq!((vendors.count("hunter"), vendors.count("zerobounce")), (0, 1), "{ended}");
    assert_eq!(ended["creditsUsed"], dear * 3.0);

    let own = json!({ "secret": "sandbox-key-of-the-workspace" });
    server.send(server.request(Method::PUT, "/providers/hunter/credential").json(&own)).await.expect(200);
    let estimate = server.post("/leads/enrich/estimate", &of("hunter")).await.expect(200);
    assert_eq!(estimate["steps"][0]["source"], "workspace_key");
    let cheap = estimate["pricePerLead"].as_f64().unwrap();
    assert!(cheap < dear, "{cheap} {dear}");
    let ended = over(&server, &order(&server, &of("hunter")).await).await;
    assert_eq!((vendors.count("hunter"), &ended["creditsUsed"]), (3, &json!(cheap * 3.0)), "{ended}");

    // A key that is refused fails the leads; with a good one they are tried again, whatever is known by then.
    let bad = json!({ "secret": "bad-key-of-the-workspace" });
    server.send(server.request(Method::PUT, "/providers/hunter/credential").json(&bad)).await.expect(200);
    let failed = over(&server, &order(&server, &of("hunter")).await).await;
    assert_eq!((&failed["counts"]["failed"], &failed["creditsUsed"]), (&json!(3), &json!(0.0)), "{failed}");
    server.send(server.request(Method::PUT, "/providers/hunter/credential").json(&own)).await.expect(200);
    let again = over(&server, &order(&server, &of("hunter")).await).await;
    assert_eq!(again["counts"]["found"], 3, "{again}");
    let before = vendors.count("hunter");
    let id = failed["jobId"].as_str().unwrap();
    server.post(&format!("/leads/enrich/{id}/retry"), &json!({})).await.expect(202);
    let retried = over(&server, id).await;
    assert_eq!((&retried["counts"]["found"], vendors.count("hunter") - before), (&json!(3), 3), "{retried}");
    assert_eq!(retried["creditsUsed"], cheap * 3.0, "a retry is charged");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_told_is_not_on_the_wire() {
    let vendors = Vendors::start().await;
    // Nobody has accepted the terms yet.
    let server = TestServer::start_with(|config| {
        for slug in ["apollo", "hunter", "zerobounce"] {
            vendors.configure(config, slug);
        }
    })
    .await;
    vendors.simulator().set_hit_rate("apollo", Operation::CompanyEnrich, 1.0);
    let list = server.list("Fair").await;
    let person = |number: usize, country: &str| {
        json!({ "email": format!("secret{number}@firm{number}.de"), "firstName": "Wolfgang",
        "lastName": format!("Geheim{number}"), "phone": format!("+49301234{number:04}"), "website": format!("https://firm{number}.de"),
        "companyName": format!("Firm {number} GmbH"), "country": country, "linkedInUrl": format!("https://www.linkedin.com/in/geheim{number}") })
    };
    let rows: Vec<Value> =
        (0..6).map(|number| person(number, "DE")).chain([person(6, "US"), person(7, "US")]).collect();
    let ids = leads(&server, &list, &rows).await;
    let all = json!({ "name": "all", "points": [
        { "point": "company", "steps": [{ "provider": "apollo", "operation": "company.enrich" }] },
        { "point": "email", "steps": [{ "provider": "apollo", "operation": "person.enrich" }, { "provider": "hunter", "operation": "email.find" }] },
        { "point": "emailStatus", "steps": [{ "provider": "zerobounce" }] } ] });
    server.post("/enrichment/templates", &all).await.expect(201);
    let total = || ["apollo", "hunter", "zerobounce"].map(|slug| vendors.count(slug)).iter().sum::<usize>();

    let body = json!({ "listId": list, "options": { "templateId": "all" } });
    let estimate = server.post("/leads/enrich/estimate", &body).await.expect(200);
    assert_eq!(estimate["needsTerms"], true);
    server.post("/leads/enrich", &body).await.expect_problem(403, "POLICY_FORBIDS");
    server.post(&format!("/leads/{}/enrich", ids[0]), &json!({})).await.expect_problem(403, "POLICY_FORBIDS");
    let built_in = json!({ "listId": list, "sources": ["galena.email"], "options": { "enrichmentLevel": "basic" } });
    server.post("/leads/enrich", &built_in).await.expect(202);
    assert_eq!(total(), 0, "before the terms are accepted nothing is sent");

    server.post("/settings/terms", &json!({})).await.expect(200);
    server
        .send(server.request(Method::PATCH, "/settings").json(&json!({ "policy": { "EU": "company_only" } })))
        .await
        .expect(200);
    let quiet = json!({ "entries": [{ "kind": "email", "value": "secret7@firm7.de" }] });
    server.send(server.request(Method::PUT, "/suppressions").json(&quiet)).await.expect(200);

    // Whoever is told of a person stands in the book before he is.
    let (app, tells, unknown) =
        (Arc::clone(&server.app), Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (told, missing) = (Arc::clone(&tells), Arc::clone(&unknown));
    let lead = ids[6].clone();
    vendors.on_request(move |seen| {
        if !seen.tells("6@firm6.de") && !seen.tells("Geheim6") {
            return;
        }
        told.fetch_add(1, Ordering::SeqCst);
        let view = app.store.view().unwrap();
        let lead: galena::domain::id::LeadId = lead.parse().unwrap();
        let mut is_there = false;
        let workspaces = {
            let mut all = Vec::new();
            view.scan_install::<galena::store::tables::Workspaces>(
                &(),
                galena::store::engine::Order::Ascending,
                &mut |(id,), _| {
                    all.push(id);
                    std::ops::ControlFlow::Continue(())
                },
            )
            .unwrap();
            all
        };
        for workspace in workspaces {
            let scope = SystemScope::for_the_house().within(workspace);
            view.scan::<galena::store::tables::Attempts>(
                &scope,
                &(lead,),
                galena::store::engine::Order::Ascending,
                &mut |_, attempt| {
                    is_there |= attempt.external
                        && attempt.provider == seen.slug
                        && attempt.outcome.is_none()
                        && !attempt.fields.is_empty();
                    std::ops::ControlFlow::Continue(())
                },
            )
            .unwrap();
        }
        if !is_there {
            missing.lock().unwrap().push(seen.clone());
        }
    });
    let ended = run(&server, &list, "all").await;
    assert!(total() > 0, "{ended}");
    for slug in ["apollo", "hunter", "zerobounce"] {
        for seen in vendors.seen(slug) {
            for number in 0..6 {
                for personal in [
                    format!("secret{number}"),
                    format!("Geheim{number}"),
                    format!("geheim{number}"),
                    format!("301234{number:04}"),
                ] {
                    assert!(!seen.tells(&personal), "{personal} was told: {seen:?}");
                }
            }
            assert!(
                !seen.tells("ecret7") && !seen.tells("eheim7") && !seen.tells("firm7"),
                "a suppressed lead was told: {seen:?}"
            );
        }
    }
    let companies = vendors
        .seen("apollo")
        .iter()
        .filter(|seen| (0..6).any(|number| seen.tells(&format!("firm{number}.de"))))
        .count();
    assert!(companies > 0, "what is known of companies may be told: {:?}", vendors.seen("apollo"));
    assert!(tells.load(Ordering::SeqCst) > 0);
    assert!(unknown.lock().unwrap().is_empty(), "{:?}", unknown.lock().unwrap());
    let outbound = server.get(&format!("/privacy/outbound?leadId={}", ids[6])).await.expect(200);
    assert!(!outbound["data"].as_array().unwrap().is_empty(), "{outbound}");
    let nothing = server.get(&format!("/privacy/outbound?leadId={}", ids[7])).await.expect(200);
    assert!(nothing["data"].as_array().unwrap().is_empty(), "{nothing}");
    server.stop().await;
}
