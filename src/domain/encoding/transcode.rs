//! Bytes in a known encoding, in any pieces, to UTF-8.

use encoding_rs::{CoderResult, Decoder, WINDOWS_1252};

use super::{EncodingGuess, TextEncoding};

/// Turns pieces of a file into UTF-8. Never fails: bytes that mean nothing become `U+FFFD` and are counted.
pub struct Transcoder {
    way: Way,
    replaced: u64,
}

enum Way {
    Decoder(Decoder),
    /// UTF-8 with bytes in between that are Windows-1252: with a character that the last piece cut.
    Strays(Vec<u8>),
}

impl Transcoder {
    pub fn new(guess: &EncodingGuess) -> Self {
        let way = if guess.encoding == TextEncoding::UTF_8 && guess.strays > 0 {
            Way::Strays(Vec::new())
        } else {
            Way::Decoder(guess.encoding.inner().new_decoder_with_bom_removal())
        };
        Self { way, replaced: 0 }
    }

    /// Appends the text of `piece` to `text`. `is_last` tells that no more bytes come.
    pub fn push(&mut self, piece: &[u8], is_last: bool, text: &mut String) {
        match &mut self.way {
            Way::Decoder(decoder) => self.replaced += decode(decoder, piece, is_last, text),
            Way::Strays(cut) => {
                cut.extend_from_slice(piece);
                let left = with_strays(cut, is_last, text);
                cut.drain(..cut.len() - left);
            }
        }
    }

    /// Characters that could not be read.
    pub const fn replaced(&self) -> u64 {
        self.replaced
    }
}

fn decode(decoder: &mut Decoder, piece: &[u8], is_last: bool, text: &mut String) -> u64 {
    let (mut rest, mut replaced) = (piece, 0);
    loop {
        let room = decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len() * 3 + 16);
        text.reserve(room);
        let (result, read) = decoder.decode_to_string_without_replacement(rest, text, is_last);
        rest = &rest[read..];
        match result {
            encoding_rs::DecoderResult::InputEmpty => return replaced,
            encoding_rs::DecoderResult::OutputFull => {}
            encoding_rs::DecoderResult::Malformed(..) => {
                replaced += 1;
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

/// How many bytes are left for the next piece.
fn with_strays(bytes: &[u8], is_last: bool, text: &mut String) -> usize {
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return 0;
            }
            Err(error) => error,
        };
        let (valid, broken) = rest.split_at(error.valid_up_to());
        text.push_str(std::str::from_utf8(valid).unwrap_or_default());
        let length = match error.error_len() {
            Some(length) => length,
            None if is_last => broken.len(),
            None => return broken.len(),
        };
        push_windows_1252(&broken[..length], text);
        rest = &broken[length..];
    }
}

fn push_windows_1252(bytes: &[u8], text: &mut String) {
    text.reserve(bytes.len() * 3);
    let mut decoder = WINDOWS_1252.new_decoder_without_bom_handling();
    let (result, ..) = decoder.decode_to_string(bytes, text, true);
    debug_assert!(result == CoderResult::InputEmpty);
}
