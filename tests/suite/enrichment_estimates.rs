//! Estimates held against what jobs of played vendors came to.

use galena::domain::enrichment::Operation;
use serde_json::{Value, json};

use crate::server::TestServer;
use crate::vendors::{Vendors, leads, order, over};

/// What a list of so many fresh people was estimated at (best, typical, worst), and what it came to.
async fn estimated_and_done(server: &TestServer, name: &str, count: usize) -> ([f64; 3], f64) {
    let list = server.list(name).await;
    let rows: Vec<Value> = (0..count)
        .map(|number| {
            json!({ "firstName": format!("Ada{number}"), "lastName": "Lovelace",
                "website": format!("https://{name}{number}.com") })
        })
        .collect();
    leads(server, &list, &rows).await;
    let body = json!({ "listId": list, "options": { "templateId": "finder" } });
    let estimate = server.post("/leads/enrich/estimate", &body).await.expect(200)["estimate"].clone();
    let ended = over(server, &order(server, &body).await).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let figures = ["best", "typical", "worst"].map(|figure| estimate[figure].as_f64().unwrap());
    let actual = ended["creditsUsed"].as_f64().unwrap();
    println!("{name}: {figures:?}, came to {actual}");
    assert!(actual <= figures[2], "{name}: {actual} of {figures:?}");
    (figures, actual)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_first_job_the_estimate_is_close_and_a_worse_or_better_list_stays_within_it() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["hunter"], |_| ()).await;
    let hits = |rate| vendors.simulator().set_hit_rate("hunter", Operation::EmailFind, rate);
    let finder = json!({ "name": "finder", "points": [{ "point": "email",
        "steps": [{ "provider": "hunter", "operation": "email.find" }] }] });
    server.post("/enrichment/templates", &finder).await.expect(201);
    hits(0.6);
    let (first, _) = estimated_and_done(&server, "first", 300).await;
    assert_eq!((first[0], first[1]), (0.0, first[2]), "nothing is known yet: who can pay for all can pay for it");
    let ([_, typical, _], actual) = estimated_and_done(&server, "second", 300).await;
    assert!((typical - actual).abs() <= 0.15 * actual, "{typical} estimated, {actual} charged");
    for (name, rate) in [("worse", 0.4), ("better", 0.8)] {
        hits(rate);
        let ([best, _, worst], actual) = estimated_and_done(&server, name, 300).await;
        assert!((best..=worst).contains(&actual), "{name}: {best} to {worst}, {actual} charged");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_share_a_limit_take_their_time_one_after_the_other() {
    let vendors = Vendors::start().await;
    let typed = |config: &mut galena::config::Config| {
        if let Some(hunter) = config.providers.get_mut("hunter") {
            hunter.rate_limit = 600;
        }
    };
    let server = vendors.server(&["hunter"], typed).await;
    let list = server.list("Fair").await;
    let person =
        |number: usize| json!({ "firstName": format!("Ada{number}"), "lastName": "L", "website": "https://a.com" });
    leads(&server, &list, &(0..80).map(person).collect::<Vec<_>>()).await;
    let step = |operation: &str| json!([{ "provider": "hunter", "operation": operation }]);
    let seconds = async |points: Value| {
        let name = format!("of {}", points.as_array().unwrap().len());
        let made = server.post("/enrichment/templates", &json!({ "name": name, "points": points })).await.expect(201);
        let body = json!({ "listId": list, "options": { "templateId": made["id"] } });
        server.post("/leads/enrich/estimate", &body).await.expect(200)["estimatedDuration"].clone()
    };
    // Eight a second.
    let email = json!({ "point": "email", "steps": step("email.find") });
    let company = json!({ "point": "company", "steps": step("company.find") });
    assert_eq!(seconds(json!([email])).await, 10);
    assert_eq!(seconds(json!([email, company])).await, 20);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_played_in_a_sandbox_says_nothing_of_the_world() {
    let vendors = Vendors::start().await;
    let mut server = vendors.server(&["hunter"], |_| ()).await;
    let live = server.key.clone();
    let finder = json!({ "name": "finder", "points": [{ "point": "email",
        "steps": [{ "provider": "hunter", "operation": "email.find" }] }] });
    server.post("/enrichment/templates", &finder).await.expect(201);
    let play = json!({ "name": "Play", "sandbox": true, "createKey": true });
    let made = server.post("/workspaces", &play).await.expect(201);
    let played = made["apiKey"].as_str().unwrap().to_owned();
    let figures = async |server: &TestServer| {
        let all = server.get("/providers").await.expect(200);
        let hunter = all["data"].as_array().unwrap().iter().find(|one| one["id"] == "hunter").unwrap().clone();
        let asked = hunter["statistics"].as_array().unwrap().iter().map(|row| row["asked"].as_u64().unwrap());
        (asked.sum::<u64>(), hunter["live"]["latency"].is_object())
    };

    server.key.clone_from(&played);
    server.post("/enrichment/templates", &finder).await.expect(201);
    estimated_and_done(&server, "first", 60).await;
    assert_eq!(figures(&server).await, (60, true), "its own gate is shown");
    let list = server.list("next").await;
    let rows = [json!({ "firstName": "Ana", "lastName": "Roe", "website": "https://next1.com" })];
    leads(&server, &list, &rows).await;
    let body = json!({ "listId": list, "options": { "templateId": "finder" } });
    let of_play = server.post("/leads/enrich/estimate", &body).await.expect(200);

    server.key.clone_from(&live);
    assert_eq!(figures(&server).await, (0, false), "nobody was asked in the world");
    let list = server.list("next").await;
    leads(&server, &list, &rows).await;
    let body = json!({ "listId": list, "options": { "templateId": "finder" } });
    let of_live = server.post("/leads/enrich/estimate", &body).await.expect(200);
    let basis = |of: &Value| of["basis"].clone();
    assert_ne!(basis(&of_play), basis(&of_live), "{of_play} {of_live}");
    assert_eq!(of_live["estimate"]["typical"], of_live["estimate"]["worst"], "nothing is known: {of_live}");
    server.stop().await;
}
