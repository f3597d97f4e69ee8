//! Cells that a spreadsheet would run as a formula: made harmless on export, given back on import.
//!
//! Export puts one `'` before a text cell that matches `^'*[=+\-@\t\r]`, unless it is a plain number or phone
//! (`^[+-]?[0-9 ().,/-]+$`); import takes exactly one `'` away from a cell that matches `^'+[=+\-@\t\r]`
//! (contract, fine print). The two are inverse for every text.

use std::borrow::Cow;

const QUOTE: char = '\'';

/// The form of `text` that is safe in a delimited file or a sheet.
pub fn neutralise(text: &str) -> Cow<'_, str> {
    if starts_formula(text.trim_start_matches(QUOTE)) && !is_plain_number(text) {
        let mut safe = String::with_capacity(text.len() + 1);
        safe.push(QUOTE);
        safe.push_str(text);
        Cow::Owned(safe)
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of which a cell is the safe form; any other cell is its own text.
pub fn restore(cell: &str) -> &str {
    match cell.strip_prefix(QUOTE) {
        Some(rest) if starts_formula(rest.trim_start_matches(QUOTE)) => rest,
        _ => cell,
    }
}

fn starts_formula(text: &str) -> bool {
    matches!(text.as_bytes().first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

/// `^[+-]?[0-9 ().,/-]+$`: nothing in such a cell can call a function or name another cell.
fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b' ' | b'(' | b')' | b'.' | b',' | b'/' | b'-'))
    };
    // The sign is optional in the pattern: a lone `-` is read without it.
    plain(digits) || plain(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_get_one_quote_and_numbers_none() {
        for (text, safe) in [
            ("=1+1", "'=1+1"),
            ("@acme", "'@acme"),
            ("-1+1", "'-1+1"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("'=1", "''=1"),
            ("''@x", "'''@x"),
            ("+44 20 7946 0958", "+44 20 7946 0958"),
            ("-5", "-5"),
            ("-", "-"),
            ("+", "'+"),
            ("(030) 12-34/5", "(030) 12-34/5"),
            ("'tis", "'tis"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(neutralise(text), safe, "{text:?}");
            assert_eq!(restore(safe), text, "{safe:?}");
        }
    }

    #[test]
    fn import_takes_one_quote_only_before_a_formula() {
        assert_eq!(restore("'=1"), "=1");
        assert_eq!(restore("''=1"), "'=1");
        assert_eq!(restore("'-5"), "-5");
        assert_eq!(restore("'s-Hertogenbosch"), "'s-Hertogenbosch");
        assert_eq!(restore("'"), "'");
    }

    proptest! {
        #[test]
        fn every_text_survives_the_round_trip(text in "['=+@\\-\t\r 0-9a-zé(]{0,12}|\\PC{0,20}") {
            let safe = neutralise(&text);
            prop_assert_eq!(restore(&safe), text.as_str());
        }

        #[test]
        fn no_exported_cell_starts_a_formula_unless_it_is_a_number(text in "['=+@\\-\t\r 0-9a-z(]{0,12}") {
            let safe = neutralise(&text);
            prop_assert!(!starts_formula(&safe) || is_plain_number(&safe));
        }
    }
}
