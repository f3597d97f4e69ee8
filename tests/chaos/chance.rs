//! What is random in a scenario comes from one printed seed; and one scenario at a time has the machine.

use std::time::{Duration, SystemTime};

use galena::deps::{Random, SeededRandom};
use tokio::sync::{Mutex, MutexGuard};

/// Two scenarios at once would slow each other down and move every kill; `cargo test` runs tests in parallel.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The random decisions of one scenario.
pub struct Chance {
    random: SeededRandom,
    seed: u64,
    effort: usize,
    _turn: MutexGuard<'static, ()>,
}

impl Chance {
    /// Waits for the machine and prints the seed of `scenario`.
    pub async fn of(scenario: &str) -> Self {
        let turn = ONE_AT_A_TIME.lock().await;
        let seed = number("GALENA_CHAOS_SEED").unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::from(now.subsec_nanos()) ^ now.as_secs()
        });
        let effort = number("GALENA_CHAOS_EFFORT").and_then(|effort| usize::try_from(effort).ok()).unwrap_or(1).max(1);
        println!("{scenario}: GALENA_CHAOS_SEED={seed} GALENA_CHAOS_EFFORT={effort}");
        Self { random: SeededRandom::new(seed), seed, effort, _turn: turn }
    }

    /// For what is generated, such as files.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// `least` times, or as many times more as the run was asked for.
    pub fn times(&self, least: usize) -> usize {
        least * self.effort
    }

    /// A number below `end`.
    pub fn below(&self, end: usize) -> usize {
        usize::try_from(self.random.u64() % end.max(1) as u64).expect("below a usize")
    }

    pub fn one_in(&self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A moment in the time from `start` to `end`.
    pub fn between(&self, start: Duration, end: Duration) -> Duration {
        let span = u64::try_from(end.saturating_sub(start).as_micros()).unwrap_or(u64::MAX);
        start + Duration::from_micros(self.random.u64() % span.max(1))
    }
}

/// A number from the environment; one that cannot be read ends the run instead of testing something else.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {text:?}")))
}
