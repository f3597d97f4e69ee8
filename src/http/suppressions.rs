//! Who is to be left alone: addresses, domains, companies and phone numbers. Values never stand in an address of a
//! request, so that nobody's log of addresses names them.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Page};
use super::auth::{Auth, Caller};
use super::body::JsonBody;
use super::event_view::ActorView;
use super::problem::{FieldError, Problem};
use super::query::{Limit, Query};
use crate::app::App;
use crate::domain::phone::Region;
use crate::domain::policy::{SuppressionEntry, SuppressionKind};
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::counter::Counter;
use crate::store::engine::Order;
use crate::store::records::suppression::Suppression;
use crate::store::tables::{Suppressions, Workspaces};
use crate::store::transactions::suppressions::{DeleteSuppression, Given, Mode, PutSuppressions, Written};
use crate::store::{Reads, StoreError, Urgency, View, WorkspaceScope};

/// Entries of one request.
const MOST_ENTRIES: usize = 10_000;
/// Wrong entries that one answer names.
const MOST_ERRORS: usize = 100;
const LONGEST_NOTE: usize = 255;
/// Entries from which on a write gives way to those that somebody waits for.
const MANY: usize = 500;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Suppression)]
#[serde(rename_all = "camelCase")]
pub struct SuppressionView {
    kind: SuppressionKind,
    /// In normal form
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    added_at: Time,
    added_by: ActorView,
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct SuppressionQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// Only entries of this kind
    kind: Option<SuppressionKind>,
}

/// An entry as somebody writes it. A domain covers all below it; a company its name in any legal form; an address its
/// tags; a phone number without a country is one of the workspace's region.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = NewSuppression)]
#[serde(rename_all = "camelCase")]
pub struct GivenEntry {
    #[serde(alias = "type")]
    kind: SuppressionKind,
    value: String,
    /// Why
    #[schema(max_length = 255)]
    #[serde(alias = "reason")]
    note: Option<String>,
}

/// Up to 10,000 entries. All are written, or none when one is wrong.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
pub struct SuppressionsBody {
    /// `add` (default): those that are there stay. `replace`: those that are not among the given ones go. `remove`: the
    /// given ones go
    #[serde(default)]
    mode: Mode,
    #[serde(alias = "suppressions", alias = "data")]
    entries: Vec<GivenEntry>,
}

/// What a write came to; `total` is what the workspace has now.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = SuppressionsWritten)]
pub struct WrittenView {
    added: u64,
    /// Were there already
    unchanged: u64,
    removed: u64,
    total: u64,
}

/// Page through the suppressions, by kind and value
#[utoipa::path(get, path = "/suppressions", tag = "privacy", params(SuppressionQuery),
    responses((status = 200, body = Page<SuppressionView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<SuppressionQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    let listing = format!("suppressions {:?}", query.kind);
    let after: Option<(u8, String)> = query.after.map(|text| app.cursors.read(&scope, &listing, &text)).transpose()?;
    let (limit, kind) = (query.limit.0, query.kind);
    let (mut rows, total) = app.store.read(move |view| page(view, &scope, kind, after, limit)).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|(key, _)| key.clone()).filter(|_| more);
    let next_cursor = last.map(|key| app.cursors.write(&scope, &listing, &key)).transpose()?;
    let shown = |((kind, _), row): ((u8, String), Suppression)| SuppressionView {
        kind: SuppressionKind::from_u8(kind).unwrap_or_default(),
        value: row.value,
        note: row.note,
        added_at: row.at,
        added_by: ActorView::of(row.by),
    };
    Ok(Answer::ok(Page { data: rows.into_iter().map(shown).collect(), next_cursor, total: Some(total), stale: None }))
}

type Rows = Vec<((u8, String), Suppression)>;

/// A page and one row more where there is one, and how many there are.
fn page(
    view: &View,
    scope: &WorkspaceScope,
    kind: Option<SuppressionKind>,
    after: Option<(u8, String)>,
    limit: usize,
) -> Result<(Rows, u64), StoreError> {
    let mut rows: Rows = Vec::new();
    let mut take = |key, row| {
        rows.push((key, row));
        if rows.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    match (kind, &after) {
        (None, None) => view.scan::<Suppressions>(scope, &(), Order::Ascending, &mut take)?,
        (None, Some(after)) => view.scan_after::<Suppressions>(scope, &(), after, Order::Ascending, &mut take)?,
        (Some(kind), None) => view.scan::<Suppressions>(scope, &(kind.as_u8(),), Order::Ascending, &mut take)?,
        (Some(kind), Some(after)) => {
            view.scan_after::<Suppressions>(scope, &(kind.as_u8(),), after, Order::Ascending, &mut take)?
        }
    }
    let mut total = 0;
    for counted in SuppressionKind::ALL.into_iter().filter(|counted| kind.is_none_or(|kind| kind == *counted)) {
        let (kind, subject) = Counter::Suppressions(counted).key();
        total += u64::try_from(view.stored_counter(scope, kind, subject)?).unwrap_or(0);
    }
    Ok((rows, total))
}

/// Write many entries at once; the same request twice changes nothing more
#[utoipa::path(put, path = "/suppressions", tag = "privacy", request_body = SuppressionsBody,
    responses((status = 200, body = WrittenView)))]
pub async fn replace(
    State(app): State<Arc<App>>,
    auth: Auth,
    JsonBody(body): JsonBody<SuppressionsBody>,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, .. } = auth.need(Right::Write)?;
    if body.entries.len() > MOST_ENTRIES {
        let text = format!("at most {MOST_ENTRIES} entries in a request");
        return Err(Problem::invalid(FieldError::at("/entries", text)));
    }
    let region = region_of(&app, scope).await?;
    let mode = body.mode;
    let entries = read(body.entries, region)?;
    let urgency = if entries.len() > MANY || mode == Mode::Replace { Urgency::Bulk } else { Urgency::Interactive };
    let put = PutSuppressions { scope, origin, mode, entries };
    let committed = app.store.submit(put, urgency).await?;
    app.policy_revision.changed();
    let Written { added, unchanged, removed, total } = committed.out;
    Ok(Answer::ok(WrittenView { added, unchanged, removed, total }).seq(committed.seq))
}

/// Remove one entry
#[utoipa::path(delete, path = "/suppressions", tag = "privacy", request_body = GivenEntry,
    responses((status = 204)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    auth: Auth,
    JsonBody(body): JsonBody<GivenEntry>,
) -> Result<impl IntoResponse, Problem> {
    let Caller { scope, origin, .. } = auth.need(Right::Write)?;
    let region = region_of(&app, scope).await?;
    let entry = SuppressionEntry::parse(body.kind, &body.value, region)
        .map_err(|error| Problem::invalid(FieldError::at("/value", error.to_string())))?;
    let delete = DeleteSuppression { scope, origin, kind: entry.kind, key: entry.key };
    let committed = app.store.submit(delete, Urgency::Interactive).await?;
    app.policy_revision.changed();
    Ok(Answer::nothing().seq(committed.seq))
}

/// For phone numbers without a country.
async fn region_of(app: &App, scope: WorkspaceScope) -> Result<Option<Region>, Problem> {
    let workspace = app.store.read(move |view| view.get_install::<Workspaces>((scope.workspace(),))).await?;
    Ok(workspace.and_then(|workspace| workspace.region).as_deref().and_then(Region::from_code))
}

fn read(given: Vec<GivenEntry>, region: Option<Region>) -> Result<Vec<Given>, Problem> {
    let mut wrong = Vec::new();
    let mut entries = Vec::with_capacity(given.len());
    for (place, given) in given.into_iter().enumerate() {
        let note = given.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
            let text = format!("must have at most {LONGEST_NOTE} characters");
            wrong.push(FieldError::at(format!("/entries/{place}/note"), text));
        }
        match SuppressionEntry::parse(given.kind, &given.value, region) {
            Ok(entry) => entries.push(Given { entry, note }),
            Err(error) => wrong.push(FieldError::at(format!("/entries/{place}/value"), error.to_string())),
        }
    }
    if wrong.is_empty() {
        return Ok(entries);
    }
    let count = wrong.len();
    wrong.truncate(MOST_ERRORS);
    Err(Problem::all_invalid(wrong).detail(format!("{count} entries cannot be read; nothing was written")))
}
