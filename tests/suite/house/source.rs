//! Rust source as the house rules look at it: code without comments, string literals and test modules.

use std::fs;
use std::path::Path;

pub struct Source {
    /// Below `src/`, with `/`.
    pub path: String,
    pub text: String,
    /// Line by line, blank where the original has a comment, the inside of a literal or a test.
    code: Vec<String>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        let code = if is_test { Vec::new() } else { without_tests(&blanked(text)) };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// `src/path:line: text` of every line of code that names one of `words`.
    pub fn lines_naming(&self, words: &[&str]) -> Vec<String> {
        let named = |line: &str| words.iter().any(|word| names(line, word));
        let numbers = self.code.iter().enumerate().filter(|(_, line)| named(line)).map(|(number, _)| number);
        numbers.map(|number| self.located(number)).collect()
    }

    /// The same over the text as it stands, comments and tests included.
    pub fn raw_lines_with(&self, marks: &[&str]) -> Vec<String> {
        let lines = self.text.lines().enumerate();
        let marked = lines.filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
        marked.map(|(number, _)| self.located(number)).collect()
    }

    fn located(&self, number: usize) -> String {
        let line = self.text.lines().nth(number).unwrap_or_default();
        format!("src/{}:{}: {}", self.path, number + 1, line.trim())
    }
}

/// Every `.rs` file below `root`, in order of path.
pub fn sources(root: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new(root), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let entry = entry.expect("a directory entry can be read");
        let name = entry.file_name().into_string().expect("file names are UTF-8");
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), found);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.push(Source::new(&format!("{prefix}{name}"), &text));
        }
    }
}

/// Whether `line` has `word` with no identifier character beside it (where the word itself ends in one).
fn names(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part_of_name);
        let after = line[at + word.len()..].chars().next().is_some_and(part_of_name);
        !(before && word.starts_with(part_of_name) || after && word.ends_with(part_of_name))
    })
}

/// The text with comments and the insides of string and character literals turned into blanks; lines keep their numbers.
fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_or_comment_end(&chars, at);
        if end > at {
            out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none starts there.
fn literal_or_comment_end(chars: &[char], at: usize) -> usize {
    let peek = |offset: usize| chars.get(at + offset).copied();
    match (chars[at], peek(1)) {
        ('/', Some('/')) => find(chars, at, &['\n']),
        ('/', Some('*')) => block_comment_end(chars, at),
        ('"', _) => quoted_end(chars, at + 1, '"'),
        ('r', Some('"' | '#')) => raw_string_end(chars, at),
        // A character literal; anything else after a quote is a lifetime.
        ('\'', Some('\\')) => quoted_end(chars, at + 1, '\''),
        ('\'', Some(_)) if peek(2) == Some('\'') => at + 3,
        _ => at,
    }
}

fn find(chars: &[char], from: usize, what: &[char]) -> usize {
    let found = chars[from..].windows(what.len()).position(|window| window == what);
    found.map_or(chars.len(), |offset| from + offset)
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(chars.len())
}

fn quoted_end(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_string_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at; // a raw identifier
    }
    let mut closing = vec!['"'];
    closing.resize(hashes + 1, '#');
    (find(chars, at + 2 + hashes, &closing) + closing.len()).min(chars.len())
}

/// Lines of `code`; an item behind `#[cfg(test)]` is left blank up to its closing brace or semicolon.
fn without_tests(code: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_test = false;
    let (mut depth, mut opened) = (0usize, false);
    for line in code.lines() {
        if !in_test && line.trim_start().starts_with("#[cfg(test)]") {
            (in_test, depth, opened) = (true, 0, false);
        }
        if !in_test {
            lines.push(line.to_owned());
            continue;
        }
        lines.push(String::new());
        for c in line.chars() {
            match c {
                '{' => (depth, opened) = (depth + 1, true),
                '}' => depth = depth.saturating_sub(1),
                ';' if !opened => in_test = false,
                _ => {}
            }
        }
        if opened && depth == 0 {
            in_test = false;
        }
    }
    lines
}

#[test]
fn comments_strings_and_tests_are_not_code() {
    let text = concat!(
        "//! redb in a comment\n",
        "const A: &str = \"redb // redb\"; let b = 'x';\n",
        "/* redb /* redb */ redb */ fn f<'a>(x: &'a str) {}\n",
        "const C: &str = r#\"redb \" redb\"#; const Q: char = '\"'; const R: char = '\\'';\n",
        "#[cfg(test)]\n",
        "mod tests {\n",
        "    fn g() { redb::x(); }\n",
        "}\n",
        "use redb::Database;\n",
    );
    let source = Source::new("a.rs", text);
    assert_eq!(source.lines_naming(&["redb"]), ["src/a.rs:9: use redb::Database;"]);
    assert_eq!(source.raw_lines_with(&["redb"]).len(), 6);
}

#[test]
fn a_word_is_not_a_part_of_a_name() {
    assert!(names("use rand::Rng;", "rand"));
    assert!(!names("let operand = brand;", "rand"));
    assert!(names("x.unwrap();", ".unwrap()"));
    assert!(!names("x.unwrap_or(1);", ".unwrap()"));
    assert!(names("    println!(1)", "println!"));
    assert!(!names("    eprintln!(1)", "println!"));
}
