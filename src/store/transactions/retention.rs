//! Removing what has had its time. Who looks for it is the Janitor; every transaction here looks again before it removes,
//! so that running one twice, or late, changes nothing that should stay.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::domain::id::{Id, ImportId, ItemId, LeadId, ListId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::records::import::Import;
use crate::store::tables::{
    DeadLetters, EventSubjects, Events, Idempotency, ImportBefore, ImportEdits, ImportRejects, Imports, KnownAnswers,
    LeadAnswers, Leads, ListLeads, Lists, Lookups, Orders, Originals, PossibleDuplicates, Sessions, SetupTokens,
    TenantTable,
};
use crate::store::transactions::jobs::{forget_lead, forget_look_up};
use crate::store::transactions::lead_rows::remove_lead;
use crate::store::transactions::lists::is_over;
use crate::store::{Fact, Lane, Origin, Reads, Refusal, StoreError, Subject, Transaction, Tx, WorkspaceScope};

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    pub idempotency: Duration,
    pub events: Duration,
    pub deleted_lists: Duration,
    /// Original rows, rejected rows and the file of an import.
    pub import_originals: Duration,
    pub before_images: Duration,
    /// An upload that no import reads.
    pub uploads: Duration,
    /// Jobs with their items and attempts, from the end of the job on.
    pub jobs: Duration,
    /// What was given up.
    pub dead_letters: Duration,
    pub raw_answers: Duration,
    /// Who was only asked about.
    pub lookups: Duration,
    pub outbox_max_entries: u64,
}

/// An order of a day is of no use once that day is over in every time zone.
const ORDER_MARKS: Duration = Duration::from_secs(2 * 24 * 3_600);

/// A row that seems to have had its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expired {
    Idempotency(WorkspaceId, [u8; 32]),
    Session([u8; 32]),
    SetupToken([u8; 32]),
    Event(WorkspaceId, u64),
    /// A pair of which at least one lead is gone.
    PossibleDuplicate(WorkspaceId, LeadId, LeadId),
    DeadLetter(WorkspaceId, ItemId),
    Order(WorkspaceId, [u8; 32]),
    KnownAnswer(WorkspaceId, [u8; 32]),
    Lookup(WorkspaceId, LeadId),
}

/// A table whose rows have a time of their own; the Janitor walks through it in portions.
pub trait Aged: TenantTable {
    fn is_over(row: &Self::Value, keeping: &Keeping, now: Time) -> bool;
    fn expired(workspace: WorkspaceId, key: Self::Rest) -> Expired;
}

impl Aged for Idempotency {
    fn is_over(row: &Self::Value, keeping: &Keeping, now: Time) -> bool {
        is_over(row.at, keeping.idempotency, now)
    }

    fn expired(workspace: WorkspaceId, (key,): Self::Rest) -> Expired {
        Expired::Idempotency(workspace, key)
    }
}

impl Aged for DeadLetters {
    fn is_over(row: &Self::Value, keeping: &Keeping, now: Time) -> bool {
        is_over(row.at, keeping.dead_letters, now)
    }

    fn expired(workspace: WorkspaceId, (item,): Self::Rest) -> Expired {
        Expired::DeadLetter(workspace, item)
    }
}

impl Aged for Orders {
    fn is_over(row: &Self::Value, _keeping: &Keeping, now: Time) -> bool {
        is_over(row.at, ORDER_MARKS, now)
    }

    fn expired(workspace: WorkspaceId, (key,): Self::Rest) -> Expired {
        Expired::Order(workspace, key)
    }
}

impl Aged for KnownAnswers {
    fn is_over(row: &Self::Value, _keeping: &Keeping, now: Time) -> bool {
        row.until <= now
    }

    fn expired(workspace: WorkspaceId, (key,): Self::Rest) -> Expired {
        Expired::KnownAnswer(workspace, key)
    }
}

impl Aged for Lookups {
    fn is_over(row: &Self::Value, keeping: &Keeping, now: Time) -> bool {
        is_over(row.at, keeping.lookups, now)
    }

    fn expired(workspace: WorkspaceId, (lead,): Self::Rest) -> Expired {
        Expired::Lookup(workspace, lead)
    }
}

/// Removes single rows.
#[derive(Debug, Clone)]
pub struct Forget {
    pub now: Time,
    pub keeping: Keeping,
    pub rows: Vec<Expired>,
}

impl Transaction for Forget {
    /// How many were removed.
    type Out = u64;
    const NAME: &'static str = "retention.forget";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Refusal> {
        let mut removed = 0;
        for row in &self.rows {
            if removed > 0 && tx.time_is_up() {
                break;
            }
            removed += u64::from(self.forget(tx, row)?);
        }
        Ok(removed)
    }
}

impl Forget {
    fn forget(&self, tx: &mut Tx<'_>, row: &Expired) -> Result<bool, StoreError> {
        let now = self.now;
        match *row {
            Expired::Idempotency(workspace, key) => self.forget_aged::<Idempotency>(tx, workspace, (key,)),
            Expired::DeadLetter(workspace, item) => self.forget_aged::<DeadLetters>(tx, workspace, (item,)),
            Expired::Order(workspace, key) => self.forget_aged::<Orders>(tx, workspace, (key,)),
            Expired::KnownAnswer(workspace, key) => self.forget_answer(tx, workspace, key),
            Expired::Lookup(workspace, lead) => {
                let scope = WorkspaceScope::of(workspace);
                let removed = self.forget_aged::<Lookups>(tx, workspace, (lead,))?;
                if removed {
                    forget_look_up(tx, &scope, lead)?;
                }
                Ok(removed)
            }
            Expired::Session(token) => {
                let over = tx.get_install::<Sessions>((token,))?.is_some_and(|row| row.expires_at <= now);
                Ok(over && tx.remove_install::<Sessions>((token,))?)
            }
            Expired::SetupToken(token) => {
                let over = tx.get_install::<SetupTokens>((token,))?.is_some_and(|row| row.expires_at <= now);
                Ok(over && tx.remove_install::<SetupTokens>((token,))?)
            }
            Expired::Event(workspace, seq) => self.forget_event(tx, &WorkspaceScope::of(workspace), seq),
            Expired::PossibleDuplicate(workspace, one, other) => {
                let scope = WorkspaceScope::of(workspace);
                let both = tx.has::<Leads>(&scope, (one,))? && tx.has::<Leads>(&scope, (other,))?;
                Ok(!both && tx.remove::<PossibleDuplicates>(&scope, (one, other))?)
            }
        }
    }

    /// Removes a row of a table whose rows have a time of their own.
    fn forget_aged<T: Aged>(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, key: T::Rest) -> Result<bool, StoreError>
    where
        T::Rest: Copy,
    {
        let scope = WorkspaceScope::of(workspace);
        let over = tx.get::<T>(&scope, key)?.is_some_and(|row| T::is_over(&row, &self.keeping, self.now));
        Ok(over && tx.remove::<T>(&scope, key)?)
    }

    fn forget_answer(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, key: [u8; 32]) -> Result<bool, StoreError> {
        let scope = WorkspaceScope::of(workspace);
        let lead = tx.get::<KnownAnswers>(&scope, (key,))?.map(|answer| answer.lead);
        let removed = self.forget_aged::<KnownAnswers>(tx, workspace, (key,))?;
        if let Some(lead) = lead.filter(|_| removed) {
            tx.remove::<LeadAnswers>(&scope, (lead, key))?;
        }
        Ok(removed)
    }

    fn forget_event(&self, tx: &mut Tx<'_>, scope: &WorkspaceScope, seq: u64) -> Result<bool, StoreError> {
        let Some(event) = tx.get::<Events>(scope, (seq,))? else { return Ok(false) };
        if !is_over(event.at, self.keeping.events, self.now) {
            return Ok(false);
        }
        for subject in std::iter::once(event.subject).chain(event.also) {
            tx.remove::<EventSubjects>(scope, (subject.kind, subject.id, seq))?;
        }
        tx.remove::<Events>(scope, (seq,))
    }
}

/// Removes the leads of a deleted list whose restore window has passed, as many as the time allows, and with the last one
/// the list itself.
#[derive(Debug, Clone)]
pub struct RemoveDeletedList {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub list: ListId,
    pub window: Duration,
    /// The most leads removed at once.
    pub most: usize,
}

/// How far the removal of a list has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    pub leads: u64,
    /// The list is gone, or was not to be removed.
    pub finished: bool,
}

/// Leads between two looks at the clock.
const STRIDE: usize = 16;

impl Transaction for RemoveDeletedList {
    type Out = Removed;
    const NAME: &'static str = "retention.remove_list";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Removed, Refusal> {
        let scope = &self.scope;
        let due = tx.get::<Lists>(scope, (self.list,))?.and_then(|list| list.deleted_at);
        if due.is_none_or(|deleted_at| !is_over(deleted_at, self.window, self.origin.at)) {
            return Ok(Removed { leads: 0, finished: true });
        }
        let mut ids = Vec::new();
        tx.scan::<ListLeads>(scope, &(self.list,), Order::Ascending, &mut |(_, lead), ()| {
            ids.push(lead);
            if ids.len() < self.most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let all = ids.len() < self.most;
        let mut removed = Vec::with_capacity(ids.len());
        for stride in ids.chunks(STRIDE) {
            if !removed.is_empty() && tx.time_is_up() {
                break;
            }
            for id in stride {
                if let Some(lead) = tx.get::<Leads>(scope, (*id,))? {
                    remove_lead(tx, scope, *id, &lead, Lane::Bulk)?;
                    forget_lead(tx, scope, *id)?;
                }
                removed.push(id.as_u64());
            }
        }
        let (leads, finished) = (removed.len() as u64, all && removed.len() == ids.len());
        if !removed.is_empty() {
            let fact = Fact::new("leads.removed", Subject::list(self.list)).ids(removed);
            tx.event(scope, &self.origin, fact)?;
        }
        if finished {
            tx.remove::<Lists>(scope, (self.list,))?;
            tx.event(scope, &self.origin, Fact::new("list.removed", Subject::list(self.list)))?;
        }
        Ok(Removed { leads, finished })
    }
}

/// Removes what an import kept of its file and of the leads it changed, each after its own time.
#[derive(Debug, Clone)]
pub struct TrimImport {
    pub scope: WorkspaceScope,
    pub now: Time,
    pub keeping: Keeping,
    pub import: ImportId,
    /// The most rows removed at once.
    pub most: usize,
}

/// Which rows of an import have had their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueParts {
    pub originals: bool,
    pub before_images: bool,
}

/// What of an import is due; nothing while work on it is open.
pub fn due_parts(import: &Import, keeping: &Keeping, now: Time) -> DueParts {
    let end = import.completed_at.filter(|_| !import.needs_work());
    let over = |kept| end.is_some_and(|end| is_over(end, kept, now));
    DueParts { originals: over(keeping.import_originals), before_images: over(keeping.before_images) }
}

impl Transaction for TrimImport {
    /// How many rows were removed.
    type Out = u64;
    const NAME: &'static str = "retention.trim_import";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Refusal> {
        let (scope, import) = (&self.scope, self.import);
        let Some(row) = tx.get::<Imports>(scope, (import,))? else { return Ok(0) };
        let due = due_parts(&row, &self.keeping, self.now);
        let (mut blocks, mut rejects, mut images) = (Vec::new(), Vec::new(), Vec::new());
        if due.originals {
            tx.scan::<Originals>(scope, &(import,), Order::Ascending, &mut up_to(self.most, &mut blocks))?;
            tx.scan::<ImportRejects>(scope, &(import,), Order::Ascending, &mut up_to(self.most, &mut rejects))?;
        }
        if due.before_images {
            tx.scan::<ImportBefore>(scope, &(import,), Order::Ascending, &mut up_to(self.most, &mut images))?;
        }
        let mut removed = u64::from(due.originals && tx.remove::<ImportEdits>(scope, (import,))?);
        for block in blocks {
            removed += u64::from(!tx.time_is_up() && tx.remove::<Originals>(scope, block)?);
        }
        for row in rejects {
            removed += u64::from(!tx.time_is_up() && tx.remove::<ImportRejects>(scope, row)?);
        }
        for image in images {
            removed += u64::from(!tx.time_is_up() && tx.remove::<ImportBefore>(scope, image)?);
        }
        Ok(removed)
    }
}

/// A visitor that keeps the first `most` keys.
fn up_to<'k, K, V>(most: usize, keys: &'k mut Vec<K>) -> impl FnMut(K, V) -> ControlFlow<()> + 'k {
    move |key, _| {
        keys.push(key);
        if keys.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}
