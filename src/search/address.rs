//! Recognises addresses inside text: e-mails, hosts and web pages.
//!
//! The same function reads leads and search words, so an address that stands anywhere in a lead (its e-mail, a note, a
//! company called "Booking.com") is found by typing it, in whole, exactly.

/// What a single word without white space turned out to be. All parts are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address<'a> {
    Email {
        whole: &'a str,
        host: &'a str,
    },
    Host(&'a str),
    /// A page: host and path without scheme, `www.`, query and closing slash.
    Page {
        whole: &'a str,
        host: &'a str,
    },
}

impl<'a> Address<'a> {
    /// Reads a folded word. `None` when it is none of these.
    pub fn read(word: &'a str) -> Option<Self> {
        let word = word.trim_matches(|edge: char| !edge.is_alphanumeric() && edge != '/' && edge != '_');
        let word = word.strip_prefix("mailto:").unwrap_or(word);
        if let Some((local, host)) = word.rsplit_once('@') {
            return (!local.is_empty() && !local.contains("://") && looks_like_host(host))
                .then_some(Self::Email { whole: word, host });
        }
        let bare = word.split_once("://").map_or(word, |(_, rest)| rest);
        let bare = bare.split(['?', '#']).next().unwrap_or(bare).trim_end_matches('/');
        let bare = bare.strip_prefix("www.").unwrap_or(bare);
        match bare.split_once('/') {
            Some((host, _)) if is_public_host(host) => Some(Self::Page { whole: bare, host }),
            None if is_public_host(bare) => Some(Self::Host(bare)),
            _ => None,
        }
    }

    /// The term it is looked up by.
    pub fn term(&self) -> &'a str {
        match self {
            Self::Email { whole, .. } | Self::Page { whole, .. } => whole,
            Self::Host(host) => host,
        }
    }

    pub fn host(&self) -> &'a str {
        match self {
            Self::Email { host, .. } | Self::Page { host, .. } => host,
            Self::Host(host) => host,
        }
    }
}

/// What an address that is still being typed begins with, as far as it can be told: without scheme and `www.`.
pub fn typed_beginning(word: &str) -> &str {
    let word = word.trim_start_matches(|edge: char| !edge.is_alphanumeric() && edge != '_');
    let bare = word.split_once("://").map_or(word, |(_, rest)| rest);
    bare.strip_prefix("www.").unwrap_or(bare)
}

/// At least two labels of letters, digits and hyphens.
fn looks_like_host(text: &str) -> bool {
    text.contains('.')
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|part| part.is_alphanumeric() || part == '-' || part == '_')
        })
}

/// A host under a known public suffix: `acme.com`, not `node.js` and not `3.14`.
fn is_public_host(text: &str) -> bool {
    looks_like_host(text) && psl::suffix(text.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// A host and the hosts above it that somebody registered: `mail.acme.co.uk`, `acme.co.uk`.
pub fn host_and_parents(host: &str) -> impl Iterator<Item = &str> {
    let shortest = psl::domain_str(host).map_or(host.len(), str::len);
    std::iter::successors(Some(host), |longer| longer.split_once('.').map(|(_, rest)| rest))
        .take_while(move |part| part.len() >= shortest)
}

/// The labels of a host in front of its public suffix: `mail.acme` of `mail.acme.co.uk`. A host under an unknown
/// suffix is left whole.
pub fn without_suffix(host: &str) -> &str {
    match psl::suffix(host.as_bytes()) {
        Some(suffix) if suffix.is_known() && suffix.as_bytes().len() < host.len() => {
            host[..host.len() - suffix.as_bytes().len()].trim_end_matches('.')
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_words() {
        assert_eq!(
            Address::read("<anna.smith@acme.co.uk>,"),
            Some(Address::Email { whole: "anna.smith@acme.co.uk", host: "acme.co.uk" })
        );
        assert_eq!(
            Address::read("https://www.acme.com/about/?x=1"),
            Some(Address::Page { whole: "acme.com/about", host: "acme.com" })
        );
        assert_eq!(Address::read("www.acme.com."), Some(Address::Host("acme.com")));
        assert_eq!(Address::read("x@host.test").map(|found| found.host()), Some("host.test"));
        for word in ["node.js", "3.14", "a@b", "@", "acme", "...", "and/or", "://", "@acme."] {
            assert_eq!(Address::read(word), None, "{word}");
        }
    }

    #[test]
    fn a_host_is_found_by_the_domain_above_it() {
        assert_eq!(host_and_parents("a.b.acme.co.uk").collect::<Vec<_>>(), ["a.b.acme.co.uk", "b.acme.co.uk", "acme.co.uk"]);
        assert_eq!(host_and_parents("localhost").collect::<Vec<_>>(), ["localhost"]);
        assert_eq!(without_suffix("mail.acme.co.uk"), "mail.acme");
        assert_eq!(without_suffix("com"), "com");
        assert_eq!(without_suffix("acme.test"), "acme.test");
    }
}
