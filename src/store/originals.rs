//! Original rows: the cells of a file as they stood, kept in compressed blocks beside the leads made of them.
//!
//! A block holds up to 256 rows and is keyed by the number of its first one, so that a block may begin anywhere: an
//! import that was cut short writes from the row it goes on with.

use std::ops::ControlFlow;

use crate::domain::lead::ImportOrigin;
use crate::store::engine::Order;
use crate::store::read::hex;
use crate::store::record::{Blob, RecordError};
use crate::store::tables::{Imports, Originals, TenantTable};
use crate::store::{Reads, StoreError, WorkspaceScope};

/// Rows of one block.
pub const BLOCK_ROWS: usize = 256;

/// Packs rows of cells.
pub fn pack<'c, R>(rows: R) -> Blob
where
    R: ExactSizeIterator,
    R::Item: IntoIterator<Item = &'c str, IntoIter: ExactSizeIterator>,
{
    let mut bytes = Vec::with_capacity(64 << 10);
    let mut out = minicbor::Encoder::new(&mut bytes);
    // Writing into a Vec cannot fail.
    let _infallible = out.array(rows.len() as u64);
    for row in rows {
        let cells = row.into_iter();
        let _infallible = out.array(cells.len() as u64);
        for cell in cells {
            let _infallible = out.str(cell);
        }
    }
    Blob(lz4_flex::compress_prepend_size(&bytes))
}

/// The rows of a block.
///
/// # Errors
/// The block is damaged.
pub fn unpack(block: &Blob) -> Result<Vec<Vec<String>>, RecordError> {
    let malformed = |error: String| RecordError::Malformed(error);
    let bytes = lz4_flex::decompress_size_prepended(&block.0).map_err(|error| malformed(error.to_string()))?;
    minicbor::decode(&bytes).map_err(|error| malformed(error.to_string()))
}

/// The cells of the row a lead was made of with the titles of their columns; `None` when they are not kept any more.
/// Cells beyond the titles have an empty one.
///
/// # Errors
/// Rows cannot be read.
pub fn original_of(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    origin: ImportOrigin,
) -> Result<Option<Vec<(String, String)>>, StoreError> {
    let mut found = None;
    let after = (origin.import, origin.row.saturating_add(1));
    reads.scan_after::<Originals>(scope, &(origin.import,), &after, Order::Descending, &mut |(_, first), block| {
        found = Some((first, block));
        ControlFlow::Break(())
    })?;
    let Some((first, block)) = found else { return Ok(None) };
    let rows = unpack(&block).map_err(|source| StoreError::Damaged {
        table: Originals::NAME,
        key: hex(&first.to_be_bytes()),
        source,
    })?;
    let place = usize::try_from(origin.row - first).unwrap_or(usize::MAX);
    let Some(cells) = rows.into_iter().nth(place) else { return Ok(None) };
    let titles = reads.get::<Imports>(scope, (origin.import,))?.map(|import| import.plan.columns).unwrap_or_default();
    let mut titles = titles.into_iter().map(|column| column.title);
    Ok(Some(cells.into_iter().map(|cell| (titles.next().unwrap_or_default(), cell)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let rows = vec![vec!["Ada", "", "x\ny"], vec![], vec!["'=1+1"]];
        let block = pack(rows.iter().map(|row| row.iter().copied()));
        assert_eq!(unpack(&block).expect("a block"), rows);
        assert!(unpack(&Blob(vec![1, 2, 3])).is_err());
    }
}
