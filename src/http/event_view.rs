//! An event as the API shows it: in the audit log and in the live stream.

use serde::Serialize;
use serde_json::Value;

use crate::domain::id::{Id, LeadId};
use crate::domain::time::Time;
use crate::store::Actor;
use crate::store::records::event::{Event, Subject};

/// Ids of a bulk act that are shown; `idsTotal` says how many there are.
const IDS_SHOWN: usize = 100;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Event)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Rises with every event of the server
    seq: u64,
    at: Time,
    /// `lead.updated`, `import.completed`, `key.revoked`, …
    kind: String,
    actor: ActorView,
    subject: SubjectView,
    /// The leads of a bulk act, the first 100
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<LeadId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids_total: Option<usize>,
    /// The caller's address
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// The changed fields as they were
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// The changed fields as they are now
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = EventActor)]
pub struct ActorView {
    /// `user`, `key` or `system`
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = EventSubject)]
pub struct SubjectView {
    /// `list`, `lead`, `import`, `job`, `user`, `key`, …
    r#type: &'static str,
    id: String,
}

impl EventView {
    pub(in crate::http) fn of(seq: u64, event: Event) -> Self {
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        let total = event.ids.len();
        Self {
            seq,
            at: event.at,
            kind: event.kind,
            actor: ActorView::of(event.actor),
            subject: SubjectView { r#type: event.subject.word(), id: Subject::text(event.subject) },
            ids: event.ids.into_iter().take(IDS_SHOWN).map(LeadId::from_u64).collect(),
            ids_total: (total > 0).then_some(total),
            source: event.source,
            request_id: event.request_id,
            before: json(event.before),
            after: json(event.after),
        }
    }

    /// Without what only an administrator is told: where somebody was when they did it.
    #[must_use]
    pub(in crate::http) fn for_members(self) -> Self {
        Self { source: None, request_id: None, ..self }
    }
}

impl ActorView {
    pub(in crate::http) fn of(actor: Actor) -> Self {
        match actor {
            Actor::System => Self { r#type: "system", id: None },
            Actor::User(id) => Self { r#type: "user", id: Some(id.to_string()) },
            Actor::Key(id) => Self { r#type: "key", id: Some(id.to_string()) },
        }
    }
}

/// Events about people, keys and credentials, which members have no business with.
pub(in crate::http) fn is_administrative(kind: &str) -> bool {
    let noun = kind.split('.').next().unwrap_or_default();
    matches!(noun, "user" | "key" | "session" | "credential" | "workspace" | "settings" | "terms" | "suppressions")
}
