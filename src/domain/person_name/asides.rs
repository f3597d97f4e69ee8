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

/// Takes `née Jones` out of a name without comma; degrees behind it stay with the name.
pub fn take_maiden<'a>(text: &'a str, name: &mut PersonName) -> Cow<'a, str> {
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
