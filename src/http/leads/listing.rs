//! Paging through the leads of a list: in their natural order from the store alone, else from the search index.

use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::Value;

use super::details::Details;
use super::shape::LeadView;
use crate::app::App;
use crate::domain::id::{Id, LeadId, ListId};
use crate::domain::lead::Lead;
use crate::http::answer::Page;
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use crate::http::query::Limit;
use crate::http::search::{self, SearchBody, SortKey};
use crate::store::engine::Order;
use crate::store::tables::{Leads, ListLeads};
use crate::store::transactions::lists::live_list;
use crate::store::{Counter, Reads, Refusal, StoreError, View, WorkspaceScope};

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LeadQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// Words to look for
    q: Option<String>,
    /// A filter as JSON or as text
    #[param(example = r#"{"field":"enrichmentStatus","op":"eq","value":"failed"}"#)]
    filter: Option<String>,
    /// Up to three fields with a comma between; `-` in front for the other way round
    #[param(example = "-qualityScore,companyName")]
    sort: Option<String>,
    /// Show this write (`X-Galena-Seq`), waiting up to two seconds for it
    min_seq: Option<u64>,
    /// With `originalData`, `enriched` and `provenance` of each lead
    #[serde(default)]
    details: bool,
}

pub(super) async fn page(
    app: &App,
    caller: &Caller,
    list: ListId,
    query: LeadQuery,
) -> Result<Page<LeadView>, Problem> {
    let is_plain = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if is_plain(&query.q) && is_plain(&query.filter) && is_plain(&query.sort) {
        return natural(app, caller.scope, list, query).await;
    }
    let filter = query.filter.filter(|text| !text.trim().is_empty());
    let filter = filter.map(|text| {
        let tree = serde_json::from_str(&text).ok().filter(Value::is_object);
        tree.unwrap_or(Value::String(text))
    });
    let sort = query.sort.unwrap_or_default();
    let sort = sort.split(',').map(str::trim).filter(|key| !key.is_empty()).map(SortKey::from_text).collect();
    let body = SearchBody {
        q: query.q,
        list_id: Some(list),
        filter,
        sort: Some(sort),
        limit: Some(query.limit),
        after: query.after,
        facets: None,
        min_seq: query.min_seq,
        details: Some(query.details),
    };
    let found = search::search(app, caller, body).await?;
    Ok(Page { data: found.data, next_cursor: found.next_cursor, total: Some(found.total), stale: found.stale })
}

/// Oldest first. The store shows every write at once, so there is nothing to wait for.
async fn natural(app: &App, scope: WorkspaceScope, list: ListId, query: LeadQuery) -> Result<Page<LeadView>, Problem> {
    let listing = format!("leads of {list}");
    let after: Option<u64> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let after = after.map(LeadId::from_u64);
    let (limit, details) = (query.limit.0, query.details);
    let read = app.store.read(move |view| read(view, &scope, list, after, limit, details));
    let (data, total, next) = read.await.map_err(Problem::from)?;
    let next_cursor = next.map(|id| app.cursors.write(&scope, &listing, &id.as_u64())).transpose()?;
    Ok(Page { data, next_cursor, total: Some(total), stale: None })
}

/// The rows of a page, how many there are in the list, and the last lead where more follow.
type Found = (Vec<LeadView>, u64, Option<LeadId>);

fn read(
    view: &View,
    scope: &WorkspaceScope,
    list: ListId,
    after: Option<LeadId>,
    limit: usize,
    details: bool,
) -> Result<Found, Refusal> {
    live_list(view, scope, list)?;
    let (kind, subject) = Counter::ListLeads(list).key();
    let total = u64::try_from(view.stored_counter(scope, kind, subject)?).unwrap_or(0);
    let mut ids: Vec<LeadId> = Vec::with_capacity(limit + 1);
    let mut take = |(_, id): (ListId, LeadId), (): ()| {
        ids.push(id);
        if ids.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    match after {
        None => view.scan::<ListLeads>(scope, &(list,), Order::Ascending, &mut take)?,
        Some(after) => view.scan_after::<ListLeads>(scope, &(list,), &(list, after), Order::Ascending, &mut take)?,
    }
    let more = ids.len() > limit;
    ids.truncate(limit);
    let next = ids.last().copied().filter(|_| more);
    let mut data = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(lead) = view.get::<Leads>(scope, (id,))? {
            data.push(row(view, scope, id, lead, details)?);
        }
    }
    Ok((data, total, next))
}

/// A lead as a page shows it.
pub(in crate::http) fn row(
    view: &View,
    scope: &WorkspaceScope,
    id: LeadId,
    lead: Lead,
    details: bool,
) -> Result<LeadView, StoreError> {
    let details = if details { Some(Details::of(view, scope, id, &lead)?) } else { None };
    Ok(LeadView::new(id, lead, details))
}
