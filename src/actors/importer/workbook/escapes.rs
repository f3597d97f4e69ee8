//! `_x000D_` in the strings of a workbook is a character that XML cannot hold (ECMA-376, 22.9.2.19, ST_Xstring).

use std::borrow::Cow;

/// The text with its escapes read. NUL is dropped: no reader of text files takes it.
pub fn decoded(text: &str) -> Cow<'_, str> {
    match with_nul(text) {
        text if text.contains('\0') => Cow::Owned(text.replace('\0', "")),
        text => text,
    }
}

/// The same with every NUL, as an export of ours means it.
pub fn with_nul(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut read = String::with_capacity(text.len());
    // The first half of a character that is written as two escapes.
    let mut half: Option<u16> = None;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let Some(unit) = escape(rest) else {
            read.extend(half.take().map(|_| char::REPLACEMENT_CHARACTER));
            read.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        rest = &rest[ESCAPE..];
        if let Some(first) = half.take() {
            if let Some(Ok(character)) = char::decode_utf16([first, unit]).next() {
                read.push(character);
                continue;
            }
            read.push(char::REPLACEMENT_CHARACTER);
        }
        match char::decode_utf16([unit]).next() {
            Some(Ok(character)) => read.push(character),
            _ if (0xd800..0xdc00).contains(&unit) => half = Some(unit),
            _ => read.push(char::REPLACEMENT_CHARACTER),
        }
    }
    read.extend(half.map(|_| char::REPLACEMENT_CHARACTER));
    Cow::Owned(read)
}

const ESCAPE: usize = "_x0000_".len();

fn escape(text: &str) -> Option<u16> {
    let escape = text.as_bytes().get(..ESCAPE)?;
    let digits = escape.strip_prefix(b"_x")?.strip_suffix(b"_")?;
    digits.iter().try_fold(0_u16, |unit, digit| Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_once_and_from_the_left() {
        assert_eq!(decoded("a_x000D_b_x000a_c"), "a\rb\nc");
        assert_eq!(decoded("_x005F_x000D_"), "_x000D_");
        assert_eq!(decoded("snake_x_case_x00_ü_xZZZZ_"), "snake_x_case_x00_ü_xZZZZ_");
        assert_eq!(decoded("_xD83C__xDF54_!"), "🍔!");
        assert_eq!(decoded("_xD83C_!_xDF54_"), "\u{fffd}!\u{fffd}");
        assert_eq!(decoded("_xD83C__xD83C__xDF54_"), "\u{fffd}🍔");
        assert_eq!(decoded("a_x0000_b\0"), "ab");
        assert_eq!(with_nul("a_x0000_b_x005F_x0000_"), "a\0b_x0000_");
        assert_eq!(decoded("_x00é_"), "_x00é_");
    }
}
