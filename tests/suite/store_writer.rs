//! The writer: groups, undo, counters, outcome unknown, bulk beside interactive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use galena::deps::{Deps, Simulation};
use galena::domain::id::{Id, LeadId, ListId, WorkspaceId};
use galena::domain::lead::Lead;
use galena::domain::list::List;
use galena::store::engine::{CommitFault, Engine, MemoryEngine};
use galena::store::records::outbox::Lane;
use galena::store::tables::{Leads, Lists, TABLE_NAMES};
use galena::store::transactions::identity::FlushIdentity;
use galena::store::transactions::leads::{AddLeads, Added, DeleteLead, LeadChanges, OnDuplicate, UpdateLead};
use galena::store::transactions::lists::{CreateList, DeleteList, RestoreList};
use galena::store::{
    Counter, IdentityHasher, Origin, Reads, Refusal, Reject, Store, StoreOptions, SubmitError, SystemScope,
    Transaction, Tx, Urgency, WorkspaceScope, outbox,
};

fn deps() -> Deps {
    Simulation::from_seed(7).deps
}

fn open(engine: &Arc<MemoryEngine>, deps: &Deps) -> Store {
    let engine: Arc<dyn Engine> = engine.clone();
    let (store, core) =
        Store::open(engine, deps.clone(), IdentityHasher::new([3; 32]), StoreOptions::default()).unwrap();
    store.serve_inline(core);
    store
}

fn scope(number: u64) -> WorkspaceScope {
    SystemScope::for_the_house().within(WorkspaceId::from_u64(number))
}

fn origin(deps: &Deps) -> Origin {
    Origin::system(deps.clock.now())
}

async fn list(store: &Store, name: &str) -> ListId {
    let deps = store.deps();
    let create = CreateList {
        scope: scope(1),
        origin: origin(deps),
        id: deps.ids.next(),
        list: List { name: name.to_owned(), ..List::default() },
    };
    store.submit(create, Urgency::Interactive).await.unwrap().out
}

fn lead(email: &str) -> Lead {
    Lead { email: Some(email.to_owned()), ..Lead::default() }
}

async fn add(store: &Store, list: ListId, emails: &[&str]) -> Vec<Added> {
    let deps = store.deps();
    let rows = emails.iter().map(|email| (deps.ids.next(), lead(email))).collect();
    let add = AddLeads { scope: scope(1), origin: origin(deps), list, rows, on_duplicate: OnDuplicate::Skip };
    store.submit(add, Urgency::Interactive).await.unwrap().out
}

fn total(store: &Store, list: ListId) -> i64 {
    let (kind, subject) = Counter::ListLeads(list).key();
    store.view().unwrap().stored_counter(&scope(1), kind, subject).unwrap()
}

/// Creates a list and then says no or panics.
struct Spoilt {
    inner: CreateList,
    panics: bool,
}

impl Transaction for Spoilt {
    type Out = ();
    const NAME: &'static str = "test.spoilt";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        self.inner.apply(tx)?;
        tx.add(&self.inner.scope, Counter::Leads, 41);
        assert!(!self.panics, "spoilt on purpose");
        Err(Reject::Conflict("spoilt".to_owned()).into())
    }
}

#[tokio::test]
async fn a_transaction_that_fails_or_panics_is_undone_and_its_neighbours_commit() {
    let deps = deps();
    let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
    let plain: Arc<dyn Engine> = engine.clone();
    let (store, mut core) =
        Store::open(plain, deps.clone(), IdentityHasher::new([3; 32]), StoreOptions::default()).unwrap();
    store.on_work(|| {});
    let create = |name: &str| CreateList {
        scope: scope(1),
        origin: origin(&deps),
        id: deps.ids.next(),
        list: List { name: name.to_owned(), ..List::default() },
    };
    let spoilt = |name: &str, panics| Spoilt { inner: create(name), panics };
    let (first, second) = (create("first"), create("second"));
    let commits = engine.commits();
    let waiting = tokio::join!(
        async { store.submit(first, Urgency::Interactive).await },
        async { store.submit(spoilt("refused", false), Urgency::Interactive).await },
        async { store.submit(spoilt("panicked", true), Urgency::Interactive).await },
        async { store.submit(second, Urgency::Interactive).await },
        async {
            tokio::task::yield_now().await;
            core.serve_all().unwrap();
        },
    );
    assert_eq!(engine.commits(), commits + 1, "one group, one commit");
    assert!(waiting.0.is_ok() && waiting.3.is_ok());
    assert!(matches!(waiting.1, Err(SubmitError::Rejected(Reject::Conflict(_)))));
    assert!(matches!(waiting.2, Err(SubmitError::Panicked("test.spoilt"))));
    let mut names = Vec::new();
    store
        .view()
        .unwrap()
        .scan::<Lists>(&scope(1), &(), galena::store::engine::Order::Ascending, &mut |_, list| {
            names.push(list.name);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(names, ["first", "second"]);
    let (kind, subject) = Counter::Leads.key();
    assert_eq!(store.view().unwrap().stored_counter(&scope(1), kind, subject).unwrap(), 0);
}

#[tokio::test]
async fn an_unknown_outcome_is_said_and_running_again_by_key_has_one_effect() {
    for fault in [CommitFault::Lost, CommitFault::Kept] {
        let deps = deps();
        let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
        let store = open(&engine, &deps);
        let create = CreateList {
            scope: scope(1),
            origin: origin(&deps),
            id: deps.ids.next(),
            list: List { name: "once".to_owned(), ..List::default() },
        };
        engine.fail_next_commit(fault);
        let answer = store.submit(create.clone(), Urgency::Interactive).await;
        assert!(matches!(answer, Err(SubmitError::OutcomeUnknown(_))), "{answer:?}");
        // The id is the key of this act: run again it meets itself or does the work.
        store.submit(create.clone(), Urgency::Interactive).await.unwrap();
        let found = store.view().unwrap().get::<Lists>(&scope(1), (create.id,)).unwrap().unwrap();
        assert_eq!(found.version, 1);
        assert_eq!(store.figures().reopened.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn duplicates_are_seen_inside_a_group_in_memory_and_in_the_table() {
    let deps = deps();
    let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
    let store = open(&engine, &deps);
    let list = list(&store, "people").await;
    let added = add(&store, list, &["ada@acme.example", "ada+x@acme.example", "bob@acme.example"]).await;
    let Added::Created { id: ada, .. } = &added[0] else { panic!("{added:?}") };
    assert_eq!(added[1], Added::Skipped { id: *ada });
    assert!(matches!(added[2], Added::Created { .. }));
    assert_eq!(total(&store, list), 2);
    // From memory.
    assert_eq!(add(&store, list, &["ada@acme.example"]).await, [Added::Skipped { id: *ada }]);
    // From the table.
    let flush = FlushIdentity { store: store.clone(), most: 1 };
    while !store.identity_is_flushed() {
        store.submit(FlushIdentity { store: store.clone(), ..flush }, Urgency::Bulk).await.unwrap();
    }
    assert_eq!(add(&store, list, &["ada@acme.example"]).await, [Added::Skipped { id: *ada }]);
    // After a restart that lost the memory of what came after the flush.
    add(&store, list, &["eve@acme.example"]).await;
    let engine = Arc::new(engine.durable_copy());
    let store = open(&engine, &deps);
    assert!(matches!(add(&store, list, &["eve@acme.example"]).await[..], [Added::Skipped { .. }]));
    assert_eq!(total(&store, list), 3);
}

#[tokio::test]
async fn an_edit_moves_the_identity_and_a_delete_frees_it() {
    let deps = deps();
    let store = open(&Arc::new(MemoryEngine::new(TABLE_NAMES)), &deps);
    let list = list(&store, "people").await;
    let added = add(&store, list, &["old@acme.example"]).await;
    let Added::Created { id, .. } = added[0] else { panic!("{added:?}") };
    let changes = LeadChanges {
        fields: vec![(galena::domain::lead::LeadField::Email, Some("new@acme.example".to_owned()))],
        ..LeadChanges::default()
    };
    let update = UpdateLead { scope: scope(1), origin: origin(&deps), id, expected: Some(1), changes };
    let updated = store.submit(update.clone(), Urgency::Interactive).await.unwrap().out;
    assert_eq!((updated.version, updated.email.as_deref()), (2, Some("new@acme.example")));
    let stale = store.submit(update, Urgency::Interactive).await;
    assert!(matches!(stale, Err(SubmitError::Rejected(Reject::VersionMismatch { expected: 1, current: 2 }))));
    assert_eq!(add(&store, list, &["new@acme.example"]).await, [Added::Skipped { id }]);
    assert!(matches!(add(&store, list, &["old@acme.example"]).await[..], [Added::Created { .. }]));
    let delete = DeleteLead { scope: scope(1), origin: origin(&deps), id, expected: None };
    store.submit(delete, Urgency::Interactive).await.unwrap();
    assert!(matches!(add(&store, list, &["new@acme.example"]).await[..], [Added::Created { .. }]));
    assert_eq!(total(&store, list), 2);
}

#[tokio::test]
async fn a_deleted_list_comes_back_under_a_free_name() {
    let deps = deps();
    let store = open(&Arc::new(MemoryEngine::new(TABLE_NAMES)), &deps);
    let first = list(&store, "Fair 2026").await;
    let delete = DeleteList { scope: scope(1), origin: origin(&deps), id: first, expected: None };
    store.submit(delete, Urgency::Interactive).await.unwrap();
    let _second = list(&store, "FAIR 2026").await;
    let window = std::time::Duration::from_secs(60);
    let restore = RestoreList { scope: scope(1), origin: origin(&deps), id: first, window };
    let restored = store.submit(restore, Urgency::Interactive).await.unwrap().out;
    assert_eq!(restored.name, "Fair 2026 (2)");
}

#[tokio::test]
async fn ids_and_seqs_go_on_rising_after_a_restart_with_the_clock_set_back() {
    let deps = deps();
    let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
    let store = open(&engine, &deps);
    let list = list(&store, "people").await;
    add(&store, list, &["a@acme.example"]).await;
    let (seq, id) = (*store.committed().borrow(), deps.ids.highest());
    let later = Simulation::from_seed(8);
    later.clock.set_wall(galena::domain::time::Time(0));
    let again = open(&Arc::new(engine.durable_copy()), &later.deps);
    assert_eq!(*again.committed().borrow(), seq);
    assert!(again.deps().ids.next::<LeadId>().as_u64() > id);
    add(&again, list, &["b@acme.example"]).await;
    assert!(*again.committed().borrow() > seq);
    let pending = outbox::pending(&again.view().unwrap(), Lane::Live, 0, 10).unwrap();
    assert!(pending.windows(2).all(|pair| pair[0].0 < pair[1].0) && pending.len() == 2);
}

#[tokio::test]
async fn hooks_run_only_for_what_is_durable() {
    struct Hooked(Arc<AtomicUsize>, bool);
    impl Transaction for Hooked {
        type Out = ();
        const NAME: &'static str = "test.hooked";
        fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
            let counted = self.0.clone();
            tx.after_commit(move || {
                counted.fetch_add(1, Ordering::Relaxed);
            });
            if self.1 { Ok(()) } else { Err(Reject::Conflict("no".to_owned()).into()) }
        }
    }
    let deps = deps();
    let engine = Arc::new(MemoryEngine::new(TABLE_NAMES));
    let store = open(&engine, &deps);
    let count = Arc::new(AtomicUsize::new(0));
    store.submit(Hooked(count.clone(), true), Urgency::Interactive).await.unwrap();
    store.submit(Hooked(count.clone(), false), Urgency::Interactive).await.unwrap_err();
    engine.fail_next_commit(CommitFault::Lost);
    store.submit(Hooked(count.clone(), true), Urgency::Interactive).await.unwrap_err();
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_dropped_submit_still_takes_effect() {
    let deps = deps();
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new(TABLE_NAMES));
    let (store, mut core) =
        Store::open(engine, deps.clone(), IdentityHasher::new([3; 32]), StoreOptions::default()).unwrap();
    let woken = Arc::new(AtomicBool::new(false));
    let bell = woken.clone();
    store.on_work(move || bell.store(true, Ordering::Relaxed));
    let id = deps.ids.next();
    let create = CreateList {
        scope: scope(1),
        origin: origin(&deps),
        id,
        list: List { name: "kept".to_owned(), ..List::default() },
    };
    let mut submit = Box::pin(store.submit(create, Urgency::Interactive));
    assert!(futures::poll!(&mut submit).is_pending());
    drop(submit);
    assert!(woken.load(Ordering::Relaxed));
    core.serve_all().unwrap();
    assert!(store.view().unwrap().get::<Lists>(&scope(1), (id,)).unwrap().is_some());
    assert!(!store.view().unwrap().has::<Leads>(&scope(1), (LeadId::from_u64(1),)).unwrap());
}
