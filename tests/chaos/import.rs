//! An import that is killed again and again goes on by itself at every start, and ends exactly like one that nobody
//! disturbed.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chance::Chance;
use crate::client::Client;
use crate::files::dirty_csv;
use crate::house::{House, Served};
use crate::work::{assert_same_contents, contents, has_ended, id_in, new_list, searchable, send_import, until};

const ROWS: usize = 20_000;
const KILLS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_import_ends_like_an_undisturbed_one() {
    let chance = Chance::of("import").await;
    let file = dirty_csv(chance.seed(), ROWS);
    let (undisturbed, took) = undisturbed(&file).await;

    let house = House::set_up().await;
    let served = house.serve().await;
    let list = new_list(&served.client, "Killed").await;
    // The first kill may hit the upload: then it is sent again with the same key.
    let sending = tokio::spawn({
        let (client, list, file) = (served.client.clone(), list.clone(), file.clone());
        async move { send_import(&client, &list, file).await }
    });
    tokio::time::sleep(chance.between(Duration::ZERO, took / 4)).await;
    served.kill().await;
    house.check().await;
    let mut import = sending.await.expect("sent").ok().map(|answer| id_in(&answer, "importId"));

    let mut seen = 0;
    for kill in 1..chance.times(KILLS) {
        let served = house.serve().await;
        println!("ready {:?} after kill {kill}, with {seen} rows imported", served.ready_after);
        if import.is_none() {
            let sent = send_import(&served.client, &list, file.clone()).await.expect("an answer");
            import = Some(id_in(&sent, "importId"));
        }
        let place = format!("/leads/imports/{}", import.as_deref().expect("it was acknowledged"));
        tokio::time::sleep(chance.between(took / 8, took * 3 / 4)).await;
        let state = Client::good(served.client.get(&place).await);
        let processed = state["progress"]["processed"].as_u64().expect("a number");
        assert!(processed >= seen, "{processed} rows after {seen}: it went back");
        seen = processed;
        served.kill().await;
        house.check().await;
    }

    let served = house.serve().await;
    let import = import.expect("it was acknowledged");
    let ended = Ended::of(&served, &list, &import).await;
    undisturbed.assert_same(&ended);
    let imports = Client::good(served.client.get("/leads/imports").await);
    assert_eq!(imports["data"].as_array().map(Vec::len), Some(1), "it was begun once: {imports}");
    house.check().await;
    served.stop().await;
    house.check().await;
}

/// How an import ended.
struct Ended {
    results: Value,
    reasons: Value,
    rejected: Value,
    leads: Vec<String>,
}

impl Ended {
    /// Waits for the end.
    async fn of(served: &Served, list: &str, import: &str) -> Self {
        let place = format!("/leads/imports/{import}");
        let mut state = until(&served.client, &place, has_ended).await;
        assert_eq!(state["status"], "completed", "{state}");
        let rejected = Client::good(served.client.get(&format!("{place}/rejected.csv")).await);
        let leads = contents(&served.client, list).await;
        searchable(served, list, leads.len()).await;
        Self { results: state["results"].take(), reasons: state["reasons"].take(), rejected, leads }
    }

    #[track_caller]
    fn assert_same(&self, other: &Self) {
        assert_eq!(other.results, self.results);
        assert_eq!(other.reasons, self.reasons);
        assert_eq!(other.rejected, self.rejected);
        assert_same_contents(&other.leads, &self.leads);
    }
}

/// The same file into a fresh directory, and how long that took.
async fn undisturbed(file: &[u8]) -> (Ended, Duration) {
    let house = House::set_up().await;
    let served = house.serve().await;
    let list = new_list(&served.client, "Undisturbed").await;
    let started = Instant::now();
    let sent = send_import(&served.client, &list, file.to_vec()).await.expect("an answer");
    let import = id_in(&sent, "importId");
    until(&served.client, &format!("/leads/imports/{import}"), has_ended).await;
    let took = started.elapsed();
    let ended = Ended::of(&served, &list, &import).await;
    println!("undisturbed: {ROWS} rows in {took:?}: {}", ended.results);
    let number = |name: &str| ended.results[name].as_u64().expect("a number");
    let rows = number("created") + number("updated") + number("skipped") + number("rejected");
    assert_eq!(rows, ROWS as u64, "every row is in one bucket");
    assert!(number("skipped") > 0 && number("rejected") > 0, "the file is dirty");
    assert_eq!(ended.leads.len() as u64, number("created"));
    served.stop().await;
    house.check().await;
    (ended, took)
}
