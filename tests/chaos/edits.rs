//! Sixteen clients edit leads, and four lists, while the server is killed under them: what was acknowledged is there, with
//! the last value that was acknowledged, and what was not acknowledged is there once or not at all.

use std::sync::Arc;
use std::time::Duration;

use crate::chance::Chance;
use crate::editor::Editors;
use crate::house::House;

const KILLS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_edits_survive_every_kill() {
    let chance = Arc::new(Chance::of("edits").await);
    let house = House::set_up().await;
    let served = house.serve().await;
    let mut editors = Editors::new(&served.client).await;
    served.stop().await;

    for _ in 0..chance.times(KILLS) {
        let served = house.serve().await;
        let at_work = editors.work(&served.client, &chance);
        tokio::time::sleep(chance.between(Duration::from_millis(20), Duration::from_millis(1_500))).await;
        served.kill().await;
        editors = at_work.until_the_server_is_gone().await;
        house.check().await;
    }

    let served = house.serve().await;
    editors.audit(&served.client).await;
    house.check().await;
    served.stop().await;
    house.check().await;
}
