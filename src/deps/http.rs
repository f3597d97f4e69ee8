//! Outgoing HTTP: one request, one answer, bounded in time and size.
//!
//! Redirects are not followed: a key in a header must not travel to an address that the configuration does not name.
//! Neither addresses nor headers nor bodies are ever put into an error or a debug print, because they carry keys and
//! personal data.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, StatusCode};

/// Time for the connection alone; the request's own limit covers the whole exchange.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

pub trait Http: Send + Sync {
    /// Any status is an answer; an error means that there was none, or none that could be read whole.
    fn send(&self, request: OutgoingRequest) -> BoxFuture<'_, Result<OutgoingResponse, HttpError>>;
}

#[derive(Clone, PartialEq)]
pub struct OutgoingRequest {
    pub method: Method,
    /// `http` or `https`, absolute.
    pub url: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// For the whole exchange, from the connection to the last byte.
    pub timeout: Duration,
    /// Bytes of the answer's body that are accepted at most.
    pub max_answer_bytes: usize,
    /// An HTTP proxy on the way, `http://host:port`.
    pub proxy: Option<String>,
}

impl OutgoingRequest {
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
    pub const DEFAULT_MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

    /// No headers, no body, 30 seconds, 8 MiB.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            max_answer_bytes: Self::DEFAULT_MAX_ANSWER_BYTES,
            proxy: None,
        }
    }
}

impl fmt::Debug for OutgoingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingRequest")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq)]
pub struct OutgoingResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl OutgoingResponse {
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
    }
}

impl fmt::Debug for OutgoingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request was never sent: its address or a header is not valid.
    #[error("the request cannot be sent: {0}")]
    Invalid(String),
    /// Nobody answered at the address, or the secure connection could not be made. The request was not received.
    #[error("no connection: {0}")]
    Connect(String),
    /// It may or may not have been received.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// The connection broke on the way: it may or may not have been received.
    #[error("the exchange broke off: {0}")]
    Broken(String),
}

/// The machine's network through one pooled client a proxy, built when the first request is sent.
///
/// A client belongs to the runtime that sends first: send from one runtime only.
#[derive(Default)]
pub struct SystemHttp {
    /// By the proxy they go through; empty for none.
    clients: Mutex<BTreeMap<String, reqwest::Client>>,
}

impl SystemHttp {
    #[allow(clippy::disallowed_methods)] // the one place that builds a client
    fn client(&self, proxy: Option<&str>) -> Result<reqwest::Client, HttpError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(proxy.unwrap_or_default()) {
            return Ok(client.clone());
        }
        // Fails only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("galena/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_CONNECTION);
        if let Some(proxy) = proxy {
            let through =
                reqwest::Proxy::all(proxy).map_err(|error| HttpError::Invalid(chain(&error.without_url())))?;
            builder = builder.proxy(through);
        }
        let client = builder.build().map_err(|error| HttpError::Connect(chain(&error)))?;
        clients.insert(proxy.unwrap_or_default().to_owned(), client.clone());
        Ok(client)
    }

    async fn exchange(&self, request: OutgoingRequest) -> Result<OutgoingResponse, HttpError> {
        let OutgoingRequest { method, url, headers, body, timeout, max_answer_bytes: limit, proxy } = request;
        let failed = |error: reqwest::Error| classify(error, timeout);
        let sending = self.client(proxy.as_deref())?.request(method, url).headers(headers).body(body).timeout(timeout);
        let mut response = sending.send().await.map_err(failed)?;
        if response.content_length().is_some_and(|announced| announced > limit as u64) {
            return Err(HttpError::TooLarge { limit });
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit {
                return Err(HttpError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(OutgoingResponse { status: response.status(), headers, body: body.freeze() })
    }
}

impl Http for SystemHttp {
    fn send(&self, request: OutgoingRequest) -> BoxFuture<'_, Result<OutgoingResponse, HttpError>> {
        self.exchange(request).boxed()
    }
}

fn classify(error: reqwest::Error, timeout: Duration) -> HttpError {
    // The address may carry a key in its query.
    let error = error.without_url();
    if error.is_builder() {
        HttpError::Invalid(chain(&error))
    } else if error.is_connect() {
        HttpError::Connect(chain(&error))
    } else if error.is_timeout() {
        HttpError::Timeout(timeout)
    } else {
        HttpError::Broken(chain(&error))
    }
}

/// The causes one after the other: the outermost alone says only "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every connection with these bytes, then closes it; with none it stays silent.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/?key=s3cret", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = socket.read(&mut [0; 4096]).await;
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    let _ = socket.write_all(answer.as_bytes()).await;
                });
            }
        });
        address
    }

    async fn get(url: String, change: impl FnOnce(&mut OutgoingRequest)) -> Result<OutgoingResponse, HttpError> {
        let mut request = OutgoingRequest::new(Method::GET, url);
        change(&mut request);
        let answer = SystemHttp::default().send(request).await;
        if let Err(error) = &answer {
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        answer
    }

    #[tokio::test]
    async fn any_status_is_an_answer_and_redirects_are_not_followed() {
        let answer = "HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\nContent-Length: 2\r\n\r\nno";
        let answer = get(server(answer).await, |_| {}).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::FOUND, &b"no"[..]));
        assert_eq!(answer.headers["location"], "http://other.example/");
    }

    #[tokio::test]
    async fn an_answer_is_bounded_whether_or_not_it_announces_its_size() {
        let announced = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345";
        let streamed = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345";
        for answer in [announced, streamed] {
            let url = server(answer).await;
            let bounded = |limit| get(url.clone(), move |request| request.max_answer_bytes = limit);
            assert_eq!(bounded(4).await, Err(HttpError::TooLarge { limit: 4 }));
            assert_eq!(bounded(5).await.map(|answer| answer.body.len()), Ok(5));
        }
    }

    #[tokio::test]
    async fn each_way_to_fail_has_its_own_error_without_the_address() {
        let soon = Duration::from_millis(50);
        assert_eq!(get(server("").await, |request| request.timeout = soon).await, Err(HttpError::Timeout(soon)));
        let broken = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123";
        assert!(matches!(get(server(broken).await, |_| {}).await, Err(HttpError::Broken(_))));
        let nobody = "http://127.0.0.1:1/?key=s3cret".to_owned();
        assert!(matches!(get(nobody, |_| {}).await, Err(HttpError::Connect(_))));
        assert!(matches!(get("s3cret".to_owned(), |_| {}).await, Err(HttpError::Invalid(_))));
    }

    #[test]
    fn a_debug_print_holds_no_address_header_or_body() {
        let mut request = OutgoingRequest::new(Method::POST, "http://a.example/?key=s3cret");
        request.headers.insert("authorization", HeaderValue::from_static("Bearer s3cret"));
        request.body = Bytes::from_static(b"s3cret");
        assert!(!format!("{request:?}").contains("s3cret"));
        assert!(!format!("{:?}", OutgoingResponse::new(StatusCode::OK, "s3cret")).contains("s3cret"));
    }
}
