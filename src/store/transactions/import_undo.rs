//! Undo of an import: the leads it created are removed, those it changed get their before-image back, byte for byte.
//! A lead that anybody touched since is left as it is and named.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::json;

use crate::domain::id::{Id, ImportId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::records::import::{BeforeImage, Import, MAX_KEPT, Undo};
use crate::store::tables::{ImportBefore, ImportRuns, Imports, Leads, OpenImports};
use crate::store::transactions::imports::import;
use crate::store::transactions::jobs::forget_lead;
use crate::store::transactions::lead_rows::{Tell, remove_lead, replace_lead};
use crate::store::transactions::lists::is_over;
use crate::store::{Fact, Lane, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope};

/// Leads between two looks at the clock.
const STRIDE: usize = 16;

/// Orders the undo; the Importer does it slice by slice.
#[derive(Debug, Clone)]
pub struct UndoImport {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: ImportId,
    /// How long before-images are kept.
    pub window: Duration,
}

impl Transaction for UndoImport {
    type Out = Import;
    const NAME: &'static str = "imports.undo";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Import, Refusal> {
        let mut row = import(tx, &self.scope, self.id)?;
        if row.state.is_open() {
            return Err(Reject::Conflict("the import is still running: cancel it first".to_owned()).into());
        }
        if row.undo.is_some() {
            return Ok(row);
        }
        if is_over(row.completed_at.unwrap_or(row.created_at), self.window, self.origin.at) {
            return Err(Reject::Conflict("the time for undoing this import has passed".to_owned()).into());
        }
        row.undo = Some(Undo {
            started_at: self.origin.at,
            actor: self.origin.actor,
            request_id: self.origin.request_id.clone(),
            ..Undo::default()
        });
        tx.put::<Imports>(&self.scope, (self.id,), &row)?;
        tx.put_install::<OpenImports>((self.scope.workspace(), self.id), &())?;
        let fact = Fact::new("import.undo_started", Subject::import(self.id)).also(Subject::list(row.list));
        tx.event(&self.scope, &self.origin, fact)?;
        Ok(row)
    }
}

/// Undoes at most `most` leads, as many as the time allows.
#[derive(Debug, Clone)]
pub struct UndoSlice {
    pub scope: WorkspaceScope,
    pub id: ImportId,
    pub at: Time,
    pub most: usize,
}

impl Transaction for UndoSlice {
    /// The import as it is then; its undo has ended when it has a time of completion.
    type Out = Import;
    const NAME: &'static str = "imports.undo_slice";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Import, Refusal> {
        let row = import(tx, &self.scope, self.id)?;
        let Some(undo) = row.undo.clone().filter(|undo| undo.completed_at.is_none()) else { return Ok(row) };
        let mut slice = Undoing { slice: self, undo, touched: Vec::new(), done: 0 };
        let finished = slice.remove_created(tx)? && slice.restore_updated(tx)?;
        slice.conclude(tx, row, finished)
    }
}

struct Undoing<'s> {
    slice: &'s UndoSlice,
    undo: Undo,
    touched: Vec<u64>,
    done: usize,
}

impl Undoing<'_> {
    /// Whether this slice should end here.
    fn is_full(&self, tx: &Tx<'_>) -> bool {
        self.done >= self.slice.most || (self.done > 0 && self.done.is_multiple_of(STRIDE) && tx.time_is_up())
    }

    /// True when no created lead is left to deal with.
    fn remove_created(&mut self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        for (first, last) in self.runs(tx)? {
            loop {
                let from = first.as_u64().max(self.undo.removed_through.saturating_add(1));
                if from > last.as_u64() {
                    break;
                }
                let room = self.slice.most.saturating_sub(self.done).max(1);
                let leads = self.leads(tx, from, last.as_u64(), room)?;
                let reached_end = leads.len() < room;
                for (id, lead) in leads {
                    if self.is_full(tx) {
                        return Ok(false);
                    }
                    self.remove(tx, id, &lead)?;
                    self.undo.removed_through = id.as_u64();
                    self.done += 1;
                }
                if reached_end {
                    self.undo.removed_through = last.as_u64();
                }
                if self.is_full(tx) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The runs of created leads that are not dealt with, ascending.
    fn runs(&self, tx: &Tx<'_>) -> Result<Vec<(LeadId, LeadId)>, StoreError> {
        let mut runs = Vec::new();
        tx.scan::<ImportRuns>(&self.slice.scope, &(self.slice.id,), Order::Ascending, &mut |(_, first), last| {
            if last.as_u64() > self.undo.removed_through {
                runs.push((first, last));
            }
            ControlFlow::Continue(())
        })?;
        Ok(runs)
    }

    fn leads(&self, tx: &Tx<'_>, first: u64, last: u64, most: usize) -> Result<Vec<(LeadId, Lead)>, StoreError> {
        let mut leads = Vec::new();
        let (first, last) = (LeadId::from_u64(first), LeadId::from_u64(last));
        tx.scan_between::<Leads>(&self.slice.scope, &(first,), &(last,), &mut |(id,), lead| {
            leads.push((id, lead));
            if leads.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(leads)
    }

    fn remove(&mut self, tx: &mut Tx<'_>, id: LeadId, lead: &Lead) -> Result<(), Refusal> {
        if lead.origin.is_none_or(|origin| origin.import != self.slice.id) {
            return Ok(());
        }
        let image = tx.get::<ImportBefore>(&self.slice.scope, (self.slice.id, id))?;
        if lead.version != image.map_or(1, |image| image.version_after) {
            self.keep(id);
            return Ok(());
        }
        remove_lead(tx, &self.slice.scope, id, lead, Lane::Bulk)?;
        // An undo is not undone.
        forget_lead(tx, &self.slice.scope, id)?;
        self.undo.removed += 1;
        self.touched.push(id.as_u64());
        Ok(())
    }

    /// True when no changed lead is left to deal with.
    fn restore_updated(&mut self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let scope = self.slice.scope;
        let mut images: Vec<(LeadId, BeforeImage)> = Vec::new();
        let room = self.slice.most.saturating_sub(self.done).max(1);
        let after = (self.slice.id, LeadId::from_u64(self.undo.restored_through));
        tx.scan_after::<ImportBefore>(&scope, &(self.slice.id,), &after, Order::Ascending, &mut |(_, id), image| {
            images.push((id, image));
            if images.len() < room { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let reached_end = images.len() < room;
        for (id, image) in images {
            if self.is_full(tx) {
                return Ok(false);
            }
            self.restore(tx, id, image)?;
            self.undo.restored_through = id.as_u64();
            self.done += 1;
        }
        Ok(reached_end)
    }

    fn restore(&mut self, tx: &mut Tx<'_>, id: LeadId, image: BeforeImage) -> Result<(), Refusal> {
        let scope = &self.slice.scope;
        let Some(before) = image.lead else { return Ok(()) };
        // A lead that was deleted since stays deleted.
        let Some(current) = tx.get::<Leads>(scope, (id,))? else { return Ok(()) };
        if current.version != image.version_after {
            self.keep(id);
            return Ok(());
        }
        replace_lead(tx, scope, id, &current, &before, Tell::Each(Lane::Bulk))?;
        self.undo.restored += 1;
        self.touched.push(id.as_u64());
        Ok(())
    }

    fn keep(&mut self, id: LeadId) {
        self.undo.kept += 1;
        if self.undo.kept_leads.len() < MAX_KEPT {
            self.undo.kept_leads.push(id.as_u64());
        }
    }

    fn conclude(mut self, tx: &mut Tx<'_>, mut row: Import, finished: bool) -> Result<Import, Refusal> {
        let UndoSlice { scope, id, at, .. } = self.slice;
        let origin = Origin { at: *at, actor: self.undo.actor, source: None, request_id: self.undo.request_id.clone() };
        if !self.touched.is_empty() {
            let fact = Fact::new("import.rows_undone", Subject::import(*id)).ids(self.touched);
            tx.event(scope, &origin, fact)?;
        }
        if finished {
            self.undo.completed_at = Some(*at);
            tx.remove_install::<OpenImports>((scope.workspace(), *id))?;
            let Undo { removed, restored, kept, .. } = &self.undo;
            let after = json!({ "listId": row.list, "removed": removed, "restored": restored, "kept": kept });
            let fact = Fact::new("import.undone", Subject::import(*id)).also(Subject::list(row.list));
            row.ended_seq = tx.event(scope, &origin, fact.change(None, Some(&after)))?;
        }
        row.undo = Some(self.undo);
        tx.put::<Imports>(scope, (*id,), &row)?;
        Ok(row)
    }
}
