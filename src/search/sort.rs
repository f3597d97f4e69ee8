//! Orders of results: by columns, ties broken by the newest lead, leads without a value last in either direction.

use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn, TermOrdHit};

use super::error::QueryError;
use super::field::{Kind, SearchField};

pub const MAX_SORT_KEYS: usize = 3;

/// The place of a lead among the leads of one segment: the sort keys, then the tie-breaker. Smaller comes first.
pub type Place = [u64; MAX_SORT_KEYS + 1];

const ABSENT: u64 = u64::MAX;
const LARGEST: u64 = u64::MAX - 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// One key of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    pub field: SearchField,
    pub direction: Direction,
}

impl Sort {
    pub fn ascending(field: SearchField) -> Self {
        Self { field, direction: Direction::Ascending }
    }

    pub fn descending(field: SearchField) -> Self {
        Self { field, direction: Direction::Descending }
    }

    pub(super) fn check(sorts: &[Self]) -> Result<(), QueryError> {
        if sorts.len() > MAX_SORT_KEYS {
            return Err(QueryError::TooManySortKeys { max: MAX_SORT_KEYS });
        }
        let unsortable = sorts.iter().find(|sort| !sort.is_number() && !sort.field.has_text_column());
        match unsortable {
            Some(sort) => Err(QueryError::UnsortableField { field: sort.field.to_string() }),
            None => Ok(()),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self.field.kind(), Kind::Number | Kind::Time)
    }
}

/// A sort key of a lead that means the same in every segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Key {
    #[serde(rename = "n")]
    Number(i64),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "-")]
    Absent,
}

impl Key {
    /// Absent comes last in both directions.
    pub fn compare(&self, other: &Self, direction: Direction) -> std::cmp::Ordering {
        match (self, other, direction) {
            (Self::Absent, _, _) | (_, Self::Absent, _) | (_, _, Direction::Ascending) => self.cmp(other),
            (_, _, Direction::Descending) => other.cmp(self),
        }
    }
}

/// The column of a sort key in one segment.
pub struct SortColumn {
    values: Values,
    direction: Direction,
}

enum Values {
    Number(Column<i64>),
    Text(StrColumn),
    /// No lead of the segment has a value.
    None,
}

impl SortColumn {
    pub fn open(sort: &Sort, segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        let values = if sort.is_number() {
            columns.column_opt::<i64>(&sort.field.column())?.map_or(Values::None, Values::Number)
        } else {
            columns.str(&sort.field.column())?.map_or(Values::None, Values::Text)
        };
        Ok(Self { values, direction: sort.direction })
    }

    pub fn rank(&self, document: u32) -> u64 {
        let value = match &self.values {
            Values::Number(column) => column.first(document).map(tantivy::i64_to_u64),
            Values::Text(column) => column.ords().first(document).map(between_neighbours),
            Values::None => None,
        };
        value.map_or(ABSENT, |value| self.directed(value))
    }

    /// The ranks of a block of documents.
    pub fn ranks(&self, documents: &[u32], ranks: &mut [u64]) {
        match &self.values {
            Values::Number(column) => {
                let mut values = vec![None; documents.len()];
                column.first_vals(documents, &mut values);
                let values = values.into_iter().map(|value| value.map(tantivy::i64_to_u64));
                ranks
                    .iter_mut()
                    .zip(values)
                    .for_each(|(rank, value)| *rank = value.map_or(ABSENT, |value| self.directed(value)));
            }
            Values::Text(column) => {
                let mut values = vec![None; documents.len()];
                column.ords().first_vals(documents, &mut values);
                let values = values.into_iter().map(|value| value.map(between_neighbours));
                ranks
                    .iter_mut()
                    .zip(values)
                    .for_each(|(rank, value)| *rank = value.map_or(ABSENT, |value| self.directed(value)));
            }
            Values::None => ranks.fill(ABSENT),
        }
    }

    /// Where a key of another segment would stand in this one.
    pub fn rank_of(&self, key: &Key) -> tantivy::Result<u64> {
        Ok(match (key, &self.values) {
            (Key::Number(number), Values::Number(_)) => self.directed(tantivy::i64_to_u64(*number)),
            (Key::Text(text), Values::Text(column)) => {
                self.directed(match column.dictionary().term_ord_or_next(text)? {
                    TermOrdHit::Exact(ordinal) => 2 * ordinal + 1,
                    TermOrdHit::Next(ordinal) => ordinal.saturating_mul(2),
                })
            }
            (Key::Absent, _) => ABSENT,
            // All leads of this segment lack the value and come after every key that is one.
            _ => LARGEST,
        })
    }

    fn directed(&self, value: u64) -> u64 {
        match self.direction {
            Direction::Ascending => value.min(LARGEST),
            Direction::Descending => LARGEST - value.min(LARGEST),
        }
    }

    /// The keys behind `ranks`, in the same order.
    pub fn keys(&self, ranks: &[u64]) -> tantivy::Result<Vec<Key>> {
        let value = |rank: u64| match self.direction {
            _ if rank == ABSENT => None,
            Direction::Ascending => Some(rank),
            Direction::Descending => Some(LARGEST - rank),
        };
        let column = match &self.values {
            Values::Text(column) => column,
            _ => {
                let number = |rank| value(rank).map_or(Key::Absent, |value| Key::Number(tantivy::u64_to_i64(value)));
                return Ok(ranks.iter().copied().map(number).collect());
            }
        };
        // Neighbouring texts share a block of the dictionary: resolve each once, in order.
        let mut ordinals: Vec<u64> = ranks.iter().filter_map(|rank| value(*rank)).map(|odd| odd / 2).collect();
        ordinals.sort_unstable();
        ordinals.dedup();
        let texts = texts_of(column, &ordinals)?;
        let text = |rank: u64| {
            let place = value(rank).and_then(|odd| ordinals.binary_search(&(odd / 2)).ok());
            place.and_then(|place| texts.get(place)).map_or(Key::Absent, |text| Key::Text(text.clone()))
        };
        Ok(ranks.iter().copied().map(text).collect())
    }
}

/// Odd, so that a text which is not in this segment fits between two that are.
fn between_neighbours(ordinal: u64) -> u64 {
    2 * ordinal + 1
}

/// The texts of sorted ordinals.
pub fn texts_of(column: &StrColumn, ordinals: &[u64]) -> tantivy::Result<Vec<String>> {
    let mut texts = Vec::with_capacity(ordinals.len());
    column
        .dictionary()
        .sorted_ords_to_term_cb(ordinals, |bytes| texts.push(String::from_utf8_lossy(bytes).into_owned()))?;
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_last_in_both_directions() {
        let (one, two) = (Key::Text("a".into()), Key::Text("b".into()));
        for direction in [Direction::Ascending, Direction::Descending] {
            assert!(one.compare(&Key::Absent, direction).is_lt());
            assert!(Key::Absent.compare(&two, direction).is_gt());
        }
        assert!(one.compare(&two, Direction::Ascending).is_lt());
        assert!(one.compare(&two, Direction::Descending).is_gt());
    }
}
