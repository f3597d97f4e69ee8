//! Asking about somebody who is no stored lead, checking addresses and numbers, and one lead step by step.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;

#[tokio::test]
async fn somebody_is_asked_about_and_is_no_lead_of_any_list() {
    let server = TestServer::start().await;
    let body = json!({ "email": "Anna.Meyer@Firm.TEST", "fullName": "Anna Meyer", "phone": "030 901820", "region": "DE",
        "jobTitle": "VP Sales", "options": { "enrichmentLevel": "basic" } });
    let found = server.post("/enrichment", &body).await.expect(200);
    assert_eq!((&found["status"], &found["enrichmentStatus"]), (&json!("completed"), &json!("enriched")));
    assert_eq!(
        (&found["fields"]["email"], &found["fields"]["phone"]),
        (&json!("anna.meyer@firm.test"), &json!("+4930901820"))
    );
    assert_eq!((&found["emailStatus"], &found["enriched"]["emailStatus"]), (&json!("invalid"), &json!("invalid")));
    assert_eq!(found["provenance"]["emailStatus"]["provider"], "galena.email");
    assert_eq!(found["enriched"]["professionalInfo"]["department"], "sales");
    assert_eq!(found["creditsUsed"], json!(0.0));
    let job = found["jobId"].as_str().unwrap();
    let again = server.get(&format!("/enrichment/{job}")).await.expect(200);
    assert_eq!(again["enriched"], found["enriched"]);

    let search = server.post("/leads/search", &json!({ "q": "anna" })).await.expect(200);
    assert_eq!(search["total"], 0, "{search}");
    let lead = found["leadId"].as_str().unwrap();
    server.get(&format!("/leads/{lead}")).await.expect_problem(404, "LEAD_NOT_FOUND");
    server.delete(&format!("/leads/{lead}")).await.expect_problem(404, "LEAD_NOT_FOUND");
    server.get(&format!("/verify/{job}")).await.expect_problem(404, "JOB_NOT_FOUND");
    let outbound = server.get(&format!("/privacy/outbound?leadId={lead}")).await.expect(200);
    assert_eq!(outbound["data"], json!([]), "nothing went out");
    assert_eq!(server.get("/leads/enrich").await.expect(200)["data"][0]["jobType"], "individual");

    let nobody = server.post("/enrichment", &json!({ "firstName": "Anna" })).await;
    nobody.expect_problem(400, "VALIDATION_FAILED");
    let wrong = server.post("/enrichment", &json!({ "email": "anna@", "fullName": "A B", "companyName": "C" })).await;
    assert_eq!(wrong.expect_problem(400, "VALIDATION_FAILED")["errors"][0]["pointer"], "/email");
    server.stop().await;
}

#[tokio::test]
async fn a_repeated_request_is_served_once_and_a_slow_one_goes_on() {
    let server = TestServer::start().await;
    let body = json!({ "email": "bob@firm.test", "options": { "level": "basic" } });
    let post = || server.request(Method::POST, "/enrichment?wait=0").header("idempotency-key", "k1").json(&body);
    let first = server.send(post()).await;
    assert!(matches!(first.status.as_u16(), 200 | 202), "{}", first.text);
    let second = server.send(post()).await;
    assert_eq!(first.json()["jobId"], second.json()["jobId"]);
    let job = first.json()["jobId"].as_str().unwrap().to_owned();
    for _ in 0..400 {
        let found = server.get(&format!("/enrichment/{job}")).await.expect(200);
        if found["status"] == "completed" {
            assert_eq!(found["emailStatus"], "invalid");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not end");
}

#[tokio::test]
async fn every_address_and_number_gets_a_verdict_in_its_place() {
    let server = TestServer::start().await;
    let emails = ["b@firm.test", "not an address", "a@firm.test", "b@firm.test"];
    let phones = ["+49 30 901820", "12", "+1 202 555 0123"];
    let answer = server.post("/verify", &json!({ "emails": emails, "phones": phones })).await.expect(200);
    let said: Vec<_> = answer["emails"].as_array().unwrap().iter().map(|one| &one["email"]).collect();
    assert_eq!(said, emails);
    assert!(answer["emails"].as_array().unwrap().iter().all(|one| one["status"] == "invalid"), "{answer}");
    assert_eq!((&answer["emails"][1]["address"], answer["emails"][1]["detail"].is_string()), (&Value::Null, true));
    assert_eq!(answer["emails"][0]["provider"], "galena.email");
    let said: Vec<_> = answer["phones"].as_array().unwrap().iter().map(|one| &one["phone"]).collect();
    assert_eq!(said, phones);
    let first = &answer["phones"][0];
    assert_eq!(
        (&first["status"], &first["lineType"], &first["country"]),
        (&json!("valid"), &json!("fixed_line"), &json!("DE"))
    );
    assert_eq!(answer["phones"][1]["status"], "invalid");
    let job = answer["jobId"].as_str().unwrap();
    assert_eq!(server.get(&format!("/verify/{job}")).await.expect(200)["emails"], answer["emails"]);
    server.get(&format!("/enrichment/{job}")).await.expect_problem(404, "JOB_NOT_FOUND");
    server.post("/verify", &json!({})).await.expect_problem(400, "VALIDATION_FAILED");
    let many: Vec<String> = (0..501).map(|number| format!("p{number}@firm.test")).collect();
    server.post("/verify", &json!({ "emails": many })).await.expect_problem(400, "VALIDATION_FAILED");
    let full = server.post("/verify?wait=30", &json!({ "emails": many[..500] })).await.expect(200);
    assert!(full["emails"].as_array().unwrap().iter().zip(&many).all(|(one, email)| one["email"] == *email.as_str()));
}

#[tokio::test]
async fn the_steps_of_one_lead_come_as_they_happen() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    let lead = json!({ "email": "ada@firm.test", "fullName": "Ada Byron", "jobTitle": "CTO" });
    let lead = server.post(&format!("/leads/lists/{list}/leads"), &lead).await.expect(201);
    let path = format!("/leads/{}/enrich", lead["id"].as_str().unwrap());
    let request = server.request(Method::POST, &path).header("accept", "text/event-stream");
    let answer = server.send(request.json(&json!({ "options": { "level": "basic" } }))).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    let events: Vec<(String, Value)> = answer
        .text
        .split("\n\n")
        .filter(|frame| !frame.is_empty())
        .map(|frame| {
            let (event, data) = frame.split_once('\n').expect("two lines");
            let data = data.strip_prefix("data: ").expect("data");
            (event.strip_prefix("event: ").expect("a name").to_owned(), serde_json::from_str(data).expect("JSON"))
        })
        .collect();
    let (end, steps) = events.split_last().expect("events");
    assert!(steps.iter().all(|(event, _)| event == "step"), "{events:?}");
    let done: Vec<_> = steps.iter().filter(|(_, step)| step["outcome"].is_string()).collect();
    assert!(done.iter().any(|(_, step)| step["provider"] == "galena.email"), "{steps:?}");
    assert!(done.iter().any(|(_, step)| step["provider"] == "galena.title"), "{steps:?}");
    assert_eq!(end.0, "end");
    assert_eq!((&end.1["job"]["status"], &end.1["lead"]["emailStatus"]), (&json!("completed"), &json!("invalid")));
}
