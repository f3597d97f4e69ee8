//! The undo log of a write transaction: the old value of every key written since the first mark.
//!
//! Kept in one byte buffer, so that a bulk transaction of a hundred thousand writes makes a handful of allocations.

use super::{Mark, TableId};

/// What a key held before a write.
struct Step {
    table: TableId,
    key_len: usize,
    /// Bytes of the old value; `None` when the key was not there.
    old_len: Option<usize>,
}

/// Old values, newest last. Empty and idle until the first mark is asked for: a transaction that never marks pays nothing.
#[derive(Default)]
pub(super) struct UndoLog {
    recording: bool,
    steps: Vec<Step>,
    /// The key and old value of each step, one after the other.
    bytes: Vec<u8>,
}

/// One write to take back.
pub(super) struct Undone {
    pub table: TableId,
    pub key: Vec<u8>,
    pub old: Option<Vec<u8>>,
}

impl UndoLog {
    pub fn mark(&mut self) -> Mark {
        self.recording = true;
        Mark(self.steps.len())
    }

    /// Notes what `key` held before the write that just happened.
    pub fn record(&mut self, table: TableId, key: &[u8], old: Option<&[u8]>) {
        if !self.recording {
            return;
        }
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(old.unwrap_or_default());
        self.steps.push(Step { table, key_len: key.len(), old_len: old.map(<[u8]>::len) });
    }

    /// The newest write after `mark`, taken off the log; `None` when all are taken back.
    pub fn pop(&mut self, mark: Mark) -> Option<Undone> {
        if self.steps.len() <= mark.0 {
            return None;
        }
        let step = self.steps.pop()?;
        let old = step.old_len.map(|len| self.bytes.split_off(self.bytes.len() - len));
        let key = self.bytes.split_off(self.bytes.len() - step.key_len);
        Some(Undone { table: step.table, key, old })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_back_newest_first_and_stop_at_the_mark() {
        let mut log = UndoLog::default();
        log.record(TableId(0), b"before any mark", None);
        let outer = log.mark();
        log.record(TableId(0), b"a", None);
        log.record(TableId(1), b"b", Some(b""));
        let inner = log.mark();
        log.record(TableId(2), b"", Some(b"value"));

        let last = log.pop(inner).expect("one step after the inner mark");
        assert_eq!((last.table, last.key.as_slice(), last.old.as_deref()), (TableId(2), &b""[..], Some(&b"value"[..])));
        assert!(log.pop(inner).is_none());
        let second = log.pop(outer).expect("two steps after the outer mark");
        assert_eq!((second.key.as_slice(), second.old.as_deref()), (&b"b"[..], Some(&b""[..])));
        let first = log.pop(outer).expect("one step left");
        assert_eq!((first.key.as_slice(), first.old.as_deref()), (&b"a"[..], None));
        assert!(log.pop(outer).is_none(), "what came before the first mark is not in the log");
    }
}
