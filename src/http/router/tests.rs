//! The layers around handlers that misbehave as no real one does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, StatusCode, header};
use axum::routing::post;
use tower::ServiceExt;

use super::*;
use crate::app::Running;
use crate::config::Config;
use crate::config::plans::Plans;
use crate::deps::Deps;
use crate::http::context::Peer;
use crate::store::crypt::Passwords;
use crate::store::directory::DataDirectory;

async fn house(folder: &tempfile::TempDir, request_timeout: Duration) -> Running {
    let mut config = Config::default();
    config.server.request_timeout.0 = request_timeout;
    let plans = Plans::built_in().expect("plans");
    let directory = DataDirectory::new(folder.path());
    Running::start(config, plans, Deps::real(), directory, Passwords::cheap()).await.expect("started")
}

fn request(method: Method, path: &str) -> Request {
    let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    let mut request = request.body(Body::empty()).expect("a request");
    request.extensions_mut().insert(ConnectInfo(Peer::Local));
    request
}

async fn problem(response: axum::response::Response) -> serde_json::Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let body = axum::body::to_bytes(response.into_body(), 100_000).await.expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

#[tokio::test]
async fn a_handler_that_panics_is_a_problem_and_tells_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = house(&folder, Duration::from_secs(60)).await;
    async fn panics() {
        panic!("ada@example.com");
    }
    let routes = Router::new().route("/panics", post(panics).get(panics));
    let router = layered(routes, Router::new(), Arc::clone(&running.app));
    for method in [Method::GET, Method::POST] {
        let response = router.clone().oneshot(request(method, "/panics")).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = problem(response).await;
        assert_eq!(problem["code"], "INTERNAL");
        assert!(!problem.to_string().contains("ada"), "{problem}");
    }
    running.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn neither_time_limit_nor_closed_connection_cuts_a_write() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let folder = tempfile::tempdir().expect("a folder");
    let running = house(&folder, Duration::from_millis(50)).await;
    #[allow(clippy::disallowed_methods)] // a handler that really takes its time
    async fn slow() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        ENDED.fetch_add(1, Ordering::SeqCst);
    }
    let routes = Router::new().route("/slow", post(slow).get(slow));
    let router = layered(routes, Router::new(), Arc::clone(&running.app));

    let response = router.clone().oneshot(request(Method::POST, "/slow")).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(problem(response).await["code"], "TIMED_OUT");
    assert_eq!(ENDED.load(Ordering::SeqCst), 0, "it is still running");

    // Polled once and dropped, as by a connection that closes.
    let mut gone = Box::pin(router.clone().oneshot(request(Method::POST, "/slow")));
    assert!(tokio::time::timeout(Duration::from_millis(30), &mut gone).await.is_err());
    drop(gone);
    running.app.admission.finished().await;
    assert_eq!(ENDED.load(Ordering::SeqCst), 2, "both writes came to their end");

    // A read ends with its caller.
    let response = router.oneshot(request(Method::GET, "/slow")).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(ENDED.load(Ordering::SeqCst), 2);
    running.stop(Duration::from_secs(5)).await;
}
