//! The API description: complete, stable, and obeyed by the server where it can be checked from outside.

use std::path::Path;

use galena::http::{codes, router};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::TestServer;

fn description() -> Value {
    serde_json::to_value(router::openapi()).unwrap()
}

/// Every operation: method, path, its description.
fn operations(api: &Value) -> Vec<(Method, &str, &Value)> {
    let paths = api["paths"].as_object().unwrap();
    let methods = ["get", "put", "post", "patch", "delete"];
    let mut found = Vec::new();
    for (path, item) in paths {
        for method in methods {
            if let Some(operation) = item.get(method) {
                found.push((method.to_uppercase().parse().unwrap(), path.as_str(), operation));
            }
        }
    }
    found
}

#[test]
fn the_description_is_the_one_that_was_reviewed() {
    insta::assert_json_snapshot!("openapi", description());
}

#[test]
fn every_operation_says_what_it_is() {
    let api = description();
    assert_eq!(api["openapi"], "3.1.0");
    assert!(operations(&api).len() >= 8);
    for (method, path, operation) in operations(&api) {
        assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        assert!(operation["tags"][0].is_string(), "{method} {path} has no tag");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path} never succeeds");
        assert!(responses["default"]["content"]["application/problem+json"].is_object(), "{method} {path}");
        let named = path.matches('{').count();
        let given =
            operation["parameters"].as_array().map_or(0, |all| all.iter().filter(|p| p["in"] == "path").count());
        assert_eq!(named, given, "{method} {path} does not describe its path parameters");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let api = description();
    let text = api.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(api.pointer(pointer).is_some(), "{pointer} is not there");
    }
}

#[test]
fn every_route_of_the_router_is_described() {
    // `routes!` is the only way a route with a caller gets in, and it describes what it adds.
    let source = include_str!("../../src/http/router.rs");
    let named = source.matches("routes!(").count();
    assert!(named > 0);
    let inside: usize = source
        .split("routes!(")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap().split(',').filter(|name| !name.trim().is_empty()).count())
        .sum();
    assert_eq!(operations(&description()).len(), inside);
}

#[test]
fn the_reference_page_of_the_codes_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/error-codes.md");
    let page = codes::reference_page();
    if std::env::var_os("GALENA_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page, "run the test with GALENA_WRITE_DOCS=1");
}

#[tokio::test]
async fn the_server_gives_its_description_away() {
    let server = TestServer::start().await;
    let api = server.send(server.client.get(format!("{}/api/openapi.json", server.base))).await.expect(200);
    assert_eq!(api, description());
}

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

#[tokio::test]
async fn every_route_with_a_foreign_id_answers_404() {
    let server = TestServer::start().await;
    // What the owner has and the stranger must not see, by the prefix of its id.
    let list = server.list("Ours").await;
    let api = description();
    let mut asked = 0;
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
                let id = if real && id.starts_with("list_") { &list } else { id };
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
    assert!(asked >= 18, "only {asked} requests were made");
    let untouched = server.get(&format!("/leads/lists/{list}")).await.expect(200);
    assert_eq!((&untouched["name"], &untouched["isArchived"]), (&json!("Ours"), &json!(false)));
}

/// A body that passes the check of its shape: what the description gives as an example, else an empty object.
fn example(operation: &Value) -> Value {
    let content = &operation["requestBody"]["content"]["application/json"];
    content.get("example").cloned().unwrap_or_else(|| json!({}))
}
