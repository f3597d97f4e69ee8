//! The leads of one page: the best of every segment by the order asked for.

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::cursor::Cursor;
use super::schema::LEAD;
use super::sort::{Key, MAX_SORT_KEYS, Place, Sort, SortColumn};
use crate::domain::id::{Id, LeadId};

const BLOCK: usize = 512;

/// A lead found, with what it is ordered by.
#[derive(Debug, Clone)]
pub struct Hit {
    pub keys: Vec<Key>,
    pub lead: LeadId,
}

/// Which leads of the order are wanted.
pub struct Wanted<'r> {
    pub sorts: &'r [Sort],
    pub limit: usize,
    pub after: Option<Cursor>,
}

/// The best hits of all segments, and how many leads stand behind the cursor.
#[derive(Default)]
pub struct Best {
    hits: Vec<Hit>,
    remaining: u64,
}

impl Wanted<'_> {
    /// Adds the best of `docs`, which all match, to `best`.
    pub fn add(&self, segment: &SegmentReader, docs: &[DocId], best: &mut Best) -> tantivy::Result<()> {
        if docs.is_empty() {
            return Ok(());
        }
        let columns =
            self.sorts.iter().map(|sort| SortColumn::open(sort, segment)).collect::<tantivy::Result<Vec<_>>>()?;
        let after = self.after.as_ref().map(|cursor| place_of(cursor, &columns)).transpose()?;
        let leads = segment.fast_fields().u64(LEAD)?;
        let mut ranking = Ranking { columns: &columns, leads: &leads, after, top: Top::new(self.limit), remaining: 0 };
        ranking.rank(docs);
        best.remaining += ranking.remaining;
        best.hits.extend(hits(ranking.top.into_sorted(), &columns)?);
        Ok(())
    }

    /// The page and whether there are more.
    pub fn page(&self, mut best: Best) -> (Vec<Hit>, bool) {
        best.hits.sort_by(|left, right| {
            let keys = left.keys.iter().zip(&right.keys).zip(self.sorts);
            keys.map(|((left, right), sort)| left.compare(right, sort.direction))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| right.lead.cmp(&left.lead))
        });
        best.hits.truncate(self.limit);
        let more = best.remaining > best.hits.len() as u64;
        (best.hits, more)
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

struct Ranking<'s> {
    columns: &'s [SortColumn],
    leads: &'s Column<u64>,
    after: Option<Place>,
    top: Top,
    remaining: u64,
}

impl Ranking<'_> {
    fn rank(&mut self, docs: &[DocId]) {
        // Beginning at the better end, most leads are worse than those seen, which is told by one comparison.
        let (first, last) = (self.place(docs[0]), self.place(docs[docs.len() - 1]));
        match first <= last {
            true => docs.chunks(BLOCK).for_each(|block| self.rank_block(block)),
            false => docs.rchunks(BLOCK).for_each(|block| self.rank_block(block)),
        }
    }

    fn place(&self, doc: DocId) -> Place {
        let mut place = Place::default();
        for (slot, column) in place.iter_mut().zip(self.columns) {
            *slot = column.rank(doc);
        }
        // Every document has a lead; the tie-breaker carries it to the answer.
        place[MAX_SORT_KEYS] = newest_first(self.leads.first(doc).unwrap_or_default());
        place
    }

    fn rank_block(&mut self, block: &[DocId]) {
        let mut ranks = [0; BLOCK];
        let ranks = &mut ranks[..block.len()];
        self.ranks(0, block, ranks);
        let slot = if self.columns.is_empty() { MAX_SORT_KEYS } else { 0 };
        let worst = self.top.worst.map_or(u64::MAX, |worst| worst[slot]);
        let before = self.after.map_or(0, |after| after[slot]);
        let mut candidates = Vec::new();
        for (doc, rank) in block.iter().zip(ranks.iter()) {
            if *rank > worst {
                // Worse than a whole page of leads behind the cursor, so behind it too.
                self.remaining += 1;
            } else if *rank >= before {
                candidates.push((*doc, Place::default()));
                if let Some((_, place)) = candidates.last_mut() {
                    place[slot] = *rank;
                }
            }
        }
        if candidates.is_empty() {
            return;
        }
        let docs: Vec<DocId> = candidates.iter().map(|(doc, _)| *doc).collect();
        let mut more = [0; BLOCK];
        let more = &mut more[..docs.len()];
        for number in 1..=self.columns.len() {
            self.ranks(number, &docs, more);
            let slot = if number == self.columns.len() { MAX_SORT_KEYS } else { number };
            candidates.iter_mut().zip(more.iter()).for_each(|((_, place), rank)| place[slot] = *rank);
        }
        for (_, place) in candidates {
            if self.after.is_none_or(|after| place > after) {
                self.remaining += 1;
                self.top.offer(place);
            }
        }
    }

    /// The ranks by the sort key of this number; behind the last one comes the tie-breaker.
    fn ranks(&self, number: usize, docs: &[DocId], ranks: &mut [u64]) {
        match self.columns.get(number) {
            Some(column) => column.ranks(docs, ranks),
            None => {
                self.leads.values.get_vals(docs, ranks);
                ranks.iter_mut().for_each(|lead| *lead = newest_first(*lead));
            }
        }
    }
}

/// The smallest places that were offered.
struct Top {
    limit: usize,
    /// Cut back to the limit whenever it has grown to the double.
    places: Vec<Place>,
    /// The last of a full page, once there were enough.
    worst: Option<Place>,
}

impl Top {
    fn new(limit: usize) -> Self {
        Self { limit, places: Vec::with_capacity(2 * limit), worst: None }
    }

    fn offer(&mut self, place: Place) {
        if self.worst.is_some_and(|worst| place >= worst) {
            return;
        }
        self.places.push(place);
        if self.places.len() >= 2 * self.limit.max(32) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.places.len() > self.limit {
            self.places.select_nth_unstable(self.limit - 1);
            self.places.truncate(self.limit);
        }
        if self.places.len() == self.limit {
            self.worst = self.places.iter().max().copied();
        }
    }

    fn into_sorted(mut self) -> Vec<Place> {
        self.cut();
        self.places.sort_unstable();
        self.places
    }
}

fn hits(places: Vec<Place>, columns: &[SortColumn]) -> tantivy::Result<Vec<Hit>> {
    let mut keys: Vec<Vec<Key>> = vec![Vec::with_capacity(columns.len()); places.len()];
    for (number, column) in columns.iter().enumerate() {
        let ranks: Vec<u64> = places.iter().map(|place| place[number]).collect();
        for (keys, key) in keys.iter_mut().zip(column.keys(&ranks)?) {
            keys.push(key);
        }
    }
    let lead = |place: &Place| LeadId::from_u64(newest_first(place[MAX_SORT_KEYS]));
    Ok(places.iter().zip(keys).map(|(place, keys)| Hit { keys, lead: lead(place) }).collect())
}
