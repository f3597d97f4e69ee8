//! Live events (Server-Sent Events, WHATWG HTML 9.2): what has happened since `Last-Event-ID`, then what happens.
//!
//! The id of an event is its seq, and the rows are the buffer: a client that comes back is given what it missed from the
//! same table that everything else is read from. Each stream reads in small steps, each from a fresh view, when something
//! was committed but at most [`PACE`] apart; between two steps it holds neither a view nor more than a few frames.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::auth::Auth;
use super::codes::Code;
use super::context::RequestContext;
use super::cookie::session_token;
use super::event_view::{EventView, is_administrative};
use super::problem::{FieldError, Problem};
use super::query::Query;
use crate::app::App;
use crate::store::access::{self, Principal, Right};
use crate::store::engine::Order;
use crate::store::tables::Events;
use crate::store::{Reads, StoreError, View};

/// Between two looks at the table while things happen.
const PACE: Duration = Duration::from_millis(250);
/// A line without meaning, so that proxies keep the connection; also when a revoked key is noticed at the latest.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Who does not take a frame for so long is cut off, and comes back with what it had last.
const PATIENCE: Duration = Duration::from_secs(20);
/// Events, and about how many bytes, of one frame.
const FRAME_EVENTS: usize = 200;
const FRAME_BYTES: usize = 64 << 10;
/// Frames on their way to one client.
const FRAMES: usize = 4;
/// What a client waits before it comes back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// The streams that are open.
pub struct EventStreams {
    permits: Arc<Semaphore>,
    closing: CancellationToken,
}

impl EventStreams {
    pub fn new(most: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(most)), closing: CancellationToken::new() }
    }

    /// Room for one more stream; it is given back with what is returned.
    ///
    /// # Errors
    /// `OVERLOADED` when as many are open as may be.
    pub(in crate::http) fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        permit.map_err(|_| Problem::new(Code::Overloaded).retry_after(5))
    }

    /// Done when the server stops.
    pub(in crate::http) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Ends every stream: the server is stopping.
    pub(in crate::http) fn close(&self) {
        self.closing.cancel();
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct FollowQuery {
    /// As `Last-Event-ID`, for clients that cannot send headers; the header wins
    after: Option<u64>,
}

/// Follow the events of the workspace
#[utoipa::path(get, path = "/events", tag = "live",
    params(FollowQuery, ("Last-Event-ID" = Option<u64>, Header,
        description = "The id of the last event that was seen; without it the stream begins now")),
    responses((status = 200, description = "One event per message: its `data` is an `Event`, its `id` the seq",
        content_type = "text/event-stream", body = EventView)))]
pub async fn follow(
    State(app): State<Arc<App>>,
    context: RequestContext,
    auth: Auth,
    headers: HeaderMap,
    Query(query): Query<FollowQuery>,
) -> Result<Response, Problem> {
    let principal = auth.need(Right::Read)?.principal;
    let last = last_event_id(&headers)?.or(query.after);
    let permit = app.event_streams.enter()?;
    let session = session_token(&headers, context.is_https).map(|token| *token.hash().as_bytes());
    let committed = *app.store.committed().borrow();
    // A seq from the future is of another life of the directory: from now on.
    let last = last.filter(|last| *last <= committed).unwrap_or(committed);
    let (frames, body) = mpsc::channel(FRAMES);
    let follower = Follower { app, principal, session, last, frames, _permit: permit };
    tokio::spawn(follower.run());

    Ok(stream_of(body))
}

/// The answer whose frames come through the channel.
pub(in crate::http) fn stream_of(frames: mpsc::Receiver<Result<Bytes, Infallible>>) -> Response {
    let mut response = Body::from_stream(ReceiverStream::new(frames)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect the frames otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(given) = headers.get("last-event-id") else { return Ok(None) };
    let text = given.to_str().unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| Problem::invalid(FieldError::parameter("Last-Event-ID", "is no id of an event"));
    text.parse().map(Some).map_err(wrong)
}

/// One client's stream.
struct Follower {
    app: Arc<App>,
    principal: Principal,
    /// The hash of the browser's token.
    session: Option<[u8; 32]>,
    /// The client has everything up to here.
    last: u64,
    frames: mpsc::Sender<Result<Bytes, Infallible>>,
    _permit: OwnedSemaphorePermit,
}

/// What one look at the table gave.
#[derive(Default)]
struct Step {
    text: String,
    last: u64,
    more: bool,
}

impl Follower {
    async fn run(mut self) {
        let closing = self.app.event_streams.closing.clone();
        let frames = self.frames.clone();
        tokio::select! {
            () = closing.cancelled() => {}
            () = frames.closed() => {}
            () = self.follow() => {}
        }
    }

    async fn follow(&mut self) {
        let mut committed = self.app.store.committed();
        // The id alone tells a client where it began, before anything has happened.
        if !self.send(format!("retry: {RETRY_MS}\nid: {}\n\n", self.last)).await {
            return;
        }
        loop {
            let reached = *committed.borrow_and_update();
            let step = match self.step().await {
                Ok(Some(step)) => step,
                // Not let in any more.
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "a stream of events ended; its client may come back");
                    return;
                }
            };
            self.last = step.last.max(if step.more { 0 } else { reached });
            if !step.text.is_empty() && !self.send(step.text).await {
                return;
            }
            if step.more {
                continue;
            }
            self.app.deps.clock.sleep(PACE).await;
            tokio::select! {
                changed = committed.changed() => if changed.is_err() { return },
                () = self.app.deps.clock.sleep(HEARTBEAT) => {
                    if !self.send(": still here\n\n".to_owned()).await {
                        return;
                    }
                }
            }
        }
    }

    /// False when the client is gone or too slow.
    async fn send(&self, text: String) -> bool {
        tokio::select! {
            sent = self.frames.send(Ok(Bytes::from(text))) => sent.is_ok(),
            () = self.app.deps.clock.sleep(PATIENCE) => {
                metrics::counter!("galena_event_streams_cut_total").increment(1);
                false
            }
        }
    }

    /// The next events; `None` when the caller would not be let in any more.
    async fn step(&self) -> Result<Option<Step>, StoreError> {
        let (principal, session, after) = (self.principal.clone(), self.session, self.last);
        let now = self.app.deps.clock.now();
        let read = move |view: &View| {
            if !access::is_still_in(view, &principal, session, now)? {
                return Ok(None);
            }
            read_step(view, &principal, after).map(Some)
        };
        self.app.store.read(read).await
    }
}

fn read_step(view: &View, principal: &Principal, after: u64) -> Result<Step, StoreError> {
    let is_admin = principal.may(Right::Admin);
    let (mut step, mut events) = (Step { last: after, ..Step::default() }, 0);
    view.scan_after::<Events>(&principal.scope, &(), &(after,), Order::Ascending, &mut |(seq,), event| {
        if events == FRAME_EVENTS || step.text.len() >= FRAME_BYTES {
            step.more = true;
            return ControlFlow::Break(());
        }
        events += 1;
        step.last = seq;
        if !is_admin && is_administrative(&event.kind) {
            return ControlFlow::Continue(());
        }
        let shown = EventView::of(seq, event);
        let shown = if is_admin { shown } else { shown.for_members() };
        // A view of plain fields is always JSON, and JSON has no line ends.
        if let Ok(data) = serde_json::to_string(&shown) {
            step.text.push_str(&format!("id: {seq}\ndata: {data}\n\n"));
        }
        ControlFlow::Continue(())
    })?;
    Ok(step)
}
