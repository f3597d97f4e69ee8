//! Paging through lists. A workspace has hundreds or thousands of them, not millions: a page looks at all rows, so that
//! its total is exact and any order is possible.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::shape::ListView;
use crate::app::App;
use crate::domain::id::{Id, ListId};
use crate::domain::list::List;
use crate::domain::text;
use crate::http::answer::Page;
use crate::http::auth::Caller;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::Limit;
use crate::store::engine::Order;
use crate::store::tables::Lists;
use crate::store::{Counter, Reads, StoreError, View, WorkspaceScope};

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// Part of the name; case and accents do not matter
    q: Option<String>,
    /// The folder's name
    folder: Option<String>,
    /// One of the tags
    tag: Option<String>,
    /// `false` (when not given), `true`: only archived ones, `all`: both
    #[serde(default)]
    #[param(inline)]
    archived: Archived,
    /// `true`: deleted lists that can still be restored, instead of the others
    #[serde(default)]
    deleted: bool,
    /// `name`, `createdAt`, `updatedAt` or `totalLeads`; with `-` in front the other way round
    #[param(example = "-createdAt")]
    sort: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Archived {
    #[default]
    False,
    True,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum SortField {
    Name,
    CreatedAt,
    UpdatedAt,
    TotalLeads,
}

/// What a list is ordered by; also the place in a cursor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum SortKey {
    Text(String),
    Number(i64),
}

/// The query with everything read.
#[derive(Clone)]
struct Wanted {
    name_part: Option<String>,
    folder: Option<String>,
    tag: Option<String>,
    archived: Archived,
    /// Deleted at this time or later can still be restored; `None`: those that are not deleted.
    deleted_since: Option<i64>,
    sort: SortField,
    order: Order,
    after: Option<(SortKey, u64)>,
    limit: usize,
}

/// One page for `caller`.
pub(super) async fn page(app: &App, caller: &Caller, query: ListQuery) -> Result<Page<ListView>, Problem> {
    let (sort, order) = sort_of(query.sort.as_deref())?;
    let scope = caller.scope;
    let listing =
        format!("lists {sort:?} {order:?} {:?}", (&query.q, &query.folder, &query.tag, query.archived, query.deleted));
    let after = query.after.map(|cursor| app.cursors.read(&scope, &listing, &cursor)).transpose()?;
    let wanted = Wanted {
        name_part: query.q.map(|part| text::fold(&part)).filter(|part| !part.is_empty()),
        folder: query.folder,
        tag: query.tag,
        archived: query.archived,
        deleted_since: query.deleted.then(|| caller.origin.at.minus(app.config.retention.deleted_lists.0).0),
        sort,
        order,
        after,
        limit: query.limit.0,
    };
    let (data, total, next) = app.store.read(move |view| read(view, &scope, &wanted)).await?;
    let next_cursor = next.map(|place| app.cursors.write(&scope, &listing, &place)).transpose()?;
    Ok(Page { data, next_cursor, total: Some(total), stale: None })
}

fn sort_of(text: Option<&str>) -> Result<(SortField, Order), Problem> {
    let text = text.unwrap_or("-createdAt");
    let (name, order) = match text.strip_prefix('-') {
        Some(name) => (name, Order::Descending),
        None => (text, Order::Ascending),
    };
    let field = match name {
        "name" => SortField::Name,
        "createdAt" => SortField::CreatedAt,
        "updatedAt" => SortField::UpdatedAt,
        "totalLeads" | "leadCount" => SortField::TotalLeads,
        _ => {
            let known = "expected name, createdAt, updatedAt or totalLeads, with or without `-` in front";
            return Err(Problem::invalid(FieldError::parameter("sort", known)));
        }
    };
    Ok((field, order))
}

/// The rows of a page, how many there are on all pages, and where the next begins.
type Found = (Vec<ListView>, u64, Option<(SortKey, u64)>);

fn read(view: &View, scope: &WorkspaceScope, wanted: &Wanted) -> Result<Found, StoreError> {
    let mut lists: Vec<(ListId, List)> = Vec::new();
    view.scan::<Lists>(scope, &(), Order::Ascending, &mut |(id,), list| {
        if wanted.takes(&list) {
            lists.push((id, list));
        }
        ControlFlow::Continue(())
    })?;
    let total = lists.len() as u64;
    let mut keyed = Vec::with_capacity(lists.len());
    for (id, list) in lists {
        keyed.push((wanted.key(view, scope, id, &list)?, id, list));
    }
    keyed.sort_by(|a, b| wanted.compare((&a.0, a.1), (&b.0, b.1)));
    let start = wanted.after.as_ref().map_or(0, |(key, id)| {
        let place = (key, ListId::from_u64(*id));
        keyed.partition_point(|row| wanted.compare((&row.0, row.1), place) != Ordering::Greater)
    });
    let rest = keyed.len() - start;
    let rows: Vec<_> = keyed.into_iter().skip(start).take(wanted.limit).collect();
    let next = (rest > wanted.limit).then(|| rows.last().map(|(key, id, _)| (key.clone(), id.as_u64()))).flatten();
    let data: Result<_, _> = rows.into_iter().map(|(_, id, list)| ListView::of(view, scope, id, list)).collect();
    Ok((data?, total, next))
}

impl Wanted {
    fn takes(&self, list: &List) -> bool {
        let lives = match (self.deleted_since, list.deleted_at) {
            (None, deleted_at) => deleted_at.is_none(),
            (Some(since), Some(deleted_at)) => deleted_at.0 > since,
            (Some(_), None) => false,
        };
        let archived = match self.archived {
            // What was deleted is shown whether it was archived or not.
            _ if self.deleted_since.is_some() => true,
            Archived::False => list.archived_at.is_none(),
            Archived::True => list.archived_at.is_some(),
            Archived::All => true,
        };
        lives
            && archived
            && self.folder.as_ref().is_none_or(|folder| list.folder.as_deref().unwrap_or_default() == folder)
            && self.tag.as_ref().is_none_or(|tag| list.tags.iter().any(|has| text::fold(has) == text::fold(tag)))
            && self.name_part.as_ref().is_none_or(|part| text::fold(&list.name).contains(part.as_str()))
    }

    fn key(&self, view: &View, scope: &WorkspaceScope, id: ListId, list: &List) -> Result<SortKey, StoreError> {
        Ok(match self.sort {
            SortField::Name => SortKey::Text(text::fold(&list.name)),
            SortField::CreatedAt => SortKey::Number(list.created_at.0),
            SortField::UpdatedAt => SortKey::Number(list.updated_at.0),
            SortField::TotalLeads => {
                let (kind, subject) = Counter::ListLeads(id).key();
                SortKey::Number(view.stored_counter(scope, kind, subject)?)
            }
        })
    }

    /// Equal keys are ordered by id, in the same direction.
    fn compare(&self, a: (&SortKey, ListId), b: (&SortKey, ListId)) -> Ordering {
        match self.order {
            Order::Ascending => a.cmp(&b),
            Order::Descending => b.cmp(&a),
        }
    }
}
