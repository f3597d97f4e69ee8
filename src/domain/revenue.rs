//! What a company takes in a year, as one of the ranges of PRD-11, appendix B (`$10M-$50M`). Providers write it as a plain
//! number, `31M`, `$10M - $50M`, `1.5 billion`; the currency is taken as US dollars, which is what they report in.

/// Upper end of each range, exclusive, and its name. The last has none.
const RANGES: [(f64, &str); 7] = [
    (1e6, "$0-$1M"),
    (1e7, "$1M-$10M"),
    (5e7, "$10M-$50M"),
    (1e8, "$50M-$100M"),
    (5e8, "$100M-$500M"),
    (1e9, "$500M-$1B"),
    (1e10, "$1B-$10B"),
];
const LARGEST: &str = "$10B+";

/// The range that an amount or a range of a provider falls into, by the middle of the latter. Nothing for what is no
/// amount.
pub fn revenue_range(text: &str) -> Option<&'static str> {
    let lower = text.trim().to_lowercase();
    let amounts = amounts(&lower);
    let (low, high) = (*amounts.first()?, *amounts.last()?);
    if low > high || high <= 0.0 {
        return None;
    }
    let below = amounts.len() == 1 && ["under", "less than", "<", "up to"].iter().any(|word| lower.starts_with(word));
    let middle = if below { low / 2.0 } else { f64::midpoint(low, high) };
    Some(RANGES.iter().find(|(end, _)| middle < *end).map_or(LARGEST, |(_, name)| name))
}

/// The first two amounts; a first one without a unit shares that of the second (`10-50M`).
fn amounts(lower: &str) -> Vec<f64> {
    let mut found: Vec<(f64, Option<f64>)> = Vec::new();
    let bytes = lower.as_bytes();
    let mut at = 0;
    while at < bytes.len() && found.len() < 2 {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut digits = String::new();
        while at < bytes.len() && (bytes[at].is_ascii_digit() || matches!(bytes[at], b'.' | b',' | b'e' | b'_')) {
            if bytes[at] == b'e' && !bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                break;
            }
            if !matches!(bytes[at], b',' | b'_') {
                digits.push(char::from(bytes[at]));
            }
            at += 1;
        }
        let rest = lower[at..].trim_start();
        let unit = match rest.as_bytes().first() {
            Some(b'k') => Some(1e3),
            Some(b'm') => Some(1e6),
            Some(b'b') => Some(1e9),
            Some(b't') if rest.starts_with("tr") || rest.len() == 1 => Some(1e12),
            _ => None,
        };
        if let Ok(amount) = digits.trim_end_matches('.').parse::<f64>() {
            found.push((amount, unit));
        }
    }
    let shared = found.last().and_then(|(_, unit)| *unit);
    found
        .into_iter()
        .map(|(amount, unit)| amount * unit.or(if amount < 1e4 { shared } else { None }).unwrap_or(1.0))
        .filter(|amount| amount.is_finite())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_of_writing_it_falls_into_one_range() {
        for (text, range) in [
            ("31000000", "$10M-$50M"),
            ("31000000.0", "$10M-$50M"),
            ("31M", "$10M-$50M"),
            ("$31.5M", "$10M-$50M"),
            ("$10M - $50M", "$10M-$50M"),
            ("10-50M", "$10M-$50M"),
            ("$10,000,000 to $50,000,000", "$10M-$50M"),
            ("1.5 billion", "$1B-$10B"),
            ("under $1M", "$0-$1M"),
            ("$1B+", "$1B-$10B"),
            ("2.5E7", "$10M-$50M"),
            ("450k", "$0-$1M"),
            ("$20 bn", "$10B+"),
        ] {
            assert_eq!(revenue_range(text), Some(range), "{text}");
        }
        for nothing in ["", "unknown", "$", "0", "e", "50M-10M"] {
            assert_eq!(revenue_range(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_range_is_its_own_range() {
        for name in RANGES.iter().map(|(_, name)| *name).chain([LARGEST]) {
            assert_eq!(revenue_range(name), Some(name));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            let _ = revenue_range(&text);
        }
    }
}
