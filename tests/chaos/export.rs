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
    for kill in 0..chance.times(KILLS) {
        let format = if kill % 2 == 0 { "csv" } else { "xlsx" };
        let order = json!({ "listId": list, "format": format });
        let sent = served.client.post("/leads/exports", &order).await.expect("the server answers");
        exports.push((id_in(&sent, "exportId"), format));
        tokio::time::sleep(chance.between(Duration::ZERO, Duration::from_millis(500))).await;
        served.kill().await;
        for file in finished_files(&house) {
            assert!(is_whole(&std::fs::read(&file).expect("bytes")), "{} is half a file", file.display());
        }
        house.check().await;
        served = house.serve().await;
    }
    for (export, format) in exports {
        let place = format!("/leads/exports/{export}");
        let ended = until(&served.client, &place, has_ended).await;
        println!("an export ended as {}", ended["status"]);
        match ended["status"].as_str() {
            Some("ready") => {
                assert_eq!(ended["rows"], LEADS, "{ended}");
                let path = house.data().join("exports").join(format!("{export}.{format}"));
                assert!(is_whole(&std::fs::read(path).expect("bytes")));
                if format == "csv" {
                    let file = Client::good(served.client.get(&format!("{place}/download")).await);
                    assert_eq!(file.as_str().map(|text| text.lines().count()), Some(LEADS + 1));
                }
            }
            Some("failed") => {}
            _ => panic!("{ended}"),
        }
    }
    served.stop().await;
    let checked = house.check().await;
    let left: Vec<_> = std::fs::read_dir(house.data().join("exports")).expect("a folder").flatten().collect();
    let is_an_export = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().starts_with("exp_");
    assert!(left.iter().all(|file| is_an_export(file) && !is_unfinished(&file.path())), "{left:?} {checked}");
}

/// A table with all rows, or an archive with its end.
fn is_whole(bytes: &[u8]) -> bool {
    if !bytes.starts_with(b"PK") {
        return String::from_utf8_lossy(bytes).lines().count() == LEADS + 1;
    }
    let end = bytes.len().saturating_sub(22);
    bytes[end..].starts_with(b"PK\x05\x06")
}

/// What a person would find: files that are not marked as being written.
fn finished_files(house: &House) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(house.data().join("exports")).expect("a folder").flatten().map(|file| file.path());
    files.filter(|path| !is_unfinished(path)).collect()
}

fn is_unfinished(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|ending| ending == galena::store::check::UNFINISHED)
}
