//! `SIGTERM` under load ends the server in order: whatever it did was answered, and what was not answered was not done.

use std::sync::Arc;
use std::time::Duration;

use crate::chance::Chance;
use crate::editor::Editors;
use crate::house::House;

const STOPS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_under_load_answers_all_that_it_did() {
    let chance = Arc::new(Chance::of("stop").await);
    let house = House::set_up().await;
    let served = house.serve().await;
    let mut editors = Editors::new(&served.client).await;
    served.stop().await;

    for _ in 0..chance.times(STOPS) {
        let served = house.serve().await;
        let at_work = editors.work(&served.client, &chance);
        tokio::time::sleep(chance.between(Duration::from_millis(20), Duration::from_millis(1_000))).await;
        // Asserts that the process ends by itself, with exit code 0.
        served.stop().await;
        editors = at_work.until_the_server_is_gone().await;
        editors.expect_only_what_was_answered();
        assert!(!house.data().join("galena.sock").exists(), "the socket is taken away");
        let checked = house.check().await;
        assert!(checked["ok"].as_bool().expect("a verdict"), "{checked}");
    }

    let served = house.serve().await;
    editors.audit(&served.client).await;
    served.stop().await;
}
