//! Countries as rows name them: ISO 3166-1 codes and names in seven languages.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::domain::text::comparison_form;

/// One country a line: alpha-2 code, tab, alpha-3 code and names separated by `|`. Names are those of Unicode CLDR in
/// English, German, French, Spanish, Italian, Dutch and Portuguese, and spellings that lists use besides.
const COUNTRY_NAMES: &str = include_str!("country_names.tsv");

/// A country or territory: its ISO 3166-1 alpha-2 code in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; 2]);

/// The text is no ISO 3166-1 alpha-2 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a two-letter country code")]
pub struct RegionError;

struct Countries {
    /// 26 x 26 flags by first and second letter.
    is_code: [bool; 26 * 26],
    /// By comparison form of the name.
    by_name: HashMap<String, Region>,
}

static COUNTRIES: LazyLock<Countries> = LazyLock::new(|| {
    let mut countries = Countries { is_code: [false; 26 * 26], by_name: HashMap::with_capacity(2048) };
    for line in COUNTRY_NAMES.lines() {
        let Some((code, names)) = line.split_once('\t') else { continue };
        let Some(letters) = code_letters(code) else { continue };
        countries.is_code[place(letters)] = true;
        for name in names.split('|') {
            countries.by_name.insert(country_key(name), Region(letters));
        }
    }
    countries
});

fn code_letters(text: &str) -> Option<[u8; 2]> {
    let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
    let letters = letters.map(|letter| letter.to_ascii_uppercase());
    letters.iter().all(u8::is_ascii_uppercase).then_some(letters)
}

fn place([first, second]: [u8; 2]) -> usize {
    usize::from(first - b'A') * 26 + usize::from(second - b'A')
}

/// `U.S.A.` = `USA`; "the" says nothing.
fn country_key(name: &str) -> String {
    let mut key = comparison_form(name);
    if key.split(' ').all(|word| word.len() == 1) {
        key.retain(|c| c != ' ');
    }
    match key.strip_prefix("the ") {
        Some(rest) => rest.to_owned(),
        None => key,
    }
}

impl Region {
    /// From an alpha-2 code in any case.
    pub fn from_code(code: &str) -> Option<Self> {
        let letters = code_letters(code)?;
        COUNTRIES.is_code[place(letters)].then_some(Self(letters))
    }

    /// From what stands in a country column: an alpha-2 or alpha-3 code, or a name in English, German, French, Spanish,
    /// Italian, Dutch or Portuguese.
    pub fn from_country(country: &str) -> Option<Self> {
        let country = country.trim();
        if country.is_empty() {
            return None;
        }
        Self::from_code(country).or_else(|| COUNTRIES.by_name.get(&country_key(country)).copied())
    }

    pub fn code(&self) -> &str {
        // Only ASCII capitals get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.code())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Region {
    type Err = RegionError;
    fn from_str(text: &str) -> Result<Self, RegionError> {
        Self::from_code(text).ok_or(RegionError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_in_seven_languages_are_known() {
        for (text, code) in [
            ("DE", "DE"),
            ("de", "DE"),
            ("DEU", "DE"),
            ("Germany", "DE"),
            ("Deutschland", "DE"),
            ("ALLEMAGNE", "DE"),
            ("Alemania", "DE"),
            ("Germania", "DE"),
            ("Duitsland", "DE"),
            ("Alemanha", "DE"),
            ("Österreich", "AT"),
            ("Osterreich", "AT"),
            ("U.S.A.", "US"),
            ("usa", "US"),
            ("US", "US"),
            ("United States of America", "US"),
            ("The United States", "US"),
            ("UK", "GB"),
            ("Scotland", "GB"),
            ("the Netherlands", "NL"),
            ("Países Bajos", "NL"),
            ("Côte d’Ivoire", "CI"),
            ("Korea, Republic of", "KR"),
            ("Turkey", "TR"),
            ("Türkiye", "TR"),
            ("Czech Republic", "CZ"),
            ("Hong Kong", "HK"),
        ] {
            assert_eq!(Region::from_country(text).map(|region| region.to_string()).as_deref(), Some(code), "{text}");
        }
        for text in ["", "XX", "ZZZ", "Atlantis", "12", "ÄÖ", "Berlin"] {
            assert_eq!(Region::from_country(text), None, "{text}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(COUNTRIES.is_code.iter().filter(|known| **known).count(), COUNTRY_NAMES.lines().count());
        for line in COUNTRY_NAMES.lines() {
            let (code, names) = line.split_once('\t').unwrap();
            for name in names.split('|') {
                assert_eq!(Region::from_country(name).unwrap().code(), code, "{name}");
            }
        }
    }
}
