//! What a person is told while the demo runs, on standard error. A program is told nothing until the end.

use indicatif::ProgressBar;

use crate::cli::output::{self, Reader};

pub struct Narration {
    reader: Reader,
}

impl Narration {
    pub fn new(reader: Reader) -> Self {
        Self { reader }
    }

    /// A new step.
    pub fn step(&self, number: u8, title: &str) {
        self.line("");
        self.line(&format!("{number}  {title}"));
    }

    /// Something about the step.
    pub fn fact(&self, text: &str) {
        self.line(&format!("   {text}"));
    }

    fn line(&self, text: &str) {
        if self.reader == Reader::Person {
            output::note(text);
        }
    }

    pub fn bar(&self, what: &'static str, total: Option<u64>) -> ProgressBar {
        match self.reader {
            Reader::Person => output::progress(what, total),
            Reader::Program => ProgressBar::hidden(),
        }
    }
}

/// 12345 as `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for (index, digit) in digits[first..].chars().enumerate() {
        if index % 3 == 0 && !text.is_empty() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 lead`, `2 leads`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_by_thousands() {
        let shown = [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
        assert_eq!(counted(1, "lead", "leads"), "1 lead");
    }
}
