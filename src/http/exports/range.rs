//! Which bytes of a file a caller wants (RFC 9110, 14): a download that broke off goes on where it did.

use axum::http::{HeaderMap, header};

/// What to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    /// The caller has it.
    Nothing,
    /// So many bytes from there on; at least one.
    Part {
        from: u64,
        length: u64,
    },
    /// The file has no such bytes.
    Beyond,
}

/// `tag` is the ETag of the file, with its quotes. Several ranges, and what cannot be read, are answered with all of it.
pub(super) fn wanted(headers: &HeaderMap, tag: &str, bytes: u64) -> Wanted {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let is_ours = |known: &str| known.trim().trim_start_matches("W/") == tag || known.trim() == "*";
    if text(header::IF_NONE_MATCH).is_some_and(|known| known.split(',').any(is_ours)) {
        return Wanted::Nothing;
    }
    // Of another file, or of a time, which is not kept.
    if text(header::IF_RANGE).is_some_and(|known| known != tag) {
        return Wanted::Whole;
    }
    let range =
        text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")).and_then(|range| range.split_once('-'));
    let number =
        |digits: &str| Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?.parse().ok();
    match range {
        Some(("", last)) => match number(last) {
            Some(0) => Wanted::Beyond,
            Some(last) if bytes > 0 => part(bytes.saturating_sub(last), bytes, bytes),
            Some(_) => Wanted::Beyond,
            None => Wanted::Whole,
        },
        Some((first, last)) => match (number(first), number(last)) {
            (Some(first), None) if last.is_empty() => part(first, bytes, bytes),
            (Some(first), Some(last)) if first <= last => part(first, last.saturating_add(1), bytes),
            _ => Wanted::Whole,
        },
        None => Wanted::Whole,
    }
}

fn part(from: u64, to: u64, bytes: u64) -> Wanted {
    if from >= bytes { Wanted::Beyond } else { Wanted::Part { from, length: to.min(bytes) - from } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&'static str, &'static str)]) -> Wanted {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        wanted(&headers, "\"x\"", 100)
    }

    #[test]
    fn one_range_is_answered_and_anything_else_with_the_whole() {
        let part = |from, length| Wanted::Part { from, length };
        for (range, answer) in [
            ("bytes=0-9", part(0, 10)),
            ("bytes=90-", part(90, 10)),
            ("bytes=90-1000", part(90, 10)),
            ("bytes=-1", part(99, 1)),
            ("bytes=-1000", part(0, 100)),
            ("bytes=100-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=9-3", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=x", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("pages=1-2", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
        ] {
            assert_eq!(asked(&[("range", range)]), answer, "{range}");
        }
        assert_eq!(asked(&[]), Wanted::Whole);
        assert_eq!(asked(&[("range", "bytes=1-"), ("if-range", "\"x\"")]), part(1, 99));
        assert_eq!(asked(&[("range", "bytes=1-"), ("if-range", "\"y\"")]), Wanted::Whole);
        assert_eq!(asked(&[("if-none-match", "\"y\", W/\"x\"")]), Wanted::Nothing);
    }
}
