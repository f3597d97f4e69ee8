//! Cursors: where the next page begins, in a form that only we can write and read.
//!
//! A cursor is a sealed JSON value in base64url. It is sealed for the workspace and the listing (route, order, filters),
//! so that a cursor of another listing is a bad request and not a wrong page; and nothing of the row where a page ends
//! (an address, a name) stands in the open in somebody's log of addresses.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codes::Code;
use super::problem::Problem;
use crate::deps::Random;
use crate::store::WorkspaceScope;
use crate::store::crypt::{Purpose, Sealer};

/// Writes and reads cursors.
pub struct Cursors {
    sealer: Arc<Sealer>,
    random: Arc<dyn Random>,
}

impl Cursors {
    pub fn new(sealer: Arc<Sealer>, random: Arc<dyn Random>) -> Self {
        Self { sealer, random }
    }

    /// `listing` names route, order and filters; `place` is the key of the last row of the page.
    ///
    /// # Errors
    /// When `place` is no JSON.
    pub fn write(&self, scope: &WorkspaceScope, listing: &str, place: &impl Serialize) -> Result<String, Problem> {
        let place = serde_json::to_vec(place).map_err(Problem::internal)?;
        let sealed = self.sealer.seal(Purpose::Cursors, &context(scope, listing), &place, &*self.random);
        Ok(URL_SAFE_NO_PAD.encode(sealed.map_err(Problem::internal)?))
    }

    /// # Errors
    /// `INVALID_CURSOR` when it was not written for this workspace and listing.
    pub fn read<P: DeserializeOwned>(&self, scope: &WorkspaceScope, listing: &str, text: &str) -> Result<P, Problem> {
        self.open(scope, listing, text).ok_or_else(|| Problem::new(Code::InvalidCursor))
    }

    fn open<P: DeserializeOwned>(&self, scope: &WorkspaceScope, listing: &str, text: &str) -> Option<P> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let place = self.sealer.open(Purpose::Cursors, &context(scope, listing), &sealed).ok()?;
        serde_json::from_slice(&place).ok()
    }
}

fn context(scope: &WorkspaceScope, listing: &str) -> Vec<u8> {
    format!("{} {listing}", scope.workspace()).into_bytes()
}
