//! Bulk acts through the API: a task, its progress, its end, and the way back.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;

/// A list of `count` leads with their ids; every third is from Köln.
async fn filled(server: &TestServer, name: &str, numbers: std::ops::Range<u32>) -> (String, Vec<String>) {
    let list = server.list(name).await;
    let rows: Vec<Value> = numbers
        .map(|number| {
            let city = if number % 3 == 0 { json!("Köln") } else { Value::Null };
            json!({ "email": format!("p{number}@example.com"), "city": city })
        })
        .collect();
    let answer = server.post(&format!("/leads/lists/{list}/leads"), &json!(rows)).await.expect(200);
    let ids = answer["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    (list, ids)
}

/// Waits for the end of the task that a 202 has told.
async fn ended(server: &TestServer, started: crate::server::Answered) -> Value {
    let place = started.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    started.expect(202);
    for _ in 0..200 {
        let task = server.get(&place).await.expect(200);
        if !["pending", "processing"].contains(&task["status"].as_str().unwrap()) {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the task at {place} does not end");
}

async fn total(server: &TestServer, list: &str) -> Value {
    server.get(&format!("/leads/lists/{list}")).await.expect(200)["totalLeads"].clone()
}

fn results(task: &Value) -> [u64; 4] {
    ["matched", "changed", "skipped", "merged"].map(|name| task["results"][name].as_u64().unwrap())
}

async fn undo(server: &TestServer, task: &Value) -> Value {
    ended(server, server.post(&format!("/leads/bulk/{}/undo", task["taskId"].as_str().unwrap()), &json!({})).await)
        .await
}

#[tokio::test]
async fn an_update_can_be_counted_first_done_and_taken_back() {
    let server = TestServer::start().await;
    let (list, ids) = filled(&server, "Fair", 0..30).await;
    let filter = json!({ "field": "city", "op": "eq", "value": "köln" });
    let mut body = json!({
        "action": "update", "selection": { "listId": list, "filter": filter, "except": [ids[0]] },
        "changes": { "city": "Bonn", "addTags": ["moved"], "customFields": { "Note": "x" } }, "dryRun": true,
    });
    let foreseen = server.post("/leads/bulk", &body).await.expect(200);
    assert_eq!(foreseen, json!({ "dryRun": true, "total": 30, "matched": 9, "changed": 9 }));
    assert_eq!(server.get(&format!("/leads/{}", ids[3])).await.expect(200)["city"], "Köln");
    body["dryRun"] = json!(false);
    let task = ended(&server, server.post("/leads/bulk", &body).await).await;
    assert_eq!((&task["status"], &task["action"]), (&json!("completed"), &json!("update")));
    assert_eq!(task["progress"], json!({ "processed": 30, "total": 30, "percentage": 100 }));
    assert_eq!(results(&task), [9, 9, 0, 0]);
    let changed = server.get(&format!("/leads/{}", ids[3])).await.expect(200);
    assert_eq!((&changed["city"], &changed["tags"]), (&json!("Bonn"), &json!(["moved"])));
    assert_eq!(server.get(&format!("/leads/{}", ids[0])).await.expect(200)["city"], "Köln");

    server.patch(&format!("/leads/{}", ids[6]), &json!({ "jobTitle": "CEO" })).await.expect(200);
    let undone = undo(&server, &task).await;
    assert_eq!(results(&undone), [9, 8, 1, 0]);
    assert_eq!((&undone["undoOf"], &undone["reasons"]), (&task["taskId"], &json!({ "edited": 1 })));
    let left = server.get(&format!("/leads/bulk/{}/skipped", undone["taskId"].as_str().unwrap())).await.expect(200);
    assert_eq!(left["data"], json!([{ "leadId": ids[6], "reason": "edited", "otherLeadId": null }]));
    let back = server.get(&format!("/leads/{}", ids[3])).await.expect(200);
    assert_eq!((&back["city"], &back["tags"], &back["customFields"]), (&json!("Köln"), &json!([]), &json!({})));
    let kept = server.get(&format!("/leads/{}", ids[6])).await.expect(200);
    assert_eq!((&kept["city"], &kept["jobTitle"]), (&json!("Bonn"), &json!("CEO")));
    let again = server.post(&format!("/leads/bulk/{}/undo", task["taskId"].as_str().unwrap()), &json!({})).await;
    again.expect_problem(409, "CONFLICT");
    let tasks = server.get("/leads/bulk").await.expect(200);
    assert_eq!(tasks["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn deleted_leads_come_back_with_their_ids_and_searches_follow() {
    let server = TestServer::start().await;
    let (list, ids) = filled(&server, "Fair", 0..10).await;
    let body = json!({ "action": "delete", "leadIds": [ids[1], ids[2], ids[1]] });
    let task = ended(&server, server.post("/leads/bulk", &body).await).await;
    assert_eq!((results(&task), total(&server, &list).await), ([2, 2, 0, 0], json!(8)));
    server.get(&format!("/leads/{}", ids[1])).await.expect_problem(404, "LEAD_NOT_FOUND");
    assert_eq!(results(&undo(&server, &task).await), [2, 2, 0, 0]);
    assert_eq!(server.get(&format!("/leads/{}", ids[1])).await.expect(200)["email"], "p1@example.com");
    assert_eq!(total(&server, &list).await, 10);
    let seq = *server.app.store.committed().borrow();
    let found = server.post("/leads/search", &json!({ "q": "p1@example.com", "minSeq": seq })).await.expect(200);
    assert_eq!((&found["total"], found.get("stale")), (&json!(1), None));
}

#[tokio::test]
async fn a_move_leaves_duplicates_where_they_are_and_names_them() {
    let server = TestServer::start().await;
    let (from, ids) = filled(&server, "From", 0..5).await;
    let (to, there) = filled(&server, "To", 3..5).await;
    let body = json!({ "action": "move", "listId": from, "targetListId": to });
    let key = |request: reqwest::RequestBuilder| request.header("idempotency-key", "move-1").json(&body);
    let started = server.send(key(server.request(Method::POST, "/leads/bulk"))).await;
    let place = started.header("location").to_owned();
    let task = ended(&server, started).await;
    assert_eq!((results(&task), &task["reasons"]), ([5, 3, 2, 0], &json!({ "duplicate": 2 })));
    assert_eq!((total(&server, &from).await, total(&server, &to).await), (json!(2), json!(5)));
    let left =
        server.get(&format!("/leads/bulk/{}/skipped?limit=1", task["taskId"].as_str().unwrap())).await.expect(200);
    assert_eq!(left["data"], json!([{ "leadId": ids[3], "reason": "duplicate", "otherLeadId": there[0] }]));
    assert!(left["nextCursor"].is_string());
    let again = server.send(key(server.request(Method::POST, "/leads/bulk"))).await;
    assert_eq!((again.header("location"), again.header("idempotency-replayed")), (place.as_str(), "true"));
}

#[tokio::test]
async fn lists_merge_with_exact_counts_and_come_apart_again() {
    let server = TestServer::start().await;
    let (one, _) = filled(&server, "One", 0..20).await;
    let (two, _) = filled(&server, "Two", 15..30).await;
    let lead = server.get(&format!("/leads/lists/{two}/leads?limit=1")).await.expect(200)["data"][0].clone();
    server.patch(&format!("/leads/{}", lead["id"].as_str().unwrap()), &json!({ "jobTitle": "CEO" })).await.expect(200);
    let body = json!({ "listIds": [one, two], "name": "Both" });
    let task = ended(&server, server.post("/leads/lists/merge", &body).await).await;
    assert_eq!(results(&task), [35, 30, 0, 5]);
    let both = task["targetListId"].as_str().unwrap();
    assert_eq!(total(&server, both).await, 30);
    let leads = server.get(&format!("/leads/lists/{both}/leads?limit=500")).await.expect(200);
    let filled_in: Vec<_> = leads["data"].as_array().unwrap().iter().filter(|lead| lead["jobTitle"] == "CEO").collect();
    assert_eq!(filled_in.len(), 1, "the empty title of the first list's lead was filled");
    assert_eq!(filled_in[0]["email"], "p15@example.com");
    for list in [&one, &two] {
        server.get(&format!("/leads/lists/{list}")).await.expect_problem(404, "LIST_NOT_FOUND");
    }
    let undone = undo(&server, &task).await;
    assert_eq!(
        (results(&undone)[2], total(&server, &one).await, total(&server, &two).await),
        (0, json!(20), json!(15))
    );
    server.get(&format!("/leads/lists/{both}")).await.expect_problem(404, "LIST_NOT_FOUND");
    let leads = server.get(&format!("/leads/lists/{one}/leads?limit=500")).await.expect(200);
    assert!(leads["data"].as_array().unwrap().iter().all(|lead| lead["jobTitle"].is_null()));

    let body = json!({ "listIds": [one, two], "targetListId": one, "duplicates": "skip" });
    let task = ended(&server, server.post("/leads/lists/merge", &body).await).await;
    assert_eq!((results(&task), total(&server, &one).await), ([15, 10, 5, 0], json!(30)));
    assert_eq!(task["deletedListIds"], json!([two]));
}

#[tokio::test]
async fn a_copy_of_a_list_is_its_own() {
    let server = TestServer::start().await;
    let (list, ids) = filled(&server, "Fair", 0..12).await;
    let task = ended(&server, server.post(&format!("/leads/lists/{list}/duplicate"), &json!({})).await).await;
    let copy = task["targetListId"].as_str().unwrap().to_owned();
    assert_eq!(results(&task), [12, 12, 0, 0]);
    let shown = server.get(&format!("/leads/lists/{copy}")).await.expect(200);
    assert_eq!((&shown["name"], &shown["totalLeads"]), (&json!("Fair (2)"), &json!(12)));
    let leads = server.get(&format!("/leads/lists/{copy}/leads")).await.expect(200);
    let copies: Vec<&str> = leads["data"].as_array().unwrap().iter().map(|lead| lead["id"].as_str().unwrap()).collect();
    assert!(copies.iter().all(|id| !ids.iter().any(|original| original == id)));
    server.delete(&format!("/leads/{}", copies[0])).await.expect(204);
    assert_eq!(total(&server, &list).await, 12);
}

#[tokio::test]
async fn mistakes_are_told_before_anything_starts() {
    let server = TestServer::start().await;
    let (list, ids) = filled(&server, "Fair", 0..3).await;
    for (body, pointer) in [
        (json!({ "action": "erase", "listId": list }), "/action"),
        (json!({ "action": "delete" }), "/listId"),
        (json!({ "action": "delete", "ids": [] }), "/ids"),
        (json!({ "action": "delete", "ids": ["x"] }), "/ids/0"),
        (json!({ "action": "update", "listId": list }), "/changes"),
        (json!({ "action": "update", "listId": list, "changes": {} }), "/changes"),
        (json!({ "action": "update", "listId": list, "changes": { "email": "x" } }), "/changes/email"),
        (json!({ "action": "update", "listId": list, "changes": { "cty": "x" } }), "/changes/cty"),
        (json!({ "action": "move", "ids": ids }), "/targetListId"),
        (json!({ "action": "delete", "listId": list, "filter": { "field": "cty", "op": "empty" } }), "/filter/field"),
        (json!({ "action": "delete", "listId": list, "selection": { "ids": ids } }), "/selection"),
    ] {
        let problem = server.post("/leads/bulk", &body).await.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    let gone = json!({ "action": "delete", "ids": ["lead_0000000000000"] });
    server.post("/leads/bulk", &gone).await.expect_problem(404, "LEAD_NOT_FOUND");
    server.get("/leads/bulk/task_0000000000000").await.expect_problem(404, "TASK_NOT_FOUND");
    server.get("/leads/bulk/rubbish").await.expect_problem(404, "TASK_NOT_FOUND");
    server.post("/leads/bulk/task_0000000000000/cancel", &json!({})).await.expect_problem(404, "TASK_NOT_FOUND");
    server.post(&format!("/leads/lists/{list}/archive"), &json!({})).await.expect(200);
    let archived = json!({ "action": "delete", "listId": list });
    server.post("/leads/bulk", &archived).await.expect_problem(409, "LIST_ARCHIVED");
    assert_eq!(total(&server, &list).await, 3);
}

#[tokio::test]
async fn a_task_of_another_workspace_is_not_there() {
    let server = TestServer::start().await;
    let (_, ids) = filled(&server, "Fair", 0..3).await;
    let task = ended(&server, server.post("/leads/bulk", &json!({ "action": "delete", "ids": ids })).await).await;
    let task = task["taskId"].as_str().unwrap();
    for (method, path) in [
        (Method::GET, format!("/leads/bulk/{task}")),
        (Method::GET, format!("/leads/bulk/{task}/skipped")),
        (Method::POST, format!("/leads/bulk/{task}/cancel")),
        (Method::POST, format!("/leads/bulk/{task}/undo")),
    ] {
        let url = format!("{}/api/v1{path}", server.base);
        let request = server.client.request(method, url).bearer_auth(&server.foreign_key);
        server.send(request).await.expect_problem(404, "TASK_NOT_FOUND");
    }
    let cancelled = server.post(&format!("/leads/bulk/{task}/cancel"), &json!({})).await;
    cancelled.expect_problem(409, "CONFLICT");
}
