//! Which countries are of the European Economic Area, where the General Data Protection Regulation holds.

use crate::domain::phone::Region;

/// Members of the European Union and of the EEA, and the territories with a country code of their own where EU law holds
/// in full (Åland and the outermost regions, article 349 TFEU). Sorted.
#[rustfmt::skip]
const EEA: [&str; 37] = [
    "AT", "AX", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GF", "GP", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "NO", "PL", "PT", "RE", "RO", "SE", "SI", "SK", "YT",
];

pub fn is_eea(region: Region) -> bool {
    EEA.binary_search(&region.code()).is_ok()
}

/// Whether a provider that says it works in `place` (`eu`, `eea`, or a country) processes in the EEA.
pub fn processes_in_eea(place: &str) -> bool {
    place.eq_ignore_ascii_case("eu")
        || place.eq_ignore_ascii_case("eea")
        || Region::from_country(place).is_some_and(is_eea)
}

pub(super) fn members() -> impl Iterator<Item = Region> {
    EEA.iter().filter_map(|code| Region::from_code(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_of_real_countries() {
        assert!(EEA.is_sorted());
        assert_eq!(members().count(), EEA.len());
    }

    #[test]
    fn members_are_told_from_neighbours() {
        for (code, member) in [("DE", true), ("NO", true), ("IS", true), ("GB", false), ("CH", false), ("US", false)] {
            assert_eq!(Region::from_code(code).map(is_eea), Some(member), "{code}");
        }
        for (place, inside) in [("eu", true), ("EU", true), ("de", true), ("us", false), ("gb", false), ("", false)] {
            assert_eq!(processes_in_eea(place), inside, "{place}");
        }
    }
}
