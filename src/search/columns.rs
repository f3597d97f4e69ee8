//! Reading columns in blocks: a call for a thousand documents instead of one for each.

use tantivy::DocId;
use tantivy::columnar::{Cardinality, Column};

const BLOCK: usize = 1_024;

/// Calls `take` with every value of `docs`, in their order; a document without a value is passed over.
pub fn each_value(column: &Column<u64>, docs: &[DocId], mut take: impl FnMut(DocId, u64)) {
    let mut values = vec![0; BLOCK];
    if column.get_cardinality() == Cardinality::Full {
        for block in docs.chunks(BLOCK) {
            let values = &mut values[..block.len()];
            column.values.get_vals(block, values);
            block.iter().zip(values).for_each(|(doc, value)| take(*doc, *value));
        }
        return;
    }
    let (mut with, mut rows) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
    for block in docs.chunks(BLOCK) {
        with.clear();
        rows.clear();
        column.row_ids_for_docs(block, &mut with, &mut rows);
        values.resize(rows.len().max(BLOCK), 0);
        let values = &mut values[..rows.len()];
        column.values.get_vals(&rows, values);
        with.iter().zip(values).for_each(|(doc, value)| take(*doc, *value));
    }
}

/// Every document of a segment, in blocks, for [`each_value`].
pub fn each_block_of_all(max_doc: DocId, mut take: impl FnMut(&[DocId])) {
    let mut block = Vec::with_capacity(8 * BLOCK);
    let mut next = 0;
    while next < max_doc {
        let end = max_doc.min(next + 8 * BLOCK as u32);
        block.clear();
        block.extend(next..end);
        take(&block);
        next = end;
    }
}
