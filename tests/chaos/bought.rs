//! Killed while answers are bought: every lead comes to its end, nothing is charged twice, and no more is bought twice than
//! was on its way when the power went.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::chance::Chance;
use crate::client::Client;
use crate::house::House;
use crate::vendor::Vendor;
use crate::work::{all, filled_list, has_ended, id_in, until};

const LEADS: usize = 5_000;
const KILLS: usize = 20;
/// Answers that may wait for the disk when it stalls (120 were seen, 3 to 36 are usual): the smallest window of calls and
/// five calls of each of some thirty slices.
const MOST_UNWRITTEN: usize = 64 + 5 * 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_buys_is_killed_twenty_times() {
    let chance = Chance::of("bought").await;
    let vendor = Vendor::playing("hunter", chance.seed(), Duration::from_millis(15)).await;
    let address: &'static str = Box::leak(vendor.address.clone().into_boxed_str());
    let house = House::set_up_with(&[
        ("GALENA__CREDITS__PLAN", "enterprise"),
        ("GALENA__PROVIDERS__HUNTER__BASE_URL", address),
        ("GALENA__PROVIDERS__HUNTER__API_KEY", "sandbox"),
        ("GALENA__PROVIDERS__HUNTER__RATE_LIMIT", "60000"),
    ])
    .await;
    let mut file = "Email,First name\n".to_owned();
    (0..LEADS).for_each(|lead| file.push_str(&format!("person{lead}@firm{}.com,Ada\n", lead % 700)));
    let mut served = house.serve().await;
    Client::good(served.client.post("/settings/terms", &json!({})).await);
    let list = filled_list(&served, "Fair", file.into_bytes()).await;
    let order = json!({ "listId": list, "sources": ["hunter"], "options": { "fields": ["emailStatus"] } });
    let sent = served.client.post_once("/leads/enrich", "the order", &order).await.expect("the server answers");
    let job = id_in(&sent, "jobId");

    let mut moments = Vec::new();
    for _ in 0..chance.times(KILLS) {
        tokio::time::sleep(chance.between(Duration::ZERO, Duration::from_millis(900))).await;
        let killed = Instant::now();
        served.kill().await;
        moments.push((killed, Instant::now()));
        house.check().await;
        served = house.serve().await;
    }
    let far = Client::good(served.client.get(&format!("/leads/enrich/{job}")).await);
    println!("after {} kills: {} of {}", moments.len(), far["progress"]["processed"], far["progress"]["total"]);
    let state = until(&served.client, &format!("/leads/enrich/{job}"), has_ended).await;
    assert_eq!(state["status"], "completed", "{state}");

    let items = all(&served.client, &format!("/leads/enrich/{job}/items")).await;
    let leads: BTreeSet<&str> = items.iter().filter_map(|item| item["leadId"].as_str()).collect();
    assert_eq!((items.len(), leads.len()), (LEADS, LEADS));
    assert_eq!(state["progress"]["processed"], LEADS);
    let credits = Client::good(served.client.get("/credits").await);
    assert_eq!(credits["held"], 0.0, "{credits}");
    let charged: f64 = items.iter().map(|item| item["creditsUsed"].as_f64().expect("a number")).sum();
    assert!((charged - credits["used"].as_f64().expect("a number")).abs() < 0.001, "{charged}: {credits}");
    assert!(charged > 0.0);
    let lines = all(&served.client, &format!("/credits/transactions?jobId={job}")).await;
    let settled: Vec<&str> =
        lines.iter().filter(|line| line["type"] == "settle").filter_map(|line| line["itemId"].as_str()).collect();
    assert_eq!(settled.iter().collect::<BTreeSet<_>>().len(), settled.len(), "an item was charged twice");

    let served_requests = vendor.served();
    let twice: Vec<(&String, &usize)> = served_requests.iter().filter(|(_, times)| **times > 1).collect();
    let repeats: usize = twice.iter().map(|(_, times)| **times - 1).sum();
    let (mut since, mut accounted) = (None, 0);
    for (killed, gone) in moments {
        let lost = vendor.lost_at(since, killed, gone);
        let unwritten = lost.answered_before.len();
        println!(
            "{} open, {} of them bought again; {unwritten} that were answered, the oldest {:?} before",
            lost.open,
            lost.repeated_open,
            lost.answered_before.last().copied().unwrap_or_default()
        );
        assert!(unwritten <= MOST_UNWRITTEN, "{unwritten} answers were not on the disk");
        accounted += lost.repeated_open + unwritten;
        since = Some(gone);
    }
    println!("{} requests for {LEADS} leads, {repeats} bought again", vendor.asked());
    assert_eq!(repeats, accounted, "what is bought again was in flight at a kill, or not written yet");
    // Whoever was asked about twice has both calls among the attempts, and nothing that was written was bought again.
    let by_address: std::collections::BTreeMap<String, String> =
        all(&served.client, &format!("/leads/lists/{list}/leads"))
            .await
            .iter()
            .map(|lead| {
                (lead["email"].as_str().expect("an address").to_owned(), lead["id"].as_str().expect("an id").to_owned())
            })
            .collect();
    for (request, times) in twice {
        let address = request.rsplit_once("email=").map(|(_, email)| email.replace("%40", "@")).expect("an address");
        let shown = Client::good(served.client.get(&format!("/leads/{}/enrichment", by_address[&address])).await);
        let attempts = shown["attempts"].as_array().expect("attempts");
        let with = |outcome: &str| attempts.iter().filter(|attempt| attempt["outcome"] == outcome).count();
        assert!(
            with("found") <= 1 && (with("lost") + 1 >= *times || vendor.has_put_off(request)),
            "{address}: {times} calls, {}",
            shown["attempts"]
        );
    }
    served.stop().await;
    house.check().await;
}
