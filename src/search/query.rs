//! A search: what is asked, and the page that answers it.

use std::sync::Arc;

use tantivy::query::{EnableScoring, Weight};
use tantivy::{DocId, Searcher, SegmentReader};

use super::cursor::{Cursor, name_search};
use super::error::{QueryError, SearchError};
use super::facet::{self, Facets, SegmentCounts};
use super::field::{Kind, SearchField};
use super::filter::Clause;
use super::index::SearchIndex;
use super::memory::{Kept, Key};
use super::page::{Best, Wanted};
use super::scope::{SearchScope, in_lists};
use super::sort::Sort;
use super::text_query;
use crate::domain::id::{LeadId, ListId};

/// The most leads of one page.
pub const MAX_LIMIT: usize = 500;
/// Facets of so many leads are remembered until the index changes.
const MANY_LEADS: u64 = 5_000;
const MAX_FACETS: usize = 10;

/// What is asked. The default asks for the newest fifty leads of the scope.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// As typed; blank asks for everything.
    pub q: String,
    pub list: Option<ListId>,
    pub filter: Option<Clause>,
    /// Up to three keys; then, or without any, the newest lead first.
    pub sort: Vec<Sort>,
    /// 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// `next_cursor` of the page before, with nothing else changed but the limit.
    pub after: Option<String>,
    pub facets: Vec<SearchField>,
}

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            q: String::new(),
            list: None,
            filter: None,
            sort: Vec::new(),
            limit: 50,
            after: None,
            facets: Vec::new(),
        }
    }
}

impl SearchRequest {
    pub fn text(q: impl Into<String>) -> Self {
        Self { q: q.into(), ..Self::default() }
    }
}

/// One page of the answer; rows are read from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    pub ids: Vec<LeadId>,
    /// All matching leads, exactly, on this page or not.
    pub total: u64,
    /// In the order asked for.
    pub facets: Vec<Facets>,
    /// `None` on the last page.
    pub next_cursor: Option<String>,
}

impl SearchIndex {
    /// Answers from the view of the last [`SearchIndex::reload`]. Blocks for as long as it computes and cannot be
    /// interrupted: run it on a pool with as many permits as there are cores. Its cost is bounded by the number of
    /// documents of the index times the parts of the request, which are limited.
    pub fn search(&self, scope: &SearchScope, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        let name = name_search(scope.workspace(), (&request.q, &request.list, &request.filter, &request.sort));
        let wanted = wanted(request, &name)?;
        let mut parts = text_query::parse(&request.q, self.memory());
        if let Some(list) = request.list {
            parts.push(in_lists(&[list]));
        }
        if let Some(filter) = &request.filter {
            parts.push(filter.query(self.memory())?);
        }
        let searcher = self.searcher();
        let weight = scope.query(parts).weight(EnableScoring::disabled_from_searcher(&searcher))?;
        let mut facets: Vec<Asked> =
            request.facets.iter().map(|field| self.asked(field, scope, request, &searcher)).collect();
        let mut total = 0;
        let mut best = Best::default();
        for segment in searcher.segment_readers() {
            let docs = matching(&*weight, segment)?;
            total += docs.len() as u64;
            wanted.add(segment, &docs, &mut best)?;
            for facet in &mut facets {
                if let Asked::Counting(field, _, counts) = facet {
                    counts.push(SegmentCounts::count(field, segment, &docs)?);
                }
            }
        }
        let facets = facets.into_iter().map(|facet| self.answered(facet, total)).collect::<Result<_, SearchError>>()?;
        let (hits, more) = wanted.page(best);
        let last = hits.last().filter(|_| more);
        let next_cursor = last.map(|hit| Cursor::new(name, hit.keys.clone(), hit.lead).encode());
        Ok(SearchPage { ids: hits.iter().map(|hit| hit.lead).collect(), total, facets, next_cursor })
    }

    /// Facets that were counted over the same segments for the same question are not counted again.
    fn asked(&self, field: &SearchField, scope: &SearchScope, request: &SearchRequest, searcher: &Searcher) -> Asked {
        let mut question = blake3::Hasher::new();
        let asked = (scope, &request.q, &request.list, &request.filter, field);
        question.update(format!("{asked:?}").as_bytes());
        for segment in searcher.segment_readers() {
            let version = (segment.segment_id(), segment.delete_opstamp(), segment.num_docs());
            question.update(format!("{version:?}").as_bytes());
        }
        let key = Key::Facets(*question.finalize().as_bytes());
        match self.memory().get(&key) {
            Some(Kept::Facets(facets)) => Asked::Known(facets),
            _ => Asked::Counting(field.clone(), key, Vec::new()),
        }
    }

    fn answered(&self, facet: Asked, total: u64) -> Result<Facets, SearchError> {
        let (field, key, counts) = match facet {
            Asked::Known(facets) => return Ok(Facets::clone(&facets)),
            Asked::Counting(field, key, counts) => (field, key, counts),
        };
        let facets = facet::merged(field, counts, self.memory())?;
        if total >= MANY_LEADS {
            let bytes = facets.buckets.iter().map(|bucket| bucket.value.len() + 64).sum::<usize>() + 200;
            self.memory().keep(key, Kept::Facets(Arc::new(facets.clone())), bytes);
        }
        Ok(facets)
    }
}

/// A facet of a search that runs.
enum Asked {
    Known(Arc<Facets>),
    Counting(SearchField, Key, Vec<SegmentCounts>),
}

fn wanted<'r>(request: &'r SearchRequest, name: &str) -> Result<Wanted<'r>, QueryError> {
    if !(1..=MAX_LIMIT).contains(&request.limit) {
        return Err(QueryError::LimitOutOfRange { max: MAX_LIMIT });
    }
    Sort::check(&request.sort)?;
    if request.facets.len() > MAX_FACETS {
        return Err(QueryError::TooManyFacets { max: MAX_FACETS });
    }
    if let Some(field) = request.facets.iter().find(|field| !field.has_text_column() && field.kind() != Kind::List) {
        return Err(QueryError::UnfacetedField { field: field.to_string() });
    }
    let after = request.after.as_deref().map(|text| Cursor::decode(text, name, &request.sort)).transpose()?;
    Ok(Wanted { sorts: &request.sort, limit: request.limit, after })
}

/// The living documents of a segment that match.
fn matching(weight: &dyn Weight, segment: &SegmentReader) -> tantivy::Result<Vec<DocId>> {
    let mut docs = Vec::new();
    weight.for_each_no_score(segment, &mut |block| docs.extend_from_slice(block))?;
    if let Some(alive) = segment.alive_bitset() {
        docs.retain(|doc| alive.is_alive(*doc));
    }
    Ok(docs)
}
