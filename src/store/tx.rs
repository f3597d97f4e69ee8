//! The typed write transaction a [`Transaction`](crate::store::Transaction) works with.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::deps::Clock;
use crate::domain::id::{Id, LeadId, ListId, WorkspaceId};
use crate::domain::lead::Lead;
use crate::domain::quality::{self, QualityWeights};
use crate::store::counter::Counter;
use crate::store::engine::{EngineError, Mark, Order, Read, WriteTx};
use crate::store::identity::{Candidates, IdentityChange, IdentityKey, IdentityMemory};
use crate::store::identity_keys::IdentityHasher;
use crate::store::key::Key;
use crate::store::read::{Reads, StoreError, tenant_key};
use crate::store::record::Record;
use crate::store::records::event::{Event, Origin, Subject};
use crate::store::records::outbox::{Lane, OutboxEntry};
use crate::store::scope::WorkspaceScope;
use crate::store::tables::{EventSubjects, Events, Identity, InstallTable, Outbox, TenantTable};

/// What the members of one group share.
pub(in crate::store) struct Group<'g> {
    /// The last seq given out.
    pub seq: u64,
    /// Counter deltas of this group.
    deltas: HashMap<(WorkspaceId, u8, u64), i64>,
    delta_log: Vec<((WorkspaceId, u8, u64), i64)>,
    identity: &'g IdentityMemory,
    identity_log: Vec<IdentityChange>,
    hasher: &'g IdentityHasher,
    weights: &'g QualityWeights,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
    clock: &'g dyn Clock,
    started: Duration,
    budget: &'g dyn Fn(Duration) -> bool,
}

/// Where a member of the group began.
pub(in crate::store) struct GroupMark {
    engine: Mark,
    seq: u64,
    deltas: usize,
    identity: usize,
    after_commit: usize,
}

impl<'g> Group<'g> {
    pub fn new(
        seq: u64,
        identity: &'g IdentityMemory,
        hasher: &'g IdentityHasher,
        weights: &'g QualityWeights,
        clock: &'g dyn Clock,
        budget: &'g dyn Fn(Duration) -> bool,
    ) -> Self {
        Self {
            seq,
            deltas: HashMap::new(),
            delta_log: Vec::new(),
            identity,
            identity_log: Vec::new(),
            hasher,
            weights,
            after_commit: Vec::new(),
            started: clock.monotonic(),
            clock,
            budget,
        }
    }

    pub fn mark(&self, raw: &mut dyn WriteTx) -> GroupMark {
        GroupMark {
            engine: raw.mark(),
            seq: self.seq,
            deltas: self.delta_log.len(),
            identity: self.identity_log.len(),
            after_commit: self.after_commit.len(),
        }
    }

    /// Takes back everything since `mark`.
    pub fn undo(&mut self, raw: &mut dyn WriteTx, mark: &GroupMark) -> Result<(), EngineError> {
        self.seq = mark.seq;
        for (key, delta) in self.delta_log.drain(mark.deltas..) {
            *self.deltas.entry(key).or_default() -= delta;
        }
        self.identity.undo(&self.identity_log[mark.identity..]);
        self.identity_log.truncate(mark.identity);
        self.after_commit.truncate(mark.after_commit);
        raw.undo_to(mark.engine)
    }

    /// The group did not commit: memory forgets it.
    pub fn abandon(&mut self) {
        self.identity.undo(&self.identity_log);
        self.identity_log.clear();
        self.after_commit.clear();
    }

    /// Folds the counters into their rows.
    pub fn fold_counters(&mut self, raw: &mut dyn WriteTx) -> Result<(), StoreError> {
        use crate::store::tables::Counters;
        for ((workspace, kind, subject), delta) in self.deltas.drain() {
            if delta == 0 {
                continue;
            }
            let key = tenant_key(&WorkspaceScope::of(workspace), &(kind, subject));
            let stored = match raw.get(Counters::ID, &key)? {
                None => 0,
                Some(bytes) => i64::from_bytes(&bytes).map_err(|source| StoreError::Damaged {
                    table: Counters::NAME,
                    key: crate::store::read::hex(&key),
                    source,
                })?,
            };
            match stored + delta {
                0 => drop(raw.remove(Counters::ID, &key)?),
                value => raw.insert(Counters::ID, &key, &value.to_bytes())?,
            }
        }
        Ok(())
    }

    pub fn into_after_commit(self) -> Vec<Box<dyn FnOnce() + Send>> {
        self.after_commit
    }
}

/// The write transaction as one named transaction sees it.
pub struct Tx<'a> {
    raw: &'a mut dyn WriteTx,
    group: &'a mut dyn GroupAccess,
}

/// Hides the lifetime of [`Group`] from [`Tx`].
pub(in crate::store) trait GroupAccess {
    fn next_seq(&mut self) -> u64;
    fn seq(&self) -> u64;
    fn add(&mut self, key: (WorkspaceId, u8, u64), delta: i64);
    fn delta(&self, key: (WorkspaceId, u8, u64)) -> i64;
    fn identity(&self) -> &IdentityMemory;
    fn hasher(&self) -> &IdentityHasher;
    fn weights(&self) -> &QualityWeights;
    fn note_identity(&mut self, change: IdentityChange);
    fn after_commit(&mut self, hook: Box<dyn FnOnce() + Send>);
    fn time_is_up(&self) -> bool;
}

impl GroupAccess for Group<'_> {
    fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
    fn seq(&self) -> u64 {
        self.seq
    }
    fn add(&mut self, key: (WorkspaceId, u8, u64), delta: i64) {
        *self.deltas.entry(key).or_default() += delta;
        self.delta_log.push((key, delta));
    }
    fn delta(&self, key: (WorkspaceId, u8, u64)) -> i64 {
        self.deltas.get(&key).copied().unwrap_or(0)
    }
    fn identity(&self) -> &IdentityMemory {
        self.identity
    }
    fn hasher(&self) -> &IdentityHasher {
        self.hasher
    }
    fn weights(&self) -> &QualityWeights {
        self.weights
    }
    fn note_identity(&mut self, change: IdentityChange) {
        self.identity.apply(change);
        self.identity_log.push(change);
    }
    fn after_commit(&mut self, hook: Box<dyn FnOnce() + Send>) {
        self.after_commit.push(hook);
    }
    fn time_is_up(&self) -> bool {
        (self.budget)(self.clock.monotonic().saturating_sub(self.started))
    }
}

impl Reads for Tx<'_> {
    fn raw(&self) -> &dyn Read {
        self.raw
    }
}

impl<'a> Tx<'a> {
    pub(in crate::store) fn new(raw: &'a mut dyn WriteTx, group: &'a mut dyn GroupAccess) -> Self {
        Self { raw, group }
    }

    pub fn put<T: TenantTable>(
        &mut self,
        scope: &WorkspaceScope,
        rest: T::Rest,
        value: &T::Value,
    ) -> Result<(), StoreError> {
        Ok(self.raw.insert(T::ID, &tenant_key(scope, &rest), &value.to_bytes())?)
    }

    /// Removes a row; true if it was there.
    pub fn remove<T: TenantTable>(&mut self, scope: &WorkspaceScope, rest: T::Rest) -> Result<bool, StoreError> {
        Ok(self.raw.remove(T::ID, &tenant_key(scope, &rest))?)
    }

    pub fn put_install<T: InstallTable>(&mut self, key: T::Key, value: &T::Value) -> Result<(), StoreError> {
        Ok(self.raw.insert(T::ID, &key.encode(), &value.to_bytes())?)
    }

    pub fn remove_install<T: InstallTable>(&mut self, key: T::Key) -> Result<bool, StoreError> {
        Ok(self.raw.remove(T::ID, &key.encode())?)
    }

    /// Adds to a counter: the only way to change one.
    pub fn add(&mut self, scope: &WorkspaceScope, counter: Counter, delta: i64) {
        let (kind, subject) = counter.key();
        self.group.add((scope.workspace(), kind, subject), delta);
    }

    /// A counter with the deltas of this group.
    pub fn counter(&self, scope: &WorkspaceScope, counter: Counter) -> Result<i64, StoreError> {
        let (kind, subject) = counter.key();
        let delta = self.group.delta((scope.workspace(), kind, subject));
        Ok(self.stored_counter(scope, kind, subject)? + delta)
    }

    /// The last seq given out in this group so far.
    pub fn seq(&self) -> u64 {
        self.group.seq()
    }

    /// Writes an event; its subject (and, for a bulk act, nothing else) finds it again.
    pub fn event(&mut self, scope: &WorkspaceScope, origin: &Origin, fact: Fact) -> Result<u64, StoreError> {
        let seq = self.group.next_seq();
        let subject = fact.subject;
        let event = Event {
            at: origin.at,
            actor: origin.actor,
            source: origin.source.clone(),
            request_id: origin.request_id.clone(),
            kind: fact.kind.to_owned(),
            subject,
            ids: fact.ids,
            before: fact.before,
            after: fact.after,
            also: fact.also,
        };
        self.put::<Events>(scope, (seq,), &event)?;
        self.put::<EventSubjects>(scope, (subject.kind, subject.id, seq), &())?;
        for also in event.also {
            self.put::<EventSubjects>(scope, (also.kind, also.id, seq), &())?;
        }
        Ok(seq)
    }

    /// Tells the derived views to look at a lead again (or at its absence).
    pub fn touched(&mut self, scope: &WorkspaceScope, lane: Lane, lead: LeadId) -> Result<(), StoreError> {
        self.touched_range(scope, lane, lead, lead, false)
    }

    /// The same for a run of leads that are all there; `all_new` when none of them existed before.
    pub fn touched_range(
        &mut self,
        scope: &WorkspaceScope,
        lane: Lane,
        first: LeadId,
        last: LeadId,
        all_new: bool,
    ) -> Result<(), StoreError> {
        let seq = self.group.next_seq();
        let entry = OutboxEntry { workspace: scope.workspace(), first: first.as_u64(), last: last.as_u64(), all_new };
        self.put_install::<Outbox>((lane as u8, seq), &entry)
    }

    /// Hashes identity keys as the index has them.
    pub fn hasher(&self) -> IdentityHasher {
        self.group.hasher().clone()
    }

    /// The data quality score of a lead, by the weights of this install.
    pub fn quality(&self, lead: &Lead) -> u8 {
        quality::score(lead, self.group.weights())
    }

    /// Changes the identity index.
    pub fn identity(&mut self, change: IdentityChange) {
        self.group.note_identity(change);
    }

    /// The leads that may carry `key`, within a list or in the whole workspace. To be confirmed on their rows.
    pub fn candidates(
        &self,
        scope: &WorkspaceScope,
        kind: u8,
        hash: u64,
        list: Option<ListId>,
    ) -> Result<Vec<(LeadId, ListId)>, StoreError> {
        candidates(self, self.group.identity(), scope, kind, hash, list)
    }

    /// As [`Tx::candidates`], one by one in no order and without a list of them: for who judges many rows.
    pub fn each_candidate(
        &self,
        scope: &WorkspaceScope,
        kind: u8,
        hash: u64,
        list: Option<ListId>,
        visit: &mut dyn FnMut(LeadId, ListId),
    ) -> Result<(), StoreError> {
        for (lead, list) in candidates(self, self.group.identity(), scope, kind, hash, list)? {
            visit(lead, list);
        }
        Ok(())
    }

    /// Runs `hook` once the group is durable, before anybody is answered; never when it is not.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.group.after_commit(Box::new(hook));
    }

    /// A bulk transaction asks between rows: whether it should stop here and leave the rest to the next one.
    pub fn time_is_up(&self) -> bool {
        self.group.time_is_up()
    }
}

/// What memory and table say of a key.
pub(in crate::store) fn candidates(
    reads: &impl Reads,
    memory: &IdentityMemory,
    scope: &WorkspaceScope,
    kind: u8,
    hash: u64,
    list: Option<ListId>,
) -> Result<Vec<(LeadId, ListId)>, StoreError> {
    let mut found = Candidates::default();
    let mut visit = |rest: (u8, u64, ListId, LeadId), (): ()| {
        found.note(rest.2, rest.3, true);
        ControlFlow::Continue(())
    };
    let key = IdentityKey { workspace: scope.workspace(), kind, hash };
    let may_hold = memory.table().may_hold(&key);
    match list {
        _ if !may_hold => {}
        Some(list) => reads.scan::<Identity>(scope, &(kind, hash, list), Order::Ascending, &mut visit)?,
        None => reads.scan::<Identity>(scope, &(kind, hash), Order::Ascending, &mut visit)?,
    }
    memory.changes_of(&key, may_hold, &mut |at, lead, present| {
        if list.is_none_or(|wanted| wanted == at) {
            found.note(at, lead, present);
        }
    });
    Ok(found.into_sorted())
}

/// What an event says; see [`Event`].
#[derive(Debug, Clone, Default)]
pub struct Fact {
    pub kind: &'static str,
    pub subject: Subject,
    /// Further subjects that find this event in their timeline.
    pub also: Vec<Subject>,
    pub ids: Vec<u64>,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Fact {
    pub fn new(kind: &'static str, subject: Subject) -> Self {
        Self { kind, subject, ..Self::default() }
    }

    #[must_use]
    pub fn also(mut self, subject: Subject) -> Self {
        self.also.push(subject);
        self
    }

    /// The leads a bulk act speaks of.
    #[must_use]
    pub fn ids(mut self, ids: Vec<u64>) -> Self {
        self.ids = ids;
        self
    }

    /// JSON objects with the changed fields as they were and as they are.
    #[must_use]
    pub fn change(mut self, before: Option<&serde_json::Value>, after: Option<&serde_json::Value>) -> Self {
        self.before = before.map(ToString::to_string);
        self.after = after.map(ToString::to_string);
        self
    }
}
