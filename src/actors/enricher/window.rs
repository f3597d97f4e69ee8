//! How many calls may be under way at once, over all jobs: no more than the store keeps up with.
//!
//! An answer that is not on the disk is bought again after a crash. Where nobody else sets a limit, calls could be made
//! faster than their answers are written, and more and more would wait. So the window closes while many answers wait beside
//! few calls, and opens while they are written as they come. What waits at a gate is not counted: it has not begun.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The smallest window: with so many calls the disk is busy however quick the providers are.
const LEAST: f64 = 64.0;
const MOST: f64 = 4_096.0;
/// One unwritten answer beside so many calls is as it should be.
const BESIDE: usize = 4;
/// What is left of the window after a write that found too many waiting.
const CLOSES: f64 = 0.9;
/// How far it opens with each call whose answer was written in time.
const OPENS: f64 = 0.5;

#[derive(Debug)]
pub struct Window {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    size: f64,
    /// Calls whose answers are not on the disk.
    unwritten: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { state: Mutex::new(State { size: LEAST, unwritten: 0 }) }
    }
}

impl Window {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls may begin beside those that are `open`.
    pub fn room(&self, open: usize) -> usize {
        let State { size, unwritten } = *self.lock();
        // Between the constants.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let size = size as usize;
        size.saturating_sub(open + unwritten)
    }

    pub fn answered(&self) {
        self.lock().unwritten += 1;
    }

    /// The answers of so many calls are on the disk; `open` calls are under way.
    pub fn written(&self, calls: usize, open: usize) {
        let mut state = self.lock();
        // Those that came while it wrote.
        state.unwritten = state.unwritten.saturating_sub(calls);
        let keeps_up = state.unwritten * BESIDE <= open;
        #[allow(clippy::cast_precision_loss)] // some thousand
        let size = if keeps_up { state.size + OPENS * calls as f64 } else { state.size * CLOSES };
        state.size = size.clamp(LEAST, MOST);
    }

    /// Nobody will write them.
    pub fn given_up(&self, calls: usize) {
        let mut state = self.lock();
        state.unwritten = state.unwritten.saturating_sub(calls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_while_answers_are_written_as_they_come_and_closes_while_they_wait() {
        let window = Window::default();
        assert_eq!((window.room(0), window.room(60), window.room(100)), (64, 4, 0));
        for _ in 0..100 {
            (0..10).for_each(|_| window.answered());
            window.written(10, 200);
        }
        assert_eq!(window.room(200), 364);
        (0..300).for_each(|_| window.answered());
        assert_eq!(window.room(200), 64, "what is not written takes its place");
        (0..20).for_each(|_| window.written(10, 200));
        assert_eq!(window.room(0), 0, "it closes");
        window.given_up(100);
        (0..10_000).for_each(|_| window.written(1_000, 0));
        assert_eq!(window.room(0), 4_096);
    }
}
