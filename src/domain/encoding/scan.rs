//! One look over all bytes of a file.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use super::refine::{Evidence, refine};
use super::utf16::{ByteOrder, byte_order};
use super::{EncodingGuess, TextEncoding};

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
/// Enough to know UTF-16 by.
const HEAD_BYTES: usize = 16 << 10;
/// How much text beyond ASCII is weighed: more does not change the guess.
const WEIGHED_BYTES: usize = 2 << 20;
/// Text that is UTF-8 so far is not weighed, which is slow. So much of it is held until that is certain.
const HELD_BYTES: usize = 64 << 10;
/// Among how many characters of UTF-8 one broken byte is a stray one. By chance legacy text holds some that look like
/// UTF-8, but never most.
const CHARACTERS_PER_STRAY: u64 = 4;

/// Takes the bytes of a file in pieces; see the module.
pub struct EncodingScan {
    head: Vec<u8>,
    utf8: Utf8Count,
    /// Bytes of a character that the last piece cut.
    cut: Vec<u8>,
    detector: EncodingDetector,
    /// It is no UTF-8, or has escapes.
    is_weighed: bool,
    held: Vec<u8>,
    weighed: usize,
    evidence: Evidence,
    lines: u64,
    /// Nothing but ASCII so far.
    is_ascii: bool,
}

#[derive(Debug, Default)]
struct Utf8Count {
    /// Characters beyond ASCII.
    characters: u64,
    strays: u64,
    first_stray_line: Option<u64>,
}

impl Default for EncodingScan {
    fn default() -> Self {
        Self {
            head: Vec::new(),
            utf8: Utf8Count::default(),
            cut: Vec::new(),
            detector: EncodingDetector::new(Iso2022JpDetection::Allow),
            is_weighed: false,
            held: Vec::new(),
            weighed: 0,
            evidence: Evidence::default(),
            lines: 0,
            is_ascii: true,
        }
    }
}

impl EncodingScan {
    /// Takes the next bytes.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.head.len() < HEAD_BYTES {
            let most = (HEAD_BYTES - self.head.len()).min(piece.len());
            self.head.extend_from_slice(&piece[..most]);
        }
        // Most files are ASCII, which needs no weighing. Behind the first other byte it does: it may be half a character.
        self.is_ascii = self.is_ascii && piece.is_ascii() && !piece.contains(&0x1b);
        if self.is_ascii {
            return self.count_lines(piece);
        }
        let was_weighed = self.is_weighed;
        self.is_weighed |= piece.contains(&0x1b);
        if self.cut.is_empty() {
            self.validate(piece);
        } else {
            let mut joined = std::mem::take(&mut self.cut);
            joined.extend_from_slice(piece);
            self.validate(&joined);
        }
        self.is_weighed |= self.utf8.strays > 0;
        if self.is_weighed {
            if !was_weighed {
                let held = std::mem::take(&mut self.held);
                self.weigh(&held);
            }
            self.weigh(piece);
        } else if self.held.len() < HELD_BYTES {
            self.held.extend_from_slice(piece);
        }
    }

    fn weigh(&mut self, piece: &[u8]) {
        if self.weighed < WEIGHED_BYTES {
            self.weighed += piece.len();
            self.detector.feed(piece, false);
            self.evidence.weigh(piece);
        }
    }

    /// What the bytes are.
    pub fn finish(mut self) -> EncodingGuess {
        let cut = std::mem::take(&mut self.cut);
        for _ in &cut {
            self.stray();
        }
        if !self.is_weighed {
            let held = std::mem::take(&mut self.held);
            self.weigh(&held);
        }
        if let Some(guess) = self.marked() {
            return guess;
        }
        if let Some(order) = byte_order(&self.head) {
            return EncodingGuess::of(match order {
                ByteOrder::Little => TextEncoding::UTF_16LE,
                ByteOrder::Big => TextEncoding::UTF_16BE,
            });
        }
        let Utf8Count { characters, strays, .. } = self.utf8;
        if strays > 0 && characters >= strays.saturating_mul(CHARACTERS_PER_STRAY) {
            return self.utf8_guess(0);
        }
        self.detector.feed(b"", true);
        let guessed = self.detector.guess(None, if strays == 0 { Utf8Detection::Allow } else { Utf8Detection::Deny });
        // ISO-2022-JP is made of ASCII bytes; whatever else has no stray is UTF-8.
        if strays == 0 && guessed != encoding_rs::ISO_2022_JP {
            return EncodingGuess::of(TextEncoding::UTF_8);
        }
        EncodingGuess::of(TextEncoding(refine(guessed, self.evidence)))
    }

    fn marked(&self) -> Option<EncodingGuess> {
        if self.head.starts_with(UTF_8_MARK) {
            return Some(self.utf8_guess(UTF_8_MARK.len()));
        }
        let encoding = match self.head.get(..2)? {
            [0xff, 0xfe] => TextEncoding::UTF_16LE,
            [0xfe, 0xff] => TextEncoding::UTF_16BE,
            _ => return None,
        };
        Some(EncodingGuess { mark: 2, ..EncodingGuess::of(encoding) })
    }

    fn utf8_guess(&self, mark: usize) -> EncodingGuess {
        let Utf8Count { strays, first_stray_line, .. } = self.utf8;
        EncodingGuess { encoding: TextEncoding::UTF_8, mark, strays, first_stray_line }
    }

    /// Counts the characters and the bytes that belong to none.
    fn validate(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let (valid, error) = match std::str::from_utf8(rest) {
                Ok(text) => (text, None),
                Err(error) => {
                    let valid = rest.get(..error.valid_up_to()).unwrap_or_default();
                    (std::str::from_utf8(valid).unwrap_or_default(), Some(error))
                }
            };
            self.utf8.characters += valid.chars().filter(|c| !c.is_ascii()).count() as u64;
            self.count_lines(valid.as_bytes());
            rest = &rest[valid.len()..];
            match error.map(|error| error.error_len()) {
                None => return,
                // More bytes may complete it.
                Some(None) => {
                    self.cut = rest.to_vec();
                    return;
                }
                Some(Some(length)) => {
                    for _ in 0..length {
                        self.stray();
                    }
                    rest = &rest[length..];
                }
            }
        }
    }

    fn stray(&mut self) {
        self.utf8.strays += 1;
        self.utf8.first_stray_line.get_or_insert(self.lines + 1);
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
}
