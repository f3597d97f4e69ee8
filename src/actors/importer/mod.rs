//! Importer: reads spooled files into lists.
//!
//! Owns: the cursor of each import it has in hand ([`work::ImportRun`]). Receives: `Look`, a wake-up and a timer.
//! Sends: chunks of rows, and the end of each import, to the store as bulk work.
//! Fails by: a file that cannot be read (the import fails with a code and a line) or a store that refuses (tried again).
//! Restarts with: the imports that are not at their end, each behind its last committed chunk.
//!
//! What an upload is read by is here too, for requests and commands: `layout`, `plan`, `records::survey`, `preview`.

pub mod columns;
pub mod dry_run;
pub mod hands;
pub mod intake;
pub mod layout;
pub mod memory;
pub mod parse;
pub mod plan;
pub mod preview;
pub mod problem;
pub mod records;
pub mod sample;
pub mod source;
pub mod spool;
pub mod work;
pub mod workbook;

use std::collections::HashSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::work::{ImportWorker, RunError};
use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn};
use crate::domain::id::ImportId;
use crate::store::transactions::imports::open_imports;
use crate::store::{StoreError, SystemScope, WorkspaceScope};

/// Wakes get lost with a process; the rows do not.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What an Importer works with.
#[derive(Clone)]
pub struct ImporterParts {
    pub worker: ImportWorker,
    pub system: SystemScope,
    /// Imports at the same time.
    pub concurrency: usize,
    /// Cancelled when the house ends: runs stop between two chunks, and the next start goes on.
    pub halt: CancellationToken,
}

pub struct Importer {
    parts: ImporterParts,
    in_hand: HashSet<ImportId>,
    looking: bool,
    /// A wake-up came while it was looking.
    look_again: bool,
}

/// There may be an import to read or to undo.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl Importer {
    pub fn new(parts: ImporterParts) -> Self {
        Self { parts, in_hand: HashSet::new(), looking: false, look_again: false }
    }

    fn take(&mut self, open: Vec<(WorkspaceScope, ImportId)>, turn: &mut Turn<Self>) {
        for (scope, id) in open {
            if self.in_hand.len() >= self.parts.concurrency || self.parts.halt.is_cancelled() {
                return;
            }
            if !self.in_hand.insert(id) {
                continue;
            }
            let (run, halt) = (self.parts.worker.run(scope, id), self.parts.halt.clone());
            let work = async move {
                tokio::select! {
                    ended = run.to_the_end() => ended,
                    () = halt.cancelled() => Err(RunError::Stopped),
                }
            };
            drop(turn.run(work, move |role, ended, turn| role.ended(id, ended, turn)));
        }
    }

    fn ended(&mut self, id: ImportId, ended: Result<(), RunError>, turn: &mut Turn<Self>) {
        self.in_hand.remove(&id);
        match ended {
            Ok(()) if turn.is_stopping() => {}
            Ok(()) => turn.notify(Look),
            // The timer takes it up again.
            Err(RunError::Stopped) => {}
            Err(error) => tracing::error!(import = %id, %error, "an import does not go on; it is tried again later"),
        }
    }
}

impl Role for Importer {
    const NAME: &'static str = "importer";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.in_hand.clear();
        self.looking = false;
        self.look_again = false;
        turn.notify(Look);
        Ok(())
    }
}

impl Handle<Look> for Importer {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        turn.alarm(LOOK_EVERY, Look);
        if turn.is_stopping() {
            return Outcome::now(());
        }
        if self.looking {
            self.look_again = true;
            return Outcome::now(());
        }
        self.looking = true;
        let (store, system) = (self.parts.worker.store.clone(), self.parts.system);
        let find = async move { store.read(move |view| open_imports(view, system)).await };
        drop(turn.run(find, |role, found: Result<Vec<(WorkspaceScope, ImportId)>, StoreError>, turn| {
            role.looking = false;
            match found {
                Ok(open) => role.take(open, turn),
                Err(error) => tracing::warn!(%error, "open imports could not be read; later"),
            }
            if std::mem::take(&mut role.look_again) {
                turn.notify(Look);
            }
        }));
        Outcome::now(())
    }
}
