//! Reading `config.toml` into the layers, with the line of every key.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layers::{Layers, Origin};
use super::schema::{self, PROVIDERS};

/// Adds what `text`, read from `path`, says. Problems are noted in the layers.
pub fn add(layers: &mut Layers, path: &Path, text: &str) {
    let place = |span: Range<usize>| {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    };
    // Read twice: once for the places, once for the values.
    let (spans, values) = match (DeTable::parse(text), text.parse::<toml::Table>()) {
        (Ok(spans), Ok(values)) => (spans, values),
        (Err(error), _) | (_, Err(error)) => {
            // Only the message: the error's full text quotes the line, which may hold a secret.
            return layers.problem("", error.message().to_owned(), place(error.span().unwrap_or(0..0)));
        }
    };
    for (name, value) in spans.get_ref() {
        let section = name.get_ref().as_ref();
        let Some(inner) = value.get_ref().as_table() else {
            let suggestion = schema::find(&[section]).err().flatten();
            layers.unknown(&[section], suggestion, place(name.span()));
            continue;
        };
        if section == PROVIDERS {
            for (provider, keys) in inner {
                match keys.get_ref() {
                    DeValue::Table(keys) => {
                        add_keys(layers, &[PROVIDERS, provider.get_ref().as_ref()], keys, &values, &place);
                    }
                    _ => layers.problem(
                        &format!("{PROVIDERS}.{}", provider.get_ref()),
                        "a provider is a table: write [providers.NAME] above its keys",
                        place(provider.span()),
                    ),
                }
            }
        } else if schema::sections().iter().any(|known| known.name == section) {
            add_keys(layers, &[section], inner, &values, &place);
        } else {
            layers.unknown(&[section], schema::nearest_section(section), place(name.span()));
        }
    }
}

fn add_keys(
    layers: &mut Layers,
    table: &[&str],
    keys: &DeTable<'_>,
    values: &toml::Table,
    place: &impl Fn(Range<usize>) -> Origin,
) {
    let values = table.iter().try_fold(values, |values, name| values.get(*name)?.as_table());
    for key in keys.keys() {
        let name: &str = Spanned::get_ref(key).as_ref();
        if let Some(value) = values.and_then(|values| values.get(name)) {
            layers.set(&[table, &[name]].concat(), value.clone(), place(key.span()));
        }
    }
}
