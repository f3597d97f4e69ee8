//! The verdict on an e-mail address, from facts that others have gathered. No mailbox is asked: `valid` means that the
//! address is well formed and its domain takes mail.

use super::confidence::{Confidence, Evidence};
use crate::domain::email::EmailError;
use crate::domain::lead::EmailStatus;

/// Where the mail of a domain goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailHost {
    /// The preferred one first.
    Exchanges(Vec<String>),
    /// No exchange, but the domain has an address of its own.
    Address,
    /// Neither.
    None,
    /// It says so (RFC 7505).
    RefusesMail,
    NoSuchDomain,
    NotAsked(NotAsked),
}

/// Why the DNS has said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAsked {
    SwitchedOff,
    Unreachable,
    /// A name that means nothing on the public internet is never sent out.
    ReservedDomain,
}

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailFacts {
    pub form: Result<(), EmailError>,
    /// `info@`: a function, not a person.
    pub role: bool,
    pub free_mail: bool,
    /// The domain gives out throw-away addresses.
    pub disposable: bool,
    /// What the domain was probably meant to be.
    pub suggestion: Option<&'static str>,
    pub host: MailHost,
}

/// Why the verdict is what it is; the word the API shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    MailExchange,
    AddressRecord,
    Disposable,
    ProbablyMisspelled,
    DnsSwitchedOff,
    DnsUnreachable,
    ReservedDomain,
    NoMailHost,
    NoSuchDomain,
    RefusesMail,
    Syntax,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmailCheck {
    pub status: EmailStatus,
    pub reason: Reason,
    pub confidence: Confidence,
    /// False when another try could say more: the DNS was not there to ask.
    pub conclusive: bool,
}

/// The strongest thing that is known decides.
pub fn check_email(facts: &EmailFacts) -> EmailCheck {
    let (status, reason, evidence) = match &facts.host {
        _ if facts.form.is_err() => (EmailStatus::Invalid, Reason::Syntax, Evidence::NoAddress),
        MailHost::RefusesMail => (EmailStatus::Invalid, Reason::RefusesMail, Evidence::RefusesMail),
        MailHost::NoSuchDomain => (EmailStatus::Invalid, Reason::NoSuchDomain, Evidence::NoSuchDomain),
        MailHost::None => (EmailStatus::Invalid, Reason::NoMailHost, Evidence::NoMailHost),
        MailHost::NotAsked(NotAsked::ReservedDomain) => {
            (EmailStatus::Invalid, Reason::ReservedDomain, Evidence::NotOnTheInternet)
        }
        _ if facts.suggestion.is_some() => (EmailStatus::Unknown, Reason::ProbablyMisspelled, Evidence::DoubtfulDomain),
        _ if facts.disposable => (EmailStatus::Unknown, Reason::Disposable, Evidence::DoubtfulDomain),
        MailHost::Exchanges(_) => (EmailStatus::Valid, Reason::MailExchange, Evidence::MailExchange),
        MailHost::Address => (EmailStatus::Valid, Reason::AddressRecord, Evidence::AddressRecord),
        MailHost::NotAsked(NotAsked::SwitchedOff) => (EmailStatus::Unknown, Reason::DnsSwitchedOff, Evidence::FormOnly),
        MailHost::NotAsked(NotAsked::Unreachable) => (EmailStatus::Unknown, Reason::DnsUnreachable, Evidence::FormOnly),
    };
    let conclusive = !matches!(reason, Reason::DnsSwitchedOff | Reason::DnsUnreachable);
    EmailCheck { status, reason, confidence: evidence.confidence(), conclusive }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(host: MailHost) -> EmailFacts {
        EmailFacts { form: Ok(()), role: false, free_mail: false, disposable: false, suggestion: None, host }
    }

    #[test]
    fn the_domain_decides_what_the_form_leaves_open() {
        use EmailStatus::{Invalid, Unknown, Valid};
        for (host, status, reason, hundredths) in [
            (MailHost::Exchanges(vec!["mx.example".to_owned()]), Valid, Reason::MailExchange, 70),
            (MailHost::Address, Valid, Reason::AddressRecord, 50),
            (MailHost::None, Invalid, Reason::NoMailHost, 90),
            (MailHost::RefusesMail, Invalid, Reason::RefusesMail, 97),
            (MailHost::NoSuchDomain, Invalid, Reason::NoSuchDomain, 95),
            (MailHost::NotAsked(NotAsked::ReservedDomain), Invalid, Reason::ReservedDomain, 90),
            (MailHost::NotAsked(NotAsked::SwitchedOff), Unknown, Reason::DnsSwitchedOff, 20),
            (MailHost::NotAsked(NotAsked::Unreachable), Unknown, Reason::DnsUnreachable, 20),
        ] {
            let check = check_email(&facts(host));
            assert_eq!((check.status, check.reason), (status, reason));
            assert_eq!(check.confidence.hundredths(), hundredths, "{reason:?}");
            assert_eq!(check.conclusive, check.confidence.hundredths() > 20);
        }
    }

    #[test]
    fn a_broken_form_is_invalid_whatever_the_domain_says() {
        let mut facts = facts(MailHost::Exchanges(Vec::new()));
        facts.form = Err(EmailError::NoAt);
        assert_eq!(check_email(&facts).reason, Reason::Syntax);
    }

    #[test]
    fn a_doubtful_domain_is_never_called_valid_and_a_dead_one_still_invalid() {
        for (disposable, suggestion) in [(true, None), (false, Some("gmail.com"))] {
            let doubtful = |host| check_email(&EmailFacts { disposable, suggestion, ..facts(host) });
            assert_eq!(doubtful(MailHost::Exchanges(Vec::new())).status, EmailStatus::Unknown);
            assert_eq!(doubtful(MailHost::NotAsked(NotAsked::Unreachable)).status, EmailStatus::Unknown);
            assert_eq!(doubtful(MailHost::NoSuchDomain).status, EmailStatus::Invalid);
        }
    }
}
