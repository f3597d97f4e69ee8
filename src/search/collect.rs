//! One pass over the leads a query matches: their exact number, the facets, and the leads of one page.

use std::collections::{BinaryHeap, HashMap};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::cursor::Cursor;
use super::field::{Kind, SearchField};
use super::schema::{LEAD, LIST};
use super::sort::{Key, MAX_SORT_KEYS, Place, Sort, SortColumn, texts_of};
use crate::domain::id::{Id, LeadId, ListId};

/// What to collect.
pub struct PageCollector {
    pub sorts: Vec<Sort>,
    pub limit: usize,
    pub after: Option<Cursor>,
    pub facets: Vec<SearchField>,
}

/// What was collected, of one segment or of all.
#[derive(Default)]
pub struct Collected {
    pub total: u64,
    /// Matching leads behind the cursor.
    pub remaining: u64,
    pub hits: Vec<Hit>,
    /// For each facet asked for: value to count and one lead that has it.
    pub facets: Vec<HashMap<String, (u64, LeadId)>>,
}

#[derive(Debug, Clone)]
pub struct Hit {
    pub keys: Vec<Key>,
    pub lead: LeadId,
}

impl Collector for PageCollector {
    type Fruit = Collected;
    type Child = SegmentPage;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentPage> {
        let columns =
            self.sorts.iter().map(|sort| SortColumn::open(sort, segment)).collect::<tantivy::Result<Vec<_>>>()?;
        let after = self.after.as_ref().map(|cursor| place_of(cursor, &columns)).transpose()?;
        let facets =
            self.facets.iter().map(|field| FacetColumn::open(field, segment)).collect::<tantivy::Result<_>>()?;
        Ok(SegmentPage {
            leads: segment.fast_fields().u64(LEAD)?,
            columns,
            after,
            limit: self.limit,
            facets,
            total: 0,
            remaining: 0,
            best: BinaryHeap::with_capacity(self.limit + 1),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Collected>>) -> tantivy::Result<Collected> {
        let mut all = Collected { facets: vec![HashMap::new(); self.facets.len()], ..Collected::default() };
        for segment in segments {
            let segment = segment?;
            all.total += segment.total;
            all.remaining += segment.remaining;
            all.hits.extend(segment.hits);
            for (merged, counts) in all.facets.iter_mut().zip(segment.facets) {
                for (value, (count, lead)) in counts {
                    merged.entry(value).or_insert((0, lead)).0 += count;
                }
            }
        }
        all.hits.sort_by(|left, right| {
            let keys = left.keys.iter().zip(&right.keys).zip(&self.sorts);
            keys.map(|((left, right), sort)| left.compare(right, sort.direction))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| right.lead.cmp(&left.lead))
        });
        all.hits.truncate(self.limit);
        Ok(all)
    }
}

/// The place of the last lead of the page before, among the leads of a segment.
fn place_of(cursor: &Cursor, columns: &[SortColumn]) -> tantivy::Result<Place> {
    let mut place = Place::default();
    for ((slot, column), key) in place.iter_mut().zip(columns).zip(&cursor.keys) {
        *slot = column.rank_of(key)?;
    }
    place[MAX_SORT_KEYS] = newest_first(cursor.lead().as_u64());
    Ok(place)
}

fn newest_first(lead: u64) -> u64 {
    u64::MAX - lead
}

/// Collects the matching leads of one segment.
pub struct SegmentPage {
    leads: Column<u64>,
    columns: Vec<SortColumn>,
    after: Option<Place>,
    limit: usize,
    facets: Vec<FacetColumn>,
    total: u64,
    remaining: u64,
    /// The first `limit` leads so far; on top the last of them, which the next better one replaces.
    best: BinaryHeap<Place>,
}

impl SegmentPage {
    fn hits(&mut self) -> tantivy::Result<Vec<Hit>> {
        let places = std::mem::take(&mut self.best).into_sorted_vec();
        let mut keys: Vec<Vec<Key>> = vec![Vec::with_capacity(self.columns.len()); places.len()];
        for (number, column) in self.columns.iter().enumerate() {
            let ranks: Vec<u64> = places.iter().map(|place| place[number]).collect();
            for (keys, key) in keys.iter_mut().zip(column.keys(&ranks)?) {
                keys.push(key);
            }
        }
        let lead = |place: &Place| LeadId::from_u64(newest_first(place[MAX_SORT_KEYS]));
        Ok(places.iter().zip(keys).map(|(place, keys)| Hit { keys, lead: lead(place) }).collect())
    }
}

impl SegmentCollector for SegmentPage {
    type Fruit = tantivy::Result<Collected>;

    fn collect(&mut self, document: DocId, _: Score) {
        self.total += 1;
        for facet in &mut self.facets {
            facet.count(document);
        }
        let mut place = Place::default();
        for (slot, column) in place.iter_mut().zip(&self.columns) {
            *slot = column.rank(document);
        }
        // Every document has a lead; the tie-breaker carries it to the answer.
        place[MAX_SORT_KEYS] = newest_first(self.leads.first(document).unwrap_or_default());
        if self.after.is_some_and(|after| place <= after) {
            return;
        }
        self.remaining += 1;
        if self.best.len() < self.limit {
            self.best.push(place);
        } else if let Some(mut last) = self.best.peek_mut()
            && place < *last
        {
            *last = place;
        }
    }

    fn harvest(mut self) -> tantivy::Result<Collected> {
        let hits = self.hits()?;
        let leads = &self.leads;
        let facets = self.facets.into_iter().map(|facet| facet.counts(leads)).collect::<tantivy::Result<_>>()?;
        Ok(Collected { total: self.total, remaining: self.remaining, hits, facets })
    }
}

/// Counts the values of a field in one segment. The first lead of each value is kept: its row shows how the value,
/// which is folded here, is spelt.
enum FacetColumn {
    Text { column: StrColumn, counts: Vec<(u32, DocId)> },
    List { column: Column<u64>, counts: HashMap<u64, (u32, DocId)> },
    None,
}

impl FacetColumn {
    fn open(field: &SearchField, segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        if field.kind() == Kind::List {
            return Ok(Self::List { column: columns.u64(LIST)?, counts: HashMap::new() });
        }
        Ok(match columns.str(&field.column())? {
            Some(column) => {
                let counts = vec![(0, 0); column.num_terms()];
                Self::Text { column, counts }
            }
            None => Self::None,
        })
    }

    fn count(&mut self, document: DocId) {
        match self {
            Self::Text { column, counts } => {
                for ordinal in column.term_ords(document) {
                    if let Some(slot) = counts.get_mut(ordinal as usize) {
                        *slot = if slot.0 == 0 { (1, document) } else { (slot.0 + 1, slot.1) };
                    }
                }
            }
            Self::List { column, counts } => {
                for list in column.values_for_doc(document) {
                    counts.entry(list).or_insert((0, document)).0 += 1;
                }
            }
            Self::None => {}
        }
    }

    fn counts(self, leads: &Column<u64>) -> tantivy::Result<HashMap<String, (u64, LeadId)>> {
        let bucket = |(count, document): (u32, DocId)| {
            (u64::from(count), LeadId::from_u64(leads.first(document).unwrap_or_default()))
        };
        Ok(match self {
            Self::Text { column, counts } => {
                let (ordinals, found): (Vec<u64>, Vec<_>) =
                    (0..).zip(counts).filter(|(_, (count, _))| *count > 0).unzip();
                let texts = texts_of(&column, &ordinals)?;
                texts.into_iter().zip(found.into_iter().map(bucket)).collect()
            }
            Self::List { counts, .. } => {
                counts.into_iter().map(|(list, found)| (ListId::from_u64(list).to_string(), bucket(found))).collect()
            }
            Self::None => HashMap::new(),
        })
    }
}
