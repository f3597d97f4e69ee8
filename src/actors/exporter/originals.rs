//! The original row of each lead, where it is still kept. Leads come in the order of their rows, so that the block of the
//! lead before mostly holds the next one too.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::domain::id::ImportId;
use crate::domain::lead::Lead;
use crate::store::engine::Order;
use crate::store::originals::unpack;
use crate::store::record::RecordError;
use crate::store::tables::{Imports, Originals, TenantTable};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

pub(super) struct OriginalRows<'r> {
    view: &'r View,
    scope: WorkspaceScope,
    titles: HashMap<ImportId, Arc<[String]>>,
    block: Option<Block>,
}

struct Block {
    import: ImportId,
    first: u64,
    rows: Vec<Vec<String>>,
}

impl<'r> OriginalRows<'r> {
    pub(super) fn new(view: &'r View, scope: WorkspaceScope) -> Self {
        Self { view, scope, titles: HashMap::new(), block: None }
    }

    /// Title and cell of each column; empty when the lead was not imported or its row is not kept any more.
    pub(super) fn of(&mut self, lead: &Lead) -> Result<Vec<(String, String)>, StoreError> {
        let Some(origin) = lead.origin else { return Ok(Vec::new()) };
        let titles = self.titles(origin.import)?;
        self.load(origin.import, origin.row)?;
        let Some(block) = &self.block else { return Ok(Vec::new()) };
        let place = origin.row.checked_sub(block.first).and_then(|place| usize::try_from(place).ok());
        let Some(cells) = place.and_then(|place| block.rows.get(place)) else { return Ok(Vec::new()) };
        Ok(titles.iter().cloned().zip(cells.iter().cloned()).collect())
    }

    /// The titles of the columns of an import.
    pub(super) fn titles(&mut self, import: ImportId) -> Result<Arc<[String]>, StoreError> {
        if let Some(titles) = self.titles.get(&import) {
            return Ok(Arc::clone(titles));
        }
        let row = self.view.get::<Imports>(&self.scope, (import,))?;
        let columns = row.map(|row| row.plan.columns).unwrap_or_default();
        let titles: Arc<[String]> = columns.into_iter().map(|column| column.title).collect();
        self.titles.insert(import, Arc::clone(&titles));
        Ok(titles)
    }

    fn load(&mut self, import: ImportId, row: u64) -> Result<(), StoreError> {
        let holds =
            |block: &Block| block.import == import && row >= block.first && row - block.first < block.rows.len() as u64;
        if self.block.as_ref().is_some_and(holds) {
            return Ok(());
        }
        self.block = None;
        let after = (import, row.saturating_add(1));
        let mut found = None;
        self.view.scan_after::<Originals>(
            &self.scope,
            &(import,),
            &after,
            Order::Descending,
            &mut |(_, first), blob| {
                found = Some((first, unpack(&blob)));
                ControlFlow::Break(())
            },
        )?;
        if let Some((first, rows)) = found {
            let damaged = |source: RecordError| StoreError::Damaged {
                table: Originals::NAME,
                key: format!("{import}/{first}"),
                source,
            };
            self.block = Some(Block { import, first, rows: rows.map_err(damaged)? });
        }
        Ok(())
    }
}
