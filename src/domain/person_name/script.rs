//! Scripts that write the family name first: Han, kana, Hangul.

pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

pub fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}')
}

pub fn is_kana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}')
}

pub fn is_katakana_word(word: &str) -> bool {
    word.chars().all(|c| matches!(c, '\u{30a0}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}'))
}

/// Scripts that write the family name first.
pub fn is_family_first(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| is_han(c) || is_hangul(c) || is_kana(c))
}

/// `威廉·莎士比亚`: a foreign name in an East Asian script keeps its order, given name first.
pub fn transcribed(word: &str) -> Option<(&str, &str)> {
    let (first, last) = word.split_once('·')?;
    (is_family_first(first) && is_family_first(last)).then_some((first, last))
}
