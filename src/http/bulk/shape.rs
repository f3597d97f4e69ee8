//! A bulk act as callers ask it, and a task as they see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::id::{LeadId, ListId, TaskId};
use crate::domain::time::Time;
use crate::http::leads::GivenLead;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::Limit;
use crate::http::selection::GivenSelection;
use crate::store::records::task::{Act, Left, Selection, Task, TaskLead, TaskOrder, TaskState};
use crate::store::transactions::tasks::Foreseen;

/// What to do with which leads. The selection may also stand in the object itself.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkBody {
    #[serde(alias = "kind")]
    action: Action,
    selection: Option<GivenSelection>,
    #[serde(flatten)]
    #[schema(inline)]
    flat: GivenSelection,
    /// For `update`: lead fields, `customFields`, `tags`, `addTags`, `removeTags`, `owner`, `isQualified`; `null` clears
    #[schema(value_type = Option<Object>)]
    changes: Option<Map<String, Value>>,
    /// For `move`
    #[serde(alias = "toListId")]
    target_list_id: Option<ListId>,
    /// For `undo`
    task_id: Option<String>,
    /// Count, change nothing
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    Update,
    Delete,
    Move,
    /// Takes another task back; `restore` is the same
    #[serde(alias = "restore")]
    Undo,
}

pub(super) struct BulkWanted {
    pub act: Act,
    pub selection: Option<Selection>,
    pub dry_run: bool,
}

impl BulkBody {
    pub(super) fn read(self) -> Result<BulkWanted, Problem> {
        let wrong = |place: &str, detail: &str| Problem::invalid(FieldError::at(place, detail));
        let act = match self.action {
            Action::Update => {
                let changes = self.changes.ok_or_else(|| wrong("/changes", "is missing"))?;
                Act::Update(GivenLead::read(&changes, "/changes", None).into_task_changes("/changes")?)
            }
            Action::Delete => Act::Delete,
            Action::Move => Act::Move(self.target_list_id.ok_or_else(|| wrong("/targetListId", "is missing"))?),
            Action::Undo => {
                let text = self.task_id.ok_or_else(|| wrong("/taskId", "is missing"))?;
                let task = text.parse().map_err(|_| Problem::from(crate::store::Missing::Task))?;
                if self.dry_run {
                    return Err(wrong("/dryRun", "an undo has no dry run"));
                }
                return Ok(BulkWanted { act: Act::Undo(task), selection: None, dry_run: false });
            }
        };
        let selection = match self.selection {
            Some(_) if !self.flat.is_empty() => {
                return Err(wrong("/selection", "the selection is given twice"));
            }
            Some(selection) => selection.read("/selection")?,
            None => self.flat.read("")?,
        };
        Ok(BulkWanted { act, selection: Some(selection), dry_run: self.dry_run })
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows of a page
    #[serde(default)]
    #[param(inline)]
    pub limit: Limit,
    /// `nextCursor` of the page before
    pub after: Option<String>,
}

/// What a bulk act would do.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForeseenView {
    dry_run: bool,
    /// Leads looked at
    total: u64,
    /// Leads that the selection means
    matched: u64,
    /// Leads that would not be as they are. A move does not look for duplicates in its target here.
    changed: u64,
}

impl ForeseenView {
    pub(super) const fn new(foreseen: Foreseen) -> Self {
        Self { dry_run: true, total: foreseen.total, matched: foreseen.matched, changed: foreseen.changed }
    }
}

/// A task.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Task)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    id: TaskId,
    task_id: TaskId,
    /// `update`, `delete`, `move`, `merge`, `duplicate` or `undo`
    action: &'static str,
    /// `pending`, `processing`, `completed`, `cancelled` or `failed`
    status: &'static str,
    progress: TaskProgress,
    results: TaskResults,
    /// How many leads were left alone, by reason: `unchanged`, `notFound`, `identity`, `duplicate`, `merged`, `listArchived`,
    /// `listDeleted`, `edited`
    reasons: BTreeMap<&'static str, u64>,
    /// Why it failed
    failure: Option<String>,
    /// The list that leads are moved, merged or copied into
    target_list_id: Option<ListId>,
    /// Lists that a merge has deleted
    deleted_list_ids: Vec<ListId>,
    /// The task that this one takes back
    undo_of: Option<TaskId>,
    /// The task that takes this one back
    undone_by: Option<TaskId>,
    created_at: Time,
    started_at: Option<Time>,
    completed_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskProgress {
    /// Leads looked at
    processed: u64,
    /// Leads to look at
    total: u64,
    /// 100 when the task has completed
    percentage: u64,
}

/// `matched` = `changed` + `skipped` + `merged`.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskResults {
    /// Leads that the selection meant
    matched: u64,
    /// Leads changed, moved, deleted, copied or restored
    changed: u64,
    /// Leads left alone
    skipped: u64,
    /// Leads of a merge whose values went into the same lead of the target
    merged: u64,
}

impl TaskView {
    pub(super) fn new(id: TaskId, task: Task, order: &TaskOrder) -> Self {
        let percentage = match task.state {
            TaskState::Completed => 100,
            _ if task.total == 0 => 0,
            _ => (task.processed.min(task.total) * 100) / task.total,
        };
        let merged = task.left(Left::Merged);
        Self {
            id,
            task_id: id,
            action: order.act.name(),
            status: task.state.name(),
            progress: TaskProgress { processed: task.processed, total: task.total.max(task.processed), percentage },
            results: TaskResults {
                matched: task.matched,
                changed: task.changed,
                skipped: task.left_in_all() - merged,
                merged,
            },
            reasons: task.left.iter().map(|(why, count)| (why.name(), *count)).collect(),
            failure: task.failure,
            target_list_id: match &order.act {
                Act::Move(to) => Some(*to),
                Act::Merge(merge) => Some(merge.into),
                Act::Duplicate(duplicate) => Some(duplicate.to),
                Act::Update(_) | Act::Delete | Act::Undo(_) => None,
            },
            deleted_list_ids: task.deleted_lists,
            undo_of: match &order.act {
                Act::Undo(of) => Some(*of),
                _ => None,
            },
            undone_by: task.undone_by,
            created_at: task.created_at,
            started_at: task.started_at,
            completed_at: task.ended_at,
        }
    }
}

/// A lead that a task left alone.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftView {
    lead_id: LeadId,
    /// One of the `reasons` of the task
    reason: &'static str,
    /// The lead that is the reason: the same one in the target
    other_lead_id: Option<LeadId>,
}

impl LeftView {
    pub(super) fn new(lead: LeadId, record: &TaskLead) -> Self {
        let reason = record.left.map_or(Left::Unchanged.name(), Left::name);
        Self { lead_id: lead, reason, other_lead_id: record.other }
    }

    pub(super) const fn lead(&self) -> LeadId {
        self.lead_id
    }
}
