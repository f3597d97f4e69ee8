//! Tasks in the store: a crash or a failed commit at any slice ends with the counts of an undisturbed run.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures::FutureExt;
use galena::actors::task_runner::{Stepped, TaskWorker};
use galena::deps::{Deps, Simulation};
use galena::domain::id::{Id, LeadId, ListId, TaskId, WorkspaceId};
use galena::domain::lead::Lead;
use galena::domain::list::List;
use galena::store::engine::{CommitFault, Engine, MemoryEngine, Order};
use galena::store::records::task::{
    Act, Duplicate, Left, ListSelection, Merge, MergeDuplicates, Selection, Task, TaskChanges, TaskState,
};
use galena::store::tables::{Leads, ListLeads, Lists, TABLE_NAMES};
use galena::store::transactions::leads::{AddLeads, LeadChanges, OnDuplicate, UpdateLead};
use galena::store::transactions::lists::CreateList;
use galena::store::transactions::tasks::{CancelTask, CreateTask, ForgetTasks, task_of};
use galena::store::{
    Counter, IdentityHasher, Origin, Reads, Store, StoreOptions, SubmitError, SystemScope, Transaction, Urgency,
    WorkspaceScope,
};

const LEADS: u64 = 4_500;

struct House {
    deps: Deps,
    engine: Arc<MemoryEngine>,
    store: Store,
    worker: TaskWorker,
}

fn scope() -> WorkspaceScope {
    SystemScope::for_the_house().within(WorkspaceId::from_u64(1))
}

fn open(engine: &Arc<MemoryEngine>, deps: &Deps) -> (Store, TaskWorker) {
    let plain: Arc<dyn Engine> = engine.clone();
    let (store, core) =
        Store::open(plain, deps.clone(), IdentityHasher::new([3; 32]), StoreOptions::default()).unwrap();
    store.serve_inline(core);
    let worker = TaskWorker::new(store.clone(), SystemScope::for_the_house());
    (store, worker)
}

impl House {
    fn new() -> Self {
        let deps = Simulation::from_seed(11).deps;
        let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
        let (store, worker) = open(&engine, &deps);
        Self { deps, engine, store, worker }
    }

    /// Everything that was not committed is gone, as after `kill -9`.
    fn crash(&mut self) {
        self.engine = Arc::new(self.engine.durable_copy());
        (self.store, self.worker) = open(&self.engine, &self.deps);
    }

    fn origin(&self) -> Origin {
        Origin::system(self.deps.clock.now())
    }

    fn submit<T: Transaction>(&self, transaction: T) -> Result<T::Out, SubmitError> {
        let answer = self.store.submit(transaction, Urgency::Interactive).now_or_never().expect("served in place");
        answer.map(|committed| committed.out)
    }

    fn list(&self, name: &str) -> ListId {
        let (id, list) = (self.deps.ids.next(), List { name: name.to_owned(), ..List::default() });
        self.submit(CreateList { scope: scope(), origin: self.origin(), id, list }).unwrap()
    }

    fn add(&self, list: ListId, numbers: impl Iterator<Item = u64>) {
        let row = |number: u64| {
            let lead = Lead {
                email: Some(format!("p{number}@acme.example")),
                city: number.is_multiple_of(3).then(|| "Köln".to_owned()),
                ..Lead::default()
            };
            (self.deps.ids.next(), lead)
        };
        let rows: Vec<(LeadId, Lead)> = numbers.map(row).collect();
        for rows in rows.chunks(500) {
            let (origin, rows) = (self.origin(), rows.to_vec());
            let add = AddLeads { scope: scope(), origin, list, rows, on_duplicate: OnDuplicate::Skip };
            self.submit(add).unwrap();
        }
    }

    fn start(&self, act: Act, selection: Option<Selection>, new_list: Option<List>) -> Result<TaskId, SubmitError> {
        let id = self.deps.ids.next();
        self.submit(CreateTask { scope: scope(), origin: self.origin(), id, act, selection, new_list })
    }

    fn step(&mut self) -> Stepped {
        self.worker.step().now_or_never().expect("served in place").unwrap()
    }

    /// Works until nothing is left to do; with `spoil` before each step.
    fn work(&mut self, mut spoil: impl FnMut(&mut Self, u32)) {
        for step in 0..200 {
            spoil(self, step);
            if self.step() == Stepped::Idle {
                return;
            }
        }
        panic!("the tasks do not end");
    }

    fn task(&self, id: TaskId) -> Task {
        task_of(&self.store.view().unwrap(), &scope(), id).unwrap().0
    }

    fn count(&self, list: ListId) -> i64 {
        let (kind, subject) = Counter::ListLeads(list).key();
        self.store.view().unwrap().stored_counter(&scope(), kind, subject).unwrap()
    }

    fn leads(&self, list: ListId) -> Vec<(LeadId, Lead)> {
        let view = self.store.view().unwrap();
        let mut ids = Vec::new();
        view.scan::<ListLeads>(&scope(), &(list,), Order::Ascending, &mut |(_, id), ()| {
            ids.push(id);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(ids.len() as i64, self.count(list), "the counter of the list");
        ids.into_iter().map(|id| (id, view.get::<Leads>(&scope(), (id,)).unwrap().expect("a lead"))).collect()
    }

    fn is_deleted(&self, list: ListId) -> bool {
        let row = self.store.view().unwrap().get::<Lists>(&scope(), (list,)).unwrap();
        row.expect("a list").deleted_at.is_some()
    }
}

fn from_cologne(list: ListId) -> Option<Selection> {
    let filter = Some(r#"{"field":"city","op":"eq","value":"koln"}"#.to_owned());
    Some(Selection::List(ListSelection { list, filter, except: Vec::new() }))
}

fn all_of(list: ListId) -> Option<Selection> {
    Some(Selection::List(ListSelection { list, ..ListSelection::default() }))
}

fn tagging() -> Act {
    let fields = vec![("city".to_owned(), Some("Bonn".to_owned()))];
    Act::Update(TaskChanges { fields, add_tags: vec!["moved".to_owned()], ..TaskChanges::default() })
}

/// Crashes and failed commits, in turns.
fn trouble(house: &mut House, step: u32) {
    match step % 4 {
        0 => house.crash(),
        1 => house.engine.fail_next_commit(CommitFault::Lost),
        2 => house.engine.fail_next_commit(CommitFault::Kept),
        _ => {}
    }
}

#[test]
fn an_update_that_is_killed_again_and_again_neither_misses_nor_repeats_a_lead() {
    for spoil in [|_: &mut House, _| {}, trouble] {
        let mut house = House::new();
        let list = house.list("Fair");
        house.add(list, 0..LEADS);
        let id = house.start(tagging(), from_cologne(list), None).unwrap();
        house.work(spoil);
        let task = house.task(id);
        assert_eq!(task.state, TaskState::Completed);
        // The filter does not match any more what the task has changed: a repeated lead would be counted as not meant.
        assert_eq!((task.processed, task.matched, task.changed), (LEADS, LEADS / 3, LEADS / 3));
        assert_eq!(task.left_in_all(), 0);
        for (_, lead) in house.leads(list) {
            let is_meant = lead.city.is_some();
            assert_eq!(lead.version, if is_meant { 2 } else { 1 });
            assert_eq!(lead.tags.len(), usize::from(is_meant));
        }
    }
}

#[test]
fn undo_brings_deleted_leads_back_with_their_ids() {
    for spoil in [|_: &mut House, _| {}, trouble] {
        let mut house = House::new();
        let list = house.list("Fair");
        house.add(list, 0..LEADS);
        let before = house.leads(list);
        let id = house.start(Act::Delete, all_of(list), None).unwrap();
        house.work(spoil);
        assert_eq!((house.task(id).changed, house.count(list)), (LEADS, 0));
        let undo = house.start(Act::Undo(id), None, None).unwrap();
        house.work(spoil);
        let task = house.task(undo);
        assert_eq!((task.state, task.changed, task.left_in_all()), (TaskState::Completed, LEADS, 0));
        let after = house.leads(list);
        assert_eq!(before.len(), after.len());
        for ((id, before), (back, after)) in before.into_iter().zip(after) {
            assert_eq!((id, &before.email), (back, &after.email));
            assert!(after.version > before.version, "an old ETag must not pass");
        }
        assert!(house.start(Act::Undo(id), None, None).is_err(), "undone already");
        assert!(house.start(Act::Undo(undo), None, None).is_err(), "an undo cannot be undone");
    }
}

#[test]
fn what_somebody_edited_since_is_kept() {
    let mut house = House::new();
    let list = house.list("Fair");
    house.add(list, 0..9);
    let id = house.start(tagging(), from_cologne(list), None).unwrap();
    house.work(|_, _| {});
    let (edited, _) = house.leads(list).into_iter().find(|(_, lead)| lead.city.is_some()).unwrap();
    let changes = LeadChanges { custom_fields: vec![("Note".to_owned(), Some("x".to_owned()))], ..Default::default() };
    house.submit(UpdateLead { scope: scope(), origin: house.origin(), id: edited, expected: None, changes }).unwrap();
    let undo = house.start(Act::Undo(id), None, None).unwrap();
    house.work(|_, _| {});
    let task = house.task(undo);
    assert_eq!((task.matched, task.changed, task.left(Left::Edited)), (3, 2, 1));
    for (id, lead) in house.leads(list) {
        let is_kept = id == edited;
        assert_eq!(lead.city.as_deref() == Some("Bonn"), is_kept);
        assert_eq!(lead.tags.is_empty(), !is_kept);
    }
}

fn merge(house: &House, sources: &[ListId], duplicates: MergeDuplicates) -> (TaskId, ListId) {
    let into = house.deps.ids.next();
    let act = Act::Merge(Merge { sources: sources.to_vec(), into, duplicates, made_target: true });
    let new_list = List { name: "Merged".to_owned(), ..List::default() };
    (house.start(act, None, Some(new_list)).unwrap(), into)
}

#[test]
fn a_merge_counts_exactly_and_can_be_taken_back() {
    for spoil in [|_: &mut House, _| {}, trouble] {
        let mut house = House::new();
        let (one, two) = (house.list("One"), house.list("Two"));
        house.add(one, 0..3_000);
        house.add(two, 2_000..LEADS);
        let before = (house.leads(one).len(), house.leads(two).len());
        let (id, into) = merge(&house, &[one, two], MergeDuplicates::Merge);
        house.work(spoil);
        let task = house.task(id);
        assert_eq!((task.state, task.total, task.matched), (TaskState::Completed, 5_500, 5_500));
        assert_eq!((task.changed, task.left(Left::Merged), task.left_in_all()), (LEADS, 1_000, 1_000));
        assert_eq!(house.count(into), LEADS as i64);
        assert!(house.is_deleted(one) && house.is_deleted(two));
        let undo = house.start(Act::Undo(id), None, None).unwrap();
        house.work(spoil);
        assert_eq!(house.task(undo).left_in_all(), 0);
        assert_eq!((house.leads(one).len(), house.leads(two).len()), before);
        assert!(!house.is_deleted(one) && !house.is_deleted(two) && house.is_deleted(into));
    }
}

#[test]
fn a_lead_that_is_added_while_its_list_is_merged_is_not_lost() {
    let mut house = House::new();
    let (one, two) = (house.list("One"), house.list("Two"));
    house.add(one, 0..2_500);
    house.add(two, 0..10);
    let (id, into) = merge(&house, &[one, two], MergeDuplicates::Skip);
    house.work(|house, step| {
        if step == 1 {
            house.add(one, 9_000..9_010);
        }
    });
    let task = house.task(id);
    assert_eq!((task.changed, task.left(Left::Duplicate)), (2_510, 10));
    assert_eq!(house.count(into), 2_510);
}

#[test]
fn a_copy_has_new_ids_and_goes_with_its_undo() {
    for spoil in [|_: &mut House, _| {}, trouble] {
        let mut house = House::new();
        let from = house.list("Fair");
        house.add(from, 0..LEADS);
        let to = house.deps.ids.next();
        let copy = List { name: "Copy".to_owned(), ..List::default() };
        let id = house.start(Act::Duplicate(Duplicate { from, to }), None, Some(copy)).unwrap();
        house.work(spoil);
        assert_eq!(house.task(id).changed, LEADS);
        let (originals, copies) = (house.leads(from), house.leads(to));
        assert_eq!((originals.len(), copies.len()), (LEADS as usize, LEADS as usize));
        for ((id, original), (other, copy)) in originals.iter().zip(&copies) {
            assert!(id != other && original.email == copy.email);
        }
        house.start(Act::Undo(id), None, None).unwrap();
        house.work(spoil);
        assert!(house.is_deleted(to) && house.leads(to).is_empty());
        assert_eq!(house.leads(from).len(), LEADS as usize);
    }
}

#[test]
fn after_a_cancel_nothing_more_is_changed() {
    let mut house = House::new();
    let list = house.list("Fair");
    house.add(list, 0..LEADS);
    let id = house.start(Act::Delete, all_of(list), None).unwrap();
    assert_eq!(house.step(), Stepped::More);
    let left = house.count(list);
    assert!(0 < left && left < LEADS as i64);
    house.submit(CancelTask { scope: scope(), origin: house.origin(), id }).unwrap();
    house.work(|_, _| {});
    assert_eq!((house.task(id).state, house.count(list)), (TaskState::Cancelled, left));
    house.start(Act::Undo(id), None, None).unwrap();
    house.work(|_, _| {});
    assert_eq!(house.count(list), LEADS as i64);
}

#[test]
fn a_task_is_forgotten_when_its_time_for_an_undo_is_over() {
    let mut house = House::new();
    let list = house.list("Fair");
    house.add(list, 0..5);
    let id = house.start(Act::Delete, all_of(list), None).unwrap();
    house.work(|_, _| {});
    let forget = |days: u64| {
        let at = house.deps.clock.now().plus(std::time::Duration::from_secs(days * 24 * 3_600));
        house.submit(ForgetTasks { house: SystemScope::for_the_house(), at, most: ForgetTasks::MOST }).unwrap()
    };
    assert!(!forget(29));
    assert!(task_of(&house.store.view().unwrap(), &scope(), id).is_ok());
    assert!(forget(30));
    assert!(task_of(&house.store.view().unwrap(), &scope(), id).is_err());
    assert!(!forget(30));
}
