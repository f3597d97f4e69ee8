//! Company names without their legal form: `Acme GmbH & Co. KG`, `ACME` and `Acme, Inc.` are compared as one.
//!
//! The stored name keeps its legal form. [`base_name`] is what a person would call the company; [`comparison_key`]
//! folds it further and is never shown. Neither is ever empty for a name that is not (`LLC`, `Ltd. & Co.`).

mod legal_forms;

use std::ops::Range;

use super::text::{comparison_form, fold, trim_cell, words};
use legal_forms::{ATTACHED, MAX_WORDS, is_beginning, is_ending};

/// The name as given without its legal form and what only joined that form to it; white space runs are one space.
/// "Company" is a word of the name here (`The Example Company Ltd` is `The Example Company`).
pub fn base_name(name: &str) -> String {
    let words = Words::of(name);
    let kept = words.without_legal_form(false);
    joined(&words.given[kept])
}

/// The legal form that [`base_name`] takes away, as given: `GmbH & Co. KG`. `None` where it takes nothing.
pub fn legal_form(name: &str) -> Option<String> {
    let words = Words::of(name);
    let kept = words.without_legal_form(false);
    // At the end; some countries put it in front (`PT`, `OOO`).
    let sides = [&words.given[kept.end..], &words.given[..kept.start]];
    let has_letter = |word: &&&str| word.chars().any(char::is_alphanumeric);
    sides.into_iter().find(|side| side.iter().any(|word| has_letter(&word))).map(|side| {
        let from = side.iter().position(|word| has_letter(&word)).unwrap_or_default();
        joined(&side[from..])
    })
}

/// What two spellings of one company have in common: the folded base name, also without "Company", "Co" and a leading
/// "The", `&` and `+` as "and", initials without dots (`I.B.M.` = `IBM`).
pub fn comparison_key(name: &str) -> String {
    let bare = without_attached_form(name);
    let words = Words::of(&bare);
    let mut kept = words.without_legal_form(true);
    if kept.len() > 1 && words.key(kept.start) == "the" {
        kept.start += 1;
    }
    let mut key = String::with_capacity(name.len());
    for place in kept {
        push_comparison_words(&mut key, words.given[place], words.key(place));
    }
    if key.is_empty() { comparison_form(name) } else { key }
}

/// The words of a name with their keys: folded, letters and digits only. All keys share one text.
struct Words<'a> {
    given: Vec<&'a str>,
    keys: String,
    /// Where each key ends.
    ends: Vec<usize>,
}

impl<'a> Words<'a> {
    fn of(name: &'a str) -> Self {
        let given: Vec<&str> = trim_cell(name).split_whitespace().collect();
        let mut keys = String::with_capacity(name.len());
        let mut ends = Vec::with_capacity(given.len());
        for word in &given {
            if word.is_ascii() {
                keys.extend(
                    word.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())),
                );
            } else {
                keys.extend(fold(word).chars().filter(|c| c.is_alphanumeric()));
            }
            ends.push(keys.len());
        }
        Self { given, keys, ends }
    }

    /// The keys of a run of words, without anything between them.
    fn keys(&self, run: Range<usize>) -> &str {
        let start = if run.start == 0 { 0 } else { self.ends[run.start - 1] };
        &self.keys[start..run.end.checked_sub(1).map_or(start, |last| self.ends[last].max(start))]
    }

    fn key(&self, place: usize) -> &str {
        self.keys(place..place + 1)
    }

    /// The words that are left when legal forms are taken from the end, longest first and as often as there are any,
    /// and from the start. All of them when nothing would be left.
    fn without_legal_form(&self, also_company: bool) -> Range<usize> {
        let mut end = self.given.len();
        loop {
            // What joined a form to the name: `& Co`, a comma standing alone.
            while end > 0 && self.key(end - 1).is_empty() && (end < self.given.len() || self.given[end - 1].is_ascii())
            {
                end -= 1;
            }
            let form = (end.saturating_sub(MAX_WORDS)..end).find(|start| {
                let key = self.keys(*start..end);
                is_ending(key) && (also_company || !key.starts_with("company")) && !self.key(*start).is_empty()
            });
            if let Some(start) = form {
                // `QSC AG`: the letters in front of a form are the name, although they are a form elsewhere.
                if start == 0 && end < self.given.len() && is_acronym(self.given[0]) {
                    break;
                }
                end = start;
                continue;
            }
            // `& Co`, `und Co`: the joint goes with the form.
            if end > 1
                && end < self.given.len()
                && matches!(self.key(end - 1), "and" | "und" | "u" | "et" | "y")
                && self.keys(end..self.given.len()).starts_with("co")
            {
                end -= 1;
                continue;
            }
            break;
        }
        let start = usize::from(end > 1 && is_beginning(self.key(0)));
        let has_name = (start..end).any(|place| !self.key(place).is_empty());
        if has_name { start..end } else { 0..self.given.len() }
    }
}

/// `QSC`, and not `LTD.` or `AG`.
fn is_acronym(word: &str) -> bool {
    word.len() == 3
        && word.bytes().all(|byte| byte.is_ascii_uppercase())
        && !matches!(word, "INC" | "LLC" | "LLP" | "LTD" | "PLC")
}

/// The words joined, without the punctuation that stood before the legal form or around the name.
fn joined(words: &[&str]) -> String {
    let name = words.join(" ");
    let end = name.trim_end_matches([',', ';', '-', '–', '/', '&', '|', ' ']);
    let bare = end.trim_start_matches([',', ';', '-', '–', '/', '|', ' ']);
    let quoted = bare.strip_prefix(['"', '«', '„', '“']).and_then(|rest| rest.strip_suffix(['"', '»', '“', '”']));
    let bare = quoted.map_or(bare, str::trim);
    if bare.is_empty() { name } else { bare.to_owned() }
}

fn push_comparison_words(key: &mut String, word: &str, word_key: &str) {
    let mut push = |part: &str| {
        if !part.is_empty() {
            if !key.is_empty() {
                key.push(' ');
            }
            key.push_str(part);
        }
    };
    if word.bytes().all(|b| b.is_ascii_alphanumeric()) || is_dotted_abbreviation(word) {
        return push(word_key);
    }
    if matches!(word, "&" | "+" | "＆") {
        return push("and");
    }
    let folded = fold(word).replace('\'', "");
    let folded = if folded.contains(['&', '+']) { folded.replace(['&', '+'], " and ") } else { folded };
    for part in words(&folded) {
        push(part);
    }
}

/// `A.B.C.`, `I.B.M`: single letters between dots.
fn is_dotted_abbreviation(word: &str) -> bool {
    word.contains('.')
        && word.split('.').all(|part| part.chars().count() <= 1)
        && word.chars().all(|c| c == '.' || c.is_alphanumeric())
}

/// East Asian and Hebrew forms stand before or behind the name without a space.
fn without_attached_form(name: &str) -> std::borrow::Cow<'_, str> {
    let trimmed = trim_cell(name);
    if trimmed.is_ascii() {
        return trimmed.into();
    }
    let mut bare = trimmed;
    for form in ATTACHED {
        bare = bare.strip_suffix(form).or_else(|| bare.strip_prefix(form)).unwrap_or(bare).trim();
    }
    if bare.is_empty() { trimmed.into() } else { bare.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_legal_form_is_told_as_it_stands() {
        for (name, form) in [
            ("Acme GmbH & Co. KG", Some("GmbH & Co. KG")),
            ("Acme, Inc.", Some("Inc.")),
            ("Acme (Pty) Ltd", Some("(Pty) Ltd")),
            ("PT Telkom", Some("PT")),
            ("Acme", None),
            ("LLC", None),
            ("", None),
        ] {
            assert_eq!(legal_form(name).as_deref(), form, "{name}");
        }
    }

    #[test]
    fn legal_forms_come_off_the_end() {
        for (name, base) in [
            ("Acme GmbH", "Acme"),
            ("Acme GmbH & Co. KG", "Acme"),
            ("Acme Gesellschaft mit beschränkter Haftung", "Acme"),
            ("Müller & Söhne OHG", "Müller & Söhne"),
            ("Acme, Inc.", "Acme"),
            ("Acme L.L.C.", "Acme"),
            ("Acme S. p. A.", "Acme"),
            ("Acme S.A. de C.V.", "Acme"),
            ("Acme Sp. z o.o.", "Acme"),
            ("Acme A/S", "Acme"),
            ("Acme Pty. Ltd.", "Acme"),
            ("Acme (Pty) Ltd", "Acme"),
            ("Acme Co., Ltd.", "Acme"),
            ("Acme Sdn. Bhd.", "Acme"),
            ("Acme San. ve Tic. A.Ş.", "Acme"),
            ("ООО «Ромашка»", "Ромашка"),
            ("PT Telkom Tbk", "Telkom"),
            ("LLC", "LLC"),
            ("QSC AG", "QSC"),
            ("Acme GmbH u. Co. KG", "Acme"),
            ("Oy Acme Ab", "Acme"),
            ("UAB \"Acme\"", "Acme"),
            ("Dupont & Cie", "Dupont"),
            ("Acme Public Joint Stock Company", "Acme"),
            ("Acme Sh.p.k.", "Acme"),
            ("Ltd. & Co.", "Ltd. & Co."),
            ("SAP SE", "SAP"),
            ("A.B.C. Corp", "A.B.C."),
            ("Limited Edition Products Ltd", "Limited Edition Products"),
            ("", ""),
        ] {
            assert_eq!(base_name(name), base, "{name}");
        }
    }

    #[test]
    fn spellings_of_one_company_have_one_key() {
        for (left, right) in [
            ("Ford Motor Company", "Ford Motor Co."),
            ("The Walt Disney Company, Inc.", "Walt Disney"),
            ("Smith & Sons Ltd", "Smith and Sons"),
            ("Smith+Sons", "Smith & Sons"),
            ("I.B.M. Corp.", "IBM"),
            ("株式会社東京", "東京"),
            ("東京株式会社", "東京"),
            ("L'Oréal S.A.", "LOREAL"),
            ("Smith-Jones Ltd", "Smith Jones"),
            ("Acme GmbH & Co KG", "ACME"),
            ("Procter & Gamble Co", "Procter and Gamble"),
            ("삼성전자 주식회사", "삼성전자"),
        ] {
            assert_eq!(comparison_key(left), comparison_key(right), "{left} {right}");
        }
        assert_ne!(comparison_key("Acme North"), comparison_key("Acme South"));
        assert_ne!(comparison_key("Co"), "");
    }

    proptest! {
        #[test]
        fn names_never_become_empty_and_keys_are_stable(name in "[A-Za-zÄé&.,株式会社社' -]{0,16}( (GmbH|Inc|& Co|Ltd|S\\.A\\.|KG|Company|The|AG)\\.?){0,3}") {
            let base = base_name(&name);
            prop_assert_eq!(base.is_empty(), trim_cell(&name).is_empty());
            prop_assert_eq!(base_name(&base), base);
            let key = comparison_key(&name);
            prop_assert_eq!(key.is_empty(), trim_cell(&name).is_empty());
        }

        #[test]
        fn no_text_panics(name in "\\PC*") {
            base_name(&name);
            comparison_key(&name);
        }
    }
}
