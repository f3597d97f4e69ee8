//! What people type, as a query: words that must all occur, "phrases", addresses and phone numbers.
//!
//! There is no query syntax beyond quotes, so every text has a meaning and none is an error. Of a very long one the
//! beginning counts.
//! The last word is taken to be unfinished: it matches words that begin with it.

use std::sync::Arc;

use tantivy::query::{BooleanQuery, EmptyQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Term};

use super::address::{Address, typed_beginning};
use super::analysis::{digits, fold, is_unspaced, keyword, words};
use super::document::{MIN_PHONE_DIGITS, reversed};
use super::field::SearchField;
use super::memory::Memory;
use super::schema::{Fields, SCHEMA};
use super::terms::{Terms, TermsQuery};
use crate::domain::lead::LeadField;

/// What is longer is not looked at: a lead that holds the whole text holds its beginning.
const MAX_TEXT_CHARS: usize = 1_000;
const MAX_WORDS: usize = 64;
const EMAIL: SearchField = SearchField::Lead(LeadField::Email);
/// An unfinished word of at least so many letters is looked up among all words; the shorter in the prefix field.
const MIN_PREFIX_LETTERS: usize = 3;
/// How many endings an unfinished word inside a phrase ("o'bri") is tried with.
const MAX_PHRASE_ENDINGS: u32 = 4_096;

const QUOTES: [char; 6] = ['"', '“', '”', '„', '«', '»'];

/// Whether a word is finished or may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    Phrase(&'a str),
    /// A phrase whose closing quote is missing, so that its last word may go on.
    OpenPhrase(&'a str),
}

impl<'a> Piece<'a> {
    fn text(&self) -> &'a str {
        match self {
            Self::Word(text) | Self::Phrase(text) | Self::OpenPhrase(text) => text,
        }
    }
}

/// The queries that must all match. None for blank text, which asks for everything.
pub fn parse(text: &str, memory: &Arc<Memory>) -> Vec<Box<dyn Query>> {
    let text = text.char_indices().nth(MAX_TEXT_CHARS).map_or(text, |(end, _)| &text[..end]);
    let folded = fold(text);
    let folded = first_words(&folded);
    if folded.trim().is_empty() {
        return Vec::new();
    }
    let mut pieces = pieces(folded);
    pieces.retain(|piece| words(piece.text()).next().is_some());
    if pieces.is_empty() {
        // Nothing but punctuation: no lead holds it.
        return vec![Box::new(EmptyQuery)];
    }
    let asking = Asking { fields: &SCHEMA.1, memory };
    let mut queries = Vec::with_capacity(pieces.len());
    let mut rest = pieces.as_slice();
    while let Some((piece, after)) = rest.split_first() {
        let number_pieces = rest.iter().take_while(|piece| is_numeric(piece)).count();
        let ending = |left: &[Piece<'_>]| if left.is_empty() { Ending::Open } else { Ending::Whole };
        if let Some(number) = phone_number(&rest[..number_pieces]) {
            let (run, left) = rest.split_at(number_pieces);
            queries.push(asking.phone(&number, run, ending(left)));
            rest = left;
            continue;
        }
        queries.push(match piece {
            Piece::Phrase(text) => asking.words(text, Ending::Whole),
            Piece::OpenPhrase(text) => asking.words(text, Ending::Open),
            Piece::Word(text) => asking.word(text, ending(after)),
        });
        rest = after;
    }
    queries
}

/// As much of the text as counts.
fn first_words(folded: &str) -> &str {
    let mut words = words(folded);
    match (words.nth(MAX_WORDS - 1), words.next()) {
        // A word is a part of the text, so its address says where it ends.
        (Some(last), Some(_)) => &folded[..last.as_ptr() as usize - folded.as_ptr() as usize + last.len()],
        _ => folded,
    }
}

/// Cuts at white space outside of quotes. An unclosed quote runs to the end.
fn pieces(folded: &str) -> Vec<Piece<'_>> {
    let quotes = folded.matches(QUOTES).count();
    let mut pieces = Vec::new();
    for (place, part) in folded.split(QUOTES).enumerate() {
        if place % 2 == 1 {
            pieces.push(if place == quotes { Piece::OpenPhrase(part) } else { Piece::Phrase(part) });
        } else {
            pieces.extend(part.split_whitespace().map(Piece::Word));
        }
    }
    pieces
}

fn is_numeric(piece: &Piece<'_>) -> bool {
    matches!(piece, Piece::Word(text)
        if text.chars().all(|part| part.is_ascii_digit() || matches!(part, '+' | '(' | ')' | '-' | '.' | '/')))
}

/// The digits of words that may be one phone number; the national zero in `+49 (0) 30` is left out.
fn phone_number(run: &[Piece<'_>]) -> Option<String> {
    let mut text = String::new();
    for piece in run {
        if let Piece::Word(word) = piece {
            text.push_str(word);
        }
    }
    let number = digits(&text.replace("(0)", ""));
    (MIN_PHONE_DIGITS..=20).contains(&number.len()).then_some(number)
}

/// Makes queries of pieces of the text.
struct Asking<'m> {
    fields: &'static Fields,
    memory: &'m Arc<Memory>,
}

impl Asking<'_> {
    /// A number as the end of a phone number in any spelling, as its beginning, or as the plain words it was typed as.
    fn phone(&self, number: &str, run: &[Piece<'_>], ending: Ending) -> Box<dyn Query> {
        let fields = self.fields;
        let mut ways = vec![self.beginning_with(fields.phone_tail, &reversed(number))];
        // 0049 30 … and 030 …: what is left without the dialling prefix ends the full number.
        let core = number.trim_start_matches('0');
        if core.len() >= MIN_PHONE_DIGITS && core != number {
            ways.push(self.beginning_with(fields.phone_tail, &reversed(core)));
        }
        if ending == Ending::Open && core.len() >= MIN_PHONE_DIGITS {
            ways.push(self.beginning_with(fields.all, core));
        }
        let last = run.len().saturating_sub(1);
        let plain = run
            .iter()
            .enumerate()
            .map(|(place, piece)| self.words(piece.text(), if place == last { ending } else { Ending::Whole }));
        ways.push(all_of(plain.collect()));
        any_of(ways)
    }

    /// A word without white space: an address, or one or more words of the index side by side.
    fn word(&self, text: &str, ending: Ending) -> Box<dyn Query> {
        let fields = self.fields;
        if !text.contains(['@', '.', '/']) {
            return self.words(text, ending);
        }
        match Address::read(text) {
            Some(address) => {
                let term = keyword(address.term());
                let in_field = |place| match ending {
                    Ending::Whole => term_query(place, &term),
                    Ending::Open => self.beginning_with(place, &term),
                };
                match (&address, ending) {
                    (Address::Host(_), Ending::Whole) => {
                        any_of(vec![in_field(fields.address), self.words(text, ending)])
                    }
                    // An unfinished host may be the local part of an e-mail: `anna.sm`.
                    (Address::Host(_), Ending::Open) => {
                        any_of(fields.addresses().map(in_field).chain([self.words(text, ending)]).collect())
                    }
                    _ => any_of(fields.addresses().map(in_field).collect()),
                }
            }
            None => {
                let typed = typed_beginning(text);
                let plain = self.words(text, ending);
                if ending == Ending::Open && typed.chars().count() >= MIN_PREFIX_LETTERS {
                    let addresses = fields.addresses().map(|place| self.beginning_with(place, typed));
                    any_of(addresses.chain([plain]).collect())
                } else {
                    plain
                }
            }
        }
    }

    /// The words of `text` side by side.
    fn words(&self, text: &str, ending: Ending) -> Box<dyn Query> {
        let words: Vec<&str> = words(text).collect();
        let Some((last, before)) = words.split_last() else {
            return Box::new(EmptyQuery);
        };
        let fields = self.fields;
        let whole = || phrase(&words);
        if ending == Ending::Whole || last.starts_with(is_unspaced) {
            return whole();
        }
        if last.chars().count() >= MIN_PREFIX_LETTERS {
            if before.is_empty() {
                return self.beginning_with(fields.all, last);
            }
            let terms = words.iter().map(|word| Term::from_field_text(fields.all, word)).collect();
            let mut query = PhrasePrefixQuery::new(terms);
            query.set_max_expansions(MAX_PHRASE_ENDINGS);
            return Box::new(query);
        }
        let short = term_query(fields.prefix, last);
        let unfinished = if before.is_empty() { short } else { all_of(vec![phrase(before), short]) };
        any_of(vec![whole(), unfinished])
    }

    /// Terms that begin with `prefix`.
    fn beginning_with(&self, field: Field, prefix: &str) -> Box<dyn Query> {
        let column = (Some(field) == self.fields.named(&EMAIL)).then(|| EMAIL.column().into_owned());
        let terms = Terms::beginning_with(prefix.as_bytes());
        Box::new(TermsQuery { field, column, terms, memory: Arc::clone(self.memory) })
    }
}

fn phrase(words: &[&str]) -> Box<dyn Query> {
    let field = SCHEMA.1.all;
    match words {
        [] => Box::new(EmptyQuery),
        [one] => term_query(field, one),
        many => Box::new(PhraseQuery::new(many.iter().map(|word| Term::from_field_text(field, word)).collect())),
    }
}

pub fn term_query(field: Field, term: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::Basic))
}

pub fn any_of(queries: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    combine(queries, Occur::Should)
}

pub fn all_of(queries: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    combine(queries, Occur::Must)
}

fn combine(mut queries: Vec<Box<dyn Query>>, occur: Occur) -> Box<dyn Query> {
    match (queries.len(), queries.pop()) {
        (_, None) => Box::new(EmptyQuery),
        (1, Some(only)) => only,
        (_, Some(last)) => {
            queries.push(last);
            Box::new(BooleanQuery::new(queries.into_iter().map(|query| (occur, query)).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_make_phrases() {
        assert_eq!(
            pieces("anna \"vp sales\" „head of“ x"),
            [Piece::Word("anna"), Piece::Phrase("vp sales"), Piece::Phrase("head of"), Piece::Word("x")]
        );
        assert_eq!(pieces("\"open end"), [Piece::OpenPhrase("open end")]);
    }

    #[test]
    fn phone_numbers_are_recognised_in_any_spelling() {
        let number = |text| phone_number(&pieces(text));
        assert_eq!(number("+49 (0)30 / 123-45"), Some("493012345".to_owned()));
        assert_eq!(number("123.456"), Some("123456".to_owned()));
        assert_eq!(number("12345"), None);
        assert_eq!(number("123456789012345678901"), None);
    }

    #[test]
    fn blank_asks_for_everything_and_punctuation_for_nothing() {
        let parts = |text: &str| parse(text, &Arc::default()).len();
        assert_eq!(parts(" \t"), 0);
        assert_eq!(parts("!? …"), 1);
    }

    #[test]
    fn of_a_long_text_the_beginning_counts() {
        let parts = |text: &str| parse(text, &Arc::default()).len();
        assert_eq!(parts(&"ab ".repeat(300)), MAX_WORDS);
        assert_eq!(parts(&"ab".repeat(9_000)), 1);
        assert_eq!(first_words("a b"), "a b");
        assert_eq!(first_words(&"ü-".repeat(MAX_WORDS + 5)).len(), 3 * MAX_WORDS - 1);
        assert_eq!(parts(&"ﷺ ".repeat(999)), MAX_WORDS);
    }
}
