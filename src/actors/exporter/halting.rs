//! A file that takes nothing more once the house is stopping: a workbook is packed long after its last row.

use std::io::{self, Write};

use tokio_util::sync::CancellationToken;

pub(super) struct Halting<'h, W> {
    out: W,
    halt: &'h CancellationToken,
}

impl<'h, W> Halting<'h, W> {
    pub(super) fn new(out: W, halt: &'h CancellationToken) -> Self {
        Self { out, halt }
    }
}

impl<W: Write> Write for Halting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.halt.is_cancelled() {
            return Err(io::Error::other("the house is stopping"));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
