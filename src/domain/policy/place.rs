//! Where a lead is, as far as its row tells.

use super::membership::is_eea;
use crate::domain::lead::Lead;
use crate::domain::phone::{Phone, Region};
use crate::domain::website::host_of_normal;

/// The region of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    Country(Region),
    /// Somewhere in the EEA: the row says Europe, or the domain ends in `.eu`.
    Eea,
    /// Nothing tells. The strictest row of the table holds.
    Unknown,
}

impl Place {
    /// Country, else prefix of the phone number, else country of the e-mail domain, else of the site.
    pub fn of(lead: &Lead) -> Self {
        let named = lead.country.as_deref().and_then(from_country);
        let called = || Phone::parse(lead.phone.as_deref().filter(|phone| phone.starts_with('+'))?, None).ok()?.region;
        let mailed = || from_domain(lead.email.as_deref()?.rsplit('@').next()?);
        let sited = || from_domain(host_of_normal(lead.website.as_deref()?)?);
        named.or_else(|| called().map(Self::Country)).or_else(mailed).or_else(sited).unwrap_or(Self::Unknown)
    }

    pub fn is_in_eea(self) -> bool {
        match self {
            Self::Country(region) => is_eea(region),
            Self::Eea => true,
            Self::Unknown => false,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Country(region) => f.write_str(region.code()),
            Self::Eea => f.write_str("EU"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// What stands in a country column for no single country.
const UNION: [&str; 5] = ["EU", "EEA", "Europe", "European Union", "Europa"];

fn from_country(text: &str) -> Option<Place> {
    let is_union = || UNION.iter().any(|name| text.trim().eq_ignore_ascii_case(name));
    Region::from_country(text).map(Place::Country).or_else(|| is_union().then_some(Place::Eea))
}

/// Country endings that the whole world registers under: they say nothing of where somebody is. Sorted.
#[rustfmt::skip]
const USED_EVERYWHERE: [&str; 29] = [
    "ac", "ag", "ai", "am", "as", "bz", "cc", "cd", "co", "dj", "fm", "gg", "im", "io", "la", "ly", "me", "ms",
    "mu", "nu", "sc", "sh", "so", "st", "tk", "to", "tv", "vc", "ws",
];

/// By the country-code top-level domain.
fn from_domain(domain: &str) -> Option<Place> {
    let ending = domain.trim_end_matches('.').rsplit_once('.')?.1.to_ascii_lowercase();
    match ending.as_str() {
        "eu" => Some(Place::Eea),
        "uk" => Region::from_code("GB").map(Place::Country),
        ending if USED_EVERYWHERE.binary_search(&ending).is_ok() => None,
        ending => Region::from_code(ending).map(Place::Country),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(country: &str, phone: &str, email: &str, website: &str) -> String {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let lead = Lead {
            country: some(country),
            phone: some(phone),
            email: some(email),
            website: some(website),
            ..Lead::default()
        };
        Place::of(&lead).to_string()
    }

    #[test]
    fn the_first_sign_that_tells_decides() {
        for (country, phone, email, website, expected) in [
            ("Deutschland", "+12025550123", "a@b.fr", "https://b.it", "DE"),
            ("", "+12025550123", "a@b.fr", "https://b.it", "US"),
            ("", "+4930901820", "a@b.fr", "", "DE"),
            ("", "", "a@b.fr", "https://b.it", "FR"),
            ("", "", "a@b.com", "https://www.b.it/team", "IT"),
            ("", "", "a@b.co.uk", "", "GB"),
            ("", "", "a@b.eu", "", "EU"),
            ("Europe", "", "a@b.com", "", "EU"),
            ("Atlantis", "", "a@b.de", "", "DE"),
            ("", "030 901820", "a@startup.io", "https://b.ai", "unknown"),
            ("", "", "", "", "unknown"),
        ] {
            assert_eq!(place(country, phone, email, website), expected, "{country} {phone} {email} {website}");
        }
    }

    #[test]
    fn the_endings_are_sorted() {
        assert!(USED_EVERYWHERE.is_sorted());
    }
}
