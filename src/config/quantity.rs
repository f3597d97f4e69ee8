//! Sizes and times as people write them: `"256 MiB"`, `"24h"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// A number of bytes; written as a number, or as a text with `B`, `KiB`, `MiB`, `GiB` (`KB`, `MB`, `GB` count in
/// thousands).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A length of time; written as a number of seconds, or as a text with `ms`, `s`, `m`, `h`, `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    #[error("not a size: use a number of bytes or a text such as \"256 MiB\"")]
    Size,
    #[error("not a length of time: use a number of seconds or a text such as \"24h\" or \"90d\"")]
    Period,
}

const SIZE_UNITS: [(&str, u64); 8] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];
const PERIOD_UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Digits, then a unit of the table; `plain` is what digits alone count in.
fn parse(text: &str, units: &[(&str, u64)], plain: u64) -> Option<u64> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').len();
    let number: u64 = text[..digits].replace('_', "").parse().ok()?;
    let unit = text[digits..].trim();
    let factor = if unit.is_empty() {
        plain
    } else {
        units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| *factor)?
    };
    number.checked_mul(factor)
}

/// The largest of `units` that divides the amount without a rest.
fn largest_unit<'u>(amount: u64, units: &[(&'u str, u64)]) -> (u64, &'u str) {
    let fitting = units.iter().filter(|(_, factor)| amount.is_multiple_of(*factor) && amount >= *factor);
    let (name, factor) = fitting.max_by_key(|(_, factor)| *factor).copied().unwrap_or(units[0]);
    (amount / factor, name)
}

impl ByteSize {
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Period {
    pub const fn millis(count: u64) -> Self {
        Self(Duration::from_millis(count))
    }

    pub const fn seconds(count: u64) -> Self {
        Self(Duration::from_secs(count))
    }

    pub const fn minutes(count: u64) -> Self {
        Self::seconds(count * 60)
    }

    pub const fn hours(count: u64) -> Self {
        Self::minutes(count * 60)
    }

    pub const fn days(count: u64) -> Self {
        Self::hours(count * 24)
    }

    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl FromStr for ByteSize {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text, &SIZE_UNITS, 1).map(Self).ok_or(QuantityError::Size)
    }
}

impl FromStr for Period {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let ms = parse(text, &PERIOD_UNITS, 1_000).ok_or(QuantityError::Period)?;
        Ok(Self(Duration::from_millis(ms)))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Binary units only: the first five of the table.
        let (number, unit) = largest_unit(self.0, &SIZE_UNITS[..5]);
        write!(f, "{number} {unit}")
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let (number, unit) = if ms == 0 { (0, "s") } else { largest_unit(ms, &PERIOD_UNITS) };
        write!(f, "{number}{unit}")
    }
}

struct NumberOrText<T>(std::marker::PhantomData<T>);

impl<T: FromStr<Err = QuantityError>> Visitor<'_> for NumberOrText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a text of a number and a unit")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! as_number_or_text {
    ($($kind:ty),*) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(NumberOrText(std::marker::PhantomData))
            }
        }

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}
as_number_or_text!(ByteSize, Period);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_and_shown_as_people_write_them() {
        for (text, bytes) in [("0", 0), ("1024", 1024), ("256 MiB", 256 << 20), ("1gib", 1 << 30), ("5 MB", 5_000_000)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5 MiB", "1 mile", "99999999999 GiB"] {
            assert_eq!(text.parse::<ByteSize>(), Err(QuantityError::Size), "{text}");
        }
        assert_eq!(ByteSize(256 << 20).to_string(), "256 MiB");
        assert_eq!(ByteSize(1_000).to_string(), "1000 B");
    }

    #[test]
    fn periods_are_read_and_shown_as_people_write_them() {
        for (text, period) in [
            ("24h", Period::hours(24)),
            ("90 d", Period::days(90)),
            ("250ms", Period::millis(250)),
            ("30", Period::seconds(30)),
        ] {
            assert_eq!(text.parse(), Ok(period), "{text}");
        }
        assert_eq!("soon".parse::<Period>(), Err(QuantityError::Period));
        assert_eq!(Period::hours(36).to_string(), "36h");
        assert_eq!(Period::seconds(0).to_string(), "0s");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(amount in 0u64..1 << 50) {
            prop_assert_eq!(ByteSize(amount).to_string().parse(), Ok(ByteSize(amount)));
            prop_assert_eq!(Period::millis(amount).to_string().parse(), Ok(Period::millis(amount)));
        }

        #[test]
        fn any_text_is_a_quantity_or_an_error(text: String) {
            let _ = text.parse::<ByteSize>();
            let _ = text.parse::<Period>();
        }
    }
}
