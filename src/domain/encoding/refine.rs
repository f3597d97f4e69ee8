//! What the detector of browsers does not tell apart, because web pages are never written in it.

use encoding_rs::{
    Encoding, ISO_8859_2, ISO_8859_15, MACINTOSH, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257,
};

/// How often each byte from 0x80 on was seen, and where.
#[derive(Debug)]
pub(super) struct Evidence {
    seen: [u32; 128],
    /// Beside a letter.
    in_word: [u32; 128],
    /// Behind a small letter of ASCII.
    after_small: [u32; 128],
    /// The last two bytes; the second is still to be weighed.
    last: (u8, u8),
}

impl Default for Evidence {
    fn default() -> Self {
        Self { seen: [0; 128], in_word: [0; 128], after_small: [0; 128], last: (b' ', b' ') }
    }
}

impl Evidence {
    /// Takes the next bytes. A byte is weighed once its neighbour is known.
    pub(super) fn weigh(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.step(byte);
        }
    }

    fn step(&mut self, after: u8) {
        let (before, byte) = self.last;
        self.last = (byte, after);
        if byte < 0x80 {
            return;
        }
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
        let index = usize::from(byte - 0x80);
        let note = |counts: &mut [u32; 128], is_so: bool| {
            counts[index] = counts[index].saturating_add(u32::from(is_so));
        };
        note(&mut self.seen, true);
        note(&mut self.in_word, is_letter(before) || is_letter(after));
        note(&mut self.after_small, before.is_ascii_lowercase());
    }

    fn has(&self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| self.seen[usize::from(*byte - 0x80)] > 0)
    }

    fn within_words(&self, bytes: &[u8]) -> u32 {
        bytes.iter().map(|byte| self.in_word[usize::from(*byte - 0x80)]).sum()
    }

    fn behind_small_letters(&self, bytes: &[u8]) -> u32 {
        bytes.iter().map(|byte| self.after_small[usize::from(*byte - 0x80)]).sum()
    }

    fn all(&self, range: std::ops::RangeInclusive<u8>) -> u32 {
        range.map(|byte| self.seen[usize::from(byte - 0x80)]).sum()
    }
}

/// The guess, corrected.
pub(super) fn refine(guessed: &'static Encoding, mut evidence: Evidence) -> &'static Encoding {
    evidence.step(b' ');
    let evidence = &evidence;
    if [WINDOWS_1250, ISO_8859_2, WINDOWS_1257].contains(&guessed) && words_are_western(guessed, evidence) {
        return WINDOWS_1252;
    }
    if guessed != WINDOWS_1252 && guessed != WINDOWS_1254 {
        return guessed;
    }
    if is_macintosh(evidence) {
        return MACINTOSH;
    }
    if guessed == WINDOWS_1252 && is_hungarian(evidence) {
        return WINDOWS_1250;
    }
    if guessed == WINDOWS_1252 && is_latin_9(evidence) {
        return ISO_8859_15;
    }
    guessed
}

/// Every byte within words is the same letter in Windows-1252: what made the guess stands alone, as the pound sign of a
/// price does that would be `Ł`.
fn words_are_western(guessed: &'static Encoding, evidence: &Evidence) -> bool {
    let same = |byte: u8| {
        let read = |encoding: &'static Encoding| encoding.decode_without_bom_handling(&[byte]).0.into_owned();
        read(guessed) == read(WINDOWS_1252)
    };
    (0x80..=0xff).filter(|byte| evidence.within_words(&[*byte]) > 0).all(same)
}

/// Spreadsheets on Macs: the accented letters lie where Windows has punctuation, capitals and nothing at all, none of
/// which stands behind a small letter (only the apostrophe and the closing quote do).
fn is_macintosh(evidence: &Evidence) -> bool {
    let telling: Vec<u8> =
        (0x80..=0x9f).filter(|byte| ![0x92, 0x94, 0x85, 0x97, 0x9a, 0x9c, 0x9e].contains(byte)).collect();
    let letters = evidence.all(0x80..=0x9f) - evidence.all(0x92..=0x94);
    evidence.behind_small_letters(&telling) >= 2 && letters * 2 > evidence.all(0x80..=0xff)
}

/// `õ` and `û` beside `á`, `é`, `ö`, `ü` and none of the letters of languages that have them: Hungarian `ő` and `ű`.
fn is_hungarian(evidence: &Evidence) -> bool {
    let double_acute = evidence.has(&[0xf5, 0xfb, 0xd5, 0xdb]);
    let umlauts = evidence.has(&[0xf6, 0xfc, 0xd6, 0xdc]);
    let acutes = evidence.has(&[0xe1, 0xe9, 0xed, 0xf3]);
    // à â ã å æ ç è ê ë ì î ï ñ ò ô ø ù, small and capital.
    let others: Vec<u8> =
        [0xe0, 0xe2, 0xe3, 0xe5, 0xe6, 0xe7, 0xe8, 0xea, 0xeb, 0xec, 0xee, 0xef, 0xf1, 0xf2, 0xf4, 0xf8, 0xf9]
            .into_iter()
            .flat_map(|small: u8| [small, small - 0x20])
            .collect();
    double_acute && umlauts && acutes && !evidence.has(&others)
}

/// No byte that only Windows has, and fractions or a broken bar where a word goes on: `c½ur` is `cœur`.
fn is_latin_9(evidence: &Evidence) -> bool {
    // Œ œ Ÿ, Š š, Ž ž: ¼ ½ ¾, ¦ ¨, ´ ¸.
    let letters = evidence.within_words(&[0xbc, 0xbd, 0xbe, 0xa6, 0xa8, 0xb4, 0xb8]);
    letters > 0 && evidence.all(0x80..=0x9f) == 0
}
