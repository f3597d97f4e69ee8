//! Settings, terms, suppressions and what went out, over HTTP.

use galena::domain::enrichment::{DataPoint, Operation};
use galena::domain::id::{Id, ItemId, JobId, LeadId};
use galena::domain::time::Time;
use galena::store::records::attempt::Attempt;
use galena::store::tables::Attempts;
use galena::store::usage::{self, Meter};
use galena::store::{Refusal, SystemScope, Transaction, Tx, Urgency, WorkspaceScope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::imports::import;
use crate::server::TestServer;

async fn patch(server: &TestServer, body: &Value) -> crate::server::Answered {
    server.send(server.request(Method::PATCH, "/settings").json(body)).await
}

async fn put(server: &TestServer, body: &Value) -> crate::server::Answered {
    server.send(server.request(Method::PUT, "/suppressions").json(body)).await
}

#[tokio::test]
async fn settings_are_changed_one_by_one_and_given_back() {
    let server = TestServer::start().await;
    let shown = server.get("/settings").await;
    let tag = shown.header("etag").to_owned();
    let settings = shown.expect(200);
    assert_eq!(settings["policy"], json!({ "other": "allowed", "EU": "allowed" }));
    assert_eq!((&settings["terms"], &settings["timeZone"]), (&Value::Null, &json!("UTC")));
    assert_eq!(settings["offPeak"], json!({ "from": "22:00", "to": "06:00" }));

    let change = json!({
        "policy": { "eea": "company_only", "us": "off" },
        "euProvidersOnly": true,
        "timeZone": "europe/berlin",
        "offPeak": { "from": "20:00", "to": "7:30" },
        "defaultTemplate": "standard",
        "keepRawAnswers": false,
    });
    let changed = server.send(server.request(Method::PATCH, "/settings").header("if-match", &tag).json(&change)).await;
    let changed = changed.expect(200);
    assert_eq!(changed["policy"], json!({ "other": "allowed", "EU": "company_only", "US": "off" }));
    assert_eq!((&changed["timeZone"], &changed["euProvidersOnly"]), (&json!("Europe/Berlin"), &json!(true)));
    assert_eq!(changed["offPeak"], json!({ "from": "20:00", "to": "07:30" }));
    assert_eq!((&changed["defaultTemplate"], &changed["keepRawAnswers"]), (&json!("standard"), &json!(false)));
    let stale = server.request(Method::PATCH, "/settings").header("if-match", &tag).json(&json!({}));
    server.send(stale).await.expect_problem(412, "PRECONDITION_FAILED");

    let back =
        patch(&server, &json!({ "policy": { "US": null }, "offPeak": null, "timeZone": null })).await.expect(200);
    assert_eq!(back["policy"], json!({ "other": "allowed", "EU": "company_only" }));
    assert_eq!((&back["timeZone"], &back["offPeak"]["from"]), (&json!("UTC"), &json!("22:00")));
    let all = patch(&server, &json!({ "policy": null })).await.expect(200);
    assert_eq!(all["policy"], settings["policy"]);

    let wrong = json!({
        "policy": { "Atlantis": "off" }, "timeZone": "Mars", "offPeak": { "from": "1", "to": "2" },
        "defaultTemplate": "No slug"
    });
    let problem = patch(&server, &wrong).await.expect_problem(400, "VALIDATION_FAILED");
    let places: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/policy/Atlantis", "/timeZone", "/offPeak", "/defaultTemplate"]);
    patch(&server, &json!({ "policy": { "EU": "perhaps" } })).await.expect_problem(400, "VALIDATION_FAILED");

    // Nobody else's.
    let foreign = server.client.get(format!("{}/api/v1/settings", server.base)).bearer_auth(&server.foreign_key);
    assert_eq!(server.send(foreign).await.expect(200)["euProvidersOnly"], false);
    let audit = server.get("/audit?kind=settings.").await.expect(200);
    assert_eq!(audit["data"].as_array().unwrap().len(), 3);
    assert_eq!(audit["data"][2]["after"]["policy"], json!({ "EU": "company_only", "US": "off" }));
}

#[tokio::test]
async fn the_configuration_is_what_nobody_decided() {
    let server = TestServer::start_with(|config| {
        config.policy.eu = "company_only".to_owned();
        config.policy.countries = vec!["CH=off".to_owned()];
    })
    .await;
    let settings = server.get("/settings").await.expect(200);
    assert_eq!(settings["policy"], json!({ "other": "allowed", "EU": "company_only", "CH": "off" }));
}

#[tokio::test]
async fn terms_are_accepted_once_by_somebody() {
    let server = TestServer::start().await;
    let current = server.get("/settings").await.expect(200)["termsVersion"].clone();
    let accepted = server.post("/settings/terms", &json!({})).await.expect(200);
    assert_eq!(accepted["terms"]["version"], current);
    assert_eq!(accepted["terms"]["acceptedBy"]["type"], "key");
    let again = server.post("/settings/terms", &json!({ "version": current })).await.expect(200);
    assert_eq!(again["terms"], accepted["terms"], "the first time stands");
    server.post("/settings/terms", &json!({ "version": " " })).await.expect_problem(400, "VALIDATION_FAILED");
    let audit = server.get("/audit?kind=terms.accepted").await.expect(200);
    assert_eq!(audit["data"].as_array().unwrap().len(), 1);
    let viewer = server.post("/api-keys", &json!({ "name": "r", "scopes": ["write"] })).await.expect(201);
    let request = server.client.post(format!("{}/api/v1/settings/terms", server.base)).json(&json!({}));
    server.send(request.bearer_auth(viewer["key"].as_str().unwrap())).await.expect_problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn suppressions_are_added_replaced_and_removed() {
    let server = TestServer::start().await;
    let entries = json!({ "entries": [
        { "kind": "email", "value": " Ana+fair@Acme.com " },
        { "kind": "domain", "value": "https://www.Quiet.co.uk/x", "note": "asked on the phone" },
        { "kind": "company", "value": "ACME GmbH" },
        { "kind": "phone", "value": "+49 30 901820" },
    ] });
    let written = put(&server, &entries).await.expect(200);
    assert_eq!(written, json!({ "added": 4, "unchanged": 0, "removed": 0, "total": 4 }));
    let again = put(&server, &entries).await.expect(200);
    assert_eq!(again, json!({ "added": 0, "unchanged": 4, "removed": 0, "total": 4 }));

    let first = server.get("/suppressions?limit=3").await.expect(200);
    let shown = |page: &Value| -> Vec<String> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| format!("{} {}", row["kind"].as_str().unwrap(), row["value"].as_str().unwrap())).collect()
    };
    assert_eq!(shown(&first), ["email ana+fair@acme.com", "domain quiet.co.uk", "company ACME GmbH"]);
    assert_eq!((&first["total"], &first["data"][1]["note"]), (&json!(4), &json!("asked on the phone")));
    let after = first["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("/suppressions?limit=3&after={after}")).await.expect(200);
    assert_eq!(shown(&rest), ["phone +4930901820"]);
    assert!(rest.get("nextCursor").is_none());
    assert_eq!(server.get("/suppressions?kind=phone").await.expect(200)["total"], 1);

    let gone =
        server.request(Method::DELETE, "/suppressions").json(&json!({ "kind": "email", "value": "ana@acme.com" }));
    server.send(gone.try_clone().unwrap()).await.expect(204);
    server.send(gone).await.expect_problem(404, "SUPPRESSION_NOT_FOUND");
    let remove = json!({ "mode": "remove", "entries": [{ "kind": "company", "value": "acme ag" }] });
    assert_eq!(put(&server, &remove).await.expect(200)["removed"], 1);
    let replace = json!({ "mode": "replace", "entries": [{ "kind": "domain", "value": "quiet.co.uk" }] });
    let replaced = put(&server, &replace).await.expect(200);
    assert_eq!(replaced, json!({ "added": 0, "unchanged": 1, "removed": 1, "total": 1 }));

    let wrong = json!({ "entries": [
        { "kind": "email", "value": "fine@acme.com" }, { "kind": "email", "value": "acme.com" },
        { "kind": "domain", "value": "co.uk" }, { "kind": "phone", "value": "12" },
    ] });
    let problem = put(&server, &wrong).await.expect_problem(400, "VALIDATION_FAILED");
    let places: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/entries/1/value", "/entries/2/value", "/entries/3/value"]);
    assert!(!problem.to_string().contains("acme.com"), "{problem}");
    assert_eq!(server.get("/suppressions").await.expect(200)["total"], 1, "nothing was written");

    let foreign = server.client.get(format!("{}/api/v1/suppressions", server.base)).bearer_auth(&server.foreign_key);
    assert_eq!(server.send(foreign).await.expect(200)["total"], 0);
    let audit = server.get("/audit?kind=suppressions.").await;
    assert!(!audit.text.contains("quiet"), "events tell how many, not whom: {}", audit.text);
}

#[tokio::test]
async fn ten_thousand_entries_go_into_one_request() {
    let server = TestServer::start().await;
    let entry = |n: usize| json!({ "kind": "email", "value": format!("person{n}@firm{}.com", n % 97) });
    let entries: Vec<Value> = (0..10_000).map(entry).collect();
    let written = put(&server, &json!({ "mode": "replace", "entries": entries })).await.expect(200);
    assert_eq!((&written["added"], &written["total"]), (&json!(10_000), &json!(10_000)));
    let more: Vec<Value> = (0..10_001).map(entry).collect();
    put(&server, &json!({ "entries": more })).await.expect_problem(400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn suppressed_rows_are_skipped_by_an_import() {
    let server = TestServer::start().await;
    let rows =
        b"Email,Company\nana@quiet.com,Quiet\nbob@shop.quiet.com,Quiet\ncid@loud.com,Silent Inc\nann.e+x@gmail.com,\n\
        dan@loud.com,Loud\n";
    let list = server.list("before").await;
    assert_eq!(import(&server, &list, rows, json!({})).await["results"]["created"], 5);
    let entries = json!({ "entries": [
        { "kind": "domain", "value": "quiet.com" }, { "kind": "company", "value": "Silent" },
        { "kind": "email", "value": "anne@gmail.com" },
    ] });
    put(&server, &entries).await.expect(200);
    let list = server.list("after").await;
    let done = import(&server, &list, rows, json!({ "duplicateHandling": "update" })).await;
    assert_eq!((&done["results"]["created"], &done["results"]["skipped"]), (&json!(1), &json!(4)));
    assert_eq!(done["reasons"], json!({ "suppressed": 4 }));
    let form = reqwest::multipart::Form::new()
        .part("file", reqwest::multipart::Part::bytes(&rows[..]).file_name("leads.csv"))
        .text("options", json!({ "listName": "dry" }).to_string());
    let dry = server.send(server.request(Method::POST, "/leads/imports/check").multipart(form)).await.expect(200);
    assert_eq!(dry["reasons"], json!({ "suppressed": 4 }));
}

#[tokio::test]
async fn a_sandbox_is_one_for_good() {
    let server = TestServer::start().await;
    let made =
        server.post("/workspaces", &json!({ "name": "Play", "sandbox": true, "createKey": true })).await.expect(201);
    assert_eq!(made["sandbox"], true);
    let key = made["apiKey"].as_str().unwrap();
    let get = |path: &str| server.client.get(format!("{}/api/v1{path}", server.base)).bearer_auth(key);
    assert_eq!(server.send(get("/session")).await.expect(200)["workspaces"][0]["sandbox"], true);
    assert_eq!(server.send(get("/workspaces")).await.expect(200)["data"][0]["sandbox"], true);
    assert_eq!(server.send(get("/credits")).await.expect(200)["available"], 10_000.0);
    let lines = server.send(get("/credits/transactions")).await.expect(200);
    assert_eq!(lines["data"][0]["description"], "sandbox: play credits");
    let patch = server.client.patch(format!("{}/api/v1/settings", server.base)).bearer_auth(key);
    server.send(patch.json(&json!({ "sandbox": false }))).await.expect(200);
    assert_eq!(server.send(get("/workspaces")).await.expect(200)["data"][0]["sandbox"], true);
    assert_eq!(server.get("/workspaces").await.expect(200)["data"][0]["sandbox"], false);
}

/// Writes attempts as jobs do.
struct Calls(WorkspaceScope, LeadId, Vec<Attempt>);

impl Transaction for Calls {
    type Out = ();
    const NAME: &'static str = "test.calls";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        for (number, attempt) in self.2.iter().enumerate() {
            tx.put::<Attempts>(&self.0, (self.1, Id::from_u64(number as u64 + 1)), attempt)?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_went_out_is_listed_also_of_a_deleted_lead() {
    let server = TestServer::start().await;
    let list = server.list("l").await;
    let lead = server.post(&format!("/leads/lists/{list}/leads"), &json!({ "email": "a@b.com" })).await.expect(201);
    let lead = lead["id"].as_str().unwrap();
    let workspace = server.get("/workspaces").await.expect(200)["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let call = |provider: &str, outcome: Option<&str>, fields: &[&str], cached: bool| Attempt {
        job: JobId::from_u64(1),
        item: ItemId::from_u64(1),
        provider: provider.to_owned(),
        operation: Operation::EmailFind,
        point: DataPoint::Email,
        started_at: Time(1_000),
        ended_at: outcome.map(|_| Time(2_000)),
        outcome: outcome.map(str::to_owned),
        detail: None,
        credits: 0,
        cost: 0,
        receipt: None,
        fields: fields.iter().map(|name| (*name).to_owned()).collect(),
        cached,
        external: provider != "builtin-email",
    };
    let calls = vec![
        call("hunter", Some("found"), &["fullName", "companyDomain"], false),
        call("hunter", Some("not_called"), &["email"], false),
        call("hunter", Some("found"), &["email"], true),
        call("builtin-email", Some("found"), &["email"], false),
        call("hunter", Some("forbidden"), &[], false),
        call("hunter", Some("invalid_input"), &[], false),
        call("hunter", Some("invalid_input"), &["email"], false),
        call("apollo", Some("lost"), &["companyDomain"], false),
        call("apollo", None, &["email"], false),
    ];
    let scope = SystemScope::for_the_house().within(workspace);
    let write = Calls(scope, lead.parse().unwrap(), calls);
    server.app.store.submit(write, Urgency::Interactive).await.unwrap();

    let path = format!("/privacy/outbound?leadId={lead}&limit=3");
    let page = server.get(&path).await.expect(200);
    let words = |page: &Value| -> Vec<String> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| format!("{} {} {} {}", row["provider"], row["outcome"], row["fields"], row["personal"]))
            .collect()
    };
    assert_eq!(
        words(&page),
        [
            r#""apollo" null ["email"] true"#,
            r#""apollo" "lost" ["companyDomain"] false"#,
            r#""hunter" "invalid_input" ["email"] true"#,
        ]
    );
    assert_eq!(page["data"][0]["inFlight"], true);
    let after = page["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("{path}&after={after}")).await.expect(200);
    assert_eq!(words(&rest), [r#""hunter" "found" ["fullName","companyDomain"] true"#]);

    server.delete(&format!("/leads/{lead}")).await.expect(204);
    assert_eq!(words(&server.get(&path).await.expect(200)), words(&page), "receipts outlive the lead");
    let foreign = server.client.get(format!("{}/api/v1{path}", server.base)).bearer_auth(&server.foreign_key);
    server.send(foreign).await.expect_problem(404, "LEAD_NOT_FOUND");
    server.get("/privacy/outbound").await.expect_problem(400, "VALIDATION_FAILED");
}

/// Adds to the meters as jobs do.
struct Uses(WorkspaceScope, Time);

impl Transaction for Uses {
    type Out = ();
    const NAME: &'static str = "test.uses";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        for (meter, amount) in [(Meter::Credits, 250), (Meter::Cost, 8_000), (Meter::Searches, 2), (Meter::Units, 3)] {
            usage::note(tx, &self.0, self.1, meter, amount);
        }
        Ok(())
    }
}

#[tokio::test]
async fn usage_is_told_by_month_and_day() {
    let server = TestServer::start().await;
    let workspace = server.get("/workspaces").await.expect(200)["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let scope = SystemScope::for_the_house().within(workspace);
    for at in ["2026-02-03T23:59:59Z", "2026-02-28T10:00:00Z", "2026-03-01T00:00:00Z"] {
        server.app.store.submit(Uses(scope, Time::parse(at).unwrap()), Urgency::Interactive).await.unwrap();
    }
    let usage = server.get("/enrichment/usage?period=2026-02").await.expect(200);
    assert_eq!((&usage["period"], &usage["plan"]), (&json!("2026-02"), &json!("appliance")));
    assert_eq!(
        (&usage["included"], &usage["used"], &usage["overage"]),
        (&json!(1_000_000.0), &json!(5.0), &json!(0.0))
    );
    assert_eq!((&usage["units"], &usage["searches"], &usage["socialRequests"]), (&json!(6), &json!(4), &json!(0)));
    assert_eq!(usage["cost"], json!({ "amount": "0.0160", "currency": "USD" }));
    let days = usage["byDay"].as_array().unwrap();
    assert_eq!(days.len(), 28);
    assert_eq!((&days[2]["date"], &days[2]["credits"]), (&json!("2026-02-03"), &json!(2.5)));
    assert_eq!((&days[3]["units"], &days[27]["units"]), (&json!(0), &json!(3)));
    assert_eq!(server.get("/enrichment/usage?period=2199-01").await.expect(200)["byDay"], json!([]));
    assert_eq!(server.get("/enrichment/usage").await.expect(200)["credits"], 0.0);
    for wrong in ["2026-13", "now", "2026"] {
        server.get(&format!("/enrichment/usage?period={wrong}")).await.expect_problem(400, "VALIDATION_FAILED");
    }
}
