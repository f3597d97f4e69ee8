//! Lists through the API: every route, every filter, paging, and the fields of the contract.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|list| list["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_new_list_has_the_fields_of_the_contract() {
    let server = TestServer::start().await;
    let given = json!({
        "name": "Hannover fair", "description": "Hall 8", "folder": "Fairs/2026", "tags": ["eu", "cold"],
        "settings": { "deduplication": "email", "dedupeScope": "workspace", "defaultScoring": { "a": 1 } },
        "source": "csv", "metadata": { "owner": 7, "deep": { "er": [null] } },
    });
    let answer = server.post("/leads/lists", &given).await;
    let (location, tag) = (answer.header("location").to_owned(), answer.header("etag").to_owned());
    let list = answer.expect(201);
    let id = list["id"].as_str().unwrap();
    assert_eq!(location, format!("/api/v1/leads/lists/{id}"));
    let mut keys: Vec<_> = list.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys.join(" "),
        "createdAt description enrichedLeads folder id isArchived leadCount listId metadata name settings source tags \
         totalLeads updatedAt visibility"
    );
    assert_eq!(list["listId"], list["id"]);
    assert_eq!((&list["totalLeads"], &list["leadCount"], &list["enrichedLeads"]), (&json!(0), &json!(0), &json!(0)));
    let settings = json!({ "identity": "email", "dedupeScope": "workspace", "deduplication": "email" });
    assert_eq!(list["settings"], settings);
    for field in ["name", "description", "folder", "tags", "source", "metadata"] {
        assert_eq!(list[field], given[field], "{field}");
    }
    assert_eq!((&list["visibility"], &list["isArchived"]), (&json!("workspace"), &json!(false)));
    let shown = server.get(&format!("/leads/lists/{id}")).await;
    assert_eq!(shown.header("etag"), tag);
    assert_eq!(shown.expect(200), list);
}

#[tokio::test]
async fn any_text_up_to_255_characters_is_a_name() {
    let server = TestServer::start().await;
    for name in [" ", "\u{0}\n", "🦀".repeat(255).as_str(), "Łódź „Targi”", "a\u{301}", "?!", "x".repeat(255).as_str()]
    {
        let list = server.post("/leads/lists", &json!({ "name": name })).await.expect(201);
        assert_eq!(list["name"], name);
    }
    for name in [String::new(), "x".repeat(256)] {
        let problem =
            server.post("/leads/lists", &json!({ "name": name })).await.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], "/name");
    }
}

#[tokio::test]
async fn two_lists_of_one_name_are_not_possible_in_one_workspace() {
    let server = TestServer::start().await;
    let id = server.list("Köln").await;
    let problem =
        server.post("/leads/lists", &json!({ "name": "KOLN" })).await.expect_problem(409, "DUPLICATE_LIST_NAME");
    assert_eq!(problem["existingId"], id.as_str());
    let other = server.list("Bonn").await;
    let path = format!("/leads/lists/{other}");
    server.patch(&path, &json!({ "name": "köln" })).await.expect_problem(409, "DUPLICATE_LIST_NAME");
    let foreign = server.client.post(format!("{}/api/v1/leads/lists", server.base)).bearer_auth(&server.foreign_key);
    server.send(foreign.json(&json!({ "name": "Köln" }))).await.expect(201);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_clears() {
    let server = TestServer::start().await;
    let made = json!({ "name": "A", "description": "d", "folder": "f", "tags": ["t"], "metadata": { "a": 1 } });
    let list = server.post("/leads/lists", &made).await.expect(201);
    let path = format!("/leads/lists/{}", list["id"].as_str().unwrap());
    let changed = server.patch(&path, &json!({ "folder": null, "settings": { "identity": "linkedin" } })).await;
    assert!(changed.header("x-galena-seq").parse::<u64>().unwrap() > 0);
    let changed = changed.expect(200);
    assert_eq!((&changed["folder"], &changed["description"]), (&Value::Null, &json!("d")));
    assert_eq!(changed["settings"]["identity"], "linkedin");
    assert_eq!(changed["settings"]["dedupeScope"], "list");
    assert_eq!(changed["metadata"], json!({ "a": 1 }));
    let changed = server.patch(&path, &json!({ "metadata": null, "tags": [], "name": "B" })).await.expect(200);
    assert_eq!((&changed["metadata"], &changed["tags"]), (&json!({}), &json!([])));
    assert_eq!(server.get(&path).await.expect(200), changed);
    // The old name is free again.
    server.list("A").await;
    let wrong = json!({ "visibility": "private", "tags": [""] });
    let problem = server.patch(&path, &wrong).await.expect_problem(400, "VALIDATION_FAILED");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
}

#[tokio::test]
async fn a_patch_that_changes_nothing_keeps_the_version() {
    let server = TestServer::start().await;
    let path = format!("/leads/lists/{}", server.list("Same").await);
    let tag = server.get(&path).await.header("etag").to_owned();
    let same = server.patch(&path, &json!({ "name": "Same" })).await;
    assert_eq!(same.header("etag"), tag);
    same.expect(200);
}

#[tokio::test]
async fn archive_delete_and_restore() {
    let server = TestServer::start().await;
    let id = server.list("Old").await;
    let path = format!("/leads/lists/{id}");
    let act = |act: &str| server.send(server.request(Method::POST, &format!("{path}/{act}")));

    assert_eq!(act("archive").await.expect(200)["isArchived"], true);
    assert_eq!(server.get("/leads/lists").await.expect(200)["total"], 0);
    assert_eq!(names(&server.get("/leads/lists?archived=true").await.expect(200)), ["Old"]);
    assert_eq!(names(&server.get("/leads/lists?archived=all").await.expect(200)), ["Old"]);
    assert_eq!(act("unarchive").await.expect(200)["isArchived"], false);
    act("restore").await.expect_problem(409, "CONFLICT");

    let deleted = server.delete(&path).await;
    assert!(deleted.header("x-galena-seq").parse::<u64>().unwrap() > 0);
    deleted.expect(204);
    server.get(&path).await.expect_problem(404, "LIST_NOT_FOUND");
    server.delete(&path).await.expect_problem(404, "LIST_NOT_FOUND");
    act("archive").await.expect_problem(404, "LIST_NOT_FOUND");
    assert_eq!(server.get("/leads/lists?archived=all").await.expect(200)["total"], 0);
    let gone = server.get("/leads/lists?deleted=true").await.expect(200);
    assert_eq!(gone["data"][0]["id"], id.as_str());
    assert!(gone["data"][0]["deletedAt"].is_string());

    // Its name was taken meanwhile.
    server.list("Old").await;
    let restored = act("restore").await.expect(200);
    assert_eq!((&restored["name"], &restored["id"]), (&json!("Old (2)"), &json!(id)));
    assert_eq!(server.get("/leads/lists").await.expect(200)["total"], 2);
    assert_eq!(server.get("/leads/lists?deleted=true").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn after_the_window_a_list_cannot_be_restored() {
    let server = TestServer::start_with(|config| config.retention.deleted_lists.0 = std::time::Duration::ZERO).await;
    let id = server.list("Gone").await;
    server.delete(&format!("/leads/lists/{id}")).await.expect(204);
    let restore = server.send(server.request(Method::POST, &format!("/leads/lists/{id}/restore"))).await;
    restore.expect_problem(410, "RESTORE_WINDOW_OVER");
}

#[tokio::test]
async fn filters_choose_and_the_total_counts_them_all() {
    let server = TestServer::start().await;
    for (name, folder, tags) in [
        ("Messe Köln", "Fairs", json!(["eu"])),
        ("Messe Berlin", "Fairs", json!(["EU", "hot"])),
        ("Scraped", "", json!(["us"])),
    ] {
        server.post("/leads/lists", &json!({ "name": name, "folder": folder, "tags": tags })).await.expect(201);
    }
    let chosen = async |query: &str| {
        let page = server.get(&format!("/leads/lists?sort=name&{query}")).await.expect(200);
        assert_eq!(page["total"], page["data"].as_array().unwrap().len());
        names(&page).join(", ")
    };
    assert_eq!(chosen("").await, "Messe Berlin, Messe Köln, Scraped");
    assert_eq!(chosen("q=KOLN").await, "Messe Köln");
    assert_eq!(chosen("q=k%C3%B6l").await, "Messe Köln");
    assert_eq!(chosen("folder=Fairs&tag=hot").await, "Messe Berlin");
    assert_eq!(chosen("folder=").await, "Scraped");
    assert_eq!(chosen("tag=eu").await, "Messe Berlin, Messe Köln");
    assert_eq!(chosen("q=nothing").await, "");
}

#[tokio::test]
async fn pages_hold_every_list_once_in_every_order() {
    let server = TestServer::start().await;
    for number in 0..23 {
        server.list(&format!("List {:02}", (number * 7) % 23)).await;
    }
    for sort in ["name", "-name", "createdAt", "-createdAt", "updatedAt", "totalLeads", "-totalLeads"] {
        let whole = server.get(&format!("/leads/lists?limit=500&sort={sort}")).await.expect(200);
        let whole = names(&whole);
        assert_eq!(whole.len(), 23);
        if sort.ends_with("name") {
            let mut sorted = whole.clone();
            sorted.sort_unstable();
            if sort.starts_with('-') {
                sorted.reverse();
            }
            assert_eq!(whole, sorted, "{sort}");
        }
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let page = server.get(&format!("/leads/lists?limit=5&sort={sort}{after}")).await.expect(200);
            assert_eq!(page["total"], 23);
            seen.extend(names(&page).into_iter().map(str::to_owned));
            match page["nextCursor"].as_str() {
                Some(cursor) => after = format!("&after={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, whole, "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_listing_only() {
    let server = TestServer::start().await;
    for number in 0..3 {
        server.list(&format!("L{number}")).await;
    }
    let page = server.get("/leads/lists?limit=1").await.expect(200);
    let cursor = page["nextCursor"].as_str().unwrap().to_owned();
    server.get(&format!("/leads/lists?limit=2&after={cursor}")).await.expect(200);
    let mut forged = cursor.clone().into_bytes();
    let last = forged.len() - 3;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for query in [
        format!("after={cursor}&sort=name"),
        format!("after={cursor}&q=L"),
        format!("after={forged}"),
        "after=rubbish".to_owned(),
        "after=".to_owned(),
    ] {
        server.get(&format!("/leads/lists?{query}")).await.expect_problem(400, "INVALID_CURSOR");
    }
    let foreign = server.client.get(format!("{}/api/v1/leads/lists?after={cursor}", server.base));
    server.send(foreign.bearer_auth(&server.foreign_key)).await.expect_problem(400, "INVALID_CURSOR");
}

#[tokio::test]
async fn lists_are_there_after_a_restart() {
    let server = TestServer::start().await;
    let id = server.list("Durable").await;
    let key = server.key.clone();
    let directory = server.stop().await;
    let mut server = TestServer::start_bare(directory, |_| ()).await;
    server.key = key;
    assert_eq!(server.get(&format!("/leads/lists/{id}")).await.expect(200)["name"], "Durable");
}
