//! A record as the reader shows it.

use super::position::line_ends;
use super::{Mend, Position};

/// One record, borrowed from the reader until it moves on.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    /// The first byte of the record.
    pub start: u64,
    /// Behind the record and its line end, with the line that starts there: where to resume after this record.
    pub end: Position,
    /// The line the record starts in, from 1.
    pub line: u64,
    /// What was mended to read it.
    pub mend: Option<Mend>,
    /// The fields without anything between them.
    pub(super) text: &'r str,
    /// Where each field ends in `text`.
    pub(super) ends: &'r [usize],
}

impl<'r> Record<'r> {
    /// How many fields there are; at least one.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The field at `index` (from 0) without its quotes.
    pub fn get(&self, index: usize) -> Option<&'r str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..end)
    }

    pub fn fields(&self) -> impl ExactSizeIterator<Item = &'r str> + use<'r> {
        let (text, ends) = (self.text, self.ends);
        let mut start = 0;
        ends.iter().map(move |&end| {
            let field = text.get(start..end).unwrap_or_default();
            start = end;
            field
        })
    }

    /// Line and column, both from 1, of the first cell that holds a NUL byte: legal, but a sign of a broken or binary
    /// file.
    pub fn nul(&self) -> Option<(u64, usize)> {
        let place = self.text.as_bytes().iter().position(|byte| *byte == 0)?;
        let column = self.ends.iter().take_while(|end| **end <= place).count() + 1;
        Some((self.line + line_ends(&self.text.as_bytes()[..place]), column))
    }
}
