//! The whole house on one thread, in simulated time, from a seed.
//!
//! Every step is one act drawn from the seed: a request, a portion of background work, time passing, a commit that fails, a
//! crash. After a crash only what was committed is left. An auditor looks after every few steps, and at the end all work is
//! finished and `check` has to be clean. A failure prints its seed; `GALENA_SIM_SEED=n` replays one, and
//! `GALENA_SIM_STEPS`, `GALENA_SIM_SEEDS` change the size of the run.

mod acts;
mod audit;
mod imports;
mod world;

use self::world::World;

const STEPS: u64 = 10_000;
/// In ten tests, so that they share the cores.
const SEEDS_PER_TEST: u64 = 10;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn run(seed: u64) {
    let steps = setting("GALENA_SIM_STEPS", STEPS);
    let outcome = std::panic::catch_unwind(|| {
        let mut world = World::new(seed);
        for step in 0..steps {
            world.step(step);
        }
        world.finish();
    });
    if let Err(panic) = outcome {
        eprintln!(
            "seed {seed} failed; replay it with GALENA_SIM_SEED={seed} cargo nextest run sim::one_seed --no-capture"
        );
        std::panic::resume_unwind(panic);
    }
}

fn batch(number: u64) {
    let seeds = setting("GALENA_SIM_SEEDS", SEEDS_PER_TEST);
    (number * seeds..(number + 1) * seeds).for_each(run);
}

#[test]
fn one_seed() {
    run(setting("GALENA_SIM_SEED", 4711));
}

macro_rules! batches {
    ($($name:ident $number:literal)*) => {$(
        #[test]
        fn $name() {
            batch($number);
        }
    )*};
}
batches! {
    seeds_0 0
    seeds_1 1
    seeds_2 2
    seeds_3 3
    seeds_4 4
    seeds_5 5
    seeds_6 6
    seeds_7 7
    seeds_8 8
    seeds_9 9
}
