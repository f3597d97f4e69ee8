//! All texts of a field in a segment, one behind the other, so that looking inside them is one pass over memory.
//!
//! The term dictionary would have to be taken apart for every look: 200 ms for a million e-mails where this takes 5.

use std::io;

use tantivy::DocId;
use tantivy::columnar::StrColumn;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;

/// Between two texts. No text holds it: it is no UTF-8.
const END: u8 = 0xff;

/// The texts behind a lead-in, in the order of their terms.
#[derive(Default)]
pub struct Haystack {
    lead_in: Vec<u8>,
    texts: Vec<u8>,
    /// Where each text ends in `texts`.
    ends: Vec<u32>,
    /// For each text the one document that has it, or [`SEVERAL`]; empty for a field whose column tells it.
    documents: Vec<u32>,
}

const SEVERAL: u32 = u32::MAX;

impl Haystack {
    /// Reads the texts of a column, whose values are the terms of a field. Much quicker than reading the terms.
    pub fn of_column(column: &StrColumn) -> tantivy::Result<Self> {
        let mut read = Self::default();
        let mut texts = column.dictionary().stream()?;
        while texts.advance() {
            read.push(texts.key())?;
        }
        Ok(read.shrunk())
    }

    /// Reads the terms of a field that begin with `lead_in`.
    pub fn of_terms(index: &InvertedIndexReader, lead_in: &[u8]) -> tantivy::Result<Self> {
        let mut read = Self { lead_in: lead_in.to_owned(), ..Self::default() };
        let mut postings = None;
        let mut terms = index.terms().range().ge(lead_in).into_stream()?;
        while terms.advance() {
            let Some(text) = terms.key().strip_prefix(lead_in) else { break };
            read.push(text)?;
            read.documents.push(only_document(index, terms.value(), &mut postings)?.unwrap_or(SEVERAL));
        }
        Ok(read.shrunk())
    }

    fn push(&mut self, text: &[u8]) -> tantivy::Result<()> {
        let end = u32::try_from(self.texts.len() + text.len() + 1).map_err(io::Error::other)?;
        self.texts.extend_from_slice(text);
        self.texts.push(END);
        self.ends.push(end);
        Ok(())
    }

    fn shrunk(mut self) -> Self {
        self.texts.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.documents.shrink_to_fit();
        self
    }

    pub fn bytes(&self) -> usize {
        self.texts.len() + 4 * (self.ends.len() + self.documents.len()) + 200
    }

    /// The term of a text.
    pub fn term(&self, place: u32) -> Vec<u8> {
        let place = place as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let end = (self.ends[place] as usize).saturating_sub(1);
        [&self.lead_in, &self.texts[start..end]].concat()
    }

    /// The document of a text that only one has.
    pub fn only_document(&self, place: u32) -> Option<DocId> {
        self.documents.get(place as usize).copied().filter(|document| *document != SEVERAL)
    }

    /// The places of the texts that hold `needle`, which is not empty.
    pub fn holding(&self, needle: &[u8]) -> Vec<u32> {
        let finder = memchr::memmem::Finder::new(needle);
        let mut found = Vec::new();
        let mut from = 0;
        let mut text = 0;
        while let Some(at) = self.texts.get(from..).and_then(|rest| finder.find(rest)).map(|at| from + at) {
            // Occurrences come in order, so the text is looked for from the last one on.
            while self.ends.get(text).is_some_and(|end| *end as usize <= at) {
                text += 1;
            }
            let Some(end) = self.ends.get(text) else { break };
            found.push(text as u32);
            from = *end as usize;
        }
        found
    }
}

fn only_document(
    index: &InvertedIndexReader,
    term: &TermInfo,
    postings: &mut Option<BlockSegmentPostings>,
) -> tantivy::Result<Option<DocId>> {
    if term.doc_freq != 1 {
        return Ok(None);
    }
    let postings = match postings {
        Some(postings) => {
            index.reset_block_postings_from_terminfo(term, postings)?;
            postings
        }
        none => none.insert(index.read_block_postings_from_terminfo(term, IndexRecordOption::Basic)?),
    };
    Ok(postings.docs().first().copied())
}
