//! What stands beside the name: nicknames in brackets or quotes, the name before marriage.

use std::borrow::Cow;

use super::PersonName;
use super::vocabulary::{is_generation, is_maiden_marker, is_title};
use super::words::{is_clear_credential, is_suffix_word, push_words, words_of};

/// Takes `(Bob)`, `"Bob"`, `“Bob”` out of the text. A degree or a maiden name in brackets goes where it belongs.
pub fn take_asides<'a>(text: &'a str, name: &mut PersonName) -> Cow<'a, str> {
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

/// Takes `née Jones` out of a name; degrees and what a comma divides stay with the name.
pub fn take_maiden<'a>(text: &'a str, name: &mut PersonName) -> Cow<'a, str> {
    let words = words_of(text);
    let marker = (0..words.len()).find_map(|at| Some((at, maiden_marker(&words[at..])?)));
    let Some((at, length)) = marker else { return Cow::Borrowed(text) };
    let first = at + length;
    // Behind a comma stands a given name: `Jones, Nee Ann`.
    if at == 0 || first >= words.len() || words[at - 1].ends_with(',') {
        return Cow::Borrowed(text);
    }
    let mut end = first;
    while end < words.len() {
        let word = words[end];
        let is_extra = is_clear_credential(word) || is_generation(word) || is_title(word) && word.ends_with('.');
        if end > first && is_extra {
            break;
        }
        end += 1;
        if word.ends_with(',') {
            break;
        }
    }
    let maiden = &words[first..end];
    let is_divided = maiden.last().is_some_and(|word| word.ends_with(','));
    push_words(&mut name.maiden, maiden);
    name.maiden.truncate(name.maiden.trim_end_matches(',').len());
    let mut rest = words[..at].join(" ");
    if is_divided {
        rest.push(',');
    }
    push_words(&mut rest, &words[end..]);
    Cow::Owned(rest)
}

/// How many words announce a maiden name: `née`, `z domu`.
fn maiden_marker(words: &[&str]) -> Option<usize> {
    match words {
        [z, domu, ..] if z.eq_ignore_ascii_case("z") && domu.eq_ignore_ascii_case("domu") => Some(2),
        [word, ..] if is_maiden_marker(word) => Some(1),
        _ => None,
    }
}
