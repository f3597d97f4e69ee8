//! A first start that is cut short at any moment leaves a directory that the next start opens.

use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::house::House;

const KILLS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_killed_at_any_moment_leaves_a_directory_that_opens() {
    let chance = Chance::of("first start").await;
    let mut whole = Duration::MAX;
    for _ in 0..3 {
        whole = whole.min(time_of_a_first_start().await);
    }
    let (mut kills, mut finished, mut resumed) = (0, 0, 0);
    while kills < chance.times(KILLS) {
        let house = House::empty();
        let serves = chance.one_in(2);
        // Half of the directories are hit again while the next start mends what the last one left.
        loop {
            let mut process = match serves {
                true => house.start(&["serve", "--listen", "127.0.0.1:0"]),
                false => house.start(&house.init_arguments()),
            };
            tokio::time::sleep(chance.between(Duration::ZERO, whole)).await;
            finished += usize::from(process.has_ended().is_some());
            process.kill().await;
            kills += 1;
            if chance.one_in(2) {
                break;
            }
        }
        resumed += usize::from(house.data().join("store.redb").exists());
        opens(&house, serves).await;
    }
    println!("{kills} kills within {whole:?}: {resumed} directories had a store, {finished} commands were done before");
}

/// `init` completes, or says that it did before it was killed; and all agrees.
async fn opens(house: &House, served: bool) {
    let made = house.run(&house.init_arguments()).await;
    let set_up_before = made.code == Some(1) && made.stdout.contains("\"CONFLICT\"");
    assert!(made.code == Some(0) || (set_up_before && !served), "{made:?}{}", house.log());
    house.check().await;
    let left: Vec<_> = std::fs::read_dir(house.data()).expect("a directory").flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("creating")), "{left:?}");
}

async fn time_of_a_first_start() -> Duration {
    let started = Instant::now();
    House::set_up().await;
    started.elapsed()
}
