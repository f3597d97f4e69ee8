//! `_x000D_` in the strings of a workbook is a character that XML cannot hold (ECMA-376, 22.9.2.19, ST_Xstring).

use std::borrow::Cow;

/// The text with its escapes read. NUL is dropped: no reader of text files takes it.
pub fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") && !text.contains('\0') {
        return Cow::Borrowed(text);
    }
    let mut read = String::with_capacity(text.len());
    // The first half of a character that is written as two escapes.
    let mut half: Option<u16> = None;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let Some(unit) = escape(rest) else {
            put(&mut read, half.take().map(|_| char::REPLACEMENT_CHARACTER));
            put(&mut read, Some(next));
            rest = &rest[next.len_utf8()..];
            continue;
        };
        rest = &rest[ESCAPE..];
        if let Some(first) = half.take() {
            if let Some(Ok(character)) = char::decode_utf16([first, unit]).next() {
                put(&mut read, Some(character));
                continue;
            }
            put(&mut read, Some(char::REPLACEMENT_CHARACTER));
        }
        match char::decode_utf16([unit]).next() {
            Some(Ok(character)) => put(&mut read, Some(character)),
            _ if (0xd800..0xdc00).contains(&unit) => half = Some(unit),
            _ => put(&mut read, Some(char::REPLACEMENT_CHARACTER)),
        }
    }
    put(&mut read, half.map(|_| char::REPLACEMENT_CHARACTER));
    Cow::Owned(read)
}

const ESCAPE: usize = "_x0000_".len();

fn put(text: &mut String, character: Option<char>) {
    text.extend(character.filter(|character| *character != '\0'));
}

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
        assert_eq!(decoded("_x00é_"), "_x00é_");
    }
}
