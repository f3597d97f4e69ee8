//! An export that is killed is finished or told as failed; nobody ever sees half a file.

use std::time::Duration;

use serde_json::json;

use crate::chance::Chance;
use crate::client::Client;
use crate::files::clean_csv;
use crate::house::House;
use crate::work::{filled_list, has_ended, id_in, until};

const LEADS: usize = 8_000;
const KILLS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_export_is_whole_or_not_there() {
    let chance = Chance::of("export").await;
    let house = House::set_up().await;
    let mut served = house.serve().await;
    let list = filled_list(&served, "Many", clean_csv(LEADS)).await;
    let mut exports = Vec::new();
    for _ in 0..chance.times(KILLS) {
        let order = json!({ "listId": list, "format": "csv" });
        let sent = served.client.post("/leads/exports", &order).await.expect("the server answers");
        exports.push(id_in(&sent, "exportId"));
        tokio::time::sleep(chance.between(Duration::ZERO, Duration::from_millis(500))).await;
        served.kill().await;
        for file in finished_files(&house) {
            let text = std::fs::read_to_string(&file).expect("text");
            assert_eq!(text.lines().count(), LEADS + 1, "{} is half a file", file.display());
        }
        house.check().await;
        served = house.serve().await;
    }
    for export in exports {
        let place = format!("/leads/exports/{export}");
        let ended = until(&served.client, &place, has_ended).await;
        println!("an export ended as {}", ended["status"]);
        match ended["status"].as_str() {
            Some("ready") => {
                assert_eq!(ended["rows"], LEADS, "{ended}");
                let file = Client::good(served.client.get(&format!("{place}/download")).await);
                assert_eq!(file.as_str().map(|text| text.lines().count()), Some(LEADS + 1));
            }
            Some("failed") => {}
            _ => panic!("{ended}"),
        }
    }
    served.stop().await;
    let checked = house.check().await;
    let left: Vec<_> = std::fs::read_dir(house.data().join("exports")).expect("a folder").flatten().collect();
    assert!(!left.iter().any(|file| is_unfinished(&file.path())), "{left:?} {checked}");
}

/// What a person would find: files that are not marked as being written.
fn finished_files(house: &House) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(house.data().join("exports")).expect("a folder").flatten().map(|file| file.path());
    files.filter(|path| !is_unfinished(path)).collect()
}

fn is_unfinished(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|ending| ending == galena::store::check::UNFINISHED)
}
