//! Which lead of a task comes next: always the one with the lowest id behind the last, so that a task that goes on after
//! a crash neither misses nor repeats one.

use std::ops::ControlFlow;

use super::acts::{self, Fate};
use super::stored_filter;
use crate::domain::filter::Filter;
use crate::domain::id::{Id, LeadId, ListId, TaskId};
use crate::domain::lead::Lead;
use crate::store::engine::Order;
use crate::store::records::task::{Act, Selection, TaskOrder};
use crate::store::tables::{Leads, ListLeads, TaskLeads};
use crate::store::transactions::lists::live_list;
use crate::store::{Reads, Refusal, StoreError, WorkspaceScope};

/// The parts of a task, walked one after the other.
pub(super) enum Walk<'o> {
    Ids(&'o [LeadId]),
    /// `last`: leads that came after the task do not belong to it.
    Lists {
        lists: Vec<ListId>,
        last: LeadId,
    },
    /// The leads that another task has touched.
    Touched(TaskId),
}

impl<'o> Walk<'o> {
    pub fn of(id: TaskId, order: &'o TaskOrder) -> Self {
        let before_task = LeadId::from_u64(id.as_u64());
        match (&order.act, &order.selection) {
            (Act::Undo(of), _) => Self::Touched(*of),
            // Until the list is empty of them: it is deleted then.
            (Act::Merge(merge), _) => Self::Lists { lists: merge.sources.clone(), last: LeadId::from_u64(u64::MAX) },
            (Act::Duplicate(duplicate), _) => Self::Lists { lists: vec![duplicate.from], last: before_task },
            (_, Some(Selection::Ids(ids))) => Self::Ids(ids),
            (_, Some(Selection::List(selection))) => Self::Lists { lists: vec![selection.list], last: before_task },
            (_, None) => Self::Ids(&[]),
        }
    }

    pub fn parts(&self) -> u32 {
        match self {
            Self::Lists { lists, .. } => u32::try_from(lists.len()).unwrap_or(u32::MAX),
            Self::Ids(_) | Self::Touched(_) => 1,
        }
    }

    /// The list that a part is.
    pub fn list(&self, part: u32) -> Option<ListId> {
        match self {
            Self::Lists { lists, .. } => lists.get(part as usize).copied(),
            Self::Ids(_) | Self::Touched(_) => None,
        }
    }

    /// At most `most` leads of a part behind `after`, ascending; empty at its end.
    pub fn next(
        &self,
        reads: &impl Reads,
        scope: &WorkspaceScope,
        part: u32,
        after: Option<LeadId>,
        most: usize,
    ) -> Result<Vec<LeadId>, StoreError> {
        let mut found = Vec::with_capacity(most.min(1_024));
        let mut take = |id: LeadId, last: LeadId| {
            if id > last {
                return ControlFlow::Break(());
            }
            found.push(id);
            if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        match self {
            Self::Ids(ids) => {
                let from = after.map_or(0, |after| ids.partition_point(|id| *id <= after));
                found.extend(ids[from..].iter().take(most));
            }
            Self::Lists { last, .. } => {
                let Some(list) = self.list(part) else { return Ok(found) };
                let mut visit = |(_, id): (ListId, LeadId), (): ()| take(id, *last);
                match after {
                    None => reads.scan::<ListLeads>(scope, &(list,), Order::Ascending, &mut visit)?,
                    Some(after) => {
                        reads.scan_after::<ListLeads>(scope, &(list,), &(list, after), Order::Ascending, &mut visit)?;
                    }
                }
            }
            Self::Touched(task) => {
                let mut visit = |(_, id): (TaskId, LeadId), _| take(id, LeadId::from_u64(u64::MAX));
                match after {
                    None => reads.scan::<TaskLeads>(scope, &(*task,), Order::Ascending, &mut visit)?,
                    Some(after) => {
                        reads.scan_after::<TaskLeads>(
                            scope,
                            &(*task,),
                            &(*task, after),
                            Order::Ascending,
                            &mut visit,
                        )?;
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Whether a lead of the walk is meant, as it is when its turn comes.
pub(super) struct Meant<'o> {
    filter: Option<Filter>,
    except: &'o [LeadId],
}

impl<'o> Meant<'o> {
    pub fn by(order: &'o TaskOrder) -> Result<Self, Refusal> {
        Ok(match &order.selection {
            Some(Selection::List(selection)) => {
                Self { filter: selection.filter.as_deref().map(stored_filter).transpose()?, except: &selection.except }
            }
            Some(Selection::Ids(_)) | None => Self { filter: None, except: &[] },
        })
    }

    pub fn includes(&self, id: LeadId, lead: &Lead) -> bool {
        self.except.binary_search(&id).is_err() && self.filter.as_ref().is_none_or(|filter| filter.matches(id, lead))
    }
}

/// What a task would do, counted without doing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Foreseen {
    /// Leads looked at.
    pub total: u64,
    /// Leads that the selection means.
    pub matched: u64,
    /// Leads that would not be as they are. Duplicates in the target of a move are not looked for.
    pub changed: u64,
}

/// Counts a task in pieces, so that no view is held for long.
#[derive(Debug, Clone)]
pub struct Foreseer {
    id: TaskId,
    order: TaskOrder,
    after: Option<LeadId>,
    pub so_far: Foreseen,
}

impl Foreseer {
    /// `id` bounds the leads that count, as that of the task would.
    pub fn new(id: TaskId, order: TaskOrder) -> Self {
        Self { id, order, after: None, so_far: Foreseen::default() }
    }

    /// Looks at `most` more leads; false when there are none left.
    pub fn step(&mut self, reads: &impl Reads, scope: &WorkspaceScope, most: usize) -> Result<bool, Refusal> {
        let (walk, meant) = (Walk::of(self.id, &self.order), Meant::by(&self.order)?);
        let ids = walk.next(reads, scope, 0, self.after, most)?;
        let Some(last) = ids.last() else { return Ok(false) };
        self.after = Some(*last);
        for id in ids {
            self.so_far.total += 1;
            let lead = reads.get::<Leads>(scope, (id,))?;
            let Some(lead) = lead.filter(|lead| live_list(reads, scope, lead.list).is_ok()) else { continue };
            if meant.includes(id, &lead) {
                self.so_far.matched += 1;
                self.so_far.changed += u64::from(!matches!(acts::wanted(&self.order.act, &lead), Fate::Stays));
            }
        }
        Ok(true)
    }
}
