//! A task over ten thousand leads that is killed again and again changes each once, counts exactly, and can be taken back.

use std::time::Duration;

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::client::Client;
use crate::files::clean_csv;
use crate::house::{House, Served};
use crate::work::{all, assert_same_contents, contents, filled_list, has_ended, id_in, kill_again_and_again, until};

const LEADS: usize = 10_000;
const KILLS: usize = 3;
const TAG: &str = "Fair 2026";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_task_changes_each_lead_once_and_can_be_taken_back() {
    let chance = Chance::of("bulk task").await;
    let house = House::set_up().await;
    let served = house.serve().await;
    let list = filled_list(&served, "Many", clean_csv(LEADS)).await;
    let before = contents(&served.client, &list).await;

    let order = json!({
        "action": "update",
        "selection": { "listId": list },
        "changes": { "addTags": [TAG], "isQualified": true },
    });
    let sent = served.client.post("/leads/bulk", &order).await.expect("the server answers");
    let task = id_in(&sent, "taskId");
    let (served, ended) = killed_until_it_ended(&house, served, &chance, &task).await;
    assert_eq!(ended["results"], json!({ "matched": LEADS, "changed": LEADS, "skipped": 0, "merged": 0 }), "{ended}");
    for lead in all(&served.client, &format!("/leads/lists/{list}/leads")).await {
        assert_eq!((&lead["tags"], &lead["isQualified"]), (&json!([TAG]), &json!(true)), "{lead}");
    }

    let sent = served.client.post(&format!("/leads/bulk/{task}/undo"), &json!({})).await.expect("the server answers");
    let undo = id_in(&sent, "taskId");
    let (served, ended) = killed_until_it_ended(&house, served, &chance, &undo).await;
    assert_eq!(ended["results"]["changed"], LEADS, "{ended}");
    assert_same_contents(&contents(&served.client, &list).await, &before);
    let shown = Client::good(served.client.get(&format!("/leads/lists/{list}")).await);
    assert_eq!(shown["totalLeads"], LEADS);
    served.stop().await;
    house.check().await;
}

/// The task as it ended, on a server that was killed under it.
async fn killed_until_it_ended(house: &House, served: Served, chance: &Chance, task: &str) -> (Served, Value) {
    tokio::time::sleep(chance.between(Duration::ZERO, Duration::from_millis(200))).await;
    served.kill().await;
    house.check().await;
    kill_again_and_again(house, chance, chance.times(KILLS) - 1, Duration::from_millis(400)).await;
    let served = house.serve().await;
    let place = format!("/leads/bulk/{task}");
    let far = Client::good(served.client.get(&place).await);
    println!("after the kills: {} of {LEADS}", far["progress"]["processed"]);
    let ended = until(&served.client, &place, has_ended).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    (served, ended)
}
