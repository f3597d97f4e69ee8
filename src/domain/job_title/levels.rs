//! The level that the words of a title name.

use std::sync::LazyLock;

use super::SeniorityLevel::{self, CSuite, Entry, Executive, Mid, Senior};
use super::departments::HINTS;
use super::phrases::Phrases;
use super::words::JOINT;
use super::{Department, departments::Hint};

/// One group of phrases a line: rank, tab, phrases separated by `|`. `learner` is an entry level that no higher rank of
/// the same title lifts (`Product Manager Intern`).
const RANKS: &str = include_str!("ranks.tsv");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Level(SeniorityLevel),
    Learner,
}

static RANK_PHRASES: LazyLock<Phrases<Rank>> = LazyLock::new(|| {
    Phrases::read(RANKS, |cells| match cells {
        ["learner"] => Some(Rank::Learner),
        [name] => SeniorityLevel::ALL.into_iter().find(|level| level.name() == *name).map(Rank::Level),
        _ => None,
    })
});

/// Who works for somebody else and is named after them. Sorted.
#[rustfmt::skip]
const ATTENDANTS: &[&str] = &[
    "advisor", "adviser", "aide", "asistente", "assistant", "assistante", "assistent", "assistente", "assistentin",
    "assistenz", "assistenza", "asst", "chauffeur", "coordinator", "driver", "liaison", "receptionist", "secretaire",
    "secretaresse", "secretaria", "secretary", "segretaria", "sekretar", "sekretarin", "support",
];

/// Attendants that also stand behind the one they work for (`CEO Assistant`).
const ATTENDANTS_BEHIND: &[&str] =
    &["aide", "assistant", "assistent", "assistentin", "asst", "clerk", "receptionist", "secretary"];

#[rustfmt::skip]
const PREPOSITIONS: &[&str] = &[
    "d", "da", "de", "del", "dell", "della", "dem", "der", "des", "di", "die", "do", "du", "for", "la", "of", "to", "van",
    "von", "zum", "zur",
];

/// What makes the rank behind it a smaller one (`Deputy CFO`, `Assistant Manager`).
const DEPUTIES: &[&str] = &["assistant", "associate", "asst", "deputy", "vice"];

/// Trades whose head leads a shift or a team and no department (`Head Chef`, `Head Nurse`). Sorted.
#[rustfmt::skip]
const TRADES_WITH_HEADS: &[&str] = &[
    "baker", "barista", "bartender", "baseball", "basketball", "boy", "butcher", "cashier", "chef", "coach", "cook",
    "counselor", "custodian", "driver", "football", "gardener", "girl", "golf", "grower", "guard", "hockey", "host",
    "hostess", "housekeeper", "keeper", "lacrosse", "librarian", "lifeguard", "machine", "nurse", "operator", "rigger",
    "sawyer", "server", "soccer", "softball", "steward", "swimming", "teacher", "tennis", "track", "trainer",
    "volleyball", "waiter", "waitress", "wrestling",
];

/// Officers of ships, forces and forms that no board sits with (`Chief Petty Officer`).
const OTHER_OFFICERS: &[&str] = &["fire", "first", "flight", "petty", "police", "probation", "second", "warrant"];

/// The highest level of the parts; `None` when no word names one.
pub fn level(parts: &[Vec<String>]) -> Option<SeniorityLevel> {
    let pieces: Vec<&[String]> =
        parts.iter().flat_map(|part| part.split(|word| word == JOINT)).filter(|piece| !piece.is_empty()).collect();
    let ranks: Vec<(&[String], Option<Rank>)> = pieces.iter().map(|piece| (*piece, rank(piece, &pieces))).collect();
    if ranks.iter().any(|(_, rank)| *rank == Some(Rank::Learner)) {
        return Some(Entry);
    }
    let levels = ranks.iter().filter_map(|(_, rank)| match rank {
        Some(Rank::Level(level)) => Some(*level),
        _ => None,
    });
    levels.max()
}

/// The words of a part without the one that its holder works for: `Assistant to the CEO`.
pub fn without_superior(part: &[String]) -> &[String] {
    match part.iter().position(|word| word == "to") {
        Some(at) if at > 0 => &part[..at],
        _ => part,
    }
}

/// The rank of one piece of a title that has `all` these.
fn rank(piece: &[String], all: &[&[String]]) -> Option<Rank> {
    let piece = without_superior(piece);
    if works_for_another(piece) {
        return Some(Rank::Level(Entry));
    }
    let (mut best, mut learns, mut place) = (None, false, 0);
    while place < piece.len() {
        let (before, rest) = (&piece[..place], &piece[place + 1..]);
        let (length, found) = RANK_PHRASES.at(&piece[place..]);
        let level = match (piece[place].as_str(), found) {
            ("chief", _) if length == 1 => Some(chief(before, rest)),
            ("president", _) if length == 1 => Some(president(before, rest, all)),
            ("head" | "heads", _) if length == 1 => Some(head(rest)),
            // Behind a name it is a doctor's degree.
            ("md", None) if place == 0 && rest.is_empty() => Some(Executive),
            (_, Some(Rank::Learner)) => {
                learns = true;
                None
            }
            (_, Some(Rank::Level(level))) => Some(level),
            (_, None) => None,
        };
        let is_deputy = before.last().is_some_and(|word| DEPUTIES.contains(&word.as_str()));
        let level = if level == Some(CSuite) && is_deputy { Some(Executive) } else { level };
        best = best.max(level);
        place += length;
    }
    if learns && best != Some(CSuite) {
        return Some(Rank::Learner);
    }
    if best == Some(Senior) {
        best = Some(lessened(piece));
    }
    best.map(Rank::Level)
}

/// `Executive Assistant`, `CEO Assistant`, `Assistentin der Geschäftsführung`.
fn works_for_another(piece: &[String]) -> bool {
    match piece {
        [first, second, ..] if ATTENDANTS.contains(&first.as_str()) && PREPOSITIONS.contains(&second.as_str()) => true,
        [_, .., last] => ATTENDANTS_BEHIND.contains(&last.as_str()),
        _ => false,
    }
}

/// `Junior Manager`, `Assistant Manager`.
fn lessened(piece: &[String]) -> SeniorityLevel {
    if piece.iter().any(|word| matches!(word.as_str(), "junior" | "jr")) {
        return Entry;
    }
    match piece {
        [first, _, ..] if DEPUTIES.contains(&first.as_str()) => Mid,
        _ => Senior,
    }
}

/// `Chief Marketing Officer` and `Chief, Legal Affairs` sit on the board, `Chief Engineer` and `Fire Chief` do not.
fn chief(before: &[String], rest: &[String]) -> SeniorityLevel {
    let Some(next) = rest.first() else { return if before.is_empty() { CSuite } else { Senior } };
    if OTHER_OFFICERS.contains(&next.as_str()) || next == "of" {
        return Senior;
    }
    let is_officer = rest.iter().any(|word| matches!(word.as_str(), "officer" | "officers"));
    if is_officer || before.is_empty() && rest.iter().all(|word| is_function(word)) { CSuite } else { Senior }
}

/// Whether a word names a function and not a trade, so that its chief is an officer.
fn is_function(word: &str) -> bool {
    let is_trade = ["er", "or", "ist", "ian", "man", "ant", "sel", "ect", "ic", "en", "ge", "cook", "pilot", "mate"];
    !is_trade.iter().any(|ending| word.ends_with(ending))
        && matches!(HINTS.at(&[word.to_owned()]), (_, Some(Hint { department: Some(department), .. }))
            if !matches!(department, Department::Education | Department::Healthcare))
}

/// The president of a company, or of a part of it: `President, Americas`, `President & General Manager`.
fn president(before: &[String], rest: &[String], all: &[&[String]]) -> SeniorityLevel {
    let is_alone = rest.is_empty() && before.iter().all(|word| is_plain_beside_president(word));
    let manages_a_unit = all.iter().any(|piece| match piece {
        [first, second, ..] => first == "general" && second == "manager",
        [only] => only == "gm",
        [] => false,
    });
    if is_alone && !manages_a_unit { CSuite } else { Executive }
}

fn is_plain_beside_president(word: &str) -> bool {
    matches!(word, "the" | "company" | "co" | "interim" | "acting" | "founding" | "group" | "corporate" | "former")
}

fn head(rest: &[String]) -> SeniorityLevel {
    let leads_a_trade = rest.first().is_some_and(|word| word != "of")
        && rest.iter().take(3).any(|word| TRADES_WITH_HEADS.binary_search(&word.as_str()).is_ok());
    if leads_a_trade { Senior } else { Executive }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::fold;

    #[test]
    fn every_line_is_read_and_every_phrase_is_folded() {
        for line in RANKS.lines() {
            let name = line.split('\t').next().unwrap_or_default();
            assert!(name == "learner" || SeniorityLevel::ALL.iter().any(|level| level.name() == name), "{line}");
        }
        assert!(RANK_PHRASES.all().all(|phrase| fold(phrase) == phrase && !phrase.is_empty()));
        assert!(TRADES_WITH_HEADS.is_sorted());
    }
}
