//! The configuration as a commented file.

use std::fmt::Write;

use super::Config;
use super::schema::{self, SectionInfo};
use super::secret::HIDDEN;

const HEAD: &str = "\
# Galena's configuration: every key with its default. `galena config print` shows what holds.
#
# It is read from --config FILE, else from the file that GALENA_CONFIG names, else from config.toml in the data
# directory; never from the current directory. A file needs only the keys that it changes. The environment goes before
# the file: GALENA__IMPORT__MAX_ROWS=5000 is max_rows in [import]. Flags go before both.
# Sizes: 1024, \"64 KiB\", \"256 MiB\". Times: 30 (seconds), \"250ms\", \"30s\", \"15m\", \"24h\", \"90d\".
# A key in a comment is not set.
";

/// The text of `config.toml` for these values. Secrets are not in it.
pub fn printed(config: &Config) -> String {
    // A configuration is numbers, texts and lists: TOML can always write it (see `SectionInfo::of`).
    let values = toml::Table::try_from(config).unwrap_or_default();
    let table = |name: &str| values.get(name).and_then(toml::Value::as_table);
    let mut text = HEAD.to_owned();
    for section in schema::sections() {
        text.push('\n');
        comment(&mut text, section.doc);
        let _ = writeln!(text, "[{}]", section.name);
        for key in section.keys {
            comment(&mut text, key.doc);
            line(&mut text, key.name, table(section.name).and_then(|table| table.get(key.name)));
        }
    }
    explain_providers(&mut text, &schema::provider());
    for (name, values) in table(schema::PROVIDERS).into_iter().flatten() {
        let _ = writeln!(text, "\n[{}.{name}]", schema::PROVIDERS);
        for (key, value) in values.as_table().into_iter().flatten() {
            line(&mut text, key, Some(value));
        }
    }
    text
}

fn comment(text: &mut String, lines: &[&str]) {
    for line in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "#{line}");
    }
}

fn line(text: &mut String, key: &str, value: Option<&toml::Value>) {
    let _ = match value {
        None => writeln!(text, "# {key} = \"\""),
        Some(toml::Value::String(secret)) if secret == HIDDEN => writeln!(text, "# {key} = {HIDDEN}"),
        Some(value) => writeln!(text, "{key} = {value}"),
    };
}

/// An example in comments: there is no provider that everybody has.
fn explain_providers(text: &mut String, provider: &SectionInfo) {
    text.push('\n');
    comment(text, provider.doc);
    let _ = writeln!(text, "# [{}]", provider.name);
    for key in provider.keys {
        comment(text, key.doc);
        let _ = match provider.defaults.get(key.name) {
            None => writeln!(text, "# {} = \"\"", key.name),
            Some(value) => writeln!(text, "# {} = {value}", key.name),
        };
    }
}
