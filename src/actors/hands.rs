//! Who does the heavy work: the blocking pool, or the caller itself where all runs on one thread in simulated time.

use tokio::task::JoinHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    /// Threads beside the async ones.
    Pool,
    /// At once, in place.
    Inline,
}

/// The heavy work panicked, or its runtime is ending.
#[derive(Debug, thiserror::Error)]
#[error("a worker thread failed: {0}")]
pub struct HandsFailed(String);

/// Work that has been given out.
pub enum Task<T> {
    Running(JoinHandle<T>),
    Done(T),
}

impl Hands {
    /// Starts `work`; it goes on whether or not anybody waits for it.
    pub fn start<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        match self {
            Self::Pool => Task::Running(tokio::task::spawn_blocking(work)),
            Self::Inline => Task::Done(work()),
        }
    }

    /// # Errors
    /// The work panicked.
    pub async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HandsFailed> {
        self.start(work).wait().await
    }
}

impl<T> Task<T> {
    /// # Errors
    /// The work panicked.
    pub async fn wait(self) -> Result<T, HandsFailed> {
        match self {
            Self::Running(handle) => handle.await.map_err(|error| HandsFailed(error.to_string())),
            Self::Done(value) => Ok(value),
        }
    }
}
