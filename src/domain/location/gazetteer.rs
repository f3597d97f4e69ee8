//! States and provinces, and the cities that tell two meanings of two letters apart.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::domain::phone::Region;
use crate::domain::text::comparison_form;

/// One country a line: its code, tab, states separated by `|`, each a name or its letters, colon, name.
const SUBDIVISIONS: &str = include_str!("subdivisions.tsv");

/// Country, tab, letters or name, tab, large cities that lie there: for what is a state of the United States and a
/// country, too.
const CITIES: &str = include_str!("cities.tsv");

/// The countries that have a state of a name, by the comparison form of name or letters.
static STATES: LazyLock<HashMap<String, Vec<Region>>> = LazyLock::new(|| {
    let mut states: HashMap<String, Vec<Region>> = HashMap::new();
    for line in SUBDIVISIONS.lines() {
        let Some((code, names)) = line.split_once('\t') else { continue };
        let Some(region) = Region::from_code(code) else { continue };
        for spelling in names.split('|').flat_map(|state| state.split(':')) {
            let regions = states.entry(comparison_form(spelling)).or_default();
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
    }
    states
});

/// The countries that have a state of this name or these letters.
pub fn states_named(text: &str) -> impl Iterator<Item = Region> {
    STATES.get(&comparison_form(text)).into_iter().flatten().copied()
}

pub fn is_subdivision(country: Region, text: &str) -> bool {
    states_named(text).any(|region| region == country)
}

/// Whether a large city of this name lies in `country` under the letters `code`, which it may have or be.
pub fn city_is_in(city: &str, country: Region, code: &str) -> bool {
    let wanted = comparison_form(city);
    let lines = CITIES.lines().filter_map(|line| line.strip_prefix(country.code())?.strip_prefix('\t'));
    let mut cities = lines.filter_map(|line| line.strip_prefix(code)?.strip_prefix('\t'));
    cities.any(|cities| cities.split('|').any(|known| comparison_form(known) == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        for line in SUBDIVISIONS.lines() {
            let (code, names) = line.split_once('\t').expect("two cells");
            let region = Region::from_code(code).expect("a country");
            assert!(
                names.split('|').all(|state| is_subdivision(region, state.rsplit(':').next().unwrap_or(state))),
                "{line}"
            );
        }
        for line in CITIES.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            let [country, code, cities] = cells[..] else { panic!("{line}") };
            let region = Region::from_code(country).expect("a country");
            assert!(cities.split('|').all(|city| city_is_in(city, region, code)), "{line}");
            let is_country = country == code || Region::from_country(code) == Some(region);
            assert!(is_country || states_named(code).any(|state| state == region), "{line}");
        }
    }
}
