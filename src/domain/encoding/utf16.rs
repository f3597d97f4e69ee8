//! UTF-16 without a byte order mark.

use crate::domain::delimited::begins_as_an_export;

/// Which half of the units is the high one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// The byte order of `head`, the first bytes of a text, where they are UTF-16.
///
/// Text in other encodings has no zero byte. A table has line ends, blanks and delimiters in every script, and read the
/// wrong way round they are characters that hardly anybody writes.
pub(super) fn byte_order(head: &[u8]) -> Option<ByteOrder> {
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    // Plain text with a few zero bytes in it is damaged; UTF-16 of such letters has one in two.
    let is_plain = |byte: &u8| matches!(byte, 0 | b'\t' | b'\n' | b'\r' | b' '..=b'~');
    // A text of an export may hold one that somebody stored.
    if zeros == 0 || begins_as_an_export(head) || zeros * 4 < head.len() && head.iter().all(is_plain) {
        return None;
    }
    let units = |read: fn([u8; 2]) -> u16| head.chunks_exact(2).map(move |unit| read([unit[0], unit[1]]));
    let marks = |read: fn([u8; 2]) -> u16| units(read).filter(|unit| is_mark(*unit)).count();
    let (little, big) = (marks(u16::from_le_bytes), marks(u16::from_be_bytes));
    let (order, read): (_, fn([u8; 2]) -> u16) = match little.cmp(&big) {
        std::cmp::Ordering::Greater => (ByteOrder::Little, u16::from_le_bytes),
        std::cmp::Ordering::Less => (ByteOrder::Big, u16::from_be_bytes),
        std::cmp::Ordering::Equal => return None,
    };
    is_text(units(read)).then_some(order)
}

fn is_mark(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| b"\r\n\t ,;|\"".contains(&byte))
}

/// Binary files have zero bytes, too; text has whole characters, and no control characters but white space.
fn is_text(units: impl Iterator<Item = u16>) -> bool {
    let (mut characters, mut odd_ones) = (0usize, 0usize);
    for character in char::decode_utf16(units) {
        characters += 1;
        let is_odd = match character {
            Ok(c) => c.is_control() && !matches!(c, '\n' | '\r' | '\t') || is_unassigned(c),
            Err(_) => true,
        };
        odd_ones += usize::from(is_odd);
    }
    // The last character may be cut.
    characters > 0 && odd_ones <= 1 + characters / 500
}

fn is_unassigned(c: char) -> bool {
    matches!(u32::from(c), 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfff0..=0xffff)
}
