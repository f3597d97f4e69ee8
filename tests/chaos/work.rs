//! Long work as a client sees it: begun once, looked at until it is done, and its result compared.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::client::{Answer, Client, NoAnswer};
use crate::house::{House, Served};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// For anything that must come to an end; far above what a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(180);
/// What differs between two equal leads of two installs.
const OF_ONE_INSTALL: &[&str] = &[
    "id",
    "listId",
    "companyId",
    "createdAt",
    "updatedAt",
    "dataCollectedAt",
    "enrichedAt",
    "enrichmentJobId",
    "version",
];

/// Looks at `path` until `done` says so.
pub async fn until(client: &Client, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    let since = Instant::now();
    loop {
        let seen = Client::good(client.get(path).await);
        if done(&seen) {
            return seen;
        }
        assert!(since.elapsed() < PATIENCE, "{path} does not come to its end: {seen}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether work with a `status` is at its end.
pub fn has_ended(seen: &Value) -> bool {
    !matches!(seen["status"].as_str(), Some("pending" | "processing"))
}

/// A new list.
pub async fn new_list(client: &Client, name: &str) -> String {
    let list = Client::good(client.post("/leads/lists", &json!({ "name": name })).await);
    list["id"].as_str().expect("an id").to_owned()
}

/// Begins the import of `file` into `list`; sent again it is the same import.
pub async fn send_import(client: &Client, list: &str, file: Vec<u8>) -> Result<Answer, NoAnswer> {
    let place = format!("/leads/lists/{list}/import");
    client.upload(&place, "once", "people.csv", file, &json!({ "duplicateHandling": "skip" })).await
}

/// The id of what an answer says was made: the value of `field`, or the end of its place.
#[track_caller]
pub fn id_in(answer: &Answer, field: &str) -> String {
    assert!(answer.is_success(), "{answer:?}");
    let tail = || answer.location.as_deref().and_then(|place| place.rsplit('/').next());
    answer.body[field].as_str().or_else(tail).unwrap_or_else(|| panic!("nothing is named: {answer:?}")).to_owned()
}

/// A list with the people of `file`.
pub async fn filled_list(served: &Served, name: &str, file: Vec<u8>) -> String {
    let list = new_list(&served.client, name).await;
    let sent = send_import(&served.client, &list, file).await.expect("the server answers");
    let state = until(&served.client, &format!("/leads/imports/{}", id_in(&sent, "importId")), has_ended).await;
    assert_eq!(state["status"], "completed", "{state}");
    list
}

/// Starts the server and kills it, so many times, each time within `longest`; all agrees each time.
pub async fn kill_again_and_again(house: &House, chance: &Chance, times: usize, longest: Duration) {
    for _ in 0..times {
        let served = house.serve().await;
        tokio::time::sleep(chance.between(Duration::ZERO, longest)).await;
        served.kill().await;
        house.check().await;
    }
}

/// Every row of a paged listing.
pub async fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = String::new();
    let separator = if path.contains('?') { '&' } else { '?' };
    loop {
        let mut page = Client::good(client.get(&format!("{path}{separator}limit=500{after}")).await);
        rows.append(page["data"].as_array_mut().expect("a page"));
        match page["nextCursor"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return rows,
        }
    }
}

/// The leads of a list without what differs between installs, in an order of their own.
pub async fn contents(client: &Client, list: &str) -> Vec<String> {
    let mut leads = all(client, &format!("/leads/lists/{list}/leads")).await;
    for lead in &mut leads {
        let fields = lead.as_object_mut().expect("a lead");
        OF_ONE_INSTALL.iter().for_each(|name| drop(fields.remove(*name)));
    }
    let mut leads: Vec<String> = leads.iter().map(Value::to_string).collect();
    leads.sort_unstable();
    leads
}

/// Both have the same leads; says the first that differs.
#[track_caller]
pub fn assert_same_contents(found: &[String], expected: &[String]) {
    let differing = found.iter().zip(expected).find(|(found, expected)| found != expected);
    assert!(differing.is_none(), "a lead differs: {differing:?}");
    assert_eq!(found.len(), expected.len(), "some leads are too many or missing");
}

/// What a search over the list finds once the index has everything.
pub async fn searchable(served: &Served, list: &str, expected: usize) {
    let since = Instant::now();
    loop {
        let found = Client::good(served.client.post("/leads/search", &json!({ "listId": list, "limit": 1 })).await);
        if found["total"] == expected {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{} leads are found of {expected}", found["total"]);
        tokio::time::sleep(LOOK).await;
    }
}
