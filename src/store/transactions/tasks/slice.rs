//! One slice of a task: the leads behind its cursor, what they were, the counts, the event and the new cursor, committed
//! together. Whatever stops the process, the next slice begins where the last one that was committed ended.

use serde_json::{Value, json};

use super::acts::{Done, Place};
use super::merge::{end_of_pass, merge_lead, remember, was_met};
use super::undo::Undo;
use super::walk::{Meant, Walk};
use super::{end, lists_of, task_of};
use crate::domain::id::{Id, LeadId, TaskId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::records::task::{Act, Left, Selection, Task, TaskLead, TaskOrder, TaskState};
use crate::store::tables::{Leads, TaskOrders, Tasks};
use crate::store::transactions::lists::{live_list, open_list};
use crate::store::{Fact, Origin, Reads, Refusal, Subject, Transaction, Tx, WorkspaceScope};

/// The most leads that one slice changes; as many ids have to be reserved for it.
pub const SLICE_LEADS: u32 = 2_000;
/// The most leads that one slice looks at.
const SLICE_LOOKS: u64 = 20_000;
/// Ids read from a list at a time.
const BATCH: usize = 256;

/// Does a piece of a task. Bulk work.
#[derive(Debug, Clone)]
pub struct TaskSlice {
    pub scope: WorkspaceScope,
    pub at: Time,
    pub id: TaskId,
    /// The first of [`SLICE_LEADS`] ids in a row, for copies.
    pub first_copy: LeadId,
}

/// How a slice left its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progressed {
    More,
    Ended,
}

impl Transaction for TaskSlice {
    type Out = Progressed;
    const NAME: &'static str = "tasks.slice";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Progressed, Refusal> {
        let (task, order) = task_of(tx, &self.scope, self.id)?;
        if task.state.has_ended() {
            return Ok(Progressed::Ended);
        }
        let origin = Origin {
            at: self.at,
            actor: order.actor,
            source: order.source.clone(),
            request_id: order.request_id.clone(),
        };
        if let Some(reason) = impossible(tx, &self.scope, &task, &order)? {
            end(tx, &self.scope, &origin, self.id, Task { failure: Some(reason), ..task }, TaskState::Failed)?;
            return Ok(Progressed::Ended);
        }
        let mut slice = Slice {
            origin: &origin,
            order: &order,
            walk: Walk::of(self.id, &order),
            meant: Meant::by(&order)?,
            task,
            touched: Vec::new(),
            this: self,
        };
        slice.begin(tx)?;
        let ended = slice.go_on(tx)?;
        slice.tell(tx)?;
        let task = slice.task;
        if ended {
            end(tx, &self.scope, &origin, self.id, task, TaskState::Completed)?;
            return Ok(Progressed::Ended);
        }
        tx.put::<Tasks>(&self.scope, (self.id,), &task)?;
        Ok(Progressed::More)
    }
}

/// Why the task cannot go on: a list it needs is gone or archived.
fn impossible(tx: &Tx<'_>, scope: &WorkspaceScope, task: &Task, order: &TaskOrder) -> Result<Option<String>, Refusal> {
    let checked = match (&order.act, &order.selection) {
        (Act::Merge(merge), _) => open_list(tx, scope, merge.into).and_then(|_| {
            merge.sources.iter().skip(task.part as usize).try_for_each(|list| open_list(tx, scope, *list).map(drop))
        }),
        (Act::Duplicate(duplicate), _) => {
            open_list(tx, scope, duplicate.to).and_then(|_| live_list(tx, scope, duplicate.from).map(drop))
        }
        (Act::Undo(_), _) => Ok(()),
        (act, selection) => {
            let target = if let Act::Move(to) = act { open_list(tx, scope, *to).map(drop) } else { Ok(()) };
            target.and_then(|()| match selection {
                Some(Selection::List(selection)) => open_list(tx, scope, selection.list).map(drop),
                Some(Selection::Ids(_)) | None => Ok(()),
            })
        }
    };
    match checked {
        Ok(()) => Ok(None),
        Err(Refusal::Reject(reject)) => Ok(Some(reject.to_string())),
        Err(failure) => Err(failure),
    }
}

/// A slice while it runs.
struct Slice<'a> {
    this: &'a TaskSlice,
    origin: &'a Origin,
    order: &'a TaskOrder,
    walk: Walk<'a>,
    meant: Meant<'a>,
    task: Task,
    /// The leads that this slice has changed.
    touched: Vec<LeadId>,
}

impl Slice<'_> {
    fn begin(&mut self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        if self.task.state == TaskState::Pending {
            self.task.state = TaskState::Processing;
            self.task.started_at = Some(self.this.at);
            if let Act::Undo(of) = &self.order.act {
                self.undo(tx, *of).restore_lists()?;
            }
        }
        Ok(())
    }

    fn undo<'a, 't>(&'a self, tx: &'a mut Tx<'t>, of: TaskId) -> Undo<'a, 't> {
        Undo { tx, scope: &self.this.scope, origin: self.origin, of }
    }

    /// True when the task is done.
    fn go_on(&mut self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let mut looks = 0;
        while self.task.part < self.walk.parts() {
            let ids = self.walk.next(tx, &self.this.scope, self.task.part, self.task.after, BATCH)?;
            if ids.is_empty() {
                self.end_part(tx)?;
                continue;
            }
            for id in ids {
                self.task.after = Some(id);
                self.look_at(tx, id)?;
                looks += 1;
                let is_full = looks >= SLICE_LOOKS || self.touched.len() >= SLICE_LEADS as usize;
                if is_full || tx.time_is_up() {
                    return Ok(false);
                }
            }
        }
        if let Act::Undo(of) = &self.order.act
            && let Some(order) = tx.get::<TaskOrders>(&self.this.scope, (*of,))?
        {
            self.undo(tx, *of).remove_made_list(&order.act)?;
        }
        Ok(true)
    }

    fn end_part(&mut self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let done = match (&self.order.act, self.walk.list(self.task.part)) {
            (Act::Merge(_), Some(list)) => end_of_pass(tx, &self.this.scope, self.origin, &mut self.task, list)?,
            _ => true,
        };
        self.task.part += u32::from(done);
        self.task.after = None;
        self.task.met = 0;
        Ok(())
    }

    fn look_at(&mut self, tx: &mut Tx<'_>, id: LeadId) -> Result<(), Refusal> {
        let scope = self.this.scope;
        if let Act::Undo(of) = &self.order.act {
            let Some(done) = self.undo(tx, *of).lead(id)? else { return Ok(()) };
            return self.count(tx, id, done);
        }
        if matches!(self.order.act, Act::Merge(_)) && was_met(tx, &scope, self.this.id, id)? {
            return Ok(());
        }
        let lead = tx.get::<Leads>(&scope, (id,))?;
        let live = lead.filter(|lead| live_list(tx, &scope, lead.list).is_ok());
        let Some(lead) = live else { return self.count(tx, id, Done::Left(Left::NotFound, None)) };
        if !self.meant.includes(id, &lead) {
            self.task.processed += 1;
            return Ok(());
        }
        let done = self.act(tx, id, lead)?;
        self.count(tx, id, done)
    }

    fn act(&self, tx: &mut Tx<'_>, id: LeadId, lead: Lead) -> Result<Done, Refusal> {
        let place = Place { tx, scope: &self.this.scope, origin: self.origin, id, lead };
        match &self.order.act {
            Act::Merge(merge) => merge_lead(place, self.this.id, merge),
            Act::Duplicate(duplicate) => {
                let copy = self.this.first_copy.as_u64() + self.touched.len() as u64;
                place.copy(LeadId::from_u64(copy), duplicate.to)
            }
            act => place.act(act),
        }
    }

    fn count(&mut self, tx: &mut Tx<'_>, looked_at: LeadId, done: Done) -> Result<(), Refusal> {
        self.task.processed += 1;
        self.task.matched += 1;
        self.task.met += 1;
        match done {
            Done::Did(id, record) => {
                self.task.changed += 1;
                self.touched.push(id);
                if !matches!(self.order.act, Act::Undo(_)) {
                    remember(tx, &self.this.scope, self.this.id, id, record)?;
                }
            }
            Done::Left(why, other) => {
                self.task.leave(why);
                self.task.stay += u64::from(!matches!(why, Left::Duplicate | Left::Merged));
                // Leads that were so already may be all of them, and say nothing.
                if why != Left::Unchanged {
                    let record = TaskLead { left: Some(why), other, ..TaskLead::default() };
                    remember(tx, &self.this.scope, self.this.id, looked_at, record)?;
                }
            }
        }
        Ok(())
    }

    /// One event for all leads of the slice; each finds it in its timeline.
    fn tell(&mut self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        self.task.total = self.task.total.max(self.task.processed);
        if self.touched.is_empty() {
            return Ok(());
        }
        let lists = lists_of(&self.order.act, self.order.selection.as_ref());
        let subjects = lists.into_iter().map(Subject::list).chain(self.touched.iter().copied().map(Subject::lead));
        let fact = Fact::new(self.order.act.event_kind(), Subject::task(self.this.id));
        let fact = subjects.fold(fact, Fact::also).ids(self.touched.iter().map(|id| id.as_u64()).collect());
        tx.event(&self.this.scope, self.origin, fact.change(None, told(&self.order.act).as_ref()))?;
        Ok(())
    }
}

/// What the event says of every lead it names.
fn told(act: &Act) -> Option<Value> {
    match act {
        Act::Update(changes) => {
            let fields = changes.fields.iter().map(|(name, value)| (name.clone(), json!(value)));
            let custom = changes.custom_fields.iter();
            let custom = custom.map(|(name, value)| (format!("customFields.{name}"), json!(value)));
            let mut after: serde_json::Map<String, Value> = fields.chain(custom).collect();
            let tags = [("tags", changes.tags.as_ref()), ("addTags", Some(&changes.add_tags))];
            let tags = tags.into_iter().chain([("removeTags", Some(&changes.remove_tags))]);
            for (name, tags) in tags {
                if let Some(tags) = tags.filter(|tags| name == "tags" || !tags.is_empty()) {
                    after.insert(name.to_owned(), json!(tags));
                }
            }
            if let Some(new) = changes.owner {
                after.insert("owner".to_owned(), json!(new.owner));
            }
            if let Some(new) = changes.is_qualified {
                after.insert("isQualified".to_owned(), json!(new.flag));
            }
            Some(Value::Object(after))
        }
        Act::Move(to) => Some(json!({ "listId": to })),
        Act::Merge(merge) => Some(json!({ "listId": merge.into })),
        Act::Duplicate(duplicate) => Some(json!({ "listId": duplicate.to, "copiedFrom": duplicate.from })),
        Act::Undo(of) => Some(json!({ "undoneTask": of })),
        Act::Delete => None,
    }
}
