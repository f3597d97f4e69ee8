//! `galena import` without a server, killed: the next command on the directory works, and what was begun is finished.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chance::Chance;
use crate::files::dirty_csv;
use crate::house::House;
use crate::work::{all, assert_same_contents, contents, has_ended};

const ROWS: usize = 5_000;
const KILLS: usize = 4;
const LIST: &str = "People";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_import_command_is_finished_by_the_next() {
    let chance = Chance::of("offline import").await;
    let file = dirty_csv(chance.seed(), ROWS);
    let (expected, took) = undisturbed(&file).await;

    let house = House::set_up().await;
    let path = house.beside("people.csv").display().to_string();
    std::fs::write(&path, &file).expect("a file");
    let command = ["import", &path, "--list", LIST, "--json"];
    for _ in 0..chance.times(KILLS) {
        let process = house.start(&command);
        tokio::time::sleep(chance.between(Duration::ZERO, took)).await;
        process.kill().await;
        house.check().await;
    }
    let finished = house.run(&command).await;
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, house.log());

    // Whatever an earlier command had begun is finished by whoever starts next.
    let served = house.serve().await;
    let imports = all(&served.client, "/leads/imports").await;
    let mut created = 0;
    for import in &imports {
        let place = format!("/leads/imports/{}", import["importId"].as_str().expect("an id"));
        let ended = crate::work::until(&served.client, &place, has_ended).await;
        assert_eq!(ended["status"], "completed", "{ended}");
        created += ended["results"]["created"].as_u64().expect("a number");
    }
    println!("{} imports were begun by {} commands", imports.len(), chance.times(KILLS) + 1);
    let leads = contents(&served.client, &list_id(&served.client).await).await;
    assert_eq!(created, leads.len() as u64, "every lead was created by one of the imports");
    assert_same_contents(&leads, &expected);
    served.stop().await;
    house.check().await;
}

/// What is in the list when nobody disturbs, and how long the command took.
async fn undisturbed(file: &[u8]) -> (Vec<String>, Duration) {
    let house = House::set_up().await;
    let path = house.beside("people.csv").display().to_string();
    std::fs::write(&path, file).expect("a file");
    let started = Instant::now();
    let finished = house.run(&["import", &path, "--list", LIST, "--json"]).await;
    let took = started.elapsed();
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, house.log());
    let served = house.serve().await;
    let leads = contents(&served.client, &list_id(&served.client).await).await;
    let answer: Value = serde_json::from_str(&finished.stdout).expect("one JSON document");
    assert_eq!(answer["results"]["created"], leads.len());
    served.stop().await;
    (leads, took)
}

async fn list_id(client: &crate::client::Client) -> String {
    let lists = all(client, "/leads/lists").await;
    assert_eq!(lists.len(), 1, "one list of this name");
    lists[0]["id"].as_str().expect("an id").to_owned()
}
