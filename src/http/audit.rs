//! The audit log: every event of the workspace, newest first, with who, from where, and what changed.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::answer::{Answer, Page};
use super::auth::Auth;
use super::event_view::EventView;
use super::problem::{FieldError, Problem};
use super::query::{Limit, Query};
use crate::app::App;
use crate::domain::time::Time;
use crate::store::access::Right;
use crate::store::engine::Order;
use crate::store::records::event::{Event, Subject};
use crate::store::tables::{EventSubjects, Events};
use crate::store::{Actor, Reads, StoreError, View, WorkspaceScope};

/// Rows that one page looks at. A rare kind in a long log takes several pages, some of them empty.
const MOST_READ: usize = 20_000;

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Rows of a page; there may be fewer although `nextCursor` says that the log goes on
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// `nextCursor` of the page before
    after: Option<String>,
    /// `lead.updated`, or all of a noun with `lead.`; several with commas
    kind: Option<String>,
    /// Id of a list, lead, import, job, user, key, …
    subject: Option<String>,
    /// Id of a user or key, or `system`
    actor: Option<String>,
    /// From this time on
    from: Option<Time>,
    /// Before this time
    until: Option<Time>,
}

/// The query with everything read.
struct Wanted {
    kinds: Vec<String>,
    subject: Option<Subject>,
    actor: Option<Actor>,
    from: Option<Time>,
    until: Option<Time>,
    before_seq: u64,
    limit: usize,
}

/// Page through the audit log, newest first
#[utoipa::path(get, path = "/audit", tag = "people", params(AuditQuery), responses((status = 200, body = Page<EventView>)))]
pub async fn index(
    State(app): State<Arc<App>>,
    auth: Auth,
    Query(query): Query<AuditQuery>,
) -> Result<impl IntoResponse, Problem> {
    let scope = auth.need(Right::Admin)?.scope;
    let filters = (&query.kind, &query.subject, &query.actor, query.from, query.until);
    let listing = format!("audit {filters:?}");
    let before_seq = match &query.after {
        Some(cursor) => app.cursors.read(&scope, &listing, cursor)?,
        None => u64::MAX,
    };
    let wanted = Wanted::of(query, before_seq)?;
    let (data, next) = app.store.read(move |view| read(view, &scope, &wanted)).await?;
    let next_cursor = next.map(|seq| app.cursors.write(&scope, &listing, &seq)).transpose()?;
    Ok(Answer::ok(Page { data, next_cursor, total: None, stale: None }))
}

impl Wanted {
    fn of(query: AuditQuery, before_seq: u64) -> Result<Self, Problem> {
        let parsed = |name: &str, is_read: bool| {
            let wrong = || Problem::invalid(FieldError::parameter(name, "is no id"));
            if is_read { Ok(()) } else { Err(wrong()) }
        };
        let subject = query.subject.as_deref().map(Subject::parse);
        parsed("subject", subject != Some(None))?;
        let actor = query.actor.as_deref().map(Actor::parse);
        parsed("actor", actor != Some(None))?;
        let kinds = query.kind.iter().flat_map(|kinds| kinds.split(',')).map(str::trim);
        Ok(Self {
            kinds: kinds.filter(|kind| !kind.is_empty()).map(str::to_owned).collect(),
            subject: subject.flatten(),
            actor: actor.flatten(),
            from: query.from,
            until: query.until,
            before_seq,
            limit: query.limit.0,
        })
    }

    fn takes(&self, event: &Event) -> bool {
        let is_kind = |kind: &String| *kind == event.kind || (kind.ends_with('.') && event.kind.starts_with(kind));
        (self.kinds.is_empty() || self.kinds.iter().any(is_kind))
            && self.actor.is_none_or(|actor| actor == event.actor)
            && self.from.is_none_or(|from| event.at >= from)
            && self.until.is_none_or(|until| event.at < until)
    }
}

/// The rows of a page, and the last seq looked at when there are more.
fn read(view: &View, scope: &WorkspaceScope, wanted: &Wanted) -> Result<(Vec<EventView>, Option<u64>), StoreError> {
    let mut log = Log { rows: Vec::new(), seen: 0, next: None, wanted };
    match wanted.subject {
        None => {
            view.scan_after::<Events>(scope, &(), &(wanted.before_seq,), Order::Descending, &mut |(seq,), event| {
                log.take(seq, Some(event))
            })?
        }
        Some(Subject { kind, id }) => {
            let (mut seqs, place) = (Vec::new(), (kind, id, wanted.before_seq));
            view.scan_after::<EventSubjects>(scope, &(kind, id), &place, Order::Descending, &mut |(_, _, seq), ()| {
                seqs.push(seq);
                if seqs.len() <= MOST_READ { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            for seq in seqs {
                if log.take(seq, view.get::<Events>(scope, (seq,))?).is_break() {
                    break;
                }
            }
        }
    }
    Ok((log.rows, log.next))
}

struct Log<'w> {
    rows: Vec<EventView>,
    seen: usize,
    next: Option<u64>,
    wanted: &'w Wanted,
}

impl Log<'_> {
    /// An event that is not there any more has been trimmed since its subject was noted.
    fn take(&mut self, seq: u64, event: Option<Event>) -> ControlFlow<()> {
        // The page was full before this row: there is more.
        if self.rows.len() == self.wanted.limit || self.seen == MOST_READ {
            self.next = Some(seq + 1);
            return ControlFlow::Break(());
        }
        self.seen += 1;
        if let Some(event) = event.filter(|event| self.wanted.takes(event)) {
            self.rows.push(EventView::of(seq, event));
        }
        ControlFlow::Continue(())
    }
}
