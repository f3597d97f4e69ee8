//! Every row of every table can be read.

use std::ops::ControlFlow;

use super::report::{Code, Report};
use crate::store::engine::{KeyRange, Order, TableId};
use crate::store::read::hex;
use crate::store::tables::{TABLES, read_row};
use crate::store::{Reads, StoreError, View};

pub(super) fn compare(view: &View, report: &mut Report) -> Result<(), StoreError> {
    for (number, table) in (0_u8..).zip(TABLES) {
        let (id, mut rows) = (TableId(number), 0);
        view.raw().scan(id, &KeyRange::all(), Order::Ascending, &mut |key, value| {
            rows += 1;
            if let Err(error) = read_row(id, key, value) {
                report.found(Code::RowDamaged, table.name, hex(key), error);
            }
            ControlFlow::Continue(())
        })?;
        report.rows.insert(table.name, rows);
    }
    Ok(())
}
