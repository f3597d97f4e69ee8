//! Two workspaces, and every route with an id of the other one: 404, exactly like an id that does not exist.
//!
//! Driven by the API description, so that a new route is tested the day it appears.

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
