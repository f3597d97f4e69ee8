//! JSON bodies: read within the limit, and told by JSON pointer where they are wrong.
//!
//! Unknown fields are ignored: the documents' clients send more than we use. An empty body is an empty object.

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, Uri, header};
use bytes::BytesMut;
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::codes::Code;
use super::idempotency::IdempotencyKey;
use super::problem::{FieldError, Problem};
use crate::app::App;

/// The body of a PATCH or PUT, or of a POST that neither creates nor spends.
pub struct JsonBody<T>(pub T);

/// The body of a POST that creates or spends, with the caller's `Idempotency-Key`.
pub struct Posted<T> {
    pub body: T,
    pub key: IdempotencyKey,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self(parse(&read(request, app).await?.bytes)?))
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let Read { method, uri, headers, bytes } = read(request, app).await?;
        let key = IdempotencyKey::of(&headers, &method, &uri, &bytes, app)?;
        Ok(Self { body: parse(&bytes)?, key })
    }
}

/// For a field that can be left out, be `null`, or have a value: `#[serde(default, deserialize_with = "nullable")]` on
/// an `Option<Option<T>>`.
///
/// # Errors
/// Those of `T`.
pub fn nullable<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    <Option<T> as serde::Deserialize>::deserialize(deserializer).map(Some)
}

struct Read {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
}

async fn read(request: Request, app: &Arc<App>) -> Result<Read, Problem> {
    let limit = app.config.server.max_body_bytes;
    let too_large = || Problem::new(Code::PayloadTooLarge).detail(format!("at most {limit} (server.max_body_bytes)"));
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > limit.0 {
        return Err(too_large());
    }
    // `OriginalUri`: the path with the base, which nesting takes away.
    let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(parts.uri, |uri| uri.0.clone());
    let collected = async {
        let mut bytes = BytesMut::new();
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Problem::invalid(FieldError::at("", "the body broke off")))?;
            if bytes.len() + chunk.len() > limit.as_usize() {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    // The task of a write outlives the time limit around it; a body that never ends must not keep its permit.
    let bytes = tokio::select! {
        bytes = collected => bytes?,
        () = app.deps.clock.sleep(app.config.server.request_timeout.0) => return Err(Problem::new(Code::TimedOut)),
    };
    if !bytes.is_empty() && !is_json(&parts.headers) {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    Ok(Read { method: parts.method, uri, headers: parts.headers, bytes })
}

/// A body without a type is taken for JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// # Errors
/// `VALIDATION_FAILED` with the pointer of the first wrong place.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text: &[u8] = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { bytes };
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            let place = format!("line {}, column {}", inner.line(), inner.column());
            return Problem::invalid(FieldError::at("", format!("not JSON: stopped at {place}")));
        }
        let message = inner.to_string();
        let mut pointer = pointer(error.path());
        if let Some(field) = missing_field(&message) {
            pointer = format!("{pointer}/{field}");
        }
        Problem::invalid(FieldError::at(pointer, without_value(&message)))
    })?;
    json.end().map_err(|_| Problem::invalid(FieldError::at("", "something follows the JSON value")))?;
    Ok(value)
}

fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}

pub(in crate::http) fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// Takes the caller's own value out of the message: it may be about a person.
pub(in crate::http) fn without_value(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    match message.split_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if message.starts_with("missing field") => "is missing".to_owned(),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)] // only its shape is of interest
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)] // only its shape is of interest
    struct Inner {
        #[serde(rename = "a/b")]
        number: u8,
    }

    fn error(text: &str) -> FieldError {
        parse::<Outer>(text.as_bytes()).expect_err("wrong").errors.remove(0)
    }

    #[test]
    fn the_pointer_says_where() {
        assert_eq!(error(""), FieldError::at("/name", "is missing"));
        assert_eq!(error(r#"{"name":7}"#), FieldError::at("/name", "expected a string"));
        assert_eq!(
            error(r#"{"name":"x","inner":[{"a/b":1},{"a/b":"y"}]}"#),
            FieldError::at("/inner/1/a~1b", "expected u8")
        );
        assert_eq!(error(r#"{"name":"x","inner":[{}]}"#), FieldError::at("/inner/0/a/b", "is missing"));
        assert_eq!(error("{").pointer.as_deref(), Some(""));
        assert_eq!(error(r#"{"name":"x"} more"#).detail, "something follows the JSON value");
    }

    #[test]
    fn no_message_quotes_the_value() {
        for text in [r#"{"name":["ada@example.com"]}"#, r#"{"name":"x","inner":"ada@example.com"}"#] {
            assert!(!error(text).detail.contains("ada"), "{:?}", error(text));
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(parse::<Outer>(br#"{"name":"x","more":1}"#).is_ok());
    }
}
