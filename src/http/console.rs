//! The pages for people: `/`, which says that this build has no console, and the one behind the one-time setup link.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Galena</title><link rel="stylesheet" href="/setup.css"></head>
<body>
<h1>Galena</h1>
<p>The server is running. This build does not contain the web console.</p>
<p>The API is described at <a href="/api/docs/">/api/docs</a>; its state is at <a href="/readyz">/readyz</a>.</p>
</body>
</html>
"#;

/// `/` and `/setup` with its script and style: files of their own, because the content policy allows nothing inline.
pub(in crate::http) fn pages<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file =
        |kind: &'static str, text: &'static str| async move { ([(header::CONTENT_TYPE, kind)], text).into_response() };
    Router::new()
        .route("/", get(page))
        .route("/setup", get(|| async { Html(include_str!("pages/setup.html")) }))
        .route("/setup.js", get(move || file("text/javascript; charset=utf-8", include_str!("pages/setup.js"))))
        .route("/setup.css", get(move || file("text/css; charset=utf-8", include_str!("pages/setup.css"))))
}

async fn page() -> Html<&'static str> {
    Html(PAGE)
}
