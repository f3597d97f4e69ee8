//! Errors as the API gives them: `application/problem+json` (RFC 9457).
//!
//! A [`Problem`] is made anywhere in a handler and rendered once, by the outermost layer, which knows the request id and
//! logs what broke on our side. What it says never quotes what the caller sent.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, Response, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Map, Value};

use super::codes::Code;
use crate::store::StoreError;

/// One thing wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Name of a query parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    pub detail: String,
}

impl FieldError {
    /// At a JSON pointer such as `/settings/identity`.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }
    }

    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(name.into()), detail: detail.into() }
    }
}

/// An answer that says no.
#[derive(Debug, Clone)]
pub struct Problem {
    pub code: Code,
    pub detail: Option<String>,
    pub errors: Vec<FieldError>,
    /// Further members of the document: `existingId`, `needed`, …
    members: Option<Box<Map<String, Value>>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log, not for the caller.
    cause: Option<String>,
}

/// The document, for the API description.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDocument<'a> {
    /// `urn:galena:error:` and the code.
    r#type: String,
    title: &'a str,
    status: u16,
    /// One of the codes of the reference page.
    #[schema(example = "LIST_NOT_FOUND")]
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// Members that only some codes have.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    members: Option<&'a Map<String, Value>>,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), members: None, headers: Vec::new(), cause: None }
    }

    /// A request with one wrong place.
    pub fn invalid(error: FieldError) -> Self {
        Self::all_invalid(vec![error])
    }

    pub fn all_invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    /// Something broke on our side; `cause` goes to the log.
    pub fn internal(cause: impl ToString) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(Code::Internal) }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a member to the document.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.get_or_insert_default().insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub(in crate::http) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    pub(in crate::http) fn body(&self, request_id: Option<&str>) -> Vec<u8> {
        let document = ProblemDocument {
            r#type: self.code.uri(),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.text(),
            detail: self.detail.as_deref(),
            errors: &self.errors,
            request_id,
            members: self.members.as_deref(),
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.text(), self.detail.as_deref().unwrap_or(self.code.title()))
    }
}

impl std::error::Error for Problem {}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

/// Left on the response for the outermost layer, which writes the body.
#[derive(Debug, Clone)]
pub(in crate::http) struct Unrendered(pub Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(axum::body::Body::from(self.body(None)));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        response.extensions_mut().insert(Unrendered(Arc::new(self)));
        response
    }
}
