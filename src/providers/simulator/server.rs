//! The played vendors behind a socket: `http://HOST/SLUG` is the address of each.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::Simulator;
use crate::deps::{HttpError, OutgoingRequest, StatusCode};

/// More is not taken.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

impl Simulator {
    /// All vendors, each below its slug.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(answer).with_state(Arc::clone(self))
    }
}

async fn answer(State(simulator): State<Arc<Simulator>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let whole = parts.uri.path_and_query().map_or("/", |whole| whole.as_str());
    let rest = whole.trim_start_matches('/');
    let (slug, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut asked = OutgoingRequest::new(parts.method, whole);
    asked.headers = parts.headers;
    asked.body = body;
    let played = simulator.play_for(slug, &asked, path);
    if !played.latency.is_zero() {
        simulator.clock.sleep(played.latency).await;
    }
    match played.answer {
        Ok(answer) => {
            let mut response = Response::new(Body::from(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            response
        }
        // The connection is made already: the nearest thing to nobody is a gateway that finds nobody.
        Err(HttpError::Connect(_)) => StatusCode::BAD_GATEWAY.into_response(),
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}
