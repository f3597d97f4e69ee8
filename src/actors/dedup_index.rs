//! DedupIndex: writes the identity index from memory to its table, in key order.
//!
//! Owns: nothing but the decision when to write; the memory belongs to the store, the verdicts to the writer.
//! Receives: `Look`, a wake-up and a timer. Sends: `identity.flush` to the store, as bulk work.
//! Fails by: a failed flush; the changes stay in memory and are written again.
//! Restarts with: what memory holds. After a start memory is hashed again from the rows behind the checkpoint.

use std::time::Duration;

use crate::actors::importer::hands::Hands;
use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn};
use crate::store::transactions::identity::{FlushIdentity, Flushed};
use crate::store::{Store, SubmitError, SystemScope, Urgency};

/// The largest slice of one flush (design 2).
const SLICE: usize = 100_000;
/// Memory above which writing starts at once; below it, it waits for a quiet moment.
const WRITE_AT_BYTES: usize = 36 << 20;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many looks in a row must see no new commit before a quiet moment is one.
const QUIET_LOOKS: u32 = 4;

pub struct DedupIndex {
    store: Store,
    system: SystemScope,
    flushing: bool,
    learning: bool,
    last_seq: u64,
    quiet_looks: u32,
}

/// Time to see whether there is something to write.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl DedupIndex {
    pub fn new(store: Store, system: SystemScope) -> Self {
        Self { store, system, flushing: false, learning: false, last_seq: 0, quiet_looks: 0 }
    }

    /// Look-ups are right without it and faster with it.
    fn learn(&mut self, turn: &mut Turn<Self>) {
        self.learning = true;
        let (store, system) = (self.store.clone(), self.system);
        let work = Hands::Pool.run(move || store.learn_identity_table(system));
        drop(turn.run(work, |role, learned, _| {
            role.learning = false;
            if let Ok(Err(error)) = learned {
                tracing::warn!(%error, "the identity table could not be read through; it is tried again");
            }
        }));
    }

    fn flush(&mut self, turn: &mut Turn<Self>) {
        self.flushing = true;
        let store = self.store.clone();
        let flush = FlushIdentity { store: store.clone(), most: SLICE };
        let work = async move { store.submit(flush, Urgency::Bulk).await.map(|committed| committed.out) };
        drop(turn.run(work, |role, flushed, turn| role.flushed(flushed, turn)));
    }

    fn flushed(&mut self, flushed: Result<Flushed, SubmitError>, turn: &mut Turn<Self>) {
        self.flushing = false;
        match flushed {
            Ok(Flushed { finished: false, .. }) => self.flush(turn),
            Ok(Flushed { finished: true, .. }) => {}
            Err(error) => tracing::warn!(%error, "the identity index was not written; it is tried again"),
        }
    }
}

impl Role for DedupIndex {
    const NAME: &'static str = "dedup_index";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.flushing = false;
        self.learning = false;
        turn.notify(Look);
        Ok(())
    }
}

impl Handle<Look> for DedupIndex {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.alarm(LOOK_EVERY, Look);
        let seq = *self.store.committed().borrow();
        self.quiet_looks = if seq == self.last_seq { self.quiet_looks.saturating_add(1) } else { 0 };
        self.last_seq = seq;
        let due = self.store.identity_bytes() >= WRITE_AT_BYTES
            || (self.quiet_looks >= QUIET_LOOKS && !self.store.identity_is_flushed());
        if due && !self.flushing && !turn.is_stopping() {
            self.flush(turn);
        }
        if !self.learning && !turn.is_stopping() && self.store.identity_table_is_due() {
            self.learn(turn);
        }
        Outcome::now(())
    }
}
