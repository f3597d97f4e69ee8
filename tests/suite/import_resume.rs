//! An import cut off anywhere goes on where it was; cancelled it stops; undone it leaves no trace.

use galena::actors::importer::work::Step;
use galena::domain::lead::{Lead, LeadField};
use galena::store::engine::CommitFault;
use galena::store::records::import::{DuplicateHandling, Import, ImportState};
use galena::store::transactions::import_undo::UndoImport;
use galena::store::transactions::imports::{CancelImport, open_imports};
use galena::store::transactions::leads::{LeadChanges, UpdateLead};
use galena::store::transactions::lists::DeleteList;
use galena::store::{Reject, SubmitError, SystemScope, Urgency};

use super::import_fixture::{House, buckets, choice, scope};

/// 730 rows: every tenth is somebody again, every fiftieth nobody.
fn file() -> Vec<u8> {
    let mut file = String::from("Email,First Name,Last Name,Company\n");
    for row in 0..730_u32 {
        let person = if row % 10 == 9 { row - 5 } else { row };
        match row % 50 {
            49 => file.push_str(",,Nobody,\n"),
            _ => file
                .push_str(&format!("p{person}@acme{}.example,First{person},Last{person},Acme {person}\n", person % 7)),
        }
    }
    file.into_bytes()
}

/// What has to be equal however often the import was cut off.
fn outcome(house: &House, import: &Import) -> (Import, Vec<Lead>) {
    let timeless = Import { rows_per_second: 0, told_at: Default::default(), ..import.clone() };
    (timeless, house.leads().into_iter().map(|(_, lead)| lead).collect())
}

#[tokio::test]
async fn a_crash_between_any_two_chunks_ends_with_the_same_counts() {
    let house = House::new();
    let list = house.named_list("people").await;
    let id = house.start(list, &file(), &choice(DuplicateHandling::Update)).await;
    let before = house.after_a_crash();
    let undisturbed = house.drive(id).await;
    let undisturbed = outcome(&house, &undisturbed);
    assert_eq!(undisturbed.0.state, ImportState::Completed);
    assert_eq!(undisturbed.0.processed(), 730);
    for crash_after in 0..12 {
        let mut house = before.after_a_crash();
        let mut crashes = 0;
        loop {
            let mut run = house.run(id);
            let mut ended = false;
            // At every step of the run, and again and again from there.
            for _ in 0..=crash_after {
                ended = run.step().await.unwrap() == Step::Ended;
                if ended {
                    break;
                }
            }
            if ended {
                break;
            }
            drop(run);
            house = house.after_a_crash();
            crashes += 1;
            assert!(crashes < 50 || crash_after == 0, "it never ends");
            if crash_after == 0 {
                // The first step only opens the file: on its own it never gets anywhere.
                house.drive(id).await;
                break;
            }
        }
        let end = house.import_row(id);
        assert_eq!(outcome(&house, &end), undisturbed, "crashed after {crash_after} steps");
        assert_eq!(house.count(list), i64::try_from(undisturbed.1.len()).unwrap());
    }
}

#[tokio::test]
async fn a_commit_whose_outcome_is_not_known_counts_no_row_twice() {
    for fault in [CommitFault::Lost, CommitFault::Kept] {
        let house = House::new();
        let list = house.named_list("people").await;
        let id = house.start(list, &file(), &choice(DuplicateHandling::Skip)).await;
        let mut run = house.run(id);
        for _ in 0..4 {
            run.step().await.unwrap();
        }
        house.engine.fail_next_commit(fault);
        while run.step().await.unwrap() != Step::Ended {}
        let import = house.import_row(id);
        assert_eq!((import.state, import.processed()), (ImportState::Completed, 730), "{fault:?}");
        assert_eq!(house.count(list), i64::try_from(import.results.created).unwrap());
        assert_eq!(house.leads().len() as u64, import.results.created);
    }
}

#[tokio::test]
async fn after_a_cancel_no_row_is_written() {
    let house = House::new();
    let list = house.named_list("people").await;
    let id = house.start(list, &file(), &choice(DuplicateHandling::Skip)).await;
    let mut run = house.run(id);
    for _ in 0..3 {
        run.step().await.unwrap();
    }
    let cancel = CancelImport { scope: scope(), origin: house.origin(), id };
    let cancelled = house.store.submit(cancel.clone(), Urgency::Interactive).await.unwrap().out;
    let written = house.leads().len();
    while run.step().await.unwrap() != Step::Ended {}
    let import = house.import_row(id);
    assert_eq!((import.state, import.results), (ImportState::Cancelled, cancelled.results));
    assert_eq!((house.leads().len(), import.completed_at.is_some()), (written, true));
    assert!(written > 0);
    house.store.submit(cancel, Urgency::Interactive).await.expect("cancelling again is no error");
    assert!(open_imports(&house.store.view().unwrap(), SystemScope::for_the_house()).unwrap().is_empty());
    // A finished one cannot be cancelled.
    let (done, _) = house.import(list, b"Email\nx@acme.example\n", &choice(DuplicateHandling::Skip)).await;
    let cancel = CancelImport { scope: scope(), origin: house.origin(), id: done };
    let refused = house.store.submit(cancel, Urgency::Interactive).await;
    assert!(matches!(refused, Err(SubmitError::Rejected(Reject::Conflict(_)))));
}

#[tokio::test]
async fn a_list_deleted_meanwhile_fails_the_import_and_a_missing_file_too() {
    let house = House::new();
    let list = house.named_list("people").await;
    let id = house.start(list, &file(), &choice(DuplicateHandling::Skip)).await;
    let mut run = house.run(id);
    for _ in 0..3 {
        run.step().await.unwrap();
    }
    let delete = DeleteList { scope: scope(), origin: house.origin(), id: list, expected: None };
    house.store.submit(delete, Urgency::Interactive).await.unwrap();
    while run.step().await.unwrap() != Step::Ended {}
    let import = house.import_row(id);
    assert_eq!(import.state, ImportState::Failed);
    assert_eq!(import.problem.unwrap().code, "LIST_NOT_FOUND");

    let list = house.named_list("others").await;
    let id = house.start(list, &file(), &choice(DuplicateHandling::Skip)).await;
    galena::actors::importer::spool::Spool::remove(&house.spool, house.import_row(id).upload).unwrap();
    let import = house.drive(id).await;
    assert_eq!((import.state, import.processed()), (ImportState::Failed, 0));
    assert_eq!(import.problem.unwrap().code, "INVALID_CSV");
}

async fn undo(house: &House, id: galena::domain::id::ImportId) -> Import {
    let undo = UndoImport {
        scope: scope(),
        origin: house.origin(),
        id,
        window: galena::store::transactions::lead_rows::RESTORE_WINDOW,
    };
    house.store.submit(undo, Urgency::Interactive).await.unwrap();
    house.drive(id).await
}

#[tokio::test]
async fn undo_restores_every_lead_nobody_touched_byte_for_byte() {
    let house = House::new();
    let list = house.named_list("people").await;
    let (_, first) = house.import(list, &file(), &choice(DuplicateHandling::Skip)).await;
    let before = house.leads();
    // Half known, half new; one of the new ones twice.
    let mut second = String::from("Email,City\n");
    for row in 0..400_u32 {
        second.push_str(&format!("p{row}@acme{}.example,Bonn\nn{row}@new.example,Ulm\n", row % 7));
    }
    second.push_str("n7@new.example,Kiel\n");
    let (id, import) = house.import(list, second.as_bytes(), &choice(DuplicateHandling::Update)).await;
    assert_eq!(import.processed(), 801);
    let now = house.leads();
    let new: Vec<_> = now.iter().filter(|(_, lead)| lead.origin.is_some_and(|origin| origin.import == id)).collect();
    let edited = [before[5].0, new[3].0];
    for lead in edited {
        let changes =
            LeadChanges { fields: vec![(LeadField::JobTitle, Some("Head".to_owned()))], ..LeadChanges::default() };
        let update = UpdateLead { scope: scope(), origin: house.origin(), id: lead, expected: None, changes };
        house.store.submit(update, Urgency::Interactive).await.unwrap();
    }
    // A later import touches two others.
    let third = b"Email,Note\np8@acme1.example,met\nn9@new.example,met\n";
    let (_, later) = house.import(list, third, &choice(DuplicateHandling::Update)).await;
    assert_eq!(buckets(&later), [0, 2, 0, 0]);

    let undone = undo(&house, id).await.undo.unwrap();
    assert!(undone.completed_at.is_some());
    assert_eq!(undone.kept, 4, "{undone:?}");
    assert_eq!(undone.removed, import.results.created - 2);
    let after = house.leads();
    let kept = |lead: galena::domain::id::LeadId| undone.kept_leads.contains(&galena::domain::id::Id::as_u64(lead));
    for (lead, was) in before.iter().filter(|(lead, _)| !kept(*lead)) {
        assert_eq!(after.iter().find(|(id, _)| id == lead).map(|(_, is)| is), Some(was));
    }
    assert_eq!(after.len(), before.len() + 2);
    assert_eq!(house.count(list), i64::try_from(after.len()).unwrap());
    assert_eq!(first.results.created, before.len() as u64);
    // Nobody removed is anybody's duplicate any more, and everybody restored still is.
    let (_, again) = house.import(list, second.as_bytes(), &choice(DuplicateHandling::Skip)).await;
    assert_eq!(again.results.created, import.results.created - 2);
    // Undone is undone.
    let twice = undo(&house, id).await.undo.unwrap();
    assert_eq!(twice, undone);
}

#[tokio::test]
async fn an_undo_cut_off_anywhere_ends_alike() {
    let house = House::new();
    let list = house.named_list("people").await;
    let known: String =
        (0..6_000).step_by(3).fold("Email\n".to_owned(), |file, n| file + &format!("p{n}@acme.example\n"));
    house.import(list, known.as_bytes(), &choice(DuplicateHandling::Skip)).await;
    let before = house.leads();
    let all: String = (0..6_000).fold("Email,City\n".to_owned(), |file, n| file + &format!("p{n}@acme.example,Bonn\n"));
    let (id, import) = house.import(list, all.as_bytes(), &choice(DuplicateHandling::Update)).await;
    assert_eq!(buckets(&import), [4_000, 2_000, 0, 0]);
    let order = UndoImport {
        scope: scope(),
        origin: house.origin(),
        id,
        window: galena::store::transactions::lead_rows::RESTORE_WINDOW,
    };
    house.store.submit(order, Urgency::Interactive).await.unwrap();
    let mut house = house;
    loop {
        let mut run = house.run(id);
        run.step().await.unwrap();
        let ended = run.step().await.unwrap() == Step::Ended;
        drop(run);
        house = house.after_a_crash();
        if ended {
            break;
        }
    }
    let undone = house.import_row(id).undo.unwrap();
    assert_eq!((undone.removed, undone.restored, undone.kept), (4_000, 2_000, 0));
    assert_eq!(house.leads(), before);
}

#[tokio::test]
async fn a_running_import_and_an_old_one_cannot_be_undone() {
    let house = House::new();
    let list = house.named_list("people").await;
    let id = house.start(list, &file(), &choice(DuplicateHandling::Skip)).await;
    let order = UndoImport {
        scope: scope(),
        origin: house.origin(),
        id,
        window: galena::store::transactions::lead_rows::RESTORE_WINDOW,
    };
    let refused = house.store.submit(order.clone(), Urgency::Interactive).await;
    assert!(matches!(refused, Err(SubmitError::Rejected(Reject::Conflict(_)))));
    house.drive(id).await;
    let mut late = order;
    late.origin.at = late.origin.at.plus(late.window).plus(late.window);
    let refused = house.store.submit(late, Urgency::Interactive).await;
    assert!(matches!(refused, Err(SubmitError::Rejected(Reject::Conflict(_)))));
}
