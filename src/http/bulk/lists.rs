//! Merging and copying whole lists. Both go on for a while, so both are tasks.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::shape::TaskView;
use super::start;
use crate::app::App;
use crate::domain::id::ListId;
use crate::domain::list::List;
use crate::http::auth::{Auth, Caller};
use crate::http::body::Posted;
use crate::http::path::PathId;
use crate::http::problem::{FieldError, Problem};
use crate::store::access::Right;
use crate::store::records::task::{Act, Duplicate, Merge, MergeDuplicates};
use crate::store::transactions::lists::{MAX_NAME_CHARS, free_name, live_list};
use crate::store::{Missing, Refusal};

const MAX_SOURCES: usize = 100;

/// Several lists into one.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergeBody {
    /// The lists that go, in the order in which their leads win
    #[serde(alias = "sourceListIds", alias = "sources")]
    list_ids: Vec<String>,
    /// The list that stays; it may also be one of `listIds`
    #[serde(alias = "into")]
    target_list_id: Option<String>,
    /// Or the name of a new list
    #[serde(alias = "targetName")]
    name: Option<String>,
    /// What becomes of a lead that is in the target already: `merge` fills the empty fields of that one, `skip` leaves it in
    /// its list and goes with it, `keep` moves it all the same
    #[serde(default)]
    #[schema(value_type = String, example = "merge")]
    duplicates: MergeDuplicates,
}

/// Merge lists into a new or an existing one
///
/// Leads move with their ids. Lists whose leads have all moved or are duplicates are deleted at the end and can be restored;
/// one with leads that the target does not take stays with them. Undo brings everything back.
#[utoipa::path(post, path = "/leads/lists/merge", tag = "bulk", request_body = MergeBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = TaskView)))]
pub async fn merge(
    State(app): State<Arc<App>>,
    auth: Auth,
    Posted { body, key }: Posted<MergeBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let wrong = |place: &str, detail: &str| Problem::invalid(FieldError::at(place, detail));
    if body.list_ids.len() > MAX_SOURCES {
        return Err(wrong("/listIds", "at most 100 lists"));
    }
    let id_of = |text: &String| text.parse::<ListId>().map_err(|_| Problem::from(Missing::List));
    let mut sources: Vec<ListId> = Vec::new();
    for text in &body.list_ids {
        let id = id_of(text)?;
        if !sources.contains(&id) {
            sources.push(id);
        }
    }
    let (into, new_list) = match (&body.target_list_id, body.name) {
        (Some(target), None) => (id_of(target)?, None),
        (None, Some(name)) => (app.deps.ids.next(), Some(made_list(&caller, name, "/name", List::default())?)),
        _ => return Err(wrong("/targetListId", "give either targetListId or the name of a new list")),
    };
    sources.retain(|source| *source != into);
    if sources.is_empty() {
        return Err(wrong("/listIds", "names no list beside the target"));
    }
    let made_target = new_list.is_some();
    let act = Act::Merge(Merge { sources, into, duplicates: body.duplicates, made_target });
    start(&app, &caller, &key, act, None, new_list).await
}

#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DuplicateBody {
    /// The name of the copy; without one it gets that of the list with a number behind it
    name: Option<String>,
}

/// Copy a list; its leads get new ids
#[utoipa::path(post, path = "/leads/lists/{id}/duplicate", tag = "bulk", request_body = DuplicateBody,
    params(("id" = ListId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Done once per key for 24 hours")),
    responses((status = 202, body = TaskView)))]
pub async fn duplicate(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(from): PathId<ListId>,
    Posted { body, key }: Posted<DuplicateBody>,
) -> Result<impl IntoResponse, Problem> {
    let caller = auth.need(Right::Write)?;
    let scope = caller.scope;
    let read = app.store.read(move |view| {
        let list = live_list(view, &scope, from)?;
        let name = free_name(view, &scope, &list.name)?;
        Ok::<_, Refusal>((list, name))
    });
    let (list, free) = read.await.map_err(Problem::from)?;
    let copy = List {
        description: list.description,
        folder: list.folder,
        tags: list.tags,
        identity: list.identity,
        dedupe_scope: list.dedupe_scope,
        visibility: list.visibility,
        source: list.source,
        metadata: list.metadata,
        ..List::default()
    };
    let copy = made_list(&caller, body.name.unwrap_or(free), "/name", copy)?;
    let act = Act::Duplicate(Duplicate { from, to: app.deps.ids.next() });
    start(&app, &caller, &key, act, None, Some(copy)).await
}

fn made_list(caller: &Caller, name: String, pointer: &str, like: List) -> Result<List, Problem> {
    let chars = name.chars().count();
    if chars == 0 || chars > MAX_NAME_CHARS {
        let detail = format!("must have 1 to {MAX_NAME_CHARS} characters, has {chars}");
        return Err(Problem::invalid(FieldError::at(pointer, detail)));
    }
    Ok(List { name, created_by: caller.principal.user(), ..like })
}
