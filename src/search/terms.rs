//! Documents with any of many terms of a field: those between two terms, those that hold a text, those that are numbers
//! of some size.
//!
//! Terms are found by their numbers in the dictionary. A few are read from their postings; of many, where the field has a
//! column, the column is passed over once. What took long is remembered for the segment, which never changes.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Bound, Range, RangeBounds};
use std::sync::Arc;

use tantivy::columnar::StrColumn;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::query::{BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::termdict::TermDictionary;
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TantivyError};

use super::columns::{each_block_of_all, each_value};
use super::haystack::Haystack;
use super::memory::{Kept, Key, Memory};
use crate::domain::filter::number_of;

/// So many terms are rather read from the column than from their postings.
const MANY_TERMS: usize = 1_000;
/// What so many terms gave is remembered.
const WORTH_KEEPING: usize = 250;

/// Which terms; of all kinds only those that begin with a lead-in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Terms {
    Between {
        from: Bound<Vec<u8>>,
        to: Bound<Vec<u8>>,
    },
    Holding {
        lead_in: Vec<u8>,
        needle: Vec<u8>,
    },
    /// Texts that are written numbers between these bounds.
    Numbers {
        lead_in: Vec<u8>,
        from: Bound<OrderedNumber>,
        to: Bound<OrderedNumber>,
    },
    /// Texts that are one of these numbers, which are in order.
    OneNumberOf {
        lead_in: Vec<u8>,
        numbers: Vec<OrderedNumber>,
    },
}

/// A number with a place among all numbers.
#[derive(Clone, Copy, Debug)]
pub struct OrderedNumber(pub f64);

impl PartialEq for OrderedNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OrderedNumber {}

impl PartialOrd for OrderedNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        // Adding zero makes minus zero plus zero, which are equal as numbers.
        (self.0 + 0.0).total_cmp(&(other.0 + 0.0))
    }
}

impl Terms {
    /// Terms that begin with `prefix`.
    pub fn beginning_with(prefix: &[u8]) -> Self {
        Self::Between { from: Bound::Included(prefix.to_owned()), to: end_of(prefix) }
    }
}

/// What comes behind every term that begins with `prefix`.
pub fn end_of(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}

#[derive(Clone)]
pub struct TermsQuery {
    pub field: Field,
    /// The column of texts that has the same values as the field, if there is one.
    pub column: Option<String>,
    pub terms: Terms,
    pub memory: Arc<Memory>,
}

impl fmt::Debug for TermsQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.field, self.terms)
    }
}

impl Query for TermsQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(TermsWeight(self.clone())))
    }
}

struct TermsWeight(TermsQuery);

impl Weight for TermsWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let query = &self.0;
        let key = Key::Documents(segment.segment_id(), format!("{query:?}").into_bytes());
        if let Some(Kept::Documents(documents)) = query.memory.get(&key) {
            return Ok(scorer(BitSet::clone(&documents), boost));
        }
        let index = segment.inverted_index(query.field)?;
        let found = query.found(segment, &index)?;
        if found.len() == 0 {
            return Ok(Box::new(EmptyScorer));
        }
        let documents = query.documents(segment, &index, &found)?;
        if found.len() >= WORTH_KEEPING {
            let bytes = segment.max_doc() as usize / 8 + 200;
            query.memory.keep(key, Kept::Documents(Arc::new(documents.clone())), bytes);
        }
        Ok(scorer(documents, boost))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(segment, 1.0)?.seek(doc) == doc {
            return Ok(Explanation::new("one of many terms", 1.0));
        }
        Err(TantivyError::InvalidArgument(format!("document {doc} does not match")))
    }
}

fn scorer(documents: BitSet, boost: Score) -> Box<dyn Scorer> {
    Box::new(ConstScorer::new(BitSetDocSet::from(documents), boost))
}

/// Terms of a segment.
enum Found {
    /// All whose numbers in the dictionary lie here.
    Row(Range<u64>),
    /// Some of the texts, by their place there.
    Among(Arc<Haystack>, Vec<u32>),
    Each(Vec<TermInfo>),
}

impl Found {
    fn len(&self) -> usize {
        match self {
            Self::Row(terms) => usize::try_from(terms.end.saturating_sub(terms.start)).unwrap_or(usize::MAX),
            Self::Among(_, places) => places.len(),
            Self::Each(terms) => terms.len(),
        }
    }
}

impl TermsQuery {
    fn found(&self, segment: &SegmentReader, index: &InvertedIndexReader) -> tantivy::Result<Found> {
        let dictionary = index.terms();
        Ok(match &self.terms {
            Terms::Between { from, to } => Found::Row(row(dictionary, from, to)?),
            // Every text holds nothing.
            Terms::Holding { lead_in, needle } if needle.is_empty() => {
                Found::Row(row(dictionary, &Bound::Included(lead_in.clone()), &end_of(lead_in))?)
            }
            Terms::Holding { lead_in, needle } => {
                let texts = self.texts(segment, index, lead_in)?;
                let places = texts.holding(needle);
                Found::Among(texts, places)
            }
            Terms::Numbers { lead_in, from, to } => {
                Found::Each(numbers(dictionary, lead_in, |number| (*from, *to).contains(&number))?)
            }
            Terms::OneNumberOf { lead_in, numbers: wanted } => {
                Found::Each(numbers(dictionary, lead_in, |number| wanted.binary_search(&number).is_ok())?)
            }
        })
    }

    fn texts(
        &self,
        segment: &SegmentReader,
        index: &InvertedIndexReader,
        lead_in: &[u8],
    ) -> tantivy::Result<Arc<Haystack>> {
        let key = Key::Texts(segment.segment_id(), [format!("{:?} ", self.field).as_bytes(), lead_in].concat());
        if let Some(Kept::Texts(texts)) = self.memory.get(&key) {
            return Ok(texts);
        }
        let texts = Arc::new(match self.column_of(segment, index)? {
            Some(column) => Haystack::of_column(&column)?,
            None => Haystack::of_terms(index, lead_in)?,
        });
        self.memory.keep(key, Kept::Texts(Arc::clone(&texts)), texts.bytes());
        Ok(texts)
    }

    fn documents(
        &self,
        segment: &SegmentReader,
        index: &InvertedIndexReader,
        found: &Found,
    ) -> tantivy::Result<BitSet> {
        let column = match found.len() >= MANY_TERMS {
            true => self.column_of(segment, index)?,
            false => None,
        };
        let mut documents = Documents { index, postings: None, found: BitSet::with_max_value(segment.max_doc()) };
        match (found, column) {
            (Found::Row(terms), Some(column)) => documents.add_range(&column, terms, segment.max_doc()),
            (Found::Row(terms), None) => {
                let mut left = terms.end.saturating_sub(terms.start);
                let Terms::Between { from, .. } = self.bounds() else { return Ok(documents.found) };
                let range = index.terms().range().without_keys();
                let mut stream = match &from {
                    Bound::Included(term) => range.ge(term),
                    Bound::Excluded(term) => range.gt(term),
                    Bound::Unbounded => range,
                }
                .into_stream()?;
                while left > 0 && stream.advance() {
                    documents.add(stream.value())?;
                    left -= 1;
                }
            }
            // Of a field with a column all texts are there, and stand in the order of its values.
            (Found::Among(_, places), Some(column)) => {
                let mut wanted = vec![false; column.num_terms()];
                for place in places {
                    if let Some(wanted) = wanted.get_mut(*place as usize) {
                        *wanted = true;
                    }
                }
                documents.add_wanted(&column, &wanted, segment.max_doc());
            }
            (Found::Among(texts, places), None) => {
                for place in places {
                    match texts.only_document(*place) {
                        Some(doc) => {
                            documents.found.insert(doc);
                        }
                        None => {
                            if let Some(term) = index.terms().get(texts.term(*place))? {
                                documents.add(&term)?;
                            }
                        }
                    }
                }
            }
            (Found::Each(terms), _) => terms.iter().try_for_each(|term| documents.add(term))?,
        }
        Ok(documents.found)
    }

    /// The bounds of a row of terms.
    fn bounds(&self) -> Terms {
        match &self.terms {
            Terms::Holding { lead_in, .. } => Terms::beginning_with(lead_in),
            other => other.clone(),
        }
    }

    /// The column, if its values have the numbers that they have in the dictionary.
    fn column_of(&self, segment: &SegmentReader, index: &InvertedIndexReader) -> tantivy::Result<Option<StrColumn>> {
        let Some(name) = &self.column else { return Ok(None) };
        let column = segment.fast_fields().str(name)?;
        Ok(column.filter(|column| column.num_terms() == index.terms().num_terms()))
    }
}

/// Documents of a segment as they are found.
struct Documents<'s> {
    index: &'s InvertedIndexReader,
    /// Used again for every term.
    postings: Option<BlockSegmentPostings>,
    found: BitSet,
}

impl Documents<'_> {
    fn add(&mut self, term: &TermInfo) -> tantivy::Result<()> {
        let postings = match &mut self.postings {
            Some(postings) => {
                self.index.reset_block_postings_from_terminfo(term, postings)?;
                postings
            }
            none => none.insert(self.index.read_block_postings_from_terminfo(term, IndexRecordOption::Basic)?),
        };
        while !postings.docs().is_empty() {
            for doc in postings.docs() {
                self.found.insert(*doc);
            }
            postings.advance();
        }
        Ok(())
    }

    fn add_range(&mut self, column: &StrColumn, terms: &Range<u64>, max_doc: DocId) {
        let mut docs = Vec::new();
        let values = terms.start..=terms.end.saturating_sub(1);
        column.ords().get_docids_for_value_range(values, 0..max_doc, &mut docs);
        for doc in docs {
            self.found.insert(doc);
        }
    }

    fn add_wanted(&mut self, column: &StrColumn, wanted: &[bool], max_doc: DocId) {
        each_block_of_all(max_doc, |block| {
            each_value(column.ords(), block, |doc, term| {
                if wanted.get(term as usize).copied().unwrap_or_default() {
                    self.found.insert(doc);
                }
            });
        });
    }
}

/// The numbers of the terms between two.
fn row(dictionary: &TermDictionary, from: &Bound<Vec<u8>>, to: &Bound<Vec<u8>>) -> tantivy::Result<Range<u64>> {
    let start = match from {
        Bound::Unbounded => 0,
        Bound::Included(term) => first_from(dictionary, term, false)?,
        Bound::Excluded(term) => first_from(dictionary, term, true)?,
    };
    let end = match to {
        Bound::Unbounded => dictionary.num_terms() as u64,
        Bound::Included(term) => first_from(dictionary, term, true)?,
        Bound::Excluded(term) => first_from(dictionary, term, false)?,
    };
    Ok(start..end.max(start))
}

/// The number of the first term from `term` on, or behind it.
fn first_from(dictionary: &TermDictionary, term: &[u8], behind: bool) -> tantivy::Result<u64> {
    let range = dictionary.range();
    let mut terms = if behind { range.gt(term) } else { range.ge(term) }.into_stream()?;
    Ok(if terms.advance() { terms.term_ord() } else { dictionary.num_terms() as u64 })
}

/// Terms that are wanted numbers. What begins otherwise than a number is not looked at.
fn numbers(
    dictionary: &TermDictionary,
    lead_in: &[u8],
    is_wanted: impl Fn(OrderedNumber) -> bool,
) -> tantivy::Result<Vec<TermInfo>> {
    let mut terms = dictionary.range().ge([lead_in, b"+"].concat()).lt([lead_in, b":"].concat()).into_stream()?;
    let mut found = Vec::new();
    while terms.advance() {
        let text = terms.key().get(lead_in.len()..).and_then(|text| std::str::from_utf8(text).ok());
        if text.and_then(number_of).is_some_and(|number| is_wanted(OrderedNumber(number))) {
            found.push(terms.value().clone());
        }
    }
    Ok(found)
}
