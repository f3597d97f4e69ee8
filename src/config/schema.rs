//! Which sections and keys exist, and the nearest one to a name that does not.

use super::section::{Key, Section};
use super::{
    Credits, Enrichment, Export, Import, Limits, Log, Memory, Policy, Provider, Quality, Retention, Search, Server,
    Store,
};

/// The table whose members are the operator's own names.
pub const PROVIDERS: &str = "providers";

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be suggested for the other.
const ALIKE: f64 = 0.8;

/// What is known about one section.
pub struct SectionInfo {
    pub name: &'static str,
    pub doc: &'static [&'static str],
    pub keys: &'static [Key],
    /// The keys that have a default, with it.
    pub defaults: toml::Table,
}

impl SectionInfo {
    fn of<S: Section>() -> Self {
        // A section is numbers, texts and lists of them: what TOML can write. Were it not, its defaults would be
        // missing from the printed file, and the test of `config.toml` would fail.
        let defaults = toml::Table::try_from(S::default()).unwrap_or_default();
        Self { name: S::NAME, doc: S::DOC, keys: S::KEYS, defaults }
    }

    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.name == key)
    }
}

/// In the order in which they are printed; `providers` is not among them.
pub fn sections() -> Vec<SectionInfo> {
    vec![
        SectionInfo::of::<Server>(),
        SectionInfo::of::<Store>(),
        SectionInfo::of::<Search>(),
        SectionInfo::of::<Memory>(),
        SectionInfo::of::<Import>(),
        SectionInfo::of::<Export>(),
        SectionInfo::of::<Enrichment>(),
        SectionInfo::of::<Policy>(),
        SectionInfo::of::<Quality>(),
        SectionInfo::of::<Credits>(),
        SectionInfo::of::<Limits>(),
        SectionInfo::of::<Retention>(),
        SectionInfo::of::<Log>(),
    ]
}

/// The keys of every provider's table.
pub fn provider() -> SectionInfo {
    SectionInfo::of::<Provider>()
}

/// The section that holds the key of a dotted path such as `import.max_rows` or `providers.apify.base_url`.
///
/// # Errors
/// The known path nearest to it, if any is near.
pub fn find(path: &[&str]) -> Result<SectionInfo, Option<String>> {
    match path {
        [PROVIDERS, name, key] => {
            let table = provider();
            if table.has(key) {
                return Ok(table);
            }
            Err(nearest(key, table.keys.iter().map(|known| known.name)).map(|key| format!("{PROVIDERS}.{name}.{key}")))
        }
        [section, key] => match sections().into_iter().find(|known| known.name == *section) {
            Some(known) if known.has(key) => Ok(known),
            Some(known) => {
                let here = nearest(key, known.keys.iter().map(|known| known.name));
                Err(here.map(|key| format!("{section}.{key}")).or_else(|| elsewhere(key)))
            }
            None => Err(nearest_section(section).map(|name| format!("{name}.{key}")).or_else(|| elsewhere(key))),
        },
        [name] => Err(elsewhere(name).or_else(|| nearest_section(name))),
        _ => Err(None),
    }
}

pub fn nearest_section(name: &str) -> Option<String> {
    nearest(name, sections().iter().map(|known| known.name).chain([PROVIDERS])).map(str::to_owned)
}

/// The same key in another section.
fn elsewhere(key: &str) -> Option<String> {
    sections().iter().find(|known| known.has(key)).map(|known| format!("{}.{key}", known.name))
}

fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_brings_up_the_right_one() {
        let suggested = |path: &[&str]| find(path).err().flatten();
        assert_eq!(suggested(&["import", "max_file_byte"]), Some("import.max_file_bytes".to_owned()));
        assert_eq!(suggested(&["serve", "listen"]), Some("server.listen".to_owned()));
        assert_eq!(suggested(&["store", "listen"]), Some("server.listen".to_owned()));
        assert_eq!(suggested(&["listen"]), Some("server.listen".to_owned()));
        assert_eq!(suggested(&["providers", "apify", "baseurl"]), Some("providers.apify.base_url".to_owned()));
        assert_eq!(suggested(&["import", "zzz"]), None);
        assert!(find(&["import", "max_rows"]).is_ok());
    }
}
