//! Outgoing HTTP: one request, one answer, bounded in time and size.
//!
//! Redirects are not followed: a key in a header must not travel to an address that the configuration does not name.
//! Neither addresses nor headers nor bodies are ever put into an error or a debug print, because they carry keys and
//! personal data.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, StatusCode};
use tokio::sync::OnceCell;

use super::Clock;

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

/// The machine's network through one pooled client, built when the first request is sent.
///
/// The client belongs to the runtime that sends first: send from one runtime only.
#[derive(Default)]
pub struct SystemHttp {
    client: OnceCell<reqwest::Client>,
}

impl SystemHttp {
    #[allow(clippy::disallowed_methods)] // the one place that builds a client
    async fn client(&self) -> Result<&reqwest::Client, HttpError> {
        self.client
            .get_or_try_init(|| async {
                // Fails only when a provider is installed already, which serves as well.
                let _ = rustls::crypto::ring::default_provider().install_default();
                reqwest::Client::builder()
                    .user_agent(concat!("galena/", env!("CARGO_PKG_VERSION")))
                    .redirect(reqwest::redirect::Policy::none())
                    .connect_timeout(CONNECT_TIMEOUT)
                    .pool_idle_timeout(IDLE_CONNECTION)
                    .build()
                    .map_err(|error| HttpError::Connect(chain(&error)))
            })
            .await
    }

    async fn exchange(&self, request: OutgoingRequest) -> Result<OutgoingResponse, HttpError> {
        let OutgoingRequest { method, url, headers, body, timeout, max_answer_bytes: limit } = request;
        let failed = |error: reqwest::Error| classify(error, timeout);
        let sending = self.client().await?.request(method, url).headers(headers).body(body).timeout(timeout);
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

type Script = Box<dyn Fn(&OutgoingRequest) -> Result<OutgoingResponse, HttpError> + Send + Sync>;

/// Answers from a script in the process, after a latency on the given clock, and remembers what was sent.
pub struct ScriptedHttp {
    clock: Arc<dyn Clock>,
    script: Mutex<Arc<Script>>,
    latency: Mutex<Duration>,
    /// The last [`ScriptedHttp::REMEMBERED`] requests, oldest first.
    sent: Mutex<VecDeque<OutgoingRequest>>,
}

impl ScriptedHttp {
    pub const REMEMBERED: usize = 10_000;

    /// Nobody is at any address until a script is set.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let nobody: Script = Box::new(|_| Err(HttpError::Connect("nobody listens in the simulation".to_owned())));
        Self {
            clock,
            script: Mutex::new(Arc::new(nobody)),
            latency: Mutex::new(Duration::ZERO),
            sent: Mutex::new(VecDeque::new()),
        }
    }

    pub fn answer_with(
        &self,
        script: impl Fn(&OutgoingRequest) -> Result<OutgoingResponse, HttpError> + Send + Sync + 'static,
    ) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Box::new(script));
    }

    /// Every later answer takes this long; one that takes longer than its request allows is a timeout.
    pub fn set_latency(&self, latency: Duration) {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    pub fn sent(&self) -> Vec<OutgoingRequest> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Http for ScriptedHttp {
    fn send(&self, request: OutgoingRequest) -> BoxFuture<'_, Result<OutgoingResponse, HttpError>> {
        async move {
            {
                let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
                if sent.len() == Self::REMEMBERED {
                    sent.pop_front();
                }
                sent.push_back(request.clone());
            }
            let latency = *self.latency.lock().unwrap_or_else(PoisonError::into_inner);
            if latency > request.timeout {
                self.clock.sleep(request.timeout).await;
                return Err(HttpError::Timeout(request.timeout));
            }
            if !latency.is_zero() {
                self.clock.sleep(latency).await;
            }
            let script = self.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let response = script(&request)?;
            if response.body.len() > request.max_answer_bytes {
                return Err(HttpError::TooLarge { limit: request.max_answer_bytes });
            }
            Ok(response)
        }
        .boxed()
    }
}
