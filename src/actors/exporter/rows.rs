//! The rows of an export: the leads of a selection in their natural order, from one view of the store.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use crate::domain::filter::Filter;
use crate::domain::id::{LeadId, ListId};
use crate::domain::lead::{EnrichmentStatus, Lead};
use crate::store::engine::Order;
use crate::store::records::export::ExportSelection;
use crate::store::tables::{Leads, ListLeads, Lists};
use crate::store::transactions::exports::filter_of;
use crate::store::{Reads, Refusal, StoreError, View, WorkspaceScope};

/// Told each lead; `Break` ends the walk.
pub(super) type Visit<'v> = &'v mut dyn FnMut(LeadId, Lead) -> ControlFlow<()>;

/// Ids of a list that are looked up together.
const PORTION: usize = 4_096;
/// Leads of other lists that a walk may meet for nothing, beside one for each lead that it was for.
const FOREIGN: usize = 256;

pub(super) struct Rows<'r> {
    view: &'r View,
    scope: WorkspaceScope,
    selection: &'r ExportSelection,
    filter: Option<Filter>,
    except: BTreeSet<LeadId>,
}

impl<'r> Rows<'r> {
    pub(super) fn of(view: &'r View, scope: WorkspaceScope, selection: &'r ExportSelection) -> Result<Self, Refusal> {
        let except = selection.except.iter().copied().collect();
        Ok(Self { view, scope, selection, filter: filter_of(selection)?, except })
    }

    /// Calls `visit` with each lead once, lowest id first.
    pub(super) fn each(&self, visit: Visit<'_>) -> Result<(), StoreError> {
        let mut lists = Live { rows: self, known: HashMap::new() };
        match (&self.selection.ids, self.selection.list) {
            (Some(ids), _) => {
                let ids: BTreeSet<LeadId> = ids.iter().copied().collect();
                for id in ids {
                    let Some(lead) = self.view.get::<Leads>(&self.scope, (id,))? else { continue };
                    if lists.has(lead.list)? && self.takes(id, &lead) && visit(id, lead).is_break() {
                        break;
                    }
                }
                Ok(())
            }
            (None, Some(list)) if lists.has(list)? => self.of_list(list, visit),
            (None, Some(_)) => Ok(()),
            (None, None) => {
                let mut failed = None;
                self.view.scan::<Leads>(&self.scope, &(), Order::Ascending, &mut |(id,), lead| match lists
                    .has(lead.list)
                {
                    Ok(true) if self.takes(id, &lead) => visit(id, lead),
                    Ok(_) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                })?;
                failed.map_or(Ok(()), Err)
            }
        }
    }

    /// The leads of a list, a portion of its ids at a time.
    fn of_list(&self, list: ListId, visit: Visit<'_>) -> Result<(), StoreError> {
        let (mut ids, mut after) = (Vec::with_capacity(PORTION), None);
        loop {
            ids.clear();
            let mut keep = |(_, id): (ListId, LeadId), ()| {
                ids.push(id);
                if ids.len() < PORTION { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            match after {
                None => self.view.scan::<ListLeads>(&self.scope, &(list,), Order::Ascending, &mut keep)?,
                Some(after) => {
                    let after = (list, after);
                    self.view.scan_after::<ListLeads>(&self.scope, &(list,), &after, Order::Ascending, &mut keep)?;
                }
            }
            after = ids.last().copied();
            if self.portion(&ids, visit)?.is_break() || ids.len() < PORTION {
                return Ok(());
            }
        }
    }

    /// The leads with these ids, which ascend. Leads of a list mostly came together and lie side by side, where one walk
    /// reads them several times faster than a search for each; where too many others lie between them, they are searched.
    fn portion(&self, ids: &[LeadId], visit: Visit<'_>) -> Result<ControlFlow<()>, StoreError> {
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(ControlFlow::Continue(())) };
        let (mut next, mut foreign) = (0, 0);
        let (mut is_over, mut is_sparse) = (false, false);
        self.view.scan_between::<Leads>(&self.scope, &(*first,), &(*last,), &mut |(id,), lead| {
            while ids.get(next).is_some_and(|wanted| *wanted < id) {
                next += 1;
            }
            if ids.get(next) != Some(&id) {
                foreign += 1;
                is_sparse = foreign > FOREIGN + next;
                return if is_sparse { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            }
            next += 1;
            is_over = self.takes(id, &lead) && visit(id, lead).is_break();
            if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        for id in ids.iter().skip(next).filter(|_| is_sparse) {
            let Some(lead) = self.view.get::<Leads>(&self.scope, (*id,))? else { continue };
            if self.takes(*id, &lead) && visit(*id, lead).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn takes(&self, id: LeadId, lead: &Lead) -> bool {
        let selection = self.selection;
        let enriched = lead.enrichment_status == EnrichmentStatus::Enriched;
        let from = selection.enriched_from.is_none_or(|from| lead.enriched_at.is_some_and(|at| from <= at));
        let to = selection.enriched_to.is_none_or(|to| lead.enriched_at.is_some_and(|at| at <= to));
        selection.list.is_none_or(|list| list == lead.list)
            && !self.except.contains(&id)
            && (enriched || !selection.enriched_only)
            && from
            && to
            && self.filter.as_ref().is_none_or(|filter| filter.matches(id, lead))
    }
}

/// Which lists are there and not deleted, looked up once each.
struct Live<'l, 'r> {
    rows: &'l Rows<'r>,
    known: HashMap<ListId, bool>,
}

impl Live<'_, '_> {
    fn has(&mut self, id: ListId) -> Result<bool, StoreError> {
        if let Some(known) = self.known.get(&id) {
            return Ok(*known);
        }
        let list = self.rows.view.get::<Lists>(&self.rows.scope, (id,))?;
        let live = list.is_some_and(|list| list.deleted_at.is_none());
        self.known.insert(id, live);
        Ok(live)
    }
}
