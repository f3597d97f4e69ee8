//! Names of persons: a full name to its parts and back.
//!
//! Follows Western usage: titles, given names, middle names, a family name with its particles (`van der Berg`), then
//! generation and degrees; or `Family, Given`. Names written in Han, kana or Hangul keep their own order, family name
//! first. A name that follows neither still loses nothing: every word lands in one of the parts.

mod vocabulary;

use std::borrow::Cow;

use super::text::{fold, trim_cell};
use vocabulary::{
    is_ambiguous_credential, is_conjunction, is_credential, is_generation, is_given_prefix, is_maiden_marker,
    is_particle, is_title, is_title_noun,
};

/// The parts of a name, each as given. Empty where the name has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonName {
    /// `Dr.`, `Frau Prof.`
    pub prefix: String,
    pub first: String,
    pub middle: String,
    /// With its particles: `van der Berg`.
    pub last: String,
    /// `Jr.`, `PhD, MBA`
    pub suffix: String,
    /// What stands in brackets or quotes.
    pub nickname: String,
    /// The name before marriage (`née Jones`).
    pub maiden: String,
}

impl PersonName {
    /// Splits a full name. An empty text gives an empty name.
    pub fn parse(full_name: &str) -> Self {
        let mut name = Self::default();
        let text = take_asides(trim_cell(full_name), &mut name);
        let text = take_maiden(&text, &mut name);
        let parts: Vec<Vec<&str>> =
            text.split([',', '，', '、']).map(words_of).filter(|part| !part.is_empty()).collect();
        let starts_with_comma = text.trim_start().starts_with(',');
        match parts.as_slice() {
            [] => {}
            [only] if starts_with_comma => name.read_given_side(only.clone()),
            [only] => name.read_in_order(only.clone()),
            [head, tail @ ..] => name.read_around_commas(head.clone(), tail),
        }
        name
    }

    /// First and last name joined in the order of their script: `Anna` + `Meier` is `Anna Meier`, `太郎` + `田中` is `田中太郎`.
    pub fn join(first: &str, last: &str) -> String {
        let (first, last) = (trim_cell(first), trim_cell(last));
        match (first.is_empty(), last.is_empty()) {
            (true, _) => last.to_owned(),
            (_, true) => first.to_owned(),
            _ if is_family_first(first) && is_family_first(last) => {
                let separator = if first.chars().chain(last.chars()).all(is_hangul)
                    || first.chars().chain(last.chars()).all(is_han)
                {
                    ""
                } else {
                    " "
                };
                format!("{last}{separator}{first}")
            }
            _ => format!("{first} {last}"),
        }
    }

    /// `Given [Middle] Family`, without title, suffix and nickname, in the order of the script.
    pub fn full(&self) -> String {
        if self.middle.is_empty() {
            return Self::join(&self.first, &self.last);
        }
        Self::join(&format!("{} {}", self.first, self.middle), &self.last)
    }

    /// `Family, Given[, Suffix …]`, or `Given Family, Suffix …`.
    fn read_around_commas(&mut self, head: Vec<&str>, tail: &[Vec<&str>]) {
        let has_full_head = name_words(&head) > 1 && !is_particle_surname(&head);
        let only_suffixes_follow = tail[0].iter().all(|word| is_suffix_word(word)) || is_split_degree(&tail[0]);
        let only_titles_follow = tail[0].iter().all(|word| is_title(word) && (word.ends_with('.') || has_full_head));
        let is_suffix_comma = if has_full_head {
            // `John Smith, MA`, but `García Márquez, Gabriel`.
            only_suffixes_follow
                || only_titles_follow
                || tail[0].iter().any(|word| is_generation(word)) && starts_with_suffix(&tail[0])
                || is_unknown_degree(&tail[0], &head)
        } else {
            // `Smith, PhD`; but `Smith, Ed`: a word that is also a given name is one here.
            tail[0].iter().all(|word| is_clear_credential(word))
                || is_split_degree(&tail[0])
                || only_titles_follow && tail[0].iter().all(|word| word.ends_with('.'))
        };
        if is_suffix_comma {
            self.read_in_order(head);
            for part in tail {
                self.push_tail(part);
            }
            if self.last.is_empty() && !self.first.is_empty() {
                self.last = std::mem::take(&mut self.first);
            }
            return;
        }
        let mut family = head;
        self.take_titles(&mut family, true);
        let mut suffixes = Vec::new();
        while family.len() > 1
            && family
                .last()
                .is_some_and(|word| is_generation(word) || is_credential(word) && !is_ambiguous_credential(word))
        {
            suffixes.extend(family.pop());
        }
        suffixes.reverse();
        push_words(&mut self.last, &family);
        push_words(&mut self.suffix, &suffixes);
        self.read_given_side(tail[0].clone());
        for part in &tail[1..] {
            self.push_tail(part);
        }
    }

    /// What stands after `Family,`: titles, given names, particles that belong to the family name, suffixes.
    fn read_given_side(&mut self, mut words: Vec<&str>) {
        self.take_titles(&mut words, false);
        let mut suffixes = Vec::new();
        loop {
            match words.as_slice() {
                [.., ph, d] if words.len() > 2 && is_split_degree(&[*ph, *d]) => {
                    suffixes.insert(0, words.pop().unwrap_or_default());
                    suffixes.insert(0, words.pop().unwrap_or_default());
                }
                [_, .., last]
                    if is_generation(last) && !is_initial(last) || is_credential_here(last, words.len() + 1) =>
                {
                    suffixes.insert(0, words.pop().unwrap_or_default());
                }
                [_, .., last] if is_title(last) && (last.ends_with('.') || vocabulary::is_salutation(last)) => {
                    let title = words.pop().unwrap_or_default();
                    push_words(&mut self.prefix, &[title]);
                }
                // `Smith, John V`: a numeral behind a given name.
                [_, .., last] if words.len() == 2 && matches!(*last, "II" | "III" | "IV" | "VI") => {
                    suffixes.insert(0, words.pop().unwrap_or_default());
                }
                _ => break,
            }
        }
        // `Beethoven, Ludwig van`
        let particles =
            words.iter().rev().take_while(|word| is_particle(word) && !is_initial_with_period(word)).count();
        if particles > 0 && particles < words.len() {
            let tail = words.split_off(words.len() - particles);
            let family = std::mem::take(&mut self.last);
            push_words(&mut self.last, &tail);
            push_words(&mut self.last, &[family.as_str()]);
        }
        let given = given_length(&words);
        push_words(&mut self.first, &words[..given]);
        push_words(&mut self.middle, &words[given..]);
        push_words(&mut self.suffix, &suffixes);
    }

    /// `[Title …] Given [Middle …] [particles] Family [Suffix …]`, or family first in East Asian scripts.
    fn read_in_order(&mut self, mut words: Vec<&str>) {
        self.take_titles(&mut words, false);
        let mut suffixes: Vec<&str> = Vec::new();
        loop {
            let count = words.len();
            match words.as_slice() {
                [_, .., ph, d] if is_split_degree(&[*ph, *d]) => {
                    suffixes.insert(0, words.pop().unwrap_or_default());
                    suffixes.insert(0, words.pop().unwrap_or_default());
                }
                [_, .., last] if is_generation(last) && (count > 2 || !is_initial(last) && !is_roman_surname(last)) => {
                    suffixes.insert(0, words.pop().unwrap_or_default());
                }
                [_, .., before, last]
                    if is_credential_here(last, count) && !(is_particle(before) && is_ambiguous_credential(last)) =>
                {
                    suffixes.insert(0, words.pop().unwrap_or_default());
                }
                [_, last] if is_credential_here(last, count) => suffixes.insert(0, words.pop().unwrap_or_default()),
                [_, .., last] if count > 1 && is_title(last) && last.ends_with('.') => {
                    let title = words.pop().unwrap_or_default();
                    push_words(&mut self.prefix, &[title]);
                }
                _ => break,
            }
        }
        // A clear degree inside ends the name: `John Smith PhD Jones`.
        if let Some(at) = words.iter().enumerate().skip(2).find(|(_, word)| ends_a_name(word)).map(|(at, _)| at) {
            let rest = words.split_off(at);
            suffixes.splice(0..0, rest);
        }
        push_words(&mut self.suffix, &suffixes);
        self.place_name(&words);
    }

    fn place_name(&mut self, words: &[&str]) {
        match words {
            [] => {}
            [only] if is_family_first(only) => self.place_undivided(only),
            // `Dr. Smith` is a family name, `Sister Mary` is not.
            [only] if !self.prefix.is_empty() && !vocabulary::titles_a_given_name(&self.prefix) => {
                (*only).clone_into(&mut self.last)
            }
            [only] => (*only).clone_into(&mut self.first),
            [family, given @ ..]
                if words.iter().all(|word| is_family_first(word))
                    && !words.iter().all(|word| is_katakana_word(word)) =>
            {
                (*family).clone_into(&mut self.last);
                push_words(&mut self.first, given);
            }
            _ => {
                let given = given_length(words);
                // `de la Vega` alone is a family name; `Van Johnson` is a person.
                if words.len() > 2
                    && is_particle(words[0])
                    && words[1..words.len() - 1].iter().all(|word| is_particle(word))
                    || words.len() == 2
                        && is_particle(words[0])
                        && !self.prefix.is_empty()
                        && !vocabulary::is_also_given(words[0])
                {
                    return push_words(&mut self.last, words);
                }
                let family = family_start(words, given);
                push_words(&mut self.first, &words[..given]);
                push_words(&mut self.middle, &words[given..family]);
                push_words(&mut self.last, &words[family..]);
            }
        }
    }

    /// `김민준` is one-syllable family name and given name; Han names are left whole, their division is a guess.
    fn place_undivided(&mut self, word: &str) {
        let syllables = word.chars().count();
        match word.char_indices().nth(1) {
            Some((at, _)) if word.chars().all(is_hangul) && (3..=4).contains(&syllables) => {
                word[..at].clone_into(&mut self.last);
                word[at..].clone_into(&mut self.first);
            }
            _ if is_katakana_word(word) => word.clone_into(&mut self.first),
            _ => word.clone_into(&mut self.last),
        }
    }

    /// A part after a suffix comma: titles to the prefix, all else to the suffix.
    fn push_tail(&mut self, part: &[&str]) {
        let is_titles =
            part.iter().any(|word| is_title(word)) && part.iter().all(|word| is_title(word) || is_conjunction(word));
        let mut suffix = String::new();
        for word in part {
            let is_a_title = is_titles || is_title(word) && !is_generation(word) && !is_credential(word);
            push_words(if is_a_title { &mut self.prefix } else { &mut suffix }, &[*word]);
        }
        if !suffix.is_empty() {
            if !self.suffix.is_empty() {
                self.suffix.push_str(", ");
            }
            self.suffix.push_str(&suffix);
        }
    }

    /// Leading titles; one word is always left for the name. In front of a comma (`Dr. Smith, John`) the same.
    fn take_titles(&mut self, words: &mut Vec<&str>, before_comma: bool) {
        let mut taken = 0;
        while taken + 1 < words.len() {
            let word = words[taken];
            let next = words[taken + 1];
            let joins_titles = taken > 0
                && (is_conjunction(word) || matches!(fold(word).as_str(), "of" | "the"))
                && (is_title(next) || is_title_noun(next));
            let leads_noun = taken > 0 && is_title_noun(word);
            let opens_the = taken == 0 && fold(word) == "the" && is_title(next);
            let is_bare_name = before_comma && !word.ends_with('.') && vocabulary::is_also_surname(word);
            if (is_title(word) || joins_titles || leads_noun || opens_the)
                && !is_bare_name
                && !(is_ambiguous_title(word) && taken == 0 && words.len() == 2)
            {
                taken += 1;
            } else {
                break;
            }
        }
        let titles: Vec<&str> = words.drain(..taken).collect();
        push_words(&mut self.prefix, &titles);
    }
}

/// Words that are titles and given names or words alike, and only the former when more follows.
fn is_ambiguous_title(word: &str) -> bool {
    !word.ends_with('.') && vocabulary::is_also_given(word)
}

fn words_of(text: &str) -> Vec<&str> {
    text.split(|c: char| c.is_whitespace() || c == '・').filter(|word| !matches!(*word, "" | "-" | ";")).collect()
}

fn push_words(part: &mut String, words: &[&str]) {
    for word in words.iter().filter(|word| !word.is_empty()) {
        if !part.is_empty() {
            part.push(' ');
        }
        part.push_str(word);
    }
}

/// How many leading words make the given name: one, or two for names like `Abd al-` and `Abu`.
fn given_length(words: &[&str]) -> usize {
    match words {
        [] => 0,
        [first, _, ..] if is_given_prefix(first) && words.len() > 2 => 2,
        _ => 1,
    }
}

/// Where the family name begins: at the first particle behind the given names that a chain of names follows, at the
/// first part of `Garcia y Lopez`, else at the last word.
fn family_start(words: &[&str], given: usize) -> usize {
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

fn name_words(words: &[&str]) -> usize {
    let body = words.iter().skip_while(|word| is_title(word));
    body.filter(|word| !(is_generation(word) || is_clear_credential(word))).count()
}

/// `de la Cruz`, `van der Berg`: particles and one name.
fn is_particle_surname(words: &[&str]) -> bool {
    match words {
        [particles @ .., _] if !particles.is_empty() => particles.iter().all(|word| is_particle(word)),
        _ => false,
    }
}

fn is_suffix_word(word: &str) -> bool {
    is_generation(word) || is_credential(word)
}

fn starts_with_suffix(words: &[&str]) -> bool {
    words.first().is_some_and(|word| is_suffix_word(word))
}

/// A degree that is not also a common name or word.
fn is_clear_credential(word: &str) -> bool {
    is_generation(word) && !is_initial(word)
        || is_credential(word) && !is_ambiguous_credential(word)
        || is_ambiguous_credential(word)
            && is_capitals(word)
            && word.len() > 1
            && !matches!(word, "ED" | "SA" | "SI" | "ING" | "CHA")
}

/// Degrees that are also family names count only in capitals or with dots, and only when a full name is left.
fn is_credential_here(word: &str, words: usize) -> bool {
    if !is_credential(word) {
        return false;
    }
    if is_ambiguous_credential(word) { words > 2 && (is_capitals(word) || word.contains('.')) } else { true }
}

/// A degree that no given or middle name can be: letters in mixed capitals or dots.
fn ends_a_name(word: &str) -> bool {
    is_credential(word) && !is_ambiguous_credential(word)
}

/// `John Smith, XYZ`: capitals behind a name that is not in capitals.
fn is_unknown_degree(part: &[&str], head: &[&str]) -> bool {
    part.len() == 1
        && is_capitals(part[0])
        && part[0].chars().count() <= 5
        && head.len() == 2
        && !head.iter().any(|word| is_capitals(word) || is_particle(word))
        && head.iter().all(|word| word.chars().next().is_some_and(char::is_uppercase))
        && !matches!(part[0], "SA")
}

fn is_split_degree(words: &[&str]) -> bool {
    matches!(words, [ph, d, ..] if fold(ph).trim_end_matches('.') == "ph" && fold(d).trim_end_matches('.') == "d")
}

fn is_capitals(word: &str) -> bool {
    word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_lowercase)
}

fn is_initial(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    letters.next().is_some() && letters.next().is_none()
}

fn is_initial_with_period(word: &str) -> bool {
    is_initial(word) && word.ends_with('.')
}

fn is_roman_surname(word: &str) -> bool {
    matches!(word, "Vi" | "Ii")
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}')
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}')
}

fn is_katakana_word(word: &str) -> bool {
    word.chars().all(|c| matches!(c, '\u{30a0}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}'))
}

/// Scripts that write the family name first.
fn is_family_first(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| is_han(c) || is_hangul(c) || is_kana(c))
}

/// Takes `(Bob)`, `"Bob"`, `“Bob”` out of the text. A degree or a maiden name in brackets goes where it belongs.
fn take_asides<'a>(text: &'a str, name: &mut PersonName) -> Cow<'a, str> {
    const PAIRS: [(char, char); 9] = [
        ('(', ')'),
        ('（', '）'),
        ('[', ']'),
        ('"', '"'),
        ('“', '”'),
        ('”', '”'),
        ('«', '»'),
        ('『', '』'),
        ('｢', '｣'),
    ];
    let mut text = Cow::Borrowed(text);
    for (open, close) in PAIRS {
        while let Some(start) = text.find(open) {
            let inner_at = start + open.len_utf8();
            let Some(length) = text[inner_at..].find(close) else { break };
            let inner = text[inner_at..inner_at + length].trim().to_owned();
            let words = words_of(&inner);
            let rest = format!("{} {}", &text[..start], &text[inner_at + length + close.len_utf8()..]);
            text = Cow::Owned(match words.as_slice() {
                [] => rest,
                [marker, _, ..] if is_maiden_marker(marker) => {
                    push_words(&mut name.maiden, &words[1..]);
                    rest
                }
                _ if words.iter().all(|word| is_suffix_word(word)) => format!("{rest} {inner}"),
                _ => {
                    push_words(&mut name.nickname, &words);
                    rest
                }
            });
        }
    }
    text
}

/// Takes `née Jones` out of a name without comma; degrees behind it stay with the name.
fn take_maiden<'a>(text: &'a str, name: &mut PersonName) -> Cow<'a, str> {
    let words = words_of(text);
    let Some(at) = words.iter().position(|word| is_maiden_marker(word)) else { return Cow::Borrowed(text) };
    if at == 0 || at + 1 >= words.len() || words[..at].iter().any(|word| word.ends_with(',')) {
        return Cow::Borrowed(text);
    }
    let length = words[at + 1..]
        .iter()
        .enumerate()
        .find(|(place, word)| {
            *place > 0
                && (is_clear_credential(word)
                    || is_generation(word)
                    || is_title(word) && word.ends_with('.')
                    || word.ends_with(','))
        })
        .map_or(words.len() - at - 1, |(place, word)| if word.ends_with(',') { place + 1 } else { place });
    push_words(&mut name.maiden, &words[at + 1..at + 1 + length]);
    let mut rest = words[..at].join(" ");
    push_words(&mut rest, &words[at + 1 + length..]);
    Cow::Owned(rest)
}
