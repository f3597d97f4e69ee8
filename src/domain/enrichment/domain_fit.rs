//! Whether an e-mail address is one of the company: its domain against that of the website and the company's name.

use crate::domain::company_name::comparison_key;
use crate::domain::text::fold;

/// How the domain of an address and a company go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DomainFit {
    /// The domain of the website.
    Same,
    /// Another domain of the same name (`acme.com`, `acme.de`), or the name of the company.
    Related,
    Other,
    /// Free mail says nothing of the company.
    Free,
    Disposable,
}

impl DomainFit {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Related => "related",
            Self::Other => "other",
            Self::Free => "free",
            Self::Disposable => "disposable",
        }
    }
}

/// A shorter name inside another is an accident.
const SHORTEST_PART: usize = 4;

/// Compares registrable domains in ASCII; `None` where neither site nor name is there to compare with, or where a name
/// alone does not fit: many companies mail from a domain that is not called like them.
pub fn domain_fit(mail: &str, site: Option<&str>, company: Option<&str>) -> Option<DomainFit> {
    if site == Some(mail) {
        return Some(DomainFit::Same);
    }
    let label = |domain: &str| domain.split('.').next().unwrap_or_default().replace('-', "");
    let mail_label = label(mail);
    let goes_with = |name: &str| {
        let (shorter, longer) = if name.len() < mail_label.len() { (name, &*mail_label) } else { (&*mail_label, name) };
        shorter == longer || shorter.len() >= SHORTEST_PART && longer.contains(shorter)
    };
    let by_site = site.is_some_and(|site| goes_with(&label(site)));
    let by_name = company.is_some_and(|company| {
        let key = comparison_key(company);
        let words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).collect();
        let initials: String = words.iter().filter_map(|word| word.chars().next()).collect();
        let joined = fold(&words.concat());
        !joined.is_empty() && goes_with(&joined) || words.len() > 1 && fold(&initials) == mail_label
    });
    if by_site || by_name {
        return Some(DomainFit::Related);
    }
    site.map(|_| DomainFit::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn site_and_name_are_both_looked_at() {
        use DomainFit::{Other, Related, Same};
        for (mail, site, company, fit) in [
            ("acme.de", Some("acme.de"), None, Some(Same)),
            ("acme.com", Some("acme.de"), None, Some(Related)),
            ("acme-group.com", Some("acme.de"), None, Some(Related)),
            ("abc.com", Some("abcdef.de"), None, Some(Other)),
            ("db.com", Some("deutsche-bank.de"), Some("Deutsche Bank AG"), Some(Related)),
            ("acme.de", None, Some("Acme GmbH"), Some(Related)),
            ("muellersoehne.de", None, Some("Mueller & Soehne OHG"), None),
            ("acme.de", None, Some("Initech"), None),
            ("acme.de", None, None, None),
            ("acme.de", Some("initech.com"), Some("---"), Some(Other)),
        ] {
            assert_eq!(domain_fit(mail, site, company), fit, "{mail} {site:?} {company:?}");
        }
    }
}
