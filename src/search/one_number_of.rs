//! Leads whose number in a column is one of many: one pass over the column, however many there are.

use std::collections::HashSet;
use std::sync::Arc;

use tantivy::query::{BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TantivyError};

use super::columns::{each_block_of_all, each_value};

#[derive(Debug, Clone)]
pub struct OneNumberOf {
    pub column: String,
    pub numbers: Arc<HashSet<i64>>,
}

impl Query for OneNumberOf {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(OneNumberOfWeight(self.clone())))
    }
}

struct OneNumberOfWeight(OneNumberOf);

impl Weight for OneNumberOfWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let Some(column) = segment.fast_fields().column_opt::<i64>(&self.0.column)? else {
            return Ok(Box::new(EmptyScorer));
        };
        let column = column.to_u64_monotonic();
        let wanted: HashSet<u64> = self.0.numbers.iter().map(|number| tantivy::i64_to_u64(*number)).collect();
        let mut documents = BitSet::with_max_value(segment.max_doc());
        each_block_of_all(segment.max_doc(), |block| {
            each_value(&column, block, |doc, number| {
                if wanted.contains(&number) {
                    documents.insert(doc);
                }
            });
        });
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(documents), boost)))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(segment, 1.0)?.seek(doc) == doc {
            return Ok(Explanation::new("one of many numbers", 1.0));
        }
        Err(TantivyError::InvalidArgument(format!("document {doc} does not match")))
    }
}
