//! A place in one text to city, state and country, where it is plain.
//!
//! `Austin, Texas, United States` is plain; `München`, `Bay Area` and `Georgia` are not: a lone name can be a city, a
//! region or a country. What is not plain gives nothing, and the text stays as it was given. Parts come out as they are
//! written; only the country of a state that no other country has is added.

mod gazetteer;

use super::phone::Region;
use super::text::trim_cell;
use gazetteer::{city_is_in, is_subdivision, states_named};

/// What a location says. Every part as it is written in it; `None` where the location does not say it plainly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
}

/// The country that is added to a state of it.
const UNITED_STATES: &str = "United States";

/// Words of which the names of areas are made that are no city. Folded.
#[rustfmt::skip]
const AREA_WORDS: &[&str] = &[
    "anywhere", "area", "bezirk", "county", "departamento", "departement", "district", "emea", "greater", "hybrid",
    "kreis", "metropolitan", "metro", "office", "prefecture", "provincia", "province", "provincie", "region", "remote",
    "state", "territory", "various", "worldwide",
];

impl Location {
    /// Reads a location; all parts are `None` where nothing is plain.
    pub fn parse(text: &str) -> Self {
        let parts: Vec<&str> = trim_cell(text).split(',').map(trim_cell).collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Self::default();
        }
        let Some((last, before)) = parts.split_last() else { return Self::default() };
        if let Some(found) = in_state_of_the_us(before, last) {
            return found;
        }
        let Some(country) = country(last) else { return Self::default() };
        let (city, state) = match before {
            [] if is_ambiguous_alone(last) => return Self::default(),
            [place] => within(country, place),
            [city, state] => (plain_city(country, city), plain_state(country, state)),
            // Streets and quarters: which part is the city is a guess.
            _ => (None, None),
        };
        Self { city, state, country: Some((*last).to_owned()) }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A country by its name or letters that are not those of a state (`Georgia`, `CA`).
fn country(text: &str) -> Option<Region> {
    let is_small_code = text.len() == 2 && text.bytes().any(|byte| byte.is_ascii_lowercase());
    if is_small_code || is_american_or_australian_state(text) {
        return None;
    }
    Region::from_country(text)
}

fn is_american_or_australian_state(text: &str) -> bool {
    states_named(text).any(|region| matches!(region.code(), "US" | "CA" | "AU"))
}

/// Letters alone (`US`, `IND`) can be anything.
fn is_ambiguous_alone(text: &str) -> bool {
    states_named(text).next().is_some() || text.len() == 3 && text != "USA" || text.len() == 2 && text != "UK"
}

/// `San Francisco, CA`, `Austin, Texas`, `Austin, TX 78701`; what is a country as well only with a postal code or a city
/// known to lie there (`Berlin, DE`, `Wilmington, DE`, `Atlanta, Georgia`).
fn in_state_of_the_us(before: &[&str], last: &str) -> Option<Location> {
    let [city] = before else { return None };
    let (name, has_postal_code) = match last.rsplit_once(' ') {
        Some((name, code)) if is_us_postal_code(code) => (trim_cell(name), true),
        _ => (last, false),
    };
    let region = Region::from_code("US")?;
    let plain_city = plain_city(region, city);
    let is_code = name.len() == 2;
    if is_code && name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let mut states = states_named(name);
    let is_state = states.any(|state| state == region);
    let other_state = states_named(name).any(|state| state != region);
    let other_country = Region::from_country(name).filter(|other| *other != region);
    if let Some(other) = other_country.filter(|_| !has_postal_code)
        && city_is_in(city, other, name)
    {
        return Some(Location { city: plain_city, state: None, country: Some(name.to_owned()) });
    }
    let is_plain = has_postal_code || (other_country.is_none() && !other_state) || city_is_in(city, region, name);
    (is_state && is_plain && plain_city.is_some()).then(|| Location {
        city: plain_city,
        state: Some(name.to_owned()),
        country: Some(UNITED_STATES.to_owned()),
    })
}

/// `78701`, `78701-1234`
fn is_us_postal_code(text: &str) -> bool {
    let (zip, more) = text.split_once('-').unwrap_or((text, "0000"));
    let is_number = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(zip, 5) && is_number(more, 4)
}

/// One place before a country: its state where it is known as one, else a city.
fn within(country: Region, place: &str) -> (Option<String>, Option<String>) {
    // The city and the state have one name, and the city is meant more often: neither is plain.
    let has_city_of_its_name = matches!((country.code(), place), ("US", "New York" | "Washington"));
    if has_city_of_its_name {
        return (None, None);
    }
    if is_subdivision(country, place) {
        return (None, Some(place.to_owned()));
    }
    (plain_city(country, place), None)
}

/// What can only be a city: letters, and none of the words that areas are named with.
fn plain_city(country: Region, place: &str) -> Option<String> {
    let is_area = super::text::words(&super::text::fold(place)).any(|word| AREA_WORDS.contains(&word));
    let is_name =
        place.chars().any(char::is_alphabetic) && !place.chars().any(|c| c.is_numeric() || "/()|;:".contains(c));
    let is_short = place.chars().count() <= 2;
    // `Ontario, California` is a city, `Bavaria, Germany` never.
    let is_state = is_subdivision(country, place) && !matches!(country.code(), "US" | "CA");
    (is_name && !is_area && !is_short && !is_state && Region::from_country(place).is_none_or(|other| other == country))
        .then(|| place.to_owned())
}

/// The middle part of three: of the countries whose states are all known, only a state.
fn plain_state(country: Region, state: &str) -> Option<String> {
    let is_name = state.chars().any(char::is_alphabetic) && !state.chars().any(char::is_numeric);
    let is_known = !matches!(country.code(), "US" | "CA" | "AU") || is_subdivision(country, state);
    (is_name && is_known).then(|| state.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> [String; 3] {
        let Location { city, state, country } = Location::parse(text);
        [city, state, country].map(Option::unwrap_or_default)
    }

    #[test]
    fn what_is_plain_is_read() {
        for (text, expected) in [
            ("Berlin, Germany", ["Berlin", "", "Germany"]),
            (" Köln ,Deutschland", ["Köln", "", "Deutschland"]),
            ("San Francisco, CA", ["San Francisco", "CA", "United States"]),
            ("Austin, TX", ["Austin", "TX", "United States"]),
            ("Austin, TX 78701", ["Austin", "TX", "United States"]),
            ("Smallville, CA 95113-1234", ["Smallville", "CA", "United States"]),
            ("Seattle, Washington", ["Seattle", "Washington", "United States"]),
            ("Austin, Texas, United States", ["Austin", "Texas", "United States"]),
            ("Paris, Île-de-France, France", ["Paris", "Île-de-France", "France"]),
            ("Toronto, ON, Canada", ["Toronto", "ON", "Canada"]),
            ("Greater London, United Kingdom", ["", "Greater London", "United Kingdom"]),
            ("Bavaria, Germany", ["", "Bavaria", "Germany"]),
            ("California, USA", ["", "California", "USA"]),
            ("Georgia, United States", ["", "Georgia", "United States"]),
            ("London, UK", ["London", "", "UK"]),
            ("Mumbai, Maharashtra, India", ["Mumbai", "Maharashtra", "India"]),
            ("Sydney, New South Wales, Australia", ["Sydney", "New South Wales", "Australia"]),
            ("Berlin, DE", ["Berlin", "", "DE"]),
            ("Wilmington, DE", ["Wilmington", "DE", "United States"]),
            ("Zürich, CH", ["Zürich", "", "CH"]),
            ("Atlanta, Georgia", ["Atlanta", "Georgia", "United States"]),
            ("Tbilisi, Georgia", ["Tbilisi", "", "Georgia"]),
            ("Germany", ["", "", "Germany"]),
            ("USA", ["", "", "USA"]),
            ("Singapore", ["", "", "Singapore"]),
            ("Greater Boston Area, United States", ["", "", "United States"]),
            ("Brooklyn, New York City, United States", ["Brooklyn", "", "United States"]),
            ("1 Main St, Suite 2, Austin, Texas, USA", ["", "", "USA"]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_gives_nothing() {
        for text in [
            "",
            "München",
            "Georgia",
            "Bay Area",
            "Remote",
            "Springfield, DE",
            "Somewhere, CA",
            "Rome, Georgia",
            "Berlin, de",
            "Berlin / Hamburg",
            "Perth, WA",
            "CA",
            "10115 Berlin",
            ", Germany",
            "Remote, EMEA",
            "a, b, c",
        ] {
            assert_eq!(Location::parse(text), Location::default(), "{text}");
        }
        assert_eq!(parts("New York, United States"), ["", "", "United States"]);
        assert_eq!(parts("Remote, Germany"), ["", "", "Germany"]);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_parts_stand_in_it(text in "\\PC{0,30}|(Austin|TX|CA|DE|Texas|Germany|Berlin|,| ){0,6}") {
            let Location { city, state, country } = Location::parse(&text);
            for part in [city, state].into_iter().flatten() {
                prop_assert!(text.contains(&part));
            }
            prop_assert!(country.is_none_or(|country| country == UNITED_STATES || text.contains(&country)));
        }
    }
}
