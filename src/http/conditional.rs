//! `ETag`, `If-Match`, `If-None-Match`.
//!
//! An ETag is the record's version and a hash of what was shown (`"7-3f9a…"`), or the hash alone. `If-Match` looks at the
//! version, because counters shown beside a record may move without it; `If-None-Match` looks at the whole tag.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::Response;

use super::codes::Code;
use super::problem::Problem;
use crate::app::App;

/// The version a write is meant for; `None` when the caller does not care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl FromRequestParts<Arc<App>> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &Arc<App>) -> Result<Self, Problem> {
        let Some(given) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = given.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        // A tag that we never gave matches no version.
        let never = || Problem::new(Code::PreconditionFailed).detail("If-Match is no ETag of this record");
        version_of(text).map(|version| Self(Some(version))).ok_or_else(never)
    }
}

/// The version in `"7-3f9a…"`, `W/"7-3f9a…"` or `7`.
fn version_of(tag: &str) -> Option<u64> {
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    tag.split('-').next()?.parse().ok()
}

/// The tag of a body, with the version of the record where it has one.
pub(in crate::http) fn etag(version: Option<u64>, body: &[u8]) -> Option<HeaderValue> {
    let hash = blake3::hash(body).to_hex();
    let hash = &hash[..16];
    let tag = match version {
        Some(version) => format!("\"{version}-{hash}\""),
        // Letters in front: it must not look like a version.
        None => format!("\"h{hash}\""),
    };
    HeaderValue::from_str(&tag).ok()
}

/// The layer: a read whose tag the caller has already is answered 304 without a body.
pub(in crate::http) async fn not_modified(request: Request, next: Next) -> Response {
    let is_read = request.method().is_safe();
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let mut response = next.run(request).await;
    if is_read && response.status() == StatusCode::OK && matches(response.headers(), &known) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

fn matches(headers: &HeaderMap, known: &[HeaderValue]) -> bool {
    let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
    let given = known.iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(','));
    given
        .map(|tag| tag.trim())
        .map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
        .any(|given| given == tag || given == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_gives_its_version_back() {
        let tag = etag(Some(12), b"{}").expect("a header");
        assert_eq!(version_of(tag.to_str().expect("ascii")), Some(12));
        assert_eq!(version_of("W/\"3-abc\""), Some(3));
        let bare = etag(None, b"{}").expect("a header");
        assert_eq!(version_of(bare.to_str().expect("ascii")), None);
        assert_eq!(version_of("\"\""), None);
    }
}
