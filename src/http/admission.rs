//! How many requests run at once, how long, and what becomes of one whose caller goes away.
//!
//! A request enters with a permit or is told that the box is busy. Reads end with their caller; everything else runs in a
//! task of its own, so that a closed connection never cuts a handler in two between its transactions.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::codes::Code;
use super::problem::Problem;
use crate::app::App;

/// The permits, and the tasks that have outlived their connection.
pub struct Admission {
    in_flight: Arc<Semaphore>,
    writes: TaskTracker,
}

impl Admission {
    pub fn new(max_in_flight: usize) -> Self {
        Self { in_flight: Arc::new(Semaphore::new(max_in_flight)), writes: TaskTracker::new() }
    }

    /// Waits for the writes whose caller is gone. New ones may still come until the listeners are closed.
    pub(in crate::http) async fn finished(&self) {
        self.writes.close();
        self.writes.wait().await;
    }
}

pub(in crate::http) async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Ok(permit) = Arc::clone(&app.admission.in_flight).try_acquire_owned() else {
        return Problem::new(Code::Overloaded).retry_after(1).into_response();
    };
    let is_read = request.method().is_safe();
    // Until the head of the answer is there: a stream that follows has limits of its own.
    let running = async move {
        let _permit = permit;
        let run = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind();
        run.await.unwrap_or_else(|panic| Problem::internal(told(&*panic)).into_response())
    };
    if is_read {
        return running.await;
    }
    let task = app.admission.writes.spawn(running.in_current_span());
    task.await.unwrap_or_else(|error| Problem::internal(error).into_response())
}

/// Gives up waiting after `server.request_timeout`. A write goes on in its own task.
pub(in crate::http) async fn time_limit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let over = app.deps.clock.sleep(app.config.server.request_timeout.0);
    tokio::select! {
        response = next.run(request) => response,
        () = over => Problem::new(Code::TimedOut).into_response(),
    }
}

fn told(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a handler panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
