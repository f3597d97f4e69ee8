//! The department that the words of a title name.

use std::sync::LazyLock;

use super::levels::without_superior;
use super::phrases::Phrases;
use super::{Department, DepartmentSign};

/// One group of phrases a line: department, tab, weight, tab, phrases separated by `|`. The weight says how much a
/// phrase tells: 9 a role that stands above departments (founder), 8 the office of a chief or a general manager,
/// 7 a trade (engineer), 6 a function (finance), 5 one that others name too (production, project), 3 and less a word
/// that only hints (cloud, kitchen). A line without department names phrases that say nothing, so that no word of them
/// does (the president in "vice president").
const DEPARTMENTS: &str = include_str!("departments.tsv");

#[derive(Clone, Copy)]
pub(super) struct Hint {
    /// `None` where the phrase says nothing.
    pub department: Option<Department>,
    weight: u8,
}

pub(super) static HINTS: LazyLock<Phrases<Hint>> = LazyLock::new(|| {
    Phrases::read(DEPARTMENTS, |cells| match cells {
        ["", weight] => Some(Hint { department: None, weight: weight.parse().ok()? }),
        [department, weight] => {
            Some(Hint { department: Some(Department::from_name(department)?), weight: weight.parse().ok()? })
        }
        _ => None,
    })
});

/// The department of the phrase that tells most, of equals the first, and how much that tells.
pub fn department(parts: &[Vec<String>]) -> Option<(Department, DepartmentSign)> {
    let mut best: Option<(u8, Department)> = None;
    for part in parts {
        let mut words = without_superior(part);
        while !words.is_empty() {
            let (length, hint) = HINTS.at(words);
            if let Some(Hint { department: Some(department), weight }) = hint
                && best.is_none_or(|(most, _)| weight > most)
            {
                best = Some((weight, department));
            }
            words = &words[length..];
        }
    }
    best.map(|(weight, department)| {
        let sign = match weight {
            8.. => DepartmentSign::Office,
            7 => DepartmentSign::Trade,
            6 => DepartmentSign::Function,
            _ => DepartmentSign::Hint,
        };
        (department, sign)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::fold;

    #[test]
    fn every_line_is_read_and_every_phrase_is_folded() {
        for line in DEPARTMENTS.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 3, "{line}");
            assert!(cells[0].is_empty() || Department::from_name(cells[0]).is_some(), "{line}");
            assert!(cells[1].parse::<u8>().is_ok_and(|weight| weight <= 9), "{line}");
        }
        assert!(HINTS.all().all(|phrase| fold(phrase) == phrase && !phrase.is_empty()));
    }
}
