//! What happened to a lead or a list, the newest first: read from the events, which every change writes with itself.
//!
//! A lead's timeline joins its own events with those of the import that brought it and the job that enriched it; what these
//! say of other leads is left out.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::Value;

use super::answer::{Answer, Page};
use super::auth::Auth;
use super::bulk::PageQuery;
use super::path::PathId;
use super::problem::Problem;
use super::query::Query;
use crate::app::App;
use crate::domain::id::{Id, LeadId, ListId};
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::records::event::Event;
use crate::store::tables::{EventSubjects, Events};
use crate::store::transactions::leads::live_lead;
use crate::store::transactions::lists::live_list;
use crate::store::{Actor, Reads, Refusal, StoreError, Subject, View, WorkspaceScope};

/// One thing that happened.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = TimelineEntry)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    seq: u64,
    at: Time,
    /// `lead.updated`, `leads.moved`, `import.completed`, …
    kind: String,
    actor: ActorView,
    /// What it is about: `lead`, `list`, `import`, `job` or `task`, and its id
    subject: SubjectView,
    request_id: Option<String>,
    /// The fields that differ, as they were
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// The same as they became
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
    /// How many leads it was done to, where it was done to many at once
    #[serde(skip_serializing_if = "Option::is_none")]
    leads: Option<usize>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActorView {
    /// `user`, `key` or `system`
    r#type: &'static str,
    id: Option<String>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectView {
    r#type: &'static str,
    id: String,
}

impl From<Actor> for ActorView {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::System => Self { r#type: "system", id: None },
            Actor::User(user) => Self { r#type: "user", id: Some(user.to_string()) },
            Actor::Key(key) => Self { r#type: "key", id: Some(key.to_string()) },
        }
    }
}

impl EntryView {
    fn new(seq: u64, event: Event) -> Self {
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            seq,
            at: event.at,
            kind: event.kind,
            actor: event.actor.into(),
            subject: SubjectView { r#type: event.subject.word(), id: event.subject.text() },
            request_id: event.request_id,
            before: json(event.before),
            after: json(event.after),
            leads: Some(event.ids.len()).filter(|count| *count > 0),
        }
    }
}

/// What happened to a lead, the newest first
#[utoipa::path(get, path = "/leads/{id}/timeline", tag = "leads", params(("id" = LeadId, Path), PageQuery),
    responses((status = 200, body = Page<EntryView>)))]
pub async fn of_lead(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<LeadId>,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    page(&app, scope, &format!("timeline of {id}"), query, move |view| {
        let lead = live_lead(view, &scope, id)?;
        let import = lead.origin.map(|origin| Subject::import(origin.import));
        let subjects = [Some(Subject::lead(id)), import, lead.enrichment_job.map(Subject::job)];
        Ok((subjects.into_iter().flatten().collect(), Some(id)))
    })
    .await
}

/// What happened to a list, the newest first
#[utoipa::path(get, path = "/leads/lists/{id}/timeline", tag = "lists", params(("id" = ListId, Path), PageQuery),
    responses((status = 200, body = Page<EntryView>)))]
pub async fn of_list(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId<ListId>,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Read)?.scope;
    page(&app, scope, &format!("timeline of {id}"), query, move |view| {
        live_list(view, &scope, id)?;
        Ok((vec![Subject::list(id)], None))
    })
    .await
}

/// Whose events a timeline joins, and the lead that shared ones must name.
type Joined = (Vec<Subject>, Option<LeadId>);

async fn page(
    app: &App,
    scope: WorkspaceScope,
    listing: &str,
    query: PageQuery,
    joined: impl FnOnce(&View) -> Result<Joined, Refusal> + Send + 'static,
) -> Result<Answer<Page<EntryView>>, Problem> {
    let before: Option<u64> = query.after.map(|text| app.cursors.read(&scope, listing, &text)).transpose()?;
    let limit = query.limit.0;
    let read = app.store.read(move |view| {
        let (subjects, lead) = joined(view)?;
        Ok::<_, Refusal>(entries(view, &scope, &subjects, lead, before, limit)?)
    });
    let (data, next) = read.await.map_err(Problem::from)?;
    let next_cursor = next.map(|seq| app.cursors.write(&scope, listing, &seq)).transpose()?;
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

/// The entries of a page, and the seq before which the next begins.
fn entries(
    view: &View,
    scope: &WorkspaceScope,
    subjects: &[Subject],
    lead: Option<LeadId>,
    before: Option<u64>,
    limit: usize,
) -> Result<(Vec<EntryView>, Option<u64>), StoreError> {
    let mut before = before;
    let mut data: Vec<EntryView> = Vec::with_capacity(limit);
    loop {
        let seqs = latest(view, scope, subjects, before, limit + 1)?;
        let is_last = seqs.len() <= limit;
        for seq in seqs {
            if data.len() == limit {
                let last = data.last().map(|entry| entry.seq);
                return Ok((data, last));
            }
            before = Some(seq);
            if let Some(event) = view.get::<Events>(scope, (seq,))?.filter(|event| concerns(event, lead)) {
                data.push(EntryView::new(seq, event));
            }
        }
        if is_last {
            return Ok((data, None));
        }
    }
}

/// An event of an import or a job that names leads concerns only these.
fn concerns(event: &Event, lead: Option<LeadId>) -> bool {
    lead.is_none_or(|lead| event.ids.is_empty() || event.ids.contains(&lead.as_u64()))
}

/// The latest events of any of `subjects`, each once.
fn latest(
    view: &View,
    scope: &WorkspaceScope,
    subjects: &[Subject],
    before: Option<u64>,
    most: usize,
) -> Result<Vec<u64>, StoreError> {
    let mut seqs = Vec::new();
    for subject in subjects {
        let mut left = most;
        let mut take = |(_, _, seq): (u8, u64, u64), (): ()| {
            seqs.push(seq);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let prefix = (subject.kind, subject.id);
        match before {
            None => view.scan::<EventSubjects>(scope, &prefix, Order::Descending, &mut take)?,
            Some(before) => {
                let before = (subject.kind, subject.id, before);
                view.scan_after::<EventSubjects>(scope, &prefix, &before, Order::Descending, &mut take)?;
            }
        }
    }
    seqs.sort_unstable_by(|a, b| b.cmp(a));
    seqs.dedup();
    seqs.truncate(most);
    Ok(seqs)
}
