//! Text as people type it, and the form it is compared in.
//!
//! A stored text is the cell without surrounding white space ([`trim_cell`]); everything inside stays. Comparing,
//! searching and sorting use folded forms that are never stored in its place: [`fold`] ignores case, accents, width
//! and the spelling of spaces; [`comparison_form`] ignores punctuation as well.
//!
//! Other scripts than Latin are folded within their script and never transliterated: a Latin spelling of a Chinese or
//! Russian name is a guess, and two names that differ must not become equal. Umlauts fold to their base letter
//! (`Müller` = `Muller`), not to the two-letter spelling (`Mueller`).

use std::borrow::Cow;

use deunicode::deunicode_char;
use unicode_normalization::UnicodeNormalization;

/// The cell without surrounding white space. White space here includes the no-break spaces, and the invisible
/// characters that spreadsheets and web pages leave at the ends: byte order mark, zero-width space, word joiner and
/// the direction marks. Zero-width (non-)joiners are part of a word in several scripts and stay.
pub fn trim_cell(cell: &str) -> &str {
    let bytes = cell.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first(), bytes.last())
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return cell;
    }
    cell.trim_matches(|c: char| c.is_whitespace() || is_invisible_edge(c))
}

const fn is_invisible_edge(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{00ad}')
}

/// The comparison form of a text: compatibility forms resolved, accents stripped, lower case, typographic quotes and
/// dashes plain, control and zero-width characters gone, white space runs one space, none at the ends. Idempotent.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        for byte in text.bytes() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => push_space(&mut folded),
                0..=0x1f | 0x7f => {}
                _ => folded.push(char::from(byte.to_ascii_lowercase())),
            }
        }
    } else {
        for c in text.nfkd().flat_map(char::to_lowercase) {
            push_folded(&mut folded, c);
        }
        // Composed again, so that Hangul and kana take one character a syllable.
        if !folded.is_ascii() {
            folded = recompose(&folded);
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

/// Lower-casing and transliteration can give characters that have a decomposition of their own (`ẚ`, `ŉ`): a second
/// decomposition settles them, then the text is composed.
fn recompose(folded: &str) -> String {
    let mut settled = String::with_capacity(folded.len());
    for c in folded.nfkd().flat_map(char::to_lowercase) {
        push_folded(&mut settled, c);
    }
    settled.nfc().collect()
}

fn push_space(folded: &mut String) {
    if !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

fn push_folded(folded: &mut String, c: char) {
    match c {
        _ if c.is_whitespace() => push_space(folded),
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{02bc}' | '\u{02b9}' | '\u{02bb}' | '\u{00b4}' | '`' => {
            folded.push('\'')
        }
        '\u{201c}'..='\u{201f}' | '\u{00ab}' | '\u{00bb}' => folded.push('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => folded.push('-'),
        'ς' => folded.push('σ'),
        _ if c.is_control() || is_stripped_mark(c) || is_invisible_edge(c) => {}
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => {}
        _ if is_latin_beyond_ascii(c) => match deunicode_char(c) {
            Some(plain) => folded.extend(plain.chars().flat_map(char::to_lowercase)),
            None => folded.push(c),
        },
        _ => folded.push(c),
    }
}

/// Accents of Latin, Greek and Cyrillic, Hebrew points and Arabic vowel signs. The vowel signs of Indic scripts and
/// the voicing marks of kana make another letter and stay.
const fn is_stripped_mark(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05bd}' | '\u{05bf}' | '\u{05c1}'..='\u{05c2}'
        | '\u{05c4}'..='\u{05c5}' | '\u{05c7}' | '\u{0610}'..='\u{061a}' | '\u{064b}'..='\u{065f}' | '\u{0670}'
        | '\u{0640}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Letters of the Latin blocks that have no decomposition (`ß`, `ø`, `ł`, `đ`, `ı`).
const fn is_latin_beyond_ascii(c: char) -> bool {
    matches!(c, '\u{00c0}'..='\u{024f}' if !matches!(c, '×' | '÷'))
        || matches!(c, '\u{0250}'..='\u{02af}' | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
}

/// The words of a folded text: runs of letters, digits and the marks that belong to letters.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !is_word_character(c)).filter(|word| !word.is_empty())
}

fn is_word_character(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
    }
}

/// The folded words joined by one space, apostrophes dropped (`O'Brien` = `OBrien`). A text without any letter or
/// digit keeps its folded form, so that only white space compares as empty. Idempotent.
pub fn comparison_form(text: &str) -> String {
    let folded = fold(text);
    if folded.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return folded;
    }
    let unquoted: Cow<'_, str> =
        if folded.contains('\'') { folded.replace('\'', "").into() } else { (&*folded).into() };
    let mut form = String::with_capacity(unquoted.len());
    for word in words(&unquoted) {
        if !form.is_empty() {
            form.push(' ');
        }
        form.push_str(word);
    }
    if form.is_empty() { folded } else { form }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_loses_only_what_surrounds_it() {
        assert_eq!(trim_cell("  a  b\u{a0}"), "a  b");
        assert_eq!(trim_cell("\u{feff}Anna\u{200b}"), "Anna");
        assert_eq!(trim_cell("\u{200e} \u{3000}x\u{2060}y "), "x\u{2060}y");
        assert_eq!(trim_cell(" \t\r\n"), "");
        assert_eq!(trim_cell("a\u{0}b"), "a\u{0}b");
    }

    #[test]
    fn folding_ignores_case_accents_width_and_spelling_of_spaces() {
        for (left, right) in [
            ("Ångström", "ANGSTROM"),
            ("Straße", "STRASSE"),
            ("Łódź", "lodz"),
            ("Øyvind Ærø", "oyvind aero"),
            ("İstanbul", "istanbul"),
            ("ﬁne", "FINE"),
            ("Ｔｏｋｙｏ", "tokyo"),
            ("O’Brien", "o'brien"),
            ("Jean–Luc", "jean-luc"),
            ("ΣΟΦΟΣ", "σοφος"),
            ("a\u{a0}\u{2003} b", "A B"),
            ("zero\u{200b}width", "zerowidth"),
            ("e\u{301}", "é"),
            ("Ёлка", "елка"),
            ("김민준", "\u{1100}\u{1175}\u{11b7}\u{1106}\u{1175}\u{11ab}\u{110c}\u{116e}\u{11ab}"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} {right}");
        }
    }

    #[test]
    fn folding_keeps_other_scripts_apart() {
        assert_ne!(fold("か"), fold("が"));
        assert_ne!(fold("कि"), fold("कु"));
        assert_eq!(fold("Иван"), "иван");
        assert_eq!(fold("東京"), "東京");
    }

    #[test]
    fn comparison_form_ignores_punctuation() {
        assert_eq!(comparison_form("O'Brien-Smith, J.R."), "obrien smith j r");
        assert_eq!(comparison_form("Anna"), "anna");
        assert_eq!(comparison_form(" !!! "), "!!!");
        assert_eq!(comparison_form("  "), "");
    }

    proptest! {
        #[test]
        fn forms_are_idempotent(text in "\\PC*|[\\x00-\\x{17f}\\x{1e00}-\\x{1fff}\\x{300}-\\x{370}]{0,12}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
            let form = comparison_form(&text);
            prop_assert_eq!(comparison_form(&form), form);
            let trimmed = trim_cell(&text);
            prop_assert_eq!(trim_cell(trimmed), trimmed);
        }

        #[test]
        fn folding_ignores_the_case_of_latin_text(text in "[a-zA-Zäöüéèçñøł '.-]*") {
            prop_assert_eq!(fold(&text), fold(&text.to_uppercase()));
        }
    }
}
