//! `minSeq`: a search that waits until it sees a write.

use std::time::Duration;

use crate::app::App;
use crate::store::{Lane, StoreError, View, outbox};

/// The longest a search page waits.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How far before a write its entry in the outbox may lie: a group of writes has one number.
const NEAR: u64 = 1_000;

/// Waits until searches see the write that answered `X-Galena-Seq: min_seq`. True (`stale`) when they still do not.
pub async fn is_stale(app: &App, min_seq: Option<u64>) -> bool {
    let Some(seq) = min_seq else { return false };
    let also_bulk = app.store.read(move |view| is_bulk_work(view, seq)).await.unwrap_or(true);
    !app.index.wait_for(&*app.deps.clock, seq, also_bulk, PATIENCE).await
}

/// Whether the write may be bulk work. An edit made during an import need not wait for the rows of the import: the last
/// entry up to its number is its own, and stands in the live lane.
fn is_bulk_work(view: &View, seq: u64) -> Result<bool, StoreError> {
    let from = seq.saturating_sub(NEAR);
    let near = usize::try_from(NEAR).unwrap_or(usize::MAX);
    let live = outbox::pending(view, Lane::Live, from, near)?;
    let Some(live) = live.into_iter().map(|(seq, _)| seq).filter(|live| *live <= seq).max() else { return Ok(true) };
    let next = outbox::pending(view, Lane::Bulk, live, 1)?;
    Ok(next.first().is_some_and(|(bulk, _)| *bulk <= seq))
}
