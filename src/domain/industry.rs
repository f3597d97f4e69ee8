//! One list of industries for all providers: the names most of them use, and what else the same thing is called.
//!
//! `industry/names.txt` is the list, `industry/other_names.txt` the rest, as `other=name`. Both are compared without case,
//! marks and the difference between `&` and `and`.

use std::collections::HashMap;
use std::sync::LazyLock;

static NAMES: &str = include_str!("industry/names.txt");
static OTHER_NAMES: &str = include_str!("industry/other_names.txt");

static KNOWN: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let others = OTHER_NAMES.lines().filter_map(|line| line.split_once('='));
    others.chain(NAMES.lines().map(|name| (name, name))).map(|(other, name)| (key(other), name)).collect()
});

/// The name in the list, for any spelling of it that is known. What is not known has no industry here.
pub fn industry(text: &str) -> Option<&'static str> {
    let wanted = key(text);
    if let Some(name) = KNOWN.get(&wanted) {
        return Some(name);
    }
    // `Software / SaaS`, `Retail, Online`: the first part that is known.
    let mut parts = text.split(['/', ',', ';', '|', '>']).map(key);
    parts.find_map(|part| KNOWN.get(&part).copied())
}

/// The list, in the order of the alphabet.
pub fn industries() -> impl Iterator<Item = &'static str> {
    NAMES.lines()
}

fn key(text: &str) -> String {
    let spelled = text.to_lowercase().replace('&', " and ");
    let words = spelled.split(|next: char| !next.is_alphanumeric()).filter(|word| !word.is_empty() && *word != "and");
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_providers_are_one_name() {
        for (text, name) in [
            ("machinery", "Machinery"),
            ("information technology & services", "Information Technology & Services"),
            ("Information Technology and Services", "Information Technology & Services"),
            ("SaaS", "Computer Software"),
            ("Software / Cloud", "Computer Software"),
            ("E-Learning", "E-Learning"),
            ("glass, ceramics & concrete", "Glass, Ceramics & Concrete"),
        ] {
            assert_eq!(industry(text), Some(name), "{text}");
        }
        for nothing in ["", "&", "underwater basket weaving"] {
            assert_eq!(industry(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn every_name_is_itself_and_every_other_name_leads_into_it() {
        let names: Vec<_> = industries().collect();
        assert!(names.len() > 140);
        for name in &names {
            assert_eq!(industry(name), Some(*name));
        }
        for line in OTHER_NAMES.lines() {
            let (_, name) = line.split_once('=').expect("other=name");
            assert!(names.contains(&name), "{line}");
        }
    }
}
