//! What a word or a run of words can be within a name.

use super::vocabulary::{
    self, is_ambiguous_credential, is_conjunction, is_credential, is_generation, is_given_prefix, is_particle, is_title,
};
use crate::domain::text::fold;

/// Words that are titles and given names or words alike, and only the former when more follows.
pub fn is_ambiguous_title(word: &str) -> bool {
    !word.ends_with('.') && vocabulary::is_also_given(word)
}

pub fn words_of(text: &str) -> Vec<&str> {
    text.split(|c: char| c.is_whitespace() || c == '・').filter(|word| !matches!(*word, "" | "-" | ";")).collect()
}

pub fn push_words(part: &mut String, words: &[&str]) {
    for word in words.iter().filter(|word| !word.is_empty()) {
        if !part.is_empty() {
            part.push(' ');
        }
        part.push_str(word);
    }
}

/// How many leading words make the given name: one, or two for names like `Abd al-` and `Abu`.
pub fn given_length(words: &[&str]) -> usize {
    match words {
        [] => 0,
        [first, _, ..] if is_given_prefix(first) && words.len() > 2 => 2,
        _ => 1,
    }
}

/// Where the family name begins: at the first particle behind the given names that a chain of names follows, at the
/// first part of `Garcia y Lopez`, else at the last word.
pub fn family_start(words: &[&str], given: usize) -> usize {
    let last = words.len() - 1;
    if given > last {
        return words.len();
    }
    if let Some(at) = (given..last).find(|at| is_particle(words[*at]) && !is_initial_with_period(words[*at])) {
        return at;
    }
    // `Garcia y Lopez`: both family names, when the conjunction is written small between two of them.
    match words {
        [.., first, joint, _] if last >= given + 2 && vocabulary::joins_family_names(joint) && !is_initial(first) => {
            last - 2
        }
        _ => last,
    }
}

pub fn name_words(words: &[&str]) -> usize {
    let body = words.iter().skip_while(|word| is_title(word));
    body.filter(|word| !(is_generation(word) || is_clear_credential(word))).count()
}

/// `de la Cruz`, `van der Berg`: particles and one name.
pub fn is_particle_surname(words: &[&str]) -> bool {
    match words {
        [particles @ .., _] if !particles.is_empty() => particles.iter().all(|word| is_particle(word)),
        _ => false,
    }
}

/// `EDSON ARANTES DO`: where all is written in capitals, a particle is no degree.
pub fn is_particle_in_capitals(words: &[&str]) -> bool {
    words.last().is_some_and(|last| is_particle(last)) && words.iter().all(|word| is_capitals(word))
}

pub fn is_suffix_word(word: &str) -> bool {
    is_generation(word) || is_credential(word)
}

/// Degrees, generations and titles with what joins them, and nothing that could be a given name.
pub fn is_only_extras(words: &[&str]) -> bool {
    let is_extra = |word: &str| is_suffix_word(word) || is_title(word) && !is_ambiguous_title(word);
    words.iter().any(|word| is_extra(word)) && words.iter().all(|word| is_extra(word) || is_conjunction(word))
}

/// A degree that is not also a common name or word.
pub fn is_clear_credential(word: &str) -> bool {
    is_generation(word) && !is_initial(word)
        || is_credential(word) && !is_ambiguous_credential(word)
        || is_ambiguous_credential(word)
            && is_capitals(word)
            && word.len() > 1
            && !matches!(word, "ED" | "SA" | "SI" | "ING" | "CHA")
}

/// Degrees that are also family names count only in capitals or with dots, and only when a full name is left.
pub fn is_credential_here(word: &str, words: usize) -> bool {
    if !is_credential(word) {
        return false;
    }
    if is_ambiguous_credential(word) { words > 2 && (is_capitals(word) || word.contains('.')) } else { true }
}

/// A degree that no given or middle name can be: letters in mixed capitals or dots.
pub fn ends_a_name(word: &str) -> bool {
    is_credential(word) && !is_ambiguous_credential(word)
}

/// `John Smith, XYZ`: capitals behind a name that is not in capitals.
pub fn is_unknown_degree(part: &[&str], head: &[&str]) -> bool {
    part.len() == 1
        && is_capitals(part[0])
        && part[0].chars().count() <= 5
        && head.len() == 2
        && !head.iter().any(|word| is_capitals(word) || is_particle(word))
        && head.iter().all(|word| word.chars().next().is_some_and(char::is_uppercase))
        && !matches!(part[0], "SA")
}

pub fn is_split_degree(words: &[&str]) -> bool {
    matches!(words, [ph, d, ..] if fold(ph).trim_end_matches('.') == "ph" && fold(d).trim_end_matches('.') == "d")
}

pub fn is_capitals(word: &str) -> bool {
    word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_lowercase)
}

pub fn is_initial(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    letters.next().is_some() && letters.next().is_none()
}

pub fn is_initial_with_period(word: &str) -> bool {
    is_initial(word) && word.ends_with('.')
}

pub fn is_roman_surname(word: &str) -> bool {
    matches!(word, "Vi" | "Ii")
}
