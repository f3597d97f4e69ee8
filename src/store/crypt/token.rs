//! Tokens: random texts whose bearer is let in. The store keeps only their hashes.
//!
//! A token is a prefix naming its kind and 40 characters of Crockford's base 32 in lower case: 200 random bits, too many
//! to guess, so that a plain fast hash is enough to store them and look them up by.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::deps::Random;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_LEN: usize = 25;
const TEXT_LEN: usize = 40;

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An API key, `gal_...`: one workspace, with scopes.
    ApiKey,
    /// A session of the console, in a cookie.
    Session,
    /// What a page must send beside the session's cookie.
    Csrf,
    /// The one-time link of the first setup.
    Setup,
    /// The one-time link by which an invited user comes in.
    Invitation,
}

impl TokenKind {
    /// What its texts begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "gal_",
            Self::Session => "gals_",
            Self::Csrf => "galc_",
            Self::Setup => "galu_",
            Self::Invitation => "gali_",
        }
    }
}

/// A token in the clear: as made, or as a request brought it. Shown as `***`.
#[derive(Clone)]
pub struct Token {
    kind: TokenKind,
    text: Zeroizing<String>,
}

/// What the store keeps of a token; also its key there. Compared in constant time.
#[derive(Debug, Clone, Copy, Eq)]
pub struct TokenHash([u8; 32]);

impl Token {
    pub fn generate(kind: TokenKind, random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; RANDOM_LEN]);
        random.fill(&mut *bytes);
        Self::of_bytes(kind, &bytes)
    }

    /// The token of another kind that goes with `other`, always the same one. It does not lead back.
    pub fn derived(kind: TokenKind, other: &Self) -> Self {
        let context = match kind {
            TokenKind::Csrf => "galena derived token v1: csrf",
            TokenKind::ApiKey => "galena derived token v1: api key",
            TokenKind::Session => "galena derived token v1: session",
            TokenKind::Setup => "galena derived token v1: setup",
            TokenKind::Invitation => "galena derived token v1: invitation",
        };
        let mut bytes = Zeroizing::new([0; RANDOM_LEN]);
        blake3::Hasher::new_derive_key(context).update(other.text.as_bytes()).finalize_xof().fill(&mut *bytes);
        Self::of_bytes(kind, &bytes)
    }

    fn of_bytes(kind: TokenKind, bytes: &[u8; RANDOM_LEN]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(kind.prefix().len() + TEXT_LEN));
        text.push_str(kind.prefix());
        for group in bytes.chunks_exact(5) {
            let bits = group.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
            for shift in (0..8).rev() {
                text.push(char::from(ALPHABET[(bits >> (5 * shift) & 31) as usize]));
            }
        }
        Self { kind, text }
    }

    /// Takes a text for a token of this kind; `None` when it cannot be one. Surrounding white space is cut off.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let text = text.trim();
        let body = text.strip_prefix(kind.prefix())?;
        let is_token = body.len() == TEXT_LEN && body.bytes().all(|byte| ALPHABET.contains(&byte));
        is_token.then(|| Self { kind, text: Zeroizing::new(text.to_owned()) })
    }

    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The text itself, to hand to its owner once.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What to show in a list of tokens: the prefix and the last four characters, like `gal_...7f3k`.
    pub fn hint(&self) -> String {
        format!("{}...{}", self.kind.prefix(), &self.text[self.text.len() - 4..])
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(blake3::derive_key("galena token hash v1", self.text.as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(***)", self.kind)
    }
}

impl TokenHash {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::test_random::Counting;
    use super::*;

    const KINDS: [TokenKind; 5] =
        [TokenKind::ApiKey, TokenKind::Session, TokenKind::Csrf, TokenKind::Setup, TokenKind::Invitation];

    #[test]
    fn a_token_is_read_back_as_its_own_kind_only() {
        let random = Counting::default();
        for kind in KINDS {
            let token = Token::generate(kind, &random);
            for other in KINDS {
                assert_eq!(Token::parse(other, token.expose()).is_some(), kind == other, "{kind:?} as {other:?}");
            }
            let again = Token::parse(kind, &format!(" {}\n", token.expose())).expect("white space does no harm");
            assert_eq!(again.hash(), token.hash());
        }
    }

    #[test]
    fn what_is_not_a_token_is_none() {
        for text in ["", "gal_", "gal_0123", &format!("gal_{}", "u".repeat(40)), &format!("GAL_{}", "0".repeat(40))] {
            assert!(Token::parse(TokenKind::ApiKey, text).is_none(), "{text}");
        }
        assert!(Token::parse(TokenKind::ApiKey, &format!("gal_{}é", "0".repeat(38))).is_none());
    }

    #[test]
    fn all_bits_are_used_and_no_two_are_the_same() {
        let random = Counting::default();
        let tokens: HashSet<String> =
            (0..1000).map(|_| Token::generate(TokenKind::ApiKey, &random).expose().to_owned()).collect();
        assert_eq!(tokens.len(), 1000);
        for place in 4..44 {
            let letters: HashSet<u8> = tokens.iter().map(|token| token.as_bytes()[place]).collect();
            assert_eq!(letters.len(), 32, "place {place}");
        }
    }

    #[test]
    fn a_derived_token_is_the_same_each_time_and_another_for_another() {
        let random = Counting::default();
        let (one, other) = (Token::generate(TokenKind::Session, &random), Token::generate(TokenKind::Session, &random));
        let csrf = Token::derived(TokenKind::Csrf, &one);
        assert_eq!(csrf.expose(), Token::derived(TokenKind::Csrf, &one).expose());
        assert!(Token::parse(TokenKind::Csrf, csrf.expose()).is_some());
        assert_ne!(csrf.hash(), Token::derived(TokenKind::Csrf, &other).hash());
        assert_ne!(csrf.expose()[5..], Token::derived(TokenKind::ApiKey, &one).expose()[4..]);
    }

    #[test]
    fn neither_debug_nor_hint_gives_it_away() {
        let token = Token::generate(TokenKind::ApiKey, &Counting::default());
        assert_eq!(format!("{token:?}"), "ApiKey(***)");
        assert_eq!(token.hint().len(), 11);
        assert!(token.expose().ends_with(&token.hint()[7..]));
    }
}
