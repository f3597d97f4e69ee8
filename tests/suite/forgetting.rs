//! What was found out about a lead goes with it: at once where its deletion is final, else when its undo is over.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use galena::actors::task_runner::{Stepped, TaskWorker};
use galena::deps::Clock;
use galena::domain::enrichment::Outcome;
use galena::domain::id::{LeadId, ListId, TaskId};
use galena::domain::time::Time;
use galena::providers::Registry;
use galena::store::engine::Order;
use galena::store::records::attempt::Attempt;
use galena::store::records::task::{Act, ListSelection, Selection};
use galena::store::tables::{Attempts, KnownAnswers, LeadAnswers, RawAnswers, Values};
use galena::store::transactions::jobs::forget_look_up;
use galena::store::transactions::leads::DeleteLead;
use galena::store::transactions::settings::AcceptTerms;
use galena::store::transactions::tasks::{CreateTask, ForgetTasks};
use galena::store::{Reads, Refusal, SystemScope, Transaction, Tx, WorkspaceScope};

use crate::enrichment_fixture::{Scripted, World, basic, found};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A list whose leads were asked about at a provider far away, each with a value, its raw and its known answer.
fn enriched(leads: usize) -> (World, ListId, Vec<LeadId>) {
    let provider = Scripted::new("far", |_, number| match number % 5 {
        4 => Outcome::InvalidInput { reason: "no such address: person4@siemens.com".to_owned() }.into(),
        _ => found("emailStatus", "valid"),
    });
    let world = World::new(1_000_000, Registry::default().with(Arc::new(provider.in_region("us"))));
    world.run(AcceptTerms { scope: world.scope, origin: world.origin(), version: "1".to_owned() });
    let list = world.list("Fair");
    let leads = world.some_leads(list, leads);
    world.begin();
    world.job_for_list(list, basic());
    world.work(HOUR);
    (world, list, leads)
}

/// Rows of values, raw answers, answers of the lead, known answers.
fn kept(world: &World, lead: LeadId) -> [usize; 4] {
    let (view, mut counts) = (world.view(), [0; 4]);
    let go_on = || std::ops::ControlFlow::Continue(());
    let (scope, up) = (&world.scope, Order::Ascending);
    view.scan::<Values>(scope, &(lead,), up, &mut |_, _| {
        counts[0] += 1;
        go_on()
    })
    .unwrap();
    view.scan::<RawAnswers>(scope, &(lead,), up, &mut |_, _| {
        counts[1] += 1;
        go_on()
    })
    .unwrap();
    view.scan::<LeadAnswers>(scope, &(lead,), up, &mut |_, ()| {
        counts[2] += 1;
        go_on()
    })
    .unwrap();
    view.scan::<KnownAnswers>(scope, &(), up, &mut |_, answer| {
        counts[3] += usize::from(answer.lead == lead);
        go_on()
    })
    .unwrap();
    counts
}

fn attempts(world: &World, lead: LeadId) -> Vec<Attempt> {
    let mut found = Vec::new();
    let keep = &mut |_, attempt| {
        found.push(attempt);
        std::ops::ControlFlow::Continue(())
    };
    world.view().scan::<Attempts>(&world.scope, &(lead,), Order::Ascending, keep).unwrap();
    found
}

fn work_off_tasks(world: &World) {
    let mut worker = TaskWorker::new(world.store.clone(), SystemScope::for_the_house());
    while worker.step().now_or_never().expect("served in place").unwrap() != Stepped::Idle {}
}

fn task(world: &World, act: Act, list: Option<ListId>) -> TaskId {
    let selection = list.map(|list| Selection::List(ListSelection { list, ..ListSelection::default() }));
    let id = world.sim.deps.ids.next();
    world.run(CreateTask { scope: world.scope, origin: world.origin(), id, act, selection, new_list: None });
    work_off_tasks(world);
    id
}

fn in_days(world: &World, days: u32) -> Time {
    world.sim.clock.now().plus(days * DAY)
}

#[test]
fn a_lead_that_is_deleted_for_good_takes_everything_but_receipts_with_it() {
    let (world, _, leads) = enriched(6);
    let (used, counts) = (world.account().used, world.account().remaining);
    for lead in [leads[0], leads[1]] {
        assert_eq!(kept(&world, lead), [1, 1, 1, 1]);
    }
    for id in [leads[0], leads[4]] {
        world.run(DeleteLead { scope: world.scope, origin: world.origin(), id, expected: None });
        assert_eq!(kept(&world, id), [0; 4]);
        let left = attempts(&world, id);
        assert_eq!(left.len(), 1, "that somebody was told stays known");
        assert_eq!((left[0].fields.as_slice(), &left[0].detail), (["email".to_owned()].as_slice(), &None));
    }
    assert_eq!(attempts(&world, leads[0])[0].cost, 4_000);
    assert_eq!(kept(&world, leads[1]), [1, 1, 1, 1], "nobody else's");
    assert_eq!((world.account().used, world.account().remaining), (used, counts));
    world.audit();
}

#[test]
fn what_an_undo_may_bring_back_goes_when_its_time_is_over_through_any_crash() {
    let (mut world, list, leads) = enriched(40);
    let used = world.account().used;
    let undone = task(&world, Act::Delete, Some(list));
    task(&world, Act::Undo(undone), None);
    let before: usize = leads.iter().map(|lead| kept(&world, *lead)[0]).sum();
    assert_eq!(before, 32);
    let all = |world: &World| leads.iter().map(|lead| kept(world, *lead).iter().sum::<usize>()).sum::<usize>();
    assert_eq!(all(&world), 4 * before);
    task(&world, Act::Delete, Some(list));
    let house = SystemScope::for_the_house();
    let early = in_days(&world, 29);
    assert!(!world.run(ForgetTasks { house, at: early, most: 7 }));
    assert_eq!(all(&world), 4 * before, "an undo would bring them back");
    let late = in_days(&world, 31);
    let (mut left, mut portions) = (all(&world), 0);
    while world.run(ForgetTasks { house, at: late, most: 7 }) {
        world = world.crash();
        let now = all(&world);
        assert!(now <= left && left - now <= 7 * 4, "{left} to {now} in one portion");
        (left, portions) = (now, portions + 1);
    }
    assert_eq!(left, 0);
    assert!(portions >= 6, "{portions}");
    assert!(leads.iter().all(|lead| attempts(&world, *lead).iter().all(|attempt| attempt.detail.is_none())));
    assert_eq!(world.account().used, used);
    world.audit();
}

#[test]
fn leads_that_an_undo_has_brought_back_keep_what_is_known_of_them() {
    let (world, list, leads) = enriched(4);
    let deleted = task(&world, Act::Delete, Some(list));
    task(&world, Act::Undo(deleted), None);
    let at = in_days(&world, 31);
    while world.run(ForgetTasks { house: SystemScope::for_the_house(), at, most: 100 }) {}
    for lead in leads {
        assert_eq!(kept(&world, lead), [1, 1, 1, 1]);
    }
}

/// What `retention.lookups` does with somebody who was only asked about.
#[derive(Clone)]
struct ForgetLookUp(WorkspaceScope, LeadId);

impl Transaction for ForgetLookUp {
    type Out = ();
    const NAME: &'static str = "test.forget_look_up";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        Ok(forget_look_up(tx, &self.0, self.1)?)
    }
}

#[test]
fn who_was_only_asked_about_is_forgotten_but_for_the_sealed_answer() {
    let (world, _, leads) = enriched(5);
    for lead in &leads {
        world.run(ForgetLookUp(world.scope, *lead));
    }
    assert_eq!((kept(&world, leads[0]), kept(&world, leads[4])), ([0, 0, 1, 1], [0, 0, 0, 0]));
    assert!(attempts(&world, leads[4]).iter().all(|attempt| attempt.detail.is_none()));
}
