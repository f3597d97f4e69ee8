//! What an import promises when other things happen at the same time or afterwards, through a real server.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use futures::future::join_all;
use galena::domain::id::{LeadId, WorkspaceId};
use galena::domain::lead::Lead;
use galena::store::records::import::{DuplicateHandling, ImportState, UpdatePolicy};
use galena::store::tables::Leads;
use galena::store::transactions::imports::CancelImport;
use galena::store::{Reads, Urgency};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::import_fixture::{House, buckets, choice, scope};
use super::server::TestServer;

async fn start(server: &TestServer, list: &str, bytes: &[u8], mapping: Value, options: Value) -> String {
    let file = Part::bytes(bytes.to_vec()).file_name("leads.csv");
    let form = Form::new().part("file", file).text("mapping", mapping.to_string()).text("options", options.to_string());
    let request = server.request(Method::POST, &format!("/leads/lists/{list}/import")).multipart(form);
    server.send(request).await.expect(202)["importId"].as_str().unwrap().to_owned()
}

async fn ended(server: &TestServer, id: &str) -> Value {
    for _ in 0..1_200 {
        let import = server.get(&format!("/leads/imports/{id}")).await.expect(200);
        let is_open = matches!(import["status"].as_str(), Some("pending" | "processing"));
        if !is_open && import["undo"]["status"] != "running" {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the import does not end");
}

async fn import(server: &TestServer, list: &str, bytes: &[u8], options: Value) -> Value {
    let id = start(server, list, bytes, json!({}), options).await;
    ended(server, &id).await
}

async fn undo(server: &TestServer, import: &Value) -> Value {
    let id = import["importId"].as_str().unwrap();
    server.post(&format!("/leads/imports/{id}/undo"), &json!({})).await.expect(202);
    ended(server, id).await["undo"].clone()
}

/// Every lead of the server, as it is stored.
fn stored(server: &TestServer) -> BTreeMap<(WorkspaceId, LeadId), Lead> {
    let mut leads = BTreeMap::new();
    let view = server.app.store.view().unwrap();
    view.scan_all::<Leads>(&mut |workspace, (id,), lead| {
        leads.insert((workspace, id), lead);
        ControlFlow::Continue(())
    })
    .unwrap();
    leads
}

/// The list as an export gives it, sorted by address.
async fn exported(server: &TestServer, list: &str) -> Vec<String> {
    let fields = ["email", "firstName", "lastName", "fullName", "companyName", "city", "jobTitle", "tags"];
    let request = json!({ "listId": list, "options": { "fields": fields } });
    let export = server.post("/leads/exports", &request).await.expect(201);
    let path = export["downloadUrl"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let mut lines: Vec<String> = server.get(&path).await.text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn eight_updating_imports_at_once_and_api_adds_give_one_lead_per_identity() {
    let server = TestServer::start_with(|config| config.import.chunk_rows = 20).await;
    let list = server.list("race").await;
    let people = 120;
    // Each file knows the people by another of their keys beside the address, and in another order.
    let file = |turn: usize| {
        let mut text = String::from("Email,Name,Company,LinkedIn,City\n");
        for place in 0..people {
            let n = (place * 7 + turn * 31) % people;
            let profile = if turn.is_multiple_of(2) { format!("linkedin.com/in/person-{n}") } else { String::new() };
            text += &format!("p{n}@acme{}.example,Ann{n} Roe{n},Acme {n},{profile},City {turn}\n", n % 9);
        }
        text.into_bytes()
    };
    let options = json!({ "duplicateHandling": "update" });
    let files: Vec<Vec<u8>> = (0..8).map(file).collect();
    let starts = files.iter().map(|bytes| start(&server, &list, bytes, json!({}), options.clone()));
    let adds = (0..people).step_by(3).map(|n| {
        let lead = json!({ "email": format!("P{n}@ACME{}.example", n % 9) });
        let (server, path) = (&server, format!("/leads/lists/{list}/leads"));
        async move { server.post(&path, &lead).await.status.as_u16() }
    });
    let (ids, added) = futures::join!(join_all(starts), join_all(adds));
    assert!(added.iter().all(|status| matches!(status, 200 | 201 | 409)), "{added:?}");
    let mut created = added.iter().filter(|status| **status == 201).count() as u64;
    for id in ids {
        let import = ended(&server, &id).await;
        assert_eq!((&import["status"], import["progress"]["processed"].as_u64()), (&json!("completed"), Some(120)));
        created += import["results"]["created"].as_u64().unwrap();
    }
    let leads = stored(&server);
    let addresses: BTreeSet<&str> = leads.values().filter_map(|lead| lead.email.as_deref()).collect();
    assert_eq!((leads.len(), addresses.len(), created), (people, people, people as u64));
    let shown = server.get(&format!("/leads/lists/{list}")).await.expect(200);
    assert_eq!(shown["totalLeads"], people);
}

#[tokio::test]
async fn custom_fields_are_kept_filled_and_overwritten_as_asked() {
    let house = House::new();
    let list = house.named_list("custom").await;
    let first = b"Email,Fair,Hall,Stand,City\nada@acme.example,Ulm,,7,Bonn\n";
    house.import(list, first, &choice(DuplicateHandling::Skip)).await;
    let mut update = choice(DuplicateHandling::Update);
    for (field, policy) in [
        ("customFields.Fair", UpdatePolicy::Keep),
        ("customFields.Hall", UpdatePolicy::Fill),
        ("customFields.Stand", UpdatePolicy::Overwrite),
        ("city", UpdatePolicy::Fill),
    ] {
        update.on_update.insert(field.to_owned(), policy);
    }
    let second = b"Email,Fair,Hall,Stand,City,New\nada@acme.example,Kiel,B,,Rom,x\n";
    let (_, import) = house.import(list, second, &update).await;
    assert_eq!(buckets(&import), [0, 1, 0, 0]);
    let lead = |house: &House| house.leads()[0].1.clone();
    let fields = ["Fair", "Hall", "Stand", "New"].map(|name| lead(&house).custom_field(name).map(str::to_owned));
    let expected = [Some("Ulm"), Some("B"), Some("7"), Some("x")].map(|value| value.map(str::to_owned));
    assert_eq!((fields, lead(&house).city.as_deref()), (expected, Some("Bonn")), "an empty cell overwrites nothing");
    let (_, import) = house.import(list, b"Email,Hall,Stand\nada@acme.example,C,9\n", &update).await;
    assert_eq!(buckets(&import), [0, 1, 0, 0]);
    assert_eq!((lead(&house).custom_field("Hall"), lead(&house).custom_field("Stand")), (Some("B"), Some("9")));
}

#[tokio::test]
async fn undo_after_an_edit_an_enrichment_and_a_second_import_restores_every_other_lead() {
    let server = TestServer::start_with(|config| config.import.chunk_rows = 15).await;
    let list = server.list("undo").await;
    let known: String = (0..60).map(|n| format!("k{n}@firm.test,Known {n}\n")).collect();
    import(&server, &list, format!("Email,Name\n{known}").as_bytes(), json!({})).await;
    let before = stored(&server);
    // Sixty known and sixty new people.
    let mut second = String::from("Email,City,Fair\n");
    (0..60).for_each(|n| second += &format!("k{n}@firm.test,Ulm,2026\nn{n}@new.test,Bonn,2026\n"));
    let done =
        import(&server, &list, second.as_bytes(), json!({ "duplicateHandling": "update", "tags": ["fair"] })).await;
    assert_eq!((&done["results"]["created"], &done["results"]["updated"]), (&json!(60), &json!(60)));
    let by_address = |address: &str| -> String {
        let leads = stored(&server);
        let ((_, id), _) = leads.iter().find(|(_, lead)| lead.email.as_deref() == Some(address)).unwrap();
        id.to_string()
    };
    // An edit of a known and of a new one.
    for address in ["k1@firm.test", "n1@new.test"] {
        let path = format!("/leads/{}", by_address(address));
        server.send(server.request(Method::PATCH, &path).json(&json!({ "jobTitle": "Head" }))).await.expect(200);
    }
    // An enrichment of two others, by the job path.
    let ids = [by_address("k2@firm.test"), by_address("n2@new.test")];
    let order = json!({ "selection": { "ids": ids }, "options": { "enrichmentLevel": "basic" } });
    let job = server.post("/leads/enrich", &order).await.expect(202)["jobId"].as_str().unwrap().to_owned();
    for turn in 0.. {
        let row = server.get(&format!("/leads/enrich/{job}")).await.expect(200);
        if row["status"] == "completed" {
            assert_eq!(row["results"]["enriched"], 2, "{row}");
            break;
        }
        assert!(turn < 600, "the job does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A second import of two more.
    let third = b"Email,Note\nk3@firm.test,met\nn3@new.test,met\n";
    let later = import(&server, &list, third, json!({ "duplicateHandling": "update" })).await;
    assert_eq!(later["results"]["updated"], 2);

    let undone = undo(&server, &done).await;
    assert_eq!(
        (&undone["removed"], &undone["restored"], &undone["kept"]),
        (&json!(57), &json!(57), &json!(6)),
        "{undone}"
    );
    let after = stored(&server);
    let touched = ["k1@firm.test", "k2@firm.test", "k3@firm.test"];
    let mut same = 0;
    for (id, was) in before.iter().filter(|(_, lead)| !touched.contains(&lead.email.as_deref().unwrap())) {
        assert_eq!(after.get(id), Some(was), "byte for byte");
        same += 1;
    }
    assert_eq!((same, after.len()), (57, 63));
    let kept: BTreeSet<String> =
        undone["keptLeads"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    let expected: BTreeSet<String> = touched
        .iter()
        .chain(&["n1@new.test", "n2@new.test", "n3@new.test"])
        .map(|address| by_address(address))
        .collect();
    assert_eq!(kept, expected, "each is named");
    assert_eq!(server.get(&format!("/leads/lists/{list}")).await.expect(200)["totalLeads"], 63);
}

#[tokio::test]
async fn undone_in_turn_the_imports_leave_the_first_state_byte_for_byte() {
    let server = TestServer::start().await;
    let list = server.list("in turn").await;
    let update = json!({ "duplicateHandling": "update" });
    let rows = |from: usize, to: usize, city: &str| {
        let rows: String = (from..to).map(|n| format!("p{n}@acme.example,{city}\n")).collect();
        format!("Email,City\n{rows}").into_bytes()
    };
    import(&server, &list, &rows(0, 30, "Ulm"), update.clone()).await;
    let states = [stored(&server)];
    let second = import(&server, &list, &rows(15, 45, "Bonn"), update.clone()).await;
    let after_second = stored(&server);
    let third = import(&server, &list, &rows(0, 60, "Kiel"), update).await;
    assert_eq!(undo(&server, &third).await["kept"], 0);
    assert_eq!(stored(&server), after_second);
    assert_eq!(undo(&server, &second).await["kept"], 0);
    assert_eq!(stored(&server), states[0]);
}

#[tokio::test]
async fn undone_and_imported_again_the_list_is_as_it_was() {
    let server = TestServer::start_with(|config| config.import.chunk_rows = 15).await;
    let list = server.list("again").await;
    import(&server, &list, b"Email,City\np1@acme.example,Rom\np3@acme.example,\n", json!({})).await;
    let rows: String = (0..50).map(|n| format!("p{}@acme.example,Ann{n} Roe,Acme {n},Ulm\n", n % 40)).collect();
    let file = format!("Email,Name,Company,City\n{rows},,,\n,Nobody,,\n");
    let options = json!({ "duplicateHandling": "update", "onUpdate": { "city": "fill" } });
    let first = import(&server, &list, file.as_bytes(), options.clone()).await;
    let counts = |import: &Value| (import["results"].clone(), import["reasons"].clone(), import["totalRows"].clone());
    let (state, shown) =
        (exported(&server, &list).await, server.get(&format!("/leads/lists/{list}")).await.expect(200));
    undo(&server, &first).await;
    assert_eq!(server.get(&format!("/leads/lists/{list}")).await.expect(200)["totalLeads"], 2);
    let second = import(&server, &list, file.as_bytes(), options).await;
    assert_eq!(counts(&second), counts(&first));
    assert_eq!(exported(&server, &list).await, state);
    let again = server.get(&format!("/leads/lists/{list}")).await.expect(200);
    assert_eq!((&again["totalLeads"], &again["enrichedLeads"]), (&shown["totalLeads"], &shown["enrichedLeads"]));
}

#[tokio::test]
async fn cancelled_half_way_the_counts_are_those_of_what_was_written() {
    let house = House::new();
    let list = house.named_list("half").await;
    let mut file = String::from("Email,City\n");
    for row in 0..900 {
        match row % 9 {
            8 => file.push_str(",nobody\n"),
            7 => file.push_str("p0@acme.example,Ulm\n"),
            _ => file.push_str(&format!("p{row}@acme.example,Ulm\n")),
        }
    }
    for steps in [2, 4, 7] {
        let list = if steps == 2 { list } else { house.named_list(&format!("half {steps}")).await };
        let id = house.start(list, file.as_bytes(), &choice(DuplicateHandling::Skip)).await;
        let mut run = house.run(id);
        for _ in 0..steps {
            run.step().await.unwrap();
        }
        let cancel = CancelImport { scope: scope(), origin: house.origin(), id };
        house.store.submit(cancel, Urgency::Interactive).await.unwrap();
        let import = house.drive(id).await;
        assert_eq!(import.state, ImportState::Cancelled);
        assert_eq!((import.processed(), import.total_rows), (100 * (steps - 1), 900));
        assert_eq!(house.count(list), i64::try_from(import.results.created).unwrap());
        let counted: u64 = import.reasons.counts.iter().map(|(_, count)| count).sum();
        assert_eq!(counted, import.results.skipped + import.results.rejected);
        // The whole file once more: what is there is there, the rest comes.
        let (_, rest) = house.import(list, file.as_bytes(), &choice(DuplicateHandling::Skip)).await;
        assert_eq!(rest.results.created + import.results.created, 700);
        assert_eq!(house.count(list), 700);
    }
}

#[tokio::test]
async fn rejected_rows_once_mended_are_mapped_as_the_file_they_came_from() {
    let server = TestServer::start().await;
    let list = server.list("mend").await;
    let bytes = b"Mailing,Who,Fair\nada@acme.example,Ada,Ulm\nnot-mail,,Bonn\n";
    let mapping = json!({ "Mailing": "email", "Who": "fullName", "Fair": "customFields.Event" });
    let id = start(&server, &list, bytes, mapping, json!({})).await;
    let done = ended(&server, &id).await;
    assert_eq!((&done["results"]["created"], &done["results"]["rejected"]), (&json!(1), &json!(1)));
    let rejected = server.get(&format!("/leads/imports/{id}/rejected.csv")).await.text;
    assert!(rejected.starts_with("Mailing,Who,Fair,Rejected Line,Rejected Reason\r\nnot-mail,,Bonn,3,"), "{rejected}");
    let mended = rejected.replace("not-mail", "bob@acme.example");
    let again = import(&server, &list, mended.as_bytes(), json!({})).await;
    assert_eq!((&again["results"]["created"], &again["results"]["rejected"]), (&json!(1), &json!(0)));
    let bob = stored(&server).into_values().find(|lead| lead.email.as_deref() == Some("bob@acme.example")).unwrap();
    assert_eq!(bob.custom_fields, [("Event".to_owned(), "Bonn".to_owned())]);
}

#[tokio::test]
async fn the_history_is_paged_newest_first_and_by_list() {
    let server = TestServer::start().await;
    let lists = [server.list("one").await, server.list("two").await];
    let mut ids = Vec::new();
    for turn in 0..5 {
        let file = format!("Email\np{turn}@acme.example\n");
        let done = import(&server, &lists[turn % 2], file.as_bytes(), json!({})).await;
        ids.insert(0, done["importId"].as_str().unwrap().to_owned());
    }
    let pages = async |query: String| {
        let (mut seen, mut sizes, mut after) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = server.get(&format!("/leads/imports?limit=2{query}{after}")).await.expect(200);
            let rows = page["data"].as_array().unwrap();
            sizes.push(rows.len());
            seen.extend(rows.iter().map(|row| row["importId"].as_str().unwrap().to_owned()));
            match page["nextCursor"].as_str() {
                Some(cursor) => after = format!("&after={cursor}"),
                None => return (seen, sizes),
            }
        }
    };
    assert_eq!(pages(String::new()).await, (ids.clone(), vec![2, 2, 1]));
    let of_one: Vec<String> = ids.iter().step_by(2).cloned().collect();
    assert_eq!(pages(format!("&listId={}", lists[0])).await, (of_one, vec![2, 1]));
    let cursor = server.get("/leads/imports?limit=2").await.expect(200)["nextCursor"].as_str().unwrap().to_owned();
    let other = format!("/leads/imports?limit=2&listId={}&after={cursor}", lists[0]);
    server.get(&other).await.expect_problem(400, "INVALID_CURSOR");
}
