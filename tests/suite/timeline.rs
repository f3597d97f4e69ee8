//! Timelines: what happened to a lead and to a list, the newest first.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::TestServer;

fn kinds(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_lead_tells_what_was_done_to_it_alone_and_with_others() {
    let server = TestServer::start().await;
    let (list, other) = (server.list("Fair").await, server.list("Other").await);
    let path = format!("/leads/lists/{list}/leads");
    let lead = server.post(&path, &json!({ "email": "ada@example.com" })).await.expect(201);
    let lead = lead["id"].as_str().unwrap();
    let bystander = server.post(&path, &json!({ "email": "eve@example.com" })).await.expect(201);
    let bystander = bystander["id"].as_str().unwrap();
    server.patch(&format!("/leads/{lead}"), &json!({ "city": "Bonn" })).await.expect(200);
    server.post(&format!("/leads/{lead}/move"), &json!({ "listId": other })).await.expect(200);
    let bulk = json!({ "action": "update", "ids": [lead], "changes": { "addTags": ["vip"] } });
    let task = server.post("/leads/bulk", &bulk).await.expect(202);
    let task = task["taskId"].as_str().unwrap();
    while server.get(&format!("/leads/bulk/{task}")).await.expect(200)["status"] != "completed" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let page = server.get(&format!("/leads/{lead}/timeline")).await.expect(200);
    assert_eq!(kinds(&page), ["leads.updated", "lead.moved", "lead.updated", "lead.created"]);
    let entries = page["data"].as_array().unwrap();
    assert_eq!((&entries[0]["subject"]["type"], &entries[0]["subject"]["id"]), (&json!("task"), &json!(task)));
    assert_eq!((&entries[0]["leads"], &entries[0]["after"]), (&json!(1), &json!({ "addTags": ["vip"] })));
    assert_eq!((&entries[2]["before"], &entries[2]["after"]), (&json!({ "city": null }), &json!({ "city": "Bonn" })));
    assert_eq!(entries[2]["actor"]["type"], "key");
    assert!(entries.windows(2).all(|pair| pair[0]["seq"].as_u64() > pair[1]["seq"].as_u64()));
    assert_eq!(kinds(&server.get(&format!("/leads/{bystander}/timeline")).await.expect(200)), ["lead.created"]);
    let first = server.get(&format!("/leads/{lead}/timeline?limit=3")).await.expect(200);
    assert_eq!(kinds(&first).len(), 3);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = server.get(&format!("/leads/{lead}/timeline?limit=3&after={cursor}")).await.expect(200);
    assert_eq!((kinds(&second), second.get("nextCursor")), (vec!["lead.created"], None));
    let list_page = server.get(&format!("/leads/lists/{list}/timeline")).await.expect(200);
    assert_eq!(kinds(&list_page), ["lead.moved", "lead.created", "lead.created", "list.created"]);
}
