//! Who is to be left alone: addresses, domains, companies and numbers, in the form in which they are compared.

use minicbor::{Decode, Encode};

use crate::domain::company_name;
use crate::domain::email::{Email, EmailError};
use crate::domain::enriched_field::EnrichedField;
use crate::domain::lead::Lead;
use crate::domain::phone::{Phone, PhoneError, Region};
use crate::domain::text::trim_cell;
use crate::domain::website::{Website, WebsiteError, host_of_normal, registrable_domain};

/// What an entry names. The number is part of the stored key.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum SuppressionKind {
    /// One mailbox, with all its tags.
    #[default]
    #[n(1)]
    Email = 1,
    /// A domain and everything below it: addresses and web sites.
    #[n(2)]
    Domain = 2,
    /// A company by its name, whatever its legal form.
    #[n(3)]
    Company = 3,
    #[n(4)]
    Phone = 4,
}

impl SuppressionKind {
    pub const ALL: [Self; 4] = [Self::Email, Self::Domain, Self::Company, Self::Phone];

    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_u8() == number)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Domain => "domain",
            Self::Company => "company",
            Self::Phone => "phone",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Email => "e-mail address",
            Self::Domain => "domain",
            Self::Company => "company",
            Self::Phone => "phone number",
        }
    }
}

/// Why a text cannot be suppressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSuppression {
    #[error("{0}")]
    Email(#[from] EmailError),
    #[error("{0}")]
    Domain(#[from] WebsiteError),
    #[error("is an ending that anybody can register below")]
    PublicSuffix,
    #[error("is no name of a company")]
    Company,
    #[error("{0}")]
    Phone(#[from] PhoneError),
}

/// An entry in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionEntry {
    pub kind: SuppressionKind,
    /// What is compared.
    pub key: String,
    /// What is shown.
    pub value: String,
}

impl SuppressionEntry {
    /// Reads an entry as somebody writes it; `region` is for phone numbers without a country.
    ///
    /// # Errors
    /// When the text is nothing of that kind.
    pub fn parse(kind: SuppressionKind, text: &str, region: Option<Region>) -> Result<Self, BadSuppression> {
        let (key, value) = match kind {
            SuppressionKind::Email => {
                let email = Email::parse(text)?;
                (email.comparison_key().into_owned(), email.into_string())
            }
            SuppressionKind::Domain => {
                let text = trim_cell(text).trim_start_matches(['@', '*', '.']);
                let site = Website::parse(text)?;
                let host = without_www(site.host()).to_owned();
                registrable_domain(&host).ok_or(BadSuppression::PublicSuffix)?;
                (host.clone(), host)
            }
            SuppressionKind::Company => {
                let key = Some(company_name::comparison_key(text)).filter(|key| !key.is_empty());
                (key.ok_or(BadSuppression::Company)?, trim_cell(text).to_owned())
            }
            SuppressionKind::Phone => {
                let phone = Phone::parse(text, region)?.e164;
                (phone.clone(), phone)
            }
        };
        Ok(Self { kind, key, value })
    }
}

/// One thing to look for: the key of an entry that would suppress the lead.
pub type SuppressionProbe = (SuppressionKind, String);

/// Everything of a lead that an entry could name, of the kinds that `wanted` says are in use.
pub fn probes(lead: &Lead, wanted: &dyn Fn(SuppressionKind) -> bool) -> Vec<SuppressionProbe> {
    let mut found = Vec::with_capacity(8);
    let email = lead.email.as_deref().and_then(Email::from_normal);
    if wanted(SuppressionKind::Email) {
        found.extend(email.as_ref().map(|email| (SuppressionKind::Email, email.comparison_key().into_owned())));
    }
    if wanted(SuppressionKind::Domain) {
        let hosts = [
            email.as_ref().map(Email::domain),
            lead.website.as_deref().and_then(host_of_normal),
            lead.enriched_field(EnrichedField::CompanyDomain),
        ];
        for domain in hosts.into_iter().flatten().flat_map(and_above) {
            let probe = (SuppressionKind::Domain, domain.to_owned());
            if !found.contains(&probe) {
                found.push(probe);
            }
        }
    }
    if wanted(SuppressionKind::Company) {
        let key = lead.company_name.as_deref().map(company_name::comparison_key).filter(|key| !key.is_empty());
        found.extend(key.map(|key| (SuppressionKind::Company, key)));
    }
    if wanted(SuppressionKind::Phone) {
        let phones = [&lead.phone, &lead.company_phone].into_iter().flatten().filter(|phone| phone.starts_with('+'));
        found.extend(phones.map(|phone| (SuppressionKind::Phone, phone.clone())));
    }
    found
}

/// A host and what it lies below, down to the part that somebody registered.
fn and_above(host: &str) -> impl Iterator<Item = &str> {
    let host = without_www(host);
    let shortest = registrable_domain(host).map_or(host.len(), str::len);
    std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, above)| above))
        .take_while(move |host| host.len() >= shortest)
}

fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: SuppressionKind, text: &str) -> Result<String, BadSuppression> {
        SuppressionEntry::parse(kind, text, Region::from_code("DE")).map(|entry| entry.key)
    }

    #[test]
    fn entries_are_read_as_people_write_them() {
        use SuppressionKind::{Company, Domain, Email, Phone};
        for (kind, text, expected) in [
            (Email, " Ana.Roe+news@Gmail.com ", "anaroe@gmail.com"),
            (Email, "Ana <ana@acme.com>", "ana@acme.com"),
            (Domain, "@Acme.com", "acme.com"),
            (Domain, "https://www.acme.com/team", "acme.com"),
            (Domain, "*.shop.acme.co.uk", "shop.acme.co.uk"),
            (Domain, "müller.de", "xn--mller-kva.de"),
            (Company, "ACME GmbH", "acme"),
            (Phone, "030 901820", "+4930901820"),
        ] {
            assert_eq!(key(kind, text).as_deref(), Ok(expected), "{text}");
        }
        for (kind, text) in [(Email, "acme.com"), (Domain, "co.uk"), (Domain, "a@b.com"), (Company, " "), (Phone, "1")]
        {
            assert!(key(kind, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_lead_is_found_by_everything_that_names_it() {
        let lead = Lead {
            email: Some("ana+fair@mail.acme.co.uk".to_owned()),
            website: Some("https://www.acme.de/about".to_owned()),
            company_name: Some("Acme Ltd".to_owned()),
            phone: Some("+4930901820".to_owned()),
            company_phone: Some("ask".to_owned()),
            ..Lead::default()
        };
        let found = probes(&lead, &|_| true);
        let words: Vec<String> = found.iter().map(|(kind, key)| format!("{} {key}", kind.name())).collect();
        assert_eq!(
            words,
            [
                "email ana@mail.acme.co.uk",
                "domain mail.acme.co.uk",
                "domain acme.co.uk",
                "domain acme.de",
                "company acme",
                "phone +4930901820",
            ]
        );
        assert_eq!(probes(&lead, &|kind| kind == SuppressionKind::Company).len(), 1);
    }

    #[test]
    fn names_and_numbers_are_read_back() {
        for kind in SuppressionKind::ALL {
            assert_eq!(SuppressionKind::from_name(kind.name()), Some(kind));
            assert_eq!(SuppressionKind::from_u8(kind.as_u8()), Some(kind));
        }
    }
}
