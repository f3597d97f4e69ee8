//! Creating, changing, archiving, deleting and restoring lists.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::domain::id::ListId;
use crate::domain::list::{DedupeScope, IdentityDemand, List, Visibility};
use crate::domain::text;
use crate::domain::time::Time;
use crate::store::tables::{ListNames, Lists};
use crate::store::{Fact, Missing, Origin, Reads, Refusal, Reject, Subject, Transaction, Tx, WorkspaceScope};

/// The most characters of a list name.
pub const MAX_NAME_CHARS: usize = 255;

/// A list that is there, deleted ones left out.
pub fn live_list(reads: &impl Reads, scope: &WorkspaceScope, id: ListId) -> Result<List, Refusal> {
    match reads.get::<Lists>(scope, (id,))? {
        Some(list) if list.deleted_at.is_none() => Ok(list),
        _ => Err(Reject::NotFound(Missing::List).into()),
    }
}

/// A list that may be changed: there and not archived.
pub fn open_list(reads: &impl Reads, scope: &WorkspaceScope, id: ListId) -> Result<List, Refusal> {
    let list = live_list(reads, scope, id)?;
    if list.archived_at.is_some() {
        return Err(Reject::ListArchived.into());
    }
    Ok(list)
}

/// Claims `name` for `list`; refused when another list that is not deleted has it.
fn claim_name(tx: &mut Tx<'_>, scope: &WorkspaceScope, name: &str, list: ListId) -> Result<(), Refusal> {
    let chars = name.chars().count();
    if chars == 0 || chars > MAX_NAME_CHARS {
        let reason = format!("a list name has 1 to {MAX_NAME_CHARS} characters, this one has {chars}");
        return Err(Reject::Invalid { field: "name".to_owned(), reason }.into());
    }
    let key = (name_key(name),);
    match tx.get::<ListNames>(scope, key.clone())? {
        Some(existing) if existing != list => Err(Reject::DuplicateListName { existing }.into()),
        _ => Ok(tx.put::<ListNames>(scope, key, &list)?),
    }
}

/// Names are compared folded; a name that folds to nothing (punctuation only) is compared as it is.
pub fn name_key(name: &str) -> String {
    let folded = text::fold(name);
    if folded.trim().is_empty() { name.to_owned() } else { folded }
}

/// Makes a list.
#[derive(Debug, Clone)]
pub struct CreateList {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ListId,
    pub list: List,
}

impl Transaction for CreateList {
    type Out = ListId;
    const NAME: &'static str = "lists.create";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<ListId, Refusal> {
        create_list(tx, &self.scope, &self.origin, self.id, self.list.clone())?;
        Ok(self.id)
    }
}

/// The part of [`CreateList`] that other transactions make a list with.
pub fn create_list(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    id: ListId,
    list: List,
) -> Result<(), Refusal> {
    claim_name(tx, scope, &list.name, id)?;
    let stored = List { created_at: origin.at, updated_at: origin.at, version: 1, ..list };
    tx.put::<Lists>(scope, (id,), &stored)?;
    let after = json!({ "name": stored.name, "source": stored.source });
    tx.event(scope, origin, Fact::new("list.created", Subject::list(id)).change(None, Some(&after)))?;
    Ok(())
}

/// What to change; `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct ListChanges {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub folder: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    pub identity: Option<IdentityDemand>,
    pub dedupe_scope: Option<DedupeScope>,
    pub visibility: Option<Visibility>,
    pub metadata: Option<Option<String>>,
    pub archived: Option<bool>,
}

/// Changes a list; `expected` is the version of an `If-Match`.
#[derive(Debug, Clone)]
pub struct UpdateList {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ListId,
    pub expected: Option<u64>,
    pub changes: ListChanges,
}

impl Transaction for UpdateList {
    type Out = List;
    const NAME: &'static str = "lists.update";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<List, Refusal> {
        let before = live_list(tx, &self.scope, self.id)?;
        check_version(self.expected, before.version)?;
        let mut after = before.clone();
        let mut facts = Changed::default();
        let changes = self.changes.clone();
        if let Some(name) = changes.name
            && name != before.name
        {
            claim_name(tx, &self.scope, &name, self.id)?;
            if name_key(&name) != name_key(&before.name) {
                tx.remove::<ListNames>(&self.scope, (name_key(&before.name),))?;
            }
            facts.note("name", json!(before.name), json!(name));
            after.name = name;
        }
        if let Some(description) = changes.description {
            facts.note("description", json!(before.description), json!(description));
            after.description = description;
        }
        if let Some(folder) = changes.folder {
            facts.note("folder", json!(before.folder), json!(folder));
            after.folder = folder;
        }
        if let Some(tags) = changes.tags {
            facts.note("tags", json!(before.tags), json!(tags));
            after.tags = tags;
        }
        if let Some(identity) = changes.identity {
            facts.note("identity", json!(before.identity), json!(identity));
            after.identity = identity;
        }
        if let Some(dedupe_scope) = changes.dedupe_scope {
            facts.note("dedupeScope", json!(before.dedupe_scope), json!(dedupe_scope));
            after.dedupe_scope = dedupe_scope;
        }
        if let Some(visibility) = changes.visibility {
            facts.note("visibility", json!(before.visibility), json!(visibility));
            after.visibility = visibility;
        }
        if let Some(metadata) = changes.metadata {
            facts.note("metadata", json!(before.metadata), json!(metadata));
            after.metadata = metadata;
        }
        if let Some(archived) = changes.archived {
            facts.note("isArchived", json!(before.archived_at.is_some()), json!(archived));
            after.archived_at = archived.then(|| before.archived_at.unwrap_or(self.origin.at));
        }
        if facts.is_empty() {
            return Ok(before);
        }
        after.updated_at = self.origin.at;
        after.version += 1;
        tx.put::<Lists>(&self.scope, (self.id,), &after)?;
        let kind = match (before.archived_at.is_some(), after.archived_at.is_some()) {
            (false, true) => "list.archived",
            (true, false) => "list.unarchived",
            _ => "list.updated",
        };
        let (was, is) = facts.into_json();
        tx.event(&self.scope, &self.origin, Fact::new(kind, Subject::list(self.id)).change(Some(&was), Some(&is)))?;
        Ok(after)
    }
}

/// Deletes a list: one row. Its leads vanish from every read and are removed after the restore window.
#[derive(Debug, Clone)]
pub struct DeleteList {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ListId,
    pub expected: Option<u64>,
}

impl Transaction for DeleteList {
    type Out = ();
    const NAME: &'static str = "lists.delete";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let before = live_list(tx, &self.scope, self.id)?;
        check_version(self.expected, before.version)?;
        tx.remove::<ListNames>(&self.scope, (name_key(&before.name),))?;
        let after = List {
            deleted_at: Some(self.origin.at),
            updated_at: self.origin.at,
            version: before.version + 1,
            ..before.clone()
        };
        tx.put::<Lists>(&self.scope, (self.id,), &after)?;
        let was = json!({ "name": before.name });
        tx.event(
            &self.scope,
            &self.origin,
            Fact::new("list.deleted", Subject::list(self.id)).change(Some(&was), None),
        )?;
        Ok(())
    }
}

/// Brings a deleted list back. When its name was taken meanwhile it gets a number behind it.
#[derive(Debug, Clone)]
pub struct RestoreList {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ListId,
    /// How long after its deletion a list can be restored.
    pub window: Duration,
}

impl Transaction for RestoreList {
    type Out = List;
    const NAME: &'static str = "lists.restore";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<List, Refusal> {
        let before = tx.get::<Lists>(&self.scope, (self.id,))?.ok_or(Reject::NotFound(Missing::List))?;
        let Some(deleted_at) = before.deleted_at else {
            return Err(Reject::Conflict("the list is not deleted".to_owned()).into());
        };
        if is_over(deleted_at, self.window, self.origin.at) {
            return Err(Reject::RestoreWindowOver.into());
        }
        let name = free_name(tx, &self.scope, &before.name)?;
        claim_name(tx, &self.scope, &name, self.id)?;
        let after = List { name, deleted_at: None, updated_at: self.origin.at, version: before.version + 1, ..before };
        tx.put::<Lists>(&self.scope, (self.id,), &after)?;
        let is = json!({ "name": after.name });
        tx.event(
            &self.scope,
            &self.origin,
            Fact::new("list.restored", Subject::list(self.id)).change(None, Some(&is)),
        )?;
        Ok(after)
    }
}

/// Whether `window` has passed since `from`.
pub fn is_over(from: Time, window: Duration, now: Time) -> bool {
    now.since(from) >= window
}

/// `wanted`, or `wanted (2)`, `wanted (3)`, … whichever is free; cut so that the number fits.
pub fn free_name(reads: &impl Reads, scope: &WorkspaceScope, wanted: &str) -> Result<String, Refusal> {
    if !reads.has::<ListNames>(scope, (name_key(wanted),))? {
        return Ok(wanted.to_owned());
    }
    for number in 2_u32.. {
        let suffix = format!(" ({number})");
        let kept: String = wanted.chars().take(MAX_NAME_CHARS - suffix.len()).collect();
        let name = kept + &suffix;
        if !reads.has::<ListNames>(scope, (name_key(&name),))? {
            return Ok(name);
        }
    }
    Err(Reject::Conflict("no free name is left".to_owned()).into())
}

/// Refuses when an `If-Match` names another version.
pub fn check_version(expected: Option<u64>, current: u64) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != current => Err(Reject::VersionMismatch { expected, current }.into()),
        _ => Ok(()),
    }
}

/// Fields as they were and as they are, only those that differ.
#[derive(Debug, Default)]
pub struct Changed {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Changed {
    pub fn note(&mut self, field: &str, before: Value, after: Value) {
        if before != after {
            self.before.insert(field.to_owned(), before);
            self.after.insert(field.to_owned(), after);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.after.is_empty()
    }

    pub fn into_json(self) -> (Value, Value) {
        (Value::Object(self.before), Value::Object(self.after))
    }
}
