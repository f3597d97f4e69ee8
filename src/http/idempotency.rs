//! `Idempotency-Key`: the same request sent twice is done once.
//!
//! What the store keeps are keyed hashes: of the key, and of method, path and body.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, Method, Uri, request::Parts};

use super::auth::Caller;
use super::problem::{FieldError, Problem};
use crate::app::App;
use crate::store::Transaction;
use crate::store::crypt::{Purpose, Sealer};
use crate::store::transactions::once::{Claim, Once};

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

/// The caller's key with what it was sent for; without a key every claim is `None`.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Option<Hashes>);

#[derive(Debug, Clone)]
struct Hashes {
    key: [u8; 32],
    request: [u8; 32],
}

impl IdempotencyKey {
    pub(in crate::http) fn of(
        headers: &HeaderMap,
        method: &Method,
        uri: &Uri,
        body: &[u8],
        app: &App,
    ) -> Result<Self, Problem> {
        let Some(given) = headers.get(HEADER) else { return Ok(Self(None)) };
        let wrong = |detail: &str| Problem::invalid(FieldError::parameter("Idempotency-Key", detail));
        let given = given.to_str().map_err(|_| wrong("must be visible ASCII"))?;
        if given.is_empty() || given.len() > LONGEST {
            return Err(wrong("must have 1 to 255 characters"));
        }
        let hash_key = app.sealer.hash_key(Purpose::Idempotency);
        let key = *blake3::keyed_hash(&hash_key, given.as_bytes()).as_bytes();
        let path = uri.path_and_query().map_or_else(|| uri.path(), |whole| whole.as_str());
        let path = path.strip_prefix("/api/v1").or_else(|| path.strip_prefix("/api")).unwrap_or(path);
        let mut hasher = blake3::Hasher::new_keyed(&hash_key);
        for part in [method.as_str().as_bytes(), path.as_bytes(), body] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        Ok(Self(Some(Hashes { key, request: *hasher.finalize().as_bytes() })))
    }

    /// The same key with a further part of the request: the hash of an uploaded file, the options beside it.
    #[must_use]
    pub fn over(self, sealer: &Sealer, further: &[u8]) -> Self {
        Self(self.0.map(|hashes| {
            let mut hasher = blake3::Hasher::new_keyed(&sealer.hash_key(Purpose::Idempotency));
            hasher.update(&hashes.request).update(further);
            Hashes { request: *hasher.finalize().as_bytes(), ..hashes }
        }))
    }

    /// `transaction`, to be run once for this key; `status` is what its success answers.
    pub fn once<T: Transaction>(
        &self,
        caller: &Caller,
        status: u16,
        transaction: T,
        location: fn(&T::Out) -> Option<String>,
    ) -> Once<T> {
        Once { claim: self.claim(caller, status), inner: transaction, location }
    }

    pub fn claim(&self, caller: &Caller, status: u16) -> Option<Claim> {
        self.0.as_ref().map(|hashes| Claim {
            scope: caller.scope,
            key_hash: hashes.key,
            request_hash: hashes.request,
            status,
            at: caller.origin.at,
        })
    }
}

/// For requests whose body is not JSON (multipart): without the body, which is added by [`IdempotencyKey::over`].
impl FromRequestParts<Arc<App>> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let uri =
            parts.extensions.get::<axum::extract::OriginalUri>().map_or_else(|| parts.uri.clone(), |uri| uri.0.clone());
        Self::of(&parts.headers, &parts.method, &uri, &[], app)
    }
}
