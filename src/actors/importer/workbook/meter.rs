//! Readers that count, since neither the length of an archive's directory nor the sizes in it can be believed.

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

/// Why a [`Metered`] reader stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrun {
    /// More came out than the directory of the archive says.
    Size,
    /// One tag or one text is longer than any that a workbook has.
    Event,
}

/// Counts what is unpacked: the sizes in the directory may be lies.
#[derive(Debug)]
pub struct Metered<R> {
    inner: R,
    /// Bytes that may still come.
    left: u64,
    /// Bytes of the tag or text being read.
    event: usize,
    longest: usize,
    overrun: Option<Overrun>,
}

impl<R> Metered<R> {
    /// `size`: how many bytes the part has, as the archive says.
    pub fn new(inner: R, size: u64) -> Self {
        Self { inner, left: size, event: 0, longest: LONGEST_EVENT, overrun: None }
    }

    /// Another tag or text begins.
    pub fn next_event(&mut self) {
        self.event = 0;
    }

    /// From here on only the size counts.
    pub fn unlimited_event(&mut self) {
        self.longest = usize::MAX;
        self.event = 0;
    }

    pub fn overrun(&self) -> Option<Overrun> {
        self.overrun
    }

    fn stop(&mut self, overrun: Overrun) -> io::Error {
        self.overrun = Some(overrun);
        io::Error::other("more than is allowed")
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.event > self.longest {
            return Err(self.stop(Overrun::Event));
        }
        let available = self.inner.fill_buf()?.len();
        if available as u64 > self.left {
            return Err(self.stop(Overrun::Size));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
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
