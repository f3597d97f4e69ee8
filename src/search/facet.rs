//! Facets: how often each value of a field occurs among the leads found.
//!
//! Values are counted by their number in a segment, and only the texts of the most frequent ones are looked up.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::columnar::{Column, StrColumn};
use tantivy::index::SegmentId;
use tantivy::{DocId, SegmentReader};

use super::columns::each_value;
use super::field::{Kind, SearchField};
use super::memory::{Kept, Key, Memory};
use super::numbering::Numbering;
use super::schema::{LEAD, LIST};
use super::sort::texts_of;
use crate::domain::id::{Id, LeadId, ListId};

/// The most values listed of one facet.
pub const MAX_FACET_BUCKETS: usize = 100;
/// So many counted values are compared by their texts; more need a number in common.
const FEW_VALUES: usize = 10_000;

/// How often each value of a field occurs among the matching leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facets {
    pub field: SearchField,
    /// The most frequent first, then by value; at most [`MAX_FACET_BUCKETS`].
    pub buckets: Vec<FacetBucket>,
    /// How many values there are, listed or not.
    pub distinct: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetBucket {
    /// Folded; fit for an `eq` filter.
    pub value: String,
    pub count: u64,
    /// One of the leads, whose row shows how the value is spelt.
    pub example: LeadId,
}

/// The counts of one segment.
pub struct SegmentCounts {
    segment: SegmentId,
    leads: Column<u64>,
    values: Values,
}

enum Values {
    Texts(StrColumn, Vec<Counted>),
    /// By the list itself.
    Lists(HashMap<u64, (u64, DocId)>),
    None,
}

/// A value of one segment with its count and one of the documents that have it.
#[derive(Clone, Copy)]
struct Counted {
    value: u32,
    count: u32,
    doc: DocId,
}

impl SegmentCounts {
    pub fn count(field: &SearchField, segment: &SegmentReader, docs: &[DocId]) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        let values = if field.kind() == Kind::List {
            let mut counts = HashMap::new();
            each_value(&columns.u64(LIST)?, docs, |doc, list| counts.entry(list).or_insert((0, doc)).0 += 1);
            Values::Lists(counts)
        } else {
            match columns.str(&field.column())? {
                Some(column) => {
                    let counted = counted(&column, docs);
                    Values::Texts(column, counted)
                }
                None => Values::None,
            }
        };
        Ok(Self { segment: segment.segment_id(), leads: columns.u64(LEAD)?, values })
    }

    fn example(&self, doc: DocId) -> LeadId {
        LeadId::from_u64(self.leads.first(doc).unwrap_or_default())
    }
}

/// The values that occur, in their order.
fn counted(column: &StrColumn, docs: &[DocId]) -> Vec<Counted> {
    if docs.len() < column.num_terms() / 16 {
        let mut pairs = Vec::with_capacity(docs.len());
        each_value(column.ords(), docs, |doc, value| pairs.push((value as u32, doc)));
        pairs.sort_unstable();
        let same = pairs.chunk_by(|left, right| left.0 == right.0);
        return same
            .filter_map(|same| {
                same.first().map(|(value, doc)| Counted { value: *value, count: same.len() as u32, doc: *doc })
            })
            .collect();
    }
    // Count and document in one number: one place of memory is touched, not two.
    let mut slots = vec![0u64; column.num_terms()];
    each_value(column.ords(), docs, |doc, value| {
        if let Some(slot) = slots.get_mut(value as usize) {
            *slot = ((*slot >> 32) + 1) << 32 | u64::from(doc);
        }
    });
    let occurring = (0..).zip(slots).filter(|(_, slot)| *slot > 0);
    occurring.map(|(value, slot)| Counted { value, count: (slot >> 32) as u32, doc: slot as u32 }).collect()
}

/// The counts of all segments as one facet.
pub fn merged(field: SearchField, segments: Vec<SegmentCounts>, memory: &Memory) -> tantivy::Result<Facets> {
    if field.kind() == Kind::List {
        return Ok(lists(field, &segments));
    }
    let texts: Vec<Part<'_>> = segments.iter().filter_map(Part::of).collect();
    let occurring: usize = texts.iter().map(|part| part.counted.len()).sum();
    let numbers = if texts.len() < 2 {
        Numbers::OfTheSegment
    } else if occurring <= FEW_VALUES {
        by_text(&texts)?
    } else {
        numbered(&field, &texts, memory)?
    };
    most_frequent(field, &texts, &numbers)
}

fn lists(field: SearchField, segments: &[SegmentCounts]) -> Facets {
    let mut all: HashMap<u64, (u64, LeadId)> = HashMap::new();
    for segment in segments {
        let Values::Lists(counts) = &segment.values else { continue };
        for (list, (count, doc)) in counts {
            all.entry(*list).or_insert_with(|| (0, segment.example(*doc))).0 += count;
        }
    }
    let distinct = all.len() as u64;
    let bucket = |(list, (count, example)): (u64, (u64, LeadId))| FacetBucket {
        value: ListId::from_u64(list).to_string(),
        count,
        example,
    };
    Facets { field, buckets: ordered(all.into_iter().map(bucket).collect()), distinct }
}

fn ordered(mut buckets: Vec<FacetBucket>) -> Vec<FacetBucket> {
    buckets.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.value.cmp(&right.value)));
    buckets.truncate(MAX_FACET_BUCKETS);
    buckets
}

/// The texts that occur in a segment.
struct Part<'s> {
    counts: &'s SegmentCounts,
    column: &'s StrColumn,
    counted: &'s [Counted],
}

impl<'s> Part<'s> {
    fn of(counts: &'s SegmentCounts) -> Option<Self> {
        match &counts.values {
            Values::Texts(column, counted) if !counted.is_empty() => Some(Self { counts, column, counted }),
            _ => None,
        }
    }

    fn texts(&self, counted: &[Counted]) -> tantivy::Result<Vec<String>> {
        let values: Vec<u64> = counted.iter().map(|counted| u64::from(counted.value)).collect();
        texts_of(self.column, &values)
    }
}

/// The numbers that values have in common over the segments.
enum Numbers {
    /// There is one segment.
    OfTheSegment,
    /// By segment, then by the place among the counted.
    ByPlace(Vec<Vec<u32>>, usize),
    /// By segment, then by the value there.
    ByValue(Vec<Arc<[u32]>>, usize),
}

impl Numbers {
    fn of(&self, segment: usize, place: usize, counted: Counted) -> usize {
        let number = match self {
            Self::OfTheSegment => Some(counted.value),
            Self::ByPlace(numbers, _) => numbers[segment].get(place).copied(),
            Self::ByValue(numbers, _) => numbers[segment].get(counted.value as usize).copied(),
        };
        number.map_or(0, |number| number as usize)
    }

    fn end(&self, parts: &[Part<'_>]) -> usize {
        match self {
            Self::OfTheSegment => parts.first().map_or(0, |part| part.column.num_terms()),
            Self::ByPlace(_, end) | Self::ByValue(_, end) => *end,
        }
    }
}

fn by_text(parts: &[Part<'_>]) -> tantivy::Result<Numbers> {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        let texts = part.texts(part.counted)?.into_iter();
        let number = |text| {
            let next = numbers.len() as u32;
            *numbers.entry(text).or_insert(next)
        };
        all.push(texts.map(number).collect());
    }
    let end = numbers.len();
    Ok(Numbers::ByPlace(all, end))
}

fn numbered(field: &SearchField, parts: &[Part<'_>], memory: &Memory) -> tantivy::Result<Numbers> {
    let key = Key::Numbers(field.to_string());
    let numbering = match memory.get(&key) {
        Some(Kept::Numbers(numbering)) => numbering,
        _ => Arc::new(Mutex::new(Numbering::default())),
    };
    let columns: Vec<_> = parts.iter().map(|part| (part.counts.segment, part.column)).collect();
    let mut held = numbering.lock().unwrap_or_else(PoisonError::into_inner);
    let (numbers, end) = held.of(&columns)?;
    let bytes = held.bytes();
    drop(held);
    memory.keep(key, Kept::Numbers(numbering), bytes);
    Ok(Numbers::ByValue(numbers, end))
}

fn most_frequent(field: SearchField, parts: &[Part<'_>], numbers: &Numbers) -> tantivy::Result<Facets> {
    let mut counts = vec![0u32; numbers.end(parts)];
    let mut distinct = 0;
    for (segment, part) in parts.iter().enumerate() {
        for (place, counted) in part.counted.iter().enumerate() {
            if let Some(count) = counts.get_mut(numbers.of(segment, place, *counted)) {
                distinct += u64::from(*count == 0);
                *count += counted.count;
            }
        }
    }
    let least = least_of_the_listed(&counts);
    let count_of =
        |segment, place, counted| counts.get(numbers.of(segment, place, counted)).copied().unwrap_or_default();
    // All that occur oftener, and of those that occur just so often the first by text, which every segment has in order.
    let mut found: HashMap<usize, FacetBucket> = HashMap::new();
    for (segment, part) in parts.iter().enumerate() {
        let mut equal = 0;
        let listed = part.counted.iter().enumerate().filter(|(place, counted)| {
            let count = count_of(segment, *place, **counted);
            equal += usize::from(count == least);
            count > least || count == least && equal <= MAX_FACET_BUCKETS
        });
        let (places, listed): (Vec<usize>, Vec<Counted>) = listed.map(|(place, counted)| (place, *counted)).unzip();
        for ((text, counted), place) in part.texts(&listed)?.into_iter().zip(&listed).zip(places) {
            found.entry(numbers.of(segment, place, *counted)).or_insert_with(|| FacetBucket {
                value: text,
                count: u64::from(count_of(segment, place, *counted)),
                example: part.counts.example(counted.doc),
            });
        }
    }
    Ok(Facets { field, buckets: ordered(found.into_values().collect()), distinct })
}

/// The count of the last value that is listed.
fn least_of_the_listed(counts: &[u32]) -> u32 {
    let mut best: BinaryHeap<Reverse<u32>> = BinaryHeap::with_capacity(MAX_FACET_BUCKETS + 1);
    for count in counts.iter().copied().filter(|count| *count > 0) {
        if best.len() < MAX_FACET_BUCKETS {
            best.push(Reverse(count));
        } else if let Some(mut least) = best.peek_mut()
            && count > least.0
        {
            *least = Reverse(count);
        }
    }
    best.peek().map_or(0, |least| least.0)
}
