//! One number for a value in all segments.
//!
//! Every segment numbers the values of a column for itself. To add up counts of many values over segments they need a
//! number in common; comparing the texts themselves takes a second where there are a million of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

use tantivy::columnar::StrColumn;
use tantivy::index::SegmentId;

/// The numbers of one column's values. Two values have one number only if a keyed hash of 64 bits is the same: for a
/// million values one chance in thirty million.
#[derive(Default)]
pub struct Numbering {
    hash: RandomState,
    numbers: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    segments: HashMap<SegmentId, Arc<[u32]>>,
}

impl Numbering {
    /// For each segment the numbers of its values, in their order there; and below which all numbers lie.
    pub fn of(&mut self, columns: &[(SegmentId, &StrColumn)]) -> tantivy::Result<(Vec<Arc<[u32]>>, usize)> {
        self.segments.retain(|known, _| columns.iter().any(|(segment, _)| segment == known));
        let living: usize = columns.iter().map(|(_, column)| column.num_terms()).sum();
        if self.numbers.len() > 2 * living + 10_000 {
            self.numbers.clear();
            self.segments.clear();
        }
        let mut all = Vec::with_capacity(columns.len());
        for (segment, column) in columns {
            let numbers = match self.segments.get(segment) {
                Some(numbers) => Arc::clone(numbers),
                None => {
                    let numbers = self.number(column)?;
                    self.segments.insert(*segment, Arc::clone(&numbers));
                    numbers
                }
            };
            all.push(numbers);
        }
        Ok((all, self.numbers.len()))
    }

    fn number(&mut self, column: &StrColumn) -> tantivy::Result<Arc<[u32]>> {
        let mut numbers = Vec::with_capacity(column.num_terms());
        let mut values = column.dictionary().stream()?;
        while values.advance() {
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            numbers.push(*self.numbers.entry(self.hash.hash_one(values.key())).or_insert(next));
        }
        Ok(numbers.into())
    }

    pub fn bytes(&self) -> usize {
        let numbers: usize = self.segments.values().map(|numbers| 4 * numbers.len()).sum();
        numbers + self.numbers.capacity() * 17
    }
}

/// For keys that are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
