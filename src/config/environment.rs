//! Environment variables: `GALENA__IMPORT__MAX_ROWS` is `import.max_rows`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::layers::{Layers, Origin};
use super::schema;

const PREFIX: &str = "GALENA__";

/// The variables of the process, or of a test. Sorted, so that problems come in the same order each time.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Variables that are not UTF-8 cannot be ours and are left out.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// A variable that is set to nothing counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

pub fn add(layers: &mut Layers, environment: &Environment) {
    for (name, text) in &environment.0 {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let path = rest.to_ascii_lowercase();
        let path: Vec<&str> = path.split("__").collect();
        set_text(layers, &path, text, Origin::Variable(name.clone()));
    }
}

/// Sets a key from a text, which becomes the kind of value that the key's default has.
pub fn set_text(layers: &mut Layers, path: &[&str], text: &str, origin: Origin) {
    let section = schema::find(path);
    let default = match (&section, path.last()) {
        (Ok(section), Some(key)) => section.defaults.get(*key),
        _ => None,
    };
    // Container files pass variables on though they are empty: a key that may be unset stays so.
    if text.is_empty() && section.is_ok() && default.is_none() {
        return;
    }
    let value = typed(text, default);
    layers.set(path, value, origin);
}

/// A text that does not fit stays a text: reading the whole then says what is wrong with it.
fn typed(text: &str, default: Option<&toml::Value>) -> toml::Value {
    let trimmed = text.trim();
    let typed = match default {
        Some(toml::Value::Integer(_)) => trimmed.replace('_', "").parse().ok().map(toml::Value::Integer),
        Some(toml::Value::Boolean(_)) => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(toml::Value::Boolean(true)),
            "false" | "0" => Some(toml::Value::Boolean(false)),
            _ => None,
        },
        Some(toml::Value::Array(like)) => {
            let inner = trimmed.trim_start_matches('[').trim_end_matches(']');
            let members = inner.split(',').map(|member| member.trim().trim_matches('"')).filter(|m| !m.is_empty());
            Some(toml::Value::Array(members.map(|member| typed(member, like.first())).collect()))
        }
        _ => None,
    };
    typed.unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_what_the_default_is() {
        let number = toml::Value::Integer(1);
        assert_eq!(typed("1_000", Some(&number)), toml::Value::Integer(1_000));
        assert_eq!(typed("many", Some(&number)), toml::Value::String("many".to_owned()));
        assert_eq!(typed("TRUE", Some(&toml::Value::Boolean(false))), toml::Value::Boolean(true));
        assert_eq!(typed("007", None), toml::Value::String("007".to_owned()));
        let numbers = toml::Value::Array(vec![number]);
        assert_eq!(typed("[50, 5]", Some(&numbers)), toml::Value::Array(vec![50.into(), 5.into()]));
        let texts = toml::Value::Array(Vec::new());
        assert_eq!(typed("10.0.0.0/8, ::1", Some(&texts)), toml::Value::Array(vec!["10.0.0.0/8".into(), "::1".into()]));
    }
}
