//! How the texts of a field are compared: folded, and some by what they say rather than how it is written.

use super::TextField;
use crate::domain::lead::LeadField;
use crate::domain::text::fold;

/// The form of a field's texts for comparing. The search index keeps values in the same forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// A phone number: its digits, or the folded text where it has none.
    Digits,
    /// A page on the web: without scheme, `www.`, query and closing slash.
    Page,
}

impl TextField {
    pub const fn form(&self) -> Form {
        match self {
            Self::Lead(LeadField::Phone | LeadField::CompanyPhone) => Form::Digits,
            Self::Lead(LeadField::LinkedInUrl) => Form::Page,
            _ => Form::Plain,
        }
    }
}

impl Form {
    /// A whole value.
    pub fn whole(self, text: &str) -> String {
        match self {
            Self::Page => {
                let folded = fold(text);
                let page = without_scheme(&folded);
                let page = page.split(['?', '#']).next().unwrap_or(page);
                page.trim_end_matches(['/', ' ']).to_owned()
            }
            _ => self.part(text),
        }
    }

    /// A beginning or another part of a value.
    pub fn part(self, text: &str) -> String {
        let folded = fold(text);
        match self {
            Self::Plain => folded,
            Self::Digits if folded.contains(|c: char| c.is_ascii_digit()) => {
                folded.chars().filter(char::is_ascii_digit).collect()
            }
            Self::Digits => folded,
            Self::Page => without_scheme(&folded).to_owned(),
        }
    }
}

fn without_scheme(page: &str) -> &str {
    let mut page = page;
    // Until nothing is left to take away, so that the form of a form is the form itself.
    loop {
        let shorter = page.split_once("://").map_or(page, |(_, rest)| rest);
        let shorter = shorter.strip_prefix("www.").unwrap_or(shorter).trim_start();
        if shorter.len() == page.len() {
            return page;
        }
        page = shorter;
    }
}

/// The number a text is, however it is written; not the infinite ones.
pub fn number_of(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn phones_are_their_digits_and_pages_their_address() {
        assert_eq!(Form::Digits.whole("+49 (30) 123-45"), "493012345");
        assert_eq!(Form::Digits.whole("N/A"), "n/a");
        assert_eq!(Form::Page.whole("HTTPS://www.LinkedIn.com/in/Anna/?utm=1#top"), "linkedin.com/in/anna");
        assert_eq!(Form::Page.part("https://www.linkedin.com/in/an"), "linkedin.com/in/an");
        assert_eq!(Form::Plain.whole(" Zoë  B "), "zoe b");
        assert_eq!(number_of(" 2.50 "), Some(2.5));
        assert_eq!(number_of("inf"), None);
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_the_form(text in "(https?://|www\\.|[a-zÄ0-9./?#: +-]){0,12}") {
            for form in [Form::Plain, Form::Digits, Form::Page] {
                let once = form.whole(&text);
                prop_assert_eq!(form.whole(&once), once);
            }
        }
    }
}
