//! Idempotency: the record is written in the transaction whose effect it stands for.

use std::time::Duration;

use crate::domain::time::Time;
use crate::store::records::idempotency::IdempotencyRecord;
use crate::store::tables::Idempotency;
use crate::store::{Reads, Refusal, Reject, Transaction, Tx, WorkspaceScope};

/// How long an idempotency key is remembered.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 3_600);

/// What the caller of a POST claims with its `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct Claim {
    pub scope: WorkspaceScope,
    /// Keyed hash of the key the caller sent.
    pub key_hash: [u8; 32],
    /// Keyed hash of method, path and body.
    pub request_hash: [u8; 32],
    /// The status a success answers.
    pub status: u16,
    pub at: Time,
}

/// Runs `inner` unless the claim was seen before.
pub struct Once<T: Transaction> {
    pub claim: Option<Claim>,
    pub inner: T,
    /// The `Location` of what was made.
    pub location: fn(&T::Out) -> Option<String>,
}

/// First run or replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnceOut<T> {
    Done(T),
    /// The same request was served before.
    Replayed {
        status: u16,
        location: Option<String>,
    },
}

impl<T: Transaction> Transaction for Once<T> {
    type Out = OnceOut<T::Out>;
    const NAME: &'static str = T::NAME;

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Refusal> {
        let Some(claim) = &self.claim else { return self.inner.apply(tx).map(OnceOut::Done) };
        let seen = tx
            .get::<Idempotency>(&claim.scope, (claim.key_hash,))?
            .filter(|seen| claim.at.since(seen.at) < REMEMBERED_FOR);
        if let Some(seen) = seen {
            if seen.request_hash != claim.request_hash {
                return Err(Reject::IdempotencyMismatch.into());
            }
            return Ok(OnceOut::Replayed { status: seen.status, location: seen.location });
        }
        let out = self.inner.apply(tx)?;
        let record = IdempotencyRecord {
            request_hash: claim.request_hash,
            status: claim.status,
            location: (self.location)(&out),
            at: claim.at,
        };
        tx.put::<Idempotency>(&claim.scope, (claim.key_hash,), &record)?;
        Ok(OnceOut::Done(out))
    }
}
