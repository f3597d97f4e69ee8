//! `galena check`: store, ledger, index and files held against each other.
//!
//! 1. Alone on the directory: every checksum of the store file.
//! 2. The folders are listed, then the index is looked at, then one view of the store is taken: what the store knows is
//!    never older than what is compared with it.
//! 3. Every row can be read; then one file of this folder per comparison, each a pass over sorted rows. Memory does not
//!    grow with the number of leads.
//!
//! Nothing is written or mended. What a start or the running server would finish by itself is pending, not wrong.

mod access;
mod companies;
mod events;
mod files;
mod index;
mod jobs;
mod leads;
mod ledger;
mod originals;
mod ranges;
mod report;
mod rows;
mod scan;
mod work;

use std::io;

use self::files::Folders;
pub use self::files::UNFINISHED;
pub use self::report::{Code, Finding, Pending, Report};
use crate::search::{Census, Generations, OpenCheck, Opened, RebuildReason, SearchError, SearchIndex};
use crate::store::directory::DataDirectory;
use crate::store::engine::EngineError;
use crate::store::{Store, StoreError, SystemScope, outbox};

/// Why a check could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error("the files of the data directory cannot be listed: {0}")]
    Files(#[from] io::Error),
}

/// The search index as whoever checks has it.
#[derive(Clone)]
pub enum IndexAtHand {
    Open(SearchIndex),
    /// There is none yet, or it is being built from the store.
    ToBeBuilt,
    /// Its files are not what was written.
    Damaged(String),
}

impl IndexAtHand {
    /// Opens the index of a directory that nobody else uses, without its writer, and verifies its files.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn open(generations: &Generations) -> Result<Self, SearchError> {
        Ok(match SearchIndex::open(generations, OpenCheck::Checksums)? {
            Opened::Ready(index) => Self::Open(index),
            Opened::NeedsRebuild(RebuildReason::Damaged(what)) => Self::Damaged(what),
            Opened::NeedsRebuild(_) => Self::ToBeBuilt,
        })
    }
}

/// What is checked.
pub struct Check {
    pub system: SystemScope,
    pub store: Store,
    pub index: IndexAtHand,
    /// `None` where there are no files (the simulation).
    pub directory: Option<DataDirectory>,
    /// Nobody else works on the store: the checksums of its file are verified too.
    pub alone: bool,
}

impl Check {
    /// Blocks for as long as it reads.
    ///
    /// # Errors
    /// See [`CheckError`]: a check that could not be done is not one that found something.
    pub fn run(&self) -> Result<Report, CheckError> {
        let mut report = Report::new();
        if self.alone && !self.store_is_whole()? {
            report.found(Code::StoreDamaged, "store", "store.redb", "checksums do not match");
        }
        let folders = self.directory.as_ref().map(Folders::list).transpose()?;
        let census = self.census(&mut report)?;
        let view = self.store.view()?;
        rows::compare(&view, &mut report)?;
        let told = |result: Result<(), CheckError>| pass_over_damage(result);
        told(leads::compare(&view, self.store.hasher(), &mut report).map_err(CheckError::from))?;
        told(access::compare(&view, &mut report).map_err(CheckError::from))?;
        told(events::compare(&view, &mut report).map_err(CheckError::from))?;
        let holds = ledger::compare(&view, &mut report);
        told(holds.and_then(|holds| jobs::compare(&view, holds, &mut report)).map_err(CheckError::from))?;
        if let Some(census) = &census {
            told(index::compare(&view, census, &mut report))?;
        }
        if let (Some(directory), Some(folders)) = (&self.directory, folders) {
            told(files::compare(&view, &self.store, directory, folders, &mut report))?;
        }
        told(originals::compare(&view, &mut report).map_err(CheckError::from))?;
        told(work::note(&view, &mut report).map_err(CheckError::from))?;
        Ok(report)
    }

    fn store_is_whole(&self) -> Result<bool, CheckError> {
        match self.store.check_integrity() {
            Ok(whole) => Ok(whole),
            // The engine says so where it does not even get through the file.
            Err(StoreError::Engine(EngineError::Damaged { .. })) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A census from which the outbox of a view taken afterwards can go on.
    fn census(&self, report: &mut Report) -> Result<Option<Census>, CheckError> {
        let index = match &self.index {
            IndexAtHand::Open(index) => index,
            IndexAtHand::ToBeBuilt => {
                report.pending("INDEX_BUILD", 1, "the search index is built from the store");
                return Ok(None);
            }
            IndexAtHand::Damaged(what) => {
                report.found(Code::IndexDamaged, "index", "index", what);
                return Ok(None);
            }
        };
        let mut census = index.census()?;
        // The outbox may be trimmed between the two: then the index has gone on too, and is asked again.
        for _ in 0..3 {
            let trimmed = outbox::checkpoint(&self.store.view()?, outbox::TRIMMED)?;
            let behind = census.checkpoint().is_some_and(|at| at.live < trimmed.live || at.bulk < trimmed.bulk);
            if !behind {
                break;
            }
            census = index.census()?;
        }
        Ok(Some(census))
    }
}

/// A damaged row was told already, with its key; a comparison that met it goes no further.
fn pass_over_damage(result: Result<(), CheckError>) -> Result<(), CheckError> {
    match result {
        Err(CheckError::Store(StoreError::Damaged { .. } | StoreError::DamagedKey { .. })) => Ok(()),
        other => other,
    }
}
