//! An index that is missing or damaged is built anew at the start, and what was written is found again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Answered, TestServer};

const LEADS: usize = 40;

/// A stopped house with leads in its index, and the key to it.
async fn filled() -> (tempfile::TempDir, String) {
    let server = TestServer::start().await;
    let list = server.list("People").await;
    let rows: Vec<Value> = (0..LEADS)
        .map(|number| json!({ "email": format!("p{number}@acme.example"), "fullName": format!("Anna Number{number}") }))
        .collect();
    let answer = server.post(&format!("/leads/lists/{list}/leads"), &json!(rows)).await;
    let seq: u64 = answer.header("x-galena-seq").parse().unwrap();
    let found = search(&server, &json!({ "q": "anna", "minSeq": seq })).await.expect(200);
    assert_eq!((found["total"].as_u64(), found.get("stale")), (Some(LEADS as u64), None));
    let key = server.key.clone();
    (server.stop().await, key)
}

async fn search(server: &TestServer, body: &Value) -> Answered {
    server.post("/leads/search", body).await
}

/// The files of the current generation.
fn index_files(directory: &Path) -> Vec<PathBuf> {
    let root = directory.join("data/index");
    let generation = std::fs::read_to_string(root.join("CURRENT")).unwrap();
    let files = std::fs::read_dir(root.join(generation.trim())).unwrap();
    files.map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect()
}

fn with_ending(directory: &Path, ending: &str) -> PathBuf {
    index_files(directory).into_iter().find(|path| path.to_string_lossy().ends_with(ending)).unwrap()
}

/// Opens the house again; every search meanwhile is answered with what there is or told to come again.
async fn all_is_found_again(directory: tempfile::TempDir, key: String, what: &str) -> tempfile::TempDir {
    let mut server = TestServer::start_bare(directory, |_| ()).await;
    server.key = key;
    for _ in 0..400 {
        let answer = search(&server, &json!({ "q": "anna" })).await;
        assert!([200, 503].contains(&answer.status.as_u16()), "{what}: {}", answer.text);
        if answer.status == 200 {
            let found = answer.expect(200);
            let total = found["total"].as_u64().unwrap();
            // Less than all only while it says so.
            assert!(total == LEADS as u64 || found["stale"] == true, "{what}: {found}");
            if total == LEADS as u64 && found.get("stale").is_none() {
                let one = search(&server, &json!({ "q": "p7@acme.example" })).await.expect(200);
                assert_eq!(one["total"], 1, "{what}");
                return server.stop().await;
            }
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what}: not found again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_built_anew() {
    let (mut directory, key) = filled().await;
    for ending in [".term", ".idx", ".fast", ".pos"] {
        let file = with_ending(directory.path(), ending);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        std::fs::write(&file, bytes).unwrap();
        directory = all_is_found_again(directory, key.clone(), &format!("a flipped byte in {ending}")).await;
    }
    for ending in ["meta.json", ".fast"] {
        let file = with_ending(directory.path(), ending);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        directory = all_is_found_again(directory, key.clone(), &format!("half of {ending}")).await;
    }
    for ending in ["meta.json", ".term"] {
        std::fs::remove_file(with_ending(directory.path(), ending)).unwrap();
        directory = all_is_found_again(directory, key.clone(), &format!("no {ending}")).await;
    }
    std::fs::remove_dir_all(directory.path().join("data/index")).unwrap();
    all_is_found_again(directory, key, "no index at all").await;
}
