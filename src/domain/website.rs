//! Web addresses in one normal form, and the domain that stands for a company.
//!
//! The normal form keeps what can change the page (scheme, `www.`, path, query) and drops what can not (case of the
//! host, default port, fragment, a lone `/`). A missing scheme becomes `https`; a given `http` stays, because not
//! every site answers on `https`. Only comparison ignores scheme and `www.`.

use std::fmt;

use super::email::{Email, is_built_in_free_mail};
use super::text::trim_cell;

/// Why a text is not a web address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebsiteError {
    #[error("is empty")]
    Empty,
    #[error("is an e-mail address")]
    EmailAddress,
    #[error("is not an http or https address")]
    Scheme,
    #[error("has no domain name")]
    NoDomain,
    #[error("has a character that is not allowed in a domain name")]
    DomainCharacter,
    #[error("has a number in place of a domain name")]
    NumericHost,
    #[error("has a space inside")]
    Space,
}

/// A web address in normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Website {
    url: String,
    host_at: usize,
    host_end: usize,
}

impl Website {
    /// Reads `Example.com`, `www.example.com/`, `HTTPS://example.com:443/a?b=c#d`, `//example.com`.
    pub fn parse(text: &str) -> Result<Self, WebsiteError> {
        let text = trim_cell(text).trim_matches(['<', '>', '"', '\'']).trim_end_matches([',', ';']);
        if text.is_empty() {
            return Err(WebsiteError::Empty);
        }
        let (scheme, rest) = split_scheme(text)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(WebsiteError::EmailAddress);
        }
        if text.contains(char::is_whitespace) || text.contains(char::is_control) {
            return Err(WebsiteError::Space);
        }
        let (host, port) = split_port(authority, scheme)?;
        let mut url = String::with_capacity(text.len() + 8);
        url.push_str(scheme);
        url.push_str("://");
        let host_at = url.len();
        push_host(&mut url, host)?;
        let host_end = url.len();
        if let Some(port) = port {
            url.push(':');
            url.push_str(port);
        }
        let path = path.split('#').next().unwrap_or(path);
        if path.starts_with('\\') {
            return Err(WebsiteError::DomainCharacter);
        }
        if path != "/" {
            push_path(&mut url, path);
        }
        Ok(Self { url, host_at, host_end })
    }

    pub fn as_str(&self) -> &str {
        &self.url
    }

    pub fn into_string(self) -> String {
        self.url
    }

    /// In ASCII, lower case, with `www.` where given.
    pub fn host(&self) -> &str {
        &self.url[self.host_at..self.host_end]
    }

    /// The part of the host that somebody registered, by the public suffix list (`example.co.uk`).
    pub fn registrable_domain(&self) -> Option<&str> {
        registrable_domain(self.host())
    }

    /// What makes two addresses the same site: without scheme, `www.` and trailing slash.
    pub fn comparison_key(&self) -> &str {
        let rest = &self.url[self.host_at..];
        rest.strip_prefix("www.").filter(|host| host.contains('.')).unwrap_or(rest).trim_end_matches('/')
    }
}

impl fmt::Display for Website {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The host of an address in normal form, as stored in a lead, without parsing it again.
pub fn host_of_normal(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = &rest[..rest.find(['/', '?', ':']).unwrap_or(rest.len())];
    (!host.is_empty()).then_some(host)
}

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
const PLATFORMS: &[&str] = &[
    "about.me",
    "angel.co",
    "bit.ly",
    "crunchbase.com",
    "etsy.com",
    "facebook.com",
    "fb.com",
    "fb.me",
    "github.com",
    "google.com",
    "goo.gl",
    "indeed.com",
    "instagram.com",
    "linkedin.com",
    "linktr.ee",
    "lnkd.in",
    "medium.com",
    "pinterest.com",
    "t.me",
    "tiktok.com",
    "twitter.com",
    "wa.me",
    "wikipedia.org",
    "x.com",
    "xing.com",
    "yelp.com",
    "youtu.be",
    "youtube.com",
];

fn is_platform(domain: &str) -> bool {
    PLATFORMS.contains(&domain)
}

/// `http` or `https`, and what follows; tolerates `http:/`, `https//` and a scheme given twice.
fn split_scheme(text: &str) -> Result<(&'static str, &str), WebsiteError> {
    let mut scheme = None;
    let mut rest = text;
    loop {
        let starts = |prefix: &str| rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let (found, length) = if starts("https") {
            ("https", 5)
        } else if starts("http") {
            ("http", 4)
        } else {
            break;
        };
        let after = &rest[length..];
        let colon = after.strip_prefix(':').unwrap_or(after);
        let slashes = colon.trim_start_matches(['/', '\\']);
        if slashes.len() == after.len() || slashes.len() == colon.len() && colon.len() == after.len() {
            break;
        }
        scheme = Some(found);
        rest = slashes;
    }
    let rest = if scheme.is_none() { rest.strip_prefix("//").unwrap_or(rest) } else { rest };
    let before_path = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if let Some((name, port)) = before_path.split_once(':')
        && !(port.bytes().all(|b| b.is_ascii_digit()) && name.contains('.'))
    {
        return Err(if name.eq_ignore_ascii_case("mailto") {
            WebsiteError::EmailAddress
        } else {
            WebsiteError::Scheme
        });
    }
    Ok((scheme.unwrap_or("https"), rest))
}

fn split_port<'a>(authority: &'a str, scheme: &str) -> Result<(&'a str, Option<&'a str>), WebsiteError> {
    let Some((host, port)) = authority.split_once(':') else { return Ok((authority, None)) };
    let is_default = port.is_empty() || port == if scheme == "http" { "80" } else { "443" };
    if is_default {
        return Ok((host, None));
    }
    port.parse::<u16>().map_err(|_| WebsiteError::DomainCharacter)?;
    Ok((host, Some(port)))
}

fn push_host(url: &mut String, host: &str) -> Result<(), WebsiteError> {
    let at = url.len();
    let host = host.trim_end_matches('.');
    if host.is_ascii() {
        url.extend(host.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
    } else {
        let ascii = idna::domain_to_ascii(host).map_err(|_| WebsiteError::DomainCharacter)?;
        url.push_str(ascii.trim_end_matches('.'));
    }
    let host = &url[at..];
    if !host.contains('.') {
        return Err(WebsiteError::NoDomain);
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            // An underscore is no host name by RFC 1123, and resolves all the same.
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(WebsiteError::DomainCharacter);
    }
    if host.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit())) {
        return Err(WebsiteError::NumericHost);
    }
    if host.rsplit('.').next().is_some_and(|top| top.len() < 2) {
        return Err(WebsiteError::NoDomain);
    }
    Ok(())
}

/// A path as given, its non-ASCII characters percent-encoded.
fn push_path(url: &mut String, path: &str) {
    if path.is_ascii() {
        url.push_str(path);
        return;
    }
    for c in path.chars() {
        if c.is_ascii() { url.push(c) } else { push_encoded_character(url, c) }
    }
}

fn push_encoded_character(url: &mut String, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        url.push('%');
        url.push(char::from(DIGITS[usize::from(byte >> 4)]));
        url.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// Appends one path segment; everything but RFC 3986 unreserved characters and a few harmless ones is encoded.
pub(super) fn push_percent_encoded(url: &mut String, segment: &str) {
    for c in segment.chars() {
        if c.is_ascii_alphanumeric() || "-_.~&'+,!()".contains(c) {
            url.push(c)
        } else {
            push_encoded_character(url, c)
        }
    }
}

/// `None` when an escape does not give UTF-8. A `%` that begins no escape stays.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_have_one_normal_form() {
        for (text, url) in [
            ("Example.com", "https://example.com"),
            (" www.Example.com/ ", "https://www.example.com"),
            ("http://example.com", "http://example.com"),
            ("HTTPS://Example.com:443/Path?q=A#top", "https://example.com/Path?q=A"),
            ("http://example.com:8080/", "http://example.com:8080"),
            ("//example.com", "https://example.com"),
            ("http:/example.com", "http://example.com"),
            ("https//example.com", "https://example.com"),
            ("http://https://example.com", "https://example.com"),
            ("http://http://example.com", "http://example.com"),
            ("example.com.", "https://example.com"),
            ("müller.de/über", "https://xn--mller-kva.de/%C3%BCber"),
            ("https.example.com", "https://https.example.com"),
            ("example.com?x=1", "https://example.com?x=1"),
        ] {
            assert_eq!(Website::parse(text).map(Website::into_string).as_deref(), Ok(url), "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, error) in [
            ("", WebsiteError::Empty),
            ("n/a", WebsiteError::NoDomain),
            ("none", WebsiteError::NoDomain),
            ("anna@example.com", WebsiteError::EmailAddress),
            ("mailto:anna@example.com", WebsiteError::EmailAddress),
            ("ftp://example.com", WebsiteError::Scheme),
            ("javascript:alert(1)", WebsiteError::Scheme),
            ("192.168.0.1", WebsiteError::NumericHost),
            ("a.com b.com", WebsiteError::Space),
            ("a.com,b.com", WebsiteError::DomainCharacter),
            ("exa$mple.com", WebsiteError::DomainCharacter),
            ("-example.com", WebsiteError::DomainCharacter),
        ] {
            assert_eq!(Website::parse(text).map(Website::into_string), Err(error), "{text}");
        }
    }

    #[test]
    fn comparison_ignores_scheme_www_and_slash() {
        let key = |text: &str| Website::parse(text).unwrap().comparison_key().to_owned();
        assert_eq!(key("http://www.example.com/a/"), key("https://example.com/a"));
        assert_eq!(key("www.de"), "www.de");
        assert_eq!(Website::parse("shop.example.co.uk/x").unwrap().registrable_domain(), Some("example.co.uk"));
    }

    #[test]
    fn a_company_stands_behind_its_site_else_its_mail() {
        let site = |text: &str| Website::parse(text).unwrap();
        let mail = |text: &str| Email::parse(text).unwrap();
        let domain = |website: Option<&str>, email: Option<&str>| {
            built_in_company_domain(website.map(site).as_ref(), email.map(mail).as_ref()).map(str::to_owned)
        };
        assert_eq!(domain(Some("www.acme.de"), Some("a@other.com")).as_deref(), Some("acme.de"));
        assert_eq!(domain(None, Some("a@mail.acme.co.uk")).as_deref(), Some("acme.co.uk"));
        assert_eq!(domain(Some("facebook.com/acme"), Some("a@acme.com")).as_deref(), Some("acme.com"));
        assert_eq!(domain(None, Some("a@gmail.com")), None);
        assert_eq!(domain(Some("linkedin.com/company/acme"), None), None);
        assert_eq!(host_of_normal("https://www.acme.de:8080/x"), Some("www.acme.de"));
        assert_eq!(host_of_normal("acme"), None);
    }

    proptest! {
        #[test]
        fn parsing_the_normal_form_changes_nothing(text in "(https?:/{0,2})?[a-zA-Z0-9äß.:-]{1,12}\\.(com|de|co\\.uk)[/?#a-zA%é20]{0,6}") {
            if let Ok(site) = Website::parse(&text) {
                prop_assert_eq!(Website::parse(site.as_str()), Ok(site.clone()));
                prop_assert_eq!(host_of_normal(site.as_str()), Some(site.host()));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = Website::parse(&text);
        }
    }
}
