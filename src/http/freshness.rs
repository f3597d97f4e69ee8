//! `minSeq`: a search that waits until it sees a write.

use std::time::Duration;

use crate::app::App;

/// The longest a search page waits.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Waits until searches see the write that answered `X-Galena-Seq: min_seq`. True (`stale`) when they still do not.
pub async fn is_stale(app: &App, min_seq: Option<u64>) -> bool {
    let Some(seq) = min_seq else { return false };
    !app.index.wait_for(&*app.deps.clock, seq, true, PATIENCE).await
}
