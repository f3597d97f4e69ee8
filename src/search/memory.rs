//! What searches remember between one another: derived from segments, which never change, and given up when they go.
//!
//! Nothing kept here is an answer by itself. What belongs to a segment (documents of a set of terms, the texts of a
//! field, the numbers of its values) covers all workspaces and is only ever intersected with a scope; counts of facets
//! are kept under the whole question, its workspace and lists included.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::BitSet;
use tantivy::index::SegmentId;

use super::facet::Facets;
use super::haystack::Haystack;
use super::numbering::Numbering;

/// The most bytes that are kept. A million e-mails as texts to look inside take 30 MB.
const MAX_BYTES: usize = 64 << 20;

/// What something kept belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Documents of a segment whose field has one of some terms; the bytes say which.
    Documents(SegmentId, Vec<u8>),
    /// The texts of a field in a segment behind some lead-in.
    Texts(SegmentId, Vec<u8>),
    /// The numbers that the values of a field have in all segments.
    Numbers(String),
    /// The facets of a question asked of exactly these segments.
    Facets([u8; 32]),
}

impl Key {
    fn segment(&self) -> Option<SegmentId> {
        match self {
            Self::Documents(segment, _) | Self::Texts(segment, _) => Some(*segment),
            Self::Numbers(_) | Self::Facets(_) => None,
        }
    }
}

#[derive(Clone)]
pub enum Kept {
    Documents(Arc<BitSet>),
    Texts(Arc<Haystack>),
    Numbers(Arc<Mutex<Numbering>>),
    Facets(Arc<Facets>),
}

struct Entry {
    kept: Kept,
    bytes: usize,
    used: u64,
}

#[derive(Default)]
struct Shelf {
    entries: HashMap<Key, Entry>,
    bytes: usize,
    /// Counts uses, so that the longest unused entry is known.
    uses: u64,
}

/// Shared by all clones of an index.
#[derive(Default)]
pub struct Memory(Mutex<Shelf>);

impl Memory {
    pub fn get(&self, key: &Key) -> Option<Kept> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.uses += 1;
        let used = shelf.uses;
        let entry = shelf.entries.get_mut(key)?;
        entry.used = used;
        Some(entry.kept.clone())
    }

    /// Keeps something of about `bytes` bytes; what was not used for longest makes room.
    pub fn keep(&self, key: Key, kept: Kept, bytes: usize) {
        if bytes > MAX_BYTES / 2 {
            return;
        }
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.uses += 1;
        let entry = Entry { kept, bytes, used: shelf.uses };
        shelf.bytes += bytes;
        if let Some(before) = shelf.entries.insert(key, entry) {
            shelf.bytes -= before.bytes;
        }
        while shelf.bytes > MAX_BYTES {
            let oldest = shelf.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let Some(entry) = oldest.and_then(|key| shelf.entries.remove(&key)) else { break };
            shelf.bytes -= entry.bytes;
        }
    }

    /// Lets go of everything about segments that are no more, and of all facets: the question is another one now.
    pub fn only_of(&self, segments: &[SegmentId]) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.entries.retain(|key, _| match key.segment() {
            Some(segment) => segments.contains(&segment),
            None => matches!(key, Key::Numbers(_)),
        });
        shelf.bytes = shelf.entries.values().map(|entry| entry.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(number: u8) -> Key {
        Key::Documents(SegmentId::from_uuid_string("0123456789abcdef0123456789abcdef").unwrap(), vec![number])
    }

    #[test]
    fn the_longest_unused_makes_room() {
        let memory = Memory::default();
        let kept = || Kept::Documents(Arc::new(BitSet::with_max_value(8)));
        for number in 0..4 {
            memory.keep(documents(number), kept(), MAX_BYTES / 4);
        }
        assert!(memory.get(&documents(0)).is_some());
        memory.keep(documents(4), kept(), MAX_BYTES / 4);
        let there: Vec<bool> = (0..5).map(|number| memory.get(&documents(number)).is_some()).collect();
        assert_eq!(there, [true, false, true, true, true]);
        memory.keep(documents(9), kept(), MAX_BYTES);
        assert!(memory.get(&documents(9)).is_none());
        memory.only_of(&[]);
        assert!(memory.get(&documents(0)).is_none());
    }
}
