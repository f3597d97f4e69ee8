//! The engine at the limits of played vendors that count strictly, over real sockets: rate, refusals, outages, stops.

use std::time::Duration;

use galena::domain::enrichment::{Limit, Limits};
use galena::providers::simulator::{Outage, OutageKind};
use serde_json::{Value, json};

use crate::server::TestServer;
use crate::vendors::{Seen, Vendors, job, leads, order, over, people, until};

/// Calls a second that the played vendor takes, in any second.
fn a_second(calls: u32) -> Limits {
    let window = Limit { bucket: String::new(), calls, per: Duration::from_secs(1), burst: None };
    Limits { windows: vec![window], concurrent: None }
}

fn by(sources: &[&str], list: &str) -> Value {
    json!({ "listId": list, "sources": sources, "options": { "fields": ["emailStatus"], "skipEnriched": false } })
}

/// Calls a second between the first of these and the last.
fn rate(seen: &[Seen]) -> f64 {
    let (first, last) = (seen.first().unwrap().at, seen.last().unwrap().at);
    (seen.len() - 1) as f64 / (last - first).as_secs_f64()
}

fn outage(vendors: &Vendors, slug: &str, kind: OutageKind, lasts: Duration) -> Duration {
    let from = vendors.simulator().now();
    vendors.simulator().add_outage(Outage { slug: slug.to_owned(), from, until: from + lasts, kind });
    from + lasts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_uses_its_rate_and_is_never_refused() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["hunter"], |config| {
        // 50 a second are published, 40 are used.
        config.providers.get_mut("hunter").unwrap().rate_limit = 3_000;
    });
    let server = server.await;
    vendors.simulator().set_limits("hunter", a_second(50));
    vendors.simulator().set_latency(Some(Duration::from_millis(120)));
    let list = server.list("Fair").await;
    leads(&server, &list, &people(320)).await;
    let ended = over(&server, &order(&server, &by(&["hunter"], &list)).await).await;
    assert_eq!(ended["counts"]["found"], 320, "{ended}");
    let tally = vendors.simulator().tally("hunter", None);
    assert_eq!((tally.asked, tally.over_limit), (320, 0));
    // The first call of a gate goes alone.
    let rate = rate(&vendors.seen("hunter")[1..]);
    println!("{rate:.2} calls a second of 40");
    assert!(rate <= 40.8, "{rate}");
    assert!(rate >= 40.0 * 0.98, "{rate}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_jobs_share_the_rate() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["hunter"], |config| {
        config.providers.get_mut("hunter").unwrap().rate_limit = 3_000;
    });
    let server = server.await;
    vendors.simulator().set_limits("hunter", a_second(50));
    vendors.simulator().set_latency(Some(Duration::from_millis(40)));
    let mut jobs = Vec::new();
    for number in 0..10 {
        let list = server.list(&format!("Fair {number}")).await;
        let rows: Vec<Value> = (0..30).map(|lead| json!({ "email": format!("p{lead}@firm{number}.com") })).collect();
        leads(&server, &list, &rows).await;
        jobs.push(by(&["hunter"], &list));
    }
    let mut ids = Vec::new();
    for body in &jobs {
        ids.push(order(&server, body).await);
    }
    for id in &ids {
        assert_eq!(over(&server, id).await["counts"]["found"], 30);
    }
    let tally = vendors.simulator().tally("hunter", None);
    assert_eq!((tally.asked, tally.over_limit), (300, 0));
    let rate = rate(&vendors.seen("hunter")[1..]);
    println!("{rate:.2} calls a second of 40, ten jobs");
    assert!((40.0 * 0.98..=40.8).contains(&rate), "{rate}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_refusals_passes() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["zerobounce"], |_| ()).await;
    let list = server.list("Fair").await;
    leads(&server, &list, &people(40)).await;
    let storm_ends = outage(&vendors, "zerobounce", OutageKind::RateLimited, Duration::from_secs(2));
    let ended = over(&server, &order(&server, &by(&["zerobounce"], &list)).await).await;
    assert_eq!((&ended["counts"]["found"], &ended["counts"]["failed"]), (&json!(40), &json!(0)), "{ended}");
    let during = vendors.seen("zerobounce").iter().filter(|seen| seen.at < storm_ends).count();
    println!("{during} calls into the storm");
    assert!(during < 40, "{during} calls although every answer asked for a rest");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_provider_is_down_the_next_one_is_asked_and_then_it_is_back() {
    let vendors = Vendors::start().await;
    let server = vendors.server(&["hunter", "zerobounce"], |config| {
        config.providers.get_mut("zerobounce").unwrap().rate_limit = 1_500;
        config.providers.get_mut("hunter").unwrap().rate_limit = 1_500;
    });
    let server = server.await;
    let list = server.list("Fair").await;
    leads(&server, &list, &people(300)).await;
    let is_back = outage(&vendors, "hunter", OutageKind::Broken, Duration::from_secs(4));
    let ended = over(&server, &order(&server, &by(&["hunter", "zerobounce"], &list)).await).await;
    assert_eq!((&ended["counts"]["found"], &ended["counts"]["failed"]), (&json!(300), &json!(0)), "{ended}");
    let second = vendors.seen("zerobounce");
    assert!(second.iter().any(|seen| seen.at < is_back), "the next step is taken while the first is down");
    // The breaker rests some seconds, then one call tries.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (list, before) = (server.list("After").await, vendors.count("hunter"));
    let rows: Vec<Value> = (0..40).map(|lead| json!({ "email": format!("later{lead}@firm{lead}.com") })).collect();
    leads(&server, &list, &rows).await;
    over(&server, &order(&server, &by(&["hunter", "zerobounce"], &list)).await).await;
    over(&server, &order(&server, &by(&["hunter"], &list)).await).await;
    let after = vendors.count("hunter") - before;
    println!("{} calls of the second, {after} of the first after it was back", second.len());
    assert!(after >= 40, "{after}: the breaker closes again");
    let page = server.get("/providers").await.expect(200);
    let provider = page["data"].as_array().unwrap().iter().find(|row| row["id"] == "hunter").unwrap();
    assert_eq!(provider["live"]["breaker"], "closed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_is_acknowledged_no_request_comes() {
    for act in ["cancel", "pause"] {
        let vendors = Vendors::start().await;
        let server = vendors.server(&["hunter"], |config| {
            config.providers.get_mut("hunter").unwrap().rate_limit = 30_000;
        });
        let server = server.await;
        vendors.simulator().set_latency(Some(Duration::from_millis(5)));
        let list = server.list("Fair").await;
        leads(&server, &list, &people(1_500)).await;
        let id = order(&server, &by(&["hunter"], &list)).await;
        until("calls are made", || vendors.count("hunter") > 100).await;
        let stopped = server.post(&format!("/leads/enrich/{id}/{act}"), &json!({})).await.expect(200);
        let acknowledged = vendors.count("hunter");
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(vendors.count("hunter"), acknowledged, "{act}: {stopped}");
        assert!(acknowledged < 1_500);
        let state = settled(&server, &id).await;
        assert_eq!(state["creditsHeld"], 0.0, "{state}");
        if act == "pause" {
            server.post(&format!("/leads/enrich/{id}/resume"), &json!({})).await.expect(200);
            let ended = over(&server, &id).await;
            assert_eq!((&ended["counts"]["found"], vendors.count("hunter")), (&json!(1_500), 1_500));
        } else {
            let charged = state["creditsUsed"].as_f64().unwrap();
            assert!((charged - acknowledged as f64).abs() < 0.001, "{acknowledged} calls, {charged} credits");
        }
        server.stop().await;
    }
}

/// Waits until nothing of the job is in work.
async fn settled(server: &TestServer, id: &str) -> Value {
    for _ in 0..400 {
        let state = job(server, id).await;
        if state["counts"]["running"] == 0 && state["creditsHeld"] == 0.0 {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{}", job(server, id).await);
}
