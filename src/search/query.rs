//! A search: what is asked, and the page that answers it.

use super::collect::{Collected, PageCollector};
use super::cursor::{Cursor, name_search};
use super::error::{QueryError, SearchError};
use super::field::{Kind, SearchField};
use super::filter::Clause;
use super::index::SearchIndex;
use super::scope::{SearchScope, in_lists};
use super::sort::Sort;
use super::text_query;
use crate::domain::id::{LeadId, ListId};

/// The most leads of one page.
pub const MAX_LIMIT: usize = 500;
/// The most values listed of one facet.
pub const MAX_FACET_BUCKETS: usize = 100;
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

/// How often each value of a field occurs among the matching leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facets {
    pub field: SearchField,
    /// The most frequent first, at most [`MAX_FACET_BUCKETS`].
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

impl SearchIndex {
    /// Answers from the view of the last [`SearchIndex::reload`]. Blocks for as long as it computes and cannot be
    /// interrupted: run it on a pool with as many permits as there are cores. Its cost is bounded by the number of
    /// documents of the index times the parts of the request, which are limited.
    pub fn search(&self, scope: &SearchScope, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        let name = name_search(
            scope.workspace(),
            (&request.q, &request.list, &request.filter, &request.sort),
        );
        let collector = collector(request, &name)?;
        let mut wanted = text_query::parse(&request.q)?;
        if let Some(list) = request.list {
            wanted.push(in_lists(&[list]));
        }
        if let Some(filter) = &request.filter {
            wanted.push(filter.query()?);
        }
        let query = scope.query(wanted);
        let found = self.searcher().search(&query, &collector)?;
        Ok(page(found, request, name))
    }
}

fn collector(request: &SearchRequest, name: &str) -> Result<PageCollector, QueryError> {
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
    Ok(PageCollector { sorts: request.sort.clone(), limit: request.limit, after, facets: request.facets.clone() })
}

fn page(found: Collected, request: &SearchRequest, name: String) -> SearchPage {
    let more = found.remaining > found.hits.len() as u64;
    let last = found.hits.last().filter(|_| more);
    let next_cursor = last.map(|hit| Cursor::new(name, hit.keys.clone(), hit.lead).encode());
    let facets = request.facets.iter().cloned().zip(found.facets).map(|(field, counts)| {
        let distinct = counts.len() as u64;
        let mut buckets: Vec<_> = counts
            .into_iter()
            .map(|(value, (count, example))| FacetBucket { value, count, example })
            .collect();
        buckets.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.value.cmp(&right.value)));
        buckets.truncate(MAX_FACET_BUCKETS);
        Facets { field, buckets, distinct }
    });
    SearchPage {
        facets: facets.collect(),
        ids: found.hits.iter().map(|hit| hit.lead).collect(),
        total: found.total,
        next_cursor,
    }
}
