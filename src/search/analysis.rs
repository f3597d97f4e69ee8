//! How text becomes terms: folded (accents, case, width), cut into words, or kept whole as a keyword.
//!
//! The same functions run over leads and over what people type. Documents carry folded text already, so that the
//! index thread only has to cut it ([`FoldedWords`]).

use std::borrow::Cow;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::text::fold as comparable;

/// The longest word of the index in bytes; a longer one is found by its beginning.
const MAX_WORD_BYTES: usize = 120;
/// The longest keyword kept readable, in bytes; of a longer one the beginning and a hash of the whole are kept.
const MAX_KEYWORD_BYTES: usize = 240;

/// Text for comparison: compatibility forms, marks and invisible characters removed, lower-case. Idempotent.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkd() {
        for lower in character.to_lowercase() {
            // Lower-casing can give new compositions (for example of capital I with a dot), hence the second pass.
            for part in std::iter::once(lower).nfkd() {
                push_folded(part, &mut folded);
            }
        }
    }
    Cow::Owned(folded)
}

fn push_folded(character: char, out: &mut String) {
    match character {
        // Zero-width and soft characters do not show and must not separate.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {}
        'ß' => out.push_str("ss"),
        'æ' => out.push_str("ae"),
        'œ' => out.push_str("oe"),
        'þ' => out.push_str("th"),
        'ø' => out.push('o'),
        'đ' | 'ð' => out.push('d'),
        'ł' => out.push('l'),
        'ħ' => out.push('h'),
        'ŧ' => out.push('t'),
        'ı' => out.push('i'),
        'ς' => out.push('σ'),
        '\u{660}'..='\u{669}' => out.push(digit(character, 0x660)),
        '\u{6f0}'..='\u{6f9}' => out.push(digit(character, 0x6f0)),
        '\u{966}'..='\u{96f}' => out.push(digit(character, 0x966)),
        mark if is_combining_mark(mark) => {}
        other => out.push(other),
    }
}

fn digit(character: char, zero: u32) -> char {
    char::from_digit(character as u32 - zero, 10).unwrap_or(character)
}

/// The words of a folded text with their byte ranges left out. Scripts written without spaces give one word a
/// character, so that any run of them can be found as a phrase.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    let mut rest = folded;
    std::iter::from_fn(move || {
        let (word, after) = next_word(rest)?;
        rest = after;
        Some(word)
    })
}

/// The first word of `text`, not longer than a term may be, and what follows it.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let start = text.find(char::is_alphanumeric)?;
    let text = &text[start..];
    let mut end = text.len();
    for (place, character) in text.char_indices() {
        if is_unspaced(character) {
            end = if place == 0 { character.len_utf8() } else { place };
            break;
        }
        if !character.is_alphanumeric() {
            end = place;
            break;
        }
    }
    let (word, after) = text.split_at(end);
    Some((beginning(word, MAX_WORD_BYTES), after))
}

/// Whether a character is a word of its own, so that nothing is missing at its end.
pub fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3134f}')
}

/// The longest beginning of `text` of at most `bytes` bytes that ends between characters.
fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// A value as one term, folded as filters compare it. Two values share a term only if they are equal when folded.
pub fn keyword(text: &str) -> Cow<'_, str> {
    whole_term(Cow::Owned(comparable(text)))
}

/// A text as a term of bounded length that no other text shares.
pub fn whole_term(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        long if long.len() > MAX_KEYWORD_BYTES => {
            let hash = blake3::hash(long.as_bytes()).to_hex();
            Cow::Owned(format!("{}\u{1}{}", beginning(&long, MAX_KEYWORD_BYTES), &hash[..32]))
        }
        short => short,
    }
}

/// A folded beginning of a value, for comparing with the beginnings of keywords.
pub fn keyword_prefix(text: &str) -> String {
    beginning(&comparable(text), MAX_KEYWORD_BYTES).to_owned()
}

/// The ASCII digits of a folded text.
pub fn digits(folded: &str) -> String {
    folded.chars().filter(char::is_ascii_digit).collect()
}

/// Cuts text that is folded already into [`words`]; the only tokenizer of the catch-all field.
#[derive(Clone, Default)]
pub struct FoldedWords {
    token: Token,
}

impl FoldedWords {
    pub const NAME: &str = "folded_words";
}

impl Tokenizer for FoldedWords {
    type TokenStream<'a> = FoldedWordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> FoldedWordStream<'a> {
        self.token.reset();
        FoldedWordStream { rest: text, length: text.len(), token: &mut self.token }
    }
}

pub struct FoldedWordStream<'a> {
    rest: &'a str,
    length: usize,
    token: &'a mut Token,
}

impl TokenStream for FoldedWordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((word, after)) = next_word(self.rest) else { return false };
        self.token.text.clear();
        self.token.text.push_str(word);
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_to = self.length - after.len();
        self.token.offset_from = self.token.offset_to.saturating_sub(word.len());
        self.rest = after;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_case_and_width_do_not_matter() {
        for (given, folded) in [
            ("Łukasz Żółć", "lukasz zolc"),
            ("GROẞ Straße", "gross strasse"),
            ("Søren Ærø", "soren aero"),
            ("ＡＣＭＥ ﬁn", "acme fin"),
            ("İstanbul ıssız", "istanbul issiz"),
            ("Ζωής ΖΩΗΣ", "ζωησ ζωησ"),
            ("an\u{200b}na\u{ad}", "anna"),
            ("٠٣٠ 12３", "030 123"),
        ] {
            assert_eq!(fold(given), folded);
        }
    }

    #[test]
    fn words_end_at_punctuation_and_between_ideographs() {
        assert_eq!(words("o'brien-smith, vp (sales)").collect::<Vec<_>>(), ["o", "brien", "smith", "vp", "sales"]);
        assert_eq!(words("李小龙kung fu").collect::<Vec<_>>(), ["李", "小", "龙", "kung", "fu"]);
        assert_eq!(words(" -- ").count(), 0);
    }

    #[test]
    fn long_keywords_stay_apart() {
        let (left, right) = ("x".repeat(9_000) + "a", "x".repeat(9_000) + "b");
        assert_ne!(keyword(&left), keyword(&right));
        assert!(keyword(&left).len() < 300);
        assert!(keyword(&left).starts_with(&keyword_prefix(&left)));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }

        #[test]
        fn the_tokenizer_gives_the_words(text in any::<String>()) {
            let folded = fold(&text).into_owned();
            let mut tokenizer = FoldedWords::default();
            let mut stream = tokenizer.token_stream(&folded);
            let mut tokens = Vec::new();
            while stream.advance() {
                tokens.push(stream.token().text.clone());
            }
            prop_assert_eq!(tokens, words(&folded).map(str::to_owned).collect::<Vec<_>>());
        }
    }
}
