//! The audit log: every act is in it with who did it, from where, and under which request.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{EMAIL, PASSWORD, TestServer};

/// All events, oldest first, page by page.
async fn log(server: &TestServer, filters: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/audit?limit=3&{filters}{after}")).await.expect(200);
        rows.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        after = format!("&after={cursor}");
    }
    rows.reverse();
    rows
}

fn kinds(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_act_leaves_a_row_with_actor_address_and_request() {
    let server = TestServer::start().await;
    let owner = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    let owner_id = owner.session["user"]["id"].as_str().unwrap();
    let list = owner.post("/leads/lists", &json!({ "name": "Fair" })).await.expect(201);
    owner
        .patch(&format!("/leads/lists/{}", list["id"].as_str().unwrap()), &json!({ "name": "Fair 2" }))
        .await
        .expect(200);
    let user = json!({ "email": "ada@example.com", "password": PASSWORD, "role": "member" });
    let ada = owner.post("/users", &user).await.expect(201);
    let ada = format!("/users/{}", ada["id"].as_str().unwrap());
    owner.patch(&ada, &json!({ "role": "viewer", "password": "another pass phrase" })).await.expect(200);
    owner.delete(&ada).await.expect(204);
    let key = owner.post("/api-keys", &json!({ "name": "CRM" })).await.expect(201);
    owner.delete(&format!("/api-keys/{}", key["id"].as_str().unwrap())).await.expect(204);
    owner
        .send(Method::PUT, "/providers/apify/credential", &json!({ "secret": "apify_api_0123456789" }))
        .await
        .expect(200);
    owner.delete("/providers/apify/credential").await.expect(204);
    owner.delete("/session").await.expect(204);

    let rows = log(&server, &format!("actor={owner_id}")).await;
    let expected = [
        "session.created",
        "list.created",
        "list.updated",
        "user.created",
        "user.updated",
        "user.password_set",
        "user.removed",
        "key.created",
        "key.revoked",
        "credential.set",
        "credential.deleted",
        "session.ended",
    ];
    assert_eq!(kinds(&rows), expected);
    let mut requests: Vec<&str> = rows.iter().map(|row| row["requestId"].as_str().unwrap()).collect();
    requests.dedup();
    assert_eq!(requests.len(), expected.len() - 1, "one request changed role and password");
    for row in &rows {
        assert_eq!(row["actor"], json!({ "type": "user", "id": owner_id }), "{row}");
        assert_eq!(row["source"], "127.0.0.1", "{row}");
        assert!(requests.iter().all(|id| !id.is_empty()), "{row}");
    }
    let renamed = &rows[2];
    assert_eq!((&renamed["before"]["name"], &renamed["after"]["name"]), (&json!("Fair"), &json!("Fair 2")));
    let role = &rows[4];
    assert_eq!((&role["before"]["role"], &role["after"]["role"]), (&json!("member"), &json!("viewer")));
    assert_eq!(rows[9]["after"], json!({ "provider": "apify", "hint": "...6789" }));
}

#[tokio::test]
async fn the_request_id_is_the_one_that_the_caller_saw() {
    let server = TestServer::start().await;
    let request = server.request(Method::POST, "/leads/lists").header("x-request-id", "my-own-id");
    server.send(request.json(&json!({ "name": "x" }))).await.expect(201);
    let rows = log(&server, "kind=list.created").await;
    assert_eq!(rows[0]["requestId"], "my-own-id");
    assert_eq!(rows[0]["actor"]["type"], "key");
}

#[tokio::test]
async fn the_log_is_filtered_and_paged() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(server.list(&format!("List {number}")).await);
    }
    server.delete(&format!("/leads/lists/{}", ids[3])).await.expect(204);
    assert_eq!(log(&server, "kind=list.created").await.len(), 7);
    assert_eq!(kinds(&log(&server, "kind=list.").await).len(), 8);
    assert_eq!(log(&server, "kind=list.deleted,key.created").await.len(), 2);
    assert_eq!(kinds(&log(&server, &format!("subject={}", ids[3])).await), ["list.created", "list.deleted"]);
    assert_eq!(kinds(&log(&server, &format!("subject={}&kind=list.deleted", ids[3])).await), ["list.deleted"]);
    assert_eq!(log(&server, "actor=system&kind=list.").await.len(), 0);

    let all = log(&server, "").await;
    let seqs: Vec<u64> = all.iter().map(|row| row["seq"].as_u64().unwrap()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "newest first, none twice: {seqs:?}");
    let last = all.last().unwrap()["at"].as_str().unwrap();
    assert!(log(&server, &format!("from={last}")).await.len() < all.len());
    assert_eq!(log(&server, &format!("until={}", all[0]["at"].as_str().unwrap())).await.len(), 0);

    for wrong in ["subject=rubbish", "actor=rubbish", "from=rubbish", "limit=0"] {
        server.get(&format!("/audit?{wrong}")).await.expect_problem(400, "VALIDATION_FAILED");
    }
    let cursor = server.get("/audit?limit=2").await.expect(200)["nextCursor"].as_str().unwrap().to_owned();
    server.get(&format!("/audit?kind=list.&after={cursor}")).await.expect_problem(400, "INVALID_CURSOR");
}
