//! Places in a file, and how lines are counted.

/// Between two records: enough to start reading again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Bytes from the start of the file.
    pub offset: u64,
    /// The line that starts at `offset`, from 1.
    pub line: u64,
}

impl Position {
    pub const START: Self = Self { offset: 0, line: 1 };
}

/// How many lines end in `bytes`: LF, CR and CRLF each end one. A CRLF must not be cut by either end.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let count = |wanted: u8| bytes.iter().filter(|byte| **byte == wanted).count() as u64;
    let (feeds, returns) = (count(b'\n'), count(b'\r'));
    if returns == 0 {
        return feeds;
    }
    let pairs = bytes.windows(2).filter(|pair| *pair == b"\r\n").count() as u64;
    feeds + returns - pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_counts_once() {
        for (text, lines) in [("", 0), ("a", 0), ("a\nb\n", 2), ("a\rb\r", 2), ("a\r\nb\r\n", 2), ("\n\r\n\r", 3)] {
            assert_eq!(line_ends(text.as_bytes()), lines, "{text:?}");
        }
    }
}
