//! A store file that cannot grow: writes are refused, nothing acknowledged is lost, and with space again all goes on.

use std::collections::BTreeSet;

use serde_json::json;

use crate::chance::Chance;
use crate::client::Client;
use crate::house::House;
use crate::work::{all, new_list};

/// Leads of one request, which are there together or not at all.
const BATCH: usize = 250;
/// Enough to pass the limit below many times over.
const BATCHES: usize = 80;
/// How far the store file may grow.
const ROOM_BYTES: u64 = 3 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_cannot_grow_loses_nothing_acknowledged() {
    let chance = Chance::of("full disk").await;
    let house = House::set_up().await;
    let served = house.serve().await;
    let list = new_list(&served.client, "Filled").await;
    served.stop().await;

    let size = std::fs::metadata(house.data().join("store.redb")).expect("a store").len();
    // In blocks of 512 bytes. Without the trap the kernel would end the process where a full disk gives an error.
    let limit = format!("trap '' XFSZ; ulimit -f {}", (size + ROOM_BYTES) / 512);
    let mut served = house.answering(house.start_after(&limit, &["serve", "--listen", "127.0.0.1:0"])).await;
    let (mut acknowledged, mut refused) = (BTreeSet::new(), 0);
    for batch in 0..BATCHES {
        let leads: Vec<_> = (0..BATCH).map(|n| json!({ "email": address(batch, n), "firstName": "Ada" })).collect();
        let sent = served.client.post(&format!("/leads/lists/{list}/leads"), &json!({ "leads": leads })).await;
        match sent {
            Ok(answer) if answer.is_success() => drop(acknowledged.insert(batch)),
            Ok(answer) => {
                assert!(answer.status >= 500, "{answer:?}");
                refused += 1;
            }
            Err(_gone) => refused += 1,
        }
        // The process may end with a message; it must not stay and acknowledge what it does not keep.
        if refused >= 5 || served.has_ended().is_some() {
            break;
        }
    }
    assert!(refused > 0, "the limit was never reached: {acknowledged:?}");
    match served.has_ended() {
        Some(status) => println!("{} batches went in, then the server ended: {status}", acknowledged.len()),
        None => {
            println!("{} batches went in, then {refused} were refused", acknowledged.len());
            served.kill().await;
        }
    }
    house.check().await;

    let served = house.serve().await;
    let found: BTreeSet<String> = all(&served.client, &format!("/leads/lists/{list}/leads"))
        .await
        .iter()
        .map(|lead| lead["email"].as_str().expect("an address").to_owned())
        .collect();
    for batch in 0..BATCHES {
        let there = (0..BATCH).filter(|n| found.contains(&address(batch, *n))).count();
        assert!(there == BATCH || (there == 0 && !acknowledged.contains(&batch)), "batch {batch} has {there} leads");
    }
    let more = json!({ "email": "more@acme.example" });
    Client::good(served.client.post(&format!("/leads/lists/{list}/leads"), &more).await);
    served.stop().await;
    house.check().await;
    drop(chance);
}

fn address(batch: usize, n: usize) -> String {
    format!("b{batch}-{n}@acme.example")
}
