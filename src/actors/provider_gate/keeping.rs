//! Where used quota is kept across restarts.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::GateKey;
use crate::store::engine::Order;
use crate::store::records::gate::QuotaRow;
use crate::store::tables::Gates as GateTable;
use crate::store::transactions::gates::KeepQuota;
use crate::store::{Reads, Store, StoreError, SubmitError, Urgency};

/// One window of one gate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    pub gate: GateKey,
    pub bucket: String,
    pub per: Duration,
}

/// A row did not reach the disk.
#[derive(Debug, thiserror::Error)]
#[error("used quota could not be written: {0}")]
pub struct NotKept(pub String);

/// Why what was kept cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("used quota cannot be read: {0}")]
pub struct KeepingError(#[from] StoreError);

/// Writes rows of used quota. `Ok` means durable.
pub trait KeepQuotas: Send + Sync {
    /// # Errors
    /// When it is not known to be on disk.
    fn keep(&self, key: QuotaKey, row: QuotaRow) -> BoxFuture<'static, Result<(), NotKept>>;
}

impl KeepQuotas for Store {
    fn keep(&self, key: QuotaKey, row: QuotaRow) -> BoxFuture<'static, Result<(), NotKept>> {
        let store = self.clone();
        async move {
            let keep = KeepQuota {
                provider: key.gate.provider,
                credential: key.gate.credential,
                bucket: key.bucket,
                seconds: key.per.as_secs(),
                row,
            };
            let submitted = store.submit(keep, Urgency::Interactive).await;
            submitted.map(drop).map_err(|error: SubmitError| NotKept(error.to_string()))
        }
        .boxed()
    }
}

/// What is on disk, to begin with after a start.
///
/// # Errors
/// When the store cannot be read.
pub fn restored(view: &impl Reads) -> Result<HashMap<QuotaKey, QuotaRow>, KeepingError> {
    let mut rows = HashMap::new();
    view.scan_install::<GateTable>(&(), Order::Ascending, &mut |(provider, credential, bucket, seconds), row| {
        let gate = GateKey { provider, credential };
        rows.insert(QuotaKey { gate, bucket, per: Duration::from_secs(seconds) }, row);
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}
