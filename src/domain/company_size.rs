//! How many people a company employs, as one of the ranges of PRD-11, appendix B (`51-200`). Providers write it in many
//! ways: a count, a range of their own, `10,001+`, `1.2K employees`.

/// Upper end of each range, and its name. The last has none.
const RANGES: [(f64, &str); 7] = [
    (10.0, "1-10"),
    (50.0, "11-50"),
    (200.0, "51-200"),
    (500.0, "201-500"),
    (1_000.0, "501-1000"),
    (5_000.0, "1001-5000"),
    (10_000.0, "5001-10000"),
];
const LARGEST: &str = "10001+";

/// The range that a count or a range of a provider falls into, by the middle of the latter. Nothing for what is no
/// figure, or no people at all.
pub fn company_size(text: &str) -> Option<&'static str> {
    let figures = figures(text);
    let (low, high) = (*figures.first()?, *figures.last()?);
    if low > high || high < 1.0 {
        return None;
    }
    let lower = text.trim().to_lowercase();
    let open_end = figures.len() == 1
        && (lower.ends_with('+') || ["more than", "over", ">"].iter().any(|word| lower.starts_with(word)));
    // `10000+` begins where the range below it ends.
    let middle = if open_end { low + 1.0 } else { f64::midpoint(low, high) };
    Some(RANGES.iter().find(|(end, _)| middle <= *end).map_or(LARGEST, |(_, name)| name))
}

/// The first two numbers of a text; `1,200` is one, `1,10` (a pair) is two, `1.2K` is 1,200.
fn figures(text: &str) -> Vec<f64> {
    let mut found = Vec::new();
    let mut digits = String::new();
    let mut chars = text.trim().chars().peekable();
    let close = |digits: &mut String, found: &mut Vec<f64>, factor: f64| {
        if let Ok(number) = digits.parse::<f64>() {
            found.push(number * factor);
        }
        digits.clear();
    };
    while let Some(next) = chars.next() {
        match next {
            '0'..='9' => digits.push(next),
            '.' if !digits.is_empty() && chars.peek().is_some_and(char::is_ascii_digit) => digits.push('.'),
            // A thousands mark has exactly three digits behind it.
            ',' | '\'' | '\u{a0}' | ' ' if !digits.is_empty() && three_digits_follow(&chars) => {}
            'k' | 'K' if !digits.is_empty() => close(&mut digits, &mut found, 1_000.0),
            _ => close(&mut digits, &mut found, 1.0),
        }
    }
    close(&mut digits, &mut found, 1.0);
    found.truncate(2);
    found
}

fn three_digits_follow(chars: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let next: Vec<char> = chars.clone().take(4).collect();
    next.len() >= 3 && next[..3].iter().all(char::is_ascii_digit) && !next.get(3).is_some_and(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_of_writing_it_falls_into_one_range() {
        for (text, range) in [
            ("240", "201-500"),
            ("1", "1-10"),
            ("51-200", "51-200"),
            ("51-250", "51-200"),
            ("1,10", "1-10"),
            ("1,001-5,000", "1001-5000"),
            ("10,001+", "10001+"),
            ("10000+", "10001+"),
            ("More than 10000", "10001+"),
            ("1.2K employees", "1001-5000"),
            ("5K-10K", "5001-10000"),
            ("11 to 50", "11-50"),
            ("240.0", "201-500"),
            ("12 000", "10001+"),
        ] {
            assert_eq!(company_size(text), Some(range), "{text}");
        }
        for nothing in ["", "many", "0", "-", "200-51"] {
            assert_eq!(company_size(nothing), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn a_range_is_its_own_range(count in 1_u32..200_000) {
            let range = company_size(&count.to_string()).expect("a count");
            prop_assert_eq!(company_size(range), Some(range));
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            let _ = company_size(&text);
        }
    }
}
