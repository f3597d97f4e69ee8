//! What a user changed of a file before its import: beside the import and not in it, because it can be large, holds values
//! about persons, and goes with the original rows.

use minicbor::{Decode, Encode};

use crate::store::record::records;

/// How many corrections, and how many dropped rows, one import takes.
pub const MAX_EDITS: usize = 10_000;

/// A value that stands for what a row has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Correction {
    /// 1 for the first record below the header.
    #[n(0)]
    pub row: u64,
    /// A field name of the API, or `customFields.…`.
    #[n(1)]
    #[cbor(default)]
    pub field: String,
    /// Empty: the row has none.
    #[n(2)]
    #[cbor(default)]
    pub value: String,
}

/// Everything that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ImportEdits {
    /// By row; one for each row and field.
    #[n(0)]
    #[cbor(default)]
    pub corrections: Vec<Correction>,
    /// Rows left out, ascending; 1 for the first record below the header.
    #[n(1)]
    #[cbor(default)]
    pub dropped: Vec<u64>,
}

impl ImportEdits {
    /// Sorted, each row once, and of two corrections of one value the later.
    pub fn new(mut corrections: Vec<Correction>, mut dropped: Vec<u64>) -> Self {
        corrections.reverse();
        corrections.sort_by(|left, right| (left.row, &left.field).cmp(&(right.row, &right.field)));
        corrections.dedup_by(|next, kept| (next.row, &next.field) == (kept.row, &kept.field));
        dropped.sort_unstable();
        dropped.dedup();
        Self { corrections, dropped }
    }

    pub fn is_empty(&self) -> bool {
        self.corrections.is_empty() && self.dropped.is_empty()
    }

    /// The corrections of a row.
    pub fn of_row(&self, row: u64) -> &[Correction] {
        let first = self.corrections.partition_point(|correction| correction.row < row);
        let count = self.corrections[first..].partition_point(|correction| correction.row == row);
        &self.corrections[first..first + count]
    }

    pub fn drops(&self, row: u64) -> bool {
        self.dropped.binary_search(&row).is_ok()
    }

    /// The last row that is named.
    pub fn last_row(&self) -> u64 {
        let corrected = self.corrections.last().map_or(0, |correction| correction.row);
        corrected.max(self.dropped.last().copied().unwrap_or(0))
    }
}

records!(ImportEdits);

#[cfg(test)]
mod tests {
    use super::*;

    fn correction(row: u64, field: &str, value: &str) -> Correction {
        Correction { row, field: field.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn the_later_of_two_corrections_counts_and_rows_are_found() {
        let given = vec![
            correction(7, "email", "a"),
            correction(2, "city", "b"),
            correction(7, "email", "c"),
            correction(7, "city", "d"),
        ];
        let edits = ImportEdits::new(given, vec![9, 3, 9]);
        assert_eq!(edits.of_row(7), [correction(7, "city", "d"), correction(7, "email", "c")]);
        assert_eq!(edits.of_row(2), [correction(2, "city", "b")]);
        assert_eq!((edits.of_row(1).len(), edits.of_row(8).len(), edits.last_row()), (0, 0, 9));
        assert!(edits.drops(3) && edits.drops(9) && !edits.drops(7));
    }
}
