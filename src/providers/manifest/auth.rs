//! The key on its way: where it is put, and the tokens that are got for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::building::header;
use super::model::Auth;
use super::template::{TemplateError, percent_encoded};
use crate::deps::{HeaderMap, HeaderValue, HttpError, Method, OutgoingRequest};
use crate::domain::enrichment::Outcome;
use crate::providers::CallContext;
use crate::store::crypt::Secret;

/// A token is got anew this long before it ends.
const BEFORE_END: Duration = Duration::from_secs(60);
/// Where the answer does not say how long it lives.
const LIFETIME: u64 = 600;
/// More tokens than this many keys have are not kept.
const MOST_TOKENS: usize = 1_000;

/// What proves who calls: the key, or a token got for it.
#[derive(Clone)]
pub struct Proof(Secret);

impl Proof {
    pub fn new(secret: Secret) -> Self {
        Self(secret)
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Puts it into the headers, where it belongs there.
    pub fn put(&self, auth: &Auth, headers: &mut HeaderMap) -> Result<(), TemplateError> {
        let secret = |text: &str| -> Result<HeaderValue, TemplateError> {
            let mut value = header(text)?;
            value.set_sensitive(true);
            Ok(value)
        };
        match auth {
            Auth::Header(name) => {
                headers.insert(name.clone(), secret(self.expose())?);
            }
            Auth::Bearer | Auth::ClientCredentials { .. } => {
                headers.insert("authorization", secret(&format!("Bearer {}", self.expose()))?);
            }
            Auth::Basic => {
                headers.insert("authorization", secret(&format!("Basic {}", STANDARD.encode(self.expose())))?);
            }
            Auth::None | Auth::Query(_) | Auth::Body(_) => {}
        }
        Ok(())
    }

    /// Every form of it that could be seen in a request.
    pub fn forms(&self) -> Vec<String> {
        let key = self.expose();
        let mut forms = vec![key.to_owned(), percent_encoded(key), STANDARD.encode(key)];
        forms.extend(key.split_once(':').map(|(_, password)| password.to_owned()));
        forms.retain(|form| form.len() >= 4);
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms
    }
}

/// Tokens of client credentials, by a hash of the key. Lost with the process, and got again.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<[u8; 32], (Secret, Duration)>>);

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Secret,
    expires_in: Option<u64>,
}

impl Tokens {
    /// The token for a key, from the vendor when there is none that still lives.
    ///
    /// # Errors
    /// With the outcome of the call that needed it.
    pub async fn get(
        &self,
        token_url: &str,
        scope: Option<&str>,
        credential: &Secret,
        context: CallContext<'_>,
    ) -> Result<Secret, Outcome> {
        let now = context.deps.clock.monotonic();
        let key = *blake3::hash(format!("{token_url}\n{}", credential.expose()).as_bytes()).as_bytes();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((token, until)) = known
            && now < until
        {
            return Ok(token);
        }
        let mut request = OutgoingRequest::new(Method::POST, token_url);
        let Some((id, secret)) = credential.expose().split_once(':') else { return Err(Outcome::AuthFailed) };
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(scope.map(|scope| ("scope", scope)));
        // RFC 6749 2.3.1: both are encoded before they are joined.
        let basic = STANDARD.encode(format!("{}:{}", percent_encoded(id), percent_encoded(secret)));
        let unsendable = |_: TemplateError| Outcome::AuthFailed;
        request.headers.insert("authorization", header(&format!("Basic {basic}")).map_err(unsendable)?);
        request.headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        request.headers.insert("accept", HeaderValue::from_static("application/json"));
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        request.body = body.join("&").into();
        request.timeout = context.timeout;
        let answer = context.deps.http.send(request).await.map_err(|error| broken(&error))?;
        match answer.status.as_u16() {
            200..=299 => {}
            400 | 401 | 403 => return Err(Outcome::AuthFailed),
            429 => return Err(Outcome::RateLimited { retry_after: None }),
            status => return Err(Outcome::Broken { reason: format!("no token: status {status}") }),
        }
        let Ok(token) = serde_json::from_slice::<TokenAnswer>(&answer.body) else {
            return Err(Outcome::Broken { reason: "no token in the answer to the client's credentials".to_owned() });
        };
        let life = Duration::from_secs(token.expires_in.unwrap_or(LIFETIME)).saturating_sub(BEFORE_END);
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MOST_TOKENS {
            tokens.clear();
        }
        tokens.insert(key, (token.access_token.clone(), now.saturating_add(life)));
        Ok(token.access_token)
    }

    /// Whatever was got for any key is got again: the vendor did not take one of them.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Without the address: it may hold a key.
pub fn broken(error: &HttpError) -> Outcome {
    Outcome::Broken {
        reason: match error {
            HttpError::Invalid(_) => "the request cannot be sent".to_owned(),
            HttpError::Connect(_) => "no connection".to_owned(),
            HttpError::Timeout(_) | HttpError::TooLarge { .. } => error.to_string(),
            HttpError::Broken(_) => "the exchange broke off".to_owned(),
        },
    }
}
