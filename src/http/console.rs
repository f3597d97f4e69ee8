//! The page at `/`. This build has no console: it says so and where the API is described.

use axum::response::Html;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Galena</title></head>
<body style="font-family: sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>Galena</h1>
<p>The server is running. This build does not contain the web console.</p>
<p>The API is described at <a href="/api/docs/">/api/docs</a>; its state is at <a href="/readyz">/readyz</a>.</p>
</body>
</html>
"#;

pub(in crate::http) async fn page() -> Html<&'static str> {
    Html(PAGE)
}
