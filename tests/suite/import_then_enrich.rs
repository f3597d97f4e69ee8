//! `enrichAfterImport` through every crash: wherever the power goes between the import and its job, exactly one job is made
//! over exactly its leads.

use std::collections::HashSet;

use galena::actors::importer::work::Step;
use galena::domain::enrichment::{JobOptions, Price, WriteRules};
use galena::domain::id::{ImportId, JobId};
use galena::providers::{Desk, Registry, plan};
use galena::store::engine::CommitFault;
use galena::store::engine::Order;
use galena::store::records::import::{DuplicateHandling, ImportState};
use galena::store::records::job::{Estimate, Job, Selection};
use galena::store::tables::Jobs;
use galena::store::transactions::enrich_imported::{Decided, EnrichImported, imports_to_enrich};
use galena::store::transactions::jobs::{CreateJob, FillJob, NewJob};
use galena::store::{Reads, SystemScope, Urgency};

use crate::enrichment_fixture::everybody;
use crate::import_fixture::{House, choice, scope};

const ROWS: usize = 430;

fn file() -> Vec<u8> {
    let rows = (0..ROWS).map(|row| format!("person{row}@firm{row}.com,Person {row}\n"));
    format!("Email,Name\n{}", rows.collect::<String>()).into_bytes()
}

/// What is done at the start and after every commit: whoever is complete and not ordered is ordered, under a new id each
/// time.
async fn look(house: &House) {
    let (registry, options) = (Registry::built_in().unwrap(), JobOptions::default());
    let desk = Desk { registry: &registry, key_of: &|_| None, switched_off: &HashSet::new(), can_be_rung: false };
    let steps = plan(&desk, &everybody(&options), &options).unwrap().steps;
    let waiting = imports_to_enrich(&house.store.view().unwrap(), SystemScope::for_the_house()).unwrap();
    for (scope, id, import) in waiting {
        let new = NewJob {
            selection: Selection { list: Some(import.list), import: Some(id), ..Selection::default() },
            options: JobOptions::default(),
            steps: steps.clone(),
            left_out: Vec::new(),
            write: WriteRules::default(),
            ceiling: None,
            template: None,
            rest_of: None,
            price: Price::default(),
            estimate: Estimate::default(),
            individual: false,
        };
        let items = house.deps.ids.next_block(64);
        let create = CreateJob { scope, origin: house.origin(), id: house.deps.ids.next(), new, items };
        let decided = Decided::Job(Box::new(create));
        let enrich = EnrichImported { scope, origin: house.origin(), import: id, decided };
        // Whatever becomes of it: the next look sees.
        drop(house.store.submit(enrich, Urgency::Interactive).await);
    }
}

fn jobs(house: &House) -> Vec<(JobId, Job)> {
    let mut jobs = Vec::new();
    let view = house.store.view().unwrap();
    view.scan::<Jobs>(&scope(), &(), Order::Ascending, &mut |(id,), job| {
        jobs.push((id, job));
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    jobs
}

/// Starts again where it was, and goes on to the end; then there is one job, over every lead of the import.
async fn goes_on(house: &House, id: ImportId, when: &str) {
    let import = house.drive(id).await;
    assert_eq!(import.state, ImportState::Completed, "{when}");
    look(house).await;
    look(house).await;
    let [(job, _)] = jobs(house).try_into().unwrap_or_else(|jobs: Vec<_>| panic!("{} jobs, {when}", jobs.len()));
    assert_eq!(house.import_row(id).enrichment_job, Some(job), "{when}");
    loop {
        let row = house.store.view().unwrap().get::<Jobs>(&scope(), (job,)).unwrap().unwrap();
        if row.fill.done {
            assert_eq!(row.total(), ROWS as u64, "{when}");
            return;
        }
        let items = house.deps.ids.next_block(500);
        let fill = FillJob { scope: scope(), origin: house.origin(), job, items };
        house.store.submit(fill, Urgency::Bulk).await.unwrap();
    }
}

async fn ordered() -> (House, ImportId) {
    let house = House::new();
    let list = house.named_list("people").await;
    let mut choice = choice(DuplicateHandling::Update);
    choice.enrich_after = true;
    let id = house.start(list, &file(), &choice).await;
    (house, id)
}

#[tokio::test]
async fn killed_at_any_transaction_it_makes_one_job() {
    let (before, id) = ordered().await;
    let mut steps = 0;
    let mut run = before.run(id);
    while run.step().await.unwrap() != Step::Ended {
        steps += 1;
    }
    drop(run);
    assert!(steps >= 5, "{steps}: the file has several chunks");
    for killed_after in 0..=steps + 1 {
        let (house, id) = ordered().await;
        let mut run = house.run(id);
        for _ in 0..killed_after {
            if run.step().await.unwrap() == Step::Ended {
                break;
            }
        }
        drop(run);
        let house = house.after_a_crash();
        goes_on(&house, id, &format!("killed after {killed_after} steps")).await;
        // And once more when all is done.
        let house = house.after_a_crash();
        goes_on(&house, id, &format!("killed after {killed_after} steps, then again")).await;
    }
}

#[tokio::test]
async fn a_commit_that_goes_wrong_makes_no_second_job() {
    for fault in [CommitFault::Lost, CommitFault::Kept] {
        for crashes in [false, true] {
            let when = format!("{fault:?}, crashes: {crashes}");
            // The transaction that ends the import.
            let (mut house, id) = ordered().await;
            let mut run = house.run(id);
            while house.import_row(id).processed() < ROWS as u64 {
                run.step().await.unwrap();
            }
            house.engine.fail_next_commit(fault);
            drop(run.step().await);
            drop(run);
            if crashes {
                house = house.after_a_crash();
            }
            goes_on(&house, id, &format!("the end, {when}")).await;
            // The transaction that makes the job.
            let (mut house, id) = ordered().await;
            house.drive(id).await;
            house.engine.fail_next_commit(fault);
            look(&house).await;
            if crashes {
                house = house.after_a_crash();
            }
            goes_on(&house, id, &format!("the job, {when}")).await;
        }
    }
}
