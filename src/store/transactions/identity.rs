//! Writing the identity index from memory to its table.

use crate::domain::id::WorkspaceId;
use crate::store::WorkspaceScope;
use crate::store::records::outbox::{Checkpoint, Lane};
use crate::store::tables::{Consumers, Identity};
use crate::store::{Refusal, Store, Transaction, Tx, outbox};

/// Writes the next slice of identity changes in key order, with the checkpoint when it was the last of its freeze.
pub struct FlushIdentity {
    pub store: Store,
    /// The most changes of one slice.
    pub most: usize,
}

/// What a flush wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flushed {
    pub changes: usize,
    /// Nothing is left of what had been frozen.
    pub finished: bool,
}

/// How many changes are written between two looks at the clock.
const STRIDE: usize = 256;

impl Transaction for FlushIdentity {
    type Out = Flushed;
    const NAME: &'static str = "identity.flush";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Flushed, Refusal> {
        let Some(slice) = self.store.identity_slice(tx.seq(), self.most) else {
            return Ok(Flushed { changes: 0, finished: true });
        };
        let mut done = 0;
        for stride in slice.changes.chunks(STRIDE) {
            if done > 0 && tx.time_is_up() {
                break;
            }
            for change in stride {
                let scope = scope_of(change.key.workspace);
                if change.present {
                    tx.put::<Identity>(&scope, change.rest(), &())?;
                } else {
                    tx.remove::<Identity>(&scope, change.rest())?;
                }
            }
            done += stride.len();
        }
        let written = slice.written - slice.changes.len() + done;
        let finished = done == slice.changes.len() && slice.through.is_some();
        if let (true, Some(through)) = (finished, slice.through) {
            let before = outbox::checkpoint(tx, outbox::IDENTITY)?;
            let reached = Lane::BOTH.iter().fold(before, |mut reached: Checkpoint, lane| {
                reached.set(*lane, through.max(before.of(*lane)));
                reached
            });
            tx.put_install::<Consumers>((outbox::IDENTITY.to_owned(),), &reached)?;
        }
        let store = self.store.clone();
        tx.after_commit(move || store.identity_written(written));
        Ok(Flushed { changes: done, finished })
    }
}

fn scope_of(workspace: WorkspaceId) -> WorkspaceScope {
    WorkspaceScope::of(workspace)
}
