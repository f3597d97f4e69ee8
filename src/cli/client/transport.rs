//! Requests over a unix socket or a network, and their answers as they come: the one place of the command line that
//! names the HTTP library.
//!
//! It is not `Deps.http`: files are streamed from and to the disk here, a socket in the file system is spoken to, and
//! the server is the one that the person in front of the command line names.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Response, Url};
use serde_json::Value;
use tokio_util::io::ReaderStream;

pub use reqwest::Method;

use crate::cli::remote::Remote;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a byte of the answer. The server gives requests up long before.
const SILENCE: Duration = Duration::from_secs(120);
/// What is read from the disk at once.
const CHUNK: usize = 256 * 1024;
/// Answers other than downloads.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// What a request carries.
pub enum Content<'a> {
    Nothing,
    Json(&'a Value),
    Upload(&'a Upload<'a>),
}

/// A file that is streamed from the disk, and the parts beside it.
pub struct Upload<'a> {
    pub file: &'a Path,
    /// Name and JSON of each further part.
    pub parts: &'a [(&'a str, &'a Value)],
    /// Told the bytes that have left since it was told before.
    pub sent: std::sync::Arc<dyn Fn(u64) + Send + Sync>,
}

pub struct Request<'a> {
    pub method: Method,
    /// From the root of the server: `/api/v1/leads/lists`.
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    pub headers: Vec<(&'static str, String)>,
    pub content: Content<'a>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The request was not received.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// It may or may not have been received.
    #[error("the exchange broke off: {0}")]
    Broken(String),
    #[error("the answer is larger than {LARGEST_ANSWER} bytes")]
    TooLarge,
    #[error("{0}")]
    File(std::io::Error),
    #[error("the address is not valid: {0}")]
    Address(String),
}

pub struct Transport {
    client: reqwest::Client,
    base: Url,
    authorization: Option<reqwest::header::HeaderValue>,
}

impl Transport {
    pub fn over_socket(socket: &Path) -> Result<Self, TransportError> {
        let client = builder().unix_socket(socket).build().map_err(broken)?;
        Ok(Self { client, base: address("http://localhost")?, authorization: None })
    }

    pub fn to(remote: &Remote) -> Result<Self, TransportError> {
        let client = builder().build().map_err(broken)?;
        let key = zeroize::Zeroizing::new(format!("Bearer {}", remote.key.expose()));
        let mut key = reqwest::header::HeaderValue::from_str(&key)
            .map_err(|_| TransportError::Address("the API key holds characters that no key has".to_owned()))?;
        key.set_sensitive(true);
        Ok(Self { client, base: address(&remote.url)?, authorization: Some(key) })
    }

    pub async fn send(&self, request: &Request<'_>) -> Result<Answer, TransportError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), request.path));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let mut sending = self.client.request(request.method.clone(), url);
        if let Some(key) = &self.authorization {
            sending = sending.header(reqwest::header::AUTHORIZATION, key);
        }
        for (name, value) in &request.headers {
            sending = sending.header(*name, value);
        }
        sending = match &request.content {
            Content::Nothing => sending,
            Content::Json(value) => sending.json(value),
            Content::Upload(upload) => sending.multipart(form(upload).await?),
        };
        Ok(Answer(sending.send().await.map_err(broken)?))
    }
}

#[allow(clippy::disallowed_methods)] // not a provider call: see the head of this file
fn builder() -> reqwest::ClientBuilder {
    // Fails only when a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("galena-cli/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(SILENCE)
}

fn address(text: &str) -> Result<Url, TransportError> {
    Url::parse(text).map_err(|error| TransportError::Address(error.to_string()))
}

async fn form(upload: &Upload<'_>) -> Result<Form, TransportError> {
    let mut form = Form::new();
    // The small parts first: a server that reads in order knows then what to do with the rows.
    for (name, value) in upload.parts {
        let part = Part::text(value.to_string()).mime_str("application/json").map_err(broken)?;
        form = form.part((*name).to_owned(), part);
    }
    let file = tokio::fs::File::open(upload.file).await.map_err(TransportError::File)?;
    let details = file.metadata().await.map_err(TransportError::File)?;
    let sent = upload.sent.clone();
    let stream = ReaderStream::with_capacity(file, CHUNK).inspect_ok(move |bytes| sent(bytes.len() as u64));
    let body = Body::wrap_stream(stream);
    // A pipe has no length.
    let part = if details.is_file() { Part::stream_with_length(body, details.len()) } else { Part::stream(body) };
    let name = upload.file.file_name().map_or_else(|| "leads.csv".into(), |name| name.to_string_lossy());
    Ok(form.part("file", part.file_name(name.into_owned())))
}

/// An answer whose body has not been read yet.
pub struct Answer(Response);

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub fn is_success(&self) -> bool {
        self.0.status().is_success()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The next bytes of the body.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.0.chunk().await.map_err(broken)
    }

    pub async fn body(mut self) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn broken(error: reqwest::Error) -> TransportError {
    // The query may hold personal data.
    let error = error.without_url();
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    if error.is_connect() { TransportError::NotConnected(text) } else { TransportError::Broken(text) }
}
