//! Two workspaces, and every route with an id of the other one: 404, exactly like an id that does not exist.
//!
//! Driven by the API description, so that a new route is tested the day it appears.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::openapi::{description, operations};
use crate::server::TestServer;

/// An id of the kind that a parameter takes; the prefix stands in its pattern.
fn some_id(operation: &Value, name: &str) -> Option<String> {
    let parameter = operation["parameters"].as_array()?.iter().find(|parameter| parameter["name"] == name)?;
    let api = description();
    let schema = match parameter["schema"]["$ref"].as_str() {
        Some(reference) => api.pointer(reference.trim_start_matches('#'))?.clone(),
        None => parameter["schema"].clone(),
    };
    let prefix = schema["pattern"].as_str()?.strip_prefix('^')?.split('_').next()?.to_owned();
    Some(format!("{prefix}_01p9s6z4c0000"))
}

/// What the owner has and the stranger must not see: one real id of every kind that stands in a path.
async fn belongings(server: &TestServer) -> Vec<String> {
    let list = server.list("Ours").await;
    let lead =
        server.post(&format!("/leads/lists/{list}/leads"), &json!({ "email": "ada@firm.test" })).await.expect(201);
    let file = Part::bytes(&b"Email\nbob@firm.test\n"[..]).file_name("leads.csv");
    let form = Form::new().part("file", file).text("options", json!({ "listId": list }).to_string());
    let import = server.send(server.request(Method::POST, "/leads/imports").multipart(form)).await.expect(202);
    let recipe = server.post("/leads/imports/recipes", &json!({ "name": "Fairs" })).await.expect(201);
    let export = server.post("/leads/exports", &json!({ "listId": list })).await.expect(201);
    let order = json!({ "listId": list, "options": { "enrichmentLevel": "basic" } });
    let job = server.post("/leads/enrich", &order).await.expect(202);
    let company = company(server).await;
    let copy = server.post(&format!("/leads/lists/{list}/duplicate"), &json!({ "name": "Copy" })).await.expect(202);
    let key = server.post("/api-keys", &json!({ "name": "CRM", "scopes": ["read"] })).await.expect(201);
    let users = server.get("/users").await.expect(200);
    let workspaces = server.get("/workspaces").await.expect(200);
    let ids = [
        &lead["id"],
        &import["importId"],
        &import["uploadId"],
        &recipe["recipeId"],
        &export["exportId"],
        &job["jobId"],
        &copy["taskId"],
        &key["id"],
        &users["data"][0]["id"],
        &workspaces["data"][0]["id"],
        &company,
    ];
    let own = ids.map(|id| id.as_str().unwrap_or_else(|| panic!("{ids:?}")).to_owned());
    let prefixes = ["lead_", "imp_", "upl_", "recipe_", "exp_", "job_", "task_", "key_", "user_", "ws_", "comp_"];
    assert!(own.iter().zip(prefixes).all(|(id, prefix)| id.starts_with(prefix)), "{own:?}");
    std::iter::once(list).chain(own).collect()
}

/// The company that the job has found out about.
async fn company(server: &TestServer) -> Value {
    for _ in 0..600 {
        let companies = server.get("/companies").await.expect(200);
        if companies["data"][0]["id"].is_string() {
            return companies["data"][0]["id"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no company is known");
}

/// The id of the same kind as `id` among those of the owner.
fn theirs<'b>(belongings: &'b [String], id: &str) -> Option<&'b String> {
    let kind = |id: &str| id.split('_').next().map(str::to_owned);
    belongings.iter().find(|own| kind(own) == kind(id))
}

#[tokio::test]
async fn every_route_with_a_foreign_id_answers_404() {
    let server = TestServer::start().await;
    let belongings = belongings(&server).await;
    let list = &belongings[0];
    let api = description();
    let (mut asked, mut foreign) = (0, std::collections::BTreeSet::new());
    for (method, path, operation) in operations(&api) {
        let names: Vec<&str> = path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        let Some(ids) = names.iter().map(|name| some_id(operation, name)).collect::<Option<Vec<_>>>() else {
            continue;
        };
        if ids.is_empty() {
            continue;
        }
        let filled = |real: bool| {
            names.iter().zip(&ids).fold(path.to_owned(), |path, (name, id)| {
                let id = theirs(&belongings, id).filter(|_| real).unwrap_or(id);
                path.replace(&format!("{{{name}}}"), id)
            })
        };
        let ask = async |path: String| {
            let url = format!("{}/api/v1{path}", server.base);
            let request = server.client.request(method.clone(), url).bearer_auth(&server.foreign_key);
            let request =
                if operation["requestBody"].is_object() { request.json(&example(operation)) } else { request };
            server.send(request).await
        };
        foreign.extend(ids.iter().filter_map(|id| theirs(&belongings, id)));
        for path in [
            filled(true),
            filled(false),
            names.iter().fold(path.to_owned(), |path, name| path.replace(&format!("{{{name}}}"), "rubbish")),
        ] {
            let answer = ask(path.clone()).await;
            assert_eq!(answer.status.as_u16(), 404, "{method} {path}: {}", answer.text);
            assert!(
                answer.json()["code"].as_str().unwrap().ends_with("_NOT_FOUND"),
                "{method} {path}: {}",
                answer.text
            );
            asked += 1;
        }
    }
    assert!(asked >= 100, "only {asked} requests were made");
    assert_eq!(foreign.len(), belongings.len(), "a real id of each kind was tried: {foreign:?}");
    let untouched = server.get(&format!("/leads/lists/{list}")).await.expect(200);
    assert_eq!((&untouched["name"], &untouched["isArchived"]), (&json!("Ours"), &json!(false)));
    for (place, id) in ["lists", "", "imports", "", "imports/recipes", "exports", "enrich"].iter().zip(&belongings) {
        let path = if place.is_empty() { format!("/leads/{id}") } else { format!("/leads/{place}/{id}") };
        let path = if id.starts_with("upl_") { format!("/uploads/{id}") } else { path };
        server.get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn a_foreign_id_inside_a_request_is_not_there_either() {
    let server = TestServer::start().await;
    let belongings = belongings(&server).await;
    let of = |prefix: &str| belongings.iter().find(|id| id.starts_with(prefix)).unwrap().as_str();
    let foreign = |method: Method, path: &str| {
        server.client.request(method, format!("{}/api/v1{path}", server.base)).bearer_auth(&server.foreign_key)
    };
    let own = server.send(foreign(Method::POST, "/leads/lists").json(&json!({ "name": "Mine" }))).await.expect(201);
    let own = own["id"].as_str().unwrap();
    let body = json!({ "email": "eve@firm.test" });
    let lead = server.send(foreign(Method::POST, &format!("/leads/lists/{own}/leads")).json(&body)).await.expect(201);
    let own_lead = lead["id"].as_str().unwrap();
    for (path, body) in [
        ("/leads/exports".to_owned(), json!({ "listId": of("list_") })),
        ("/leads/enrich".to_owned(), json!({ "listId": of("list_"), "options": { "enrichmentLevel": "basic" } })),
        ("/leads/search".to_owned(), json!({ "listId": of("list_") })),
        ("/leads/lists/merge".to_owned(), json!({ "listIds": [own, of("list_")], "name": "Both" })),
        ("/leads/bulk".to_owned(), json!({ "action": "delete", "listId": of("list_") })),
        ("/leads/bulk".to_owned(), json!({ "action": "move", "ids": [own_lead], "targetListId": of("list_") })),
        (format!("/leads/{own_lead}/move"), json!({ "listId": of("list_") })),
    ] {
        server.send(foreign(Method::POST, &path).json(&body)).await.expect_problem(404, "LIST_NOT_FOUND");
    }
    for (upload, options, code) in [
        (of("upl_"), json!({ "listName": "x" }), "UPLOAD_NOT_FOUND"),
        ("", json!({ "listId": of("list_") }), "LIST_NOT_FOUND"),
        ("", json!({ "listName": "x", "recipe": of("recipe_") }), "RECIPE_NOT_FOUND"),
        ("", json!({ "listName": "x", "recipe": "Fairs" }), "RECIPE_NOT_FOUND"),
    ] {
        for path in ["/leads/imports", "/leads/imports/check"] {
            let file = || Part::bytes(&b"Email\nbob@firm.test\n"[..]).file_name("leads.csv");
            let form = if upload.is_empty() {
                Form::new().part("file", file())
            } else {
                Form::new().text("file", upload.to_owned())
            };
            let form = form.text("options", options.to_string());
            server.send(foreign(Method::POST, path).multipart(form)).await.expect_problem(404, code);
        }
    }
    // Leads of another workspace are none of a selection.
    let body = json!({ "action": "delete", "ids": [of("lead_"), own_lead], "dryRun": true });
    let foreseen = server.send(foreign(Method::POST, "/leads/bulk").json(&body)).await;
    assert!(foreseen.status.is_success(), "{}", foreseen.text);
    assert!(!foreseen.text.contains(of("lead_")), "{}", foreseen.text);
    server.get(&format!("/leads/{}", of("lead_"))).await.expect(200);
}

/// The smallest body that passes the check of its shape.
fn example(operation: &Value) -> Value {
    let api = description();
    smallest(&api, &operation["requestBody"]["content"]["application/json"]["schema"])
}

fn smallest(api: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return api.pointer(reference.trim_start_matches('#')).map_or(Value::Null, |target| smallest(api, target));
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    if let Some(first) = schema["examples"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    for either in ["oneOf", "anyOf"] {
        if let Some(one) = schema[either].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null")) {
            return smallest(api, one);
        }
    }
    if let Some(all) = schema["allOf"].as_array() {
        let parts = all.iter().filter_map(|part| smallest(api, part).as_object().cloned());
        return Value::Object(parts.flatten().collect());
    }
    let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
    match kind.as_str() {
        Some("string") => json!("x"),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") if schema["minItems"].as_u64().is_some_and(|least| least > 0) => {
            json!([smallest(api, &schema["items"])])
        }
        Some("array") => json!([]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Value::Object(required.map(|name| (name.to_owned(), smallest(api, &schema["properties"][name]))).collect())
        }
    }
}
