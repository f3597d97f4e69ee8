//! Query parameters, told by name where they are wrong.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::body::{missing_field, without_value};
use super::problem::{FieldError, Problem};
use crate::app::App;

/// What axum says in front of the place and the reason.
const PREFIX: &str = "Failed to deserialize query string: ";

pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &Arc<App>) -> Result<Self, Problem> {
        let read = axum::extract::Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let message = rejection.body_text();
            let message = message.strip_prefix(PREFIX).unwrap_or(&message);
            let (name, detail) = match missing_field(message) {
                Some(name) => (name, message),
                None => message.split_once(": ").unwrap_or(("", message)),
            };
            Problem::invalid(FieldError::parameter(name, without_value(detail)))
        })?;
        Ok(Self(read.0))
    }
}

/// `limit`: how many rows a page has, 1 to 500, 50 when nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub usize);

impl Limit {
    pub const MOST: usize = 500;
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = usize::deserialize(deserializer)?;
        if (1..=Self::MOST).contains(&limit) {
            return Ok(Self(limit));
        }
        Err(serde::de::Error::custom("must be 1 to 500"))
    }
}
