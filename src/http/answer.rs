//! Answers that say yes: status, headers of the contract, JSON.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use super::conditional::etag;
use super::problem::Problem;

pub const SEQ: HeaderName = HeaderName::from_static("x-galena-seq");
/// On the answer to a request that was served before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A page of a listing.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Give it as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The page does not show the write of `minSeq` yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<bool>,
}

/// An answer being put together.
#[derive(Debug)]
pub struct Answer<T> {
    status: StatusCode,
    body: Option<T>,
    version: Option<u64>,
    seq: Option<u64>,
    location: Option<String>,
    replayed: bool,
}

impl<T: Serialize> Answer<T> {
    /// 200 with a body.
    pub fn ok(body: T) -> Self {
        Self { body: Some(body), ..Self::bare(StatusCode::OK) }
    }

    /// 201 with what was made and where it is.
    pub fn created(location: String, body: T) -> Self {
        Self { body: Some(body), location: Some(location), ..Self::bare(StatusCode::CREATED) }
    }

    /// 202: the work goes on, and can be followed at `location`.
    pub fn accepted(location: String, body: T) -> Self {
        Self { body: Some(body), location: Some(location), ..Self::bare(StatusCode::ACCEPTED) }
    }

    /// The answer to a request that was served before: what it made, as it is now (`None` when it is gone).
    pub fn replayed(status: u16, location: Option<String>, body: Option<T>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        Self { body, location, replayed: true, ..Self::bare(status) }
    }

    /// The version of the record shown, for the ETag.
    #[must_use]
    pub fn version(self, version: u64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The seq of the write: what a search gives as `minSeq` to see it.
    #[must_use]
    pub fn seq(self, seq: u64) -> Self {
        Self { seq: Some(seq), ..self }
    }

    #[must_use]
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn bare(status: StatusCode) -> Self {
        Self { status, body: None, version: None, seq: None, location: None, replayed: false }
    }
}

impl Answer<()> {
    /// 204.
    pub fn nothing() -> Self {
        Self::bare(StatusCode::NO_CONTENT)
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> axum::response::Response {
        let body = match self.body.as_ref().map(serde_json::to_vec).transpose() {
            Ok(body) => body,
            Err(error) => return Problem::internal(error).into_response(),
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(body) = &body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            // Answers are about one caller's data: a browser may keep them, but asks each time.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
            if let Some(tag) = etag(self.version, body) {
                headers.insert(header::ETAG, tag);
            }
        }
        if let Some(seq) = self.seq {
            headers.insert(SEQ, HeaderValue::from(seq));
        }
        if let Some(location) = self.location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(body) = body {
            *response.body_mut() = Body::from(body);
        }
        response
    }
}

/// Where a resource is, as `Location` says it: `path` behind the base.
pub fn location(path: &str) -> String {
    format!("/api/v1{path}")
}
