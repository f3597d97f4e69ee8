//! What one cell looks like, whatever its title says.
//!
//! Every answer but [`Look::Text`] is given only for a cell that is hard to take for anything else: what is uncertain
//! is text, and text speaks neither for nor against a title.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::domain::company_name::base_name;
use crate::domain::email::Email;
use crate::domain::linkedin::{LinkedInCompany, LinkedInProfile};
use crate::domain::phone::Region;
use crate::domain::text;
use crate::domain::website::Website;

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Look {
    Email,
    /// Written with a plus, brackets or separators.
    Phone,
    /// Seven to fifteen digits and nothing else: a phone number or an identifier.
    Digits,
    Number,
    LinkedInPerson,
    LinkedInCompany,
    Website,
    Image,
    /// A page somewhere that is not one's own: social networks, directories.
    Link,
    Date,
    YesNo,
    /// `verified`, `unsubscribed`, `open`, …
    Status,
    Salutation,
    Country,
    /// `11-50`, `10,001+`
    SizeRange,
    /// With a legal form.
    Company,
    JobTitle,
    /// A common given name and nothing else.
    GivenName,
    /// A given name and more capitalised words.
    PersonName,
    /// One capitalised word.
    Capitalised,
    /// Two to four of them: a name of somebody or something.
    CapitalisedWords,
    Text,
}

/// Sets of folded words, one a line: the name of the set, tab, words separated by `|`.
const VALUES: &str = include_str!("values.tsv");

static WORDS: LazyLock<HashMap<&'static str, HashSet<&'static str>>> = LazyLock::new(|| {
    let line = |line: &'static str| line.split_once('\t').map(|(name, words)| (name, words.split('|').collect()));
    VALUES.lines().filter_map(line).collect()
});

fn is_word(set: &str, word: &str) -> bool {
    WORDS.get(set).is_some_and(|words| words.contains(word))
}

/// What `cell`, trimmed and not empty, looks like.
pub(super) fn look(cell: &str) -> Look {
    if cell.len() > 300 {
        return Look::Text;
    }
    link(cell).or_else(|| number(cell)).unwrap_or_else(|| word(cell))
}

/// Addresses of all kinds.
fn link(cell: &str) -> Option<Look> {
    if cell.contains('@') && !cell.contains("://") {
        // Several addresses in one cell are addresses.
        let first = cell.split([';', ',', '|']).next().unwrap_or(cell);
        return (Email::parse(cell).is_ok() || Email::parse(first).is_ok()).then_some(Look::Email);
    }
    if cell.contains(char::is_whitespace) || !cell.contains('.') {
        return None;
    }
    let small = cell.to_lowercase();
    if small.contains("linkedin.com/") {
        return Some(match (LinkedInProfile::parse(cell), LinkedInCompany::parse(cell)) {
            (Ok(_), _) => Look::LinkedInPerson,
            (_, Ok(_)) => Look::LinkedInCompany,
            _ => Look::Link,
        });
    }
    let is_told = small.starts_with("http://") || small.starts_with("https://") || small.starts_with("www.");
    let site = Website::parse(cell).ok()?;
    if !is_told {
        // `B.Sc` and `v1.2` are no hosts; a bare one is written small and has a known ending.
        let is_host =
            site.host() == cell.trim_end_matches('/') || site.host() == cell.split('/').next().unwrap_or(cell);
        let is_known = psl::suffix(site.host().as_bytes()).is_some_and(|suffix| suffix.is_known());
        if !is_host || !is_known || !site.host().contains(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
    }
    let path = small.split(['?', '#']).next().unwrap_or(&small);
    if [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"].iter().any(|end| path.ends_with(end)) {
        return Some(Look::Image);
    }
    Some(if is_network(&site) { Look::Link } else { Look::Website })
}

/// Sites whose pages are about somebody else than who runs the site.
fn is_network(site: &Website) -> bool {
    const NETWORKS: &[&str] = &[
        "facebook.com",
        "twitter.com",
        "x.com",
        "instagram.com",
        "youtube.com",
        "tiktok.com",
        "xing.com",
        "linkedin.com",
        "crunchbase.com",
        "angel.co",
        "github.com",
        "medium.com",
        "pinterest.com",
        "zoominfo.com",
        "apollo.io",
        "hubspot.com",
        "salesforce.com",
        "google.com",
        "wikipedia.org",
        "t.me",
        "wa.me",
        "calendly.com",
        "licdn.com",
        "gravatar.com",
    ];
    site.registrable_domain().is_some_and(|domain| NETWORKS.contains(&domain))
}

/// Dates, ranges, phone numbers, plain numbers.
fn number(cell: &str) -> Option<Look> {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    if is_date(cell) {
        return Some(Look::Date);
    }
    if is_size_range(cell) {
        return Some(Look::SizeRange);
    }
    let is_plain = digits == cell.len();
    if is_plain {
        return Some(if (7..=15).contains(&digits) { Look::Digits } else { Look::Number });
    }
    if is_amount(cell) {
        return Some(Look::Number);
    }
    (7..=20).contains(&digits).then(|| is_phone(cell).then_some(Look::Phone))?
}

/// Digits with what people write between them, and at most words that say which phone it is.
fn is_phone(cell: &str) -> bool {
    let between = |c: char| {
        c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | '.' | '/' | ' ' | '\u{a0}' | ':' | ',' | '‑' | '–')
    };
    let letters: String = cell.chars().map(|c| if between(c) { ' ' } else { c }).collect();
    let folded = text::fold(&letters);
    text::words(&folded).all(|word| {
        matches!(
            word,
            "x" | "ext"
                | "extension"
                | "tel"
                | "telephone"
                | "phone"
                | "mobile"
                | "mobil"
                | "mob"
                | "cell"
                | "fax"
                | "office"
                | "work"
                | "home"
                | "direct"
                | "poste"
                | "app"
                | "dw"
                | "durchwahl"
                | "privat"
                | "buro"
                | "t"
                | "m"
                | "p"
                | "ph"
        )
    }) && !is_ip_address(cell)
}

fn is_ip_address(cell: &str) -> bool {
    cell.split('.').count() == 4 && cell.split('.').all(|part| part.parse::<u8>().is_ok())
}

/// `1,234.50`, `12 %`, `$ 99`, `-3`: an amount is no phone number.
fn is_amount(cell: &str) -> bool {
    let bare =
        cell.trim_matches(|c: char| matches!(c, '$' | '€' | '£' | '%' | ' ' | '\u{a0}')).trim_start_matches(['-']);
    let groups: Vec<&str> = bare.split([',', '.', '\'']).collect();
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return false };
    let all_digits = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let middle = groups.iter().skip(1).take(groups.len().saturating_sub(2)).all(|group| group.len() == 3);
    all_digits && middle && (groups.len() <= 2 || first.len() <= 3) && (last.len() <= 3 || groups.len() == 2)
}

/// `2024-05-06`, `06.05.2024`, `5/6/24`, `May 6, 2024`, each with or without a time.
fn is_date(cell: &str) -> bool {
    let day = cell.split(['T', ' ']).next().unwrap_or(cell).trim_end_matches(',');
    let parts: Vec<&str> = day.split(['-', '.', '/']).collect();
    if let [first, second, third] = parts[..] {
        let numbers = [first, second, third].map(|part| part.parse::<u32>().ok().filter(|_| part.len() <= 4));
        if let [Some(first), Some(second), Some(third)] = numbers {
            let is_year = |year: u32| (1900..=2100).contains(&year);
            let is_day =
                |one: u32, other: u32| (1..=31).contains(&one) && (1..=31).contains(&other) && one.min(other) <= 12;
            return is_year(first) && is_day(second, third)
                || is_day(first, second) && (is_year(third) || parts[2].len() == 2);
        }
    }
    let words: Vec<&str> = cell.split([' ', '-', ',']).filter(|word| !word.is_empty()).collect();
    let folded: Vec<String> = words.iter().map(|word| text::fold(word).trim_end_matches('.').to_owned()).collect();
    let is_month = |word: &String| {
        const MONTHS: &[&str] = &[
            "jan",
            "feb",
            "mar",
            "apr",
            "may",
            "jun",
            "jul",
            "aug",
            "sep",
            "sept",
            "oct",
            "nov",
            "dec",
            "mai",
            "okt",
            "dez",
            "january",
            "february",
            "march",
            "april",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
            "januar",
            "februar",
            "marz",
            "juni",
            "juli",
            "oktober",
            "dezember",
            "janvier",
            "fevrier",
            "mars",
            "avril",
            "juin",
            "juillet",
            "aout",
            "septembre",
            "octobre",
            "novembre",
            "decembre",
        ];
        MONTHS.contains(&word.as_str())
    };
    (2..=6).contains(&folded.len())
        && folded.iter().any(is_month)
        && folded
            .iter()
            .any(|word| word.len() == 4 && word.parse::<u32>().is_ok_and(|year| (1900..=2100).contains(&year)))
}

/// `11-50`, `1,001 - 5,000 employees`, `10.000+`, `> 500`.
fn is_size_range(cell: &str) -> bool {
    let folded = text::fold(cell);
    let bare = folded.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
    let plain = |part: &str| -> Option<u64> {
        let part = part.trim();
        let digits: String = part.chars().filter(|c| !matches!(c, ',' | '.' | ' ')).collect();
        (digits.len() <= 7 && !digits.starts_with('0')).then(|| digits.parse().ok())?
    };
    if let Some(least) = bare.strip_suffix('+').or_else(|| bare.strip_prefix(['>', '<'])) {
        return plain(least).is_some();
    }
    let Some((least, most)) = bare.split_once('-').or_else(|| bare.split_once(" to ")) else { return false };
    let (Some(least), Some(most)) = (plain(least), plain(most)) else { return false };
    // A range of sizes begins behind a round number or at one, and ends at one or before it.
    least < most && (least <= 10 || matches!(least % 10, 0 | 1)) && (most <= 10 || matches!(most % 10, 0 | 9))
}

/// Words, names and texts.
fn word(cell: &str) -> Look {
    let folded = text::fold(cell);
    let words: Vec<&str> = text::words(&folded).collect();
    let key = if words.is_empty() { folded.clone() } else { words.join(" ") };
    for (set, look) in [("yesno", Look::YesNo), ("status", Look::Status), ("salutation", Look::Salutation)] {
        if is_word(set, &key) {
            return look;
        }
    }
    if words.is_empty() || words.len() > 8 {
        return Look::Text;
    }
    if cell.chars().count() > 3 && Region::from_country(cell).is_some() {
        return Look::Country;
    }
    let is_title = |word: &&str| is_word("title", word) || is_title_compound(word);
    let given: Vec<&str> = cell.split_whitespace().collect();
    if words.len() > 1 && base_name(cell) != given.join(" ") {
        return Look::Company;
    }
    if words.iter().any(is_title) {
        return Look::JobTitle;
    }
    let capitalised = given.iter().filter(|word| word.chars().next().is_some_and(char::is_uppercase)).count();
    let has_digit = cell.contains(|c: char| c.is_ascii_digit());
    match given.len() {
        1 if words.iter().all(|word| is_word("given", word)) => Look::GivenName,
        1 if capitalised == 1 && !has_digit => Look::Capitalised,
        2..=4 if !has_digit && capitalised >= 2 && has_given_name(cell, &words) => Look::PersonName,
        2..=4 if !has_digit && capitalised == given.len() => Look::CapitalisedWords,
        _ => Look::Text,
    }
}

/// `Vertriebsleiter`, `Projektmanagerin`.
fn is_title_compound(word: &str) -> bool {
    word.len() > 8 && WORDS.get("titleend").is_some_and(|ends| ends.iter().any(|end| word.ends_with(end)))
}

/// `Anna Meier`, `Meier, Anna`, `Dr. Anna Meier`.
fn has_given_name(cell: &str, words: &[&str]) -> bool {
    let first = words.iter().find(|word| !is_word("salutation", word));
    let behind_comma = cell.split_once(',').map(|(_, rest)| text::fold(rest));
    first.is_some_and(|word| is_word("given", word))
        || behind_comma.is_some_and(|rest| text::words(&rest).next().is_some_and(|word| is_word("given", word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_apart() {
        for (cell, expected) in [
            ("ada@acme.example", Look::Email),
            ("Ada <ada@acme.example>", Look::Email),
            ("a@acme.example; b@acme.example", Look::Email),
            ("+49 30 901820", Look::Phone),
            ("(415) 555-2671 x12", Look::Phone),
            ("415.555.2671", Look::Phone),
            ("Tel.: 030/901820", Look::Phone),
            ("4155552671", Look::Digits),
            ("4711", Look::Number),
            ("1,250,000.50", Look::Number),
            ("https://www.linkedin.com/in/ada", Look::LinkedInPerson),
            ("linkedin.com/company/acme", Look::LinkedInCompany),
            ("https://www.linkedin.com/sales/lead/ABC", Look::Link),
            ("acme.com", Look::Website),
            ("https://acme.example/about", Look::Website),
            ("https://twitter.com/ada", Look::Link),
            ("https://acme.example/ada.png", Look::Image),
            ("B.Sc", Look::Capitalised),
            ("2024-05-06T10:00:00Z", Look::Date),
            ("06.05.2024", Look::Date),
            ("5/6/24", Look::Date),
            ("06 May 2024", Look::Date),
            ("Ja", Look::YesNo),
            ("TRUE", Look::YesNo),
            ("Catch-all", Look::Status),
            ("Opted out", Look::Status),
            ("Frau", Look::Salutation),
            ("Deutschland", Look::Country),
            ("11-50", Look::SizeRange),
            ("1,001-5,000 employees", Look::SizeRange),
            ("10,001+", Look::SizeRange),
            ("Muster & Söhne GmbH", Look::Company),
            ("Acme, Inc.", Look::Company),
            ("Head of Sales", Look::JobTitle),
            ("Vertriebsleiterin", Look::JobTitle),
            ("Anna", Look::GivenName),
            ("Anna Meier", Look::PersonName),
            ("Meier, Anna", Look::PersonName),
            ("Meier", Look::Capitalised),
            ("met at the fair", Look::Text),
            ("Hauptstraße 12", Look::Text),
            ("New York", Look::CapitalisedWords),
        ] {
            assert_eq!(look(cell), expected, "{cell}");
        }
    }

    #[test]
    fn every_set_of_words_is_read_and_folded() {
        for set in ["yesno", "status", "salutation", "title", "titleend", "given"] {
            let words = WORDS.get(set).unwrap_or_else(|| panic!("{set} is missing"));
            assert!(words.len() > 10, "{set}");
            for word in words {
                let folded = text::fold(word);
                let key: Vec<&str> = text::words(&folded).collect();
                assert!(key.is_empty() || key.join(" ") == *word, "{word} is not folded");
            }
        }
    }
}
