//! The outermost layer: request ids, the span, the figures, and the writing of problems.
//!
//! Neither span nor log line holds an address with ids in it, a query, a header or a body: the route's pattern is enough.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::context::{REQUEST_ID, RequestContext};
use super::problem::Unrendered;
use crate::app::App;

pub(in crate::http) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let context = RequestContext::of(&parts, &app.config.server.trusted_proxies, &*app.deps.random);
    let route: Arc<str> = parts.extensions.get::<MatchedPath>().map_or("(none)".into(), |path| pattern(path.as_str()));
    let span = tracing::info_span!("request", method = %parts.method, %route, request_id = %context.request_id);
    let request_id = Arc::clone(&context.request_id);
    let method = parts.method.clone();
    parts.extensions.insert(context);

    let started = app.deps.clock.monotonic();
    let mut response = next.run(Request::from_parts(parts, body)).instrument(span.clone()).await;
    let took = app.deps.clock.monotonic().saturating_sub(started);

    span.in_scope(|| render_problem(&mut response, &request_id));
    let status = response.status();
    metrics::counter!(
        "galena_http_requests_total",
        "method" => method.to_string(), "route" => route.to_string(), "status" => status.as_u16().to_string()
    )
    .increment(1);
    metrics::histogram!("galena_http_request_seconds", "route" => route.to_string()).record(took.as_secs_f64());
    span.in_scope(|| tracing::debug!(status = status.as_u16(), ms = took.as_secs_f64() * 1e3, "answered"));
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Base and alias are one route.
fn pattern(path: &str) -> Arc<str> {
    let rest = path.strip_prefix("/api/v1").or_else(|| path.strip_prefix("/api")).filter(|rest| !rest.is_empty());
    rest.unwrap_or(path).into()
}

/// Writes the body of a problem anew, now with the request id, and logs what broke on our side.
fn render_problem(response: &mut Response, request_id: &str) {
    let Some(Unrendered(problem)) = response.extensions_mut().remove::<Unrendered>() else { return };
    if let Some(cause) = problem.cause() {
        tracing::error!(code = problem.code.text(), cause, "a request failed");
    }
    let body = problem.body(Some(request_id));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = axum::body::Body::from(body);
}
