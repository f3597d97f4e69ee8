//! Enrichment and credits through the API of a real server.

use std::time::Duration;

use galena::store::records::access::KeyScope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;

/// Adds leads with these addresses; gives their ids.
async fn leads(server: &TestServer, list: &str, emails: &[String]) -> Vec<String> {
    let mut ids = Vec::new();
    for chunk in emails.chunks(500) {
        let rows: Vec<Value> = chunk.iter().map(|email| json!({ "email": email })).collect();
        let answer = server.post(&format!("/leads/lists/{list}/leads"), &json!({ "leads": rows })).await.expect(200);
        assert_eq!(answer["results"].as_array().map(Vec::len), Some(rows.len()), "{answer}");
    }
    let mut after = String::new();
    loop {
        let page = server.get(&format!("/leads/lists/{list}/leads?limit=500{after}")).await.expect(200);
        ids.extend(page["data"].as_array().unwrap().iter().map(|lead| lead["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return ids,
        }
    }
}

/// Addresses whose verdict needs no network: their domain can not be delivered to.
fn reserved(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("person{number}@firm.test")).collect()
}

async fn over(server: &TestServer, job: &str) -> Value {
    for _ in 0..600 {
        let row = server.get(&format!("/leads/enrich/{job}")).await.expect(200);
        if !matches!(row["status"].as_str(), Some("pending" | "processing")) {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("job {job} does not end");
}

#[tokio::test]
async fn a_list_is_enriched_and_the_job_tells_everything_of_the_contract() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    leads(&server, &list, &reserved(300)).await;
    let order = json!({ "listId": list, "options": { "enrichmentLevel": "basic" } });
    let estimate = server.post("/leads/enrich/estimate", &order).await.expect(200);
    assert_eq!((&estimate["totalLeads"], &estimate["leadsQueued"]), (&json!(300), &json!(300)));
    assert_eq!((&estimate["estimatedCredits"], &estimate["affordable"]), (&json!(0.0), &json!(true)));
    assert_eq!(estimate["steps"][0]["operation"], "email.verify");

    let answer = server.post("/leads/enrich", &order).await;
    let place = answer.header("location").to_owned();
    let made = answer.expect(202);
    let id = made["jobId"].as_str().unwrap();
    assert_eq!(place, format!("/api/v1/leads/enrich/{id}"));
    assert_eq!((&made["totalLeads"], &made["listId"]), (&json!(300), &json!(list)));
    let job = over(&server, id).await;
    assert_eq!(job["status"], "completed");
    let progress =
        json!({ "total": 300, "processed": 300, "successful": 300, "failed": 0, "skipped": 0, "percentage": 100 });
    assert_eq!(job["progress"], progress);
    assert_eq!(job["results"], json!({ "enriched": 300, "noDataFound": 0, "failed": 0 }));
    assert_eq!(job["breakdown"]["email"], json!({ "found": 0, "verified": 0 }));
    assert_eq!((&job["creditsUsed"], &job["callsInFlight"]), (&json!(0.0), &json!(0)));
    assert!(job["startedAt"].is_string() && job["completedAt"].is_string());

    let shown = server.get(&format!("/leads/lists/{list}")).await.expect(200);
    assert_eq!(shown["enrichedLeads"], 300);
    let page = server.get("/leads/enrich?limit=1").await.expect(200);
    assert_eq!(page["data"][0]["jobId"], json!(id));
    assert!(server.get("/leads/enrich?status=paused").await.expect(200)["data"].as_array().unwrap().is_empty());

    let first = server.get(&format!("/leads/enrich/{id}/items?limit=200&status=found")).await.expect(200);
    assert_eq!((first["total"].as_u64(), first["data"].as_array().map(Vec::len)), (Some(300), Some(200)));
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = server.get(&format!("/leads/enrich/{id}/items?limit=200&status=found&after={cursor}")).await;
    let second = second.expect(200);
    assert_eq!(second["data"].as_array().map(Vec::len), Some(100));
    assert_eq!(second["data"][0]["status"], "found");
    server.get(&format!("/leads/enrich/{id}/items?status=odd")).await.expect_problem(400, "VALIDATION_FAILED");

    for (act, status) in [("pause", 400), ("cancel", 400)] {
        let answer = server.post(&format!("/leads/enrich/{id}/{act}"), &json!({})).await;
        answer.expect_problem(status, "JOB_ALREADY_CANCELLED");
    }
    server.post(&format!("/leads/enrich/{id}/retry"), &json!({})).await.expect(202);

    // Everything is known now: the next job passes every lead over.
    let again = server.post("/leads/enrich", &order).await.expect(202);
    let again = over(&server, again["jobId"].as_str().unwrap()).await;
    assert_eq!((&again["progress"]["skipped"], &again["progress"]["successful"]), (&json!(300), &json!(0)));
    server.stop().await;
}

/// What was found about the address.
fn verdict(found: &Value) -> &Value {
    let values = found["values"].as_array().expect("values");
    values.iter().find(|value| value["field"] == "emailStatus").expect("a verdict")
}

#[tokio::test]
async fn one_lead_is_enriched_at_once_and_shows_where_each_value_came_from() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    let ids = leads(&server, &list, &["anna@firm.test".to_owned(), "bob@siemens.com".to_owned()]).await;
    let answer = server.post(&format!("/leads/{}/enrich", ids[0]), &json!({})).await.expect(200);
    assert_eq!((&answer["job"]["status"], &answer["job"]["jobType"]), (&json!("completed"), &json!("individual")));
    let lead = &answer["lead"];
    assert_eq!((&lead["emailStatus"], &lead["enrichmentStatus"]), (&json!("invalid"), &json!("enriched")));
    let source = &lead["provenance"]["emailStatus"];
    assert_eq!((&source["value"], &source["provider"]), (&json!("invalid"), &json!("galena.email")));
    assert_eq!((&source["confidence"], &source["credits"]), (&json!(0.9), &json!(0.0)));

    let found = server.get(&format!("/leads/{}/enrichment", ids[0])).await.expect(200);
    assert_eq!(verdict(&found)["evidence"]["reason"], "reserved_domain");
    assert_eq!(found["attempts"][0]["outcome"], "found");
    assert!(found["attempts"][0]["receipt"].as_str().unwrap().contains("built-in"));

    // The name look-up is switched off here: the other domain stays unknown, and that is said.
    let unknown = server.post(&format!("/leads/{}/enrich", ids[1]), &json!({})).await.expect(200);
    assert_eq!(unknown["lead"]["enrichmentStatus"], "partial");
    let found = server.get(&format!("/leads/{}/enrichment", ids[1])).await.expect(200);
    assert_eq!(verdict(&found)["evidence"]["reason"], "dns_switched_off");

    let ahead = server.post(&format!("/leads/{}/enrich?wait=0", ids[0]), &json!({})).await;
    assert!([200, 202].contains(&ahead.status.as_u16()));
    server.post("/leads/lead_01p9s6z4c0000/enrich", &json!({})).await.expect_problem(404, "LEAD_NOT_FOUND");
}

#[tokio::test]
async fn an_order_that_cannot_be_paid_is_refused_and_says_how_far_the_credits_reach() {
    let server = TestServer::start_with(|config| config.credits.plan = "starter".to_owned()).await;
    let list = server.list("Fair").await;
    leads(&server, &list, &reserved(60)).await;
    let order = json!({ "listId": list, "options": { "enrichmentLevel": "premium" } });
    let refused = server.post("/leads/enrich", &order).await.expect_problem(402, "INSUFFICIENT_CREDITS");
    assert_eq!((&refused["needed"], &refused["available"]), (&json!(120.0), &json!(100.0)));
    assert_eq!(refused["affordableLeads"], 50);

    let partial = json!({ "listId": list, "options": { "enrichmentLevel": "premium", "partial": true } });
    let made = server.post("/leads/enrich", &partial).await.expect(202);
    let job = over(&server, made["jobId"].as_str().unwrap()).await;
    assert_eq!((&job["status"], &job["pauseReason"]), (&json!("paused"), &json!("INSUFFICIENT_CREDITS")));
    assert_eq!((&job["leadsLeft"], &job["creditsUsed"]), (&json!(10), &json!(100.0)));

    let credits = server.get("/credits").await.expect(200);
    assert_eq!((&credits["available"], &credits["used"], &credits["held"]), (&json!(0.0), &json!(100.0), &json!(0.0)));
    assert_eq!(credits["plan"], "starter");
    assert!(credits["alerts"].as_array().unwrap().iter().all(|alert| alert["reached"] == json!(true)));
    let lines = server.get("/credits/transactions?limit=500").await.expect(200);
    let lines = lines["data"].as_array().unwrap();
    let sum = |kind: &str| -> f64 {
        lines.iter().filter(|line| line["type"] == kind).map(|line| line["amount"].as_f64().unwrap()).sum()
    };
    assert_eq!((sum("grant"), sum("hold"), sum("settle"), sum("release")), (100.0, 100.0, 100.0, 0.0));
    let settled = lines.iter().find(|line| line["type"] == "settle").unwrap();
    assert_eq!((&settled["jobId"], &settled["transactionType"]), (&made["jobId"], &json!("debit")));
    let id = made["jobId"].as_str().unwrap();
    server.post(&format!("/leads/enrich/{id}/cancel"), &json!({})).await.expect(200);
    assert_eq!(over(&server, id).await["status"], "cancelled");
    server.stop().await;
}

#[tokio::test]
async fn mistakes_are_told_and_rights_are_asked_for() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    server.post("/leads/enrich", &json!({})).await.expect_problem(400, "VALIDATION_FAILED");
    let unknown = json!({ "listId": "list_01p9s6z4c0000" });
    server.post("/leads/enrich", &unknown).await.expect_problem(404, "LIST_NOT_FOUND");
    server.post("/leads/enrich/estimate", &unknown).await.expect_problem(404, "LIST_NOT_FOUND");
    let phone = json!({ "listId": list, "options": { "fields": ["phone"] } });
    server.post("/leads/enrich", &phone).await.expect_problem(409, "PROVIDER_NOT_CONFIGURED");
    let gold = json!({ "listId": list, "options": { "templateId": "gold" } });
    server.post("/leads/enrich", &gold).await.expect_problem(400, "VALIDATION_FAILED");

    let order = json!({ "listId": list });
    let reader = server.key_with(vec![KeyScope::Write]).await;
    let url = format!("{}/api/v1/leads/enrich", server.base);
    let request = server.client.request(Method::POST, &url).bearer_auth(&reader).json(&order);
    server.send(request).await.expect_problem(403, "FORBIDDEN");
    let foreign = server.client.request(Method::POST, &url).bearer_auth(&server.foreign_key).json(&order);
    server.send(foreign).await.expect_problem(404, "LIST_NOT_FOUND");

    let once = |body: Value| server.request(Method::POST, "/leads/enrich").header("Idempotency-Key", "k1").json(&body);
    let first = server.send(once(order.clone())).await.expect(202);
    let second = server.send(once(order)).await;
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.expect(202)["jobId"], first["jobId"]);
    server.send(once(json!({ "listId": list, "sources": [] }))).await.expect_problem(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn a_job_goes_on_after_an_orderly_stop() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    leads(&server, &list, &reserved(500)).await;
    let order = json!({ "listId": list, "options": { "enrichmentLevel": "basic" } });
    let made = server.post("/leads/enrich", &order).await.expect(202);
    let (id, key) = (made["jobId"].as_str().unwrap().to_owned(), server.key.clone());
    let directory = server.stop().await;
    let mut server = TestServer::start_bare(directory, |_| ()).await;
    server.key = key;
    let job = over(&server, &id).await;
    assert_eq!((&job["status"], &job["progress"]["successful"]), (&json!("completed"), &json!(500)));
}

#[tokio::test]
async fn what_was_found_can_be_filtered_sorted_counted_and_exported() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    let people = [
        ("ada@siemens.com", "+4915112345678", "VP of Sales", "Siemens AG", "https://www.siemens.com"),
        ("info@gmail.com", "+4930901820", "Software Engineer", "Acme GmbH & Co. KG", "https://acme.de"),
        ("bob@mailinator.com", "+12025550123", "Chief Executive Officer", "Initech", ""),
    ];
    for (email, phone, title, company, site) in people {
        let site = Some(site).filter(|site| !site.is_empty());
        let lead = json!({"email": email, "phone": phone, "jobTitle": title, "companyName": company, "website": site});
        server.post(&format!("/leads/lists/{list}/leads"), &lead).await.expect(201);
    }
    let order = json!({ "listId": list, "options": { "enrichmentLevel": "basic" } });
    let job = server.post("/leads/enrich", &order).await.expect(202);
    assert_eq!(over(&server, job["jobId"].as_str().unwrap()).await["status"], "completed");

    let question = json!({ "listId": list, "facets": ["phoneType", "seniorityLevel", "emailType", "phoneRegion"],
        "filter": { "field": "enrichmentJobId", "op": "eq", "value": job["jobId"] } });
    let mut found = json!(null);
    for _ in 0..200 {
        found = server.post("/leads/search", &question).await.expect(200);
        if found["total"] == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let counted = |facet: &str| -> Vec<(String, u64)> {
        let values = found["facets"][facet]["values"].as_array().unwrap().iter();
        let mut values: Vec<_> = values
            .map(|value| (value["label"].as_str().unwrap().to_owned(), value["count"].as_u64().unwrap()))
            .collect();
        values.sort();
        values
    };
    let names = |values: Vec<(String, u64)>| values.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(counted("phoneType")), ["fixed_line", "fixed_line_or_mobile", "mobile"]);
    assert_eq!(names(counted("seniorityLevel")), ["c-suite", "executive", "mid"]);
    assert_eq!(names(counted("emailType")), ["business", "disposable", "role"]);
    assert_eq!(names(counted("phoneRegion")), ["Berlin", "Washington D.C."]);

    for (filter, emails) in [
        (json!({ "field": "seniorityLevel", "op": "in", "value": ["executive", "c-suite"] }), vec![0, 2]),
        (json!({ "field": "phoneType", "op": "ne", "value": "mobile" }), vec![1, 2]),
        (json!({ "field": "phoneRegion", "op": "contains", "value": "berl" }), vec![1]),
        (json!({ "field": "phoneRegion", "op": "empty" }), vec![0]),
        (json!({ "field": "companyDomain", "op": "prefix", "value": "sie" }), vec![0]),
        (json!({ "field": "companyLegalForm", "op": "notEmpty" }), vec![0, 1]),
        (json!({ "field": "emailDomainFit", "op": "eq", "value": "same" }), vec![0]),
    ] {
        let question = json!({ "listId": list, "filter": filter, "sort": ["email"] });
        let found = server.post("/leads/search", &question).await.expect(200);
        let mut expected: Vec<&str> = emails.into_iter().map(|place: usize| people[place].0).collect();
        expected.sort_unstable();
        let emails: Vec<&str> =
            found["data"].as_array().unwrap().iter().map(|lead| lead["email"].as_str().unwrap()).collect();
        assert_eq!(emails, expected, "{filter}");
    }
    let question = json!({ "listId": list, "sort": ["-department"] });
    let sorted = server.post("/leads/search", &question).await.expect(200);
    assert_eq!(sorted["data"][0]["email"], "ada@siemens.com", "sales is behind engineering and general_management");

    let fields = json!({ "fields": ["email", "seniorityLevel", "phoneType", "companyDomain"] });
    let export = server.post("/leads/exports", &json!({ "listId": list, "options": fields })).await.expect(201);
    let place = format!("/leads/exports/{}/download", export["exportId"].as_str().unwrap());
    let text = server.get(&place).await.text;
    assert!(
        text.starts_with(
            "email,seniorityLevel,phoneType,companyDomain\nada@siemens.com,executive,mobile,siemens.com\n"
        ),
        "{text}"
    );

    // A fact goes with the field it speaks of.
    let lead = server.post("/leads/search", &json!({ "listId": list, "q": "ada" })).await.expect(200);
    let id = lead["data"][0]["id"].as_str().unwrap().to_owned();
    let edited = server.patch(&format!("/leads/{id}"), &json!({ "jobTitle": "Intern" })).await.expect(200);
    assert_eq!(edited["enriched"]["professionalInfo"]["seniorityLevel"], Value::Null);
    let shown = server.get(&format!("/leads/{id}")).await.expect(200);
    assert_eq!(shown["enriched"]["phoneNumbers"][0]["lineType"], "mobile");
    assert_eq!(shown["provenance"].get("seniorityLevel"), None);
    server.stop().await;
}
