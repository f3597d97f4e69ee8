//! E-mail addresses as people use them, in one normal form.
//!
//! Syntax follows the verdicts of isemail (RFC 5321 and 5322), without what no lead list means: comments, folded
//! white space, address literals, domains of one label. Non-ASCII local parts (RFC 6531) and domains (IDNA) are
//! accepted. Whether the mailbox exists, and whether its domain does, is not decided here.

mod lists;
mod syntax;

use std::borrow::Cow;
use std::fmt;

pub use lists::{is_built_in_free_mail, is_built_in_role};

use super::text::trim_cell;

/// Why a text is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    #[error("is empty")]
    Empty,
    #[error("has no @")]
    NoAt,
    #[error("holds more than one address")]
    Several,
    #[error("has nothing before the @")]
    NoLocalPart,
    #[error("has no domain after the @")]
    NoDomain,
    #[error("has a character that is not allowed before the @")]
    LocalCharacter,
    #[error("has a dot at the start or the end of a part, or two in a row")]
    Dots,
    #[error("has a quoted part that is not closed")]
    UnclosedQuote,
    #[error("is longer than an address can be")]
    TooLong,
    #[error("has a character that is not allowed in a domain")]
    DomainCharacter,
    #[error("has a domain part that starts or ends with a hyphen")]
    DomainHyphen,
    #[error("has a domain without a top-level domain")]
    NoTopLevelDomain,
    #[error("has a number or an address literal in place of a domain")]
    NumericDomain,
}

/// An e-mail address in normal form: no surrounding white space, `mailto:` or display name; lower case throughout;
/// the domain in ASCII (`xn--`).
///
/// The local part is lower-cased as well: RFC 5321 lets a host tell the cases apart, no provider in use does, and
/// `Anna@` beside `anna@` in two lists is one person. The original row keeps the spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email {
    address: String,
    /// Byte offset of the `@` that separates local part and domain.
    at: usize,
}

impl Email {
    /// Reads `anna@example.com`, `mailto:anna@example.com?subject=x`, `Anna <anna@example.com>`, `'anna@example.com'`.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = trim_cell(text);
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        // The common case first: a bare address needs one check and one copy.
        match syntax::normalise(text) {
            Ok((address, at)) => Ok(Self { address, at }),
            Err(error) => match unwrapped(text) {
                Some(inner) => syntax::normalise(&inner).map(|(address, at)| Self { address, at }),
                None => Err(if holds_several(text) { EmailError::Several } else { error }),
            },
        }
    }

    /// An address that is already in normal form, as stored in a lead. `None` when it has no `@`.
    pub fn from_normal(address: &str) -> Option<Self> {
        let at = address.rfind('@')?;
        Some(Self { address: address.to_owned(), at })
    }

    pub fn as_str(&self) -> &str {
        &self.address
    }

    pub fn into_string(self) -> String {
        self.address
    }

    pub fn local(&self) -> &str {
        &self.address[..self.at]
    }

    /// In ASCII, lower case.
    pub fn domain(&self) -> &str {
        &self.address[self.at + 1..]
    }

    /// What makes two addresses the same mailbox: without `+tag`, and at Gmail without dots and with one domain.
    pub fn comparison_key(&self) -> Cow<'_, str> {
        comparison_key(&self.address, self.at)
    }

    /// Whether the mailbox belongs to a function (`info`, `sales`) and not to a person, by the built-in list.
    pub fn is_role(&self) -> bool {
        self.is_role_by(&is_built_in_role)
    }

    /// As [`Self::is_role`] with the caller's list; the predicate gets the local part without its `+tag`.
    pub fn is_role_by(&self, is_role: &dyn Fn(&str) -> bool) -> bool {
        is_role(untagged(self.local()))
    }

    /// Whether the domain can not be delivered to on the public internet: reserved by RFC 2606, 6761 and 6762 or used
    /// for private networks, or under a top-level domain that the public suffix list does not know. A warning only.
    pub fn has_reserved_domain(&self) -> bool {
        lists::is_reserved_domain(self.domain()) || !psl::suffix(self.domain().as_bytes()).is_some_and(|s| s.is_known())
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl AsRef<str> for Email {
    fn as_ref(&self) -> &str {
        &self.address
    }
}

fn untagged(local: &str) -> &str {
    match local.find('+') {
        // `+1~1+@` has nothing but a tag.
        Some(0) | None => local,
        Some(_) if local.starts_with('"') => local,
        Some(plus) => &local[..plus],
    }
}

fn comparison_key(address: &str, at: usize) -> Cow<'_, str> {
    let (local, domain) = (&address[..at], &address[at + 1..]);
    let mailbox = untagged(local);
    let is_gmail = matches!(domain, "gmail.com" | "googlemail.com");
    let has_dots = is_gmail && !mailbox.starts_with('"') && mailbox.contains('.');
    if mailbox.len() == local.len() && !has_dots && domain != "googlemail.com" {
        return Cow::Borrowed(address);
    }
    let mut key = String::with_capacity(address.len());
    key.extend(mailbox.chars().filter(|c| !(has_dots && *c == '.')));
    key.push('@');
    key.push_str(if is_gmail { "gmail.com" } else { domain });
    Cow::Owned(key)
}

/// The address inside what mail programs and spreadsheets put around it; `None` when there is nothing to take away.
fn unwrapped(text: &str) -> Option<Cow<'_, str>> {
    if let Some(rest) = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).map(|_| &text[7..]) {
        let address = rest.split_once('?').map_or(rest, |(address, _)| address);
        return Some(percent_decoded(trim_cell(address)));
    }
    if let Some(inner) = text.strip_suffix('>')
        && let Some((_, address)) = inner.rsplit_once('<')
    {
        let address = trim_cell(address);
        return Some(unwrapped(address).unwrap_or(Cow::Borrowed(address)));
    }
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Some(Cow::Borrowed(trim_cell(inner)));
        }
    }
    let bare = text.trim_end_matches([',', ';']);
    (bare.len() < text.len()).then(|| Cow::Borrowed(trim_cell(bare)))
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    super::website::percent_decode(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `a@x.com; b@y.com`, with any of the separators people use.
fn holds_several(text: &str) -> bool {
    text.split([';', ',', ' ', '/', '|', '\n', '\t'])
        .filter(|part| syntax::normalise(part.trim_matches(['<', '>', '(', ')'])).is_ok())
        .count()
        > 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(text: &str) -> String {
        Email::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}")).into_string()
    }

    #[test]
    fn what_surrounds_an_address_is_taken_away() {
        for text in [
            "anna.meier@example.com",
            " Anna.Meier@EXAMPLE.com\u{a0}",
            "mailto:anna.meier@example.com?subject=Hi",
            "MAILTO:anna%2Emeier@example.com",
            "Anna Meier <anna.meier@example.com>",
            "\"Meier, Anna\" <Anna.Meier@example.com>",
            "<anna.meier@example.com>",
            "<mailto:anna.meier@example.com>",
            "'anna.meier@example.com'",
            "anna.meier@example.com;",
        ] {
            assert_eq!(normal(text), "anna.meier@example.com", "{text}");
        }
    }

    #[test]
    fn international_addresses_have_an_ascii_domain() {
        assert_eq!(normal("Jörg@Müller.de"), "jörg@xn--mller-kva.de");
        assert_eq!(normal("用户@例子.公司"), "用户@xn--fsqu00a.xn--55qx5d");
        assert_eq!(normal("a@XN--MLLER-KVA.de"), "a@xn--mller-kva.de");
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, error) in [
            ("", EmailError::Empty),
            ("nobody", EmailError::NoAt),
            ("n/a", EmailError::NoAt),
            ("@example.com", EmailError::NoLocalPart),
            ("anna@", EmailError::NoDomain),
            ("anna@@example.com", EmailError::LocalCharacter),
            ("anna meier@example.com", EmailError::LocalCharacter),
            ("anna..m@example.com", EmailError::Dots),
            ("anna@example.com.", EmailError::Dots),
            ("anna@example", EmailError::NoTopLevelDomain),
            ("anna@exa mple.com", EmailError::DomainCharacter),
            ("anna@exa_mple.com", EmailError::DomainCharacter),
            ("anna@-example.com", EmailError::DomainHyphen),
            ("anna@127.0.0.1", EmailError::NumericDomain),
            ("anna@[127.0.0.1]", EmailError::NumericDomain),
            ("\"anna@example.com", EmailError::UnclosedQuote),
            ("a@example.com; b@example.com", EmailError::Several),
            ("a@example.com b@example.com", EmailError::Several),
        ] {
            assert_eq!(Email::parse(text), Err(error), "{text}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        assert_eq!(Email::parse(&long), Err(EmailError::TooLong));
    }

    #[test]
    fn one_mailbox_has_one_key() {
        let key = |text: &str| Email::parse(text).unwrap().comparison_key().into_owned();
        assert_eq!(key("Anna.Meier+list@Gmail.com"), "annameier@gmail.com");
        assert_eq!(key("annameier@googlemail.com"), "annameier@gmail.com");
        assert_eq!(key("anna.meier+x@example.com"), "anna.meier@example.com");
        assert_eq!(key("+tag@example.com"), "+tag@example.com");
    }

    #[test]
    fn role_and_reserved_addresses_are_known() {
        let email = |text: &str| Email::parse(text).unwrap();
        assert!(email("Info@example.com").is_role());
        assert!(email("sales+emea@example.com").is_role());
        assert!(!email("anna@example.com").is_role());
        assert!(email("anna@corp.local").has_reserved_domain());
        assert!(email("anna@shop.test").has_reserved_domain());
        assert!(email("anna@mail.example.org").has_reserved_domain());
        assert!(email("anna@firm.thisisminekthx").has_reserved_domain());
        assert!(!email("anna@iana.org").has_reserved_domain());
    }

    proptest! {
        #[test]
        fn parsing_the_normal_form_changes_nothing(text in "[a-zA-Z0-9.+_'\"ÄößИ-]{1,8}@[a-zA-Z0-9.äß-]{1,8}\\.(com|de|Рф)") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
                prop_assert_eq!(Email::from_normal(email.as_str()), Some(email.clone()));
                let key = Email::from_normal(&email.comparison_key()).unwrap();
                prop_assert!(key.comparison_key() == key.as_str());
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[\\x00-\\x7f]*") {
            let _ = Email::parse(&text);
        }
    }
}
