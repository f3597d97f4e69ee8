//! Texts of cells as a sheet can hold them: XML has no control characters, so Excel writes them as `_x000D_`, and a text
//! that looks like that already as `_x005F_x000D_` (ECMA-376, 22.9.2.19, ST_Xstring).

use std::fmt::Write as _;

/// What a cell of Excel holds, in UTF-16 units.
pub(super) const MOST_UNITS: usize = 32_767;

/// How long Excel takes a text to be.
pub(super) fn units(text: &str) -> usize {
    // No text is longer in UTF-16 than in UTF-8.
    if text.len() <= MOST_UNITS { text.len() } else { text.encode_utf16().count() }
}

/// The first piece of `text` of at most `most` units, and the rest.
pub(super) fn split_at_units(text: &str, most: usize) -> (&str, &str) {
    let mut units = 0;
    let end = text.char_indices().find(|(_, character)| {
        units += character.len_utf16();
        units > most
    });
    text.split_at(end.map_or(text.len(), |(place, _)| place))
}

/// The escaped form of a text that `rust_xlsxwriter` would escape wrongly: one that begins an escape and has it ended by
/// a character which is escaped itself. `_x0041` and a tab of the vertical kind became `_x0041_x000B_`, which is read as
/// `Ax000B_`.
pub(super) fn escaped_by_us(text: &str) -> Option<String> {
    let is_met = |(place, _): (usize, &str)| {
        let rest = &text[place..];
        begins_escape(rest) && rest[HEAD..].chars().next().is_some_and(is_escaped)
    };
    text.match_indices("_x").any(is_met).then(|| escaped(text))
}

const HEAD: usize = "_x0000".len();

fn begins_escape(text: &str) -> bool {
    let head = text.as_bytes().get(..HEAD);
    head.and_then(|head| head.strip_prefix(b"_x")).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

const fn is_escaped(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for (place, character) in text.char_indices() {
        let rest = &text[place..];
        let reads_as_escape =
            || begins_escape(rest) && rest[HEAD..].chars().next().is_some_and(|next| next == '_' || is_escaped(next));
        // Writing into a String cannot fail.
        let _infallible = match character {
            '_' if reads_as_escape() => safe.write_str("_x005F_"),
            character if is_escaped(character) => write!(safe, "_x{:04X}_", u32::from(character)),
            character => safe.write_char(character),
        };
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_read_wrongly_is_escaped_here() {
        for text in ["", "plain", "_x", "_x0041_", "a\u{b}b", "_x00g1\u{b}", "_x0041é"] {
            assert_eq!(escaped_by_us(text), None, "{text:?}");
        }
        assert_eq!(escaped_by_us("_x0041\u{b}").as_deref(), Some("_x005F_x0041_x000B_"));
        assert_eq!(escaped_by_us("_x0041_ _x00e4\u{ffff}").as_deref(), Some("_x005F_x0041_ _x005F_x00e4_xFFFF_"));
    }

    #[test]
    fn lengths_are_those_of_excel() {
        let smile = "🧪".repeat(MOST_UNITS);
        assert_eq!(units(&smile), 2 * MOST_UNITS);
        let (first, rest) = split_at_units("a🧪b", 2);
        assert_eq!((first, rest), ("a", "🧪b"));
        assert_eq!(split_at_units("ab", 2), ("ab", ""));
        assert_eq!(split_at_units("abc", 2), ("ab", "c"));
    }
}
