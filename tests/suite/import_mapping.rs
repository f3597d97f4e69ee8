//! How a file's columns are decided: values, the memory of the workspace, recipes; and what a user changes of its rows.

use galena::actors::importer::dry_run::{Target, dry_run};
use galena::actors::importer::plan::ImportChoice;
use galena::store::Reads;
use galena::store::records::import::{DuplicateHandling, Import, ImportState};
use galena::store::records::import_edits::{Correction, ImportEdits};
use galena::store::tables::Lists;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::import_fixture::{House, buckets, choice, scope};
use super::server::{Answered, TestServer};

fn fields(import: &Import) -> Vec<&str> {
    import.plan.columns.iter().map(|column| column.field.as_str()).collect()
}

fn chosen(pairs: &[(&str, &str)]) -> ImportChoice {
    let mapping = pairs.iter().map(|(title, field)| ((*title).to_owned(), (*field).to_owned())).collect();
    ImportChoice { mapping, ..ImportChoice::default() }
}

#[tokio::test]
async fn a_file_without_titles_is_mapped_by_its_values() {
    let house = House::new();
    let list = house.named_list("bare").await;
    let file = b"Anna,Meier,anna@acme.example,Acme GmbH\nPeter,Roe,p.roe@corp.example,Corp Inc.\nJulia,Ruiz,j@firm.example,Firm SL\n";
    let (_, import) = house.import(list, file, &choice(DuplicateHandling::Skip)).await;
    assert_eq!(fields(&import), ["firstName", "lastName", "email", "companyName"]);
    assert_eq!(buckets(&import), [3, 0, 0, 0]);
    let (_, lead) = &house.leads()[0];
    assert_eq!((lead.full_name.as_deref(), lead.email.as_deref()), (Some("Anna Meier"), Some("anna@acme.example")));
}

#[tokio::test]
async fn a_corrected_mapping_is_remembered_for_the_same_titles_also_after_a_crash() {
    let house = House::new();
    let list = house.named_list("memory").await;
    let first = b"Kontakt 1,Wer,Messe,Ort\na@x.example,Ada,Ulm,Bonn\n";
    let corrected = chosen(&[("Kontakt 1", "email"), ("Wer", "fullName"), ("Messe", "customFields.Fair"), ("Ort", "")]);
    let (_, import) = house.import(list, first, &corrected).await;
    assert_eq!(fields(&import), ["email", "fullName", "customFields.Fair", ""]);
    let house = house.after_a_crash();
    let second = b"ort,Messe,wer,KONTAKT_1\nKiel,Ulm,Bob,b@x.example\n";
    let (_, import) = house.import(list, second, &choice(DuplicateHandling::Skip)).await;
    assert_eq!(fields(&import), ["", "customFields.Fair", "fullName", "email"]);
    let (_, bob) = &house.leads()[1];
    assert_eq!(
        (bob.full_name.as_deref(), bob.custom_field("Fair"), bob.city.as_deref()),
        (Some("Bob"), Some("Ulm"), None)
    );
    // One title more is another file.
    let (_, import) = house
        .import(list, b"Ort,Messe,Wer,Kontakt 1,Email\nKiel,Ulm,Eve,x,e@x.example\n", &choice(DuplicateHandling::Skip))
        .await;
    assert_eq!(fields(&import)[0], "city");
    // An automatic import changes nothing of the memory, the next correction does.
    let (_, import) = house.import(list, second, &chosen(&[("ort", "city"), ("KONTAKT_1", "email")])).await;
    assert_eq!(fields(&import), ["city", "customFields.Messe", "customFields.wer", "email"]);
    let (_, import) = house.import(list, first, &choice(DuplicateHandling::Skip)).await;
    assert_eq!(fields(&import), ["email", "customFields.wer", "customFields.Messe", "city"]);
}

const PEOPLE: &[u8] =
    b"Email,Name,Fair\nbad,Ada,Ulm\nbob@acme.example,Bob,Ulm\neve@acme.example,Eve,Bonn\nzed@acme.example,Zed,Kiel\n";

fn edited() -> ImportChoice {
    let correction =
        |row, field: &str, value: &str| Correction { row, field: field.to_owned(), value: value.to_owned() };
    let corrections = vec![
        correction(1, "email", "ada@acme.example"),
        correction(2, "customFields.Fair", ""),
        correction(3, "jobTitle", "CEO"),
        correction(3, "email", "bob@acme.example"),
    ];
    ImportChoice { edits: ImportEdits::new(corrections, vec![4]), ..choice(DuplicateHandling::Skip) }
}

#[tokio::test]
async fn corrections_hold_before_the_verdict_and_dropped_rows_are_counted() {
    let house = House::new();
    let list = house.named_list("edits").await;
    let upload = house.upload(PEOPLE).await;
    let inspected = house.inspect(upload, &edited()).unwrap();
    let row = house.store.view().unwrap().get::<Lists>(&scope(), (list,)).unwrap().unwrap();
    let run = dry_run(&house.store, &house.spool, scope(), upload, &inspected, Target { id: list, list: row }).unwrap();
    let (id, import) = house.import(list, PEOPLE, &edited()).await;
    assert_eq!(buckets(&import), [2, 0, 2, 0], "{:?}", import.reasons);
    assert_eq!((import.reasons.of("dropped_by_user"), import.reasons.of("duplicate_email")), (1, 1));
    assert_eq!((run.results, run.reasons.counts), (import.results, import.reasons.counts.clone()));
    let leads = house.leads();
    assert_eq!(leads[0].1.email.as_deref(), Some("ada@acme.example"));
    assert_eq!(leads[1].1.custom_field("Fair"), None);
    // The original row says what the file said.
    let view = house.store.view().unwrap();
    let origin = galena::domain::lead::ImportOrigin { import: id, row: 0 };
    let original = galena::store::originals::original_of(&view, &scope(), origin).unwrap().unwrap();
    assert_eq!(original[0], ("Email".to_owned(), "bad".to_owned()));
}

#[tokio::test]
async fn a_resumed_import_makes_the_same_corrections() {
    let house = House::new();
    let list = house.named_list("edits").await;
    let mut file = String::from("Email,City\n");
    (1..=600).for_each(|row| file.push_str(&format!("p{row}@acme.example,Ulm\n")));
    let corrections =
        (1..=600).step_by(7).map(|row| Correction { row, field: "city".to_owned(), value: format!("City {row}") });
    let edits = ImportEdits::new(corrections.collect(), (3..=600).step_by(50).collect());
    let choice = ImportChoice { edits, ..choice(DuplicateHandling::Skip) };
    let id = house.start(list, file.as_bytes(), &choice).await;
    let mut run = house.run(id);
    for _ in 0..4 {
        run.step().await.unwrap();
    }
    drop(run);
    let house = house.after_a_crash();
    let import = house.drive(id).await;
    assert_eq!((import.state, buckets(&import)), (ImportState::Completed, [588, 0, 12, 0]));
    for (_, lead) in house.leads() {
        let row = lead.origin.unwrap().row + 1;
        let expected = if row % 7 == 1 { format!("City {row}") } else { "Ulm".to_owned() };
        assert_eq!(lead.city.as_deref(), Some(expected.as_str()), "row {row}");
    }
}

#[tokio::test]
async fn an_edit_of_a_row_that_is_not_there_is_refused() {
    let house = House::new();
    let upload = house.upload(PEOPLE).await;
    let choice = ImportChoice { edits: ImportEdits::new(Vec::new(), vec![5]), ..choice(DuplicateHandling::Skip) };
    let problem = house.inspect(upload, &choice).unwrap_err();
    assert_eq!((problem.code, problem.reason), ("VALIDATION_FAILED", "NO_SUCH_ROW"));
}

async fn send(server: &TestServer, path: &str, bytes: &[u8], mapping: Value, options: Value) -> Answered {
    let file = Part::bytes(bytes.to_vec()).file_name("leads.csv");
    let form = Form::new().part("file", file).text("mapping", mapping.to_string()).text("options", options.to_string());
    server.send(server.request(Method::POST, path).multipart(form)).await
}

const FAIR: &[u8] = b"Mail,Who,Fair\nada@acme.example,Ada,Ulm\n";

#[tokio::test]
async fn the_preview_says_what_a_suggestion_rests_on() {
    let server = TestServer::start().await;
    let list = server.list("origins").await;
    let look = async |bytes: &[u8], options: Value| {
        let answer = send(&server, "/leads/imports/preview", bytes, json!({}), options).await.expect(200);
        let columns = answer["columns"].as_array().unwrap().clone();
        columns
            .into_iter()
            .map(|column| (column["suggestedField"].clone(), column["origin"].clone()))
            .collect::<Vec<_>>()
    };
    let bare = look(b"ada@acme.example,x\nbob@corp.example,y\n", json!({})).await;
    assert_eq!(bare, [(json!("email"), json!("values")), (Value::Null, Value::Null)]);
    let header = (json!("email"), json!("header"));
    assert_eq!(look(FAIR, json!({})).await[0], header);
    let mapping = json!({ "Mail": "email", "Who": null, "Fair": "customFields.Event" });
    send(&server, &format!("/leads/lists/{list}/import"), FAIR, mapping, json!({})).await.expect(202);
    let memory = |field: &str| (json!(field), json!("memory"));
    let expected = [memory("customFields.Event"), memory(""), memory("email")];
    assert_eq!(look(b"Fair,Who,Mail\nUlm,Bob,bob@acme.example\n", json!({})).await, expected);
    // A recipe stands above the memory; what it says nothing of is a custom field.
    let recipe = json!({ "name": "Fairs", "mapping": { "Who": "fullName", "Gone": "email" } });
    server.post("/leads/imports/recipes", &recipe).await.expect(201);
    let named = look(FAIR, json!({ "recipe": "fairs" })).await;
    assert_eq!(named, [(Value::Null, Value::Null), (json!("fullName"), json!("recipe")), (Value::Null, Value::Null)]);
    let looked =
        send(&server, "/leads/imports/preview", FAIR, json!({}), json!({ "recipe": "Fairs" })).await.expect(200);
    assert_eq!(looked["warnings"][0]["code"], "RECIPE_COLUMNS_MISSING");
    // Another workspace remembers nothing.
    let file = Part::bytes(FAIR.to_vec()).file_name("leads.csv");
    let url = format!("{}/api/v1/leads/imports/preview", server.base);
    let foreign = server.client.request(Method::POST, url).bearer_auth(&server.foreign_key);
    let looked = server.send(foreign.multipart(Form::new().part("file", file))).await.expect(200);
    assert_eq!((&looked["columns"][0]["suggestedField"], &looked["columns"][0]["origin"]), (&header.0, &header.1));
}

#[tokio::test]
async fn a_recipe_is_saved_used_and_deleted() {
    let server = TestServer::start().await;
    let recipe = json!({
        "name": "Fair list",
        "mapping": { "Mail": "email", "Who": "fullName", "Fair": null },
        "options": { "tags": ["fair"], "duplicateHandling": "update", "delimiter": "," },
    });
    let made = server.post("/leads/imports/recipes", &recipe).await;
    let place = made.header("location").to_owned();
    let made = made.expect(201);
    let id = made["recipeId"].as_str().unwrap().to_owned();
    assert!(place.ends_with(&id));
    assert_eq!((&made["mapping"], &made["options"]), (&recipe["mapping"], &recipe["options"]));
    server.post("/leads/imports/recipes", &recipe).await.expect_problem(409, "CONFLICT");
    // What is answered may be sent again, under another name or in place of the old one.
    let mut copy = made.clone();
    copy["name"] = json!("Copy");
    let copied = server.post("/leads/imports/recipes", &copy).await.expect(201);
    copy["replace"] = json!(true);
    let again = server.post("/leads/imports/recipes", &copy).await.expect(201);
    assert_eq!(again["id"], copied["id"]);
    let page = server.get("/leads/imports/recipes?limit=1").await.expect(200);
    assert_eq!(page["data"][0]["name"], "Copy");
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("/leads/imports/recipes?limit=1&after={cursor}")).await.expect(200);
    assert_eq!((rest["data"][0]["name"].as_str(), rest.get("nextCursor")), (Some("Fair list"), None));

    for (called, options, handling, tags) in [
        (id.as_str(), json!({}), "update", json!(["fair"])),
        ("FAIR LIST", json!({ "duplicateHandling": "skip", "tags": [] }), "skip", json!([])),
    ] {
        let mut options = options;
        options["listName"] = json!("Used");
        options["recipe"] = json!(called);
        let started = send(&server, "/leads/imports", FAIR, json!({}), options.clone()).await.expect(202);
        assert_eq!(started["mapping"], json!({ "Mail": "email", "Who": "fullName", "Fair": null }));
        assert_eq!(
            (started["options"]["duplicateHandling"].as_str(), &started["options"]["tags"]),
            (Some(handling), &tags)
        );
        let checked = send(&server, "/leads/imports/check", FAIR, json!({}), options).await.expect(200);
        assert_eq!(checked["totalRows"], 1);
    }
    let mapped = json!({ "Fair": "fullName" });
    let started =
        send(&server, "/leads/imports", FAIR, mapped, json!({ "listName": "Used", "recipe": id })).await.expect(202);
    let expected = json!({ "Mail": "email", "Who": "customFields.Who", "Fair": "fullName" });
    assert_eq!(started["mapping"], expected);

    for (body, pointer) in [
        (json!({ "name": " " }), "/name"),
        (json!({ "name": id }), "/name"),
        (json!({ "name": "x", "mapping": { "Mail": "emial" } }), "/mapping"),
        (json!({ "name": "x", "mapping": { "Mail": "email", "Who": "email" } }), "/mapping"),
        (json!({ "name": "x", "options": { "listName": "L" } }), "/options/listName"),
        (json!({ "name": "x", "options": { "tags": "fair" } }), "/options/tags"),
        (json!({ "name": "x", "options": { "quote": "ab" } }), "/options/quote"),
    ] {
        let problem = server.post("/leads/imports/recipes", &body).await.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    server.send(server.request(Method::DELETE, &format!("/leads/imports/recipes/{id}"))).await.expect(204);
    server.get(&format!("/leads/imports/recipes/{id}")).await.expect_problem(404, "RECIPE_NOT_FOUND");
    for gone in [id.as_str(), "Fair list"] {
        let options = json!({ "listName": "Used", "recipe": gone });
        send(&server, "/leads/imports", FAIR, json!({}), options).await.expect_problem(404, "RECIPE_NOT_FOUND");
    }
    let left = std::fs::read_dir(server.app.directory.uploads()).unwrap().count();
    assert_eq!(left, 3, "only files of imports");
}

#[tokio::test]
async fn corrections_and_dropped_rows_come_through_the_form() {
    let server = TestServer::start().await;
    let options = json!({
        "listName": "Edited",
        "corrections": [{ "row": 1, "field": "email", "value": "ada@acme.example" }],
        "dropRows": [4],
    });
    let checked = send(&server, "/leads/imports/check", PEOPLE, json!({}), options.clone()).await.expect(200);
    assert_eq!((&checked["results"]["created"], &checked["reasons"]), (&json!(3), &json!({ "dropped_by_user": 1 })));
    let wrong = json!({ "listName": "Edited", "dropRows": [5] });
    send(&server, "/leads/imports", PEOPLE, json!({}), wrong).await.expect_problem(400, "VALIDATION_FAILED");
    let many: Vec<Value> = (0..10_001)
        .map(|row| json!({ "row": row + 1, "field": "city", "value": "a city of some length, far away" }))
        .collect();
    let wrong = json!({ "listName": "Edited", "corrections": many });
    let problem =
        send(&server, "/leads/imports", PEOPLE, json!({}), wrong).await.expect_problem(400, "VALIDATION_FAILED");
    assert_eq!(problem["errors"][0]["pointer"], "/options/corrections");
    let started = send(&server, "/leads/imports", PEOPLE, json!({}), options).await.expect(202);
    assert_eq!(started["totalRows"], 4);
}
