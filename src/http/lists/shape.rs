//! A list as the API shows and takes it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::id::ListId;
use crate::domain::list::{DedupeScope, IdentityDemand, List, Visibility};
use crate::domain::time::Time;
use crate::http::auth::Caller;
use crate::http::body::nullable;
use crate::http::problem::{FieldError, Problem};
use crate::store::transactions::lists::{ListChanges, MAX_NAME_CHARS};
use crate::store::{Actor, Counter, Reads, StoreError, WorkspaceScope};

const MAX_TEXT: usize = 10_000;
const MAX_FOLDER: usize = 255;
const MAX_TAGS: usize = 100;
const MAX_TAG: usize = 100;

/// A list. `listId` and `leadCount` say the same as `id` and `totalLeads`, for clients of either document.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = List)]
#[serde(rename_all = "camelCase")]
pub struct ListView {
    id: ListId,
    list_id: ListId,
    name: String,
    description: Option<String>,
    folder: Option<String>,
    tags: Vec<String>,
    settings: ListSettings,
    visibility: Visibility,
    total_leads: i64,
    lead_count: i64,
    enriched_leads: i64,
    source: Option<String>,
    metadata: Map<String, Value>,
    is_archived: bool,
    created_at: Time,
    updated_at: Time,
    /// Set on lists that can still be restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListSettings {
    identity: IdentityDemand,
    dedupe_scope: DedupeScope,
    deduplication: Deduplication,
}

/// The identity demand in the words of the older document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deduplication {
    Email,
    Phone,
    Both,
}

impl ListView {
    pub(super) fn of(reads: &impl Reads, scope: &WorkspaceScope, id: ListId, list: List) -> Result<Self, StoreError> {
        let count = |counter: Counter| {
            let (kind, subject) = counter.key();
            reads.stored_counter(scope, kind, subject)
        };
        let total_leads = count(Counter::ListLeads(id))?;
        Ok(Self {
            id,
            list_id: id,
            settings: ListSettings {
                identity: list.identity,
                dedupe_scope: list.dedupe_scope,
                deduplication: match list.identity {
                    IdentityDemand::Email => Deduplication::Email,
                    IdentityDemand::Phone => Deduplication::Phone,
                    IdentityDemand::Any | IdentityDemand::LinkedIn => Deduplication::Both,
                },
            },
            name: list.name,
            description: list.description,
            folder: list.folder,
            tags: list.tags,
            visibility: list.visibility,
            total_leads,
            lead_count: total_leads,
            enriched_leads: count(Counter::ListEnriched(id))?,
            source: list.source,
            // Only objects are ever stored.
            metadata: list.metadata.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            is_archived: list.archived_at.is_some(),
            created_at: list.created_at,
            updated_at: list.updated_at,
            deleted_at: list.deleted_at,
        })
    }
}

/// A list to be made.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewList {
    /// Any text of 1 to 255 characters, unlike every other list's.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    description: Option<String>,
    folder: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    settings: Option<GivenSettings>,
    visibility: Option<Visibility>,
    /// Where its leads come from: `api`, `csv`, `manual`, or a word of yours.
    source: Option<String>,
    metadata: Option<Map<String, Value>>,
}

/// What a list demands. `deduplication` sets `identity` where that is not given.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenSettings {
    identity: Option<IdentityDemand>,
    dedupe_scope: Option<DedupeScope>,
    deduplication: Option<Deduplication>,
}

impl GivenSettings {
    fn identity(self) -> Option<IdentityDemand> {
        self.identity.or(self.deduplication.map(|words| match words {
            Deduplication::Email => IdentityDemand::Email,
            Deduplication::Phone => IdentityDemand::Phone,
            Deduplication::Both => IdentityDemand::Any,
        }))
    }
}

impl NewList {
    pub(super) fn into_list(self, caller: &Caller) -> Result<List, Problem> {
        let settings = self.settings.unwrap_or_default();
        let tags = self.tags.unwrap_or_default();
        let mut wrong = Wrong::default();
        wrong.name(&self.name);
        wrong.longest("/description", self.description.as_deref(), MAX_TEXT);
        wrong.longest("/folder", self.folder.as_deref(), MAX_FOLDER);
        wrong.longest("/source", self.source.as_deref(), MAX_TAG);
        wrong.tags(&tags);
        wrong.visibility(self.visibility);
        wrong.none()?;
        let source = self.source.unwrap_or_else(|| {
            match caller.principal.actor {
                Actor::User(_) => "manual",
                Actor::Key(_) | Actor::System => "api",
            }
            .to_owned()
        });
        Ok(List {
            name: self.name,
            description: self.description,
            folder: self.folder.filter(|folder| !folder.is_empty()),
            tags,
            identity: settings.identity().unwrap_or_default(),
            dedupe_scope: settings.dedupe_scope.unwrap_or_default(),
            visibility: self.visibility.unwrap_or_default(),
            source: Some(source),
            metadata: self.metadata.map(|object| Value::Object(object).to_string()),
            created_by: caller.principal.user(),
            ..List::default()
        })
    }
}

/// What to change; a field that is left out stays, `null` clears it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListPatch {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    folder: Option<Option<String>>,
    tags: Option<Vec<String>>,
    settings: Option<GivenSettings>,
    visibility: Option<Visibility>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Option<Map<String, Value>>>,
    is_archived: Option<bool>,
}

impl ListPatch {
    pub(super) fn into_changes(self) -> Result<ListChanges, Problem> {
        let mut wrong = Wrong::default();
        if let Some(name) = &self.name {
            wrong.name(name);
        }
        wrong.longest("/description", self.description.as_ref().and_then(|text| text.as_deref()), MAX_TEXT);
        wrong.longest("/folder", self.folder.as_ref().and_then(|text| text.as_deref()), MAX_FOLDER);
        wrong.tags(self.tags.as_deref().unwrap_or_default());
        wrong.visibility(self.visibility);
        wrong.none()?;
        let settings = self.settings.unwrap_or_default();
        Ok(ListChanges {
            name: self.name,
            description: self.description,
            folder: self.folder.map(|folder| folder.filter(|folder| !folder.is_empty())),
            tags: self.tags,
            identity: settings.identity(),
            dedupe_scope: settings.dedupe_scope,
            visibility: self.visibility,
            metadata: self.metadata.map(|object| object.map(|object| Value::Object(object).to_string())),
            archived: self.is_archived,
        })
    }
}

/// Collects every wrong place, so that a caller sees all at once.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn name(&mut self, name: &str) {
        let chars = name.chars().count();
        if chars == 0 || chars > MAX_NAME_CHARS {
            self.0.push(FieldError::at("/name", format!("must have 1 to {MAX_NAME_CHARS} characters, has {chars}")));
        }
    }

    fn longest(&mut self, pointer: &str, text: Option<&str>, most: usize) {
        if text.is_some_and(|text| text.chars().count() > most) {
            self.0.push(FieldError::at(pointer, format!("must have at most {most} characters")));
        }
    }

    fn tags(&mut self, tags: &[String]) {
        if tags.len() > MAX_TAGS {
            self.0.push(FieldError::at("/tags", format!("at most {MAX_TAGS} tags")));
        }
        for (place, tag) in tags.iter().enumerate() {
            let pointer = format!("/tags/{place}");
            if tag.trim().is_empty() {
                self.0.push(FieldError::at(pointer, "must not be empty"));
            } else {
                self.longest(&pointer, Some(tag), MAX_TAG);
            }
        }
    }

    /// Who sees a list below the workspace is not enforced by searches yet, so it is not promised.
    fn visibility(&mut self, visibility: Option<Visibility>) {
        if visibility.is_some_and(|visibility| visibility != Visibility::Workspace) {
            self.0.push(FieldError::at("/visibility", "only `workspace` is possible in this version"));
        }
    }

    fn none(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::all_invalid(self.0)) }
    }
}
