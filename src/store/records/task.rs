//! Tasks: acts on many leads, how far they have come, and what the leads were before.
//!
//! [`TaskOrder`] says what was asked for and never changes, [`Task`] is rewritten with every slice, and a [`TaskLead`]
//! remembers one lead, so that the task can be undone and what it left alone can be listed.

use minicbor::{Decode, Encode};

use crate::domain::id::{LeadId, ListId, TaskId, UserId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::record::records;
use crate::store::records::event::Actor;

/// What a task does.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Act {
    /// Changes fields and tags of the selected leads.
    #[n(0)]
    Update(#[n(0)] TaskChanges),
    #[n(1)]
    Delete,
    #[n(2)]
    Move(#[n(0)] ListId),
    /// Takes another task back.
    #[n(3)]
    Undo(#[n(0)] TaskId),
    #[n(4)]
    Merge(#[n(0)] Merge),
    #[n(5)]
    Duplicate(#[n(0)] Duplicate),
}

impl Act {
    /// The name in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Update(_) => "update",
            Self::Delete => "delete",
            Self::Move(_) => "move",
            Self::Undo(_) => "undo",
            Self::Merge(_) => "merge",
            Self::Duplicate(_) => "duplicate",
        }
    }

    /// The kind of the event that tells what became of the leads of a slice.
    pub const fn event_kind(&self) -> &'static str {
        match self {
            Self::Update(_) => "leads.updated",
            Self::Delete => "leads.deleted",
            Self::Move(_) => "leads.moved",
            Self::Undo(_) => "leads.restored",
            Self::Merge(_) => "leads.merged",
            Self::Duplicate(_) => "leads.copied",
        }
    }
}

/// What a bulk update changes. Values are in normal form; `None` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct TaskChanges {
    /// By the names of the API.
    #[n(0)]
    #[cbor(default)]
    pub fields: Vec<(String, Option<String>)>,
    #[n(1)]
    #[cbor(default)]
    pub custom_fields: Vec<(String, Option<String>)>,
    /// Instead of the tags a lead has.
    #[n(2)]
    pub tags: Option<Vec<String>>,
    #[n(3)]
    #[cbor(default)]
    pub add_tags: Vec<String>,
    #[n(4)]
    #[cbor(default)]
    pub remove_tags: Vec<String>,
    #[n(5)]
    pub owner: Option<NewOwner>,
    #[n(6)]
    pub is_qualified: Option<NewFlag>,
}

/// The owner a lead gets; `None` for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct NewOwner {
    #[n(0)]
    pub owner: Option<UserId>,
}

/// The value a flag gets; `None` for unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct NewFlag {
    #[n(0)]
    pub flag: Option<bool>,
}

/// Several lists become one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Merge {
    /// In the order in which their leads win.
    #[n(0)]
    pub sources: Vec<ListId>,
    #[n(1)]
    pub into: ListId,
    #[n(2)]
    #[cbor(default)]
    pub duplicates: MergeDuplicates,
    /// The task made the target list.
    #[n(3)]
    #[cbor(default)]
    pub made_target: bool,
}

/// What becomes of a lead that is in the target already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "camelCase")]
pub enum MergeDuplicates {
    /// Its values fill the empty fields of the lead in the target, and it goes with its list.
    #[default]
    #[n(0)]
    Merge,
    /// It goes with its list.
    #[n(1)]
    Skip,
    /// It is moved all the same: two leads on purpose.
    #[n(2)]
    Keep,
}

/// A list is copied with new lead ids into a list made for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Duplicate {
    #[n(0)]
    pub from: ListId,
    #[n(1)]
    pub to: ListId,
}

/// Which leads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Selection {
    /// These, ascending and each once.
    #[n(0)]
    Ids(#[n(0)] Vec<LeadId>),
    /// The leads of a list, all or those that pass a filter when their turn comes.
    #[n(1)]
    List(#[n(0)] ListSelection),
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct ListSelection {
    #[n(0)]
    pub list: ListId,
    /// The JSON of a filter that was checked.
    #[n(1)]
    pub filter: Option<String>,
    /// Left out; ascending.
    #[n(2)]
    #[cbor(default)]
    pub except: Vec<LeadId>,
}

/// What was asked for, by whom.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TaskOrder {
    #[n(0)]
    pub act: Act,
    /// `None` where the act says itself which leads.
    #[n(1)]
    pub selection: Option<Selection>,
    #[n(2)]
    #[cbor(default)]
    pub actor: Actor,
    #[n(3)]
    pub source: Option<String>,
    #[n(4)]
    pub request_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum TaskState {
    #[default]
    #[n(0)]
    Pending,
    #[n(1)]
    Processing,
    #[n(2)]
    Completed,
    #[n(3)]
    Cancelled,
    #[n(4)]
    Failed,
}

impl TaskState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Failed)
    }
}

/// Why a lead was left as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Left {
    /// It was as the task would have made it.
    #[n(0)]
    Unchanged,
    #[n(1)]
    NotFound,
    /// It would not be an identity that its list accepts.
    #[n(2)]
    Identity,
    /// The target has the same lead.
    #[n(3)]
    Duplicate,
    #[n(4)]
    ListArchived,
    /// The list it belongs to is deleted.
    #[n(5)]
    ListDeleted,
    /// Somebody has changed it since.
    #[n(6)]
    Edited,
    /// Its values went into the same lead of the target.
    #[n(7)]
    Merged,
}

impl Left {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::NotFound => "notFound",
            Self::Identity => "identity",
            Self::Duplicate => "duplicate",
            Self::ListArchived => "listArchived",
            Self::ListDeleted => "listDeleted",
            Self::Edited => "edited",
            Self::Merged => "merged",
        }
    }
}

/// How far a task has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Task {
    #[n(0)]
    pub state: TaskState,
    #[n(1)]
    pub created_at: Time,
    #[n(2)]
    pub started_at: Option<Time>,
    #[n(3)]
    pub ended_at: Option<Time>,
    /// Leads to look at, as known when the task was made.
    #[n(4)]
    #[cbor(default)]
    pub total: u64,
    /// Leads looked at.
    #[n(5)]
    #[cbor(default)]
    pub processed: u64,
    /// Leads that the selection meant: `changed` and all of `left`.
    #[n(6)]
    #[cbor(default)]
    pub matched: u64,
    /// Leads changed, deleted, moved, copied or restored.
    #[n(7)]
    #[cbor(default)]
    pub changed: u64,
    #[n(8)]
    #[cbor(default)]
    pub left: Vec<(Left, u64)>,
    /// Which part of the walk comes next (the list of a merge).
    #[n(9)]
    #[cbor(default)]
    pub part: u32,
    /// The last lead of the part that was looked at.
    #[n(10)]
    pub after: Option<LeadId>,
    /// Leads of the part that were met for the first time in this pass over it.
    #[n(11)]
    #[cbor(default)]
    pub met: u64,
    /// Leads of the part that stay for another reason than being duplicates.
    #[n(12)]
    #[cbor(default)]
    pub stay: u64,
    /// Lists that a merge has deleted.
    #[n(13)]
    #[cbor(default)]
    pub deleted_lists: Vec<ListId>,
    /// Why the task failed.
    #[n(14)]
    pub failure: Option<String>,
    /// The task that takes this one back.
    #[n(15)]
    pub undone_by: Option<TaskId>,
}

impl Task {
    pub fn leave(&mut self, why: Left) {
        match self.left.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.left.push((why, 1)),
        }
    }

    pub fn left(&self, why: Left) -> u64 {
        self.left.iter().find(|(known, _)| *known == why).map_or(0, |(_, count)| *count)
    }

    /// All leads that were left as they were.
    pub fn left_in_all(&self) -> u64 {
        self.left.iter().map(|(_, count)| count).sum()
    }
}

/// What a task did to a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Did {
    #[default]
    #[n(0)]
    Nothing,
    #[n(1)]
    Changed,
    #[n(2)]
    Removed,
    #[n(3)]
    Made,
}

/// One lead of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct TaskLead {
    #[n(0)]
    #[cbor(default)]
    pub did: Did,
    /// As it was, where it was changed or removed.
    #[n(1)]
    pub before: Option<Lead>,
    /// The version in which the task left it.
    #[n(2)]
    #[cbor(default)]
    pub version: u64,
    /// Why it was left alone.
    #[n(3)]
    pub left: Option<Left>,
    /// The lead it is a duplicate or a copy of.
    #[n(4)]
    pub other: Option<LeadId>,
}

records!(Task, TaskOrder, TaskLead);
