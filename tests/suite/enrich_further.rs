//! Sample first and then the rest; what an import asks for; what is missing.

use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::server::TestServer;

async fn leads(server: &TestServer, list: &str, rows: Vec<Value>) {
    server.post(&format!("/leads/lists/{list}/leads"), &json!({ "leads": rows })).await.expect(200);
}

async fn over(server: &TestServer, job: &str) -> Value {
    for _ in 0..600 {
        let row = server.get(&format!("/leads/enrich/{job}")).await.expect(200);
        if !matches!(row["status"].as_str(), Some("pending" | "processing")) {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("job {job} does not end");
}

async fn worked_on(server: &TestServer, job: &str) -> Vec<String> {
    let items = server.get(&format!("/leads/enrich/{job}/items?limit=500")).await.expect(200);
    items["data"].as_array().unwrap().iter().map(|item| item["leadId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_rest_of_a_sample_is_every_lead_that_it_left() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    leads(&server, &list, (0..40).map(|number| json!({ "email": format!("p{number}@firm.test") })).collect()).await;
    let order = json!({ "listId": list, "options": { "level": "basic", "sample": 7, "maxLeads": 30 } });
    let sample = server.post("/leads/enrich", &order).await.expect(202);
    let sample = sample["jobId"].as_str().unwrap().to_owned();
    over(&server, &sample).await;
    leads(&server, &list, vec![json!({ "email": "late@firm.test" })]).await;
    let rest = server.post(&format!("/leads/enrich/{sample}/rest"), &json!({})).await.expect(202);
    assert_eq!(rest["restOf"], json!(sample));
    let rest = rest["jobId"].as_str().unwrap().to_owned();
    let row = over(&server, &rest).await;
    assert_eq!((&row["status"], &row["progress"]["total"]), (&json!("completed"), &json!(23)), "30 less 7: {row}");
    let (first, second) = (worked_on(&server, &sample).await, worked_on(&server, &rest).await);
    assert_eq!((first.len(), second.len()), (7, 23));
    assert!(first.iter().all(|lead| !second.contains(lead)), "none twice");
    assert_eq!(server.get(&format!("/leads/enrich/{sample}")).await.expect(200)["rest"], json!(rest));
    server.post(&format!("/leads/enrich/{sample}/rest"), &json!({})).await.expect_problem(409, "CONFLICT");
    server.post(&format!("/leads/enrich/{rest}/rest"), &json!({})).await.expect_problem(409, "CONFLICT");
}

#[tokio::test]
async fn an_import_that_asks_for_it_is_enriched_once_and_only_its_own_leads() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    leads(&server, &list, vec![json!({ "email": "there@firm.test" }), json!({ "email": "known@firm.test" })]).await;
    let rows = "Email,Title\nnew1@firm.test,CTO\nnew2@firm.test,CEO\nknown@firm.test,CFO\n";
    let file = Part::bytes(rows.as_bytes().to_vec()).file_name("leads.csv");
    let options = json!({ "listId": list, "enrichAfterImport": true, "duplicateHandling": "update" });
    let form = Form::new().part("file", file).text("options", options.to_string());
    let import = server.send(server.request(Method::POST, "/leads/imports").multipart(form)).await.expect(202);
    let import = import["importId"].as_str().unwrap().to_owned();
    let mut job = Value::Null;
    for _ in 0..600 {
        let row = server.get(&format!("/leads/imports/{import}")).await.expect(200);
        job = row["enrichmentJobId"].clone();
        if job.is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let job = job.as_str().expect("a job was made").to_owned();
    let row = over(&server, &job).await;
    assert_eq!((&row["status"], &row["progress"]["total"]), (&json!("completed"), &json!(3)), "{row}");
    let jobs = server.get("/leads/enrich").await.expect(200);
    assert_eq!(jobs["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_missing_can_be_selected() {
    let server = TestServer::start().await;
    let list = server.list("Fair").await;
    let rows = vec![
        json!({ "email": "a@firm.test", "jobTitle": "CTO" }),
        json!({ "email": "b@firm.test" }),
        json!({ "email": "c@firm.test" }),
    ];
    leads(&server, &list, rows).await;
    let filter = json!({ "field": "missingFields", "op": "contains", "value": "jobTitle" });
    let order = json!({ "listId": list, "filter": filter, "options": { "level": "basic" } });
    let estimate = server.post("/leads/enrich/estimate", &order).await.expect(200);
    assert_eq!(estimate["leadsQueued"], 2, "{estimate}");
    let job = server.post("/leads/enrich", &order).await.expect(202);
    let row = over(&server, job["jobId"].as_str().unwrap()).await;
    assert_eq!((&row["status"], &row["progress"]["total"]), (&json!("completed"), &json!(2)));
}
