//! From a template and what is known of leads to a request that can be sent.

use std::collections::BTreeMap;

use minijinja::Value;
use serde_json::Value as Json;

use super::auth::Proof;
use super::model::{Auth, Body, RequestTemplate};
use super::template::{self, Scope, TemplateError, members_of, percent_encoded};
use crate::deps::{HeaderValue, OutgoingRequest};
use crate::domain::enrichment::Input;
use crate::providers::Request;

/// The names of one request: only the inputs its operation declares.
pub fn scope_of(request: &Request, declared: &[Input], place: usize) -> Scope {
    let mut scope = Scope::new();
    for (input, value) in &request.inputs {
        if declared.contains(input) && !value.trim().is_empty() {
            scope.insert(input.name().to_owned(), Value::from(value.as_str()));
        }
    }
    scope.insert("requestId".to_owned(), Value::from(request.id.to_string()));
    scope.insert("place".to_owned(), Value::from(place.to_string()));
    if let Some(callback) = &request.callback {
        scope.insert("callback".to_owned(), Value::from(callback.as_str()));
    }
    scope
}

pub fn settings(values: &BTreeMap<String, String>) -> Value {
    template::value_of(values)
}

/// The request, with the key where it belongs.
///
/// # Errors
/// When a template fails on these values, or a value cannot stand in a header.
pub fn request(
    template: &RequestTemplate,
    base_url: &str,
    scope: &Scope,
    auth: &Auth,
    proof: &Proof,
) -> Result<OutgoingRequest, TemplateError> {
    let mut query = Vec::new();
    for (name, values) in &template.query {
        for value in values {
            if let Some(text) = value.text(scope)? {
                query.push(pair(name, &text));
            }
        }
    }
    if let Auth::Query(name) = auth {
        query.push(pair(name, proof.expose()));
    }
    let mut url = format!("{}{}", base_url.trim_end_matches('/'), template.path.path(scope)?);
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query.join("&"));
    }
    let mut request = OutgoingRequest::new(template.method.clone(), url);
    for (name, value) in &template.headers {
        if let Some(text) = value.text(scope)? {
            request.headers.insert(name.clone(), header(&text)?);
        }
    }
    if !request.headers.contains_key("accept") {
        request.headers.insert("accept", HeaderValue::from_static("application/json"));
    }
    let (body, kind) = body(template, scope, auth, proof)?;
    if let Some(kind) = kind {
        request.body = body.into();
        if !request.headers.contains_key("content-type") {
            request.headers.insert("content-type", HeaderValue::from_static(kind));
        }
    }
    proof.put(auth, &mut request.headers)?;
    Ok(request)
}

fn body(
    template: &RequestTemplate,
    scope: &Scope,
    auth: &Auth,
    proof: &Proof,
) -> Result<(String, Option<&'static str>), TemplateError> {
    let key = if let Auth::Body(name) = auth { Some(name) } else { None };
    match &template.body {
        Some(Body::Form(fields)) => {
            let mut pairs = Vec::new();
            for (name, value) in fields {
                pairs.extend(value.text(scope)?.map(|text| pair(name, &text)));
            }
            pairs.extend(key.map(|name| pair(name, proof.expose())));
            Ok((pairs.join("&"), Some("application/x-www-form-urlencoded")))
        }
        tree => {
            let filled = match tree {
                Some(Body::Json(tree)) => tree.fill(scope, &members_of)?,
                _ => key.map(|_| Json::Object(serde_json::Map::new())),
            };
            let Some(mut json) = filled else { return Ok((String::new(), None)) };
            if let (Some(name), Json::Object(members)) = (key, &mut json) {
                members.insert(name.clone(), Json::from(proof.expose()));
            }
            Ok((json.to_string(), Some("application/json")))
        }
    }
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", percent_encoded(name), percent_encoded(value))
}

pub fn header(text: &str) -> Result<HeaderValue, TemplateError> {
    HeaderValue::from_str(text).map_err(|_| TemplateError::new("a value cannot stand in a header"))
}
