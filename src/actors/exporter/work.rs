//! One export from its row to its file, for the actor and for who drives it by hand.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::write::{Place, WriteError, Written, write};
use crate::actors::importer::hands::{Hands, HandsFailed};
use crate::domain::id::ExportId;
use crate::store::directory::DataDirectory;
use crate::store::records::export::{Export, ExportState};
use crate::store::tables::Exports;
use crate::store::transactions::exports::{ExportEnd, FinishExport, NoteExportProgress};
use crate::store::{Origin, Reads, Store, StoreError, SubmitError, SystemScope, Urgency, View, WorkspaceScope};

/// Progress is told so often.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// An export that is not at its end.
#[derive(Debug, Clone)]
pub struct OpenExport {
    pub scope: WorkspaceScope,
    pub id: ExportId,
    pub row: Export,
}

/// Why an export could not be brought to an end now. Its row stays open.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Hands(#[from] HandsFailed),
    #[error("the house is stopping")]
    Stopped,
}

/// What writes files. Cheap to clone.
#[derive(Clone)]
pub struct ExportWorker {
    pub store: Store,
    pub system: SystemScope,
    pub directory: DataDirectory,
    /// How long a finished file can be downloaded.
    pub ttl: Duration,
    pub hands: Hands,
    /// Cancelled when the house ends.
    pub halt: CancellationToken,
}

impl ExportWorker {
    /// The exports that are not at their end, oldest first.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn open(&self, view: &View) -> Result<Vec<OpenExport>, StoreError> {
        let mut open = Vec::new();
        view.scan_all::<Exports>(&mut |workspace, (id,), row| {
            if row.state.is_open() {
                open.push(OpenExport { scope: self.system.within(workspace), id, row });
            }
            ControlFlow::Continue(())
        })?;
        open.sort_by_key(|export| export.id);
        Ok(open)
    }

    /// Writes the file from its beginning and notes the end.
    ///
    /// # Errors
    /// When the end could not be noted. A file that cannot be written is an end too.
    pub async fn run(&self, export: OpenExport) -> Result<ExportState, ExportError> {
        let OpenExport { scope, id, row } = export;
        let attempt = self.store.deps().random.u64();
        let path = self.directory.exports().join(row.file_name(id));
        let place = Place { path, asked_at: row.created_at, attempt };
        let rows = Arc::new(AtomicU64::new(0));
        let view = self.store.view()?;
        let writing = self.hands.start({
            let (rows, halt) = (Arc::clone(&rows), self.halt.clone());
            move || write(&view, scope, &row.spec, &place, &rows, &halt)
        });
        let end = match self.told(scope, id, &rows, writing.wait()).await? {
            Ok(Written { rows, bytes }) => {
                ExportEnd::Ready { rows, bytes, expires_at: self.store.deps().clock.now().plus(self.ttl) }
            }
            Err(WriteError::Stopped) => return Err(ExportError::Stopped),
            Err(error) => {
                tracing::warn!(%id, %error, "an export failed");
                ExportEnd::Failed { error: error.to_string() }
            }
        };
        let origin = Origin::system(self.store.deps().clock.now());
        let finish = FinishExport { scope, origin, id, end };
        Ok(self.store.submit(finish, Urgency::Interactive).await?.out.state)
    }

    /// Waits for the file and notes meanwhile how many rows it has.
    async fn told(
        &self,
        scope: WorkspaceScope,
        id: ExportId,
        rows: &AtomicU64,
        writing: impl Future<Output = Result<Result<Written, WriteError>, HandsFailed>>,
    ) -> Result<Result<Written, WriteError>, ExportError> {
        let mut writing = std::pin::pin!(writing);
        loop {
            tokio::select! {
                biased;
                written = &mut writing => return Ok(written?),
                () = self.store.deps().clock.sleep(TELL_EVERY) => {
                    let rows = rows.load(Ordering::Relaxed);
                    let noted = self.store.submit(NoteExportProgress { scope, id, rows }, Urgency::Bulk).await;
                    if let Err(error) = noted {
                        tracing::debug!(%error, "progress of an export was not noted");
                    }
                }
            }
        }
    }
}
