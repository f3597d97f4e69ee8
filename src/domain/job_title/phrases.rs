//! Tables of phrases, embedded as text: which meaning the words at a place of a title have.

use std::collections::HashMap;

/// Meanings by phrase. A phrase is folded words; `vertrieb*` is the beginning of a word, `*ologist` its end.
pub struct Phrases<T> {
    whole: HashMap<&'static str, T>,
    /// Longest first, as `endings`.
    beginnings: Vec<(&'static str, T)>,
    endings: Vec<(&'static str, T)>,
    longest: usize,
}

impl<T: Copy> Phrases<T> {
    /// From lines of cells with tabs between them; the last cell holds phrases with `|` between them, `meaning` gets
    /// those before it and gives `None` for a line that is malformed.
    pub fn read(table: &'static str, meaning: impl Fn(&[&str]) -> Option<T>) -> Self {
        let (mut whole, mut beginnings, mut endings, mut longest) = (HashMap::new(), Vec::new(), Vec::new(), 1);
        for line in table.lines() {
            let cells: Vec<&'static str> = line.split('\t').collect();
            let Some((phrases, before)) = cells.split_last() else { continue };
            let Some(meaning) = meaning(before) else { continue };
            for phrase in phrases.split('|') {
                if let Some(beginning) = phrase.strip_suffix('*') {
                    beginnings.push((beginning, meaning));
                } else if let Some(ending) = phrase.strip_prefix('*') {
                    endings.push((ending, meaning));
                } else {
                    longest = longest.max(phrase.split(' ').count());
                    whole.insert(phrase, meaning);
                }
            }
        }
        beginnings.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        endings.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self { whole, beginnings, endings, longest }
    }

    /// The meaning of the longest phrase at the beginning of `words`, and how many words it takes (at least one).
    pub fn at(&self, words: &[String]) -> (usize, Option<T>) {
        let mut phrase = words.iter().take(self.longest).map(String::as_str).collect::<Vec<_>>().join(" ");
        for length in (1..=words.len().min(self.longest)).rev() {
            if let Some(meaning) = self.whole.get(phrase.as_str()) {
                return (length, Some(*meaning));
            }
            if let Some(end) = phrase.rfind(' ') {
                phrase.truncate(end);
            }
        }
        let word = words.first().map_or("", String::as_str);
        let stem = self.beginnings.iter().find(|(text, _)| word.starts_with(text));
        let stem =
            stem.or_else(|| self.endings.iter().find(|(text, _)| word.len() > text.len() && word.ends_with(text)));
        (1, stem.map(|(_, meaning)| *meaning))
    }

    /// Every phrase as it stands in the table.
    #[cfg(test)]
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        self.whole.keys().copied().chain(self.beginnings.iter().chain(&self.endings).map(|(text, _)| *text))
    }
}
