//! What never leaves the runner: sensitive kinds of facts, and the placeholders that vendors put where they will not tell.

use serde_json::Value;

use crate::domain::sensitive::is_sensitive;

/// Texts that stand for nothing, whatever the provider; compared without case.
const PLACEHOLDERS: [&str; 10] = [
    "email_not_unlocked@domain.com",
    "n/a",
    "not available",
    "not_available",
    "unavailable@domain.com",
    "undefined",
    "(null)",
    "<null>",
    "-",
    "--",
];
/// Texts of a vendor that hold JSON are looked into as well; longer ones are not.
const LONGEST_INNER: usize = 256 * 1024;

/// What one manifest drops beside what all do.
#[derive(Debug, Clone, Default)]
pub struct Cleaning {
    /// Names from the inside out: `person.street_address` is that member of a `person`, wherever it stands.
    pub denied: Vec<Vec<String>>,
    /// In small letters.
    pub placeholders: Vec<String>,
}

impl Cleaning {
    /// Takes out what must not be kept.
    pub fn clean(&self, value: &mut Value) {
        self.walk(value, &mut Vec::new());
    }

    fn walk(&self, value: &mut Value, path: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| !is_sensitive(name) && !self.denies(path, name));
                for (name, member) in members.iter_mut() {
                    path.push(name.clone());
                    self.walk(member, path);
                    path.pop();
                }
            }
            Value::Array(members) => members.iter_mut().for_each(|member| self.walk(member, path)),
            Value::String(text) => {
                if self.is_placeholder(text) {
                    *value = Value::Null;
                } else if let Some(cleaned) = self.cleaned_inside(text, path) {
                    *value = Value::String(cleaned);
                }
            }
            _ => {}
        }
    }

    fn denies(&self, path: &[String], name: &str) -> bool {
        self.denied.iter().any(|denied| match denied.split_last() {
            Some((last, parents)) => last == name && path.ends_with(parents),
            None => false,
        })
    }

    fn is_placeholder(&self, text: &str) -> bool {
        let text = text.trim();
        // `+33 6 ** ** ** 12`, `j***@acme.com`: masked.
        text.contains("***")
            || PLACEHOLDERS.iter().any(|known| known.eq_ignore_ascii_case(text))
            || self.placeholders.iter().any(|known| *known == text.to_lowercase())
    }

    /// JSON in a text, if anything in it had to go.
    fn cleaned_inside(&self, text: &str, path: &mut Vec<String>) -> Option<String> {
        let looks = text.starts_with('{') || text.starts_with('[');
        if !looks || text.len() > LONGEST_INNER {
            return None;
        }
        let before = serde_json::from_str::<Value>(text).ok()?;
        let mut after = before.clone();
        self.walk(&mut after, path);
        (after != before).then(|| after.to_string())
    }
}

/// Takes out the sensitive kinds only.
pub fn drop_sensitive(value: &mut Value) {
    Cleaning::default().clean(value);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sensitive_members_and_placeholders_are_gone_at_any_depth() {
        let cleaning = Cleaning {
            denied: vec![vec!["person".to_owned(), "street_address".to_owned()]],
            placeholders: vec!["hidden".to_owned()],
        };
        let mut answer = json!({
            "person": { "email": "email_not_unlocked@domain.com", "birth_date": "1970-01-01", "street_address": "Rue 1",
                "title": "VP", "phone": "+33 6 ** ***" },
            "people": [{ "politicalViews": "x", "name": "Hidden" }],
            "organization": { "street_address": "Av 1" },
            "choices": [{ "content": "{\"religion\":\"x\",\"a\":1}" }, { "content": "{ \"a\" : 1 }" }],
        });
        cleaning.clean(&mut answer);
        let left = json!({
            "person": { "email": null, "title": "VP", "phone": null },
            "people": [{ "name": null }],
            "organization": { "street_address": "Av 1" },
            "choices": [{ "content": "{\"a\":1}" }, { "content": "{ \"a\" : 1 }" }],
        });
        assert_eq!(answer, left);
    }
}
