//! Cursors: where the next page begins, in a form that only we can write.
//!
//! A cursor is base64url of a keyed hash (16 bytes) and a JSON value. The hash covers the workspace and the listing
//! (route, order, filters), so that a cursor of another listing is a bad request and not a wrong page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codes::Code;
use super::problem::Problem;
use crate::store::WorkspaceScope;
use crate::store::crypt::{Purpose, Sealer};

const MAC: usize = 16;

/// Writes and reads cursors.
pub struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    pub fn new(sealer: &Sealer) -> Self {
        Self { key: sealer.hash_key(Purpose::Cursors) }
    }

    /// `listing` names route, order and filters; `place` is the key of the last row of the page.
    ///
    /// # Errors
    /// When `place` is no JSON.
    pub fn write(&self, scope: &WorkspaceScope, listing: &str, place: &impl Serialize) -> Result<String, Problem> {
        let place = serde_json::to_vec(place).map_err(Problem::internal)?;
        let mut bytes = self.mac(scope, listing, &place).to_vec();
        bytes.extend_from_slice(&place);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// # Errors
    /// `INVALID_CURSOR` when it was not written for this workspace and listing.
    pub fn read<P: DeserializeOwned>(&self, scope: &WorkspaceScope, listing: &str, text: &str) -> Result<P, Problem> {
        self.open(scope, listing, text).ok_or_else(|| Problem::new(Code::InvalidCursor))
    }

    fn open<P: DeserializeOwned>(&self, scope: &WorkspaceScope, listing: &str, text: &str) -> Option<P> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (mac, place) = bytes.split_at_checked(MAC)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(mac, &self.mac(scope, listing, place)[..])) {
            return None;
        }
        serde_json::from_slice(place).ok()
    }

    fn mac(&self, scope: &WorkspaceScope, listing: &str, place: &[u8]) -> [u8; MAC] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(scope.workspace().to_string().as_bytes());
        hasher.update(&(listing.len() as u64).to_le_bytes()).update(listing.as_bytes()).update(place);
        let mut mac = [0; MAC];
        hasher.finalize_xof().fill(&mut mac);
        mac
    }
}
