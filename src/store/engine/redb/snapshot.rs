//! A committed state of the file, for reading. Outlives a reopen of the engine, after which reads give `Closed`.

use std::path::PathBuf;
use std::sync::OnceLock;

use ::redb::{ReadOnlyTable, ReadTransaction, ReadableTableMetadata, TableStats};

use super::super::readers::Reading;
use super::super::{KeyRange, Order, Read, Snapshot, TableId, Visit};
use super::errors::Failure;
use super::write::scan_table;
use super::{Definition, EngineError};

type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

pub(super) struct RedbSnapshot {
    transaction: ReadTransaction,
    names: &'static [&'static str],
    /// Opened when first asked for: most snapshots look at two or three of them.
    tables: Box<[OnceLock<Table>]>,
    path: PathBuf,
    _reading: Reading,
}

impl RedbSnapshot {
    pub fn new(transaction: ReadTransaction, names: &'static [&'static str], path: PathBuf, reading: Reading) -> Self {
        let tables = names.iter().map(|_| OnceLock::new()).collect();
        Self { transaction, names, tables, path, _reading: reading }
    }

    pub fn table_stats(&self, id: TableId) -> Result<TableStats, EngineError> {
        self.table(id)?.stats().map_err(|error| error.at(&self.path))
    }

    fn table(&self, id: TableId) -> Result<&Table, EngineError> {
        let number = usize::from(id.0);
        let (Some(cell), Some(name)) = (self.tables.get(number), self.names.get(number)) else {
            return Err(EngineError::NoSuchTable(id.0));
        };
        if let Some(table) = cell.get() {
            return Ok(table);
        }
        let table = self.transaction.open_table(Definition::new(name)).map_err(|error| error.at(&self.path))?;
        Ok(cell.get_or_init(|| table))
    }
}

impl Read for RedbSnapshot {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let value = self.table(table)?.get_owned(key).map_err(|error| error.at(&self.path))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(&self, table: TableId, range: &KeyRange, order: Order, visit: Visit<'_>) -> Result<(), EngineError> {
        scan_table(self.table(table)?, range, order, visit).map_err(|error| error.at(&self.path))
    }

    fn len(&self, table: TableId) -> Result<u64, EngineError> {
        self.table(table)?.len().map_err(|error| error.at(&self.path))
    }
}

impl Snapshot for RedbSnapshot {}
