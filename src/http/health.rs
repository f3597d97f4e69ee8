//! `/healthz`, `/readyz`, `/metrics`: for whatever watches the box. They need no key and tell nothing about anybody.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::answer::Answer;
use super::problem::Problem;
use super::telemetry;
use crate::app::App;
use crate::store::{Lane, StoreError, outbox};

#[derive(Serialize)]
struct Alive {
    status: &'static str,
    version: &'static str,
}

/// The process answers.
pub(in crate::http) async fn healthz() -> Response {
    Answer::ok(Alive { status: "ok", version: env!("CARGO_PKG_VERSION") }).into_response()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    /// `ready`; `degraded` while the index is built anew, when all but searches works; else `starting` or `failed`.
    status: &'static str,
    store: &'static str,
    index: &'static str,
    /// The last committed seq, and how far searches see.
    committed: u64,
    visible: Visible,
}

#[derive(Serialize)]
struct Visible {
    live: u64,
    bulk: u64,
}

/// Whether the box does its work: 200 ready or degraded, 503 otherwise.
pub(in crate::http) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let is_open = app.index.complete().is_some();
    if is_open {
        app.index_was_open.store(true, Ordering::Relaxed);
    }
    let can_read = app.store.read(|_view| Ok::<_, StoreError>(())).await.is_ok();
    let store = if can_read && !app.is_broken() { "writable" } else { "failed" };
    let status = match (store, is_open, app.index_was_open.load(Ordering::Relaxed)) {
        ("failed", _, _) => "failed",
        (_, true, _) => "ready",
        (_, false, true) => "degraded",
        (_, false, false) => "starting",
    };
    let visible = app.index.visible();
    let readiness = Readiness {
        status,
        store,
        index: if is_open { "open" } else { "building" },
        committed: *app.store.committed().borrow(),
        visible: Visible { live: visible.live, bulk: visible.bulk },
    };
    let code = if matches!(status, "ready" | "degraded") { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Answer::ok(readiness).status(code).into_response()
}

/// Everything that is counted, in the text format of Prometheus.
pub(in crate::http) async fn prometheus(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let handle = telemetry::install().map_err(Problem::internal)?;
    measure_store(&app).await?;
    handle.run_upkeep();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response())
}

/// Reads what is only measured when somebody asks.
#[allow(clippy::cast_precision_loss)] // figures, not amounts
async fn measure_store(app: &Arc<App>) -> Result<(), Problem> {
    let (store, committed) = (app.store.clone(), *app.store.committed().borrow());
    let (stats, behind) = app
        .store
        .read(move |view| {
            let reached = outbox::checkpoint(view, outbox::SEARCH)?;
            let last = |lane| outbox::last(view, lane).map(Option::unwrap_or_default);
            let behind =
                (last(Lane::Live)?.saturating_sub(reached.live), last(Lane::Bulk)?.saturating_sub(reached.bulk));
            Ok::<_, StoreError>((store.stats()?, behind))
        })
        .await?;
    let oldest = app.store.oldest_reader();
    metrics::gauge!("galena_store_oldest_reader_seconds").set(oldest.as_secs_f64());
    if oldest > app.config.store.reader_warning.0 {
        tracing::warn!(seconds = oldest.as_secs(), "a read holds its snapshot for long");
    }
    let visible = app.index.visible();
    let figures = app.store.figures();
    for (name, value) in [
        ("galena_store_file_bytes", stats.file_bytes),
        ("galena_store_stored_bytes", stats.stored_bytes),
        ("galena_store_fragmented_bytes", stats.fragmented_bytes),
        ("galena_store_identity_bytes", app.store.identity_bytes() as u64),
        ("galena_store_committed_seq", committed),
        ("galena_outbox_live_behind_checkpoint", behind.0),
        ("galena_outbox_bulk_behind_checkpoint", behind.1),
        ("galena_index_live_lag", committed.saturating_sub(visible.live)),
        ("galena_index_bulk_lag", committed.saturating_sub(visible.bulk)),
        ("galena_store_groups", figures.groups.load(Ordering::Relaxed)),
        ("galena_store_transactions", figures.transactions.load(Ordering::Relaxed)),
        ("galena_store_reopened", figures.reopened.load(Ordering::Relaxed)),
    ] {
        metrics::gauge!(name).set(value as f64);
    }
    Ok(())
}
