//! The domain that stands for a company.

use super::Website;
use crate::domain::email::{Email, is_built_in_free_mail};

/// The part of a host that somebody registered; `None` for a public suffix itself.
pub fn registrable_domain(host: &str) -> Option<&str> {
    psl::domain_str(host)
}

/// The domain that stands for the lead's company: that of the website, else that of the e-mail address unless it is
/// a free mail provider's. A page on a platform that many companies share (`facebook.com/acme`) stands for none.
pub fn company_domain<'a>(
    website: Option<&'a Website>,
    email: Option<&'a Email>,
    is_free_mail: &dyn Fn(&str) -> bool,
) -> Option<&'a str> {
    company_domain_of(website.map(Website::host), email.map(Email::domain), is_free_mail)
}

/// As [`company_domain`], from the host of the site and the domain of the address.
pub fn company_domain_of<'a>(
    host: Option<&'a str>,
    email_domain: Option<&'a str>,
    is_free_mail: &dyn Fn(&str) -> bool,
) -> Option<&'a str> {
    let is_shared = |domain: &str| is_platform(domain) || is_free_mail(domain);
    host.and_then(registrable_domain).filter(|domain| !is_shared(domain)).or_else(|| {
        let domain = email_domain?;
        let registered = registrable_domain(domain)?;
        (!is_shared(domain) && !is_shared(registered)).then_some(registered)
    })
}

/// As [`company_domain`] with the built-in list of free mail providers.
pub fn built_in_company_domain<'a>(website: Option<&'a Website>, email: Option<&'a Email>) -> Option<&'a str> {
    company_domain(website, email, &is_built_in_free_mail)
}

/// Sites where the pages of many companies live. Sorted.
#[rustfmt::skip]
const PLATFORMS: &[&str] = &[
    "about.me", "angel.co", "bit.ly", "crunchbase.com", "etsy.com", "facebook.com", "fb.com", "fb.me", "github.com",
    "google.com", "goo.gl", "indeed.com", "instagram.com", "linkedin.com", "linktr.ee", "lnkd.in", "medium.com",
    "pinterest.com", "t.me", "tiktok.com", "twitter.com", "wa.me", "wikipedia.org", "x.com", "xing.com", "yelp.com",
    "youtu.be", "youtube.com",
];

fn is_platform(domain: &str) -> bool {
    PLATFORMS.contains(&domain)
}
