//! Noting how far a consumer of the outbox has come, and trimming what all have passed.

use std::ops::ControlFlow;

use crate::store::engine::Order;
use crate::store::records::outbox::{Checkpoint, Lane};
use crate::store::tables::{Consumers, InstallTable, Outbox};
use crate::store::{Reads, Refusal, Transaction, Tx, outbox};

/// Notes the checkpoint of a consumer. It only ever rises.
#[derive(Debug, Clone)]
pub struct SetCheckpoint {
    pub consumer: &'static str,
    pub reached: Checkpoint,
}

impl Transaction for SetCheckpoint {
    type Out = ();
    const NAME: &'static str = "outbox.checkpoint";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let mut checkpoint = outbox::checkpoint(tx, self.consumer)?;
        for lane in Lane::BOTH {
            checkpoint.set(lane, self.reached.of(lane).max(checkpoint.of(lane)));
        }
        Ok(tx.put_install::<Consumers>((self.consumer.to_owned(),), &checkpoint)?)
    }
}

/// Removes entries that every consumer has passed; the rest of what is due stays for the next time.
///
/// Beyond `max_entries` the search index is passed over: it notices that and is built anew. The identity index never is,
/// because bulk work waits for it long before.
#[derive(Debug, Clone)]
pub struct TrimOutbox {
    /// The most entries removed at once.
    pub most: usize,
    /// The most entries kept for a consumer that fell behind.
    pub max_entries: u64,
}

impl Transaction for TrimOutbox {
    /// How many were removed.
    type Out = usize;
    const NAME: &'static str = "outbox.trim";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<usize, Refusal> {
        let identity = outbox::checkpoint(tx, outbox::IDENTITY)?;
        let mut passed = Checkpoint { live: u64::MAX, bulk: u64::MAX };
        for consumer in outbox::CONSUMERS {
            let reached = outbox::checkpoint(tx, consumer)?;
            for lane in Lane::BOTH {
                passed.set(lane, passed.of(lane).min(reached.of(lane)));
            }
        }
        let entries = tx.raw().len(Outbox::ID)?;
        // What is too much is taken even from those who have not passed it.
        let mut beyond = usize::try_from(entries.saturating_sub(self.max_entries)).unwrap_or(usize::MAX);
        let mut due = Vec::new();
        for lane in Lane::BOTH {
            tx.scan_install::<Outbox>(&(lane as u8,), Order::Ascending, &mut |(lane_byte, seq), _| {
                let is_over = beyond > 0 && seq <= identity.of(lane);
                if due.len() >= self.most || (seq > passed.of(lane) && !is_over) {
                    return ControlFlow::Break(());
                }
                beyond = beyond.saturating_sub(1);
                due.push((lane, lane_byte, seq));
                ControlFlow::Continue(())
            })?;
        }
        let mut trimmed = outbox::checkpoint(tx, outbox::TRIMMED)?;
        let mut removed = 0;
        for (lane, lane_byte, seq) in due {
            if removed > 0 && tx.time_is_up() {
                break;
            }
            tx.remove_install::<Outbox>((lane_byte, seq))?;
            trimmed.set(lane, seq.max(trimmed.of(lane)));
            removed += 1;
        }
        if removed > 0 {
            tx.put_install::<Consumers>((outbox::TRIMMED.to_owned(),), &trimmed)?;
        }
        Ok(removed)
    }
}
