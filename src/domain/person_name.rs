//! Names of persons: a full name to its parts and back.
//!
//! Follows Western usage: titles, given names, middle names, a family name with its particles (`van der Berg`), then
//! generation and degrees; or `Family, Given`. Names written in Han, kana or Hangul keep their own order, family name
//! first. A name that follows neither still loses nothing: every word lands in one of the parts.

mod asides;
mod script;
mod vocabulary;
mod words;

use super::text::{fold, trim_cell};
use asides::{take_asides, take_maiden};
use script::{is_family_first, is_han, is_hangul, is_katakana_word, transcribed};
use vocabulary::{
    is_ambiguous_credential, is_conjunction, is_credential, is_generation, is_particle, is_title, is_title_noun,
};
use words::{
    ends_a_name, family_start, given_length, is_ambiguous_title, is_clear_credential, is_credential_here, is_initial,
    is_initial_with_period, is_only_extras, is_particle_in_capitals, is_particle_surname, is_roman_surname,
    is_split_degree, is_unknown_degree, name_words, push_words, words_of,
};

/// How a name was split, in rising order of what that is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameSign {
    /// Only one part was found, or the name is in a script with an order of its own.
    Unusual,
    /// Titles, degrees, nicknames or many words.
    Involved,
    /// Two to four words, or `Family, Given`.
    Plain,
}

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
        if let [only] = parts.as_slice()
            && let [word] = only.as_slice()
            && let Some((first, last)) = transcribed(word)
        {
            first.clone_into(&mut name.first);
            last.clone_into(&mut name.last);
            return name;
        }
        let starts_with_comma = text.trim_start().starts_with(',');
        match parts.as_slice() {
            [] => {}
            [only] if starts_with_comma => name.read_given_side(only.clone()),
            [only] => name.read_in_order(only.clone()),
            [head, tail @ ..] => name.read_around_commas(head.clone(), tail),
        }
        name
    }

    /// How sure the split of `full_name` is.
    pub fn sign(&self, full_name: &str) -> NameSign {
        let is_alphabetic = |c: char| matches!(c, '\0'..='\u{52f}' | '\u{1e00}'..='\u{206f}');
        if self.first.is_empty() || self.last.is_empty() || !full_name.chars().all(is_alphabetic) {
            return NameSign::Unusual;
        }
        let extras = [&self.prefix, &self.suffix, &self.nickname, &self.maiden];
        if full_name.contains(',') && self.prefix.is_empty() && self.nickname.is_empty() {
            return NameSign::Plain;
        }
        let is_long = full_name.split_whitespace().nth(4).is_some();
        if is_long || extras.iter().any(|part| !part.is_empty()) { NameSign::Involved } else { NameSign::Plain }
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
        let next = &tail[0];
        let is_suffix_comma = if has_full_head {
            // `John Smith, MA`, but `García Márquez, Gabriel`.
            is_only_extras(next)
                || next.first().is_some_and(|word| is_clear_credential(word))
                || is_split_degree(next)
                || is_unknown_degree(next, &head)
        } else {
            // `Smith, PhD`; but `Smith, Ed`: a word that is also a given name is one here.
            next.iter().all(|word| is_clear_credential(word))
                || is_split_degree(next)
                || next.iter().all(|word| is_title(word) && word.ends_with('.'))
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
                    if is_generation(last) && !is_initial(last)
                        || is_credential_here(last, words.len() + 1) && !is_particle_in_capitals(&words) =>
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
        self.take_honorific(&mut words);
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
        // `John Smith Jr. Attorney General`
        let generation = words.iter().enumerate().skip(2).find(|(_, word)| word.ends_with('.') && is_generation(word));
        if let Some(at) = generation.map(|(at, _)| at) {
            let rest = words.split_off(at);
            suffixes.splice(0..0, rest);
        }
        self.take_honorific(&mut words);
        push_words(&mut self.suffix, &suffixes);
        self.place_name(&words);
    }

    /// Takes the form of address off the last word of an East Asian name, and the period that some exports leave.
    fn take_honorific(&mut self, words: &mut [&str]) {
        let Some(last) = words.last_mut() else { return };
        let bare = last.trim_end_matches(['.', '。']);
        if !is_family_first(bare) {
            return;
        }
        *last = bare;
        if let Some((name, honorific)) = vocabulary::without_honorific(bare) {
            *last = name;
            push_words(&mut self.suffix, &[honorific]);
        }
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

#[cfg(test)]
mod tests;
