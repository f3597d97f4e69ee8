//! What the Janitor looks for: one chore per kind of thing that has its time. Looking only reads; see [`super::errand`].

use std::ops::ControlFlow;
use std::time::Duration;

use super::errand::Errand;
use super::files;
use super::sweep::{Sweep, SweepError};
use super::walk::{Looked, Place};
use crate::domain::id::LeadId;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::records::export::{Export, ExportState};
use crate::store::records::upload::Upload;
use crate::store::tables::{
    DeadLetters, Events, Exports, Idempotency, ImportBefore, ImportEdits, ImportRejects, Imports, KnownAnswers, Leads,
    Lists, Lookups, Orders, Originals, PossibleDuplicates, Sessions, SetupTokens, TenantTable, Uploads,
};
use crate::store::transactions::exports::{ExpireExport, ForgetExport, forget_at};
use crate::store::transactions::lists::is_over;
use crate::store::transactions::outbox::TrimOutbox;
use crate::store::transactions::retention::{Expired, Forget, RemoveDeletedList, TrimImport, due_parts};
use crate::store::transactions::uploads::{ForgetUpload, RemoveUpload};
use crate::store::{Origin, Reads, StoreError, View, WorkspaceScope};

/// Rows of one errand.
const BATCH: usize = 1_000;
/// Pairs of one errand; every look walks all pairs.
const PAIRS: usize = 10_000;

/// A kind of thing to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    Outbox,
    Idempotency,
    Sessions,
    SetupTokens,
    Events,
    DeletedLists,
    PossibleDuplicates,
    Imports,
    Uploads,
    Exports,
    Jobs,
    DeadLetters,
    Orders,
    KnownAnswers,
    Lookups,
    Files,
}

impl Chore {
    /// In the order of a round.
    pub const ALL: [Self; 16] = [
        Self::Outbox,
        Self::Idempotency,
        Self::Sessions,
        Self::SetupTokens,
        Self::Events,
        Self::DeletedLists,
        Self::PossibleDuplicates,
        Self::Imports,
        Self::Uploads,
        Self::Exports,
        Self::Jobs,
        Self::DeadLetters,
        Self::Orders,
        Self::KnownAnswers,
        Self::Lookups,
        Self::Files,
    ];

    /// How long a kind rests once nothing of it was due: what is many and has its time counted in days.
    pub(super) const fn rest(self) -> Duration {
        match self {
            Self::Jobs | Self::DeadLetters | Self::Orders | Self::KnownAnswers => Duration::from_secs(3_600),
            _ => Duration::ZERO,
        }
    }
}

impl Sweep {
    /// What is due of a kind, at most a portion of it; `from` is where a walk stands.
    ///
    /// # Errors
    /// When rows or folders cannot be read.
    pub(super) fn look(
        &self,
        view: &View,
        chore: Chore,
        now: Time,
        from: Option<&Place>,
    ) -> Result<Looked, SweepError> {
        Ok(match chore {
            Chore::Idempotency => return Ok(self.walk::<Idempotency>(view, now, from)?),
            Chore::DeadLetters => return Ok(self.walk::<DeadLetters>(view, now, from)?),
            Chore::Orders => return Ok(self.walk::<Orders>(view, now, from)?),
            Chore::KnownAnswers => return Ok(self.walk::<KnownAnswers>(view, now, from)?),
            Chore::Lookups => return Ok(self.walk::<Lookups>(view, now, from)?),
            Chore::Outbox => {
                vec![Errand::TrimOutbox(TrimOutbox { most: 20_000, max_entries: self.keeping.outbox_max_entries })]
            }
            Chore::Sessions => self.forget(now, sessions(view, now)?),
            Chore::SetupTokens => self.forget(now, setup_tokens(view, now)?),
            Chore::Events => self.forget(now, self.events(view, now)?),
            Chore::DeletedLists => self.deleted_lists(view, now)?,
            Chore::PossibleDuplicates => self.forget(now, self.possible_duplicates(view)?),
            Chore::Imports => self.imports(view, now)?,
            Chore::Uploads => self.uploads(view, now)?,
            Chore::Exports => self.exports(view, now)?,
            Chore::Jobs => self.jobs(view, now)?,
            Chore::Files => match &self.directory {
                Some(directory) => files::left_over(view, directory, now)?,
                None => Vec::new(),
            },
        }
        .into())
    }

    pub(super) fn forget(&self, now: Time, rows: Vec<Expired>) -> Vec<Errand> {
        let errand = |rows| Errand::Forget(Forget { now, keeping: self.keeping, rows });
        if rows.is_empty() { Vec::new() } else { vec![errand(rows)] }
    }

    /// Events lie in the order of time: the first one that stays ends the look at its workspace.
    fn events(&self, view: &View, now: Time) -> Result<Vec<Expired>, StoreError> {
        let mut found = Vec::new();
        for workspace in self.workspaces(view)? {
            let scope = self.system.within(workspace);
            view.scan::<Events>(&scope, &(), Order::Ascending, &mut |(seq,), event| {
                if !is_over(event.at, self.keeping.events, now) {
                    return ControlFlow::Break(());
                }
                found.push(Expired::Event(workspace, seq));
                until(found.len() >= BATCH)
            })?;
        }
        found.truncate(BATCH);
        Ok(found)
    }

    fn deleted_lists(&self, view: &View, now: Time) -> Result<Vec<Errand>, StoreError> {
        let mut found = Vec::new();
        let window = self.keeping.deleted_lists;
        view.scan_all::<Lists>(&mut |workspace, (list,), row| {
            if row.deleted_at.is_some_and(|deleted_at| is_over(deleted_at, window, now)) {
                let (scope, origin) = (self.system.within(workspace), Origin::system(now));
                found.push(Errand::RemoveList(RemoveDeletedList { scope, origin, list, window, most: 10_000 }));
            }
            until(found.len() >= BATCH)
        })?;
        Ok(found)
    }

    fn possible_duplicates(&self, view: &View) -> Result<Vec<Expired>, StoreError> {
        let (mut found, mut failed) = (Vec::new(), None);
        view.scan_all::<PossibleDuplicates>(&mut |workspace, (one, other), _| {
            let there = |lead: LeadId| view.has::<Leads>(&self.system.within(workspace), (lead,));
            match there(one).and_then(|one| Ok(one && there(other)?)) {
                Ok(true) => {}
                Ok(false) => found.push(Expired::PossibleDuplicate(workspace, one, other)),
                Err(error) => failed = Some(error),
            }
            until(failed.is_some() || found.len() >= PAIRS)
        })?;
        failed.map_or(Ok(found), Err)
    }

    fn imports(&self, view: &View, now: Time) -> Result<Vec<Errand>, StoreError> {
        let mut due = Vec::new();
        view.scan_all::<Imports>(&mut |workspace, (import,), row| {
            let parts = due_parts(&row, &self.keeping, now);
            if parts.originals || parts.before_images {
                due.push((self.system.within(workspace), import, parts));
            }
            ControlFlow::Continue(())
        })?;
        let mut found = Vec::new();
        for (scope, import, parts) in due {
            let originals = parts.originals
                && (any::<Originals>(view, &scope, &(import,))?
                    || any::<ImportRejects>(view, &scope, &(import,))?
                    || view.has::<ImportEdits>(&scope, (import,))?);
            if originals || (parts.before_images && any::<ImportBefore>(view, &scope, &(import,))?) {
                found.push(Errand::TrimImport(TrimImport { scope, now, keeping: self.keeping, import, most: BATCH }));
            }
        }
        Ok(found)
    }

    fn uploads(&self, view: &View, now: Time) -> Result<Vec<Errand>, StoreError> {
        let mut rows = Vec::new();
        view.scan_all::<Uploads>(&mut |workspace, (id,), row| {
            rows.push((self.system.within(workspace), id, row));
            ControlFlow::Continue(())
        })?;
        let mut found = Vec::new();
        for (scope, id, row) in rows {
            if row.removed {
                let path = self.directory.as_ref().map(|at| at.uploads().join(Upload::file_name_of(id)));
                found.push(Errand::ForgetUpload(path, ForgetUpload { scope, id }));
            } else if self.is_over(view, &scope, &row, now)? {
                found.push(Errand::RemoveUpload(RemoveUpload { scope, id }));
            }
        }
        Ok(found)
    }

    /// An upload that nobody imports has its own time, one that was imported goes with the original rows.
    fn is_over(&self, view: &View, scope: &WorkspaceScope, row: &Upload, now: Time) -> Result<bool, StoreError> {
        match row.import {
            None => Ok(is_over(row.updated_at, self.keeping.uploads, now)),
            Some(import) => {
                let import = view.get::<Imports>(scope, (import,))?;
                Ok(import.is_none_or(|import| due_parts(&import, &self.keeping, now).originals))
            }
        }
    }

    fn exports(&self, view: &View, now: Time) -> Result<Vec<Errand>, StoreError> {
        let mut found = Vec::new();
        view.scan_all::<Exports>(&mut |workspace, (id,), row| {
            let scope = self.system.within(workspace);
            let file = |row: &Export| self.directory.as_ref().map(|at| at.exports().join(row.file_name(id)));
            if row.state == ExportState::Ready && !row.is_downloadable(now) {
                found.push(Errand::ExpireExport(file(&row), ExpireExport { scope, origin: Origin::system(now), id }));
            } else if forget_at(&row).is_some_and(|at| at <= now) {
                found.push(Errand::ForgetExport(file(&row), ForgetExport { scope, now, id }));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}

fn sessions(view: &View, now: Time) -> Result<Vec<Expired>, StoreError> {
    let mut found = Vec::new();
    view.scan_install::<Sessions>(&(), Order::Ascending, &mut |(token,), row| {
        if row.expires_at <= now {
            found.push(Expired::Session(token));
        }
        until(found.len() >= BATCH)
    })?;
    Ok(found)
}

fn setup_tokens(view: &View, now: Time) -> Result<Vec<Expired>, StoreError> {
    let mut found = Vec::new();
    view.scan_install::<SetupTokens>(&(), Order::Ascending, &mut |(token,), row| {
        if row.expires_at <= now {
            found.push(Expired::SetupToken(token));
        }
        until(found.len() >= BATCH)
    })?;
    Ok(found)
}

fn any<T: TenantTable>(
    view: &View,
    scope: &WorkspaceScope,
    prefix: &impl crate::store::key::Key,
) -> Result<bool, StoreError> {
    let mut found = false;
    view.scan::<T>(scope, prefix, Order::Ascending, &mut |_, _| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}

pub(super) fn until(enough: bool) -> ControlFlow<()> {
    if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
