//! The path of an address on linkedin.com.

use unicode_normalization::UnicodeNormalization;

use super::LinkedInError;
use crate::domain::text::trim_cell;
use crate::domain::website::percent_decode;

/// The path of a LinkedIn address, split at slashes, as given; the first is its kind in lower case.
pub struct Segments<'a> {
    kind: String,
    rest: Vec<&'a str>,
}

impl<'a> Segments<'a> {
    pub fn of(text: &'a str) -> Result<Self, LinkedInError> {
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

    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The segment after the kind is 1.
    pub fn at(&self, place: usize) -> &'a str {
        self.rest.get(place - 1).copied().unwrap_or_default()
    }

    /// `/pub/name/a7/576/b50` is `/in/name-b50576a7`: the three parts of the member number (hexadecimal) in reverse,
    /// the inner ones at full width. `/pub/name` alone is `/in/name`.
    pub fn old_public_slug(&self) -> Result<String, LinkedInError> {
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
pub fn decoded_slug(segment: &str) -> Result<String, LinkedInError> {
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
