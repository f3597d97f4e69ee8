//! LinkedIn addresses in one canonical form: `https://www.linkedin.com/in/<slug>` for people,
//! `https://www.linkedin.com/company/<slug>` for companies.
//!
//! Only the text is read, never the site. Views of a paid product (Sales Navigator, Recruiter) name a person by an
//! id that the public does not know: they are errors, each with its reason.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::text::trim_cell;
use super::website::{percent_decode, push_percent_encoded};

const PROFILE_PREFIX: &str = "https://www.linkedin.com/in/";

/// Why a text is not a LinkedIn address of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkedInError {
    #[error("is empty")]
    Empty,
    #[error("is not an address on linkedin.com")]
    NotLinkedIn,
    #[error("is a company page, not the profile of a person")]
    CompanyPage,
    #[error("is the profile of a person, not a company page")]
    PersonProfile,
    #[error("is a Sales Navigator link; the public profile is needed")]
    SalesNavigator,
    #[error("is a Recruiter link; the public profile is needed")]
    Recruiter,
    #[error("is a short link; the profile it leads to is needed")]
    ShortLink,
    #[error("is an address on linkedin.com, but no profile")]
    OtherPage,
    #[error("has no usable profile name")]
    BadSlug,
}

/// The public profile of a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkedInProfile {
    url: String,
}

/// The page of a company, a school or a showcase.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkedInCompany {
    url: String,
    slug_at: usize,
}

impl LinkedInProfile {
    /// Reads any spelling: without scheme, with a country or mobile host, `/pub/` forms, language suffix, query,
    /// fragment, percent-encoded or not. Slugs are compared without case, so the canonical one is lower case, and
    /// non-ASCII letters are percent-encoded UTF-8.
    pub fn parse(text: &str) -> Result<Self, LinkedInError> {
        let segments = Segments::of(text)?;
        match segments.kind() {
            "in" | "pub" => {}
            "company" | "school" | "showcase" | "companies" => return Err(LinkedInError::CompanyPage),
            other => return Err(private_view(other)),
        }
        let slug = if segments.kind() == "pub" { segments.old_public_slug()? } else { decoded_slug(segments.at(1))? };
        let mut url = String::with_capacity(PROFILE_PREFIX.len() + slug.len());
        url.push_str(PROFILE_PREFIX);
        push_percent_encoded(&mut url, &slug);
        Ok(Self { url })
    }

    pub fn as_str(&self) -> &str {
        &self.url
    }

    pub fn into_string(self) -> String {
        self.url
    }

    /// Percent-encoded as in the URL.
    pub fn slug(&self) -> &str {
        &self.url[PROFILE_PREFIX.len()..]
    }
}

impl LinkedInCompany {
    /// Reads any spelling of a company page; schools and showcases keep their kind.
    pub fn parse(text: &str) -> Result<Self, LinkedInError> {
        let segments = Segments::of(text)?;
        let kind = match segments.kind() {
            "company" | "companies" => "company",
            "school" => "school",
            "showcase" => "showcase",
            "in" | "pub" => return Err(LinkedInError::PersonProfile),
            // `/sales/company/123`: the number is that of the public page.
            "sales" if segments.at(1) == "company" => {
                return Self::of("company", &decoded_slug(segments.at(2))?);
            }
            other => return Err(private_view(other)),
        };
        Self::of(kind, &decoded_slug(segments.at(1))?)
    }

    fn of(kind: &str, slug: &str) -> Result<Self, LinkedInError> {
        let mut url = format!("https://www.linkedin.com/{kind}/");
        let slug_at = url.len();
        push_percent_encoded(&mut url, slug);
        Ok(Self { url, slug_at })
    }

    pub fn as_str(&self) -> &str {
        &self.url
    }

    pub fn into_string(self) -> String {
        self.url
    }

    /// Percent-encoded as in the URL.
    pub fn slug(&self) -> &str {
        &self.url[self.slug_at..]
    }
}

impl fmt::Display for LinkedInProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl fmt::Display for LinkedInCompany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

fn private_view(kind: &str) -> LinkedInError {
    match kind {
        "sales" | "sales-navigator" => LinkedInError::SalesNavigator,
        "talent" | "recruiter" | "cap" => LinkedInError::Recruiter,
        _ => LinkedInError::OtherPage,
    }
}

/// The path of a LinkedIn address, split at slashes, as given; the first is its kind in lower case.
struct Segments<'a> {
    kind: String,
    rest: Vec<&'a str>,
}

impl<'a> Segments<'a> {
    fn of(text: &'a str) -> Result<Self, LinkedInError> {
        let text = trim_cell(text).trim_matches(['<', '>', '"', '\'']);
        if text.is_empty() {
            return Err(LinkedInError::Empty);
        }
        let path = path_on_linkedin(text)?;
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let mut segments = path.split('/').map(str::trim).filter(|segment| !segment.is_empty()).peekable();
        // The light mobile site, and profiles under a language (`/in/x` under `/de/`), put a segment in front.
        while segments.peek().is_some_and(|first| {
            first.eq_ignore_ascii_case("mwlite")
                || first.eq_ignore_ascii_case("m")
                || first.len() == 2 && !first.eq_ignore_ascii_case("in")
        }) {
            segments.next();
        }
        let kind = segments.next().unwrap_or_default().to_ascii_lowercase();
        Ok(Self { kind, rest: segments.collect() })
    }

    fn kind(&self) -> &str {
        &self.kind
    }

    /// The segment after the kind is 1.
    fn at(&self, place: usize) -> &'a str {
        self.rest.get(place - 1).copied().unwrap_or_default()
    }

    /// `/pub/name/a7/576/b50` is `/in/name-b50576a7`: the three parts of the member number (hexadecimal) in reverse,
    /// the inner ones at full width. `/pub/name` alone is `/in/name`.
    fn old_public_slug(&self) -> Result<String, LinkedInError> {
        if self.at(1).eq_ignore_ascii_case("dir") {
            return Err(LinkedInError::OtherPage);
        }
        let name = decoded_slug(self.at(1))?;
        let parts = [self.at(2), self.at(3), self.at(4)];
        let is_hexadecimal = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit());
        if !parts.iter().all(|part| is_hexadecimal(part)) {
            return Ok(name);
        }
        let [low, middle, high] = parts.map(str::to_ascii_lowercase);
        Ok(format!("{name}-{high}{middle:0>3}{low:0>2}"))
    }
}

/// What follows the host, when the host is LinkedIn's; a bare `in/slug` counts too.
fn path_on_linkedin(text: &str) -> Result<&str, LinkedInError> {
    let rest = text.find("://").map_or(text, |at| &text[at + 3..]).trim_start_matches('/');
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host);
    if ends_with_domain(host, "linkedin.com") {
        return Ok(path);
    }
    if ends_with_domain(host, "lnkd.in") {
        return Err(LinkedInError::ShortLink);
    }
    let is_bare = ["in", "pub", "company", "school", "showcase"].iter().any(|kind| host.eq_ignore_ascii_case(kind));
    if is_bare && path.len() > 1 { Ok(rest) } else { Err(LinkedInError::NotLinkedIn) }
}

fn ends_with_domain(host: &str, domain: &str) -> bool {
    let Some(at) = host.len().checked_sub(domain.len()) else { return false };
    host.is_char_boundary(at) && host[at..].eq_ignore_ascii_case(domain) && (at == 0 || host.as_bytes()[at - 1] == b'.')
}

/// The slug decoded, composed and in lower case. Member ids (`ACoAAB…`) are case-sensitive and stay.
fn decoded_slug(segment: &str) -> Result<String, LinkedInError> {
    let decoded = percent_decode(segment).ok_or(LinkedInError::BadSlug)?;
    let decoded = decoded.trim();
    let is_usable = !decoded.is_empty()
        && decoded.chars().all(|c| {
            c.is_alphanumeric() || !c.is_ascii() && !c.is_control() && !c.is_whitespace() || "-_.~&'+,!()".contains(c)
        })
        && decoded.chars().any(char::is_alphanumeric);
    if !is_usable {
        return Err(LinkedInError::BadSlug);
    }
    if is_member_id(decoded) {
        return Ok(decoded.to_owned());
    }
    if decoded.is_ascii() { Ok(decoded.to_ascii_lowercase()) } else { Ok(decoded.to_lowercase().nfc().collect()) }
}

fn is_member_id(slug: &str) -> bool {
    slug.len() >= 20
        && slug.as_bytes().starts_with(b"A")
        && slug.get(2..5).is_some_and(|start| start == "oAA" || start == "wAA" || start == "EAA" || start == "MAA")
        && slug.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_profile_are_one() {
        for text in [
            "https://www.linkedin.com/in/anna-meier-1a2b3c",
            "http://linkedin.com/in/anna-meier-1a2b3c/",
            "www.linkedin.com/in/Anna-Meier-1A2B3C",
            "linkedin.com/in/anna-meier-1a2b3c?trk=public_profile#about",
            " https://de.linkedin.com/in/anna-meier-1a2b3c/de ",
            "https://m.linkedin.com/in/anna-meier-1a2b3c",
            "https://www.linkedin.com/mwlite/in/anna-meier-1a2b3c",
            "https://www.linkedin.com:443//in/anna-meier-1a2b3c/overlay/contact-info/",
            "HTTPS://WWW.LINKEDIN.COM/IN/ANNA-MEIER-1A2B3C",
            "//www.linkedin.com/in/anna-meier-1a2b3c",
            "/in/anna-meier-1a2b3c",
            "in/anna-meier-1a2b3c",
            "<https://www.linkedin.com/in/anna-meier-1a2b3c>",
        ] {
            let profile = LinkedInProfile::parse(text).unwrap_or_else(|error| panic!("{text} {error}"));
            assert_eq!(profile.as_str(), "https://www.linkedin.com/in/anna-meier-1a2b3c", "{text}");
        }
    }

    #[test]
    fn letters_beyond_ascii_are_percent_encoded_utf8() {
        for text in [
            "linkedin.com/in/jörg-Müller",
            "linkedin.com/in/j%C3%B6rg-m%c3%bcller",
            "linkedin.com/in/jo\u{308}rg-müller",
        ] {
            assert_eq!(LinkedInProfile::parse(text).unwrap().slug(), "j%C3%B6rg-m%C3%BCller");
        }
    }

    #[test]
    fn old_public_addresses_are_todays() {
        let url = |text: &str| LinkedInProfile::parse(text).unwrap().into_string();
        assert_eq!(
            url("http://pl.linkedin.com/pub/jan-nowak/a7/576/b50?trk=x"),
            "https://www.linkedin.com/in/jan-nowak-b50576a7"
        );
        assert_eq!(url("http://linkedin.com/pub/jan-nowak/4/3a/b5"), "https://www.linkedin.com/in/jan-nowak-b503a04");
        assert_eq!(url("http://linkedin.com/pub/jan-nowak"), "https://www.linkedin.com/in/jan-nowak");
    }

    #[test]
    fn member_ids_keep_their_case() {
        let url = "https://www.linkedin.com/in/ACoAABcDeFgHiJkLmNoPqRsTuVwXyZ";
        assert_eq!(LinkedInProfile::parse(url).unwrap().as_str(), url);
    }

    #[test]
    fn what_is_no_profile_says_why() {
        for (text, error) in [
            ("", LinkedInError::Empty),
            ("n/a", LinkedInError::NotLinkedIn),
            ("anna-meier", LinkedInError::NotLinkedIn),
            ("https://example.com/in/anna", LinkedInError::NotLinkedIn),
            ("https://notlinkedin.com/in/anna", LinkedInError::NotLinkedIn),
            ("https://www.linkedin.com/company/acme", LinkedInError::CompanyPage),
            ("https://www.linkedin.com/school/eth", LinkedInError::CompanyPage),
            ("https://www.linkedin.com/sales/lead/ACwAAA,NAME_SEARCH", LinkedInError::SalesNavigator),
            ("https://www.linkedin.com/talent/profile/AEMAA", LinkedInError::Recruiter),
            ("https://lnkd.in/abc", LinkedInError::ShortLink),
            ("https://www.linkedin.com", LinkedInError::OtherPage),
            ("https://www.linkedin.com/feed/update/1", LinkedInError::OtherPage),
            ("https://www.linkedin.com/pub/dir/Anna/Meier", LinkedInError::OtherPage),
            ("https://www.linkedin.com/in/", LinkedInError::BadSlug),
            ("https://www.linkedin.com/in/anna meier", LinkedInError::BadSlug),
            ("https://www.linkedin.com/in/%FF", LinkedInError::BadSlug),
        ] {
            assert_eq!(LinkedInProfile::parse(text).map(LinkedInProfile::into_string), Err(error), "{text}");
        }
    }

    #[test]
    fn company_pages_are_of_another_type() {
        let url = |text: &str| LinkedInCompany::parse(text).map(LinkedInCompany::into_string);
        assert_eq!(
            url("linkedin.com/company/Acme-Inc/about/?x=1").as_deref(),
            Ok("https://www.linkedin.com/company/acme-inc")
        );
        assert_eq!(url("linkedin.com/company/1441").as_deref(), Ok("https://www.linkedin.com/company/1441"));
        assert_eq!(url("uk.linkedin.com/school/eth/").as_deref(), Ok("https://www.linkedin.com/school/eth"));
        assert_eq!(url("linkedin.com/sales/company/1441").as_deref(), Ok("https://www.linkedin.com/company/1441"));
        assert_eq!(url("linkedin.com/in/anna"), Err(LinkedInError::PersonProfile));
    }

    proptest! {
        #[test]
        fn parsing_the_canonical_form_changes_nothing(slug in "[a-zA-Z0-9äÖİßи%_.-]{1,20}", kind in "in|pub|company|school") {
            let text = format!("linkedin.com/{kind}/{slug}");
            if let Ok(profile) = LinkedInProfile::parse(&text) {
                prop_assert_eq!(LinkedInProfile::parse(profile.as_str()), Ok(profile.clone()));
            }
            if let Ok(company) = LinkedInCompany::parse(&text) {
                prop_assert_eq!(LinkedInCompany::parse(company.as_str()), Ok(company.clone()));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*", path in "\\PC*") {
            let _ = LinkedInProfile::parse(&text);
            let _ = LinkedInProfile::parse(&format!("linkedin.com/{path}"));
            let _ = LinkedInCompany::parse(&format!("linkedin.com/{path}"));
        }
    }
}
