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
