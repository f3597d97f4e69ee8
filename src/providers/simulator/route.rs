//! Which part of a manifest a request is for.

use serde_json::{Map, Value};

use crate::deps::{Method, OutgoingRequest};
use crate::providers::manifest::Manifest;
use crate::providers::manifest::model::{Exchange, OperationSpec};
use crate::providers::manifest::template::{Text, percent_decoded};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Single,
    Batch,
    Poll,
    Fetch,
    Account,
}

pub struct Route<'m> {
    /// None for the account.
    pub spec: Option<&'m OperationSpec>,
    pub step: Step,
    /// What stands in the path where the template has values.
    pub captured: Vec<String>,
}

/// What was sent: `{query, body}`.
pub fn sent(request: &OutgoingRequest, path: &str) -> Value {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let form =
        request.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www"));
    let body = if form {
        Value::Object(pairs(&String::from_utf8_lossy(&request.body)))
    } else {
        serde_json::from_slice(&request.body).unwrap_or_default()
    };
    let mut sent = Map::new();
    sent.insert("query".to_owned(), Value::Object(pairs(query)));
    sent.insert("body".to_owned(), body);
    Value::Object(sent)
}

fn pairs(text: &str) -> Map<String, Value> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let decoded = |part: &str| {
        let bytes = part.replace('+', " ");
        percent_decoded(&bytes).unwrap_or(bytes)
    };
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), Value::String(decoded(value))))
        .collect()
}

/// The step whose template fits; of several the one that says most about its query.
pub fn find<'m>(manifest: &'m Manifest, method: &Method, path: &str, sent: &Value) -> Option<Route<'m>> {
    let path = path.split('?').next().unwrap_or(path);
    let mut best: Option<(usize, Route<'m>)> = None;
    let mut consider = |spec: Option<&'m OperationSpec>, step: Step, exchange: Option<&'m Exchange>| {
        let Some((says, captured)) = exchange.and_then(|exchange| fits(exchange, method, path, sent)) else { return };
        if best.as_ref().is_none_or(|(most, _)| says > *most) {
            best = Some((says, Route { spec, step, captured }));
        }
    };
    for spec in &manifest.operations {
        consider(Some(spec), Step::Single, spec.single.as_ref());
        consider(Some(spec), Step::Batch, spec.batch.as_ref().map(|batch| &batch.exchange));
        let collect = spec.collect.as_ref();
        consider(Some(spec), Step::Poll, collect.and_then(|collect| collect.poll.as_ref()));
        consider(Some(spec), Step::Fetch, collect.and_then(|collect| collect.fetch.as_ref()));
    }
    consider(None, Step::Account, manifest.account.as_ref());
    best.map(|(_, route)| route)
}

/// How many fixed values of the query are there, and what the path holds; nothing where one of them differs.
fn fits(exchange: &Exchange, method: &Method, path: &str, sent: &Value) -> Option<(usize, Vec<String>)> {
    if exchange.request.method != *method {
        return None;
    }
    let captured = captures(&exchange.request.path.around(), path)?;
    let mut says = 0;
    for (name, values) in &exchange.request.query {
        if let [Text::Literal(wanted)] = values.as_slice()
            && !wanted.is_empty()
        {
            if sent["query"][name.as_str()] != wanted.as_str() {
                return None;
            }
            says += 1;
        }
    }
    Some((says, captured))
}

fn captures(parts: &[String], path: &str) -> Option<Vec<String>> {
    let (first, others) = parts.split_first()?;
    let mut rest = path.strip_prefix(first.as_str())?;
    let mut captured = Vec::new();
    for part in others {
        let end = if part.is_empty() { rest.len() } else { rest.find(part.as_str())? };
        let value = &rest[..end];
        if value.is_empty() || value.contains('/') {
            return None;
        }
        captured.push(value.to_owned());
        rest = &rest[end + part.len()..];
    }
    rest.is_empty().then_some(captured)
}
