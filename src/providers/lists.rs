//! What a domain or a mailbox name says about an e-mail address: throw-away, free mail, or a role.
//!
//! The tables are finite-state maps made by `make lists` from public lists (`lists/SOURCES.toml` names versions and
//! licences) and embedded, so they cost no memory beyond their pages in the binary. One map holds every domain with
//! its kind, so a domain cannot be both. This module answers from the tables only; whether a mailbox exists is for
//! others to find out.

use fst::{Map, Set};

static DOMAINS: &[u8] = include_bytes!("../../lists/domains.fst");
static ROLES: &[u8] = include_bytes!("../../lists/roles.fst");

/// What the lists say about a mail domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DomainKind {
    /// Gives out addresses that are thrown away after use.
    Disposable,
    /// Gives mailboxes to anybody: says nothing about the employer.
    FreeMail,
}

impl DomainKind {
    /// The name in `target/lists/domains.tsv`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "disposable" => Some(Self::Disposable),
            "free" => Some(Self::FreeMail),
            _ => None,
        }
    }

    /// The value in `lists/domains.fst`.
    pub const fn code(self) -> u64 {
        match self {
            Self::Disposable => 1,
            Self::FreeMail => 2,
        }
    }

    fn from_code(code: u64) -> Option<Self> {
        [Self::Disposable, Self::FreeMail].into_iter().find(|kind| kind.code() == code)
    }
}

/// The embedded tables cannot be read: the binary was built from a damaged `lists/`.
#[derive(Debug, thiserror::Error)]
#[error("the embedded list {table} is damaged: {source}")]
pub struct ListsError {
    table: &'static str,
    source: fst::Error,
}

/// The embedded lists. Opening reads two headers; a look-up takes well under a microsecond per label.
#[derive(Debug, Clone)]
pub struct Lists {
    domains: Map<&'static [u8]>,
    roles: Set<&'static [u8]>,
}

impl Lists {
    /// The lists of this build.
    pub fn embedded() -> Result<Self, ListsError> {
        Ok(Self {
            domains: Map::new(DOMAINS).map_err(|source| ListsError { table: "domains", source })?,
            roles: Set::new(ROLES).map_err(|source| ListsError { table: "roles", source })?,
        })
    }

    /// What is known of a domain (ASCII or punycode, any case). The nearest listed name decides: a free-mail domain
    /// below a disposable one is free mail. A name below a free-mail domain is somebody's own and unknown.
    pub fn kind(&self, domain: &str) -> Option<DomainKind> {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        if let Some(kind) = self.listed(&domain) {
            return Some(kind);
        }
        let mut rest = domain.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(kind) = self.listed(parent) {
                return (kind == DomainKind::Disposable).then_some(kind);
            }
            rest = parent;
        }
        None
    }

    /// Whether the domain, or one above it, gives out throw-away addresses.
    pub fn disposable(&self, domain: &str) -> bool {
        self.kind(domain) == Some(DomainKind::Disposable)
    }

    /// Whether anybody can get a mailbox at the domain.
    pub fn is_free_mail(&self, domain: &str) -> bool {
        self.kind(domain) == Some(DomainKind::FreeMail)
    }

    /// Whether the domain is nobody's company: free mail or throw-away. What the match rule asks.
    pub fn is_public_mail(&self, domain: &str) -> bool {
        self.kind(domain).is_some()
    }

    /// Whether the part before the `@` names a function (`info`, `sales`) and not a person. A tag after `+` is ignored.
    pub fn is_role(&self, local: &str) -> bool {
        let name = local.split_once('+').map_or(local, |(name, _)| name);
        self.roles.contains(name.to_ascii_lowercase())
    }

    fn listed(&self, domain: &str) -> Option<DomainKind> {
        self.domains.get(domain).and_then(DomainKind::from_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Lists {
        Lists::embedded().expect("the embedded lists open")
    }

    #[test]
    fn knows_throw_away_domains_and_the_names_below_them() {
        let lists = lists();
        for domain in ["mailinator.com", "MAILINATOR.com", "mailinator.com.", "inbox.mailinator.com"] {
            assert!(lists.disposable(domain), "{domain}");
            assert!(!lists.is_free_mail(domain) && lists.is_public_mail(domain), "{domain}");
        }
    }

    #[test]
    fn knows_free_mail_but_not_the_names_below_it() {
        let lists = lists();
        for domain in ["gmail.com", "GMX.de", "web.de", "outlook.com", "proton.me", "yahoo.co.uk"] {
            assert!(lists.is_free_mail(domain), "{domain}");
            assert!(!lists.disposable(domain) && lists.is_public_mail(domain), "{domain}");
        }
        assert_eq!(lists.kind("mail.gmail.com"), None);
    }

    #[test]
    fn says_nothing_of_companies_top_level_domains_and_nonsense() {
        let lists = lists();
        for domain in ["example.com", "siemens.com", "com", "de", "co.uk", "", ".", "..", "a..b", "münchen.de"] {
            assert_eq!(lists.kind(domain), None, "{domain:?}");
        }
    }

    #[test]
    fn tells_a_role_from_a_person() {
        let lists = lists();
        for local in ["info", "Sales", "SUPPORT", "info+fair", "no-reply", "noreply"] {
            assert!(lists.is_role(local), "{local}");
        }
        for local in ["jane.doe", "", "+info", "infos.meyer", "j"] {
            assert!(!lists.is_role(local), "{local}");
        }
    }
}
