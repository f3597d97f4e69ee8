//! The API description: complete, stable, and obeyed by the server where it can be checked from outside.

use std::path::Path;

use galena::http::{codes, router};
use reqwest::Method;
use serde_json::Value;

use crate::server::TestServer;

pub fn description() -> Value {
    serde_json::to_value(router::openapi()).unwrap()
}

/// Every operation: method, path, its description.
pub fn operations(api: &Value) -> Vec<(Method, &str, &Value)> {
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
