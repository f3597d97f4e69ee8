//! The policy table: for each region, whether a provider may be told of a person.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

use super::membership::{is_eea, members};
use super::place::Place;
use crate::domain::phone::Region;

/// What a row of the table allows. Ordered by strictness.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
#[schema(as = PolicyRule)]
pub enum Rule {
    /// Whatever the operation needs.
    #[default]
    #[n(0)]
    Allowed,
    /// Only what is known of the company; no personal field.
    #[n(1)]
    CompanyOnly,
    /// Nothing.
    #[n(2)]
    Off,
}

impl Rule {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::CompanyOnly => "company_only",
            Self::Off => "off",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Allowed, Self::CompanyOnly, Self::Off].into_iter().find(|rule| rule.name() == name)
    }
}

/// What a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// Every country without a row of its own or of a group.
    Other,
    /// The members of the EU and the EEA.
    Eea,
    Country(Region),
}

/// The text names no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be EU, other, or a country of ISO 3166 in two letters")]
pub struct UnknownRow;

impl FromStr for Row {
    type Err = UnknownRow;

    fn from_str(text: &str) -> Result<Self, UnknownRow> {
        match text.trim().to_ascii_uppercase().as_str() {
            "EU" | "EEA" => Ok(Self::Eea),
            "OTHER" | "DEFAULT" | "*" => Ok(Self::Other),
            "UK" => Region::from_code("GB").map(Self::Country).ok_or(UnknownRow),
            code => Region::from_code(code).map(Self::Country).ok_or(UnknownRow),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other => f.write_str("other"),
            Self::Eea => f.write_str("EU"),
            Self::Country(region) => f.write_str(region.code()),
        }
    }
}

/// Rows by region. A country's own row goes before that of its group, and that before `other`, which is always there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyTable {
    rows: BTreeMap<Row, Rule>,
}

impl PolicyTable {
    pub fn set(&mut self, row: Row, rule: Rule) {
        self.rows.insert(row, rule);
    }

    /// Takes a row out: its regions then fall under the next wider one.
    pub fn remove(&mut self, row: Row) {
        self.rows.remove(&row);
    }

    /// All rows, `other` first.
    pub fn rows(&self) -> impl Iterator<Item = (Row, Rule)> + '_ {
        let other = (!self.rows.contains_key(&Row::Other)).then(|| (Row::Other, self.other()));
        other.into_iter().chain(self.rows.iter().map(|(row, rule)| (*row, *rule)))
    }

    fn other(&self) -> Rule {
        self.rows.get(&Row::Other).copied().unwrap_or_default()
    }

    fn of_country(&self, region: Region) -> Rule {
        let group = || self.rows.get(&Row::Eea).filter(|_| is_eea(region));
        self.rows.get(&Row::Country(region)).or_else(group).copied().unwrap_or_else(|| self.other())
    }

    /// The rule for a lead. Where the place leaves several open, the strictest of them.
    pub fn rule(&self, place: Place) -> Rule {
        match place {
            Place::Country(region) => self.of_country(region),
            Place::Eea => members().map(|region| self.of_country(region)).max().unwrap_or_default(),
            Place::Unknown => self.rows().map(|(_, rule)| rule).max().unwrap_or_default(),
        }
    }
}

impl FromIterator<(Row, Rule)> for PolicyTable {
    fn from_iter<I: IntoIterator<Item = (Row, Rule)>>(rows: I) -> Self {
        Self { rows: rows.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn country(code: &str) -> Place {
        Place::Country(Region::from_code(code).expect("a country"))
    }

    fn table(rows: &[(&str, Rule)]) -> PolicyTable {
        rows.iter().map(|(row, rule)| (row.parse().expect("a row"), *rule)).collect()
    }

    #[test]
    fn the_narrowest_row_decides() {
        let table = table(&[("EU", Rule::CompanyOnly), ("DE", Rule::Off), ("uk", Rule::CompanyOnly)]);
        for (place, rule) in [
            (country("DE"), Rule::Off),
            (country("FR"), Rule::CompanyOnly),
            (country("GB"), Rule::CompanyOnly),
            (country("US"), Rule::Allowed),
            (Place::Eea, Rule::Off),
            (Place::Unknown, Rule::Off),
        ] {
            assert_eq!(table.rule(place), rule, "{place}");
        }
        assert_eq!(PolicyTable::default().rule(Place::Unknown), Rule::Allowed);
    }

    #[test]
    fn rows_are_read_as_they_are_shown() {
        for name in ["EU", "other", "DE"] {
            assert_eq!(name.parse::<Row>().expect("a row").to_string(), name);
        }
        assert!("Atlantis".parse::<Row>().is_err());
    }

    fn rows() -> impl Strategy<Value = Vec<(usize, Rule)>> {
        let rule = prop_oneof![Just(Rule::Allowed), Just(Rule::CompanyOnly), Just(Rule::Off)];
        prop::collection::vec((0_usize..6, rule), 0..8)
    }

    proptest! {
        #[test]
        fn nobody_unknown_gets_off_more_lightly_than_anybody_known(rows in rows()) {
            let names = ["EU", "other", "DE", "NO", "US", "GB"];
            let table: PolicyTable = rows.iter().map(|(name, rule)| (names[*name].parse().unwrap(), *rule)).collect();
            for code in ["DE", "FR", "NO", "US", "GB", "JP"] {
                prop_assert!(table.rule(Place::Unknown) >= table.rule(country(code)), "{}", code);
            }
            prop_assert!(table.rule(Place::Eea) >= table.rule(country("FR")));
        }
    }
}
