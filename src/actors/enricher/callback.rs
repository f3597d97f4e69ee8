//! Addresses that providers may ring when they are done.
//!
//! The address holds, sealed, which call it is for: nobody can make one up, and nothing has to be kept for it. What is said
//! there is not believed: the provider is asked again, which is what happens later without a ring.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::deps::Random;
use crate::domain::id::{AttemptId, Id, ItemId, JobId, WorkspaceId};
use crate::store::crypt::{Purpose, Sealer};

const CONTEXT: &[u8] = b"callback";

/// The call that an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    pub workspace: WorkspaceId,
    pub job: JobId,
    pub item: ItemId,
    pub attempt: AttemptId,
}

/// Makes and reads the addresses. Cheap to clone.
#[derive(Clone)]
pub struct Callbacks {
    sealer: Arc<Sealer>,
    /// `https://…` of this server, without a slash at its end; `None`: nobody can reach it.
    base: Option<Arc<str>>,
}

impl Callbacks {
    /// `public_url`: `server.public_url`; vendors ring `https` only.
    pub fn new(sealer: Arc<Sealer>, public_url: Option<&str>) -> Self {
        let base = public_url.filter(|url| url.starts_with("https://")).map(|url| url.trim_end_matches('/').into());
        Self { sealer, base }
    }

    pub fn can_be_rung(&self) -> bool {
        self.base.is_some()
    }

    pub fn address(&self, rung: &Rung, random: &dyn Random) -> Option<String> {
        let base = self.base.as_ref()?;
        Some(format!("{base}/callbacks/{}", self.token(rung, random)?))
    }

    /// The last part of the address.
    pub fn token(&self, rung: &Rung, random: &dyn Random) -> Option<String> {
        let ids = [rung.workspace.as_u64(), rung.job.as_u64(), rung.item.as_u64(), rung.attempt.as_u64()];
        let plain: Vec<u8> = ids.iter().flat_map(|id| id.to_be_bytes()).collect();
        let sealed = self.sealer.seal(Purpose::Cursors, CONTEXT, &plain, random).ok()?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What a token is for; nothing for one that is not ours.
    pub fn read(&self, token: &str) -> Option<Rung> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = self.sealer.open(Purpose::Cursors, CONTEXT, &sealed).ok()?;
        let mut ids = plain.chunks_exact(8).map(|bytes| bytes.try_into().map(u64::from_be_bytes));
        let mut next = || ids.next()?.ok();
        Some(Rung {
            workspace: WorkspaceId::from_u64(next()?),
            job: JobId::from_u64(next()?),
            item: ItemId::from_u64(next()?),
            attempt: AttemptId::from_u64(next()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deps::SeededRandom;
    use crate::store::crypt::DataKey;

    #[test]
    fn an_address_is_read_back_and_cannot_be_made_up() {
        let random = SeededRandom::new(1);
        let sealer = || Arc::new(Sealer::new(&DataKey::generate(&random)));
        let callbacks = Callbacks::new(sealer(), Some("https://galena.example/"));
        let rung = Rung {
            workspace: WorkspaceId::from_u64(1),
            job: JobId::from_u64(2),
            item: ItemId::from_u64(3),
            attempt: AttemptId::from_u64(4),
        };
        let address = callbacks.address(&rung, &random).expect("it can be rung");
        let token = address.strip_prefix("https://galena.example/callbacks/").expect("the address of the server");
        assert_eq!(callbacks.read(token), Some(rung));
        assert_eq!(Callbacks::new(sealer(), None).read(token), None, "sealed by another");
        assert_eq!(callbacks.read(&token[1..]), None);
        assert!(!Callbacks::new(sealer(), Some("http://galena.example")).can_be_rung());
    }
}
