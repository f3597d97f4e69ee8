//! Exporter: writes the files of exports.
//!
//! Owns: which exports it has in hand. Receives: `Look`, a wake-up and a timer. Sends: progress and the end of each export
//! to the store.
//! Fails by: a file that cannot be written; the export fails and says why.
//! Restarts with: the exports that are not at their end, each from its beginning; what it left behind ends in `.part`.

mod format;
mod halting;
mod originals;
mod rows;
mod work;
mod write;

use std::collections::HashSet;
use std::time::Duration;

pub use self::work::{ExportError, ExportWorker, OpenExport};
pub use self::write::{WriteError, Written};
use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn};
use crate::domain::id::ExportId;
use crate::store::StoreError;
use crate::store::records::export::ExportState;

const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Small exports, for whose end somebody waits, have so many places of their own.
const SMALL_PLACES: usize = 8;

/// What an Exporter works with.
#[derive(Clone)]
pub struct ExporterParts {
    pub worker: ExportWorker,
    /// Large exports at the same time.
    pub concurrency: usize,
    /// Below this many rows an export is small.
    pub inline_rows: u64,
}

pub struct Exporter {
    parts: ExporterParts,
    small: HashSet<ExportId>,
    large: HashSet<ExportId>,
    looking: bool,
    /// A wake-up came while it was looking.
    look_again: bool,
}

/// There may be an export to write.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl Exporter {
    pub fn new(parts: ExporterParts) -> Self {
        Self { parts, small: HashSet::new(), large: HashSet::new(), looking: false, look_again: false }
    }

    fn looked(&mut self, open: Result<Vec<OpenExport>, StoreError>, turn: &mut Turn<Self>) {
        self.looking = false;
        match open {
            Ok(open) => open.into_iter().for_each(|export| self.take(export, turn)),
            Err(error) => tracing::warn!(%error, "open exports could not be read; later"),
        }
        if std::mem::take(&mut self.look_again) {
            turn.notify(Look);
        }
    }

    fn take(&mut self, export: OpenExport, turn: &mut Turn<Self>) {
        let id = export.id;
        let is_small = export.row.expected < self.parts.inline_rows;
        let (places, most) =
            if is_small { (&mut self.small, SMALL_PLACES) } else { (&mut self.large, self.parts.concurrency.max(1)) };
        if turn.is_stopping() || places.len() >= most || !places.insert(id) {
            return;
        }
        let worker = self.parts.worker.clone();
        let work = async move { worker.run(export).await };
        drop(turn.run(work, move |role, ended, turn| role.ended(id, ended, turn)));
    }

    fn ended(&mut self, id: ExportId, ended: Result<ExportState, ExportError>, turn: &mut Turn<Self>) {
        self.small.remove(&id);
        self.large.remove(&id);
        match ended {
            Ok(_) => turn.notify(Look),
            Err(ExportError::Stopped) => {}
            // Its row is open; the next look takes it up again.
            Err(error) => tracing::warn!(%id, %error, "an export is tried again later"),
        }
    }
}

impl Role for Exporter {
    const NAME: &'static str = "exporter";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.small.clear();
        self.large.clear();
        self.looking = false;
        turn.notify(Look);
        Ok(())
    }
}

impl Handle<Look> for Exporter {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.alarm(LOOK_EVERY, Look);
        if self.looking {
            self.look_again = true;
            return Outcome::now(());
        }
        if turn.is_stopping() {
            return Outcome::now(());
        }
        self.looking = true;
        let worker = self.parts.worker.clone();
        let work = async move {
            let looker = worker.clone();
            worker.store.read(move |view| looker.open(view)).await
        };
        drop(turn.run(work, |role, open, turn| role.looked(open, turn)));
        Outcome::now(())
    }
}
