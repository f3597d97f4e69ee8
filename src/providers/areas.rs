//! Where in its country a phone number is at home, by its first digits.
//!
//! The tables are made by `make lists` from the geocoding data of libphonenumber. A number that was taken along to another
//! place, and most mobile numbers, tell nothing or the old place: it is a hint, with the confidence of one.

use fst::Map;

static AREAS: &[u8] = include_bytes!("../../lists/areas.fst");
/// All names without anything between them.
static NAMES: &str = include_str!("../../lists/areas.txt");

/// Where a name stands among all names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    start: usize,
    length: usize,
}

impl Place {
    /// `None` for a name of 256 bytes and more.
    pub fn new(start: usize, length: usize) -> Option<Self> {
        (length < 256).then_some(Self { start, length })
    }

    /// The value in `lists/areas.fst`.
    pub fn code(self) -> u64 {
        (self.start as u64) << 8 | self.length as u64
    }

    fn from_code(code: u64) -> Option<Self> {
        Some(Self { start: usize::try_from(code >> 8).ok()?, length: usize::try_from(code & 0xff).ok()? })
    }
}

/// The embedded table cannot be read: the binary was built from a damaged `lists/`.
#[derive(Debug, thiserror::Error)]
#[error("the embedded list areas is damaged: {0}")]
pub struct AreasError(fst::Error);

/// The embedded table. Opening reads a header; a look-up takes a step per digit.
#[derive(Debug, Clone)]
pub struct Areas {
    map: Map<&'static [u8]>,
}

impl Areas {
    /// # Errors
    /// See [`AreasError`].
    pub fn embedded() -> Result<Self, AreasError> {
        Map::new(AREAS).map(|map| Self { map }).map_err(AreasError)
    }

    /// The English name of the area with the longest beginning of the number; `e164` with or without `+`.
    pub fn of(&self, e164: &str) -> Option<&'static str> {
        let table = self.map.as_fst();
        let (mut node, mut sum, mut found) = (table.root(), 0, None);
        for digit in e164.trim_start_matches('+').bytes() {
            let Some(transition) = node.find_input(digit).map(|at| node.transition(at)) else { break };
            sum += transition.out.value();
            node = table.node(transition.addr);
            if node.is_final() {
                found = Some(sum + node.final_output().value());
            }
        }
        let Place { start, length } = Place::from_code(found?)?;
        NAMES.get(start..start + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_known_beginning_tells() {
        let areas = Areas::embedded().expect("the table opens");
        for (number, area) in [
            ("+4930901820", Some("Berlin")),
            ("+498912345678", Some("Munich")),
            ("+12025550123", Some("Washington D.C.")),
            ("+441212345678", Some("Birmingham")),
            ("+861012345678", Some("Beijing")),
            ("+80012345678", None),
            ("", None),
            ("+", None),
            ("abc", None),
        ] {
            assert_eq!(areas.of(number), area, "{number}");
        }
    }
}
