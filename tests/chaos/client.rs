//! An API client that does not take a broken connection for an answer.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Speaks to one server with an owner key. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: Value,
}

/// No answer came. The request may have had its effect.
#[derive(Debug)]
pub struct NoAnswer {
    /// Why, for the message of a test that fails.
    #[allow(dead_code)] // read through Debug
    pub cause: String,
}

impl Client {
    pub fn new(base: &str, key: &str) -> Self {
        // Only plain HTTP is spoken here, but the client does not come into being without somebody for TLS.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("an HTTP client");
        Self { http, base: base.to_owned(), key: key.to_owned() }
    }

    pub async fn get(&self, path: &str) -> Result<Answer, NoAnswer> {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, NoAnswer> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A POST that may be sent again: it is done once per `key`.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Result<Answer, NoAnswer> {
        self.send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer, NoAnswer> {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer, NoAnswer> {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A file and what goes with it, as a browser sends it; done once per `key`.
    pub async fn upload(
        &self,
        path: &str,
        key: &str,
        name: &str,
        file: Vec<u8>,
        options: &Value,
    ) -> Result<Answer, NoAnswer> {
        let file = reqwest::multipart::Part::bytes(file).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", file).text("options", options.to_string());
        self.send(self.request(Method::POST, path).header("idempotency-key", key).multipart(form)).await
    }

    /// Whether the server says that it serves.
    pub async fn is_ready(&self) -> bool {
        let ready = self.http.get(format!("{}/readyz", self.base)).send().await;
        ready.is_ok_and(|answer| answer.status().is_success())
    }

    /// An answer with one of the 2xx from a server that is not being killed.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn good(answer: Result<Answer, NoAnswer>) -> Value {
        let answer = answer.expect("the server answers");
        assert!(answer.is_success(), "{answer:?}");
        answer.body
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let place = match path.starts_with("/api") {
            true => path.to_owned(),
            false => format!("/api/v1{path}"),
        };
        self.http.request(method, format!("{}{place}", self.base)).bearer_auth(&self.key)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        let failed = |error: reqwest::Error| NoAnswer { cause: format!("{error:?}") };
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let location = response.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
        let text = response.text().await.map_err(failed)?;
        let body = serde_json::from_str(&text).unwrap_or(if text.is_empty() { Value::Null } else { text.into() });
        Ok(Answer { status, location, body })
    }
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
