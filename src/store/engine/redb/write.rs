//! The write transaction on redb.

use std::cell::OnceCell;
use std::path::Path;

use ::redb::{ReadableTable, ReadableTableMetadata, StorageError, Table, WriteTransaction};

use super::super::undo::UndoLog;
use super::super::{KeyRange, Mark, Order, Read, TableId, Visit, WriteTx};
use super::errors::Failure;
use super::{Definition, EngineError};

type OpenTable<'t> = Table<'t, &'static [u8], &'static [u8]>;

pub(super) struct RedbWriteTx<'t> {
    transaction: &'t WriteTransaction,
    names: &'static [&'static str],
    /// Opened when first asked for and kept open: opening one costs a look-up in redb's tree of tables. A cell per
    /// table, so that a scan of one may read another.
    tables: Box<[OnceCell<OpenTable<'t>>]>,
    undo: UndoLog,
    path: &'t Path,
}

impl<'t> RedbWriteTx<'t> {
    pub fn new(transaction: &'t WriteTransaction, names: &'static [&'static str], path: &'t Path) -> Self {
        let tables = names.iter().map(|_| OnceCell::new()).collect();
        Self { transaction, names, tables, undo: UndoLog::default(), path }
    }

    fn table(&self, id: TableId) -> Result<&OpenTable<'t>, EngineError> {
        let number = usize::from(id.0);
        let (Some(cell), Some(name)) = (self.tables.get(number), self.names.get(number)) else {
            return Err(EngineError::NoSuchTable(id.0));
        };
        if let Some(table) = cell.get() {
            return Ok(table);
        }
        let table = self.transaction.open_table(Definition::new(name)).map_err(|error| error.at(self.path))?;
        Ok(cell.get_or_init(|| table))
    }

    /// The same table for writing, with the log of old values beside it.
    fn table_mut(&mut self, id: TableId) -> Result<(&mut OpenTable<'t>, &mut UndoLog), EngineError> {
        self.table(id)?;
        match self.tables.get_mut(usize::from(id.0)).and_then(OnceCell::get_mut) {
            Some(table) => Ok((table, &mut self.undo)),
            None => Err(EngineError::NoSuchTable(id.0)),
        }
    }
}

impl Read for RedbWriteTx<'_> {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let value = self.table(table)?.get(key).map_err(|error| error.at(self.path))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(&self, table: TableId, range: &KeyRange, order: Order, visit: Visit<'_>) -> Result<(), EngineError> {
        scan_table(self.table(table)?, range, order, visit).map_err(|error| error.at(self.path))
    }

    fn len(&self, table: TableId) -> Result<u64, EngineError> {
        self.table(table)?.len().map_err(|error| error.at(self.path))
    }
}

impl WriteTx for RedbWriteTx<'_> {
    fn insert(&mut self, id: TableId, key: &[u8], value: &[u8]) -> Result<(), EngineError> {
        let path = self.path;
        let (table, undo) = self.table_mut(id)?;
        let old = table.insert(key, value).map_err(|error| error.at(path))?;
        undo.record(id, key, old.as_ref().map(|old| old.value()));
        Ok(())
    }

    fn remove(&mut self, id: TableId, key: &[u8]) -> Result<bool, EngineError> {
        let path = self.path;
        let (table, undo) = self.table_mut(id)?;
        let Some(old) = table.remove(key).map_err(|error| error.at(path))? else { return Ok(false) };
        undo.record(id, key, Some(old.value()));
        Ok(true)
    }

    fn mark(&mut self) -> Mark {
        self.undo.mark()
    }

    fn undo_to(&mut self, mark: Mark) -> Result<(), EngineError> {
        let path = self.path;
        while let Some(step) = self.undo.pop(mark) {
            let (table, _) = self.table_mut(step.table)?;
            match step.old {
                Some(old) => drop(table.insert(&*step.key, &*old).map_err(|error| error.at(path))?),
                None => drop(table.remove(&*step.key).map_err(|error| error.at(path))?),
            }
        }
        Ok(())
    }
}

/// Visits a range of any kind of table.
pub(super) fn scan_table(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    range: &KeyRange,
    order: Order,
    visit: Visit<'_>,
) -> Result<(), StorageError> {
    if range.is_empty() {
        return Ok(());
    }
    let mut pairs = table.range::<&[u8]>(range.as_slices())?;
    loop {
        let next = match order {
            Order::Ascending => pairs.next(),
            Order::Descending => pairs.next_back(),
        };
        let Some(pair) = next else { return Ok(()) };
        let (key, value) = pair?;
        if visit(key.value(), value.value()).is_break() {
            return Ok(());
        }
    }
}
