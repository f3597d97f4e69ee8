//! A title as parts of folded words: `Sr. V.P., R&D` is `sr vp` and `rd`.

use crate::domain::text::fold;

/// Words that stand for the employer and not for the job: what follows them is left out.
const EMPLOYER_MARKS: [&str; 4] = ["at", "bei", "chez", "@"];

/// What stands between two parts of a title where words are joined (`Sales and Marketing`).
pub const JOINT: &str = "and";

/// The folded words of each part. Parts are told apart by punctuation; a [`JOINT`] stays as a word within its part.
pub fn parts(title: &str) -> Vec<Vec<String>> {
    // `a.i.` is "ad interim" in small letters and artificial intelligence in capitals.
    let plain = title.replace("a.i.", " ");
    let folded = shortened(&fold(&plain));
    let mut parts = vec![Vec::new()];
    let mut end = false;
    for piece in folded.split(' ') {
        // A hyphen between blanks, or beside one, divides; one within a word does not.
        let divides = piece.starts_with('-') || piece.ends_with('-');
        if EMPLOYER_MARKS.contains(&piece) || piece.starts_with('@') {
            end = true;
        }
        for (place, chunk) in piece.split(is_divider).enumerate() {
            if place > 0 {
                parts.push(Vec::new());
                // `CEO at Acme, Founder of Example`: the next part is a job again.
                end = false;
            }
            if end {
                continue;
            }
            let words = chunk.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            if let Some(part) = parts.last_mut() {
                part.extend(words.map(|word| if matches!(word, "und" | "et" | "y") { JOINT } else { word }.to_owned()));
            }
        }
        if divides && !end {
            parts.push(Vec::new());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn is_divider(c: char) -> bool {
    matches!(
        c,
        ',' | ';' | ':' | '/' | '|' | '\\' | '(' | ')' | '[' | ']' | '+' | '•' | '·' | '"' | '!' | '?' | '>' | '<'
    )
}

/// Abbreviations as one word: `v.p.` is `vp`, `r & d` and `research and development` are `rd`; `&` is a word.
fn shortened(folded: &str) -> String {
    let mut text = String::with_capacity(folded.len() + 8);
    for piece in folded.split(' ') {
        if !text.is_empty() {
            text.push(' ');
        }
        let bare = piece.trim_matches(|c: char| is_divider(c) || c == '.');
        let letters = || bare.split('.').all(|letter| letter.chars().count() == 1);
        if bare.contains('.') && letters() {
            let dotless = bare.replace('.', "");
            text.push_str(&piece.replace(bare, &dotless).replace('.', ""));
        } else {
            text.push_str(piece);
        }
    }
    let text = text.replace("'s", "").replace('\'', "");
    let text = text.replace("research and development", "rd").replace("research & development", "rd");
    let text = without_r_and_d(&text);
    text.replace('&', " and ")
}

/// `r&d` and `r & d` where they stand as words.
fn without_r_and_d(text: &str) -> String {
    let mut out = text.to_owned();
    for spelling in ["r&d", "r & d"] {
        let mut from = 0;
        while let Some(at) = out[from..].find(spelling).map(|at| at + from) {
            let end = at + spelling.len();
            let starts_word = !out[..at].ends_with(char::is_alphanumeric);
            let ends_word = !out[end..].starts_with(char::is_alphanumeric);
            if starts_word && ends_word {
                out.replace_range(at..end, "rd");
            }
            from = at + 2;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_fall_into_parts_of_folded_words() {
        for (title, expected) in [
            ("Sr. V.P., R&D", "sr vp|rd"),
            ("CEO / Co-Founder", "ceo|co founder"),
            ("VP - Marketing", "vp|marketing"),
            ("Founder & CEO @ Foodninja.in", "founder and ceo"),
            ("Head of Design at Deputy", "head of design"),
            ("CTO at Acme, Founder", "cto|founder"),
            ("Leiter Forschung und Entwicklung", "leiter forschung and entwicklung"),
            ("CoFounder & Director", "cofounder and director"),
            ("Head-Technology", "head technology"),
            (" - ", ""),
        ] {
            let parts: Vec<String> = parts(title).iter().map(|part| part.join(" ")).collect();
            assert_eq!(parts.join("|"), expected, "{title}");
        }
    }
}
