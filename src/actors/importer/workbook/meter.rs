//! Readers that count what others would hold in memory: the directory of an archive, a tag or text of XML.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::Source;

/// Excel allows 32,767 characters in a cell; each of them may be escaped.
pub const LONGEST_EVENT: usize = 1 << 20;

/// Lets only so many bytes be read: a directory of millions of entries would be held in memory before its length is known.
pub struct Budget<'a> {
    file: &'a mut dyn Source,
    left: u64,
    is_spent: &'a Cell<bool>,
}

impl<'a> Budget<'a> {
    /// `is_spent` tells afterwards whether more was wanted than `bytes`.
    pub fn new(file: &'a mut dyn Source, bytes: u64, is_spent: &'a Cell<bool>) -> Self {
        Self { file, left: bytes, is_spent }
    }
}

impl Read for Budget<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                self.is_spent.set(true);
                return Err(io::Error::other("the directory of the archive is too large"));
            }
        }
        Ok(count)
    }
}

impl Seek for Budget<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Counts the bytes of each tag and text, which the parser holds in memory as a whole.
#[derive(Debug)]
pub struct Metered<R> {
    inner: R,
    /// Bytes of the tag or text being read.
    event: usize,
    longest: usize,
    is_overrun: bool,
}

impl<R> Metered<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, event: 0, longest: LONGEST_EVENT, is_overrun: false }
    }

    /// Another tag or text begins.
    pub fn next_event(&mut self) {
        self.event = 0;
    }

    /// What follows is held by nobody.
    pub fn unlimited(&mut self) {
        self.longest = usize::MAX;
        self.event = 0;
    }

    /// Whether reading failed since a tag or text was too long.
    pub fn is_overrun(&self) -> bool {
        self.is_overrun
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.event > self.longest {
            self.is_overrun = true;
            return Err(io::Error::other("a tag or text is too long"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.event = self.event.saturating_add(amount);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
