//! Events: facts written with the change itself. Audit log, timeline, webhooks and live progress are built on them.

use minicbor::{Decode, Encode};

use crate::domain::id::{Id, ImportId, JobId, KeyId, LeadId, ListId, RecipeId, TaskId, UserId};
use crate::domain::time::Time;
use crate::store::record::records;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub enum Actor {
    /// The house itself: an actor, the Janitor, an offline command.
    #[default]
    #[n(0)]
    System,
    #[n(1)]
    User(#[n(0)] UserId),
    #[n(2)]
    Key(#[n(0)] KeyId),
}

impl Actor {
    /// `system`, or the id of a user or key; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "system" => Some(Self::System),
            _ => text.parse().map(Self::User).or_else(|_| text.parse().map(Self::Key)).ok(),
        }
    }
}

/// Who does something, from where, when: goes into every event a transaction writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    pub at: Time,
    pub actor: Actor,
    /// The caller's address, where there is one.
    pub source: Option<String>,
    pub request_id: Option<String>,
}

impl Origin {
    /// The house itself, now.
    pub fn system(at: Time) -> Self {
        Self { at, ..Self::default() }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Subject {
    #[n(0)]
    pub kind: u8,
    #[n(1)]
    pub id: u64,
}

macro_rules! subjects {
    ($($name:ident $kind:literal $word:literal $id:ty;)*) => {
        impl Subject {
            $(
                pub fn $name(id: $id) -> Self {
                    Self { kind: $kind, id: id.as_u64() }
                }
            )*

            /// The id in its text form, or the bare number for a kind this program does not know.
            pub fn text(self) -> String {
                match self.kind {
                    $($kind => <$id>::from_u64(self.id).to_string(),)*
                    _ => self.id.to_string(),
                }
            }

            /// The subject with this id, such as `lead_…`; `None` for what is no id.
            pub fn parse(text: &str) -> Option<Self> {
                $(if let Ok(id) = text.parse::<$id>() {
                    return Some(Self::$name(id));
                })*
                None
            }

            pub fn word(self) -> &'static str {
                match self.kind {
                    $($kind => $word,)*
                    _ => "unknown",
                }
            }
        }
    };
}
subjects! {
    list 1 "list" ListId;
    lead 2 "lead" LeadId;
    import 3 "import" ImportId;
    job 4 "job" JobId;
    task 5 "task" TaskId;
    user 6 "user" UserId;
    key 7 "key" KeyId;
    workspace 8 "workspace" crate::domain::id::WorkspaceId;
    export 9 "export" crate::domain::id::ExportId;
    recipe 10 "recipe" RecipeId;
}

/// One fact. Its key is (workspace, seq).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Event {
    #[n(0)]
    pub at: Time,
    #[n(1)]
    #[cbor(default)]
    pub actor: Actor,
    #[n(2)]
    pub source: Option<String>,
    #[n(3)]
    pub request_id: Option<String>,
    /// `list.created`, `lead.updated`, `import.completed`, …
    #[n(4)]
    pub kind: String,
    #[n(5)]
    #[cbor(default)]
    pub subject: Subject,
    /// The leads of a bulk act, where the event speaks of more than its subject.
    #[n(6)]
    #[cbor(default)]
    pub ids: Vec<u64>,
    /// JSON object with the changed fields as they were.
    #[n(7)]
    pub before: Option<String>,
    /// JSON object with the changed fields as they are now.
    #[n(8)]
    pub after: Option<String>,
    /// Further subjects that find this event in their timeline.
    #[n(9)]
    #[cbor(default)]
    pub also: Vec<Subject>,
}

records!(Event);
