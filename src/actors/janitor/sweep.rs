//! The Janitor's round, step by step: look for one kind of thing, do away with a portion of it, go on.

use std::io;
use std::ops::ControlFlow;

use super::chore::Chore;
use super::walk::{Looked, Place};
use crate::actors::importer::hands::{Hands, HandsFailed};
use crate::config::Config;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Time;
use crate::store::directory::DataDirectory;
use crate::store::engine::Order;
use crate::store::tables::Workspaces;
use crate::store::transactions::retention::Keeping;
use crate::store::{Reads, Store, StoreError, SubmitError, SystemScope, View};

/// Why a step could not be done. The next round tries again.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error("a file of the data directory cannot be removed: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Hands(#[from] HandsFailed),
}

/// Where the round stands after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    More,
    /// Every chore was looked at; nothing is due now.
    RoundDone,
}

/// The work of the Janitor. Holds nothing that a restart would miss.
#[derive(Clone)]
pub struct Sweep {
    pub(super) store: Store,
    pub(super) system: SystemScope,
    /// `None` where there are no files.
    pub(super) directory: Option<DataDirectory>,
    pub(super) keeping: Keeping,
    hands: Hands,
    at: usize,
    /// Where the walk of this kind stands.
    place: Option<Place>,
    /// When nothing of a kind was due.
    rested: [Option<Time>; Chore::ALL.len()],
}

/// How long the configuration keeps things.
pub fn keeping(config: &Config) -> Keeping {
    Keeping {
        idempotency: config.retention.idempotency.0,
        events: config.retention.events.0,
        deleted_lists: config.retention.deleted_lists.0,
        import_originals: config.retention.import_originals.0,
        before_images: config.retention.before_images.0,
        uploads: config.import.upload_ttl.0,
        jobs: config.retention.jobs.0,
        dead_letters: config.retention.dead_letters.0,
        raw_answers: config.retention.raw_answers.0,
        lookups: config.retention.lookups.0,
        outbox_max_entries: config.store.outbox_max_entries,
    }
}

impl Sweep {
    pub fn new(
        store: Store,
        system: SystemScope,
        directory: Option<DataDirectory>,
        keeping: Keeping,
        hands: Hands,
    ) -> Self {
        Self { store, system, directory, keeping, hands, at: 0, place: None, rested: [None; Chore::ALL.len()] }
    }

    /// Looks for the next kind of thing and does away with a portion of it. A kind comes again until nothing is done.
    ///
    /// # Errors
    /// The step is then given up and the next one looks for the next kind.
    pub async fn step(&mut self) -> Result<Swept, SweepError> {
        let chore = Chore::ALL[self.at];
        let now = self.store.deps().clock.now();
        let stays = match self.rested[self.at] {
            Some(rested) if now.since(rested) < chore.rest() => Ok(false),
            _ => self.portion(chore, now).await,
        };
        if matches!(stays, Ok(true)) {
            return Ok(Swept::More);
        }
        self.place = None;
        self.at = (self.at + 1) % Chore::ALL.len();
        stays?;
        Ok(if self.at == 0 { Swept::RoundDone } else { Swept::More })
    }

    /// Whether the kind comes again at once.
    async fn portion(&mut self, chore: Chore, now: Time) -> Result<bool, SweepError> {
        let Looked { errands, place, is_walk } = self.due(chore, now).await?;
        let mut done = 0;
        for errand in errands {
            done += errand.run(&self.store, self.hands).await?;
        }
        self.place = place;
        let comes_again = if is_walk { self.place.is_some() } else { done > 0 };
        self.rested[self.at] = (!comes_again).then_some(now);
        Ok(comes_again)
    }

    async fn due(&self, chore: Chore, now: Time) -> Result<Looked, SweepError> {
        match self.hands {
            Hands::Inline => self.look(&self.store.view()?, chore, now, self.place.as_ref()),
            Hands::Pool => {
                let sweep = self.clone();
                self.store.read(move |view| sweep.look(view, chore, now, sweep.place.as_ref())).await
            }
        }
    }

    pub(super) fn workspaces(&self, view: &View) -> Result<Vec<WorkspaceId>, StoreError> {
        let mut found = Vec::new();
        view.scan_install::<Workspaces>(&(), Order::Ascending, &mut |(workspace,), _| {
            found.push(workspace);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}
