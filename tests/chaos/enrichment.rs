//! An enrichment job that is killed again and again works on every lead once, charges each once, and ends like one that
//! nobody disturbed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::client::Client;
use crate::files::dirty_csv;
use crate::house::{House, Served};
use crate::work::{all, assert_same_contents, contents, filled_list, has_ended, id_in, kill_again_and_again, until};

const ROWS: usize = 1_500;
const KILLS: usize = 5;
/// On this plan the built-in steps have a price, so that there is something to charge twice.
const PLAN: &[(&str, &str)] = &[("GALENA__CREDITS__PLAN", "enterprise")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_job_works_on_every_lead_once_and_charges_it_once() {
    let chance = Chance::of("enrichment").await;
    let file = dirty_csv(chance.seed(), ROWS);

    let house = House::set_up_with(PLAN).await;
    let served = house.serve().await;
    let list = filled_list(&served, "Undisturbed", file.clone()).await;
    let started = Instant::now();
    let job = begin(&served, &list).await;
    until(&served.client, &format!("/leads/enrich/{job}"), has_ended).await;
    let took = started.elapsed();
    let undisturbed = Ended::of(&served, &list, &job).await;
    println!("undisturbed: {ROWS} rows in {took:?}: {}, {} credits", undisturbed.counts, undisturbed.credits);
    served.stop().await;
    house.check().await;

    let house = House::set_up_with(PLAN).await;
    let served = house.serve().await;
    let list = filled_list(&served, "Killed", file).await;
    let job = begin(&served, &list).await;
    tokio::time::sleep(chance.between(Duration::ZERO, took / 2)).await;
    served.kill().await;
    house.check().await;
    kill_again_and_again(&house, &chance, chance.times(KILLS) - 1, took / 2).await;
    let served = house.serve().await;
    let far = Client::good(served.client.get(&format!("/leads/enrich/{job}")).await);
    println!("after the kills: {} of {}", far["progress"]["processed"], far["progress"]["total"]);
    let killed = Ended::of(&served, &list, &job).await;
    assert_eq!(killed.counts, undisturbed.counts);
    assert_eq!(killed.credits, undisturbed.credits);
    assert_same_contents(&killed.leads, &undisturbed.leads);
    served.stop().await;
    house.check().await;
}

async fn begin(served: &Served, list: &str) -> String {
    let order = json!({ "listId": list, "options": { "enrichmentLevel": "basic", "skipEnriched": false } });
    let sent =
        served.client.post_once("/leads/enrich", &format!("job of {list}"), &order).await.expect("the server answers");
    id_in(&sent, "jobId")
}

/// How a job ended.
struct Ended {
    counts: Value,
    credits: Value,
    leads: Vec<String>,
}

impl Ended {
    /// Waits for the end and audits items and ledger.
    async fn of(served: &Served, list: &str, job: &str) -> Self {
        let client = &served.client;
        let mut state = until(client, &format!("/leads/enrich/{job}"), has_ended).await;
        assert_eq!(state["status"], "completed", "{state}");

        let items = all(client, &format!("/leads/enrich/{job}/items")).await;
        assert_eq!(state["progress"]["total"], items.len());
        let leads: BTreeSet<&str> = items.iter().filter_map(|item| item["leadId"].as_str()).collect();
        assert_eq!(leads.len(), items.len(), "a lead has one item");
        for item in &items {
            let terminal = !matches!(item["status"].as_str(), Some("queued" | "running" | "waiting"));
            assert!(terminal, "{item}");
        }

        let credits = Client::good(client.get("/credits").await);
        assert_eq!(credits["held"], 0.0, "nothing is held for work that is done: {credits}");
        let total = |name: &str| credits["totals"][name].as_f64().expect("a number");
        let spent = total("used") + total("held") + total("available") + total("expired");
        assert!((total("granted") - spent).abs() < 0.001, "the ledger balances: {credits}");
        let charged: f64 = items.iter().map(|item| item["creditsUsed"].as_f64().expect("a number")).sum();
        assert!((charged - total("used")).abs() < 0.001, "{charged} charged for items, {credits}");
        assert_eq!(state["creditsUsed"], credits["used"]);

        let lines = all(client, &format!("/credits/transactions?jobId={job}")).await;
        let settled: Vec<&str> = lines
            .iter()
            .filter(|line| line["type"] == "settle")
            .map(|line| line["itemId"].as_str().expect("a settled item"))
            .collect();
        let once: BTreeSet<&str> = settled.iter().copied().collect();
        assert_eq!(once.len(), settled.len(), "an item was charged twice");
        assert!(!settled.is_empty(), "nothing was charged: this run proves nothing about credits");
        Self {
            counts: state["counts"].take(),
            credits: state["creditsUsed"].take(),
            leads: contents(client, list).await,
        }
    }
}
